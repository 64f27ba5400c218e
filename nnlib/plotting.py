"""The figures of the book: networks, matrices and curves that show their numbers.

The one file that imports Matplotlib, and only when a figure is drawn. Each
function returns a Figure, which a notebook shows by itself. One law of
colour: vermilion is a derivative, blue is what is selected, grey is at rest.
Indices are the code's, from 0; the labels in a figure count from 1.
"""
import re
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, reduce
from io import BytesIO
from itertools import groupby
from xml.sax.saxutils import escape

import numpy as np

from . import _validate
from .activations import activation
from .entries import O, o
from .network import Network, forward

INK, ACCENT, BLUE, GREY, REST = "#1b1b1b", "#b93a17", "#1f5a99", "#666666", "#a6a6a6"
WASH = 0.12                     # how much of its colour stands behind a selected number
WIDTH, LINE, RADIUS = 720, 26, 23         # in CSS pixels: a text column, a matrix row, a unit
WIDEST = 6                      # the widest layer that is drawn in full
STYLE = {"font.family": "STIXGeneral", "mathtext.fontset": "stix", "svg.fonttype": "path",
         "svg.hashsalt": "nnlib", "lines.solid_capstyle": "butt", "path.simplify": False}
ANONYMOUS = dict.fromkeys(("Date", "Creator", "Format", "Type"))


class Figure:
    """A finished drawing: its Matplotlib figure, and alt, its text for those who do not see it."""

    def __init__(self, figure, alt):
        self.figure, self.alt = figure, alt
        width, height = figure.get_size_inches() * 72
        self.shrink = min(1, WIDTH / width)
        self.width, self.height = round(width * self.shrink), round(height * self.shrink, 1)

    def __repr__(self):
        return "Figure"

    def _repr_svg_(self):
        svg = self._saved(format="svg", metadata=ANONYMOUS).decode()
        svg = re.sub(r"<!--.*?-->|<style.*?</style>| id=\"\w+_\d+\"", "", svg, flags=re.S)
        svg = re.sub(r' style="([^"]*)"', _as_attributes, svg)
        view = re.search(r'viewBox="[^"]*"', svg)[0]
        label = escape(" ".join(self.alt.split()), {'"': "&quot;"})
        return (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
                f'role="img" aria-label="{label}" width="{self.width:g}" '
                f'height="{self.height:g}" {view} stroke-linejoin="round">'
                + re.sub(r"\s*\n\s*", "\n", svg[svg.index(">", svg.index("<svg")) + 1:]))

    def _repr_png_(self):
        png = self._saved(format="png", dpi=144 * self.shrink, metadata={"Software": None})
        from PIL import Image                   # comes with Matplotlib; 64 colours weigh a third
        small = BytesIO()
        Image.open(BytesIO(png)).quantize(64).save(small, "png", optimize=True)
        return small.getvalue()

    def _saved(self, **how):
        with _style():
            file = BytesIO()
            self.figure.savefig(file, transparent=True, **how)
        return file.getvalue()


def _as_attributes(style):
    """style="a: b; c: d" as a="b" c="d", which no content policy forbids."""
    pairs = (one.split(":") for one in style[1].split(";") if one.strip())
    return "".join(f' {key.strip()}="{value.strip()}"' for key, value in pairs)


def _style():
    """The book's settings on top of Matplotlib's own; the reader's come back afterwards."""
    from matplotlib import style
    return style.context(STYLE, after_reset=True)


