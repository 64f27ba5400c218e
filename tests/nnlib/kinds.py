"""Kinds of bad input, and what each argument of nnlib should make of them.

A kind is a function of a good value that returns another. What is to happen with it is one of:
    REFUSED   one clear sentence, and the right type of exception
    SAME      it is the good value in another spelling: the good value's result
    ITS_OWN   whatever the function that was handed in raises when it is called
    AS_FLOATS another value, but a plain one: the result for it as an array of float64
"""
import array
import collections
import datetime
import decimal
import fractions
import itertools

import numpy as np

REFUSED, SAME, AS_FLOATS, ITS_OWN = "refused", "the same result", "as floats", "what the function itself raises"


class Hostile:
    """An object that raises whatever it is asked."""
    def _no(self, *args, **kwargs):
        raise RuntimeError("no\nand no again")
    __array__ = __index__ = __len__ = __iter__ = __repr__ = __str__ = __eq__ = __float__ = __bool__ = __call__ = _no
    __getitem__ = __add__ = __mul__ = __lt__ = __format__ = __array_ufunc__ = _no
    __hash__ = None


class Liar:
    """An object that says it is an array, and hands out text."""
    def __array__(self, dtype=None, copy=None):
        return np.array(["a", "b"])


class Wrapped:
    """An object that NumPy can read, as those of other array libraries are."""
    def __init__(self, value):
        self.value = value

    def __array__(self, dtype=None, copy=None):
        return np.array(self.value, dtype=dtype)

    def __index__(self):
        return int(self.value)


class Sub(np.ndarray):
    """A subclass of NumPy's array that multiplies in its own way."""
    def __matmul__(self, other):
        return other

    def __mul__(self, other):
        return self


def nested(depth):
    value = 1.0
    for _ in range(depth):
        value = [value]
    return value


def own_parent():
    value = [1.0]
    value.append(value)
    return value


def put(good, place_value):
    changed = np.array(good, float)
    changed.flat[-1] = place_value
    return changed


def structured(good):
    return np.zeros(good.shape if isinstance(good, np.ndarray) else 2, dtype=[("a", float)])


def frozen(good):
    copy = np.array(good, float)
    copy.flags.writeable = False
    return copy


# Values that are right nowhere, whatever the argument. (Where one is, ACCEPTED below says so.)
ANYTHING = {
    "None": lambda good: None,
    "text": lambda good: "seven",
    "empty text": lambda good: "",
    "text with a line break": lambda good: "a\nb" * 40,
    "bytes": lambda good: b"\x01\x02",
    "complex number": lambda good: 1 + 2j,
    "NaN": lambda good: float("nan"),
    "infinity": lambda good: float("inf"),
    "minus infinity": lambda good: -np.inf,
    "integer beyond floats": lambda good: 10**400,
    "integer of 5,000 digits": lambda good: 10**5000,
    "negative integer of 5,000 digits": lambda good: -(10**5000),
    "decimal": lambda good: decimal.Decimal("1.5"),
    "fraction": lambda good: fractions.Fraction(1, 3),
    "date": lambda good: datetime.date(2022, 1, 1),
    "NumPy date": lambda good: np.datetime64("2022-01-01"),
    "time difference": lambda good: np.timedelta64(3, "s"),
    "NaT": lambda good: np.array(["NaT"], "datetime64[s]"),
    "dictionary": lambda good: {0: 1.0, 1: 2.0},
    "empty dictionary": lambda good: {},
    "set": lambda good: {1.0, 2.0},
    "frozen set": lambda good: frozenset({1, 2}),
    "generator": lambda good: (k for k in (1.0, 2.0)),
    "endless iterator": lambda good: itertools.repeat("x"),
    "map": lambda good: map(float, [1, 2]),
    "lambda": lambda good: lambda: None,
    "class": lambda good: dict,
    "module": lambda good: itertools,
    "exception": lambda good: ValueError("x"),
    "Ellipsis": lambda good: ...,
    "NotImplemented": lambda good: NotImplemented,
    "slice": lambda good: slice(0, 2),
    "dtype": lambda good: np.dtype(float),
    "counter": lambda good: collections.Counter("ab"),
    "object": lambda good: object(),
    "hostile object": lambda good: Hostile(),
    "object that claims to be an array": lambda good: Liar(),
    "empty list": lambda good: [],
    "empty tuple": lambda good: (),
    "empty array": lambda good: np.zeros(0),
    "array of no rows": lambda good: np.zeros((0, 0, 3)),
    "ragged list": lambda good: [[1.0, 2.0], [3.0]],
    "deeply ragged list": lambda good: [[[1], [2, 3]], [[4]]],
    "list 100 deep": lambda good: nested(100),
    "list 5,000 deep": lambda good: nested(5000),
    "list that holds itself": lambda good: own_parent(),
    "list of None": lambda good: [None, None],
    "list of numeric text": lambda good: ["1", "2"],
    "array of numeric text": lambda good: np.array(["1", "2"]),
    "array of bytes": lambda good: np.array([b"1", b"2"]),
    "list with one text": lambda good: [1.0, "2"],
    "object array with text": lambda good: np.array([1.0, "2"], dtype=object),
    "object array of None": lambda good: np.array([None, None]),
    "object array of arrays": lambda good: np.array([np.zeros(2), None], dtype=object),
    "array of decimals": lambda good: np.array([decimal.Decimal(1), decimal.Decimal(2)]),
    "structured array": structured,
    "record": lambda good: np.rec.array([(1.0, 2)], dtype=[("a", float), ("b", int)]),
    "void": lambda good: np.void(b"abcd"),
    "a tower of six axes": lambda good: np.ones((1, 2, 1, 2, 1, 2)),
    "masked array": lambda good: np.ma.masked_array(good, mask=True) if isinstance(good, np.ndarray)
    else np.ma.masked_array([1, 2], mask=[0, 1]),
    "the masked constant": lambda good: np.ma.masked,
}

