"""The chapters' cells, run here: every figure is drawn again as it is stored, and no sign can be flipped unnoticed."""
import ast
import io
import json
import os
import re
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from drawings import PLACED

BOOK = Path(__file__).resolve().parents[2] / "book"
CHAPTERS = sorted(path for path in BOOK.glob("*.ipynb"))
NUMBER = r"-?\d+\.?\d*(?:e[+-]?\d+)?"


def code(path):
    """(source, stored text, stored SVG or None) of each code cell."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            printed = "".join("".join(one.get("text", one.get("data", {}).get("text/plain", []))) for one in cell["outputs"])
            drawn = [one["data"]["image/svg+xml"] for one in cell["outputs"] if "image/svg+xml" in one.get("data", {})]
            yield "".join(cell["source"]), printed, "".join(drawn[0]) if drawn else None


def run(source, names):
    """(what a cell prints and shows as text, its figure as SVG or None)."""
    tree, said = ast.parse(source) if isinstance(source, str) else source, io.StringIO()
    last = tree.body[-1] if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with redirect_stdout(said):
        exec(compile(ast.Module(tree.body[:-1] if last else tree.body, []), "cell", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None
    shown = "" if value is None else repr(value)
    return said.getvalue() + shown, value._repr_svg_() if hasattr(value, "_repr_svg_") else None


def same_picture(one, other):
    """Whether two drawings have the same parts, each at its place."""
    if one is None or other is None or re.sub(NUMBER, "#", one) != re.sub(NUMBER, "#", other):
        return one is other
    words, places = zip(*((set(re.findall('aria-label="[^"]*"', svg)), np.array(re.findall(NUMBER, svg), float))
                          for svg in (one, other)))
    return words[0] == words[1] and bool((abs(places[0] - places[1]) <= PLACED).all())


@pytest.fixture
def here(monkeypatch, pinned_matplotlib):
    monkeypatch.chdir(BOOK)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_figure_is_drawn_again_as_it_is_stored(here, path):
    names = {}
    for number, (source, _, stored) in enumerate(code(path)):
        _, drawn = run(source, names)
        assert same_picture(drawn, stored), f"{path.name}, code cell {number}: the figure is no longer what is stored"


def test_a_figure_that_differs_is_found():
    svg = '<svg aria-label="2 - 1"><path d="M 1.5 -2 L 3 4"/></svg>'
    assert same_picture(svg, svg.replace("1.5", "1.501")) and same_picture(None, None)
    for other in (svg.replace("1.5", "1.6"), svg.replace("-2", "2"), svg.replace("2 - 1", "2 - 3"), svg.replace("L", "M"),
                  svg.replace(" L 3 4", ""), None):
        assert not same_picture(svg, other) and not same_picture(other, svg)


# ---- flipped signs --------------------------------------------------------------------------------

SIGNS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.USub: ast.UAdd, ast.UAdd: ast.USub}


def flips(source):
    """(line, the cell with one sign flipped) for each + and - of a cell."""
    for place in range(sum(1 for _ in ast.walk(ast.parse(source)))):
        tree = ast.parse(source)
        node = next(node for k, node in enumerate(ast.walk(tree)) if k == place)
        if type(getattr(node, "op", None)) in SIGNS:
            node.op = SIGNS[type(node.op)]()
            yield node.lineno, tree


def unnoticed(path):
    """[(cell, line, its text)] of every flip after which all cells still run, print and draw what is stored.

    Each flip is tried in a fork, which has the cells above behind it.
    """
    cells, names, found = list(code(path)), {}, []
    for number, (source, _, _) in enumerate(cells):
        for line, flipped in flips(source):
            child = os.fork()
            if not child:
                os._exit(passes([(flipped, *cells[number][1:]), *cells[number + 1:]], names))
            if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
                found.append((number, line, source.splitlines()[line - 1].strip()))
        run(source, names)
    return found


def passes(cells, names):
    try:
        for source, printed, stored in cells:
            said, drawn = run(source, names)
            if said != printed or not same_picture(drawn, stored):
                return 0
    except BaseException:
        return 0
    return 1


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_no_sign_of_a_cell_can_be_flipped_unnoticed(here, path):
    if not hasattr(os, "fork"):
        pytest.skip("each flip is tried in a fork, and Windows has none")
    assert unnoticed(path) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each flip is tried in a fork, and Windows has none")
def test_a_sign_that_means_nothing_is_found(tmp_path):
    cells = [("x = -3\ny = 5 - 2\nprint(abs(x))", "3\n"), ("assert y == 3", "")]
    outputs = [[{"text": [printed]}] if printed else [] for _, printed in cells]
    path = tmp_path / "one.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": [source], "outputs": output}
                                          for (source, _), output in zip(cells, outputs)]}))
    assert unnoticed(path) == [(0, 1, "x = -3")]
