"""The chapters as files. (That their outputs are true is nbval's work: pytest collects book/*.ipynb as well.)"""

import copy
import re
from pathlib import Path

import nbformat
import pairs
import pytest
from rerun import name

BOOK = Path(__file__).resolve().parents[2] / "book"
PATHS = pairs.chapters(BOOK)
CHAPTERS = [path for path in PATHS if path.parent == BOOK and path.name[0].isdigit()]
HIDDEN = {"remove-input", "hide-input"}
KNOWN_TAGS = HIDDEN | {"desktop", "hide-output", "raises-exception", "remove-output", "timing"}
TIME = r"\d\s*(ns|µs|ms|s|seconds?|minutes?)\b"


def drawings(cell):
    """The SVGs that a code cell shows."""
    return ["".join(output["data"]["image/svg+xml"]) for output in cell.get("outputs", [])
            if "image/svg+xml" in output.get("data", {})]


def faults(notebook, text):
    """What is wrong with a chapter, one sentence each."""
    found = []
    extra = set(notebook.metadata) - {"jupytext", "kernelspec", "language_info", "myst"}
    if extra or "version" in notebook.metadata.get("language_info", {}):
        found.append("metadata tells of the machine")
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        found.append("the kernel is not python3")
    if pairs.to_text(notebook) != text:
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
        if "timing" in tags and any(re.search(TIME, said) for said in (following.split("\n\n")[0], cell.source)):
            found.append(f"{where}: a figure of times says a time in words, which another machine does not measure")
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


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_chapter(path):
    text = path.with_suffix(".md").read_text(encoding="utf-8")
    assert faults(pairs.read(path), text) == []


@pytest.mark.parametrize("path", CHAPTERS, ids=name)
def test_chapter_has_a_figure(path):
    assert any(drawings(cell) for cell in pairs.read(path).cells if cell.cell_type == "code")


def test_every_notebook_is_in_the_contents(root):
    contents = re.findall(r"(?:file|root): (\S+)", (root / "book" / "_toc.yml").read_text())
    pages = {name(path) for path in [*BOOK.rglob("*.md"), *BOOK.rglob("*.ipynb")] if ".ipynb_checkpoints" not in path.parts}
    assert sorted(contents) == sorted(pages)


# The checks above must be able to fail ------------------------------------------------------------------------------

SVG = '<svg role="img" aria-label="Two nodes and a wire between them" width="10pt" height="10pt"></svg>'


def good():
    """A chapter without faults: a figure and its caption."""
    output = nbformat.v4.new_output("display_data", {"image/svg+xml": SVG, "image/png": "AAAA", "text/plain": "x"})
    cell = nbformat.v4.new_code_cell("draw()", execution_count=1, outputs=[output], metadata={"tags": ["remove-input"]})
    return pairs.tidy(nbformat.v4.new_notebook(cells=[
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
    "figure of times": lambda book: (set_(book.cells[1], "metadata", {"tags": ["remove-input", "timing"]}),
                                     set_(book.cells[2], "source", "*A wire takes 3 ms.*")),
    "tags": lambda book: set_(book.cells[1], "metadata", {"tags": ["remove-inputs"]}),
}


def test_a_good_chapter_passes():
    assert faults(good(), pairs.to_text(good())) == []


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault):
    text = pairs.to_text(good())
    broken = copy.deepcopy(good())
    PLANTED[fault](broken)
    assert any(fault in found for found in faults(broken, text))
