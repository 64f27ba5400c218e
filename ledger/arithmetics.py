"""The arithmetics in which a formula is computed: float64, sixty digits, letters. Each has its own table of φ and φ′.

mpmath and SymPy are imported when their arithmetic is first made, so that float64 needs neither. A number of mpmath
carries its functions with it, as `context`.
"""

from fractions import Fraction
from functools import cache

import numpy as np

from .values import norm

DIGITS = 60
OTHER_NAMES = {"imag": "im"}        # what mpmath and SymPy call a function of NumPy

# (φ, φ′) by name, φ′ written from its definition. nnlib's own pairs, which stay exact when saturated, are not used:
# they are among what is checked. Both tables take complex numbers, for the imaginary nudge.
PLAIN = {
    "identity": (lambda z: z, np.ones_like),
    "square": (lambda z: z * z, lambda z: 2 * z),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: 1 / (2 + 2 * np.cosh(z))),
    "tanh": (lambda z: np.sinh(z) / np.cosh(z), lambda z: np.cosh(z) ** -2.0),
    "relu": (lambda z: np.where(np.real(z) > 0, z, 0 * z), lambda z: np.where(z > 0, 1.0, 0.0)),
    "leaky_relu": (lambda z: np.where(np.real(z) > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01)),
    "softplus": (lambda z: np.log(1 + np.exp(z)), lambda z: 1 / (1 + np.exp(-z))),
    "sin": (np.sin, np.cos),
}
HIGH = {
    "identity": (lambda z: z, lambda z: z * 0 + 1),
    "square": (lambda z: z * z, lambda z: 2 * z),
    "sigmoid": (lambda z: 1 / (1 + z.context.exp(-z)), lambda z: z.context.exp(-z) / (1 + z.context.exp(-z)) ** 2),
    "tanh": (lambda z: z.context.tanh(z), lambda z: z.context.sech(z) ** 2),
    "relu": (lambda z: z if z.real > 0 else z * 0, lambda z: z * 0 + int(z > 0)),
    "leaky_relu": (lambda z: z if z.real > 0 else z * 0.01, lambda z: z * 0 + (1 if z > 0 else 0.01)),
    "softplus": (lambda z: z.context.log1p(z.context.exp(z)), lambda z: 1 / (1 + z.context.exp(-z))),
    "sin": (lambda z: z.context.sin(z), lambda z: z.context.cos(z)),
}


@cache
def undefined(k):
    """(φ^k, φ^k′) of which SymPy knows nothing but that the second is the derivative of the first."""
    import sympy

    slope = type(f"dphi{k}", (sympy.Function,), {})
    return type(f"phi{k}", (sympy.Function,), {"fdiff": lambda self, argindex=1: slope(self.args[0])}), slope


def each(f, array):
    if not isinstance(array, np.ndarray):
        return f(array)
    return np.array([f(one) for one in array.flat], dtype=object).reshape(array.shape)


class Float:
    """float64: arrays of NumPy."""

    constant, norm, largest = staticmethod(float), staticmethod(norm), staticmethod(max)
    tolerance = 1e-9        # of what is the same

    def numbers(self, name, array):
        """The numbers of an array of float64; only letters ask for its name."""
        return array

    def activation(self, name, layer, prime, array):
        """φ or φ′ of a layer, by the name of its activation; only letters ask for the layer."""
        return PLAIN[name][prime](np.asarray(array))[()]

    def function(self, name, array):
        """A function that NumPy, mpmath and SymPy have in common, of each number."""
        return getattr(np, name)(array)

    def convert(self, array):
        """The numbers of another arithmetic in this one."""
        return np.array(array, float)[()]

    def same(self, first, second):
        return norm(first - second) <= self.tolerance * (1 + norm(first))


class High(Float):
    """Sixty digits: arrays of mpmath's mpf."""

    tolerance = 1e-30

    def __init__(self):
        import mpmath

        self.library = mpmath

    def constant(self, text):
        return self.library.mpf(text)

    def numbers(self, name, array):
        return np.vectorize(lambda number: self.constant(float(number)), otypes=[object])(array)

    def activation(self, name, layer, prime, array):
        return each(HIGH[name][prime], array)

    def function(self, name, array):
        return each(getattr(self.library, OTHER_NAMES.get(name, name)), array)

    def convert(self, array):
        return array


class Letters(High):
    """Letters for numbers: arrays of SymPy's expressions, with φ undefined."""

    def __init__(self):
        import sympy

        self.library = sympy

    def constant(self, text):
        return self.library.Rational(Fraction(text))

    def numbers(self, name, array):
        letters = [self.library.Symbol(f"{name}_{''.join(map(str, place))}") for place in np.ndindex(array.shape)]
        return np.array(letters, dtype=object).reshape(array.shape)

    def activation(self, name, layer, prime, array):
        return each(undefined(layer)[prime], array)

    def norm(self, array):
        """Letters stand for real numbers."""
        return self.library.sqrt((array ** 2).sum())

    def largest(self, numbers):
        return self.library.Max(*numbers)

    def same(self, first, second):
        return all(one.expand() == 0 for one in np.ravel(first - second))
