"""Derivatives without formulas, to hold the formulas against.

Nothing here knows what a network is: f is any function of an array, and this
file imports nothing of what it checks.
"""
import numpy as np

from . import _validate


def forward_difference(f, theta, h=1e-8):
    """∂f/∂θ from one nudge of each element of θ.

    Equation (forward-difference); its error is about h. Shapes and errors as
    `central_difference`.
    """
    return _per_element(f, theta, h, lambda t, step: (_at(f, t + step) - _at(f, t)) / h)


def central_difference(f, theta, h=1e-5):
    """∂f/∂θ from two nudges of each element of θ, up and down.

    Equation (central-difference); its error is about h² f‴/6 + 1e-16 |f|/h.
    f takes an array of θ's shape and returns a number or an array → f's shape
    followed by θ's, so that result[..., i, j] belongs to θ[i, j].
    Raises ValueError or TypeError for a θ, an f or values of f that are not
    finite real numbers, and for an h that is not above 0.
    """
    return _per_element(f, theta, h,
                        lambda t, step: (_at(f, t + step) - _at(f, t - step)) / (2 * h))


def complex_step(f, theta, h=1e-20):
    """∂f/∂θ from one imaginary nudge of each element of θ.

    Equation (complex-step); exact to rounding, because nothing is subtracted.
    f must be plain arithmetic and analytic functions: abs, max and
    comparisons break it. Shapes and errors as `central_difference`.
    """
    return _per_element(f, theta, h,
                        lambda t, step: np.imag(_at(f, t + 1j * step, complex)) / h)


def taylor_rate(f, theta, derivative, direction, h=1e-2):
    """How fast f leaves its tangent: about 2 if the derivative is right, 1 if not.

    Equations (taylor-remainder), (taylor-rate). derivative has f's shape followed by θ's, direction
    has θ's shape → log2 of the remainder at h over the remainder at h/2, or
    inf where f is its own tangent. Errors as `central_difference`.
    """
    h = _validate.positive("h", h)
    theta = _validate.array("theta", theta, ...)
    direction = _validate.array("direction", direction, theta.shape, "theta has that shape")
    here = _at(f, theta)
    derivative = _validate.array("derivative", derivative, here.shape + theta.shape,
                                 f"f has shape {here.shape} and theta {theta.shape}")
    slope = np.tensordot(derivative, direction, axes=theta.ndim)
    far, near = (np.linalg.norm(_at(f, theta + s * direction) - here - s * slope)
                 for s in (h, h / 2))
    rounding = 1e-15 * (1 + np.linalg.norm(here))
    return float(np.log2(far / near)) if near > rounding else np.inf


def _per_element(f, theta, h, quotient):
    """One difference quotient for each element of θ, stacked along θ's axes."""
    if not callable(f):
        raise TypeError(f"f must be a function of theta; got {type(f).__name__}")
    h = _validate.positive("h", h)
    theta = _validate.array("theta", theta, ..., dtype=np.float64)
    columns = []
    for place in np.ndindex(theta.shape):
        step = np.zeros(theta.shape)
        step[place] = h
        columns.append(quotient(theta, step))
    if not columns:
        raise ValueError("theta must hold at least one number; got none")
    return np.stack(columns, axis=-1).reshape(columns[0].shape + theta.shape)


def _at(f, theta, dtype=float):
    """f(θ) as an array."""
    value = np.asarray(f(theta))
    if value.dtype.kind not in ("biuf" if dtype is float else "biufc"):
        raise TypeError(f"f must return real numbers; got {value.dtype}")
    if not np.isfinite(value).all():
        raise ValueError("f must return finite numbers; got nan or inf")
    return value.astype(dtype)
