"""Derivatives without formulas, to hold the formulas against.

Nothing here knows what a network is: f is any function of an array, and this
file imports nothing of what it checks.
"""
import warnings

import numpy as np

from . import _validate


def forward_difference(f, theta, h=1e-8):
    """∂f/∂θ from one nudge of each element of θ.

    Equation (forward-difference); its error is about h. Shapes and errors as
    `central_difference`.
    """
    f = _checked(f)
    return _warned_if_zero(_per_element(theta, h, lambda t, step, h: (f(t + step) - f(t)) / h,
                                        taken=lambda t, h: (t + h) - t))


def central_difference(f, theta, h=1e-5):
    """∂f/∂θ from two nudges of each element of θ, up and down.

    Equation (central-difference); its error is about h² f‴/6 + 1e-16 |f|/h.
    Where f has a kink within h of θ, as a network of relus may, the result is
    a mean of the slopes on both sides, and no derivative.
    f takes an array of θ's shape and returns a number or an array → f's shape
    followed by θ's, so that result[..., i, j] belongs to θ[i, j].
    Raises ValueError or TypeError for a θ, an f or values of f that are not
    finite float64 numbers, for an f that has two values for one θ, and for an
    h that is not above 0 or does not move θ; OverflowError for a quotient
    beyond the range of its floats. Warns where no nudge changes f.
    """
    return _warned_if_zero(_two_nudges(_checked(f), theta, h))


def _two_nudges(f, theta, h):
    return _per_element(theta, h, lambda t, step, h: (f(t + step) - f(t - step)) / (2 * h),
                        taken=lambda t, h: ((t + h) - (t - h)) / 2)


def complex_step(f, theta, h=1e-20):
    """∂f/∂θ from one imaginary nudge of each element of θ.

    Equation (complex-step); exact to rounding, because nothing is subtracted.
    f must be plain arithmetic and analytic functions: abs, conjugates, norms,
    max and comparisons break it. So the result is held against two nudges,
    and refused with a ValueError where it differs by more than they can err.
    Shapes and other errors as `central_difference`.
    """
    f = _checked(f, complex)
    derivative = _per_element(theta, h, lambda t, step, h: np.imag(f(t + 1j * step)) / h,
                              smallest_h=1e-100)
    return _warned_if_zero(_agrees_with_nudges(f, theta, derivative))


def taylor_rate(f, theta, derivative, direction, h=None):
    """How fast f leaves its tangent: ρ is about 2 if the derivative is right, 1 if not.

    Equations (taylor-remainder), (taylor-rate). derivative has f's shape followed by θ's, direction
    has θ's shape → ρ = log2 of r(h) / r(h/2), or inf where f is its own tangent. Without h, h is
    halved until rounding is near, and ρ is the middle one of the last three.
    Raises ValueError where rounding hides how f moves; else as `central_difference`.
    """
    f = _checked(f)
    theta = _validate.array("theta", theta, ..., dtype=np.float64)
    direction = _validate.array("direction", direction, theta.shape, "theta has that shape", dtype=np.float64)
    length = np.linalg.norm(direction)
    if h is not None and not _validate.positive("h", h) * length > 1e-6 * np.linalg.norm(theta):
        raise ValueError("h times direction must be longer than a millionth of theta, "
                         "because rounding hides what a smaller step leaves")
    if not length:
        raise ValueError("direction must not be 0, because f does not move along it")
    f_theta = f(theta)
    derivative = _validate.array("derivative", derivative, f_theta.shape + theta.shape,
                                 f"f has shape {f_theta.shape} and theta {theta.shape}", dtype=np.float64)
    slope = np.tensordot(derivative, direction, axes=theta.ndim)

    def r(h):
        return np.linalg.norm(f(theta + h * direction) - f_theta - h * slope)

    # Rounding is relative to what is subtracted, as a fixed bound would certify every slope of a small f; and θ + h d is
    # rounded too.
    def rounding(h):
        return (1e-15 * (2 * np.linalg.norm(f_theta) + h * np.linalg.norm(slope))
                + 1e-16 * np.linalg.norm(derivative) * np.linalg.norm(theta))

    def hides(h):
        moved = max(np.linalg.norm(f(theta + h * direction) - f_theta), h * np.linalg.norm(slope))
        return 0 < moved <= 100 * rounding(h)

    if h is not None:
        r_h, r_half = r(h), r(h / 2)
        _validate.finite("the remainder", np.array([r_h, r_half, rounding(h)]), "take a smaller h")
        rates = [np.log2(r_h / r_half)] if r_half > rounding(h / 2) else []
    else:
        h = max(1, np.linalg.norm(theta)) / length / 64
        remainders = []
        for halved in h * 0.5 ** np.arange(30):
            if not r(halved) > 100 * rounding(halved):
                break
            remainders.append(r(halved))
        rates = np.log2(np.divide(remainders[:-1], remainders[1:]))[-3:]
    if not len(rates) and hides(h):
        raise ValueError("f must move by more than its rounding: take off what is constant in its values")
    return float(np.median(rates)) if len(rates) else np.inf


