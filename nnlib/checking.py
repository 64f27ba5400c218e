"""Derivatives without formulas, to hold the formulas against.

Nothing here knows what a network is: f is any function of an array, and this
file imports nothing of what it checks.
"""
import warnings
from itertools import pairwise, takewhile

import numpy as np

from . import _validate


def forward_difference(f, theta, h=1e-8):
    """∂f/∂θ from one nudge of each element of θ.

    Equation (forward-difference); its error is about h. Shapes and errors as
    `central_difference`.
    """
    f = _validate.CheckedFunction(f)
    quotients = _per_element(theta, h, lambda t, step, h: (f(t + step) - f(t)) / h, taken=lambda t, h: (t + h) - t)
    return _unless_still(f, quotients)


def central_difference(f, theta, h=1e-5):
    """∂f/∂θ from two nudges of each element of θ, up and down.

    Equation (central-difference); its error is about h² f‴/6, and what f rounds
    on its way divided by h.
    Where f has a kink within h of θ, as a network of relus may, the result is
    a mean of the slopes on both sides, and no derivative.
    f takes an array of θ's shape and returns a number or an array → f's shape
    followed by θ's, so that result[..., i, j] belongs to θ[i, j].
    Raises ValueError or TypeError for a θ, an f or values of f that are not
    finite float64 numbers, for an f that has two values for one θ, and for an
    h that is not above 0 or does not move θ; OverflowError for a quotient
    beyond the range of its floats. Warns where no nudge changes f.
    """
    f = _validate.CheckedFunction(f)
    return _unless_still(f, _two_nudges(f, theta, h))


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
    f = _validate.CheckedFunction(f, complex)
    derivative = _per_element(theta, h, lambda t, step, h: np.imag(f(t + 1j * step)) / h,
                              smallest_h=1e-100)
    return _unless_still(f, _agrees_with_nudges(f, theta, h, derivative))


def taylor_rate(f, theta, derivative, direction, h=None):
    """How fast f leaves its tangent: ρ is about 2 if the derivative is right, 1 if not.

    Equations (taylor-remainder), (taylor-rate). derivative has f's shape followed by θ's, direction
    has θ's shape → ρ = log2 of r(h) / r(h/2), or inf where f is its own tangent. Without h, h is
    halved until rounding is near, and ρ is the middle one of the last three.
    Raises ValueError where rounding hides how f moves; else as `central_difference`.
    """
    f, theta, derivative, direction, f_theta, steps = _along_a_line(f, theta, derivative, direction, h)
    slope = np.tensordot(derivative, direction, axes=theta.ndim)

    def r(h):
        missed = f(theta + h * direction) - f_theta - h * slope
        return _validate.finite("the remainder", np.array(np.linalg.norm(missed)), "take a smaller h")

    # Rounding is relative to what is subtracted, as a fixed bound would certify every slope of a small f; and θ + h d is
    # rounded too.
    def rounding(h):
        return (1e-15 * (2 * np.linalg.norm(f_theta) + h * np.linalg.norm(slope))
                + 1e-16 * np.linalg.norm(derivative) * np.linalg.norm(theta))

    clear = 1 if h else 100         # a reader's h is taken as it is
    remainders = [*takewhile(lambda pair: pair[0] > clear * pair[1], ((r(step), rounding(step)) for step in steps))]
    rates = [np.log2(r_h / r_half) for (r_h, _), (r_half, _) in pairwise(remainders)]
    if rates:
        return float(np.median(rates[-3:]))
    moved = r(steps[0]) + steps[0] * np.linalg.norm(slope)
    if 0 < moved <= 100 * rounding(steps[0]):
        raise ValueError("f must move by more than its rounding: take off what is constant in its values")
    return np.inf


def _along_a_line(f, theta, derivative, direction, h):
    """The arguments of `taylor_rate`, checked; f(θ); and the steps along direction, each half of the one before."""
    f = _validate.CheckedFunction(f)
    theta = _validate.array("theta", theta, ..., dtype=np.float64)
    direction = _validate.array("direction", direction, theta.shape, "theta has that shape", dtype=np.float64)
    length, size = np.linalg.norm(direction), np.linalg.norm(theta)
    h = None if h is None else _validate.positive("h", h)
    if h and not h * length > 1e-6 * size:
        raise ValueError("h times direction must be longer than a millionth of theta, "
                         "because rounding hides what a smaller step leaves")
    if not length:
        raise ValueError("direction must not be 0, because f does not move along it; got only zeros")
    f_theta = f(theta)
    derivative = _validate.array("derivative", derivative, f_theta.shape + theta.shape,
                                 f"f has shape {f_theta.shape} and theta {theta.shape}", dtype=np.float64)
    steps = (h, h / 2) if h else max(1, size) / length * 0.5 ** np.arange(3, 36)
    return f, theta, derivative, direction, f_theta, steps


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


def _unless_still(f, derivative):
    """The derivative, with a warning where no nudge changed f."""
    if not f.moved:
        warnings.warn("no nudge of theta changes what f returns: f may ignore theta, or be flat there", stacklevel=4)
    return derivative


def _agrees_with_nudges(f, theta, h, derivative):
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
        if h > 1e-6:
            raise ValueError(f"h must be smaller, because f bends along so long a nudge; got {h:g}")
        raise ValueError("f must be analytic: two nudges tell another derivative than the imaginary one, "
                         "so something in it, as abs, conj, vdot or norm, is not")
    return derivative
