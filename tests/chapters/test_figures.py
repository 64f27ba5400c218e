"""Every figure of the chapters is drawn again as it is stored. (nbval runs the same cells and compares what they print;
of a figure it compares nothing.) A figure of times, whose cell has the tag `timing`, is drawn and not compared."""

import json

import pytest
from rerun import PATHS, Cell, cells, drawn_as_stored, name, run, same_picture


def changed(path):
    """The numbers of the code cells whose figure is no longer what is stored."""
    names = {}
    for number, cell in enumerate(cells(path)):
        _, drawn = run(cell.source, names)
        if not drawn_as_stored(cell, drawn):
            yield number


@pytest.mark.chapter
@pytest.mark.parametrize("path", PATHS, ids=name)
def test_every_figure_is_drawn_again_as_it_is_stored(monkeypatch, pinned_matplotlib, path):
    monkeypatch.chdir(path.parent)
    assert list(changed(path)) == [], f"{name(path)}: the figures of these code cells are no longer what is stored"


def test_a_figure_that_differs_is_found():
    svg = '<svg aria-label="2 - 1"><path d="M 1.5 -2 L 3 4"/></svg>'
    assert same_picture(svg, svg.replace("1.5", "1.501")) and same_picture(None, None)
    for other in (svg.replace("1.5", "1.6"), svg.replace("-2", "2"), svg.replace("2 - 1", "2 - 3"), svg.replace("L", "M"),
                  svg.replace(" L 3 4", ""), None):
        assert not same_picture(svg, other) and not same_picture(other, svg)


DRAWS = """
class Figure:
    def _repr_svg_(self):
        return "<svg 1.5/>"
Figure()"""


@pytest.mark.parametrize(("svg", "tags", "found"), [
    ("<svg 1.5/>", [], []), ("<svg 2.5/>", [], [0]), (None, [], [0]),
    ("<svg 2.5/>", ["timing"], []), (None, ["timing"], [0])])
def test_a_figure_of_times_is_drawn_and_not_compared(tmp_path, svg, tags, found):
    outputs = [{"data": {"image/svg+xml": [svg]}}] if svg else []
    path = tmp_path / "one.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": [DRAWS], "metadata": {"tags": tags},
                                           "outputs": outputs}]}))
    assert list(cells(path)) == [Cell(DRAWS, frozenset(tags), "", svg)]
    assert list(changed(path)) == found
