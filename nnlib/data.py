"""The networks and the data that the book runs on.

The digits are the UCI set "Optical Recognition of Handwritten Digits"
(E. Alpaydin and C. Kaynak, 1998, CC BY 4.0), its 1,797 test images as
scikit-learn distributes them. DATA.md, in the same folder, says more.
"""
from hashlib import sha256
from io import BytesIO
from os import path

import numpy as np

from .network import Layer, Network

FOLDER = path.dirname(__file__)
SHA256 = {"digits.npz": "af104d81e7cd419be5f343d23c6ca2e4e4ff847b06636260802df8e903c6183f",
          "vectors.json": "87145a78983c6cc583894136d0cdb052c67e2d0caad9cb40be980f7063bbe26d",
          "digits_network.npz": "d739a32b2d2be19b26ebda82b793a90870be36d82e68ae22fbc51ea78dc8c7a2"}


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
    is one of 0 … 9. Raises OSError if nnlib's own file is damaged.
    """
    stored = _stored("digits.npz")
    return stored["images"] / 16, stored["labels"].astype(int)


def digits_network():
    """The trained classifier 64-32-16-10, tanh tanh identity; DATA.md says how.

    The class that it sees is the place of the largest of its ten outputs.
    Raises OSError if nnlib's own file is damaged.
    """
    stored = _stored("digits_network.npz")
    return Network([Layer(stored[f"W{m}"], stored[f"b{m}"], phi)
                    for m, phi in enumerate(("tanh", "tanh", "identity"))])


def _stored(name):
    return np.load(BytesIO(content(name)))


def content(name):
    """One of nnlib's own files, once every byte is known to be the one that was stored; OSError otherwise."""
    found, place = b"", path.join(FOLDER, name)
    if path.isfile(place):
        with open(place, "rb") as file:
            found = file.read()
    if sha256(found).hexdigest() != SHA256[name]:
        raise OSError(f"nnlib/{name} is damaged or missing: install nnlib again")
    return found
