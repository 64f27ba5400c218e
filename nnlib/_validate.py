"""Every "wrong argument" sentence of nnlib, in one place.

Each function returns the argument in the form that the caller computes with,
or raises TypeError, ValueError or IndexError with one sentence: the
argument's name, what was expected and why, and what came.
"""
import operator

import numpy as np


def array(name, value, shape, because="", dtype=None):
    """A finite real array of the wanted shape, as a fresh read-only copy.

    A letter in `shape` stands for any length from 1; "N", a number of data
    points, may be 0; ... stands for any shape. Without `dtype`, float32 stays float32 and every other
    kind of number becomes float64.
    """
    got = _numbers(name, value)
    if dtype is None:
        dtype = np.float32 if got.dtype == np.float32 else np.float64
    fits = shape is ... or got.ndim == len(shape) and all(
        want == has if isinstance(want, int) else has > 0 or want == "N"
        for want, has in zip(shape, got.shape))
    if not fits:
        raise ValueError(f"{name} must have shape {_written(shape)}{_because(because)}; "
                         f"got {_written(got.shape)}")
    with np.errstate(over="ignore"):
        got = np.array(got, dtype=dtype, order="C")
    if not np.isfinite(got).all():
        place = tuple(int(k) for k in np.argwhere(~np.isfinite(got))[0])
        raise ValueError(f"{name} must be finite in {got.dtype}; "
                         f"got {got[place]} at index {_written(place)}")
    got.flags.writeable = False
    return got


def _numbers(name, value):
    """The argument as an array of booleans, integers or floats."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must hold plain numbers; got a masked array, "
                        "fill or drop its masked entries first")
    try:
        got = np.asarray(value)
    except Exception as error:
        if "inhomogeneous" in str(error):
            raise ValueError(f"{name} must be rectangular; "
                             "got nested lists of different lengths") from None
        raise TypeError(f"{name} must hold real numbers; got {_kind(value)}, "
                        "which NumPy cannot read") from None
    if got.dtype.kind == "c":
        raise TypeError(f"{name} must be real; got complex numbers")
    if got.dtype.kind in "US":
        raise TypeError(f"{name} must hold numbers; got text")
    if got.dtype.kind not in "biuf":
        what = _kind(value) if got.ndim == 0 else f"an array of {got.dtype}"
        raise TypeError(f"{name} must hold real numbers; got {what}")
    return got


def index(name, value, size, because):
    """An index that counts from 0 and stays below `size`."""
    whole = integer(name, value)
    if not 0 <= whole < size:
        raise IndexError(f"{name} must lie in 0 … {size - 1}, because {because}; got {whole}")
    return whole


def integer(name, value, least=None):
    """A whole number, at least `least` where that is given."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be an integer; got a boolean")
    try:
        whole = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer; got {_kind(value)}") from None
    if least is not None and whole < least:
        raise ValueError(f"{name} must be at least {least}; got {whole}")
    return whole


def positive(name, value):
    """A finite number above 0."""
    number = float(array(name, value, ()))
    if number <= 0:
        raise ValueError(f"{name} must be above 0; got {number:g}")
    return number


def instance(name, value, wanted, hint=""):
    """A value of the wanted class."""
    if not isinstance(value, wanted):
        hint = f": {hint}" if hint else ""
        article = "an" if wanted.__name__[0] in "AEIOU" else "a"
        raise TypeError(f"{name} must be {article} {wanted.__name__}; got {_kind(value)}{hint}")
    return value


# Around a function whose results go through `finite`: NumPy's own warning is not needed.
overflow_in_words = np.errstate(over="ignore", invalid="ignore")


def finite(what, result):
    """A computed array, read-only, unless it left the range of its floats."""
    if not np.isfinite(result).all():
        raise OverflowError(f"{what} is beyond the range of {result.dtype}: "
                            "make the weights or the input smaller")
    result.flags.writeable = False
    return result


def _written(shape):
    """A shape as Python writes it, with bare letters for free lengths."""
    inside = ", ".join(str(length) for length in shape)
    return f"({inside},)" if len(shape) == 1 else f"({inside})"


def _because(reason):
    return f", because {reason}" if reason else ""


def _kind(value):
    """What came, in words short enough for a sentence."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
