"""The chapters' code cells: what is stored of them, and how a test runs them again in its own process."""

import ast
import io
import json
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BOOK = Path(__file__).resolve().parents[2] / "book"
PATHS = sorted(path for path in BOOK.rglob("*.ipynb") if path.parent.name[0] != ".")
NUMBER = r"-?\d+\.?\d*(?:e[+-]?\d+)?"
PLACED = 0.02                   # pixels; processors differ far below, and nobody sees that much


def name(path):
    """A chapter's name in a test: its path in the book, without the ending."""
    return path.relative_to(BOOK).with_suffix("").as_posix()


@dataclass(frozen=True)
class Cell:
    """A code cell as it is stored: its source, its tags, what it prints and shows as text, its figure or None."""

    source: str
    tags: frozenset = frozenset()
    printed: str = ""
    svg: str | None = None


def cells(path):
    """The code cells of a notebook."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            data = [one.get("data", {}) for one in cell["outputs"]]
            printed = (one.get("text", one.get("data", {}).get("text/plain", [])) for one in cell["outputs"])
            svg = ["".join(one["image/svg+xml"]) for one in data if "image/svg+xml" in one]
            yield Cell("".join(cell["source"]), frozenset(cell["metadata"].get("tags", [])),
                       "".join("".join(text) for text in printed), svg[0] if svg else None)


def run(source, names):
    """(what a cell prints and shows as text, its figure as SVG or None)."""
    tree, stream = ast.parse(source) if isinstance(source, str) else source, io.StringIO()
    last = tree.body[-1] if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with redirect_stdout(stream):
        exec(compile(ast.Module(tree.body[:-1] if last else tree.body, []), "cell", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None
    shown = "" if value is None else repr(value)
    return stream.getvalue() + shown, value._repr_svg_() if hasattr(value, "_repr_svg_") else None


def same_picture(one, other):
    """Whether two drawings have the same parts, each at its place."""
    if one is None or other is None or re.sub(NUMBER, "#", one) != re.sub(NUMBER, "#", other):
        return one is other
    words, places = zip(*((set(re.findall('aria-label="[^"]*"', svg)), np.array(re.findall(NUMBER, svg), float))
                          for svg in (one, other)))
    return words[0] == words[1] and bool((abs(places[0] - places[1]) <= PLACED).all())


def drawn_as_stored(cell, drawn):
    """Whether a cell's figure is what is stored; a figure of times differs each time, so there must be one."""
    return (drawn is None) == (cell.svg is None) if "timing" in cell.tags else same_picture(drawn, cell.svg)
