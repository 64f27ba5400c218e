"""Networks with their numbers, and the way of a derivative through them."""
import numpy as np

from .. import _validate
from ..entries import dy_db, dy_dW
from ..jacobians import vjp
from ..network import Network, forward, shape_of
from ._paper import ACCENT, BLUE, GREY, INK, REST, WIDTH, ink_box, new_paper, number_text

__all__ = ["network", "chain"]

RADIUS = 23                     # of a unit, in CSS pixels
WIDEST = 6                      # the widest layer that is drawn in full


def network(net, x=None, *, alt, lit=None, pulled=None, weights=True, values="auto", names=True):
    """A network from left to right: a number in each unit, its weights on the wires.

    x (d_in,): each unit shows φ(z) inside and z below; without it, only b.
    values: what stands below a unit, "z", "slopes", "both", "none", or "auto":
    the slopes if something is lit, else z. lit ("W", m, i, j) or ("b", m, i):
    the way of that derivative to the outputs, with the source's v at each unit.
    pulled (d_y,): how much each output counts; each unit shows how their sum
    moves with its z, from the outputs back to layer 0.
    Layers wider than 6 show a few of their units, and no weights.
    Raises ValueError, TypeError or IndexError for arguments that do not fit.
    """
    with new_paper(alt) as paper:
        _draw_network(paper, net, x, lit, weights, values, names, pulled=pulled)
        return paper.figure()


def chain(net, x, *, alt, lit=None):
    """A network of width 1 as one line of units, with z and the slope under each.

    x (1,); lit as in `network`: the derivative grows from left to right, one
    weight and one slope at a time. Raises ValueError if a layer is wider than 1.
    """
    _validate.instance("net", net, Network)
    if set(net.widths) != {1}:
        raise ValueError(f"net must have width 1 throughout; got widths {_validate.shown(net.widths)}")
    with new_paper(alt) as paper:
        forward(net, x)                     # refuses None, which means "no input" to a network
        places, trace, v = _draw_network(paper, net, x, lit, True, "both", True, pitch=180)
        for k in v:
            factors = [trace.inputs[k][0] if lit[0] == "W" else None, trace.slopes[k][0]]
            if k > lit[1]:
                factors = [v[k - 1][0], net[k].W[0, 0], trace.slopes[k][0]]
            words = [number_text(f) for f in factors if f is not None]
            words = words[:1] + [f"({w})" if w[0] == "−" else w for w in words[1:]]
            paper.text(places[k + 1, 0][0], RADIUS + 62, " · ".join(words), 16, ACCENT)
        return paper.figure()


def _draw_network(paper, net, x, lit, weights, values, names, pitch=None, pulled=None):
    """Draws a network → the place of each unit, the trace, and the derivatives at the units of each layer."""
    _validate.instance("net", net, Network)
    weights, names = _validate.flag("weights", weights), _validate.flag("names", names)
    trace = None if x is None else forward(net, x)
    v = _path_numbers(net, x, lit) if pulled is None else _pulled_numbers(net, x, lit, pulled)
    below = _texts_below(trace, values, v)
    columns = [_units_drawn(width, k, lit) for k, width in enumerate(net.widths)]
    height = max(94, 70 + 20 * (len(below) + (trace is not None)) + (8 if lit and lit[0] == "b" else 0))
    width = pitch or min(164, (WIDTH - 120) / len(net))
    places = {(k, unit): (k * width, (row - (len(column) - 1) / 2) * height)
              for k, column in enumerate(columns) for row, unit in enumerate(column)}
    boxes = []
    for (k, unit), (cx, cy) in places.items():
        if unit < 0:
            paper.text(cx, cy, "⋮", 22, GREY)
        else:
            boxes += _draw_unit(paper, net, trace, lit, v, k, unit, cx, cy, below, names)
    top = min(corner[1] for corner in paper.corners) - 18
    for k in range(len(columns)):
        paper.text(k * width, top, f"layer {k - 1}" if k else "reads", 16, GREY)
    _draw_wires(paper, net, lit, v, columns, places, boxes, weights)
    return places, trace, v


def _texts_below(trace, values, v):
    """What stands below the units: {name in the figure: numbers layer by layer}."""
    choices = {"z": ["$z$"], "slopes": ["$\\phi$′"], "both": ["$z$", "$\\phi$′"], "none": []}
    if isinstance(values, str) and values == "auto":
        values = "slopes" if v else "z"
    if not isinstance(values, str) or values not in choices:
        raise ValueError(f"values must be auto, {', '.join(choices)}; got {_validate.shown(values)}")
    numbers = {} if trace is None else {"$z$": trace.z, "$\\phi$′": trace.slopes}
    return {name: numbers[name] for name in choices[values] if numbers}


def _path_numbers(net, x, lit):
    """{k: v of layer k} from the lit weight or bias to the outputs, in the source's letters.

    The change of what layer k gives is the derivative of the network that ends with layer k.
    """
    if lit is None:
        return {}
    if x is None:
        raise ValueError("x must be given where lit is, because a derivative depends on where it is taken")
    if not isinstance(lit, tuple) or not lit or not isinstance(lit[0], str) \
            or (lit[0], len(lit)) not in [("W", 4), ("b", 3)]:
        raise ValueError(f'lit must be ("W", m, i, j) or ("b", m, i); got {_validate.shown(lit)}')
    derivative, m, place = dy_dW if lit[0] == "W" else dy_db, lit[1], lit[2:]
    shape_of(net, m, *place)
    return {k: derivative(Network(net.layers[:k + 1]), x, m, *place) for k in range(m, len(net))}


