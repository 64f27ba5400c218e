"""The paper that every figure is drawn on: the book's ink, its colours and its settings.

This package alone imports Matplotlib, and only when a figure is drawn.
"""
import re
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from xml.sax.saxutils import escape

import numpy as np

from .. import _validate

INK, ACCENT, BLUE, GREY, REST = "#1b1b1b", "#b93a17", "#1f5a99", "#666666", "#a6a6a6"
WASH = 0.12                     # how much of its colour stands behind a selected number
WIDTH, NARROW = 720, 550        # in CSS pixels: of the text on a page; of what a phone shows whole, in letters of 16
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
        svg = self._rendered(format="svg", metadata=ANONYMOUS).decode()
        svg = re.sub(r"<!--.*?-->|<style.*?</style>| id=\"\w+_\d+\"", "", svg, flags=re.S)
        svg = re.sub(r' style="([^"]*)"', _as_attributes, svg)
        view = re.search(r'viewBox="[^"]*"', svg)[0]
        label = escape(" ".join(self.alt.split()), {'"': "&quot;"})
        return (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
                f'role="img" aria-label="{label}" width="{self.width:g}" '
                f'height="{self.height:g}" {view} stroke-linejoin="round">'
                + re.sub(r"\s*\n\s*", "\n", svg[svg.index(">", svg.index("<svg")) + 1:]))

    def _repr_png_(self):
        png = self._rendered(format="png", dpi=144 * self.shrink, metadata={"Software": None})
        from PIL import Image                   # comes with Matplotlib; 64 colours weigh a third
        small = BytesIO()
        Image.open(BytesIO(png)).quantize(64).save(small, "png", optimize=True)
        return small.getvalue()

    def _rendered(self, **how):
        with book_style():
            file = BytesIO()
            self.figure.savefig(file, transparent=True, **how)
        return file.getvalue()


def _as_attributes(style):
    """style="a: b; c: d" as a="b" c="d": a content policy may forbid the first, and no policy forbids the second."""
    pairs = (pair.split(":") for pair in style[1].split(";") if pair.strip())
    return "".join(f' {key.strip()}="{value.strip()}"' for key, value in pairs)


def book_style():
    """The book's settings on top of Matplotlib's own; the reader's come back afterwards."""
    from matplotlib import style
    return style.context(STYLE, after_reset=True)


@contextmanager
def new_paper(alt):
    """A new sheet in the book's settings, on which NumPy warns of nothing; refuses an empty alt."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("alt must say in words what the figure shows, "
                         f"because not every reader sees it; got {_validate.shown(alt)}")
    with book_style(), np.errstate(all="ignore"):
        yield Paper(alt)


class Paper:
    """A drawing surface measured in CSS pixels, y downwards, as large as what is drawn on it."""

    def __init__(self, alt):
        from matplotlib.figure import Figure as Drawing
        self.alt, self.drawing, self.corners = alt, Drawing(), []       # corners of all that is drawn
        self.axes = self.drawing.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()

    def text(self, x, y, what, size, colour=INK, align=0.5, bold=False, fit=np.inf):
        """Text with its digits centred at height y → the box that its ink fills.

        align is the part of the text that stands left of x: 0, 0.5 or 1. A text
        that is wider than `fit` becomes smaller.
        """
        if not what.strip():
            return self.reach((x, y, x, y))
        ink = ink_box(what, size, bold)
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
        self.axes.add_artist(Circle((x, y), radius, ec=edge, fc=face, lw=width, clip_on=False,
                                   **{"zorder": 2, **more}))
        return self.reach((x - radius, y - radius, x + radius, y + radius), margin=width)

    def box(self, x0, y0, x1, y1, colour, alpha=1.0, corner=0):
        from matplotlib.patches import FancyBboxPatch
        style = f"round,pad=0,rounding_size={corner}" if corner else "square,pad=0"
        self.axes.add_artist(FancyBboxPatch((x0, y0), x1 - x0, y1 - y0, style, ec="none", fc=colour,
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
def ink_box(what, size, bold=False):
    """The box that the ink of a text fills, measured from where its base line begins, y upwards."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath
    font = FontProperties(weight="bold" if bold else "normal")
    try:
        return TextPath((0, 0), what, size=size, prop=font).get_extents()
    except ValueError:                      # Matplotlib's own is a drawing over several lines
        raise ValueError(f"a text must be plain or Matplotlib's math; got {_validate.shown(what)}") from None


def beside_names(names, most):
    """How wide a plane may be that has numbers of up to 60 pixels on its left, and names of size 16 on its right."""
    return max(200, min(most, NARROW - 76 - max(ink_box(name, 16).width for name in names)))


def number_text(value, digits=4):
    """A number as the book prints it: integers whole, others to a few digits, true minus signs."""
    if isinstance(value, str):
        return value
    value = float(value)
    if value == round(value) and abs(value) < 1e7:
        return f"{round(value)}".replace("-", "−")
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    power = f"$\\times10^{{{int(exponent)}}}$" if exponent else ""
    return mantissa.replace("-", "−") + power


class Plane:
    """A rectangle of the paper in which curves are drawn in their own units: xs and ys are the ends of its axes."""

    def __init__(self, paper, box, xs, ys):
        self.paper, self.box, self.xs, self.ys = paper, box, xs, ys

    def place(self, x, y):
        left, top, right, bottom = self.box
        return (left + (right - left) * (np.asarray(x) - self.xs[0]) / (self.xs[1] - self.xs[0]),
                bottom - (bottom - top) * (np.asarray(y) - self.ys[0]) / (self.ys[1] - self.ys[0]))

    def line(self, x, y, *style):
        self.paper.line(*self.place(x, y), *style)
