"""Every lesson of ledger/README.md is followed, step by step: refused before a step, and accepted after it."""

import re
import shlex
from pathlib import Path

import pytest

from ledger import lessons, routes, signs, trials
from ledger.evaluate import Evaluator
from ledger.grammar import INFIX, OVER

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "ledger" / "README.md").read_text(encoding="utf-8")
LESSONS = dict(part.split("\n", 1) for part in README.split("\n### ")[1:])


def blocks(text):
    """(kind, content) of each fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)


def apply(folder, step):
    """Add the lines with + to the file that the step names, between the lines that stand around them."""
    first, *lines = step.splitlines()
    path = folder / re.fullmatch(r"--- (\S+)", first)[1]
    before = "".join(f"{line[1:]}\n" for line in lines if line[:1] == " ")
    after = "".join(f"{line[1:]}\n" for line in lines)
    if not before:
        path.write_text(after, encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{path.name} has these lines {text.count(before)} times:\n{before}"
    path.write_text(text.replace(before, after), encoding="utf-8")


def texts(folder):
    return [path for path in folder.rglob("*.*") if path.suffix in (".py", ".md", ".toml")]


def pattern(expected):
    return ".*".join(re.escape(part) for part in expected.split("…"))


@pytest.mark.parametrize("heading", LESSONS)
def test_a_lesson(heading, copy):
    codes = []
    for kind, content in blocks(LESSONS[heading]):
        if kind == "diff":
            apply(copy.folder, content)
        else:
            command, expected = content.removeprefix("$ python -m ledger ").split("\n", 1)
            code, printed, _ = copy.run(*shlex.split(command))
            assert re.fullmatch(pattern(expected.rstrip("\n")), printed.rstrip("\n"), re.S), printed
            codes.append(code)
    assert codes[-1] == 0 and (1 in codes or heading == "A route"), codes


@pytest.mark.parametrize("heading", [heading for heading in LESSONS if heading not in ("A row", "An equality in the text")])
def test_without_any_one_step_the_lesson_does_not_end_as_it_says(heading, copy):
    parts = blocks(LESSONS[heading])
    last = [content for kind, content in parts if kind == "console"][-1]
    steps = [content for kind, content in parts if kind == "diff"]
    command, expected = last.removeprefix("$ python -m ledger ").split("\n", 1)
    needed = steps[1:] if heading == "A sign" else steps        # its first step belongs to another sign
    for missing in range(len(needed)):
        files = {path: path.read_text(encoding="utf-8") for path in texts(copy.folder)}
        for step in (*needed[:missing], *needed[missing + 1:]):
            apply(copy.folder, step)
        try:
            printed = copy.run(*shlex.split(command))[1]
        except (AttributeError, NameError) as error:
            printed = str(error)
        assert not re.fullmatch(pattern(expected.rstrip("\n")), printed.rstrip("\n"), re.S)
        for path in texts(copy.folder):
            path.write_text(files[path], encoding="utf-8") if path in files else path.unlink()


def test_every_refusal_names_a_line_that_is_there():
    lines = README.splitlines()
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "ledger").glob("*.py"))
    named = {*re.findall(r"lesson\('([\w ]+)'\)", sources)}
    assert {*LESSONS} - named == {"A route"}        # which nothing refuses
    for heading in named:
        number = int(re.fullmatch(rf"ledger/README\.md, line (\d+): {heading}", lessons.lesson(heading))[1])
        assert lines[number - 1] == f"### {heading}"


# A step that is forgotten is named ---------------------------------------------------------------------------------------

def test_every_node_that_the_grammar_makes_has_a_meaning():
    source = (ROOT / "ledger" / "grammar.py").read_text(encoding="utf-8")
    first = "".join(re.findall(r'Node\(("[^,]*),', source))       # as in Node("group" if … else "tuple", …)
    made = {*re.findall(r'"(\w+)"', first), *INFIX.values(), *OVER.values()} - {"equation", "group", "dots"}
    assert {"tuple", "divide", "matrix", "slope_chain"} <= made
    missing = sorted(name for name in made if not hasattr(Evaluator, name))
    assert not missing, f"Evaluator in ledger/evaluate.py has no method {', '.join(missing)}"


def test_readers_are_told_what_every_sign_and_route_means():
    page = (ROOT / "book" / "ledger.md").read_text(encoding="utf-8")
    terms = re.findall(r"^(.*)\n: ", page, re.M)
    unexplained = [route.label for route in routes.ROUTES.values() if route.label not in terms]
    unexplained += [sign for sign in (*INFIX, *OVER, r"\nabla", r"\leftarrow", *signs.SIGNS) if sign not in page]
    assert not unexplained, f"book/ledger.md, “How a formula is read”, does not explain {', '.join(unexplained)}"


def test_the_table_of_scenes_is_that_of_the_readme():
    row = re.search(r"^\| `scene` \|.*$", README, re.M)[0]
    assert [name for name in trials.SCENES if f"`{name}`" not in row] == []
