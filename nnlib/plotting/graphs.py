"""A graph of values, each made of those that it reads."""
import numpy as np

from .. import _validate
from ..autodiff import Node, backward
from ._paper import ACCENT, GREY, INK, REST, ink_box, new_paper, number_text

__all__ = ["graph"]

RADIUS, PITCH = 23, 150             # of a disc; between two columns


def graph(nodes, *, alt, derivatives=True):
    """Values from left to right, and on each wire how its end moves with its beginning.

    nodes: a dictionary of names and Nodes of one number each; the last one is
    the end. A Node stands right of all that it reads. derivatives: whether
    each shows above itself how the end moves with it.
    Raises ValueError or TypeError for what is no such dictionary, for a Node
    that reads one without a name, and for one that the end is not made of.
    """
    if not isinstance(nodes, dict) or not nodes:
        raise ValueError(f"nodes must be a dictionary of names and Nodes; got {_validate.shown(nodes)}")
    names = {_validate.instance(f"nodes[{_validate.shown(name)}]", node, Node):
             _validate.text("each name of nodes", name, required=True) for name, node in nodes.items()}
    if any(node.value.ndim for node in names):
        raise ValueError("nodes must hold one number each, because a disc has no place for more")
    if not {read for node in names for read, _ in node.reads} <= names.keys():
        raise ValueError("nodes must name every Node that one of them reads, because a wire begins there")
    *_, end = names
    moves = dict(zip(names, backward(end, list(names))))
    with new_paper(alt) as paper:
        places = _places(paper, names, moves if _validate.flag("derivatives", derivatives) else None)
        for node in names:
            ways = {}                           # of a value that is read twice by one reader, both wires
            for read, pull in node.reads:
                ways.setdefault(read, []).append(number_text(pull(node.value * 0 + 1)))
            for read, slopes in ways.items():
                _draw_wire(paper, places[read], places[node], slopes)
        return paper.figure()


def _places(paper, names, moves):
    """Draws the values, a column for each depth → the place of each."""
    columns, places = {}, {}
    for node in names:
        columns.setdefault(node.depth, []).append(node)
    for k, (_, column) in enumerate(sorted(columns.items())):
        for row, node in enumerate(column):
            x, y = places[node] = np.array([PITCH * k, 104 * (row - (len(column) - 1) / 2)])
            paper.disc(x, y, RADIUS, ACCENT if moves else INK, width=1.6)
            paper.text(x, y, number_text(node.value, 3), 18, fit=2 * RADIUS - 8)
            paper.text(x, y + RADIUS + 13, names[node], 17, GREY)
            if moves:
                paper.text(x, y - RADIUS - 12, number_text(moves[node]), 18, ACCENT, bold=True)
    return places


def _draw_wire(paper, start, end, slopes):
    """A wire for each slope, broken where the slope stands; one that passes a column bends below it."""
    t = np.linspace(0, 1, 401)[:, None]
    below = 160 if end[0] - start[0] > PITCH else 0
    for k, slope in enumerate(slopes):
        bend = below + 56 * (k - (len(slopes) - 1) / 2)
        way = (1 - t) * start + t * end + 2 * t * (1 - t) * (0, bend)
        x, y = way[200 if bend else 130]
        half = ink_box(slope, 16).width / 2 + 4
        away = np.minimum(np.hypot(*(way - start).T), np.hypot(*(way - end).T))
        free = (away > RADIUS) & ((abs(way[:, 0] - x) > half) | (abs(way[:, 1] - y) > 10))
        turns = np.flatnonzero(np.diff(free)) + 1
        for piece, is_free in zip(np.split(way, turns), np.split(free, turns)):
            if is_free[0]:
                paper.line(*piece.T, REST, 1.6)
        paper.text(x, y, slope, 16)
