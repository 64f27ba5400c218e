"""What every chapter promises: exercises with executed solutions, symbols with shapes, equations with labels."""
import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
CHAPTERS = sorted(BOOK.glob("0*.md"))
SOLUTIONS = (BOOK / "solutions.md").read_text(encoding="utf-8")
FENCED = re.compile(r"^```.*?^```$", re.M | re.S)


def text(path):
    return path.read_text(encoding="utf-8")


def prose(path):
    return FENCED.sub("", text(path))


def test_there_are_chapters():
    assert len(CHAPTERS) >= 4


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_exercise_has_an_executed_solution(path):
    exercises = re.findall(r"^\(ex-([a-z-]+)\)=$", text(path), re.M)
    assert len(exercises) >= 4
    for name in exercises:
        assert f"(solutions.ipynb#sol-{name})" in text(path), f"{name} does not link to its solution"
        _, found, after = SOLUTIONS.partition(f"(sol-{name})=\n")
        assert found, f"{name} has no solution"
        solution = re.split(r"^\(sol-", after, maxsplit=1, flags=re.M)[0]
        assert "```{code-cell}" in solution, f"the solution of {name} runs nothing"
        assert f"({path.stem}.ipynb#ex-{name})" in solution, f"the solution of {name} does not link back"


def test_no_solution_without_its_exercise():
    exercises = {name for path in CHAPTERS for name in re.findall(r"^\(ex-([a-z-]+)\)=$", text(path), re.M)}
    assert set(re.findall(r"^\(sol-([a-z-]+)\)=$", SOLUTIONS, re.M)) == exercises


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_asserts_figures_and_a_table_of_symbols(path):
    assert text(path).count("assert") >= 5
    assert text(path).count("alt=") >= 3
    assert re.search(r"^\| symbol \| what it is \| shape \|", text(path), re.M)


@pytest.mark.parametrize("path", sorted(BOOK.glob("*.md")), ids=lambda path: path.stem)
def test_every_displayed_equation_has_a_label_of_its_own(path):
    for line in prose(path).splitlines():
        if "$$" in line:
            assert re.fullmatch(r"\$\$ .+ \$\$ \([a-z][a-z0-9-]*\)", line), line
    assert r"\begin{align" not in text(path)


def test_labels_are_unique_in_the_book():
    labels = [label for path in BOOK.glob("*.md")
              for label in re.findall(r"^(?:\$\$.*\$\$ )?\(([a-z][a-z0-9-]+)\)=?$", prose(path), re.M)]
    assert len(labels) == len(set(labels)), sorted({label for label in labels if labels.count(label) > 1})


FORBIDDEN = r"\b(simply|obviously|trivially|clearly|easy to see|let's|of course|just)\b|!(?!\[)"


@pytest.mark.parametrize("path", sorted(BOOK.glob("*.md")), ids=lambda path: path.stem)
def test_the_prose_keeps_its_manners(path):
    """No word that tells the reader how easy it is, and no exclamation mark outside of math."""
    words = re.sub(r"\$[^$]*\$|`[^`]*`", "", prose(path))
    assert not re.findall(FORBIDDEN, words, re.I), re.findall(FORBIDDEN, words, re.I)


def test_the_readme_says_what_is_printed():
    outcome = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert outcome.attempted >= 4 and outcome.failed == 0


def test_the_readme_opens_with_sentence_formula_derivative_and_commands():
    first = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:20]
    for needed in ("prove that it is right", r"$$\frac{\partial", "dy_dW(", "central_difference(", "make read"):
        assert any(needed in line for line in first), needed
