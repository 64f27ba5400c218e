"""Images of digits: what a network answers, and how its outputs move with each pixel."""
import numpy as np

from .. import _validate
from ._paper import ACCENT, BLUE, GREY, INK, REST, new_paper, number_text

__all__ = ["digit", "derivative_image"]


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
    with new_paper(alt) as paper:
        paper.line([-3, 186, 186, -3, -3], [-3, -3, 186, 186, -3], REST, 1)
        for k, ink in enumerate(image):
            x, y = 23 * (k % 8), 23 * (k // 8)
            paper.box(x, y, x + 22, y + 22, INK, float(ink))
        if label is not None:
            paper.text(92, 204, label, 16)
        if y_hat is not None:
            _draw_answers(paper, y_hat)
        return paper.figure()


def _draw_answers(paper, y_hat, left=270, width=190):
    """A bar for each answer, from 0 to its number; the largest in blue."""
    low, high = min(0, y_hat.min()), max(y_hat.max(), 1e-300)
    zero, unit = left - width * low / (high - low), width / (high - low)
    for k, value in enumerate(y_hat):
        y, best = 1 + 20 * k, k == y_hat.argmax()
        colour = BLUE if best else GREY
        paper.text(240, y, str(k), 16, BLUE if best else INK, bold=best)
        ends = sorted((zero, zero + unit * value))
        paper.box(ends[0], y - 7, ends[1] + 0.5, y + 7, colour, 1 if best else 0.55)
        paper.text(left + width + 62, y, f"{value:.3f}".replace("-", "−"), 15, colour, 1, best)


def derivative_image(image, derivatives, titles, *, alt):
    """How a number moves with each pixel: one 8×8 panel for each array of derivatives.

    Squares are positive, discs negative; the deeper the colour, the larger the
    derivative, on one scale for all panels. The small squares in the centres are the digit's ink.
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
    with new_paper(alt) as paper:
        for p, (panel, title) in enumerate(zip(panels, titles)):
            paper.text(236 * p + 100, -18, title, 16)
            for k, (value, ink) in enumerate(zip(panel / scale, image)):
                x, y = 236 * p + 25 * (k % 8), 25 * (k // 8)
                _draw_derivative(paper, x, y, value)
                paper.box(*(np.array([x, y] * 2) + 12 + np.array([-1, -1, 1, 1]) * 5 * ink**0.5), INK)
        _draw_scale(paper, 118 * len(panels) - 18, 236, scale)
        return paper.figure()


def _draw_derivative(paper, x, y, value, side=24):
    """One derivative between -1 and 1 as a square (positive) or a disc (negative)."""
    if value >= 0:
        paper.box(x, y, x + side, y + side, ACCENT, float(value))
    else:
        paper.disc(x + side / 2, y + side / 2, side / 2, face=BLUE, alpha=float(-value), zorder=0)


def _draw_scale(paper, middle, top, scale):
    """The colours of five derivatives, the outer two and zero with their numbers."""
    for k, value in enumerate((-1, -0.5, 0, 0.5, 1)):
        x = middle - 62 + 25 * k
        _draw_derivative(paper, x, top - 12, value)
        if not value:
            paper.line([x + 6, x + 18], [top, top], GREY, 1)
    paper.text(middle - 70, top, number_text(-scale, 3), 15, BLUE, align=1)
    paper.text(middle + 70, top, f"+{number_text(scale, 3)}", 15, ACCENT, align=0)
