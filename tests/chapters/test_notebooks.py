"""The chapters as files. (That their outputs are true is nbval's work: pytest collects book/*.ipynb as well.)"""

import copy
import os
import re
import time
from pathlib import Path

import nbformat
import notebooks
import pytest

BOOK = Path(__file__).resolve().parents[2] / "book"
PATHS = notebooks.chapters(BOOK)
CHAPTERS = [path for path in PATHS if path.name[0].isdigit()]
HIDDEN = {"remove-input", "hide-input"}
KNOWN_TAGS = HIDDEN | {"desktop", "hide-output", "raises-exception", "remove-output"}


def drawings(cell):
    """The SVGs that a code cell shows."""
    return ["".join(output["data"]["image/svg+xml"]) for output in cell.get("outputs", [])
            if "image/svg+xml" in output.get("data", {})]


def faults(notebook, path, text):
    """What is wrong with a chapter, one sentence each."""
    found = []
    extra = set(notebook.metadata) - {"jupytext", "kernelspec", "language_info", "myst"}
    if extra or "version" in notebook.metadata.get("language_info", {}):
        found.append("metadata tells of the machine")
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        found.append("the kernel is not python3")
    if notebooks.to_text(notebook, path) != text:
        found.append("the .md and the .ipynb differ: run make notebooks")
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        where, tags = f"cell {number}", set(cell.metadata.get("tags", []))
        following = notebook.cells[number].source if number < len(notebook.cells) else ""
        if cell.execution_count is None:
            found.append(f"{where} was never run, so nbval would compare nothing")
        if set(cell.metadata) - {"tags", "jupyter"} or tags - KNOWN_TAGS:
            found.append(f"{where} has metadata or tags that nothing reads")
        if len(cell.source.splitlines()) > 12 and not tags & HIDDEN:
            found.append(f"{where} has more than 12 lines")
        if any(output.get("name") == "stderr" for output in cell.outputs):
            found.append(f"{where} writes to stderr")
        if any(re.search(r"(/home/|/root/|/Users/|/work/|site-packages| at 0x[0-9a-f]{6})", str(output.get("text", "")) +
                         str(output.get("data", {}).get("text/plain", ""))) for output in cell.outputs):
            found.append(f"{where} prints where it ran")
        for svg in drawings(cell):
            head = svg[: svg.index(">", svg.index("<svg"))]
            if not re.search(r'role="img"', head) or not re.search(r'aria-label="[^"]{20,}"', head):
                found.append(f"{where}: the drawing has no alternative text")
            if not re.search(r'\bwidth="', head) or not re.search(r'\bheight="', head):
                found.append(f"{where}: the drawing has no size")
            if not re.match(r"\s*\*[^*].*?[^*]\*\s*(\n\s*\n|$)", following, re.S):
                found.append(f"{where}: the figure has no caption (a paragraph in *italics* right after it)")
            if not any("image/png" in output.get("data", {}) for output in cell.outputs):
                found.append(f"{where}: the figure has no PNG, which an untrusted notebook needs")
    return found


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_chapter(path):
    text = path.with_suffix(".md").read_text(encoding="utf-8")
    assert faults(notebooks.read(path), path, text) == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_has_a_figure(path):
    assert any(drawings(cell) for cell in notebooks.read(path).cells if cell.cell_type == "code")


def test_every_notebook_is_in_the_contents(root):
    contents = re.findall(r"(?:file|root): (\S+)", (root / "book" / "_toc.yml").read_text())
    pages = {path.stem for path in [*BOOK.glob("*.md"), *BOOK.glob("*.ipynb")]}
    assert sorted(contents) == sorted(pages)


# The checks above must be able to fail ------------------------------------------------------------------------------

SVG = '<svg role="img" aria-label="Two nodes and a wire between them" width="10pt" height="10pt"></svg>'


def good():
    """A chapter without faults: a figure and its caption."""
    output = nbformat.v4.new_output("display_data", {"image/svg+xml": SVG, "image/png": "AAAA", "text/plain": "x"})
    cell = nbformat.v4.new_code_cell("draw()", execution_count=1, outputs=[output], metadata={"tags": ["remove-input"]})
    return notebooks.tidy(nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_markdown_cell("# Title"), cell, nbformat.v4.new_markdown_cell("*A wire.*\n\nMore.")]))