@contextmanager
def _paper(alt):
    """A fresh sheet in the book's settings; refuses an empty alt."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("alt must say in words what the figure shows, "
                         f"because not every reader sees it; got {_validate.shown(alt)}")
    with _style(), np.errstate(all="ignore"):
        yield _Paper(alt)


class _Paper:
    """A drawing surface measured in CSS pixels, y downwards, as large as what is drawn on it."""

    def __init__(self, alt):
        from matplotlib.figure import Figure as Drawing
        self.alt, self.drawing, self.corners = alt, Drawing(), []
        self.axes = self.drawing.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()

    def text(self, x, y, what, size, colour=INK, align=0.5, bold=False, fit=np.inf):
        """Text with its digits centred on height y → the box that its ink fills.

        align is the part of the text that stands left of x: 0, 0.5 or 1.
        """
        if not what.strip():
            return self.reach((x, y, x, y))
        ink = _ink(what, size, bold)
        if ink.width > fit:
            return self.text(x, y, what, size * fit / ink.width, colour, align, bold)
        left, base = x - ink.x0 - align * ink.width, y + 0.338 * size
        self.axes.text(left, base, what, size=size, color=colour, zorder=3,
                       weight="bold" if bold else "normal")
        return self.reach((left + ink.x0, base - ink.y1, left + ink.x1, base - ink.y0))

    def line(self, xs, ys, colour=INK, width=1.4, dashes="-"):
        from matplotlib.lines import Line2D
        self.axes.add_artist(Line2D(xs, ys, color=colour, lw=width, ls=dashes, zorder=1, clip_on=False))
        self.reach((np.nanmin(xs), np.nanmin(ys), np.nanmax(xs), np.nanmax(ys)))

    def disc(self, x, y, radius, edge="none", face="none", width=1.4, **more):
        from matplotlib.patches import Circle
        self.axes.add_patch(Circle((x, y), radius, ec=edge, fc=face, lw=width, clip_on=False,
                                   **{"zorder": 2, **more}))
        return self.reach((x - radius, y - radius, x + radius, y + radius), margin=width)

    def box(self, x0, y0, x1, y1, colour, alpha=1.0, corner=0):
        from matplotlib.patches import FancyBboxPatch
        style = f"round,pad=0,rounding_size={corner}" if corner else "square,pad=0"
        self.axes.add_patch(FancyBboxPatch((x0, y0), x1 - x0, y1 - y0, style, ec="none", fc=colour,
                                           alpha=alpha, zorder=0, clip_on=False))
        return self.reach((x0, y0, x1, y1))

    def reach(self, box, margin=0):
        """Makes the paper large enough for a box (left, top, right, bottom)."""
        self.corners += [np.add(box[:2], -margin), np.add(box[2:], margin)]
        return box

    def figure(self, margin=6):
        (left, top), (right, bottom) = np.min(self.corners, 0) - margin, np.max(self.corners, 0) + margin
        width, height = np.ceil([right - left, bottom - top])
        self.drawing.set_size_inches(width / 72, height / 72)
        self.axes.set(xlim=(left, left + width), ylim=(top + height, top))
        return Figure(self.drawing, self.alt)


@cache
def _ink(what, size, bold=False):
    """The box that a text fills, from where it begins and its base line, y upwards."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath
    font = FontProperties(weight="bold" if bold else "normal")
    try:
        return TextPath((0, 0), what, size=size, prop=font).get_extents()
    except ValueError:                      # Matplotlib's own is a drawing over several lines
        raise ValueError(f"a text must be plain or Matplotlib's math; got {_validate.shown(what)}") from None


def _number(value, digits=4):
    """A number as the book prints it: integers whole, others to a few digits, true minus signs."""
    if isinstance(value, str):
        return value
    value = float(value)
    if value == round(value) and abs(value) < 1e7:
        return f"{round(value)}".replace("-", "−")
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    power = f"$\\times10^{{{int(exponent)}}}$" if exponent else ""
    return mantissa.replace("-", "−") + power


# ---- matrices -----------------------------------------------------------------------------

@dataclass(frozen=True, eq=False)
class M:
    """A matrix to draw: its numbers (or letters), and a name above it.

    values: 2-D, 1-D (drawn as a column) or a single number. chosen, lit: an
    index, or a list of them, washed in blue or in the colour of derivatives.
    """
    values: object
    name: str = ""
    lit: object = None
    chosen: object = None
    shape: bool = True

    def __post_init__(self):
        try:
            if isinstance(self.values, np.ma.MaskedArray):
                raise ValueError
            values = np.array(self.values, dtype=object)
        except Exception:
            raise ValueError("values must be a rectangle of numbers or texts; "
                             f"got {_validate.kind(self.values)} that is none") from None
        if values.ndim > 2 or not values.size:
            raise ValueError("values must have at most two dimensions and at least one number; "
                             f"got {values.ndim} dimensions and {values.size} numbers")
        for value in values.flat:
            if not isinstance(value, str) or not value:
                _validate.array("each of values", value, ())
        _validate.text("name", self.name)
        _validate.flag("shape", self.shape)
        object.__setattr__(self, "values", values)
        for name in ("lit", "chosen"):
            _marked(self, getattr(self, name), name)


def matrices(*parts, alt):
    """An equation between matrices, drawn with all their entries.

    parts: M(…) for a matrix, text for what stands between them, spaces for a
    gap, "\\n" for a new row. An equation of numbers is worked out before it is
    drawn: "=", "+", ⊙ and · mean what they mean on paper, and matrices beside
    each other are multiplied.
    Raises ValueError for an empty alt, for a part that is neither, for an
    array of more than two dimensions, if there is nothing to draw, and if the
    sides of an equation differ.
    """
    if all(isinstance(_part(part), str) and not part.strip() for part in parts):
        raise ValueError("parts must hold an M or a text; got nothing to draw")
    with _paper(alt) as paper:
        rows = [[]]
        for part in parts:
            rows.append([]) if part == "\n" else rows[-1].append(part)
        _refuse_what_is_false(rows)
        bottom = 0
        for row in rows:
            height = max([len(_cells(part)) for part in row if isinstance(part, M)], default=1) * LINE
            middle, x = bottom + height / 2, 0
            for part in row:
                if isinstance(part, M):
                    x = _matrix(paper, part, x, middle) + 12
                elif part.isspace():
                    x += 8 * len(part)
                else:
                    x = paper.text(x + 4, middle, part, 19, align=0)[2] + 12
            bottom = max(box[1] for box in paper.corners) + 34
        return paper.figure()


