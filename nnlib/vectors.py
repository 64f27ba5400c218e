"""The golden vectors: networks, inputs and right answers for programs in any language."""
import json
from dataclasses import dataclass
from os import path

import numpy as np

from . import losses
from .losses import Loss
from .network import Layer, Network

FOLDER = path.dirname(__file__)
# In the order in which a program computes them.
QUANTITIES = ("z", "y_hat", "p", "dy_db", "dy_dW", "loss", "grad_b", "grad_W", "b_after", "W_after")


@dataclass(frozen=True, eq=False)
class Vector:
    """One golden vector: a network, a batch, a loss, a learning rate, and what is right for them.

    X (N, d_in), Y (N, d_y), read-only. expected: quantity → number, or nested
    lists of numbers: z [point][layer][unit], y_hat and p [point][k], loss,
    dy_db [m][r][k], dy_dW [m][r][c][k], grad_b and b_after [m][r], grad_W and
    W_after [m][r][c]. p only for cross-entropy, dy_… only for one point.
    decides: whether it may lead to the name of a bug.
    """
    name: str
    about: str
    decides: bool
    net: Network
    loss: Loss
    X: np.ndarray
    Y: np.ndarray
    rate: float
    expected: dict


def vectors():
    """All golden vectors, a tuple of Vector, the small ones first.

    Raises OSError if nnlib's own file is damaged.
    """
    return tuple(_vector(stored) for stored in _document()["vectors"])


def _vector(stored):
    net = Network([Layer(**layer) for layer in stored["layers"]])
    X, Y = np.array(stored["X"]), np.array(stored["Y"])
    X.flags.writeable = Y.flags.writeable = False
    return Vector(stored["name"], stored["about"], stored["decides"], net, getattr(losses, stored["loss"]), X, Y,
                  stored["rate"], stored["expected"])


def _document():
    with open(path.join(FOLDER, "vectors.json"), encoding="ascii") as file:
        return json.load(file, parse_int=float)