def _per_element(theta, h, quotient, taken=None, smallest_h=None):
    """One difference quotient for each element of θ, stacked along θ's axes.

    taken: from θ and h to the step that is taken, because θ + h is rounded to a float; dividing by h itself would
    make an error of the whole quotient where h is small beside θ. Without it, h is not added to θ, and smallest_h is
    what an imaginary nudge must be.
    """
    h = _validate.positive("h", h)
    theta = _validate.array("theta", theta, ..., dtype=np.float64)
    if not theta.size:
        raise ValueError("theta must hold at least one number; got none")
    if taken and ((theta + h == theta) | (theta - h == theta)).any():
        raise ValueError(f"h must be larger, because rounding swallows it beside theta; got {h:g}")
    if smallest_h is not None and h < smallest_h:
        raise ValueError(f"h must be at least {smallest_h:g}, because products swallow less; got {h:g}")
    quotients = []
    for place in np.ndindex(theta.shape):
        step = np.zeros(theta.shape)
        step[place] = h
        quotients.append(quotient(theta, step, taken(theta[place], h) if taken else h))
    stacked = np.stack(quotients, axis=-1).reshape(quotients[0].shape + theta.shape)
    return _validate.finite("the quotient", stacked, "take another h, or scale f")


def _warned_if_zero(derivative):
    """The derivative, with a warning where no nudge changed f."""
    if not derivative.any():
        warnings.warn("no nudge of theta changes what f returns: f may ignore theta, or be flat there", stacklevel=4)
    return derivative


def _agrees_with_nudges(f, theta, derivative):
    """The derivative, unless two nudges of f tell another one and tell it clearly."""
    def real_f(theta):
        return np.real(f(theta.astype(complex)))

    try:
        coarse, fine = (_two_nudges(real_f, theta, h) for h in (1e-4, 1e-5))
    except (ValueError, OverflowError):         # f is not defined so far from theta, or a nudge is swallowed beside it
        return derivative
    size = abs(real_f(np.array(theta, float)))
    unsure = 100 * abs(coarse - fine) + 1e-9 * size.reshape(size.shape + (1,) * np.ndim(theta))
    if (abs(derivative - fine) > 1e-3 * (abs(derivative) + abs(fine)) + unsure).any():
        raise ValueError("f must be analytic: two nudges tell another derivative than the imaginary one, "
                         "so something in it, as abs, conj, vdot or norm, is not")
    return derivative


def _checked(f, dtype=float):
    """f with its argument and its values checked; each value is a new array, all of one shape."""
    _validate.function("f", f, "theta")
    wanted = np.dtype(dtype)
    first = []

    def value_of(theta):
        value = _validate.numbers("what f returns", f(theta.copy()), "biufc" if dtype is complex else "biuf")
        if dtype is complex and value.dtype.kind != "c":
            raise TypeError("what f returns must be complex where theta is, because abs and its like "
                            f"lose the nudge; got {value.dtype}")
        if value.dtype != wanted:
            reason = "integers and booleans move in steps" if value.dtype.kind in "biu" else "a nudge is lost in fewer digits"
            raise TypeError(f"what f returns must be {wanted}, because {reason}; got {value.dtype}")
        if not _validate.is_finite(value):
            raise ValueError("what f returns must be finite; got nan or inf")
        return value.copy()

    def checked_f(theta):
        _validate.finite("the nudged theta", np.array(theta), "take a smaller h")
        value = value_of(theta)
        if not first:
            first.append(value)
            again = value_of(theta)
            if again.shape == value.shape and not (abs(again - value) <= 1e-12 * abs(value)).all():
                raise ValueError("what f returns must be the same for the same theta: fix what is random in it, as a mask "
                                 "or a noise, before it is nudged")
        if value.shape != first[0].shape:
            raise ValueError("what f returns must have one shape for every theta; "
                             f"got {first[0].shape} and {value.shape}")
        return value
    return checked_f
