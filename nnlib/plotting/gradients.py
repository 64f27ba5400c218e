"""A gradient beside the derivative that nudges tell, and where they part."""
import numpy as np

from .. import _validate
from ..reports import RIGHT, WRONG, Report
from ._paper import ACCENT, BLUE, GREY, INK, REST, new_paper, number_text
from .images import _draw_derivative, _draw_scale

__all__ = ["gradient_check"]

LONGEST = 100                   # of more rows or columns than this, nobody sees one


def gradient_check(report, part=None, *, alt):
    """A gradient, the derivative that nudges tell, and which entries are right.

    A small matrix shows its numbers. In a larger one squares are above 0 and discs below; the deeper the colour, the
    larger the number, on one scale for both. In the third panel a right entry is a grey dot, a wrong one a full square, an
    undecided one a ring.
    report: what `check_gradient` gives. part: the name of an array of θ; without it, the first of those with most wrong
    entries. A vector is drawn as a column, of more than two axes the last is drawn as rows.
    Raises TypeError for what is no Report, ValueError for another part, more than 100 rows or columns, or an empty alt.
    """
    _validate.instance("report", report, Report, "write check_gradient(f, theta, gradient)")
    part, panels, verdicts = _panels(report, part)
    (rows, columns), side = verdicts.shape, min(25, 210 / max(verdicts.shape))
    small = columns <= 4 and rows <= 10
    width = 56 if small else side
    scale = np.nanmax(np.abs(panels), initial=0) or 1.0
    with new_paper(alt) as paper:
        for k, title in enumerate(("gradient", "nudged", "where they part")):
            left = k * max(columns * width + 36, 130)
            paper.text(left + columns * width / 2, -18, title, 16)
            ends = left - 3, left + columns * width + 2, -3, rows * side + 2
            paper.line([ends[k] for k in (0, 1, 1, 0, 0)], [ends[k] for k in (2, 2, 3, 3, 2)], REST, 1)
            for place in np.ndindex(verdicts.shape):
                box = left + place[1] * width, place[0] * side, width - 1, side - 1
                if k == 2:
                    _draw_verdict(paper, *box, verdicts[place])
                elif not np.isnan(panels[k][place]):
                    (_draw_number if small else _draw_entry)(paper, *box, panels[k][place], scale)
        words = ", ".join(f"{count} {verdict}" for verdict, count in report.counts(part).items() if count)
        paper.text(0, rows * side + 22, f"{part}: {words}", 15, GREY, align=0)
        if not small:
            _draw_scale(paper, columns * width + 18, rows * side + 60, scale)
        return paper.figure()


def _panels(report, part):
    """The name of the part that is drawn; its gradient and what is nudged, as matrices; its verdicts, as a matrix."""
    names = [*report.parts]
    part = max(names, key=lambda name: report.counts(name)[WRONG]) if part is None else part
    if not isinstance(part, str) or part not in names:
        raise ValueError(f"part must be one of {', '.join(names[:9])}; got {_validate.shown(part)}")
    found = report.parts[part]
    shape = (-1, found.gradient.shape[-1]) if found.gradient.ndim > 1 else (-1, 1)
    verdicts = found.entries.reshape(shape)
    if max(verdicts.shape) > LONGEST:
        raise ValueError(f"part must have {LONGEST} rows and columns at most, because more cannot be seen; "
                         f"got {verdicts.shape[0]} × {verdicts.shape[1]} in {part}")
    return part, [found.gradient.reshape(shape), found.nudged.reshape(shape)], verdicts


def _draw_number(paper, x, y, width, side, value, scale):
    value = float(f"{value:.6g}") if abs(value) > 1e-9 * scale else 0.0          # rounding makes no number out of 0
    paper.box(x, y, x + width, y + side, ACCENT if value > 0 else BLUE, 0.4 * abs(value) / scale)
    paper.text(x + width / 2, y + side / 2, number_text(value), 14, INK, fit=width - 6)


def _draw_entry(paper, x, y, width, side, value, scale):
    _draw_derivative(paper, x, y, value / scale, side)


def _draw_verdict(paper, x, y, width, side, verdict):
    middle, half = (x + width / 2, y + side / 2), side / 2
    if verdict == WRONG:
        paper.box(middle[0] - half, y, middle[0] + half, y + side, INK)
    elif verdict == RIGHT:
        paper.disc(*middle, 0.15 * side, face=GREY)
    else:
        paper.disc(*middle, 0.6 * half, edge=GREY, width=max(0.5, side / 18))
