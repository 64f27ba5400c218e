"""Derivatives of a program made of a few operations: pushed forward with dual numbers, or pulled back along a tape."""
from dataclasses import dataclass, field

import numpy as np

from . import _validate
from .activations import activation


class Operators:
    """What follows from a + b, a * b and a @ b, where one of the two may be an array or a number, which stands still."""
    __array_ufunc__ = None                      # array + Node asks the Node, and not NumPy
    __hash__ = object.__hash__

    def __array__(self, *_, **__):
        raise TypeError(f"a {type(self).__name__} must be computed with by + - * @, sum, T and apply, which NumPy's own "
                        "functions do not do; its value is an array that stands still")

    def __array_function__(self, *_):
        self.__array__()

    def __eq__(self, other):
        return self is other if isinstance(other, Operators) else self.__array__()

    @property
    def shape(self):
        return self.value.shape

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rmatmul__(self, other):
        return type(self).__matmul__(other, self)

    def __sub__(self, other):
        if not isinstance(other, Operators):
            other = _constant(other, self.value.dtype, f"a {type(self).__name__}")
        return self + -other

    def __rsub__(self, other):
        return self * -1.0 + other

    def __neg__(self):
        return self * -1.0


@dataclass(frozen=True, eq=False)
class Dual(Operators):
    """A value and how it moves: value + dot ε, where ε² is 0.

    Equations (dual-product), (dual-function). `dual` makes the first ones.
    Raises ValueError for shapes that do not fit, TypeError for what is no
    number, OverflowError beyond the range of the floats.
    """
    value: np.ndarray
    dot: np.ndarray

    def __post_init__(self):
        _validate.set_fields(self, value=_computed(self.value),
                             dot=_computed(self.dot))
        if self.dot.shape != self.value.shape:
            raise ValueError("dot must have the shape of value, because it says how "
                             f"value moves; got {self.dot.shape} and "
                             f"{self.value.shape}")

    def __add__(a, b):
        a, b = _both_dual("+", a, b)
        return Dual(a.value + b.value, a.dot + b.dot)

    def __mul__(a, b):
        a, b = _both_dual("*", a, b)
        return Dual(a.value * b.value, a.dot * b.value + a.value * b.dot)

    def __matmul__(a, b):
        a, b = _both_dual("@", a, b)
        return Dual(a.value @ b.value, a.dot @ b.value + a.value @ b.dot)

    def apply(a, phi):
        phi = activation(phi)
        return Dual(phi.f(a.value), phi.df(a.value) * a.dot)

    def sum(a, axis=None, keepdims=False):
        return Dual(a.value.sum(axis=axis, keepdims=keepdims),
                    a.dot.sum(axis=axis, keepdims=keepdims))

    @property
    def T(a):
        return Dual(a.value.T, a.dot.T)


@dataclass(frozen=True, eq=False)
class Node(Operators):
    """A value and what it reads: a pair for each, the Node and its pull.

    The pull takes u to u times the derivative by it. `variable` makes the
    first ones. Errors as Dual.
    """
    value: np.ndarray
    reads: tuple = field(default=(), repr=False)
    depth: int = field(init=False, repr=False)              # above all that it reads

    def __post_init__(self):
        reads = tuple((node, pull) for node, pull in self.reads
                      if isinstance(node, Node))
        depth = 1 + max((node.depth for node, _ in reads), default=-1)
        value = _computed(self.value if reads else np.array(self.value, subok=True))
        _validate.set_fields(self, value=value, reads=reads, depth=depth)

    def __add__(a, b):
        x, y = _values("+", a, b)
        return Node(x + y, ((a, lambda u: u), (b, lambda u: u)))

    def __mul__(a, b):
        x, y = _values("*", a, b)
        return Node(x * y, ((a, lambda u: u * y), (b, lambda u: u * x)))

    def __matmul__(a, b):
        x, y = _values("@", a, b)
        rows, columns = np.atleast_2d(x), y if y.ndim == 2 else y[:, None]

        def matrix(u):
            return u.reshape(len(rows), columns.shape[1])

        return Node(x @ y, ((a, lambda u: (matrix(u) @ columns.T).reshape(x.shape)),
                            (b, lambda u: (rows.T @ matrix(u)).reshape(y.shape))))

    def apply(a, phi):
        phi = activation(phi)
        return Node(phi.f(a.value), ((a, lambda u: u * phi.df(a.value)),))

    def sum(a, axis=None, keepdims=False):
        kept = a.value.sum(axis=axis, keepdims=True)
        return Node(a.value.sum(axis=axis, keepdims=keepdims),
                    ((a, lambda u: u.reshape(kept.shape) + np.zeros_like(a.value)),))

    @property
    def T(a):
        return Node(a.value.T, ((a, lambda u: u.T),))


def tape(y):
    """y and every Node that it is made of, each after those that it reads."""
    found = {_validate.instance("y", y, Node, "make it of variables"): None}
    todo = [y]
    while todo:
        for node, _ in todo.pop().reads:
            if node not in found:
                found[node] = None
                todo.append(node)
    return sorted(found, key=lambda node: node.depth)


