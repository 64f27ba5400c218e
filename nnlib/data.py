"""The networks and the data that the book runs on.

The digits are the UCI set "Optical Recognition of Handwritten Digits"
(E. Alpaydin and C. Kaynak, 1998, CC BY 4.0), its 1,797 test images as
scikit-learn distributes them. DATA.md beside this file tells more.
"""
import zipfile
from importlib import resources
from io import BytesIO

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
    is one of 0 … 9. Raises OSError if nnlib's own file is damaged.
    """
    stored = _stored("digits.npz", images=((1797, 64), "u1", 16), labels=((1797,), "u1", 9))
    return stored["images"] / 16, stored["labels"].astype(int)


def digits_network():
    """The trained classifier 64-32-16-10, tanh tanh identity; DATA.md says how.

    The class that it sees is the place of the largest of its ten outputs.
    Raises OSError if nnlib's own file is damaged.
    """
    stored = _stored("digits_network.npz", **{key: (shape, "f8", np.finfo(float).max) for key, shape in (
        ("W0", (32, 64)), ("b0", (32,)), ("W1", (16, 32)), ("b1", (16,)), ("W2", (10, 16)), ("b2", (10,)))})
    return Network([Layer(stored[f"W{m}"], stored[f"b{m}"], phi)
                    for m, phi in enumerate(("tanh", "tanh", "identity"))])


def _stored(name, **wanted):
    """The arrays of one of nnlib's own files, read without pickle; wanted: the shape, type and largest size of each.

    Nothing is unpacked before its size is known to be what it should be.
    """
    path = resources.files(__package__) / name
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as parts:
            return {key: _part(parts, key, *what) for key, what in wanted.items()}
    except Exception as error:         # zipfile, zlib and NumPy each raise their own
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise OSError(f"nnlib/{name} is damaged ({reason}): install nnlib again") from None


def _part(parts, key, shape, dtype, largest):
    """One array of a .npz, after its size, its header and its numbers have each been looked at."""
    room = np.dtype(dtype).itemsize * int(np.prod(shape)) + 1000        # for the numbers and their header
    if parts.getinfo(f"{key}.npy").file_size > room:
        raise ValueError(f"{key} is larger than {room} bytes")
    with parts.open(f"{key}.npy") as file:
        packed = BytesIO(file.read(room))
    if np.lib.format.read_magic(packed) != (1, 0):
        raise ValueError(f"{key} is in another format")
    has, _, kind = np.lib.format.read_array_header_1_0(packed)
    if (has, kind) != (shape, np.dtype(dtype)):
        raise ValueError(f"{key} has shape {has} and holds {kind}")
    packed.seek(0)
    array = np.load(packed, allow_pickle=False)
    if not (abs(array) <= largest).all():
        raise ValueError(f"{key} holds a number beyond {largest}")
    return array
