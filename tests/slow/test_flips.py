"""No sign in a cell of the book can be flipped unnoticed: an assert fails, or another number or figure comes out."""

import ast
import json
import os

import pytest
from rerun import PATHS, cells, drawn_as_stored, name, run

SIGNS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.USub: ast.UAdd, ast.UAdd: ast.USub}
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each flip is tried in a fork, and Windows has none")


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

    Each flip is tried in a fork, which has run the cells above.
    """
    stored, names, found = list(cells(path)), {}, []
    for number, cell in enumerate(stored):
        for line, flipped in flips(cell.source):
            child = os.fork()
            if not child:
                os._exit(passes(flipped, stored[number:], names))
            if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
                found.append((number, line, cell.source.splitlines()[line - 1].strip()))
        run(cell.source, names)
    return found


def passes(flipped, stored, names):
    """1 if these cells, the first of them with a flipped sign, print and draw what is stored, else 0."""
    try:
        for number, cell in enumerate(stored):
            printed, drawn = run(cell.source if number else flipped, names)
            if printed != cell.printed or not drawn_as_stored(cell, drawn):
                return 0
    except BaseException:
        return 0
    return 1


LONG = {"solutions/09_training"}        # each flip trains for seconds


@pytest.mark.parametrize("path", [pytest.param(path, marks=[pytest.mark.soak] * (name(path) in LONG)) for path in PATHS],
                         ids=name)
def test_no_sign_of_a_cell_can_be_flipped_unnoticed(monkeypatch, pinned_matplotlib, path):
    monkeypatch.chdir(path.parent)
    assert unnoticed(path) == []


def test_a_sign_that_means_nothing_is_found(tmp_path):
    sources = [("x = -3\ny = 5 - 2\nprint(abs(x))", "3\n"), ("assert y == 3", "")]
    path = tmp_path / "one.ipynb"
    path.write_text(json.dumps({"cells": [
        {"cell_type": "code", "source": [source], "metadata": {}, "outputs": [{"text": [printed]}] if printed else []}
        for source, printed in sources]}))
    assert unnoticed(path) == [(0, 1, "x = -3")]
