"""Equations between matrices, with all their entries; those of numbers are worked out before they are drawn."""
from dataclasses import dataclass
from functools import reduce
from itertools import groupby

import numpy as np

from .. import _validate
from ..entries import O, o
from ._paper import ACCENT, BLUE, GREY, INK, WASH, ink_box, new_paper, number_text

__all__ = ["M", "matrices", "selector"]

LINE = 26                       # the height of a row, in CSS pixels


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
        _validate.set_fields(self, values=values)
        for name in ("lit", "chosen"):
            _masks(self, getattr(self, name), name)


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
    with new_paper(alt) as paper:
        rows = [[]]
        for part in parts:
            rows.append([]) if part == "\n" else rows[-1].append(part)
        _refuse_false_equations(rows)
        bottom = 0
        for row in rows:
            height = max([len(_cells(part)) for part in row if isinstance(part, M)], default=1) * LINE
            middle, x = bottom + height / 2, 0
            for part in row:
                if isinstance(part, M):
                    x = _draw_matrix(paper, part, x, middle) + 12
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


def _refuse_false_equations(rows):
    """Works out every equation of numbers; an equation with letters or with other signs is not checked."""
    for row in rows:
        for _, equation in groupby(row, lambda part: isinstance(part, str) and part.isspace()):
            try:
                sides = list(map(_result, _split(equation, "=")))
            except TypeError:
                continue
            except ValueError:
                raise ValueError("parts must fit each other; got shapes that cannot be multiplied or added") from None
            for side in sides[1:]:
                if side.shape != sides[0].shape or not np.allclose(side, sides[0], rtol=1e-9, atol=1e-12):
                    raise ValueError("parts must be equal on both sides of =; got "
                                     f"{_validate.shown(sides[0].tolist())} and {_validate.shown(side.tolist())}")


def _result(parts, signs=tuple(_SIGNS)):
    """The result of multiplying and adding parts, as rows and columns; TypeError for what is no number."""
    if signs:
        values = [_result(between, signs[1:]) for between in _split(parts, signs[0])]
        if signs[0] != r"$\cdot$" and len({value.shape for value in values}) > 1:
            raise ValueError                                        # NumPy would stretch one of them
        return reduce(_SIGNS[signs[0]], values)
    if any(isinstance(entry, str) for part in parts for entry in (part.values.flat if isinstance(part, M) else [part])):
        raise TypeError
    return reduce(lambda left, right: left * right if 1 in (left.size, right.size) else left @ right,
                  [_cells(part).astype(float) for part in parts])


def _split(parts, sign):
    return [list(between) for is_sign, between in groupby(parts, lambda part: isinstance(part, str) and part == sign)
            if not is_sign]


def _cells(part):
    """The entries of a part as rows and columns."""
    return part.values.reshape(-1, 1) if part.values.ndim < 2 else part.values


def _draw_matrix(paper, part, left, middle, size=17):
    """One matrix, from `left` to the right, centred at height `middle` → where it ends."""
    cells, single = _cells(part), np.ndim(part.values) == 0
    top, bottom = middle - len(cells) * LINE / 2, middle + len(cells) * LINE / 2
    lit, chosen = _masks(part, part.lit), _masks(part, part.chosen)
    edges, padding = [left + (0 if single else 4)], 4 if single else 9
    for k, column in enumerate(cells.T):
        words, align = _column_texts(column)
        width = max(ink_box(word, size).width for word in words)
        edges.append(edges[-1] + width + 2 * padding)
        for row, word in enumerate(words):
            marked = [colour for places, colour in ((lit, ACCENT), (chosen, BLUE))
                      if any(place[row, k] for place in places)]
            paper.text(edges[-2] + padding + align * width, top + (row + 0.5) * LINE, word, size,
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


def _column_texts(values):
    """A column's entries in words, and how they are aligned: numbers at the right, letters centred."""
    words = [number_text(value) for value in values]
    places = max(len(word.partition(".")[2]) for word in words)
    if any(isinstance(value, str) or "$" in number_text(value) for value in values):
        return words, 0.5
    return [f"{value:.{places}f}".replace("-", "−") if places else word
            for value, word in zip(values, words)], 1


def _masks(part, indices, name="lit"):
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