def _part(part):
    if not isinstance(part, (str, M)) or isinstance(part, str) and not part:
        raise ValueError(f"a part must be M(values) or text; got {type(part).__name__}")
    return part


# What a sign between two matrices does; the first binds loosest, and no sign, a product, binds closest.
_SIGNS = {"+": np.add, r"$\odot$": np.multiply, r"$\cdot$": np.multiply}


def _refuse_what_is_false(rows):
    """Works out every equation of numbers; one with letters or with other signs is taken as it is."""
    for row in rows:
        for _, equation in groupby(row, lambda part: isinstance(part, str) and part.isspace()):
            try:
                sides = list(map(_value, _split(equation, "=")))
            except TypeError:
                continue
            except ValueError:
                raise ValueError("parts must fit each other; got shapes that cannot be multiplied or added") from None
            for side in sides[1:]:
                if side.shape != sides[0].shape or not np.allclose(side, sides[0], rtol=1e-9, atol=1e-12):
                    raise ValueError("parts must be equal on both sides of =; got "
                                     f"{_validate.shown(sides[0].tolist())} and {_validate.shown(side.tolist())}")


def _value(parts, signs=tuple(_SIGNS)):
    """What parts amount to, as rows and columns; TypeError for what is no number."""
    if signs:
        values = [_value(some, signs[1:]) for some in _split(parts, signs[0])]
        if signs[0] != r"$\cdot$" and len({value.shape for value in values}) > 1:
            raise ValueError                                        # NumPy would stretch one of them
        return reduce(_SIGNS[signs[0]], values)
    if any(isinstance(one, str) for part in parts for one in (part.values.flat if isinstance(part, M) else [part])):
        raise TypeError
    return reduce(lambda one, other: one * other if 1 in (one.size, other.size) else one @ other,
                  [_cells(part).astype(float) for part in parts])


def _split(parts, sign):
    return [list(some) for is_sign, some in groupby(parts, lambda part: isinstance(part, str) and part == sign)
            if not is_sign]


def _cells(part):
    """The entries of a part as rows and columns."""
    return part.values.reshape(-1, 1) if part.values.ndim < 2 else part.values


def _matrix(paper, part, left, middle, size=17):
    """One matrix, from `left` on and centred on height `middle` → where it ends."""
    cells, single = _cells(part), np.ndim(part.values) == 0
    top, bottom = middle - len(cells) * LINE / 2, middle + len(cells) * LINE / 2
    lit, chosen = _marked(part, part.lit), _marked(part, part.chosen)
    edges, pad = [left + (0 if single else 4)], 4 if single else 9
    for k, column in enumerate(cells.T):
        words, align = _column(column)
        wide = max(_ink(word, size).width for word in words)
        edges.append(edges[-1] + wide + 2 * pad)
        for row, word in enumerate(words):
            marked = [colour for places, colour in ((lit, ACCENT), (chosen, BLUE))
                      if any(place[row, k] for place in places)]
            paper.text(edges[-2] + pad + align * wide, top + (row + 0.5) * LINE, word, size,
                       (marked or [INK])[0], align, bold=bool(marked))
    for places, colour in ((lit, ACCENT), (chosen, BLUE)):
        for place in places:
            ys, xs = np.nonzero(place)
            paper.box(edges[xs.min()] + 1, top + ys.min() * LINE + 1, edges[xs.max() + 1] - 1,
                      top + (ys.max() + 1) * LINE - 1, colour, WASH, corner=5)
    right = edges[-1] + (0 if single else 4)
    for x, inward in [] if single else [(left, 6), (right, -6)]:
        paper.line([x + inward, x, x, x + inward], [top, top, bottom, bottom])
    if part.name:
        paper.text((left + right) / 2, top - 16, part.name, 17)
    if part.shape and not single:
        paper.text((left + right) / 2, bottom + 14, "{} × {}".format(*cells.shape), 13, GREY)
    return right


def _column(values):
    """A column's entries in words, and how they are aligned: numbers at the right, letters centred."""
    words = [_number(value) for value in values]
    places = max(len(word.partition(".")[2]) for word in words)
    if any(isinstance(value, str) or "$" in _number(value) for value in values):
        return words, 0.5
    return [f"{value:.{places}f}".replace("-", "−") if places else word
            for value, word in zip(values, words)], 1


def _marked(part, indices, name="lit"):
    """One mask of the drawn cells for each index; None marks nothing, () a single number."""
    if indices is None:
        return []
    masks = []
    for index in indices if isinstance(indices, list) else [indices]:
        mask = np.zeros(np.shape(part.values), bool)
        try:
            mask[index] = True
        except Exception:
            raise IndexError(f"{name} must be an index of values, or a list of them, because values has "
                             f"shape {mask.shape}; got {_validate.shown(index)}") from None
        masks.append(mask.reshape(_cells(part).shape))
    return masks


