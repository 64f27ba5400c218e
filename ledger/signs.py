"""The signs that stand before what they act upon, as in \\log_2 x: one entry each, which grammar and evaluator both read."""

import numpy as np

from .values import Value, Wrong


def elementwise(name):
    """A function of one number that NumPy, mpmath and SymPy know by this name, applied to each number."""
    return lambda arithmetic, value: Value(value.kind, arithmetic.function(name, value.array))


def log_2(arithmetic, value):
    log = elementwise("log")
    return Value(value.kind, log(arithmetic, value).array / arithmetic.function("log", arithmetic.constant("2")))


def diagonal(arithmetic, value):
    if value.kind != "column":
        raise Wrong(f"diag of a {value.kind}")
    zero = arithmetic.constant("0")
    size = len(value.array)
    return Value("matrix", np.array([[value.array[i] if i == j else zero for j in range(size)] for i in range(size)]))


SIGNS = {
    r"\operatorname{diag}": diagonal,
    r"\exp": elementwise("exp"),
    r"\tanh": elementwise("tanh"),
    r"\sqrt": elementwise("sqrt"),
    r"\log": elementwise("log"),
    r"\operatorname{Im}": elementwise("imag"),
    r"\log_2": log_2,
}
