"""The ledger in the book: what Sphinx reads is judged in every kind of build, and shown under each equation."""

import contextlib
import io
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import book
import pytest
from bs4 import BeautifulSoup
from jupyter_book.config import get_final_config
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from ledger import sources
from ledger.registry import read_registry
from website import equations

ROOT = Path(__file__).resolve().parents[2]
PAGE = r"""# A page

$$ \mathbf{z}^m = \mathbf{W}^m \mathbf{a}^m + \mathbf{b}^m $$ (layer-z)

In the pencil network $\mathbf{z}^1 = (3, -2)$.
"""
ROW = '[equations.layer-z]\nfunction = "forward"\nscene = "pencil"\n'
LEDGER = "# The ledger\n\n" + "\n".join(f"```{{ledger}} {part}\n```\n" for part in ("summary", "displayed", "inline"))


class Book:
    """A small book, and what Sphinx makes of it. It is built where it stands, again and again, as an author does."""

    def __init__(self, folder, pages):
        self.folder = folder
        (folder / "book").mkdir()
        (folder / "website" / "theme").mkdir(parents=True)
        for name in ("_config.yml", "website/theme/logo.svg"):
            shutil.copy(ROOT / name, folder / name)
        for name, text in {"index.md": "# The book\n", "ledger.md": LEDGER, **pages}.items():
            self.write(name, text)
        chapters = sorted({Path(name).stem for name in pages} | {"ledger"})
        files = "".join(f"- file: {name}\n" for name in chapters)
        self.write("_toc.yml", f"format: jb-book\nroot: index\nchapters:\n{files}")

    @classmethod
    def at(cls, folder):
        """The book that stands in a folder."""
        book = cls.__new__(cls)
        book.folder = Path(folder)
        return book

    def write(self, name, text):
        (self.folder / "book" / name).write_text(text, encoding="utf-8")

    def build(self, builder="html", parallel=1):
        """The warnings of a build, which reads only what has changed since the one before."""
        config, _ = get_final_config(user_yaml=self.folder / "_config.yml", sourcedir=self.folder / "book",
                                     cli_config={"latex_individualpages": False})
        warnings = io.StringIO()
        build = self.folder / "_build"
        with docutils_namespace():
            app = Sphinx(self.folder / "book", None, build / builder, build / ".doctrees", builder, dict(config), None,
                         warnings, parallel=parallel, keep_going=True)
            for extension in app.extensions.values():
                if extension.parallel_read_safe is None:        # one of Jupyter Book's does not say, and stops all others
                    extension.parallel_read_safe = parallel > 1
            app.build()
        return re.sub(r"\x1b\[[0-9;]*m", "", warnings.getvalue()).replace(f"{self.folder}/", "")

    def html(self, page):
        path = self.folder / "_build" / "html" / f"{page}.html"
        return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")

    def rows(self):
        """By label: the texts of a row of the ledger's page."""
        return {row["id"].removeprefix("ledger-"): [cell.get_text(" ", strip=True) for cell in row.select("td")]
                for row in self.html("ledger").select("tr[id]")}


def notebook(text):
    cell = {"cell_type": "markdown", "id": "one", "metadata": {}, "source": text}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    """A book in which all holds."""
    return Book(tmp_path_factory.mktemp("right"), {
        "one.md": PAGE, "one.toml": ROW,
        "two.md": "# Two\n\n$$ \\mathbf{b} $$ (a-picture)\n", "two.toml": '[equations.a-picture]\nprose = "A picture."\n'})


def test_the_ledger_is_shown_in_every_kind_of_build(right):
    assert right.build() == ""
    assert [*right.rows()] == ["layer-z", "a-picture"]
    shutil.rmtree(right.folder / "_build" / "html")
    assert right.build() == "" and [*right.rows()] == ["layer-z", "a-picture"]      # written anew, and nothing is read
    assert right.build() == ""                                                      # nothing is to do
    for builder in ("dummy", "singlehtml", "text", "latex"):
        assert right.build(builder) == "", builder
    one = (right.folder / "_build" / "singlehtml" / "index.html").read_text(encoding="utf-8")
    assert one.count('class="evaluated"') == 2 and 'id="ledger-layer-z"' in one


def test_what_is_shown_follows_what_changed_though_its_page_is_not_read_again(right):
    right.build()
    right.write("one.toml", ROW.replace("pencil", "twin") + 'for = "0 <= m <= n"\n')
    assert right.build() == ""
    assert right.rows()["layer-z"][1] == "1 network; 0 ≤ m ≤ n"
    right.write("two.toml", '[equations.a-picture]\nprose = "A drawing."\n')
    assert right.build() == ""
    assert right.html("two").select_one("p.evaluated").get_text() == "Not evaluated: A drawing. ledger"
    assert right.rows()["a-picture"][1:] == ["prose only", "A drawing."]
    right.write("one.md", PAGE.replace("+", "-"))
    for _ in range(2):                  # the second build reads nothing, and says the same
        assert "one.md:3: WARNING: equation (layer-z) does not hold" in right.build()
    right.write("one.md", PAGE)
    right.write("one.toml", ROW)
    right.write("two.toml", '[equations.a-picture]\nprose = "A picture."\n')
    assert right.build() == ""


