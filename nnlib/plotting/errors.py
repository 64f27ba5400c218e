"""How an error depends on a step, on logarithmic scales."""
import numpy as np

from .. import _validate
from ._paper import BLUE, GREY, INK, REST, Plane, new_paper

__all__ = ["error_curves"]


def error_curves(steps, errors, *, alt):
    """How large an error is for each step, both on logarithmic scales.

    steps (k,), errors a dictionary of a name and k errors for each curve; an
    error of 0 is drawn at the lower edge.
    Raises ValueError for an empty alt, for other shapes, for a step that is not
    above 0, an error below 0, and for more than three curves.
    """
    steps, curves = _powers_of_ten(steps, errors)
    low, high = np.floor(min(map(np.min, curves.values()))), np.ceil(max(map(np.max, curves.values())))
    high = max(high, low + 1)
    with new_paper(alt) as paper:
        plane = Plane(paper, (0, 0, 460, 280), (steps.min(), steps.max()), (low, high))
        plane.line([steps.min(), steps.max()], [low, low], REST, 1)
        plane.line([steps.min()] * 2, [low, high], REST, 1)
        for power in np.arange(np.ceil(steps.min()), steps.max() + 1, 3):
            paper.text(plane.place(power, low)[0], 298, f"$10^{{{power:.0f}}}$", 15)
        for power in np.arange(low, high + 1, 4):
            paper.text(-10, plane.place(0, power)[1], f"$10^{{{power:.0f}}}$", 15, align=1)
        paper.text(478, 298, "$h$", 17, align=0)
        paper.text(0, -22, "relative error", 15, GREY)
        styles = ((GREY, (0, (2, 2)), -3, 1, -14), (INK, (0, (7, 3)), -6, 1, 20), (BLUE, "-", -11, 0.5, -18))
        for (name, curve), (colour, dashes, name_step, align, distance) in zip(curves.items(), styles):
            plane.line(steps, curve, colour, 1.8, dashes)
            x, y = plane.place(name_step, curve[abs(steps - name_step).argmin()])
            paper.text(x, y + distance, name, 16, colour, align)
        return paper.figure()


def _powers_of_ten(steps, errors):
    """The arguments of `error_curves`, checked, as powers of ten."""
    steps = _validate.between("steps", steps, ("k",), 5e-324, np.inf, "their scale is logarithmic")
    steps = np.log10(steps, dtype=np.float64)
    if np.ptp(steps) == 0:
        raise ValueError("steps must hold two different steps, because a curve joins them")
    if not isinstance(errors, dict) or not 1 <= len(errors) <= 3:
        raise ValueError("errors must be a dictionary of one to three names and their errors; "
                         f"got {_validate.shown(errors)}")
    curves = {}
    for name, values in errors.items():
        _validate.text("each name of errors", name, required=True)
        _validate.array(f"errors of {name}", values, steps.shape, "steps has that shape")
        values = _validate.between(f"errors of {name}", values, steps.shape, 0, np.inf, "an error is a size")
        curves[name] = np.log10(np.clip(values, 1e-17, None), dtype=np.float64)
    return steps, curves