def backward(y, by, u=None):
    """u J: how the elements of y, each times its u, move with each Node of `by`.

    Equation (readers-add). by: a list. u of y's shape, 1 if y is one number → an array
    for each, of its shape. Nothing is stored: the same call gives the same.
    Raises ValueError for a Node that y is not made of, or a u that does not
    fit, TypeError for what is no Node, OverflowError for a derivative, or a
    number on the way to it, out of range. The arrays are read-only.
    """
    nodes = tape(y)
    asked = {y: _counts(u, y)}
    for node in reversed(nodes):
        for read, pull in node.reads:
            sent = unrepeated(pull(asked[node]), read.value)
            asked[read] = asked.get(read, 0) + sent
    for k, node in enumerate(by := _validate.sequence("by", by, "Nodes")):
        _validate.instance(f"by[{k}]", node, Node, "variable(…) makes one")
        if node not in asked:
            raise ValueError(f"by[{k}] must be a Node that y is made of; got another "
                             "one, with which y does not move")
    return [_computed(np.array(asked[node]), "the derivative") for node in by]


def unrepeated(u, value):
    """u, summed over the axes along which a value was repeated beside a larger one."""
    u = u.sum(axis=tuple(range(u.ndim - value.ndim)))
    repeated = tuple(k for k, length in enumerate(value.shape) if length != u.shape[k])
    return u.sum(axis=repeated, keepdims=True).astype(value.dtype, copy=False)


def variable(value):
    """A Node that reads nothing: what derivatives are taken by. value: numbers, copied."""
    return Node(_validate.array("value", value, ...))


def dual(value, dot):
    """A Dual: value, numbers, and how it moves, dot, of the same shape. Both are copied."""
    value = _validate.array("value", value, ...)
    return Dual(value, _validate.array("dot", dot, value.shape, "it says how value moves", dtype=value.dtype))


def apply(phi, a):
    """φ of each element of a Dual, a Node or an array. phi: an Activation or its name."""
    return a.apply(phi) if isinstance(a, Operators) else activation(phi).f(_as_floats(np.asarray(a)))


# What the operations ask first -------------------------------------------------------------------------------------

def _values(sign, a, b):
    """The arrays of two operands, of which one may be a constant; it gets the other's type of float."""
    dtype = next(one.value.dtype for one in (a, b) if isinstance(one, Node))
    x, y = (one.value if isinstance(one, Node) else _constant(one, dtype, "a Node") for one in (a, b))
    _must_fit(sign, x.shape, y.shape)
    return x, y


def _both_dual(sign, a, b):
    """Two Duals; a constant becomes one that does not move."""
    dtype = next(one.value.dtype for one in (a, b) if isinstance(one, Dual))
    a, b = (one if isinstance(one, Dual) else Dual(value := _constant(one, dtype, "a Dual"), np.zeros_like(value))
            for one in (a, b))
    _must_fit(sign, a.value.shape, b.value.shape)
    return a, b


def _constant(value, dtype, beside):
    return _validate.array(f"what stands beside {beside}", value, ..., dtype=dtype)


def _must_fit(sign, first, second):
    """Refuses two shapes that the operation does not join."""
    if sign == "@":
        if not ({len(first), len(second)} <= {1, 2} and first[-1] == second[0]):
            raise ValueError("a @ b must be of vectors or matrices, a as long in its last axis as b in its first; "
                             f"got shapes {first} and {second}")
    elif any(1 != one != other != 1 for one, other in zip(first[::-1], second[::-1])):
        raise ValueError(f"a {sign} b must have axes of one length, or of length 1; got shapes {first} and {second}")


def _counts(u, y):
    """How much each element of y counts."""
    if u is None and y.value.ndim:
        raise ValueError(f"u must say how much each element of y counts, because y has shape {y.value.shape}; got None")
    return _validate.array("u", 1.0 if u is None else u, y.value.shape, "y has that shape", dtype=y.value.dtype)


def _computed(value, what="a value"):
    """A computed array, read-only, unless a number of it is not finite."""
    value = _as_floats(np.asanyarray(value))
    if value.dtype.kind not in "fc":
        raise TypeError(f"{what} must hold numbers; got an array of {value.dtype}")
    if np.isnan(value).any():
        raise ValueError(f"{what} is not a number: keep what is read where the operation is defined")
    return _validate.finite(what, value, "keep what is read smaller, and where the function is defined")


def _as_floats(array):
    """Integers would wrap round, or be cut off."""
    return array.astype(float) if array.dtype.kind in "biu" else array


# What leaves the range of its floats is said in a sentence, so NumPy need not warn of it.
backward = np.errstate(all="ignore")(backward)
for _kind in (Dual, Node):
    for _name in ("__add__", "__mul__", "__matmul__", "apply", "sum"):
        setattr(_kind, _name, np.errstate(all="ignore")(getattr(_kind, _name)))
