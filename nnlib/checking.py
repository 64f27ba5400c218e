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
    f = _values(f)
    return _per_element(theta, h, lambda t, step, h: (f(t + step) - f(t)) / h)


def central_difference(f, theta, h=1e-5):
    """∂f/∂θ from two nudges of each element of θ, up and down.

    Equation (central-difference); its error is about h² f‴/6 + 1e-16 |f|/h.
    f takes an array of θ's shape and returns a number or an array → f's shape
    followed by θ's, so that result[..., i, j] belongs to θ[i, j].
    Raises ValueError or TypeError for a θ, an f or values of f that are not
    finite real numbers, and for an h that is not above 0 or does not move θ;
    OverflowError for a quotient beyond the range of its floats.
    """
    f = _values(f)
    return _per_element(theta, h, lambda t, step, h: (f(t + step) - f(t - step)) / (2 * h))


def complex_step(f, theta, h=1e-20):
    """∂f/∂θ from one imaginary nudge of each element of θ.

    Equation (complex-step); exact to rounding, because nothing is subtracted.
    f must be plain arithmetic and analytic functions: abs, max and
    comparisons break it. Shapes and errors as `central_difference`.
    """
    f = _values(f, complex)
    return _per_element(theta, h, lambda t, step, h: np.imag(f(t + 1j * step)) / h,
                        least=1e-100)


@_validate.overflow_in_words
def taylor_rate(f, theta, derivative, direction, h=1e-2):
    """How fast f leaves its tangent: about 2 if the derivative is right, 1 if not.

    Equations (taylor-remainder), (taylor-rate). derivative has f's shape followed by θ's, direction
    has θ's shape → log2 of the remainder at h over the remainder at h/2, or
    inf where f is its own tangent. Errors as `central_difference`.
    """
    f, h = _values(f), _validate.positive("h", h)
    theta = _validate.array("theta", theta, ..., dtype=np.float64)
    direction = _validate.array("direction", direction, theta.shape, "theta has that shape",
                                dtype=np.float64)
    here, long = f(theta), h * np.linalg.norm(direction)
    if not long > 1e-6 * np.linalg.norm(theta):
        raise ValueError("h times direction must be longer than a millionth of theta, "
                         "because rounding hides what a smaller step leaves")
    derivative = _validate.array("derivative", derivative, here.shape + theta.shape,
                                 f"f has shape {here.shape} and theta {theta.shape}",
                                 dtype=np.float64)
    slope = np.tensordot(derivative, direction, axes=theta.ndim)
    far, near = (np.linalg.norm(f(theta + s * direction) - here - s * slope)
                 for s in (h, h / 2))
    # Relative to what is subtracted: a fixed bound would certify every slope of a small f.
    rounding = 1e-15 * (np.linalg.norm(here) + h * np.linalg.norm(slope))
    _validate.finite("the remainder", np.array([far, near, rounding]), "take a smaller h")
    return float(np.log2(far / near)) if near > rounding else np.inf


@_validate.overflow_in_words
def _per_element(theta, h, quotient, least=None):
    """One difference quotient for each element of θ, stacked along θ's axes."""
    h = _validate.positive("h", h)
    theta = _validate.array("theta", theta, ..., dtype=np.float64)
    if not theta.size:
        raise ValueError("theta must hold at least one number; got none")
    if least is None and ((theta + h == theta) | (theta - h == theta)).any():
        raise ValueError(f"h must be larger, because rounding swallows it beside theta; got {h:g}")
    if least is not None and h < least:
        raise ValueError(f"h must be at least {least:g}, because products swallow less; got {h:g}")
    columns = []
    for place in np.ndindex(theta.shape):
        step = np.zeros(theta.shape)
        step[place] = h
        columns.append(quotient(theta, step, h))
    quotients = np.stack(columns, axis=-1).reshape(columns[0].shape + theta.shape)
    return _validate.finite("the quotient", quotients, "take another h, or scale f")


def _values(f, dtype=float):
    """θ → f(θ) as an array that belongs to nobody else, of one shape for every θ."""
    _validate.function("f", f, "theta")
    shapes = []

    def at(theta):
        _validate.finite("the nudged theta", np.array(theta), "take a smaller h")
        value = _validate.plain("what f returns", f(theta.copy()), "biufc" if dtype is complex else "biuf")
        if dtype is complex and value.dtype.kind != "c":
            raise TypeError("what f returns must be complex where theta is, because abs and its like "
                            f"lose the nudge; got {value.dtype}")
        if not np.isfinite(value).all():
            raise ValueError("what f returns must be finite; got nan or inf")
        shapes.append(value.shape)
        if value.shape != shapes[0]:
            raise ValueError("what f returns must have one shape for every theta; "
                             f"got {shapes[0]} and {value.shape}")
        return value.astype(dtype)
    return at
