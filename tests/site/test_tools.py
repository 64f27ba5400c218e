"""The tools that no reader starts: what breaks nnlib, what tries other environments, what runs the chapters."""

import json
import os
import re
import shutil
import subprocess
import sys
import time

import everywhere
import mutants
import nbformat
import notebooks
import pytest

# What breaks nnlib ----------------------------------------------------------------------------------------------------


def test_every_mutant_is_one_change_in_its_place(monkeypatch):
    source = "A = 1\n\n\ndef f(a, b):\n    return a + b\n\n\nB = 2 if A > 1 else 3\n"
    monkeypatch.setattr(mutants, "source_of", lambda name: source)
    made = list(mutants.every_mutant(["x"]))
    assert len({text for _, text, *_ in made}) == len(made) > 15
    for name, text, before, after in made:
        lines = [(old, new) for old, new in zip(source.splitlines(), text.splitlines(), strict=True) if old != new]
        assert name == "x" and [(old.strip(), new.strip()) for old, new in lines] == [(before, after)]
    assert ("return a + b", "return a - b") in {(before, after) for *_, before, after in made}
    assert mutants.change("a\nb\nc\nd", "a\nx\nc\nd") == ("b", "x")
    assert mutants.change("a\nb", "x\nb") == ("a", "x") and mutants.change("a\nb", "a\ny") == ("b", "y")


