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
    f = _checked(f)
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
    f = _checked(f)
    return _per_element(theta, h, lambda t, step, h: (f(t + step) - f(t - step)) / (2 * h))


def complex_step(f, theta, h=1e-20):
    """∂f/∂θ from one imaginary nudge of each element of θ.

    Equation (complex-step); exact to rounding, because nothing is subtracted.
    f must be plain arithmetic and analytic functions: abs, max and
    comparisons break it. Shapes and errors as `central_difference`.
    """
    f = _checked(f, complex)
    return _per_element(theta, h, lambda t, step, h: np.imag(f(t + 1j * step)) / h,
                        smallest_h=1e-100)


def taylor_rate(f, theta, derivative, direction, h=1e-2):
    """How fast f leaves its tangent: ρ is about 2 if the derivative is right, 1 if not.

    Equations (taylor-remainder), (taylor-rate). derivative has f's shape followed by θ's, direction
    has θ's shape → ρ = log2 of r(h) / r(h/2), or inf where f is its own tangent.
    Errors as `central_difference`.
    """
    f, h = _checked(f), _validate.positive("h", h)
    theta = _validate.array("theta", theta, ..., dtype=np.float64)
    direction = _validate.array("direction", direction, theta.shape, "theta has that shape", dtype=np.float64)
    if not h * np.linalg.norm(direction) > 1e-6 * np.linalg.norm(theta):
        raise ValueError("h times direction must be longer than a millionth of theta, "
                         "because rounding hides what a smaller step leaves")
    f_theta = f(theta)
    derivative = _validate.array("derivative", derivative, f_theta.shape + theta.shape,
                                 f"f has shape {f_theta.shape} and theta {theta.shape}", dtype=np.float64)
    slope = np.tensordot(derivative, direction, axes=theta.ndim)

    def r(h):
        return np.linalg.norm(f(theta + h * direction) - f_theta - h * slope)

    r_h, r_half = r(h), r(h / 2)
    # Rounding is relative to what is subtracted: a fixed bound would certify every slope of a small f.
    rounding = 1e-15 * (np.linalg.norm(f_theta) + h * np.linalg.norm(slope))
    _validate.finite("the remainder", np.array([r_h, r_half, rounding]), "take a smaller h")
    return float(np.log2(r_h / r_half)) if r_half > rounding else np.inf


def _per_element(theta, h, quotient, smallest_h=None):
    """One difference quotient for each element of θ, stacked along θ's axes.

    smallest_h: the smallest h of a nudge that is not added to θ, as an imaginary one is not.
    """
    h = _validate.positive("h", h)
    theta = _validate.array("theta", theta, ..., dtype=np.float64)
    if not theta.size:
        raise ValueError("theta must hold at least one number; got none")
    if smallest_h is None and ((theta + h == theta) | (theta - h == theta)).any():
        raise ValueError(f"h must be larger, because rounding swallows it beside theta; got {h:g}")
    if smallest_h is not None and h < smallest_h:
        raise ValueError(f"h must be at least {smallest_h:g}, because products swallow less; got {h:g}")
    quotients = []
    for place in np.ndindex(theta.shape):
        step = np.zeros(theta.shape)
        step[place] = h
        quotients.append(quotient(theta, step, h))
    stacked = np.stack(quotients, axis=-1).reshape(quotients[0].shape + theta.shape)
    return _validate.finite("the quotient", stacked, "take another h, or scale f")


def _checked(f, dtype=float):
    """f with its argument and its values checked; each value is a new array, all of one shape."""
    _validate.function("f", f, "theta")
    shapes = []

    def checked_f(theta):
        _validate.finite("the nudged theta", np.array(theta), "take a smaller h")
        value = _validate.numbers("what f returns", f(theta.copy()), "biufc" if dtype is complex else "biuf")
        if dtype is complex and value.dtype.kind != "c":
            raise TypeError("what f returns must be complex where theta is, because abs and its like "
                            f"lose the nudge; got {value.dtype}")
        if not _validate.is_finite(value):
            raise ValueError("what f returns must be finite; got nan or inf")
        shapes.append(value.shape)
        if value.shape != shapes[0]:
            raise ValueError("what f returns must have one shape for every theta; "
                             f"got {shapes[0]} and {value.shape}")
        return value.astype(dtype)
    return checked_f
