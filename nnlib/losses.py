"""Losses: one number for how far answers are from the right ones, and how it moves with each answer."""
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import _validate


@dataclass(frozen=True, eq=False)
class Loss:
    """The mean over a batch of one number for each data point.

    of_rows(Y_hat, Y) → that number for each row, and its derivatives by the
    row's answers. probabilities: whether each row of Y must hold none below 0
    and add up to 1.
    loss(Y_hat, Y) → float; loss.gradient(Y_hat, Y) → the derivative of that
    float by each number of Y_hat, its 1/N included. Y_hat and Y are (N, d_y),
    or (d_y,) for one data point; beside a (1, d_y), Y may be (d_y,) too.
    Raises ValueError or TypeError for a Y_hat or Y that does not fit, and for
    an of_rows that returns something else, nan included, OverflowError for a
    sum of losses or a derivative beyond the range of its floats.
    """
    name: str
    of_rows: Callable
    probabilities: bool = False

    def __post_init__(self):
        _validate.text("name", self.name, required=True)
        _validate.function("of_rows", self.of_rows, "Y_hat and Y")
        _validate.flag("probabilities", self.probabilities)

    @np.errstate(all="ignore")
    def __call__(self, Y_hat, Y):
        return self.both(_validate.answers(Y_hat), Y)[0]

    @np.errstate(all="ignore")
    def gradient(self, Y_hat, Y):
        return self.both(_validate.answers(Y_hat), Y)[1]

    def both(self, Y_hat, Y):
        """(loss(Y_hat, Y), loss.gradient(Y_hat, Y)), computed together, of answers that need no check."""
        Y = _validate.right_answers(Y, Y_hat, self.probabilities)
        rows = Y_hat.reshape(-1, Y_hat.shape[-1])
        parts = losses, slopes = _validate.of_rows(self.name, self.of_rows(rows, Y.reshape(rows.shape)), rows)
        part = 1 / len(rows)
        return _validate.finite_loss(self.name, rows, parts, losses.sum() * part, (slopes * part).reshape(Y_hat.shape))

    def __repr__(self):
        return f"Loss {self.name}"


def _squared_error(Y_hat, Y):
    miss = Y_hat - Y
    return (miss * miss).sum(axis=-1) / 2, miss


def softmax(Z):
    """Numbers from 0 to 1 that add up to 1: e to the power of each, over their sum.

    Equation (softmax), computed as (softmax-shifted), so that it is right for numbers
    of any size.
    Z (d,), or (N, d) with each row by itself → the same.
    """
    Z = _validate.rows("Z", Z)
    powers = np.exp(Z - Z.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _cross_entropy(Z, Y):
    Z = Z - Z.max(axis=-1, keepdims=True)
    log_p = Z - np.log(np.exp(Z).sum(axis=-1, keepdims=True))
    return -(Y * log_p).sum(axis=-1), np.exp(log_p) - Y


squared_error = Loss("squared_error", _squared_error)
cross_entropy = Loss("cross_entropy", _cross_entropy, probabilities=True)


def one_hot(labels, d_y):
    """A row for each label, with a 1 at its place and 0 elsewhere.

    labels integers in 0 … d_y-1, one or an array → their shape and d_y behind
    it, as in (d_y,) or (N, d_y). Raises TypeError or IndexError for labels
    that are no such integers, ValueError for a d_y below 1 or too large.
    """
    d_y = _validate.integer("d_y", d_y, least=1)
    labels = _validate.labels("labels", labels, d_y)
    return (labels[..., None] == np.arange(d_y)).astype(float)
