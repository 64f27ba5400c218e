"""The signs that stand before what they act upon, as in \\log_2 x: one entry each, which grammar and evaluator both read."""

from .values import Value


def elementwise(name):
    """A function of one number that NumPy, mpmath and SymPy know by this name, applied to each number."""
    return lambda arithmetic, value: Value(value.kind, arithmetic.function(name, value.array))


def log_2(arithmetic, value):
    log = elementwise("log")
    return Value(value.kind, log(arithmetic, value).array / arithmetic.function("log", arithmetic.constant("2")))


SIGNS = {
    r"\operatorname{Im}": elementwise("imag"),
    r"\log_2": log_2,
}