def selector(v, i, *, alt):
    """What the source's o_i and O_i do to a vector: one picks v_i, the other keeps it in place.

    v (d,), i a place in v. Raises IndexError for i out of range, ValueError for an empty alt.
    """
    v = _validate.array("v", v, ("d",))
    i = _validate.index("i", i, v.size, f"v has {v.size} elements")
    row, square, vector = o(i, v.size), O(i, v.size), M(v, r"$\mathbf{v}$", chosen=i)
    return matrices(M(row, rf"$\mathbf{{o}}_{{{i + 1}}}$", chosen=(0, i)), vector, "=", M(v[i], chosen=()),
                    "\n",
                    M(square, rf"$\mathbf{{O}}_{{{i + 1}}}$", chosen=(i, i)), vector, "=",
                    M(square @ v, chosen=i), alt=alt)


# ---- networks -----------------------------------------------------------------------------

def network(net, x=None, *, alt, lit=None, weights=True, values="auto", names=True):
    """A network from left to right: a number in each unit, its weights on the wires.

    x (d_in,): each unit shows φ(z) inside and z below; without it, b alone.
    values: what stands below a unit, "z", "slopes", "both", "none", or "auto":
    the slopes if something is lit, else z. lit ("W", m, i, j) or ("b", m, i):
    the way of that derivative to the outputs, with the source's v at each unit.
    Layers wider than 6 show a few of their units, and no weights.
    Raises ValueError, TypeError or IndexError for arguments that do not fit.
    """
    with _paper(alt) as paper:
        _network(paper, net, x, lit, weights, values, names)
        return paper.figure()


def chain(net, x, *, alt, lit=None):
    """A network of width 1 as one line of units, with z and the slope under each.

    x (1,); lit as in `network`: the derivative grows from left to right, one
    weight and one slope at a time. Raises ValueError if a layer is wider than 1.
    """
    _validate.instance("net", net, Network)
    if set(net.widths) != {1}:
        raise ValueError(f"net must have width 1 throughout; got widths {_validate.shown(net.widths)}")
    forward(net, x)                         # None stands for no x in a network, and is wrong here
    with _paper(alt) as paper:
        places, trace, v = _network(paper, net, x, lit, True, "both", True, pitch=180)
        for k in v:
            factors = [trace.inputs[k][0] if lit[0] == "W" else None, trace.slopes[k][0]]
            if k > lit[1]:
                factors = [v[k - 1][0], net[k].W[0, 0], trace.slopes[k][0]]
            words = [_number(f) for f in factors if f is not None]
            words = words[:1] + [f"({w})" if w[0] == "−" else w for w in words[1:]]
            paper.text(places[k + 1, 0][0], RADIUS + 62, " · ".join(words), 16, ACCENT)
        return paper.figure()


def _network(paper, net, x, lit, weights, values, names, pitch=None):
    """Draws it → the place of each unit, the trace, and the lit numbers layer by layer."""
    _validate.instance("net", net, Network)
    weights, names = _validate.flag("weights", weights), _validate.flag("names", names)
    trace = None if x is None else forward(net, x)
    v = _lit_numbers(net, trace, lit)
    below = _below(trace, values, lit)
    columns = [_drawn(width, k, lit) for k, width in enumerate(net.widths)]
    high = max(94, 70 + 20 * (len(below) + (trace is not None)) + (8 if lit and lit[0] == "b" else 0))
    wide = pitch or min(164, (WIDTH - 120) / len(net))
    places = {(k, unit): (k * wide, (row - (len(column) - 1) / 2) * high)
              for k, column in enumerate(columns) for row, unit in enumerate(column)}
    boxes = []
    for (k, unit), (cx, cy) in places.items():
        if unit < 0:
            paper.text(cx, cy, "⋮", 22, GREY)
        else:
            boxes += _unit(paper, net, trace, lit, v, k, unit, cx, cy, below, names)
    top = min(corner[1] for corner in paper.corners) - 18
    for k in range(len(columns)):
        paper.text(k * wide, top, f"layer {k - 1}" if k else "reads", 16, GREY)
    _wires(paper, net, lit, v, columns, places, boxes, weights)
    return places, trace, v


def _below(trace, values, lit):
    """What stands under a unit: its name in the figure and where the numbers are."""
    choices = {"z": ["$z$"], "slopes": ["$\\phi$′"], "both": ["$z$", "$\\phi$′"], "none": []}
    if isinstance(values, str) and values == "auto":
        values = "slopes" if lit else "z"
    if not isinstance(values, str) or values not in choices:
        raise ValueError(f"values must be auto, {', '.join(choices)}; got {_validate.shown(values)}")
    numbers = {} if trace is None else {"$z$": trace.z, "$\\phi$′": trace.slopes}
    return {name: numbers[name] for name in choices[values] if numbers}


