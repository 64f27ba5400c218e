"""How a cost grows with a size, on logarithmic scales."""
import numpy as np

from .. import _validate
from ._paper import BLUE, GREY, INK, REST, Plane, beside_names, new_paper
from .curves import _spread_apart

__all__ = ["cost_curves"]


def cost_curves(sizes, costs, *, alt, size_name="", cost_name="", measured=None):
    """What each way of computing something costs for each size, both on logarithmic scales.

    sizes (k,) from small to large, costs a dictionary of a name and k costs for
    each curve; the last curve is the one that the text is about. measured: of
    some of these names, what was measured, as dots, rings and squares. size_name,
    cost_name: what the axes show.
    Raises ValueError for an empty alt, for other shapes, for a size or a cost
    that is not above 0, for sizes that do not grow, and for other names.
    """
    sizes = _logarithms("sizes", sizes, ("k",))
    if sizes.size < 2 or (np.diff(sizes) <= 0).any():
        raise ValueError("sizes must hold two numbers or more, each above the one before it, because a curve joins them")
    curves = _curves("costs", costs, sizes.shape)
    dots = {} if measured is None else _curves("measured", measured, sizes.shape)
    if not dots.keys() <= curves.keys():
        raise ValueError(f"measured must have names of costs, {', '.join(curves)}; got {', '.join(dots)}")
    everything = [*curves.values(), *dots.values()]
    low, high = np.floor(min(map(np.min, everything))), np.ceil(max(map(np.max, everything)))
    high = max(high, low + 1)
    with new_paper(alt) as paper:
        width = beside_names(curves, 400)
        plane = Plane(paper, (0, 0, width, 280), (sizes[0], sizes[-1]), (low, high))
        plane.line([sizes[0], sizes[-1]], [low, low], REST, 1)
        plane.line([sizes[0]] * 2, [low, high], REST, 1)
        for size in sizes:
            paper.text(plane.place(size, low)[0], 298, f"{10 ** size:.4g}", 16)
        for power in np.arange(low, high + 1, max(1, (high - low) // 4)):
            paper.text(-10, plane.place(0, power)[1], f"$10^{{{power:.0f}}}$", 16, align=1)
        paper.text(width / 2, 324, _validate.text("size_name", size_name), 16, GREY)
        paper.text(0, -22, _validate.text("cost_name", cost_name), 16, GREY, align=0)
        ends = _spread_apart([plane.place(0, curve[-1])[1] for curve in curves.values()], 22)
        styles = [(INK, 1.8, (0, (7, 3))), (INK, 1.8, (0, (2, 2))), (GREY, 1.8, (0, (5, 2, 1, 2)))] * len(curves)
        styles[len(curves) - 1] = (BLUE, 2.2, "-")
        for k, ((name, curve), end, style) in enumerate(zip(curves.items(), ends, styles)):
            plane.line(sizes, curve, *style)
            for x, y in (plane.place(*place) for place in zip(sizes, dots.get(name, ()))):
                if k % 3 == 2:                                          # a dot, a ring, a square
                    paper.box(x - 4, y - 4, x + 4, y + 4, style[0])
                else:
                    paper.disc(x, y, 4, style[0], "none" if k % 3 else style[0])
            paper.text(width + 10, end, name, 16, style[0], align=0)
        return paper.figure()


def _curves(what, costs, shape):
    """A name and logarithms for each curve."""
    if not isinstance(costs, dict) or not costs:
        raise ValueError(f"{what} must be a dictionary of names and their costs; got {_validate.shown(costs)}")
    return {_validate.text(f"each name of {what}", name, required=True): _logarithms(f"{what} of {name}", values, shape)
            for name, values in costs.items()}


def _logarithms(name, values, shape):
    return np.log10(_validate.between(name, values, shape, 5e-324, np.inf, "their scale is logarithmic"), dtype=float)
