"""Every "wrong argument" sentence of nnlib, in one place.

Each function returns the argument in the form that the caller computes with,
or raises TypeError, ValueError or IndexError with one sentence: the
argument's name, what was expected and why, and what came.
"""
import operator
from itertools import islice

import numpy as np

LONGEST = 10**5                 # a list of layers, widths or titles that is longer is a mistake
ROOM = 10**8                    # an array of more numbers would fill the memory


def array(name, value, shape, because="", dtype=None):
    """A finite real array of the wanted shape, as a fresh read-only copy.

    A letter in `shape` stands for any length from 1; "N", a number of data
    points, may be 0; ... stands for any shape. Without `dtype`, float32 stays float32 and every other
    kind of number becomes float64.
    """
    got = plain(name, value)
    if dtype is None:
        dtype = np.float32 if got.dtype == np.float32 else np.float64
    fits = shape is ... or got.ndim == len(shape) and all(
        want == has if isinstance(want, int) else has > 0 or want == "N"
        for want, has in zip(shape, got.shape))
    if not fits:
        raise ValueError(f"{name} must have shape {_written(shape)}{_because(because)}; "
                         f"got {_written(got.shape)}")
    with np.errstate(all="ignore"):
        got = np.array(got, dtype=dtype, order="C")
    if not np.isfinite(got).all():
        place = tuple(int(k) for k in np.argwhere(~np.isfinite(got))[0])
        raise ValueError(f"{name} must be finite in {got.dtype}; "
                         f"got {got[place]} at index {_written(place)}")
    got.flags.writeable = False
    return got


def plain(name, value, kinds="biuf"):
    """The argument as an array of booleans, integers or floats, and of complex numbers if `kinds` has "c"."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must hold plain numbers; got a masked array; "
                        "fill or drop its masked entries first")
    try:
        got = np.asarray(value)
    except Exception as error:
        if "inhomogeneous" in str(error):
            raise ValueError(f"{name} must be rectangular; "
                             "got nested lists of different lengths") from None
        raise TypeError(f"{name} must hold real numbers; got {kind(value)}, "
                        "which NumPy cannot read") from None
    if got.dtype.kind == "c" and "c" not in kinds:
        raise TypeError(f"{name} must be real; got complex numbers")
    if got.dtype.kind in "US":
        raise TypeError(f"{name} must hold numbers; got text")
    if got.dtype.kind not in kinds:
        what = kind(value) if got.ndim == 0 else f"an array of {got.dtype}"
        if got.dtype.kind == "O" and got.ndim and got.size:
            strange = (one for one in got.flat if not isinstance(one, (int, float, np.number)))
            what += f", among them {kind(next(strange, got.flat[0]))}"
        raise TypeError(f"{name} must hold real numbers; got {what}")
    return got


def between(name, value, shape, low, high, because):
    """An array as above whose numbers lie in low … high."""
    got = array(name, value, shape)
    outside = got[(got < low) | (got > high)]
    if outside.size:
        where = f"lie in {low:g} … {high:g}" if high < np.inf else "be above 0" if low else "be 0 or above"
        raise ValueError(f"{name} must {where}, because {because}; got {outside[0]:g}")
    return got


def index(name, value, size, because):
    """An index that counts from 0 and stays below `size`."""
    whole = integer(name, value)
    if not 0 <= whole < size:
        raise IndexError(f"{name} must lie in 0 … {size - 1}, because {because}; got {shown(whole)}")
    return whole


def integer(name, value, least=None):
    """A whole number, at least `least` where that is given."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be an integer; got a boolean")
    try:                                    # an array without axes counts, and a foreign class does not
        whole = operator.index(value if isinstance(value, (int, np.integer, np.ndarray)) else None)
    except TypeError:
        raise TypeError(f"{name} must be an integer; got {kind(value)}") from None
    if least is not None and whole < least:
        raise ValueError(f"{name} must be at least {least}; got {shown(whole)}")
    return whole


def room(name, count):
    """Refuses to make an array that would fill the memory."""
    if count > ROOM:
        raise ValueError(f"{name} must ask for {ROOM} numbers at most, because more fill the memory; "
                         f"got {shown(count)}")


def positive(name, value):
    """A finite number above 0."""
    number = float(array(name, value, ()))
    if number <= 0:
        raise ValueError(f"{name} must be above 0; got {number:g}")
    return number


def text(name, value, needed=False):
    """Text; where it is needed, at least one letter of it."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text; got {kind(value)}")
    if needed and not value.strip():
        raise ValueError(f"{name} must not be empty; got {value[:9]!r}")
    return value


def flag(name, value):
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False; got {kind(value)}")
    return bool(value)


def function(name, value, of="an array"):
    """Something that can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be a function of {of}; got {kind(value)}")
    return value


def sequence(name, value, of):
    """A tuple of what the argument holds, in the order that it holds it."""
    if isinstance(value, (set, frozenset, dict, str, bytes)) or not hasattr(type(value), "__iter__"):
        raise TypeError(f"{name} must be a list of {of}; got {kind(value)}")
    try:
        items = tuple(islice(value, LONGEST + 1))       # an iterator may have no end
    except Exception:
        items = None
    if items is None or len(items) > LONGEST:
        raise TypeError(f"{name} must be a list of {LONGEST} {of} at most; got {kind(value)}")
    return items


def instance(name, value, wanted, hint=""):
    """A value of the wanted class."""
    if not isinstance(value, wanted):
        hint = f": {hint}" if hint else ""
        article = "an" if wanted.__name__[0] in "AEIOU" else "a"
        raise TypeError(f"{name} must be {article} {wanted.__name__}; got {kind(value)}{hint}")
    return value


# Around a function whose results go through `finite`: NumPy's own warning is not needed, and a reader
# whose np.seterr raises on everything gets the same numbers.
overflow_in_words = np.errstate(all="ignore")


def finite(what, result, remedy="make the weights or the input smaller"):
    """A computed array, read-only, unless it left the range of its floats."""
    if not np.isfinite(result).all():
        raise OverflowError(f"{what} is beyond the range of {result.dtype}: {remedy}")
    result.flags.writeable = False
    return result


def _written(shape):
    """A shape as Python writes it, with bare letters for free lengths."""
    inside = ", ".join(str(length) for length in shape)
    return f"({inside},)" if len(shape) == 1 else f"({inside})"


def _because(reason):
    return f", because {reason}" if reason else ""


def shown(value):
    """What came, as Python writes it where that is short, else in words."""
    try:
        written = repr(value)
    except Exception:                       # an integer of 5,000 digits has no repr either
        return kind(value)
    return written if len(written) <= 60 and written.isprintable() else kind(value)


def kind(value):
    """What came, in words short enough for a sentence."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
