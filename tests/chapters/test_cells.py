"""Every cell of the chapters prints and draws again what is stored, in this process. (nbval runs the same cells as Jupyter
does, in a kernel; of a figure it compares nothing.) A figure of times, whose cell has the tag `timing`, is drawn and not
compared."""

import json

import pytest
from rerun import PATHS, Cell, cells, drawn_as_stored, name, run, same_picture


def changed(path):
    """The numbers of the code cells whose text or figure is no longer what is stored."""
    names = {}
    for number, cell in enumerate(cells(path)):
        printed, drawn = run(cell.source, names)
        if printed != cell.printed or not drawn_as_stored(cell, drawn):
            yield number


@pytest.mark.chapter
@pytest.mark.parametrize("path", PATHS, ids=name)
def test_every_cell_prints_and_draws_what_is_stored(monkeypatch, pinned_matplotlib, path):
    monkeypatch.chdir(path.parent)
    assert list(changed(path)) == [], f"{name(path)}: these code cells print or draw something else than is stored"


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
    def __repr__(self):
        return "a figure"
Figure()"""


@pytest.mark.parametrize(("svg", "tags", "found"), [
    ("<svg 1.5/>", [], []), ("<svg 2.5/>", [], [0]), (None, [], [0]),
    ("<svg 2.5/>", ["timing"], []), (None, ["timing"], [0])])
def test_a_figure_of_times_is_drawn_and_not_compared(tmp_path, svg, tags, found):
    outputs = [{"data": {"image/svg+xml": [svg]} if svg else {}, "text": ["a figure"]}]
    path = tmp_path / "one.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": [DRAWS], "metadata": {"tags": tags},
                                           "outputs": outputs}]}))
    assert list(cells(path)) == [Cell(DRAWS, frozenset(tags), "a figure", svg)]
    assert list(changed(path)) == found


def test_a_text_that_differs_is_found(tmp_path):
    path = tmp_path / "one.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["print(2)\n3"], "metadata": {},
                                           "outputs": [{"text": [text]} for text in ("2\n", said)]} for said in "34"]}))
    assert list(changed(path)) == [1]
