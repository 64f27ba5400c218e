"""The source's derivative formulas, literally: one weight or bias at a time."""
import numpy as np

from . import _validate
from .network import forward, shape_of


def o(i, d):
    """The source's o_i: a row with a 1 at place i and 0 elsewhere.

    o(i, d) @ v is the element v[i]. Equation (o-row). → (1, d).
    Raises IndexError if i lies outside 0 … d-1.
    """
    i, d = _place(i, d, axes=1)
    row = np.zeros((1, d))
    row[0, i] = 1
    return row


def O(i, d):                                      # noqa: E743  the source's own letter
    """The source's O_i: a square matrix with a single 1, at row i, column i.

    O(i, d) @ v keeps v[i] in its place and clears the rest.
    Equation (o-matrix). → (d, d).
    Raises IndexError if i lies outside 0 … d-1.
    """
    i, d = _place(i, d, axes=2)
    matrix = np.zeros((d, d))
    matrix[i, i] = 1
    return matrix


def _place(i, d, axes):
    """i and d as integers, i below d, for an array with d numbers along each axis."""
    d = _validate.integer("d", d, least=1)
    _validate.fits_memory("d", d**axes)
    return _validate.index("i", i, d, "d is {}", d), d


def dy_dW(net, x, m, i, j):
    """How all outputs move with the weight W^m_ij, from unit j to unit i.

    Equations (weight-between), (weight-first), (weight-last).
    x (d_in,), m in 0 … n, i a row and j a column of W^m → (d_y,).
    Raises IndexError for m, i or j out of range, else as `forward`.
    """
    rows, columns = shape_of(net, m, i, j)
    trace = forward(net, x)
    v = O(i, rows) @ trace.slopes[m] * (o(j, columns) @ trace.inputs[m])
    return push(net, trace, m, v)


def dy_db(net, x, m, i):
    """How all outputs move with the bias b^m_i.

    Equations (bias-between), (bias-first), (bias-last).
    x (d_in,), m in 0 … n, i a place in b^m → (d_y,).
    Raises IndexError for m or i out of range, else as `forward`.
    """
    rows, _ = shape_of(net, m, i)
    trace = forward(net, x)
    v = O(i, rows) @ trace.slopes[m]
    return push(net, trace, m, v)


def push(net, trace, m, v):
    """From the change of what layer m gives to the change of all outputs.

    Equation (loop-step), for k = m + 1 … n. v (rows of W^m,) → (d_y,).
    Raises OverflowError if a number leaves the range of its floats.
    """
    for k in range(m + 1, len(net)):
        v = trace.slopes[k] * (net[k].W @ v)
    return _validate.finite("the derivative", v)