def _lit_numbers(net, trace, lit):
    """The source's recursion: {k: v of layer k} from the lit weight or bias to the outputs."""
    if lit is None:
        return {}
    if trace is None:
        raise ValueError("x must be given where lit is, because a derivative depends on where it is taken")
    if not isinstance(lit, tuple) or not lit or not isinstance(lit[0], str) \
            or (lit[0], len(lit)) not in [("W", 4), ("b", 3)]:
        raise ValueError(f'lit must be ("W", m, i, j) or ("b", m, i); got {_validate.shown(lit)}')
    m, i = lit[1:3]
    rows, columns = net[m].W.shape
    v = O(_validate.index("i", i, rows, f"layer {m} has {rows} units"), rows) @ trace.slopes[m]
    if lit[0] == "W":
        j = _validate.index("j", lit[3], columns, f"layer {m} reads {columns} numbers")
        v = v * (o(j, columns) @ trace.inputs[m])
    numbers = {m: v}
    for k in range(m + 1, len(net)):
        numbers[k] = trace.slopes[k] * (net[k].W @ numbers[k - 1])
    return numbers


def _drawn(width, column, lit):
    """The units of a column that are drawn; a negative number stands for those left out."""
    if width <= WIDEST:
        return list(range(width))
    kept = {0, 1, 2, width - 1}
    if lit and column in (lit[1], lit[1] + 1):
        kept |= set(lit[2:3] if column > lit[1] else lit[3:])
    gaps = {-unit for unit in kept if unit and unit - 1 not in kept}
    return sorted(kept | gaps, key=lambda unit: (abs(unit), unit))


def _unit(paper, net, trace, lit, v, k, unit, cx, cy, below, names):
    """One circle with its numbers → the boxes that wires and weights keep clear of."""
    m, last = k - 1, len(net)
    number = m in v and (m > lit[1] or unit == lit[2])
    alive = number and v[m][unit] != 0
    read = lit and lit[0] == "W" and m == lit[1] - 1 and unit == lit[3]
    edge = ACCENT if alive else BLUE if read else INK if not lit and k else REST
    paper.disc(cx, cy, RADIUS, edge, width=2.2 if alive or read else 1.4)
    texts = []
    if trace is not None:
        a = trace.y_hat if k == last else trace.inputs[k]
        texts.append(paper.text(cx, cy, _number(a[unit], 3), 18, fit=2 * RADIUS - 8))
    elif k:
        texts.append(paper.text(cx, cy, "$\\phi$", 18, GREY))
    if number:
        texts.append(paper.text(cx, cy - RADIUS - 13, _number(v[m][unit]), 18,
                                ACCENT if alive else GREY, bold=True))
    if k and (not lit or lit == ("b", m, unit)):
        texts.append(paper.text(cx, cy - RADIUS - (34 if lit else 12),
                                f"$b$ = {_number(net[m].b[unit], 3)}", 16, ACCENT if lit else INK))
    for row, (name, numbers) in enumerate(below.items() if k else ()):
        words = f"{name} = {_number(numbers[m][unit], 3)}"
        texts.append(paper.text(cx, cy + RADIUS + 14 + 20 * row, words, 16))
    if names and k in (0, last):
        letter, side = (r"\hat{y}", 1) if k else ("x", -1)
        texts.append(paper.text(cx + side * (RADIUS + 9), cy, rf"$\mathbf{{{letter}}}_{{{unit + 1}}}$", 19,
                                align=0 if k else 1))
    return [(cx - RADIUS, cy - RADIUS, cx + RADIUS, cy + RADIUS), *texts]


def _wires(paper, net, lit, v, columns, places, boxes, weights):
    """The wires, each broken where a number stands, and the weights on them."""
    pieces = []
    for k, (before, after) in enumerate(zip(columns, columns[1:])):
        ways = {(i, j): np.array([places[k, j], places[k + 1, i]], float)
                for j in before for i in after if min(i, j) >= 0}
        if weights and min(before + after) >= 0:
            for (i, j), ends in ways.items():
                rivals = [way for place, way in ways.items() if place != (i, j)]
                _chip(paper, boxes, rivals, ends, _number(net[k].W[i, j], 3), lit == ("W", k, i, j))
        for (i, j), ends in ways.items():
            here = lit == ("W", k, i, j)
            warm = here or k - 1 in v and v[k - 1][j] != 0 and net[k].W[i, j] != 0
            pieces.append((ends, ACCENT if warm else REST, 2.8 if here else 2 if warm else 1.2))
    for ends, colour, width in pieces:
        for piece in _outside(ends, np.array(boxes)):
            paper.line(*piece.T, colour, width)


def _chip(paper, boxes, rivals, ends, word, here):
    """A weight on its wire, near its beginning, where it meets no number and few other wires."""
    half = (np.array([_ink(word, 16, here).width, 11]) + 5) / 2
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
    boxes.append(paper.text(x, y, word, 16, ACCENT if here else INK, bold=here))