def test_an_equation_that_is_not_evaluated_says_why(right):
    """Under itself and in the ledger; and what the ledger counts is what there is."""
    right.build()
    under = {one.find_previous_sibling("div")["id"]: one.get_text()
             for page in ("one", "two") for one in right.html(page).select("p.evaluated")}
    assert under.pop("equation-layer-z").startswith("layer-z · computed as printed on 1 network; forward agrees ")
    assert under == {"equation-a-picture": "Not evaluated: A picture. ledger"}
    rows = right.rows()
    assert rows["a-picture"][1:] == ["prose only", "A picture."]
    assert rows["layer-z"][0].startswith("layer-z · A page · forward")
    assert right.html("ledger").select("tr[id] a[href='two.html#equation-a-picture']")
    text = " ".join(right.html("ledger").select_one("article p").get_text().split())
    assert text.startswith("2 equations are displayed in this book, and 1 are evaluated; the other says why not.")
    assert "Of the 1 equalities that stand in the text, 1 are evaluated" in text


def test_pages_may_be_read_and_written_side_by_side(tmp_path):
    """In a process of its own: each process that writes starts a node, which is ended with the whole group."""
    book = Book(tmp_path, {f"page{number}.{kind}": text.replace("layer-z", f"layer-{number}")
                           for number in range(4) for kind, text in (("md", PAGE), ("toml", ROW))})
    program = "import sys, test_ledger_builds; print(test_ledger_builds.Book.at(sys.argv[1]).build(parallel=2))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    with (tmp_path / "warnings").open("w+") as warnings:
        run = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], env=environment, stdout=warnings,
                               stderr=warnings, start_new_session=True)
        try:
            assert run.wait(timeout=120) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
        warnings.seek(0)
        assert warnings.read().strip() == ""
    assert [*book.rows()] == [f"layer-{number}" for number in range(4)]
    assert all(book.html(f"page{number}").select("p.evaluated") for number in range(4))


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """What Sphinx warns of in a book that has one of every kind of fault."""
    faults = r"""# Faults

$$ \mathbf{a}^0 = \mathbf{x} $$ (no-check)

$$ \mathbf{a}^0 = \mathbf{x} \times 1 $$ (unknown-token)

$$ \mathbf{x} = \mathbf{x} $$

\begin{align} \mathbf{x} &= \mathbf{x} \end{align}
"""
    book = Book(tmp_path_factory.mktemp("faulty"), {
        "one.md": PAGE + "\nSuppose that $z = 0$.\n", "one.ipynb": notebook(PAGE + "\nSuppose that $z = 0$.\n"),
        "one.toml": ROW + "[equations.gone]\n",
        "two.md": faults, "two.toml": 'chosen = ["m = 5"]\n[equations.unknown-token]\n',
        "three.md": "# Three\n\n$$ \\mathbf{a}^0 = \\mathbf{x} $$ (edited)\n", "three.ipynb": notebook("# Three\n"),
        "three.toml": "[equations.edited]\n", "four.md": "# Four\n", "four.toml": "chosen = 3\n"})
    return book.build()


@pytest.mark.parametrize("fault", [
    r"one\.md:7: WARNING: \$z = 0\$ does not hold: .* `chosen` in one\.toml \(ledger/README\.md, line \d+: An equality",
    r"one\.toml:4: WARNING: \[equations\.gone\] belongs to no equation",
    r"two\.md:3: WARNING: equation \(no-check\) has no check: .* in two\.toml \(ledger/README\.md, line \d+: A row\)",
    r"two\.md:5: WARNING: equation \(unknown-token\) does not hold: \\times is not in the grammar .*: A sign\)",
    r"two\.md:7: WARNING: an equation without a label",
    r"two\.md:9: WARNING: an equation outside",
    r"two\.toml:1: WARNING: it speaks of \$m = 5\$",
    r"three\.md:1: WARNING: three\.md and three\.ipynb print different equations, .* `make notebooks`",
    r"four\.toml:1: WARNING: chosen must be a list",
])
def test_a_book_warns_of_every_kind_of_fault_in_its_place(fault, faulty):
    assert re.search(rf"^book/{fault}", faulty, re.M), faulty


def test_a_book_warns_of_nothing_else(faulty):
    """Not of the row of three.toml either, whose equation stands in the half that is not built: one cause, one warning."""
    assert len(re.findall("WARNING|ERROR", faulty)) == 9, faulty


