"""All derivatives of the outputs at once: as arrays, as factors, and as what they do to one vector."""
import math
from typing import NamedTuple

import numpy as np

from . import _validate
from .network import forward, shape_of


class Parameters(NamedTuple):
    """A number for each weight and each bias of a layer: a derivative, or a direction to move in.

    W (rows, columns), b (rows,), as of the layer.
    """
    W: np.ndarray
    b: np.ndarray


def pull(net, trace, u, m=0):
    """What the rows of u ask of the outputs, asked of z in the layers n … m.

    Equations (units-last), (units-step). u (d_y,) or (rows, d_y) → a list
    of u ∂ŷ/∂z^k for k = m … n, each (d_k,) or (rows, d_k).
    """
    asked = [u * trace.slopes[-1]]
    for k in range(len(net) - 1, m, -1):
        asked.insert(0, asked[0] @ net[k].W * trace.slopes[k - 1])
    return asked


def jacobian_factors(net, x):
    """The two factors (D, a) of which the Jacobian by every weight and bias is made.

    Equations (units-last), (units-step). x (d_in,) → D, a with
    D[m] = ∂ŷ/∂z^m (d_y, d_m), and a[m] what layer m reads.
    Errors as `forward`, OverflowError for a derivative, or a number on the
    way to it, out of range.
    """
    trace = forward(net, x)
    D = pull(net, trace, _each_output(net))
    return tuple(_validate.finite("the derivative", one) for one in D), trace.inputs


def jacobian_W(net, x, m, out=None):
    """How all outputs move with all weights of layer m: entry (k, i, j) is ∂ŷ_k/∂W^m_ij.

    Equation (jacobian-entry). x (d_in,), m in 0 … n → (d_y, rows, columns),
    written into the array `out` if there is one. Raises IndexError for m out
    of range, else as `jacobian_factors`; ValueError or TypeError for an `out`
    that is no plain writable array of this shape and of the network's floats.
    """
    rows, columns = shape_of(net, m)
    trace = forward(net, x)
    D, a = pull(net, trace, _each_output(net), m)[0], trace.inputs[m]
    if not math.isfinite(np.vdot(D, D) * np.vdot(a, a)):            # else no product of two of them is out of range
        _validate.finite("the derivative", np.array(abs(D).max() * abs(a).max()))
    shape = len(D), rows, columns
    out = np.empty(shape, D.dtype) if out is None else _validate.writable("out", out, shape, D.dtype)
    # A column times a row is a product of matrices with one term in each sum. With a second term, 0 times 0, BLAS
    # computes it, and on most processors writes the result several times as fast.
    of_D, of_a = np.zeros((len(D), rows, 2), D.dtype), np.zeros((2, columns), D.dtype)
    of_D[:, :, 0], of_a[0] = D, a
    return np.matmul(of_D, of_a, out=out)


def jacobian_b(net, x, m):
    """How all outputs move with all biases of layer m, which is how they move with z^m.

    Equation (units). x (d_in,), m in 0 … n → (d_y, rows).
    Raises IndexError for m out of range, else as `jacobian_factors`.
    """
    shape_of(net, m)
    return _validate.finite("the derivative", pull(net, forward(net, x), _each_output(net), m)[0])


def jacobian_x(net, x):
    """How all outputs move with all that the network reads.

    Equation (jacobian-input). x (d_in,) → (d_y, d_in). Errors as `jacobian_factors`.
    """
    D = pull(net, forward(net, x), _each_output(net))[0]
    return _validate.finite("the derivative", D @ net[0].W)


def jvp(net, x, direction):
    """J v: how all outputs move if all weights and biases move at once, without J.

    Equation (push-any). x (d_in,), direction a pair .W and .b for each layer,
    of its shapes → (d_y,). Errors as `jacobian_factors`; ValueError or
    TypeError for a direction that does not fit.
    """
    trace = forward(net, x)
    direction = _validate.parameters("direction", direction, net)
    v = np.zeros_like(trace.inputs[0])                              # the input does not move
    for m, (dW, db) in enumerate(direction):
        v = trace.slopes[m] * (net[m].W @ v + dW @ trace.inputs[m] + db)
    return _validate.finite("the derivative", v)


def vjp(net, x, u):
    """u J: how the sum of the outputs, each times its u, moves with every weight and bias, without J.

    Equation (pull-any). x (d_in,), u (d_y,) → Parameters for each layer.
    Errors as `jacobian_factors`; ValueError or TypeError for a u that does
    not fit.
    """
    trace = forward(net, x)
    u = _validate.array("u", u, trace.y_hat.shape, "the network has {} outputs", len(trace.y_hat), dtype=net.dtype)
    return _validate.finite_parameters("the derivative", [
        Parameters(np.outer(d, a), d) for d, a in zip(pull(net, trace, u), trace.inputs)])


def _each_output(net):
    """One row for each output, which asks for that output alone."""
    return np.eye(len(net.layers[-1].b), dtype=net.dtype)