def _outside(ends, boxes, gap=3):
    """The pieces of a straight wire that no box (left, top, right, bottom) covers."""
    points = (ends[0] + np.linspace(0, 1, 401)[:, None] * (ends[1] - ends[0]))[:, None]
    covered = (points > boxes[:, :2] - gap) & (points < boxes[:, 2:] + gap)
    free = ~covered.all(axis=2).any(axis=1)
    turns = np.flatnonzero(np.diff(np.concatenate([[False], free, [False]])))
    return [points[[start, stop - 1], 0] for start, stop in turns.reshape(-1, 2) if stop - start > 4]


# ---- curves -------------------------------------------------------------------------------

class _Plane:
    """A rectangle of the paper in which curves are drawn in their own units."""

    def __init__(self, paper, box, xs, ys):
        self.paper, self.box, self.xs, self.ys = paper, box, xs, ys

    def at(self, x, y):
        left, top, right, bottom = self.box
        return (left + (right - left) * (np.asarray(x) - self.xs[0]) / (self.xs[1] - self.xs[0]),
                bottom - (bottom - top) * (np.asarray(y) - self.ys[0]) / (self.ys[1] - self.ys[0]))

    def line(self, x, y, *how):
        self.paper.line(*self.at(x, y), *how)


def tangent(f, at, slope, *, alt, span, name="", value_name="", h=None):
    """A curve, a point of it and the straight line through it with a given slope.

    f: float → float, drawn from at - span to at + span. name, value_name: what
    moves, and what follows. With h also the secant through at - h and at + h.
    Raises ValueError for a span or an h that is not above 0 or too small to be
    seen beside at, for values of f that are not finite, or an empty alt.
    """
    f, at, span, h, lines, xs = _tangent(f, at, slope, span, h, value_name)
    _validate.text("name", name)
    low, high = _apart_at_least(np.min([ys for ys, *_ in lines]), np.max([ys for ys, *_ in lines]))
    with _paper(alt) as paper:
        plane = _Plane(paper, (0, 0, 430, 260), (at - span, at + span), (low, high))
        paper.line([0, 430], [284, 284], REST, 1)
        for x in [at, *([at - h, at + h] if h else [])]:
            px, py = plane.at(x, f(x))
            paper.line([px, px], [py, 289], REST, 1, (0, (2, 3)))
            paper.disc(px, py, *((5, "none", INK) if x == at else (4, "none", BLUE)))
            if x == at or h > 0.28 * span:
                paper.text(px, 302, _number(x), 16)
        middle, level = plane.at(at, f(at))
        paper.line([0, middle], [level, level], REST, 1, (0, (2, 3)))
        paper.text(-8, level, _number(f(at)), 16, align=1)
        ends = _apart([plane.at(at, ys[-1])[1] for ys, *_ in lines], 23)
        for end, (ys, words, *how) in zip(ends, lines):
            plane.line(xs, ys, *how)
            if words:
                paper.text(438, end, words, 17, how[0], align=0)
        if name:
            paper.text(438, 286, name, 17, align=0)
        return paper.figure()


@_validate.overflow_in_words
def _tangent(f, at, slope, span, h, value_name):
    """The arguments of `tangent`, looked at, and its lines: (heights, words, colour, width, dashes)."""
    _validate.function("f", f, "a number")
    at, slope = (float(_validate.array(*pair, ())) for pair in (("at", at), ("slope", slope)))
    span, h = _validate.positive("span", span), None if h is None else _validate.positive("h", h)
    xs = _validate.array("at ± span", at + span * np.linspace(-1, 1, 121), (121,))
    for name, move in (("span", span / 60), ("h", h)):
        if move is not None and not at - move < at < at + move:
            raise ValueError(f"{name} must be larger, because rounding swallows it beside at; got {move:g}")

    def value(x):
        return float(_validate.array("what f returns", f(x), ()))

    lines = [(np.array([value(x) for x in xs]), _validate.text("value_name", value_name), INK, 1.8, "-"),
             (value(at) + slope * (xs - at), f"slope {_number(slope)}", ACCENT, 2.2, "-")]
    if h:
        rate = (value(at + h) - value(at - h)) / (2 * h)
        lines.append((value(at - h) + rate * (xs - at + h), f"secant {rate:.4g}" if not np.isfinite(rate)
                      else f"secant {_number(rate)}", BLUE, 1.6, (0, (6, 4))))
    for heights, words, *_ in lines:
        _validate.finite(f"the line {words}" if words else "the curve", heights / 1e-3, "scale f, or draw it elsewhere")
    return value, at, span, h, lines, xs


def _apart_at_least(low, high):
    """The ends of an axis; a curve that does not move gets one of length 1 (or what rounding sees) around it."""
    if high - low > 1e-12 * max(abs(low), abs(high)):
        return low, high
    room = max(0.5, 0.5 * abs(low))
    return low - room, high + room


