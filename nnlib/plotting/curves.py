"""Curves with their slopes: a tangent with its secant, and activations with φ′."""
import numpy as np

from .. import _validate
from ..activations import activation
from ._paper import ACCENT, BLUE, GREY, INK, REST, Plane, new_paper, number_text

__all__ = ["tangent", "activation_curves"]


def tangent(f, x0, slope, *, alt, span, name="", value_name="", h=None):
    """A curve, a point of it and the straight line through it with a given slope.

    f: float → float, drawn from x0 - span to x0 + span. name, value_name: what
    moves, and what follows. With h also the secant through x0 - h and x0 + h.
    Raises ValueError for a span or an h that is not above 0 or too small to be
    seen beside x0, for values of f that are not finite, or an empty alt.
    """
    with new_paper(alt) as paper:
        f, x0, span, h, lines, xs = _tangent_lines(f, x0, slope, span, h, value_name)
        _validate.text("name", name)
        low, high = _axis_ends(np.min([ys for ys, *_ in lines]), np.max([ys for ys, *_ in lines]))
        plane = Plane(paper, (0, 0, 430, 260), (x0 - span, x0 + span), (low, high))
        paper.line([0, 430], [284, 284], REST, 1)
        for x in [x0, *([x0 - h, x0 + h] if h else [])]:
            px, py = plane.place(x, f(x))
            paper.line([px, px], [py, 289], REST, 1, (0, (2, 3)))
            paper.disc(px, py, *((5, "none", INK) if x == x0 else (4, "none", BLUE)))
            if x == x0 or h > 0.28 * span:
                paper.text(px, 302, number_text(x), 16)
        if h is None:
            for px, x in (0, x0 - span), (430, x0 + span):
                paper.text(px, 302, number_text(x), 16)
        middle, level = plane.place(x0, f(x0))
        paper.line([0, middle], [level, level], REST, 1, (0, (2, 3)))
        paper.text(-8, level, number_text(f(x0)), 16, align=1)
        ground = plane.place(x0, 0)[1]
        if low <= 0 < high:
            paper.line([0, 430], [ground, ground], REST, 1)
            if abs(ground - level) > 18:
                paper.text(-8, ground, "0", 16, align=1)
        ends = _spread_apart([plane.place(x0, ys[-1])[1] for ys, *_ in lines], 23)
        for end, (ys, words, *style) in zip(ends, lines):
            plane.line(xs, ys, *style)
            if words:
                paper.text(438, end, words, 17, style[0], align=0)
        if name:
            paper.text(438 if h else 450, 286, name, 17, align=0)
        return paper.figure()


def _tangent_lines(f, x0, slope, span, h, value_name):
    """The arguments of `tangent`, checked, and its lines: (heights, words, colour, width, dashes)."""
    _validate.function("f", f, "a number")
    x0, slope = (float(_validate.array(*pair, ())) for pair in (("x0", x0), ("slope", slope)))
    span, h = _validate.positive("span", span), None if h is None else _validate.positive("h", h)
    xs = _validate.array("x0 ± span", x0 + span * np.linspace(-1, 1, 121), (121,))
    for name, move in (("span", span / 60), ("h", h)):
        if move is not None and not x0 - move < x0 < x0 + move:
            raise ValueError(f"{name} must be larger, because rounding swallows it beside x0; got {move:g}")

    def value(x):
        return float(_validate.array("what f returns", f(x), ()))

    lines = [(np.array([value(x) for x in xs]), _validate.text("value_name", value_name), INK, 1.8, "-"),
             (value(x0) + slope * (xs - x0), f"slope {number_text(slope)}", ACCENT, 2.2, "-")]
    if h:
        rate = (value(x0 + h) - value(x0 - h)) / (2 * h)
        lines.append((value(x0 - h) + rate * (xs - x0 + h), f"secant {rate:.4g}" if not np.isfinite(rate)
                      else f"secant {number_text(rate)}", BLUE, 1.6, (0, (6, 4))))
    for heights, words, *_ in lines:
        _validate.finite(f"the line {words}" if words else "the curve", heights / 1e-3, "scale f, or draw it elsewhere")
    return value, x0, span, h, lines, xs


def _axis_ends(low, high):
    """The ends of an axis; around a constant curve it has length 1, or as much as rounding needs."""
    if high - low > 1e-12 * max(abs(low), abs(high)):
        return low, high
    margin = max(0.5, 0.5 * abs(low))
    return low - margin, high + margin


def _spread_apart(heights, gap):
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
    columns = 2 if len(names) in (2, 4) else 3
    with new_paper(alt) as paper:
        for k, phi in enumerate(names):
            left, top = 245 * (k % columns), 225 * (k // columns)
            height, slope = _curve_values(phi, z)
            slope[1:][_jumps(slope)] = np.nan
            curves = ((height, "$\\phi$", INK, 2), (slope, "$\\phi$′", ACCENT, 2, (0, (5, 2))))
            ys = [min(-0.2, *(np.nanmin(curve[0]) for curve in curves)),
                  max(1.2, *(np.nanmax(curve[0]) for curve in curves))]
            plane = Plane(paper, (left, top, left + 190, top + 150), (-3, 3), ys)
            plane.line([-3, 3], [0, 0], REST, 1)
            plane.line([0, 0], ys, REST, 1)
            plane.line([-3, 3], [1, 1], REST, 1, (0, (2, 3)))
            paper.text(left - 5, plane.place(0, 1)[1], "1", 14, GREY, 1)
            paper.text(left + 95, top - 20, phi.name.replace("_", " "), 17)
            ends = _spread_apart([plane.place(3, curve[np.isfinite(curve)][-1])[1] for curve, *_ in curves], 22)
            for end, (curve, label, colour, *style) in zip(ends, curves):
                plane.line(z, curve, colour, *style)
                paper.text(left + 198, end, label, 18, colour, align=0)
            for x in (-3, 3):
                paper.text(plane.place(x, 0)[0], top + 166, number_text(x), 14, GREY)
        return paper.figure()


def _jumps(curve):
    """Where a curve jumps, which is not drawn: a step that is large, and much larger than those beside it."""
    steps = abs(np.diff(curve))
    neighbours = np.maximum(np.append(0, steps[:-1]), np.append(steps[1:], 0))
    return (steps > 0.5) & (steps > 2 * neighbours)


def _curve_values(phi, z):
    """Fresh arrays of φ and φ′, each of them finite."""
    return [_validate.array(f"{letter} of {phi.name}", function(z.copy()), z.shape).copy()
            for letter, function in (("f", phi.f), ("df", phi.df))]
