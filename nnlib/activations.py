"""Activation functions: φ, applied element-wise, and its derivative φ′.

Every pair stays exact when it is saturated: the slope of tanh at z = 30 is
3.5e-26, which 1 - tanh(z)**2 would round to 0.
"""
from collections.abc import Callable
from dataclasses import InitVar, dataclass

import numpy as np

from . import _validate


@dataclass(frozen=True, eq=False)
class Activation:
    """An activation function φ and its derivative φ′.

    name: what it is called. f, df: functions of an array of any shape that
    return φ and φ′ of each element, in an array of that shape. df reads z,
    not φ(z). check=False takes a df that is meant to differ from f's slope.
    Raises TypeError for a wrong kind of argument, ValueError for an f or df
    that does not act on each element by itself, as softmax does not, and for
    a df that is not the slope of f at a few z.
    """
    name: str
    f: Callable
    df: Callable
    check: InitVar[bool] = True

    def __post_init__(self, check):
        _validate.text("name", self.name, required=True)
        _validate.elementwise("f", self.f, self.name)
        _validate.elementwise("df", self.df, self.name)
        if _validate.flag("check", check):
            _validate.slope(self.f, self.df, self.name)

    def __repr__(self):
        return f"Activation {self.name}"

    def __reduce__(self):
        """To another process a ready one travels by its name, as pickle refuses what has none, like a lambda."""
        return (activation, (self.name,)) if ACTIVATIONS.get(self.name) is self else super().__reduce__()


def _sigmoid(z):
    e = np.exp(-np.abs(z))                      # at most 1: never overflows
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def _sigmoid_slope(z):
    return _sigmoid(z) * _sigmoid(-z)           # s (1 - s) loses every digit near s = 1


def _tanh_slope(z):
    e = np.exp(-2 * np.abs(z))
    return 4 * e / (1 + e) ** 2                 # 1 - tanh² loses every digit near tanh = 1


identity = Activation("identity", lambda z: z.copy(), lambda z: np.ones(z.shape, z.dtype))
square = Activation("square", lambda z: z * z, lambda z: 2 * z)
sigmoid = Activation("sigmoid", _sigmoid, _sigmoid_slope)
tanh = Activation("tanh", np.tanh, _tanh_slope)
# A kink has no slope. The book takes the one from the left, so φ′(0) = 0 for relu.
relu = Activation("relu", lambda z: np.maximum(z, 0), lambda z: np.heaviside(z, 0))
leaky_relu = Activation("leaky_relu", lambda z: np.where(z > 0, z, 0.01 * z),
                        lambda z: np.where(z > 0, np.ones_like(z), 0.01))
softplus = Activation("softplus", lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
                      _sigmoid)
sin = Activation("sin", np.sin, np.cos)

ACTIVATIONS = {phi.name: phi for phi in
               (identity, square, sigmoid, tanh, relu, leaky_relu, softplus, sin)}


def activation(phi):
    """An Activation, from itself or from its name.

    Raises ValueError for an unknown name, TypeError for anything else.
    """
    if isinstance(phi, Activation):
        return phi
    if isinstance(phi, str):
        if phi == "softmax":
            raise ValueError("phi must act element by element, and softmax does not: "
                             "leave softmax to the loss")
        if phi not in ACTIVATIONS:
            raise ValueError(f"phi must be one of {', '.join(ACTIVATIONS)}; got {_validate.shown(phi)}")
        return ACTIVATIONS[phi]
    raise TypeError("phi must be an Activation or the name of one; "
                    f"got {type(phi).__name__}: give a function with its derivative, "
                    "Activation(name, f, df)")