def error_curves(steps, errors, *, alt):
    """How large an error is for each step, both on logarithmic scales.

    steps (k,), errors a dictionary of a name and k errors for each curve; an
    error of 0 is drawn at the lower edge.
    Raises ValueError for an empty alt, for other shapes, for a step that is not
    above 0, an error below 0, and for more than three curves.
    """
    steps, curves = _logarithms(steps, errors)
    low, high = np.floor(min(map(np.min, curves.values()))), np.ceil(max(map(np.max, curves.values())))
    high = max(high, low + 1)
    with _paper(alt) as paper:
        plane = _Plane(paper, (0, 0, 460, 280), (steps.min(), steps.max()), (low, high))
        plane.line([steps.min(), steps.max()], [low, low], REST, 1)
        plane.line([steps.min()] * 2, [low, high], REST, 1)
        for power in np.arange(np.ceil(steps.min()), steps.max() + 1, 3):
            paper.text(plane.at(power, low)[0], 298, f"$10^{{{power:.0f}}}$", 15)
        for power in np.arange(low, high + 1, 4):
            paper.text(-10, plane.at(0, power)[1], f"$10^{{{power:.0f}}}$", 15, align=1)
        paper.text(478, 298, "$h$", 17, align=0)
        paper.text(0, -22, "relative error", 15, GREY)
        how = ((GREY, (0, (2, 2)), -3, 1, -14), (INK, (0, (7, 3)), -6, 1, 20), (BLUE, "-", -11, 0.5, -18))
        for (name, curve), (colour, dashes, named_at, align, beside) in zip(curves.items(), how):
            plane.line(steps, curve, colour, 1.8, dashes)
            x, y = plane.at(named_at, curve[abs(steps - named_at).argmin()])
            paper.text(x, y + beside, name, 16, colour, align)
        return paper.figure()


def _logarithms(steps, errors):
    """The arguments of `error_curves`, looked at, as powers of ten."""
    steps = np.log10(_validate.between("steps", steps, ("k",), 5e-324, np.inf, "their scale is logarithmic"))
    if np.ptp(steps) == 0:
        raise ValueError("steps must hold two different steps, because a curve joins them")
    if not isinstance(errors, dict) or not 1 <= len(errors) <= 3:
        raise ValueError("errors must be a dictionary of one to three names and their errors; "
                         f"got {_validate.shown(errors)}")
    curves = {}
    for name, values in errors.items():
        _validate.text("each name of errors", name, needed=True)
        _validate.array(f"errors of {name}", values, steps.shape, "steps has that shape")
        values = _validate.between(f"errors of {name}", values, steps.shape, 0, np.inf, "an error is a size")
        curves[name] = np.log10(np.clip(values, 1e-17, None))
    return steps, curves


def _apart(heights, gap):
    """The same heights, in their order, moved up so that neighbours are a gap apart."""
    order = np.argsort(heights, kind="stable")[::-1]
    moved = np.array(heights, float)
    for below, above in zip(order, order[1:]):
        moved[above] = min(moved[above], moved[below] - gap)
    return moved


