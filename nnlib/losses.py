"""Losses: one number for how far answers are from the right ones, and how it moves with each answer."""
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import _validate


@dataclass(frozen=True, eq=False)
class Loss:
    """The mean over a batch of one number for each data point.

    of_rows(Y_hat, Y) → that number for each row, slope(Y_hat, Y) → its
    derivatives by Y_hat, a row for each. probabilities: whether each row of Y
    must add up to 1. loss(Y_hat, Y) → float; loss.gradient(Y_hat, Y) → the
    derivative of that float by each number of Y_hat, its 1/N included.
    Y_hat and Y are (N, d_y), or (d_y,) for one data point.
    Raises ValueError or TypeError for a Y_hat or Y that does not fit.
    """
    name: str
    of_rows: Callable
    slope: Callable
    probabilities: bool = False

    def __call__(self, Y_hat, Y):
        Y_hat, Y = _validate.answers(Y_hat, Y, self.probabilities)
        return self.mean(Y_hat, Y)

    def gradient(self, Y_hat, Y):
        Y_hat, Y = _validate.answers(Y_hat, Y, self.probabilities)
        return self.mean_slope(Y_hat, Y)

    @np.errstate(all="ignore")
    def mean(self, Y_hat, Y):
        """loss(Y_hat, Y) of arrays that are known to fit."""
        return _validate.finite("the loss", np.mean(self.of_rows(Y_hat, Y), keepdims=True)).item()

    @np.errstate(all="ignore")
    def mean_slope(self, Y_hat, Y):
        """loss.gradient(Y_hat, Y) of arrays that are known to fit."""
        return self.slope(Y_hat, Y) * (Y.shape[-1] / Y.size)

    def __repr__(self):
        return f"Loss {self.name}"


def softmax(Z):
    """e to the power of each number, divided by their sum: a row of positive numbers that add up to 1.

    Equation (softmax). Z (d,), or (N, d) with each row by itself → the same.
    Right for numbers of any size: the largest of a row is taken off first.
    """
    powers = np.exp(_below_0(_validate.array("Z", Z, ...)))
    return powers / powers.sum(axis=-1, keepdims=True)


def _below_0(Z):
    return Z - Z.max(axis=-1, keepdims=True)


def _log_softmax(Z):
    Z = _below_0(Z)
    return Z - np.log(np.exp(Z).sum(axis=-1, keepdims=True))


squared_error = Loss("squared_error", lambda Y_hat, Y: ((Y_hat - Y) ** 2).sum(axis=-1) / 2,
                     lambda Y_hat, Y: Y_hat - Y)
cross_entropy = Loss("cross_entropy", lambda Z, Y: -(Y * _log_softmax(Z)).sum(axis=-1),
                     lambda Z, Y: np.exp(_log_softmax(Z)) - Y, probabilities=True)


def one_hot(labels, d_y):
    """A row for each label, with a 1 at its place and 0 elsewhere.

    labels integers in 0 … d_y-1, one or an array of N → (d_y,) or (N, d_y).
    Raises TypeError or IndexError for labels that are no such integers.
    """
    d_y = _validate.integer("d_y", d_y, least=1)
    labels = _validate.labels("labels", labels, d_y)
    return np.eye(d_y)[labels]