# What an array may be besides: each made from the good array, and what should come of it.
ARRAYS = {
    "one element too many": (lambda g: np.concatenate([np.atleast_1d(g)] * 2), REFUSED),
    "one axis more in front": (lambda g: np.asarray(g)[None], REFUSED),
    "a column for a vector": (lambda g: np.asarray(g)[..., None], REFUSED),
    "a boolean for an array": (lambda g: True, REFUSED),
    "a number for an array": (lambda g: 1.5, REFUSED),
    "nothing along the last axis": (lambda g: np.asarray(g)[..., :0], REFUSED),
    "NaN in the last place": (lambda g: put(g, np.nan), REFUSED),
    "infinity in the last place": (lambda g: put(g, np.inf), REFUSED),
    "minus infinity in the last place": (lambda g: put(g, -np.inf), REFUSED),
    "NaN in float32": (lambda g: put(g, np.nan).astype("f4"), REFUSED),
    "complex, imaginary part 0": (lambda g: np.asarray(g, complex), REFUSED),
    "complex": (lambda g: np.asarray(g) + 1j, REFUSED),
    "object array of numbers": (lambda g: np.asarray(g, object), REFUSED),
    "list with an integer beyond 64 bits": (lambda g: [10**30] * np.size(g), REFUSED),
    "text of the numbers": (lambda g: np.asarray(g).astype("U"), REFUSED),
    "nested tuples": (lambda g: eval(repr(np.asarray(g).tolist()).replace("[", "(").replace("]", ",)")
                                     if np.ndim(g) == 1 else repr(np.asarray(g).tolist())), SAME),
    "list": (lambda g: np.asarray(g).tolist(), SAME),
    "list of NumPy numbers": (lambda g: [*np.asarray(g)], SAME),
    "array in Fortran order": (lambda g: np.asfortranarray(g), SAME),
    "array read backwards": (lambda g: np.asarray(g)[::-1].copy()[::-1], SAME),
    "every second of a longer array": (lambda g: np.repeat(g, 2, axis=-1)[..., ::2], SAME),
    "read-only array": (frozen, SAME),
    "the other byte order": (lambda g: np.asarray(g, ">f8"), SAME),
    "extended precision": (lambda g: np.asarray(g, np.longdouble), SAME),
    "array.array": (lambda g: array.array("d", g) if np.ndim(g) == 1 else np.asarray(g), SAME),
    "memoryview": (lambda g: memoryview(np.ascontiguousarray(g, dtype=float)), SAME),
    "another library's array": (lambda g: Wrapped(g), SAME),
    "subclass of array": (lambda g: np.asarray(g, float).view(Sub), SAME),
    "masked array, nothing masked": (lambda g: np.ma.masked_array(g), REFUSED),
    "booleans": (lambda g: np.asarray(g) > 0.4, AS_FLOATS),
    "int8": (lambda g: np.where(np.asarray(g) > 0.4, 100, 1).astype(np.int8) // 100, AS_FLOATS),
    "uint64": (lambda g: (np.asarray(g) > 0.4).astype(np.uint64), AS_FLOATS),
    "float16": (lambda g: np.asarray(g, np.float16), AS_FLOATS),
    "float32": (lambda g: np.asarray(g, np.float32), AS_FLOATS),
    "one number, repeated without memory": (lambda g: np.broadcast_to(0.25, np.shape(g)), AS_FLOATS),
    "minus zero": (lambda g: put(g, -0.0), AS_FLOATS),
    "subnormal number": (lambda g: put(g, 5e-324), AS_FLOATS),
}
if np.dtype(np.longdouble).itemsize > 8:
    ARRAYS["beyond float64"] = (lambda g: np.full(np.shape(g), np.longdouble("1e4000")), REFUSED)

INDICES = {
    "minus one": (lambda g: -1, REFUSED),
    "one past the end": (lambda g: 99, REFUSED),
    "index beyond 64 bits": (lambda g: 2**64, REFUSED),
    "whole float": (lambda g: float(g), REFUSED),
    "NumPy float": (lambda g: np.float64(g), REFUSED),
    "boolean": (lambda g: bool(g), REFUSED),
    "NumPy boolean": (lambda g: np.bool_(g), REFUSED),
    "numeric text": (lambda g: str(g), REFUSED),
    "list of one index": (lambda g: [g], REFUSED),
    "array of one index": (lambda g: np.array([g]), REFUSED),
    "NumPy integer": (lambda g: np.int8(g), SAME),
    "unsigned integer": (lambda g: np.uint64(g), SAME),
    "array without axes": (lambda g: np.array(g), SAME),
    "object with an index": (lambda g: Wrapped(g), REFUSED),
}

POSITIVES = {
    "zero": (lambda g: 0, REFUSED),
    "minus zero": (lambda g: -0.0, REFUSED),
    "negative": (lambda g: -g, REFUSED),
    "numeric text": (lambda g: str(g), REFUSED),
    "array of one number": (lambda g: [g], REFUSED),
    "boolean": (lambda g: True, REFUSED),
    "NumPy boolean": (lambda g: np.True_, REFUSED),
    "a number that rounding swallows": (lambda g: 5e-324, REFUSED),
    "NumPy number": (lambda g: np.float64(g), SAME),
    "array without axes": (lambda g: np.array(g), SAME),
}

NETS = {
    "list of layers": (lambda g: list(g), REFUSED),
    "one layer": (lambda g: g[0], REFUSED),
    "the class of networks": (lambda g: type(g), REFUSED),
}

PHIS = {
    "function": (lambda g: np.tanh, REFUSED),
    "softmax": (lambda g: "softmax", REFUSED),
    "misspelt": (lambda g: "tahn", REFUSED),
    "name in capitals": (lambda g: "Tanh", REFUSED),
    "array of names": (lambda g: np.array(["tanh", "tanh"]), REFUSED),
    "name as bytes": (lambda g: b"tanh", REFUSED),
    "name as NumPy text": (lambda g: np.str_("tanh"), SAME),
}


class Buffer:
    """A function of an array that answers with what it was given, changed."""
    def __call__(self, z):
        np.tanh(z, out=z)
        return z


FUNCTIONS = {
    "function that returns None": (lambda g: lambda z: None, REFUSED),
    "function that returns text": (lambda g: lambda z: "seven", REFUSED),
    "function that returns complex numbers": (lambda g: lambda z: np.asarray(z).real + 1j, REFUSED),
    "function that returns NaN": (lambda g: lambda z: np.asarray(z).real * np.nan, REFUSED),
    "function that returns ragged lists": (lambda g: lambda z: [[1], [1, 2]], REFUSED),
    "function that returns objects": (lambda g: lambda z: np.array([None]), REFUSED),
    "function that returns a masked array": (lambda g: lambda z: np.ma.masked_array([1.0], [1]), REFUSED),
}
ELEMENTWISE = {
    "softmax as a function": (lambda g: lambda z: np.exp(z) / np.exp(z).sum(), REFUSED),
    "function that returns one number": (lambda g: lambda z: z.sum(), REFUSED),
    "function that returns a column": (lambda g: lambda z: z[:, None], REFUSED),
    "function that returns integers": (lambda g: lambda z: z.astype(int), REFUSED),
    "function that changes its argument": (lambda g: Buffer(), REFUSED),
    "function that reads its neighbours": (lambda g: lambda z: np.roll(z, 1), REFUSED),
}

LABELS = {
    **{name: INDICES[name] for name in ("minus one", "one past the end", "index beyond 64 bits", "whole float",
                                        "NumPy float", "boolean", "NumPy boolean", "numeric text", "NumPy integer",
                                        "unsigned integer", "array without axes")},
    "object with an index": (lambda g: Wrapped(g), SAME),
    "list of one label": (lambda g: [g], None),
    "labels of several axes": (lambda g: [[g, 0], [0, g]], None),
    "one label past the end": (lambda g: [g, 3], REFUSED),
    "labels of whole floats": (lambda g: [1.0, 0.0], REFUSED),
    "booleans": (lambda g: np.array([True, False]), REFUSED),
    "masked array of labels": (lambda g: np.ma.masked_array([g, 99], [0, 1]), REFUSED),
}

# What a loss may be made of: functions of Y_hat and Y. Each returns something else than a number for each row and a
# number for each answer.
OF_ROWS = {
    "returns None": (lambda g: lambda A, Y: None, REFUSED),
    "returns text": (lambda g: lambda A, Y: "ab", REFUSED),
    "returns the losses alone": (lambda g: lambda A, Y: g(A, Y)[0], REFUSED),
    "returns one in a tuple": (lambda g: lambda A, Y: g(A, Y)[:1], REFUSED),
    "returns three": (lambda g: lambda A, Y: (*g(A, Y), A), REFUSED),
    "returns a list of both": (lambda g: lambda A, Y: [*g(A, Y)], REFUSED),
    "returns the losses as a list": (lambda g: lambda A, Y: (g(A, Y)[0].tolist(), g(A, Y)[1]), REFUSED),
    "returns the slopes as a list": (lambda g: lambda A, Y: (g(A, Y)[0], g(A, Y)[1].tolist()), REFUSED),
    "returns the sum of the losses": (lambda g: lambda A, Y: (g(A, Y)[0].sum(), g(A, Y)[1]), REFUSED),
    "returns a column of losses": (lambda g: lambda A, Y: (g(A, Y)[0][:, None], g(A, Y)[1]), REFUSED),
    "returns a loss for each answer": (lambda g: lambda A, Y: (g(A, Y)[1] ** 2, g(A, Y)[1]), REFUSED),
    "returns slopes of another shape": (lambda g: lambda A, Y: (g(A, Y)[0], g(A, Y)[1].T), REFUSED),
    "returns one slope": (lambda g: lambda A, Y: (g(A, Y)[0], g(A, Y)[1][:1]), REFUSED),
    "returns losses in float32": (lambda g: lambda A, Y: (g(A, Y)[0].astype("f4"), g(A, Y)[1]), REFUSED),
    "returns slopes in float32": (lambda g: lambda A, Y: (g(A, Y)[0], g(A, Y)[1].astype("f4")), REFUSED),
    "returns integers": (lambda g: lambda A, Y: (g(A, Y)[0].astype(int), g(A, Y)[1]), REFUSED),
    "returns complex numbers": (lambda g: lambda A, Y: (g(A, Y)[0], g(A, Y)[1] + 0j), REFUSED),
    "returns a masked array": (lambda g: lambda A, Y: (np.ma.array(g(A, Y)[0]), g(A, Y)[1]), REFUSED),
    "returns losses that are nan": (lambda g: lambda A, Y: (g(A, Y)[0] * np.nan, g(A, Y)[1]), REFUSED),
    "returns slopes that are nan": (lambda g: lambda A, Y: (g(A, Y)[0], g(A, Y)[1] * np.nan), REFUSED),
    "returns infinity": (lambda g: lambda A, Y: (g(A, Y)[0] + np.inf, g(A, Y)[1]), REFUSED),
    "returns slopes without an end": (lambda g: lambda A, Y: (g(A, Y)[0], g(A, Y)[1] + np.inf), REFUSED),
    "returns its argument": (lambda g: lambda A, Y: (g(A, Y)[0], A), None),
    "changes its argument": (lambda g: lambda A, Y: (g(A, Y)[0], np.subtract(A, Y, out=A)), ITS_OWN),
}

LOSSES = {
    "name of a loss": (lambda g: "squared_error", REFUSED),
    "function of a loss": (lambda g: g.of_rows, REFUSED),
    "gradient of a loss": (lambda g: g.gradient, REFUSED),
    "the class of losses": (lambda g: type(g), REFUSED),
}

OPTIMIZERS = {
    "the class of an optimizer": (lambda g: type(g), REFUSED),
    "name of an optimizer": (lambda g: "SGD", REFUSED),
    "its learning rate": (lambda g: g.learning_rate, REFUSED),
    "its rule": (lambda g: g.rule, REFUSED),
}

# What a rule may give back instead of (theta, state).
RULES = {
    "returns None": (lambda g: lambda theta, g, state: None, REFUSED),
    "returns theta alone": (lambda g: lambda theta, g, state: theta - g, REFUSED),
    "returns theta in a tuple": (lambda g: lambda theta, g, state: (theta - g,), REFUSED),
    "returns three things": (lambda g: lambda theta, g, state: (theta - g, state, state), REFUSED),
    "returns a list of both": (lambda g: lambda theta, g, state: [theta - g, state], REFUSED),
    "returns theta as the second": (lambda g: lambda theta, g, state: (state, theta - g), None),
    "returns a list of numbers": (lambda g: lambda theta, g, state: ((theta - g).tolist(), state), REFUSED),
    "returns one number": (lambda g: lambda theta, g, state: ((theta - g).sum(), state), REFUSED),
    "returns one number in an array": (lambda g: lambda theta, g, state: ((theta - g)[:1], state), REFUSED),
    "returns a row": (lambda g: lambda theta, g, state: ((theta - g)[None], state), REFUSED),
    "returns a column": (lambda g: lambda theta, g, state: ((theta - g)[:, None], state), REFUSED),
    "returns one number too few": (lambda g: lambda theta, g, state: ((theta - g)[1:], state), REFUSED),
    "returns an outer difference": (lambda g: lambda theta, g, state: (theta[:, None] - g, state), REFUSED),
    "returns float32": (lambda g: lambda theta, g, state: ((theta - g).astype("f4"), state), REFUSED),
    "returns the other byte order": (lambda g: lambda theta, g, state: ((theta - g).astype(">f8"), state), REFUSED),
    "returns integers": (lambda g: lambda theta, g, state: ((theta - g).astype(int), state), REFUSED),
    "returns complex numbers": (lambda g: lambda theta, g, state: (theta - g + 0j, state), REFUSED),
    "returns objects": (lambda g: lambda theta, g, state: ((theta - g).astype(object), state), REFUSED),
    "returns a masked array": (lambda g: lambda theta, g, state: (np.ma.array(theta - g), state), REFUSED),
    "returns a subclass of array": (lambda g: lambda theta, g, state: ((theta - g).view(Sub), state), REFUSED),
    "remembers an array of another shape": (lambda g: lambda theta, g, state: (theta - g, g[1:]), REFUSED),
    "remembers a number": (lambda g: lambda theta, g, state: (theta - g, 1.0), REFUSED),
    "remembers None": (lambda g: lambda theta, g, state: (theta - g, None), REFUSED),
    "changes what it reads": (lambda g: g, SAME),
}

STOPS = {
    "returns None": (lambda g: lambda history: None, REFUSED),
    "returns a number": (lambda g: lambda history: 1, REFUSED),
    "returns text": (lambda g: lambda history: "no", REFUSED),
    "returns an array": (lambda g: lambda history: history.loss < 0, REFUSED),
    "returns NumPy's False": (lambda g: lambda history: np.bool_(False), SAME),
}

OUTS = {
    "integers": (lambda g: np.zeros((3, 2, 3), int), REFUSED),
    "float32": (lambda g: np.zeros((3, 2, 3), np.float32), REFUSED),
    "the other byte order": (lambda g: np.zeros((3, 2, 3), ">f8"), REFUSED),
    "another shape": (lambda g: np.zeros((3, 3, 2)), REFUSED),
    "subclass of array": (lambda g: np.zeros((3, 2, 3)).view(Sub), REFUSED),
    "read-only array": (lambda g: frozen(np.zeros((3, 2, 3))), REFUSED),
    "list": (lambda g: np.zeros((3, 2, 3)).tolist(), REFUSED),
}

# (role, kind): where a value that is right nowhere else has a meaning, and which.
ACCEPTED = {
    ("rows", "array of no rows"): REFUSED,
    ("optional", "None"): SAME,
    ("layers", "generator"): REFUSED,
}