def activation_curves(names, *, alt):
    """φ in ink and φ′ in the colour of derivatives, one panel for each activation.

    names: a list of Activations or their names. Raises ValueError for an unknown name, an empty alt, or
    values that are not finite, TypeError for what is not a list.
    """
    z = np.linspace(-3, 3, 181)
    names = [activation(phi) for phi in _validate.sequence("names", names, "activations")]
    if not names:
        raise ValueError("names must hold at least one activation; got none")
    across = 2 if len(names) in (2, 4) else 3
    with _paper(alt) as paper:
        for k, phi in enumerate(names):
            left, top = 245 * (k % across), 225 * (k // across)
            height, slope = _drawn_curves(phi, z)
            slope[1:][_jumps(slope)] = np.nan
            curves = ((height, "$\\phi$", INK, 2), (slope, "$\\phi$′", ACCENT, 2, (0, (5, 2))))
            ys = [min(-0.2, *(np.nanmin(curve[0]) for curve in curves)),
                  max(1.2, *(np.nanmax(curve[0]) for curve in curves))]
            plane = _Plane(paper, (left, top, left + 190, top + 150), (-3, 3), ys)
            plane.line([-3, 3], [0, 0], REST, 1)
            plane.line([0, 0], ys, REST, 1)
            plane.line([-3, 3], [1, 1], REST, 1, (0, (2, 3)))
            paper.text(left - 5, plane.at(0, 1)[1], "1", 14, GREY, 1)
            paper.text(left + 95, top - 20, phi.name.replace("_", " "), 17)
            ends = _apart([plane.at(3, curve[np.isfinite(curve)][-1])[1] for curve, *_ in curves], 22)
            for end, (curve, label, colour, *how) in zip(ends, curves):
                plane.line(z, curve, colour, *how)
                paper.text(left + 198, end, label, 18, colour, align=0)
            for x in (-3, 3):
                paper.text(plane.at(x, 0)[0], top + 166, _number(x), 14, GREY)
        return paper.figure()


def _jumps(curve):
    """Where a curve jumps, which is not drawn: a step that is large, and much larger than those beside it."""
    steps = abs(np.diff(curve))
    beside = np.maximum(np.append(0, steps[:-1]), np.append(steps[1:], 0))
    return (steps > 0.5) & (steps > 2 * beside)


def _drawn_curves(phi, z):
    """Fresh arrays of φ and φ′, each of them finite."""
    return [_validate.array(f"{letter} of {phi.name}", function(z.copy()), z.shape).copy()
            for letter, function in (("f", phi.f), ("df", phi.df))]


# ---- digits -------------------------------------------------------------------------------

def digit(image, y_hat=None, *, alt, label=None):
    """A handwritten digit, and how strongly each of ten answers is given.

    image (64,) from 0, paper, to 1, ink; y_hat (10,); label: a line under the image.
    Raises ValueError for other shapes, a pixel outside of 0 … 1, or an empty alt.
    """
    image = _validate.between("image", image, (64,), 0, 1, "0 is paper and 1 is ink")
    if y_hat is not None:
        y_hat = _validate.array("y_hat", y_hat, (10,), "there are ten digits")
    if label is not None and not isinstance(label, str):
        label = _validate.shown(_validate.integer("label, if it is not text,", label))
    with _paper(alt) as paper:
        paper.line([-3, 186, 186, -3, -3], [-3, -3, 186, 186, -3], REST, 1)
        for k, ink in enumerate(image):
            x, y = 23 * (k % 8), 23 * (k // 8)
            paper.box(x, y, x + 22, y + 22, INK, float(ink))
        if label is not None:
            paper.text(92, 204, label, 16)
        if y_hat is not None:
            _bars(paper, y_hat)
        return paper.figure()


def _bars(paper, y_hat, left=270, long=190):
    low, high = min(0, y_hat.min()), max(y_hat.max(), 1e-300)
    zero, unit = left - long * low / (high - low), long / (high - low)
    for k, value in enumerate(y_hat):
        y, best = 1 + 20 * k, k == y_hat.argmax()
        colour = BLUE if best else GREY
        paper.text(240, y, str(k), 16, BLUE if best else INK, bold=best)
        ends = sorted((zero, zero + unit * value))
        paper.box(ends[0], y - 7, ends[1] + 0.5, y + 7, colour, 1 if best else 0.55)
        paper.text(left + long + 62, y, f"{value:.3f}".replace("-", "−"), 15, colour, 1, best)


def derivative_image(image, derivatives, titles, *, alt):
    """How a number moves with each pixel: one 8×8 panel for each array of derivatives.

    Squares are positive, discs negative; the deeper the colour, the larger the
    derivative, on one scale for all panels. Dark dots are the digit's ink.
    image (64,), derivatives (64,) or a list of them, titles text or as many texts.
    Raises ValueError for other shapes, a pixel outside of 0 … 1, or an empty alt.
    """
    image = _validate.between("image", image, (64,), 0, 1, "0 is paper and 1 is ink")
    panels = np.atleast_2d(_validate.array("derivatives", derivatives, ...))
    panels = _validate.array("derivatives", panels, ("panels", 64))
    titles = [titles] if isinstance(titles, str) else _validate.sequence("titles", titles, "texts")
    for k, title in enumerate(titles):
        _validate.text(f"titles[{k}]", title)
    if len(titles) != len(panels):
        raise ValueError(f"titles must be {len(panels)}, one for each panel; got {len(titles)}")
    scale = abs(panels).max() or 1.0
    with _paper(alt) as paper:
        for p, (panel, title) in enumerate(zip(panels, titles)):
            paper.text(236 * p + 100, -18, title, 16)
            for k, (value, ink) in enumerate(zip(panel / scale, image)):
                x, y = 236 * p + 25 * (k % 8), 25 * (k // 8)
                _cell(paper, x, y, value)
                paper.box(*(np.array([x, y] * 2) + 12 + np.array([-1, -1, 1, 1]) * 5 * ink**0.5), INK)
        _scale(paper, 118 * len(panels) - 18, 236, scale)
        return paper.figure()


def _cell(paper, x, y, value):
    """One derivative between -1 and 1 as a square (positive) or a disc (negative)."""
    if value >= 0:
        paper.box(x, y, x + 24, y + 24, ACCENT, float(value))
    else:
        paper.disc(x + 12, y + 12, 12, face=BLUE, alpha=float(-value), zorder=0)


def _scale(paper, middle, top, scale):
    """The colours of five derivatives, the outer two and zero with their numbers."""
    for k, value in enumerate((-1, -0.5, 0, 0.5, 1)):
        x = middle - 62 + 25 * k
        _cell(paper, x, top - 12, value)
        if not value:
            paper.line([x + 6, x + 18], [top, top], GREY, 1)
    paper.text(middle - 70, top, _number(-scale, 3), 15, BLUE, align=1)
    paper.text(middle + 70, top, f"+{_number(scale, 3)}", 15, ACCENT, align=0)