def set_(target, key, value):
    target[key] = value


PLANTED = {
    "never run": lambda book: set_(book.cells[1], "execution_count", None),
    "lines": lambda book: (set_(book.cells[1], "source", "x\n" * 13), set_(book.cells[1], "metadata", {})),
    "stderr": lambda book: book.cells[1].outputs.append(nbformat.v4.new_output("stream", name="stderr", text="w")),
    "where it ran": lambda book: book.cells[1].outputs.append(nbformat.v4.new_output("stream", text="/home/me/x")),
    "alternative": lambda book: set_(book.cells[1].outputs[0].data, "image/svg+xml", SVG.replace("aria-label", "x")),
    "size": lambda book: set_(book.cells[1].outputs[0].data, "image/svg+xml", SVG.replace("width", "breadth")),
    "caption": lambda book: set_(book.cells[2], "source", "A wire."),
    "PNG": lambda book: book.cells[1].outputs[0].data.pop("image/png"),
    "machine": lambda book: set_(book.metadata, "widgets", {}),
    "kernel": lambda book: set_(book.metadata.kernelspec, "name", "mine"),
    "differ": lambda book: set_(book.cells[0], "source", "# Another title"),
    "tags": lambda book: set_(book.cells[1], "metadata", {"tags": ["remove-inputs"]}),
}


def test_a_good_chapter_passes():
    assert faults(good(), BOOK / "x.ipynb", notebooks.to_text(good(), BOOK / "x.ipynb")) == []


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault):
    text = notebooks.to_text(good(), BOOK / "x.ipynb")
    broken = copy.deepcopy(good())
    PLANTED[fault](broken)
    assert any(fault in found for found in faults(broken, BOOK / "x.ipynb", text))


def test_a_failing_cell_is_named(tmp_path):
    chapter = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# T"), nbformat.v4.new_code_cell("1 / 0")])
    with pytest.raises(notebooks.Failed, match="bad.ipynb, cell 2: ZeroDivisionError"):
        notebooks.execute(chapter, tmp_path / "bad.ipynb")


def test_a_chapter_is_run_when_something_of_it_changed(tmp_path, capsys):
    """Its text, its notebook, or nnlib; and from the half that was edited, the other is made."""
    (tmp_path / "book").mkdir()
    (tmp_path / "nnlib").mkdir()
    text, notebook = tmp_path / "book" / "one.md", tmp_path / "book" / "one.ipynb"
    text.write_text("---\njupytext:\n  formats: ipynb,md:myst\n---\n\n# One\n\n```{code-cell} ipython3\nprint(1 + 1)\n```\n")

    def ran():
        start = time.monotonic()
        assert notebooks.main(tmp_path) == 0
        said, took = capsys.readouterr().out, time.monotonic() - start
        if "No chapter is stale." in said:
            return None
        cells, seconds = re.fullmatch(r"· one\.ipynb: (\d+) cells, ([\d.]+) s\n1 of 1 chapters were stale and have run\.\n",
                                      said).groups()
        assert cells == "1" and float(seconds) <= took + 0.1
        return notebooks.read(notebook).cells[1].outputs[0].text

    assert (ran(), ran()) == ("2\n", None)
    text.write_text(text.read_text().replace("1 + 1", "1 + 2"))
    assert (ran(), ran()) == ("3\n", None)
    edited = notebooks.read(notebook)
    edited.cells[1].source = "print(4)"
    notebook.write_text(nbformat.writes(edited))
    os.utime(text, (1, 1))
    assert (ran(), ran()) == ("4\n", None) and "print(4)" in text.read_text()
    (tmp_path / "nnlib" / "new.py").touch()
    assert (ran(), ran()) == ("4\n", None)


def test_cells_that_say_the_same_have_names_of_their_own():
    same = [nbformat.v4.new_markdown_cell("# T"), *(nbformat.v4.new_markdown_cell("Again.") for _ in range(3))]
    names = [cell["id"] for cell in notebooks.tidy(nbformat.v4.new_notebook(cells=same)).cells]
    assert names[2:] == [f"{names[1]}-2", f"{names[1]}-3"]