def _pulled_numbers(net, x, lit, pulled):
    """{m: how the outputs, each times its number in `pulled`, move with z of layer m}."""
    if lit is not None or x is None:
        raise ValueError("pulled must come with x and without lit, because a figure shows one derivative at one place")
    return dict(enumerate(one.b for one in vjp(net, x, _validate.array("pulled", pulled, net.widths[-1:]))))


def _units_drawn(width, column, lit):
    """The units of a column that are drawn; a negative number stands for those left out."""
    if width <= WIDEST:
        return list(range(width))
    kept = {0, 1, 2, width - 1}
    if lit and column in (lit[1], lit[1] + 1):
        kept |= set(lit[2:3] if column > lit[1] else lit[3:])
    gaps = {-unit for unit in kept if unit and unit - 1 not in kept}
    return sorted(kept | gaps, key=lambda unit: (abs(unit), unit))


def _draw_unit(paper, net, trace, lit, v, k, unit, cx, cy, below, names):
    """One unit with its numbers → the boxes that no wire and no weight may cover."""
    m, last = k - 1, len(net)
    has_v = m in v and (lit is None or m > lit[1] or unit == lit[2])
    moves = has_v and v[m][unit] != 0
    read = lit and lit[0] == "W" and m == lit[1] - 1 and unit == lit[3]
    edge = ACCENT if moves else BLUE if read else INK if k and not v else REST
    paper.disc(cx, cy, RADIUS, edge, width=2.2 if moves or read else 1.4)
    texts = []
    if trace is not None:
        a = trace.y_hat if k == last else trace.inputs[k]
        texts.append(paper.text(cx, cy, number_text(a[unit], 3), 18, fit=2 * RADIUS - 8))
    elif k:
        texts.append(paper.text(cx, cy, "$\\phi$", 18, GREY))
    if has_v:
        texts.append(paper.text(cx, cy - RADIUS - 13, number_text(v[m][unit]), 18,
                                ACCENT if moves else GREY, bold=True))
    if k and (not v or lit == ("b", m, unit)):
        texts.append(paper.text(cx, cy - RADIUS - (34 if lit else 12),
                                f"$b$ = {number_text(net[m].b[unit], 3)}", 16, ACCENT if lit else INK))
    for row, (name, numbers) in enumerate(below.items() if k else ()):
        words = f"{name} = {number_text(numbers[m][unit], 3)}"
        texts.append(paper.text(cx, cy + RADIUS + 14 + 20 * row, words, 16))
    if names and k in (0, last):
        letter, side = (r"\hat{y}", 1) if k else ("x", -1)
        texts.append(paper.text(cx + side * (RADIUS + 9), cy, rf"$\mathbf{{{letter}}}_{{{unit + 1}}}$", 19,
                                align=0 if k else 1))
    return [(cx - RADIUS, cy - RADIUS, cx + RADIUS, cy + RADIUS), *texts]


def _draw_wires(paper, net, lit, v, columns, places, boxes, weights):
    """The wires, each broken where a number stands, and the weights on them."""
    pieces = []
    for k, (before, after) in enumerate(zip(columns, columns[1:])):
        ways = {(i, j): np.array([places[k, j], places[k + 1, i]], float)
                for j in before for i in after if min(i, j) >= 0}
        if weights and min(before + after) >= 0:
            for (i, j), ends in ways.items():
                rivals = [way for place, way in ways.items() if place != (i, j)]
                _write_weight(paper, boxes, rivals, ends, number_text(net[k].W[i, j], 3), lit == ("W", k, i, j))
        for (i, j), ends in ways.items():
            is_lit = lit == ("W", k, i, j)
            moves = v[k][i] if v and lit is None else v[k - 1][j] if k - 1 in v else 0
            on_path = is_lit or moves != 0 and net[k].W[i, j] != 0
            pieces.append((ends, ACCENT if on_path else REST, 2.8 if is_lit else 2 if on_path else 1.2))
    for ends, colour, width in pieces:
        for piece in _visible_pieces(ends, np.array(boxes)):
            paper.line(*piece.T, colour, width)


def _write_weight(paper, boxes, rivals, ends, word, is_lit):
    """Writes a weight beside the beginning of its wire, where it meets no number and few other wires."""
    half = (np.array([ink_box(word, 16, is_lit).width, 11]) + 5) / 2
    tries = np.linspace(0.24, 0.74, 26)
    middles = ends[0] + tries[:, None] * (ends[1] - ends[0])
    low, high = middles - half, middles + half
    boxes_low, boxes_high = np.split(np.array(boxes), 2, axis=1)
    sides = np.minimum(high[:, None], boxes_high) - np.maximum(low[:, None], boxes_low)
    covered, crossed = sides.clip(0).prod(axis=2).sum(axis=1), np.zeros(tries.size)
    for (x0, y0), (x1, y1) in rivals:
        steep = (y1 - y0) / (x1 - x0)
        away = abs(y0 + steep * (middles[:, 0] - x0) - middles[:, 1])
        crossed += away < half[1] + abs(steep) * half[0]
    x, y = middles[np.lexsort((abs(tries - 0.3), crossed, covered))[0]]      # the last one counts most
    boxes.append(paper.text(x, y, word, 16, ACCENT if is_lit else INK, bold=is_lit))


def _visible_pieces(ends, boxes, gap=3):
    """The pieces of a straight wire that no box (left, top, right, bottom) covers."""
    points = (ends[0] + np.linspace(0, 1, 401)[:, None] * (ends[1] - ends[0]))[:, None]
    covered = (points > boxes[:, :2] - gap) & (points < boxes[:, 2:] + gap)
    free = ~covered.all(axis=2).any(axis=1)
    turns = np.flatnonzero(np.diff(np.concatenate([[False], free, [False]])))
    return [points[[start, stop - 1], 0] for start, stop in turns.reshape(-1, 2) if stop - start > 4]
