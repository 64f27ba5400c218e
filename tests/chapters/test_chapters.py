"""What every chapter promises: exercises with executed solutions, symbols with shapes, equations with labels."""

import ast
import re
from os.path import relpath
from pathlib import Path

import pytest

BOOK = Path(__file__).resolve().parents[2] / "book"
PAGES = sorted(path for path in BOOK.rglob("*.md") if path.parent.name[0] != ".")
CHAPTERS = [path for path in PAGES if path.parent == BOOK
            and (path.name[0].isdigit() or "\n## Exercises\n" in path.read_text(encoding="utf-8"))]
FENCED = re.compile(r"^```.*?^```$", re.M | re.S)
EXERCISE, SOLUTION = (re.compile(rf"^\({kind}-([a-z-]+)\)=$", re.M) for kind in ("ex", "sol"))


def name(path):
    return path.relative_to(BOOK).with_suffix("").as_posix()


def text(path):
    return path.read_text(encoding="utf-8")


def prose(path):
    return FENCED.sub("", text(path))


def link(start, end, label):
    """The link from one page to a label of another, as it is written."""
    return f"({relpath(end.with_suffix('.ipynb'), start.parent)}#{label})"


def solutions():
    """{name: (its page, its text)} of every solution of the book."""
    for path in PAGES:
        _, *parts = SOLUTION.split(text(path))
        yield from ((found, (path, after)) for found, after in zip(parts[::2], parts[1::2]))


def test_there_are_chapters():
    assert len(CHAPTERS) >= 4


@pytest.mark.parametrize("path", CHAPTERS, ids=name)
def test_every_exercise_has_an_executed_solution(path):
    exercises, solved = EXERCISE.findall(text(path)), dict(solutions())
    assert len(exercises) >= 4
    for exercise in exercises:
        assert exercise in solved, f"{exercise} has no solution"
        page, solution = solved[exercise]
        assert link(path, page, f"sol-{exercise}") in text(path), f"{exercise} does not link to its solution"
        assert "```{code-cell}" in solution, f"the solution of {exercise} runs nothing"
        assert link(page, path, f"ex-{exercise}") in solution, f"the solution of {exercise} does not link back"


def test_no_solution_without_its_exercise():
    exercises = [exercise for path in CHAPTERS for exercise in EXERCISE.findall(text(path))]
    assert sorted(exercise for exercise, _ in solutions()) == sorted(exercises)


@pytest.mark.parametrize("path", CHAPTERS, ids=name)
def test_a_chapter_has_asserts_figures_and_a_table_of_symbols(path):
    assert text(path).count("assert") >= 5
    assert text(path).count("alt=") >= 3
    assert re.search(r"^\| symbol \| what it is \| shape \|", text(path), re.M)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_displayed_equation_has_a_label_of_its_own(path):
    for line in prose(path).splitlines():
        if "$$" in line:
            assert re.fullmatch(r"\$\$ .+ \$\$ \([a-z][a-z0-9-]*\)", line), line
    assert r"\begin{align" not in text(path)


def test_labels_are_unique_in_the_book():
    labels = [label for path in PAGES
              for label in re.findall(r"^(?:\$\$.*\$\$ )?\(([a-z][a-z0-9-]+)\)=?$", prose(path), re.M)]
    assert len(labels) == len(set(labels)), sorted({label for label in labels if labels.count(label) > 1})


FORBIDDEN = r"\b(simply|obviously|trivially|clearly|easy to see|let's|of course|just)\b|!(?!\[)"


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_the_prose_keeps_its_manners(path):
    """No word that tells the reader how easy it is, and no exclamation mark outside of math."""
    words = re.sub(r"\$[^$]*\$|`[^`]*`", "", prose(path))
    assert not re.findall(FORBIDDEN, words, re.I), re.findall(FORBIDDEN, words, re.I)


def functions(path):
    """{name: its code} of every function that the cells of a page define."""
    cells = re.findall(r"^```\{code-cell\} ipython3\n(.*?)^```$", text(path), re.M | re.S)
    return {one.name: ast.unparse(one) for cell in cells for one in ast.parse(re.sub(r"^:.*\n", "", cell, flags=re.M)).body
            if isinstance(one, ast.FunctionDef)}


def test_what_the_solutions_of_the_museum_repeat_is_that_of_the_chapter():
    chapter, repeated = (functions(BOOK / place / "11_museum.md") for place in (".", "solutions"))
    shared = chapter.keys() & repeated.keys()
    assert {"claimed", "gradcheck", "is_like"} <= shared
    assert {name for name in shared if chapter[name] != repeated[name]} == {"program"}, "and the page says of it what it is"
