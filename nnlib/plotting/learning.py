"""How numbers go on from step to step, how far several runs come, and pictures in rows: what a network learns."""
import numpy as np

from .. import _validate
from ._paper import BLUE, GREY, INK, REST, Plane, beside_names, new_paper, number_text
from .curves import _axis_ends, _spread_apart

__all__ = ["progress_curves", "run_rows", "picture_rows"]


def progress_curves(curves, *, alt, step_name="", value_name="", first=1, logarithmic=False):
    """A number for each step, joined by a line; the last curve is the one that the text is about.

    curves: a dictionary of a name and k numbers for each curve, k at least 2. first: the number of the first step.
    step_name, value_name: what the axes show. logarithmic: whether the values' scale is.
    Raises ValueError for an empty alt, for curves of different lengths, and for a value that is not above 0 on a
    logarithmic scale.
    """
    if not isinstance(curves, dict) or not curves:
        raise ValueError(f"curves must be a dictionary of names and their numbers; got {_validate.shown(curves)}")
    count, lines = _validate.integer("first", first, 0, _validate.LARGEST_COUNT), {}
    logarithmic = _validate.flag("logarithmic", logarithmic)
    for name, values in curves.items():
        what = f"curves of {_validate.text('each name of curves', name, required=True)}"
        shape = next(iter(lines.values())).shape if lines else ("k",)
        values = _validate.array(what, values, shape, "all have as many steps")
        if logarithmic:
            values = np.log10(_validate.between(what, values, shape, 5e-324, np.inf, "their scale is logarithmic"))
        lines[name] = np.array(values, float)
    steps = count + np.arange(len(values))
    if len(steps) < 2:
        raise ValueError(f"curves must have at least two steps, because a line joins them; got {len(steps)}")
    low, high = min(map(np.min, lines.values())), max(map(np.max, lines.values()))
    low, high = (np.floor(low), max(np.ceil(high), np.floor(low) + 1)) if logarithmic else _axis_ends(min(low, 0), high)
    with new_paper(alt) as paper:
        width = beside_names(lines, 420)
        plane = Plane(paper, (0, 0, width, 260), steps[[0, -1]], (low, high))
        plane.line(steps[[0, -1]], [low, low], REST, 1)
        plane.line(steps[[0, 0]], [low, high], REST, 1)
        for step in dict.fromkeys(steps[[0, len(steps) // 2, -1]].tolist()):
            paper.text(plane.place(step, low)[0], 278, str(step), 16)
        heights = np.arange(low, high + 1, max(1, (high - low) // 4)) if logarithmic else (low, high)
        for height in heights:
            label = f"$10^{{{height:.0f}}}$" if logarithmic else number_text(height, 2)
            paper.text(-10, plane.place(0, height)[1], label, 16, align=1)
        paper.text(width / 2, 304, _validate.text("step_name", step_name), 16, GREY)
        paper.text(0, -22, _validate.text("value_name", value_name), 16, GREY, align=0)
        styles = [(GREY, 1.8, (0, (2, 2))), (INK, 1.8, (0, (7, 3))), (GREY, 1.8, (0, (5, 2, 1, 2)))] * len(lines)
        ends = _spread_apart([plane.place(0, values[-1])[1] for values in lines.values()], 22)
        for (name, values), end, style in zip(lines.items(), ends, [*styles[:len(lines) - 1], (BLUE, 2.2, "-")]):
            plane.line(steps, values, *style)
            paper.text(width + 10, end, name, 16, style[0], align=0)
        return paper.figure()


def run_rows(runs, *, alt, value_name=""):
    """How far several runs of each program came, a row for each; the first is the one that all are compared with.

    runs: a dictionary of a name and k shares, from 0 to 1, for each row. value_name: what the shares are of.
    Raises ValueError for an empty alt, for rows of different lengths, and for a share outside of 0 … 1.
    """
    if not isinstance(runs, dict) or not runs:
        raise ValueError(f"runs must be a dictionary of names and their shares; got {_validate.shown(runs)}")
    rows = {}
    for name, shares in runs.items():
        what = f"runs of {_validate.text('each name of runs', name, required=True)}"
        shape = next(iter(rows.values())).shape if rows else ("k",)
        shares = _validate.array(what, shares, shape, "all have as many runs")
        rows[name] = np.array(_validate.between(what, shares, shape, 0, 1, "it is a share of all"), float)
    low = 22 * len(rows)
    with new_paper(alt) as paper:
        plane = Plane(paper, (0, 0, 300, low), (0, 1), (len(rows), 0))
        middle = next(iter(rows.values())).mean()
        plane.line([middle, middle], [0, len(rows)], BLUE, 1.2, (0, (2, 3)))
        for share in (0, 0.5, 1):
            plane.line([share, share], [0, len(rows)], REST, 0.7)
            paper.text(plane.place(share, 0)[0], low + 16, f"{share:.0%}", 15)
        paper.text(150, low + 40, _validate.text("value_name", value_name), 15, GREY)
        for k, (name, shares) in enumerate(rows.items()):
            colour = INK if k else BLUE
            paper.text(-12, 22 * k + 11, name, 15, colour, align=1)
            for share in shares:
                paper.disc(300 * share, 22 * k + 11, 3.6, edge=colour)
        return paper.figure()


def picture_rows(pictures, titles, *, alt, columns=8):
    """Pictures of 8×8 numbers, `columns` of them in a row, each on its own scale, with a line under each.

    Squares are numbers above 0, rings below; the deeper the ink, the larger the number.
    pictures (count, 64), titles as many texts.
    Raises ValueError for other shapes or an empty alt.
    """
    pictures = _validate.array("pictures", pictures, ("count", 64))
    titles = _validate.sequence("titles", titles, "texts")
    columns = _validate.integer("columns", columns, least=1)
    if len(titles) != len(pictures):
        raise ValueError(f"titles must be {len(pictures)}, one for each picture; got {len(titles)}")
    with new_paper(alt) as paper:
        for p, (picture, title) in enumerate(zip(pictures, titles)):
            left, top = 88 * (p % columns), 104 * (p // columns)
            paper.line(left + np.array([-2, 74, 74, -2, -2]), top + np.array([-2, -2, 74, 74, -2]), REST, 1)
            for k, value in enumerate(picture / (abs(picture).max() or 1)):
                x, y = left + 9 * (k % 8), top + 9 * (k // 8)
                if value < 0:
                    paper.disc(x + 4.5, y + 4.5, 3.2, edge=INK, alpha=float(-value), zorder=0)
                elif value:
                    paper.box(x, y, x + 9, y + 9, INK, float(value))
            paper.text(left + 36, top + 86, _validate.text(f"titles[{p}]", title), 14)
        return paper.figure()
