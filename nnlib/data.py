"""The networks and the data that the book runs on.

The digits are the UCI set "Optical Recognition of Handwritten Digits"
(E. Alpaydin and C. Kaynak, 1998, CC BY 4.0), its 1,797 test images as
scikit-learn distributes them. DATA.md beside this file tells more.
"""
from importlib import resources

import numpy as np

from .network import Layer, Network


def pencil_network():
    """The 2-3-2-3 network of the book, φ(z) = z²: x = (2, 3) gives (9, 25, 16)."""
    return Network([Layer([[-2, 1], [1, 2], [2, -2]], [-3, -5, 0], "square"),
                    Layer([[2, -2, -1], [-1, 1, 2]], [-7, -3], "square"),
                    Layer([[1, -1], [-1, 2], [1, -2]], [-2, 6, -5], "square")])


def pencil_twin():
    """The pencil network with a square layer on top, 2-3-2-3-3: (9, 16, 4)."""
    return Network([*pencil_network(),
                    Layer([[1, -1, 1], [-2, 1, 0], [0, 1, -2]], [3, -3, 5], "square")])


def digits():
    """The handwritten digits: X (1797, 64) and labels (1797,).

    A row of X is an 8×8 image, row by row, from 0 (paper) to 1 (ink); a label
    is one of 0 … 9.
    """
    stored = _stored("digits.npz", images=(1797, 64), labels=(1797,))
    return stored["images"] / 16, stored["labels"].astype(int)


def digits_network():
    """The trained classifier 64-32-16-10, tanh tanh identity; DATA.md says how.

    The class that it sees is the place of the largest of its ten outputs.
    """
    stored = _stored("digits_network.npz", W0=(32, 64), b0=(32,), W1=(16, 32), b1=(16,),
                     W2=(10, 16), b2=(10,))
    return Network([Layer(stored[f"W{m}"], stored[f"b{m}"], phi)
                    for m, phi in enumerate(("tanh", "tanh", "identity"))])


def _stored(name, **shapes):
    """The arrays of one of nnlib's own files, read without pickle."""
    path = resources.files(__package__) / name
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            stored = {key: arrays[key] for key in arrays.files}
    except Exception as error:         # zipfile, zlib and NumPy each raise their own
        raise OSError(f"nnlib/{name} cannot be read ({error}): install nnlib again") from None
    for key, shape in shapes.items():
        if key not in stored or stored[key].shape != shape:
            raise OSError(f"nnlib/{name} is damaged at {key}: install nnlib again")
    return stored