def test_mutants_that_live_and_that_run_in_circles_are_counted(monkeypatch, capsys):
    def lives(name, source, first, learn):
        time.sleep(9 if source == "circles" else 0.05)
        return source == "same", "a test"

    monkeypatch.setattr(mutants, "lives", lives)
    monkeypatch.setattr(mutants, "PATIENCE", 0.5)
    start = time.monotonic()
    texts = ["broken", "same", "circles", "broken", "same", "broken"]
    given = [("x", text, f"line {k}", "") for k, text in enumerate(texts)]
    assert mutants.run(given) == [given[1], given[4]]
    took, said = time.monotonic() - start, capsys.readouterr().out
    bars = re.findall(r"\r(█*) *(\d+) of 6, +(\d+) s to go, (\d) alive", said)
    assert [int(count) for _, count, *_ in bars] == [1, 2, 3, 4, 5, 6] and took < 5
    assert all(len(bar) == 30 * int(count) // 6 for bar, count, *_ in bars)
    assert all(int(rest) <= 6 * took for *_, rest, _ in bars) and bars[-1][2:] == ("0", "2")
    assert said.count("alive in x") == 2 and "    line 4" in said


@pytest.fixture
def listed(monkeypatch, tmp_path):
    """A list of its own, three mutants, and a run in which some of them live."""
    monkeypatch.setattr(mutants, "LIST", tmp_path / "mutants.toml")
    monkeypatch.setattr(mutants, "FILES", {"x": []})
    monkeypatch.setattr(mutants, "warm", lambda: None)
    monkeypatch.setattr(mutants, "source_of", lambda name: "")
    made = [("x", text, f"{text} before", f"{text} after") for text in "abc"]
    monkeypatch.setattr(mutants, "every_mutant", lambda names: iter(made))

    def tried(alive, reasons):
        entries = [f'[[equivalent]]\nfile = "x"\nwas = "{text} before"\nbecame = ["{text} after"]\nwhy = "w"\n'
                   for text in reasons]
        mutants.LIST.write_text("[score]\nmutants = 0\nfound = 0\nequivalent = 0\n\n" + "\n".join(entries))
        run = lambda given, learn=False: given if learn else [one for one in given if one[1] in alive]  # noqa: E731
        monkeypatch.setattr(mutants, "run", run)
        return mutants.main(["x"]), mutants.LIST.read_text().split("\n\n")[0]

    return tried


def test_a_mutant_that_lives_needs_its_reason_and_a_reason_its_mutant(listed, capsys):
    score = "[score]\nmutants = 3\nfound = {}\nequivalent = {}"
    assert listed("b", "b") == (False, score.format(2, 1))
    said = capsys.readouterr().out
    assert "2 of 3 mutants found, 1 alive, 0 of them without a reason; 0 s" in said
    assert listed("bc", "b") == (True, score.format(1, 2))
    assert "alive, and not in tests/slow/mutants.toml: x\n    c before\n    c after" in capsys.readouterr().out
    assert listed("b", "ab") == (True, score.format(2, 1))
    assert "listed in tests/slow/mutants.toml, and not alive: x\n    a before\n    a after" in capsys.readouterr().out


# Other environments ---------------------------------------------------------------------------------------------------


def test_an_environment_that_fails_is_named(monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(everywhere, "ROOT", tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")       # the others take seconds to be read
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin")
    monkeypatch.setattr(everywhere, "TESTS", ["test_x.py"])
    monkeypatch.setattr(everywhere, "prepared", lambda name: None if name == "newest" else sys.executable)
    monkeypatch.setattr(everywhere, "features", lambda python: {"X86_V3", "X86_V4", "AVX512_ICL"})
    (tmp_path / "test_x.py").write_text("import os\ndef test_it():\n    assert 'OPENBLAS_CORETYPE' not in os.environ\n")
    start = time.monotonic()
    assert everywhere.main(["oldest", "newest", "Prescott"]) == "Not the same in: Prescott"
    took, said = time.monotonic() - start, capfd.readouterr().out
    seconds = [int(number) for number in re.findall(r"· \w+: (?:failed|the same), (\d+) s", said)]
    assert "· oldest: the same" in said and "· Prescott: failed" in said and "newest:" not in said
    assert len(seconds) == 2 and sum(seconds) <= took + 2


@pytest.mark.parametrize(("here", "tried"), [
    ("", {}),
    ("X86_V3", {"Prescott": "X86_V3", "Sandybridge": "X86_V3"}),
    ("AVX512_ICL X86_V3 X86_V4", {"Prescott": "AVX512_ICL X86_V3 X86_V4", "Sandybridge": "AVX512_ICL X86_V3 X86_V4",
                                  "Haswell": "AVX512_ICL X86_V4", "SkylakeX": "AVX512_ICL"})])
def test_a_processor_that_is_newer_is_not_tried(monkeypatch, here, tried):
    """OpenBLAS does not look whether there are the instructions that it is told to use: it would crash."""
    monkeypatch.setattr(everywhere, "features", lambda python: set(here.split()))
    found = {name: everywhere.variables_for(name, "python") for name in everywhere.PROCESSORS}
    assert {name: made["NPY_DISABLE_CPU_FEATURES"] for name, made in found.items() if made} == tried
    assert all(made["OPENBLAS_CORETYPE"] == name for name, made in found.items() if made)


def test_numpy_and_openblas_obey():
    """In a process with those variables NumPy names no newer instructions, and OpenBLAS another kernel."""
    if not (variables := everywhere.variables_for("Prescott", sys.executable)):
        pytest.skip("this machine has no newer instructions than the oldest processor that is tried")
    def asked(env):
        done = subprocess.run([sys.executable, "-c", everywhere.FEATURES], env={**env, "OPENBLAS_VERBOSE": "2"}, check=True,
                              capture_output=True, text=True)
        return done.stdout.strip(), re.search(r"^Core: (\w+)", done.stdout + done.stderr, re.M)[1]

    (before, own), (after, other) = asked(os.environ), asked(variables)
    assert before and own != other and "X86" in before and "X86" not in after


# The chapters ---------------------------------------------------------------------------------------------------------

CHAPTER = "---\njupytext:\n  formats: ipynb,md:myst\n---\n\n# One\n\n```{code-cell} ipython3\nprint(1 + 1)\n```\n"


def test_a_failing_cell_is_named(tmp_path):
    chapter = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# T"), nbformat.v4.new_code_cell("1 / 0")])
    with pytest.raises(notebooks.Failed, match="^cell 2: ZeroDivisionError"):
        notebooks.execute(chapter, tmp_path / "bad.ipynb")


@pytest.fixture
def project(tmp_path):
    """A project of two chapters, one of them in a folder, committed with its outputs, as a fresh clone of it would be."""
    (tmp_path / "nnlib").mkdir()
    (tmp_path / "nnlib" / "one.py").write_text("")
    for name in ("one", "solutions/one"):
        path = tmp_path / "book" / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(CHAPTER)
    assert notebooks.main(tmp_path) == 0
    shutil.rmtree(tmp_path / "_build")
    identity = ["-c", "user.name=author", "-c", "user.email=author@example.org"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "all"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def stale(project, ran=None):
    return [notebooks.name(path, project) for path in notebooks.chapters(project / "book")
            if not notebooks.current(path, project, ran or {})]


def edited(path, old, new):
    path.write_text(path.read_text().replace(old, new))
    assert new in path.read_text()


@pytest.mark.skipif(not shutil.which("git"), reason="a fresh clone needs git")
def test_a_chapter_is_run_when_something_of_it_changed(project, capsys):
    """Its text, its notebook, or nnlib; and from the half that was edited, the other is made."""
    text, notebook = project / "book" / "one.md", project / "book" / "one.ipynb"
    both, said = ["one.ipynb", "solutions/one.ipynb"], capsys.readouterr
    said()
    assert stale(project) == []
    edited(text, "1 + 1", "1 + 2")
    assert stale(project) == ["one.ipynb"]
    assert notebooks.main(project) == 0
    assert re.fullmatch(r"· one\.ipynb: 1 cells, [\d.]+ s\n1 of 2 chapters were stale and have run\.\n", said().out)
    assert notebooks.read(notebook).cells[1].outputs[0].text == "3\n"
    ran = json.loads((project / "_build" / "notebooks.json").read_text())
    assert stale(project, ran) == []
    for old, new in (("1 + 2", "2 + 2"), ('"3\\n"', '"4\\n"'), ('"execution_count": 1', '"execution_count": 2')):
        before = notebook.read_text()
        edited(notebook, old, new)
        assert stale(project, ran) == ["one.ipynb"], old
        notebook.write_text(before)
    edited(notebook, "1 + 2", "2 + 2")
    os.utime(text, (1, 1))
    assert notebooks.main(project) == 0 and "2 + 2" in text.read_text()
    ran = json.loads((project / "_build" / "notebooks.json").read_text())
    assert stale(project, ran) == []
    (project / "nnlib" / "two.py").touch()
    assert stale(project) == stale(project, ran) == both
    shutil.rmtree(project / ".git")
    assert stale(project) == both, "without git and without _build, nothing is known"


def test_cells_that_say_the_same_have_names_of_their_own():
    same = [nbformat.v4.new_markdown_cell("# T"), *(nbformat.v4.new_markdown_cell("Again.") for _ in range(3))]
    names = [cell["id"] for cell in notebooks.tidy(nbformat.v4.new_notebook(cells=same)).cells]
    assert names[2:] == [f"{names[1]}-2", f"{names[1]}-3"]
