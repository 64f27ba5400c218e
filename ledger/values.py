"""What a formula has as its value: numbers with a kind, so that a column times a column is never a number by accident."""

from dataclasses import dataclass

import numpy as np


class Wrong(ValueError):
    """A side that has no value: shapes that do not fit, a letter without a meaning, an index without a range."""


class Unknown(Wrong):
    """A letter or a function that stands for nothing in this scene."""

    def __init__(self, name, sentence):
        super().__init__(sentence)
        self.name = name


class NoLayer(Wrong):
    """A layer that this network does not have: the equation says nothing about it."""

    def __init__(self, k):
        super().__init__(f"layer {k} is written and not there")


@dataclass(frozen=True)
class Value:
    """kind: number, column, row or matrix; array: of 0, 1, 1 or 2 dimensions."""

    kind: str
    array: object
    free: bool = False          # a tuple (3, -2) is a column or a row, whichever its neighbour needs

    def __str__(self):
        numbers = np.ravel(self.array).tolist()
        text = ", ".join(f"{complex(n).real:.6g}" if not hasattr(n, "free_symbols") else str(n) for n in numbers)
        return text if self.kind == "number" else f"({text})"

    def described(self):
        size = "" if self.kind == "number" else f" of {'×'.join(map(str, np.shape(self.array)))}"
        return f"a {self.kind}{size}"


def number(x):
    return Value("number", x)


def column(a):
    return Value("column", a)


def valued(array):
    """A number, a column or a matrix, by its dimensions."""
    return Value(("number", "column", "matrix")[np.ndim(array)], array)


def norm(array):
    """√Σ|x|², in the arithmetic of the numbers."""
    return (np.abs(np.ravel(array)) ** 2).sum() ** 0.5


def must_match(first, second, place):
    """Raise Wrong if two sides are not of one kind and size."""
    same_kind = first.kind == second.kind or first.free or second.free
    if not same_kind or np.shape(first.array) != np.shape(second.array):
        start = f"{place}: " if place else ""
        raise Wrong(f"{start}a {first.kind} {first} on one side, a {second.kind} {second} on the other")


def in_a_sentence(error):
    """What went wrong when something was computed."""
    return "it divides by zero" if isinstance(error, ZeroDivisionError) else str(error) or type(error).__name__


def in_words(letters):
    return ", ".join(f"{name} = {number}" for name, number in letters.items()) or "this network"