def test_a_half_that_sphinx_cannot_read_is_named(tmp_path, monkeypatch):
    """Before Sphinx reads it, as nbformat's own error names no file."""
    told = []
    monkeypatch.setattr(equations, "warn", lambda sentence, place: told.append(f"{Path(place).name} {sentence}"))
    (tmp_path / "one.md").write_text("# One\n")
    (tmp_path / "one.ipynb").write_text(notebook("# One\n")[:40])
    (tmp_path / "two.md").write_text("<<<<<<< HEAD\n# Two\n=======\n# Zwei\n>>>>>>> other\n")
    equations.name_damages(SimpleNamespace(srcdir=tmp_path))
    assert [re.sub(r"\(.*\)", "()", one) for one in told] == [
        "one.ipynb:1 it is damaged (): `make notebooks` says what to do",
        "two.md:1 it has the conflict marks of a merge: `make notebooks` says what to do"]


@pytest.mark.parametrize("outcome", [False, True])
def test_a_file_that_changes_while_the_book_is_built_has_it_built_once_more(outcome, tmp_path, monkeypatch, capsys):
    """Whatever came of the first build, as nobody can say which of the two it read."""
    page, runs = tmp_path / "book" / "index.md", []

    def sphinx(root, out):
        runs.append(page.read_text())
        (out / "_build" / "html").mkdir(parents=True)
        (out / "_build" / "html" / "index.html").touch()
        page.write_text("# After\n")
        return outcome if len(runs) == 1 else True

    for name in ("_config.yml", "requirements/book.txt", "book/index.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("# Before\n")
    monkeypatch.setattr(book, "sphinx", sphinx)
    assert book.build(tmp_path) and runs == ["# Before\n", "# After\n"]
    assert "changed while the book was built" in capsys.readouterr().out
    assert book.build(tmp_path) and len(runs) == 2


def test_halves_that_change_after_sphinx_has_read_one_are_no_fault(tmp_path, monkeypatch):
    small = Book(tmp_path, {"one.md": PAGE, "one.ipynb": notebook(PAGE), "one.toml": ROW})
    read_page = sources.read_page

    def saved_meanwhile(path):
        new = PAGE.replace("(3, -2)", "(3, -2) = (2 + 1, -2)")
        small.write("one.md", new)
        small.write("one.ipynb", notebook(new))
        return read_page(path)

    monkeypatch.setattr(sources, "read_page", saved_meanwhile)
    assert small.build("dummy") == ""


# The whole book -----------------------------------------------------------------------------------------------------------

def test_the_site_shows_every_equation_in_the_ledger_and_a_line_under_each(site):
    printed = {label for path in sources.pages_of(ROOT / "book").values() for label, *_ in sources.read_page(path).displayed}
    ledger = BeautifulSoup((site / "ledger.html").read_text(encoding="utf-8"), "html.parser")
    rows = {row["id"].removeprefix("ledger-") for row in ledger.select("div.ledger tr[id]")}
    assert rows == printed == {*read_registry(ROOT / "book").rows}
    functions = ledger.select("div.ledger td code")
    assert functions and all(one.find_parent("a", href=re.compile(r"^api\.html#nnlib\.")) for one in functions)
    told = {label for label, row in read_registry(ROOT / "book").rows.items() if "prose" in row}
    assert told == {"dual-product", "dual-function", "residual"}           # each of them says why it is not evaluated
    assert (f"{len(rows)} equations are displayed in this book, and {len(rows) - len(told)} are evaluated; the others say "
            "why not.") in " ".join(ledger.select_one("article").get_text().split())
    lines = 0
    for page in site.rglob("*.html"):
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        for formula in soup.select("main div.math[id^=equation-]"):
            line = formula.find_next_sibling("p", class_="evaluated")
            if formula["id"].removeprefix("equation-") in told:
                assert line.get_text().startswith("Not evaluated: ")
                lines += 1
                continue
            assert line.get_text().startswith(formula["id"].removeprefix("equation-") + " · computed as printed on ")
            row = formula["id"].replace("equation", "ledger")
            assert line.select(f"a[href$='#{row}']")
            said = " ".join(line.get_text().split())
            who, agrees = re.search(r"; (.+) agrees? (?:exactly|to within ([\d.e-]+\d))\. ledger$", said).groups()
            limits = dict(re.findall(r"(float64|nnlib) (\S+)", ledger.find(id=row).get_text(" ")))
            limit = limits.get("float64" if who == "its sides" else "nnlib")
            assert float(limit) <= float(agrees) if agrees else limit is None, said
            lines += 1
    assert lines == len(printed)


def test_the_command_reads_what_sphinx_reads(site):
    """On every page, with every label and every formula, in the same order."""
    environment = pickle.loads((site.parent / "sphinx" / "_build" / ".doctrees" / "environment.pickle").read_bytes())
    pages = sources.pages_of(ROOT / "book")
    read = {name: kept["equations"] for name, kept in environment.metadata.items()}
    assert read.keys() == pages.keys()
    for name, found in read.items():
        assert sources.read_page(pages[name]).printed() == found.printed(), name


def test_few_equations_are_prose_only():
    prose = [label for label, row in read_registry(ROOT / "book").rows.items() if "prose" in row]
    assert len(prose) < 6
