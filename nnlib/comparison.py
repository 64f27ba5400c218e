"""How near is right: what a program's numbers show of its floats and of how it prints them, and which of them agree.

A number may be off by a part of the largest in its layer, which is what rounding makes of right programs, and by half a
unit of the last digit that is printed. A number so small that a tenth of it is below that is excused, never certified.
"""
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .results import DECIMAL, HEX, INDICES

# Right programs differ by at most 4e-15 and 4.2e-6 of the largest, over three orders of sums and textbook formulas for φ′;
# in most vectors by 6e-16 and 6e-7. The least that a float holds with all of its digits is 2.2e-308 and 1.2e-38.
DOUBLE, SINGLE = 1e-11, 5e-5
LEAST = {DOUBLE: 1e-300, SINGLE: 1e-36}
CERTAIN = 0.1                   # a number is certified if its tolerance is at most this part of it
FEWEST_DIGITS, ROUNDED_OFF = 3, 0.501       # digits that every program prints; of the last one's unit, with its own rounding
RIGHT, WRONG, EXCUSED, MISSING = "right", "wrong", "excused", "missing"
SCALED_BY = {"z": 2, "y_hat": 1, "p": 1, "loss": 0}        # how many indices name a layer; of the others it is the first


class Numbers(NamedTuple):
    """One quantity of one vector: places, the indices of each number in the order of `expected`, and the numbers, (K,)."""
    places: tuple
    expected: np.ndarray
    starts: np.ndarray          # where each layer begins

    @classmethod
    def of(cls, vector, quantity):
        pairs = [*_flat(vector.expected[quantity])]
        places = tuple(place for place, _ in pairs)
        layers = [place[:SCALED_BY.get(quantity, 1)] for place in places]
        starts = [k for k, layer in enumerate(layers) if not k or layer != layers[k - 1]]
        return cls(places, np.array([number for _, number in pairs], float), np.array(starts))

    def got(self, given):
        """The numbers that came, (K,), nan where none came, and where one came, (K,)."""
        values = np.array([given[place].value if place in given else np.nan for place in self.places])
        return values, np.array([place in given for place in self.places])

    def scale(self, numbers):
        """The largest size in the layer of each number, (K,)."""
        counts = np.diff(np.append(self.starts, len(self.places)))
        return np.repeat(np.maximum.reduceat(abs(numbers), self.starts), counts)


def _flat(nested, place=()):
    if not isinstance(nested, (list, tuple)):
        yield place, nested
        return
    for k, part in enumerate(nested):
        yield from _flat(part, (*place, k))


class Printed(NamedTuple):
    """How a quantity is printed: with so many decimals, or with so many digits, from the first that is not 0."""
    decimals: int | None
    digits: int

    def half_unit(self, values):
        if self.decimals is not None:
            return np.full(np.shape(values), ROUNDED_OFF * 10.0 ** -self.decimals)
        size = np.floor(np.log10(np.where(values == 0, 1, abs(values))))
        return np.where(values == 0, 0, ROUNDED_OFF * 10.0 ** (size - self.digits + 1))

    def __str__(self):
        return f"{self.digits} digits" if self.decimals is None else f"{self.decimals} decimals"


@dataclass(frozen=True)
class Tolerance:
    """How far from right the numbers of one file may be. single: whether they may be of single precision; printed: how
    each quantity is printed; told: whether the digits show which precision it is."""
    single: bool
    told: bool
    printed: dict

    @property
    def part(self):
        return SINGLE if self.single else DOUBLE

    @np.errstate(all="ignore")
    def allowed(self, quantity, numbers, right, got):
        """How far each number that came may be from the right one, (K,)."""
        return self.part * numbers.scale(right) + self.printed[quantity].half_unit(got) + LEAST[self.part]

    @np.errstate(all="ignore")
    def verdicts(self, quantity, numbers, given, right=None):
        """Of each number "right", "wrong", "excused" or "missing", (K,); `right` stands in for what is expected."""
        right = numbers.expected if right is None else right
        got, there = numbers.got(given)
        allowed = self.allowed(quantity, numbers, right, got)
        near = (abs(got - right) <= allowed) & np.isfinite(got)
        sure = (allowed <= CERTAIN * abs(right)) | (right == got) & (self.printed[quantity].decimals is None)
        return np.select([~there, near & sure, near], [MISSING, RIGHT, EXCUSED], WRONG)

    def __str__(self):
        floats = "single precision" if self.single else "double precision"
        told = (f"The numbers are of {floats}" if self.told else
                "The numbers have too few digits to tell double from single precision")
        short = {}
        for quantity, printed in self.printed.items():
            if printed.decimals is not None or printed.digits < (9 if self.single else 15):
                short.setdefault(str(printed), []).append(quantity)
        where = " and ".join(f"{form} of {', '.join(names)}" if len(short) > 1 or len(names) < len(self.printed) else form
                             for form, names in short.items())
        return (f"{told}: each may be off by {self.part:g} of the largest in its layer"
                + f", and by half a unit of the last digit printed ({where})" * bool(short) + ".")


def tolerance_of(results):
    """The Tolerance that the numbers of a file show, told from how they are written."""
    written = {}
    for quantities in results.values():
        for quantity, numbers in quantities.items():
            written.setdefault(quantity, []).extend(one for one in numbers.values() if np.isfinite(one.value))
    forms = {quantity: [_form(one.text) for one in numbers] for quantity, numbers in written.items()}
    most = max((form.digits for several in forms.values() for form in several), default=0)
    printed = {quantity: _printed(forms[quantity], most) for quantity in INDICES if quantity in written}
    values = {quantity: np.array([one.value for one in numbers], float) for quantity, numbers in written.items()}
    telling = np.concatenate([*(_is_single(printed[quantity], values[quantity]) for quantity in printed), []])
    return Tolerance(bool((telling == 1).all()), bool(telling.size), printed)


class _Form(NamedTuple):
    decimals: int | None        # None where there is an exponent or no fraction
    digits: int                 # from the first that is not 0; 0 of a whole number
    has_fraction: bool


def _form(text):
    if HEX.fullmatch(text):
        return _Form(None, 17, True)
    _, whole, part, *powers = DECIMAL.fullmatch(text).groups()
    has_fraction = part not in (None, "", "0")
    digits = len(((whole or "") + (part or "")).lstrip("0"))
    decimals = len(part) if part and not any(powers) else None
    return _Form(decimals, digits if has_fraction or any(powers) else 0, has_fraction)


def _printed(forms, most):
    """How a quantity is printed; `most`: the most digits in the file."""
    decimals = {form.decimals for form in forms}
    if len(decimals) == 1 and None not in decimals and min(decimals) >= 2:
        return Printed(*decimals, most)
    digits = max((form.digits for form in forms), default=0)
    return Printed(None, max(FEWEST_DIGITS, digits if digits > FEWEST_DIGITS else most) if most else 17)


@np.errstate(all="ignore")
def _is_single(printed, values):
    """Of the numbers with more digits than single precision has, whether they are of single precision.

    Multiples of 1/1024 tell nothing, as both precisions hold them.
    """
    unit, singles = printed.half_unit(values), values.astype(np.float32)
    gap = np.where(np.isfinite(singles), abs(np.spacing(singles)).astype(float), np.inf)
    short = abs(values * 1024 - np.rint(values * 1024)) <= 1024 * unit * (abs(values) > 1e-3)
    telling = (unit < 0.05 * gap) & ~short & ((printed.decimals is not None) | (printed.digits > 9))
    return (abs(values - singles) <= unit + 1e-15 * abs(values))[telling]
