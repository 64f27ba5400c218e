"""Every "wrong argument" sentence of nnlib, in one place.

Each function returns the argument in the form that the caller computes with,
or raises TypeError, ValueError or IndexError with one sentence: the
argument's name, what was expected and why, and what came.
"""
import cmath
import operator
from collections.abc import Mapping
from itertools import islice

import numpy as np

LONGEST_LIST = 10**5            # a longer list of layers, widths or titles is a mistake
LARGEST_ARRAY = 10**8           # an array of more numbers fills the memory
LARGEST_COUNT = 10**15          # nobody waits for so many epochs
PART = 2**15                    # how many numbers of many are looked at together: no copy of all is made


def array(name, value, shape, because="", *words, dtype=None):
    """A finite real array of the wanted shape, as a fresh read-only copy.

    A letter in `shape` stands for any length from 1; "N", a number of data
    points, may be 0; ... stands for any shape. Without `dtype`, float32 stays
    float32 and every other kind of number becomes float64.
    """
    got = numbers(name, value)
    if dtype is None:
        dtype = np.float32 if got.dtype == np.float32 else np.float64
    if not (shape is ... or got.shape == shape or _has_lengths(got, shape)):
        raise ValueError(f"{name} must have shape {_written(shape)}{_because(because.format(*words))}; "
                         f"got {_written(got.shape)}")
    if got.dtype == dtype:
        got = got.copy()
    else:
        with np.errstate(all="ignore"):         # a number that the new type cannot hold becomes infinity
            got = got.astype(dtype, order="C")
    if not is_finite(got):
        place = tuple(int(k) for k in np.argwhere(~np.isfinite(got))[0])
        raise ValueError(f"{name} must be finite in {got.dtype}; "
                         f"got {got[place]} at index {_written(place)}")
    got.setflags(write=False)
    return got


def _has_lengths(got, shape):
    """Whether an array has a length in each axis that `array` accepts."""
    for wanted, length in zip(shape, got.shape):
        if wanted != length and (isinstance(wanted, int) or length == 0 and wanted != "N"):
            return False
    return got.ndim == len(shape)


def numbers(name, value, kinds="biuf"):
    """The argument as an array of booleans, integers or floats, and of complex numbers if `kinds` has "c"."""
    if type(value) is np.ndarray and value.dtype.kind in kinds:
        return value
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must hold plain numbers; got a masked array; "
                        "fill or drop its masked entries first")
    try:
        got = np.asarray(value)
    except Exception as error:
        if "inhomogeneous" in str(error):
            raise ValueError(f"{name} must be rectangular; "
                             "got nested lists of different lengths") from None
        hint = ": give its .detach().cpu().float().numpy()" if hasattr(value, "detach") else ""
        raise TypeError(f"{name} must hold real numbers; got {kind(value)}, "
                        f"which NumPy cannot read{hint}") from None
    if got.dtype.kind == "c" and "c" not in kinds:
        raise TypeError(f"{name} must be real; got complex numbers")
    if got.dtype.kind in "US":
        raise TypeError(f"{name} must hold numbers; got text")
    if got.dtype.kind not in kinds:
        what = kind(value) if got.ndim == 0 else f"an array of {got.dtype}"
        if got.dtype.kind == "O" and got.ndim and got.size:
            others = (one for one in got.flat if not isinstance(one, (int, float, np.number)))
            what += f", among them {kind(next(others, got.flat[0]))}"
        raise TypeError(f"{name} must hold real numbers; got {what}")
    return got


def between(name, value, shape, low, high, because):
    """A finite real array whose numbers lie in low … high."""
    got = array(name, value, shape)
    outside = got[(got < low) | (got > high)]
    if outside.size:
        where = f"lie in {low:g} … {high:g}" if high < np.inf else "be above 0" if low else "be 0 or above"
        raise ValueError(f"{name} must {where}, because {because}; got {outside[0]:g}")
    return got


def index(name, value, size, because, *words):
    """An index that counts from 0 and stays below `size`; the words fill the gaps {} of the reason."""
    whole = integer(name, value)
    if not 0 <= whole < size:
        raise IndexError(f"{name} must lie in 0 … {size - 1}, because {because.format(*words)}; got {shown(whole)}")
    return whole


def integer(name, value, least=None, most=None):
    """A whole number, at least `least` and at most `most` where they are given."""
    whole = value if type(value) is int else _integer_of(name, value)
    if least is not None and whole < least:
        raise ValueError(f"{name} must be at least {least}; got {shown(whole)}")
    if most is not None and whole > most:
        raise ValueError(f"{name} must be at most {most}; got {shown(whole)}")
    return whole


def _integer_of(name, value):
    """The integer that a NumPy integer or an array without axes holds; no boolean, and no foreign class."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be an integer; got a boolean")
    try:
        return operator.index(value if isinstance(value, (int, np.integer, np.ndarray)) else None)
    except TypeError:
        raise TypeError(f"{name} must be an integer; got {kind(value)}") from None


def fits_memory(name, count):
    """Refuses an array of so many numbers that it would fill the memory."""
    if count > LARGEST_ARRAY:
        raise ValueError(f"{name} must ask for {LARGEST_ARRAY} numbers at most, because more fill the memory; "
                         f"got {shown(count)}")


def _size(name, value):
    """The argument as it is, unless it is True or False."""
    if numbers(name, value).dtype.kind == "b":
        raise TypeError(f"{name} must be a number; got a boolean")
    return value


def positive(name, value):
    """A finite number above 0."""
    number = float(array(name, _size(name, value), ()))
    if number <= 0:
        raise ValueError(f"{name} must be above 0; got {number:g}")
    return number


def not_negative(name, value, because):
    """A finite number, 0 or above."""
    return float(between(name, _size(name, value), (), 0, np.inf, because))


def below_one(name, value):
    """A number from 0 to below 1."""
    number = not_negative(name, value, "it is the part of the past that is remembered")
    if number >= 1:
        raise ValueError(f"{name} must be below 1, because what is remembered has to fade; got {number:g}")
    return number


def pair(name, value, first="X", second="Y"):
    """Two things."""
    items = sequence(name, value, f"{first} and {second}")
    if len(items) != 2:
        raise ValueError(f"{name} must be a pair ({first}, {second}); got {len(items)} things")
    return items


def text(name, value, required=False):
    """Text; with `required`, at least one letter of it."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text; got {kind(value)}")
    if required and not value.strip():
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


# Below and above 0, where relu and its like change; not in order, and one number twice, as some functions of a whole
# vector leave a sorted one as it is; no half, where rounding jumps.
PROBE = np.array([1.55, -0.7, 0.3, -0.7, -2.2, 3.6])


def elementwise(letter, value, owner):
    """A function that computes each element of an array from that element alone, as softmax does not.

    It is tried: a vector and a batch must give what their elements give one at a time, and stay as they were.
    """
    function(letter, value)
    vector, batch = PROBE.copy(), PROBE.reshape(3, 2).copy()
    try:
        with np.errstate(all="ignore"):
            together, by_rows = value(vector), value(batch)
            one_by_one = [value(PROBE[k:k + 1].copy()) for k in range(PROBE.size)]
        fits = (is_computed(together, vector.shape) and is_computed(by_rows, batch.shape)
                and (vector == PROBE).all() and (batch.ravel() == PROBE).all()
                and all(is_computed(result, (1,)) for result in one_by_one) and not np.isnan(together).all()
                and all(np.allclose(result.ravel(), np.concatenate(one_by_one), rtol=1e-12, equal_nan=True)
                        for result in (together, by_rows)))
        reason = "" if fits else "; got something else"
    except Exception as error:
        reason = f"; it raised {type(error).__name__}"
    if reason:
        raise ValueError(f"{letter} of {shown(owner)} must act on each element by itself "
                         "and return new real numbers in the shape that it was given, "
                         f"because a layer applies it element-wise{reason}")


def slope(f, df, owner):
    """Refuses a df that is not the slope of f, wherever both are finite among a few numbers."""
    z = PROBE[:3]
    with np.errstate(all="ignore"):
        values, slopes, nudged = f(z.copy()), df(z.copy()), (f(z + 1e-6) - f(z - 1e-6)) / 2e-6
        of_values = df(values)
    known = np.isfinite(nudged) & np.isfinite(slopes)
    wrong = known & ~_near(slopes, nudged)
    if wrong.any():
        k = int(wrong.argmax())
        hint = ""
        if _near(of_values, nudged)[known].all():
            hint = ": it is right for φ(z), and a layer gives it z, so write df as a function of z"
        elif _near(-slopes, nudged)[known].all():
            hint = ": its sign is turned"
        raise ValueError(f"df of {shown(owner)} must be the slope of f; at z = {z[k]:g} it is {slopes[k]:g}, "
                         f"and f moves by {nudged[k]:g} for each unit of z{hint}. Where that is meant, say check=False")


def _near(one, other):
    """Element by element, as close as a slope and two nudges are."""
    return abs(one - other) <= 1e-4 * (1 + abs(other))


def is_computed(result, shape):
    """Whether a function has returned an array of floats of that shape."""
    return type(result) is np.ndarray and result.dtype.kind == "f" and result.shape == shape


def sequence(name, value, of):
    """The items of a list, a tuple or another iterable that has an order, as a tuple."""
    if isinstance(value, (set, frozenset, dict, str, bytes)) or not hasattr(type(value), "__iter__"):
        hint = ": give what it holds, in order" if isinstance(value, dict) else ""
        raise TypeError(f"{name} must be a list of {of}; got {kind(value)}{hint}")
    try:
        items = tuple(islice(value, LONGEST_LIST + 1))  # an iterator may have no end
    except Exception:
        items = None
    if items is None or len(items) > LONGEST_LIST:
        raise TypeError(f"{name} must be a list of {LONGEST_LIST} {of} at most; got {kind(value)}")
    return items


def instance(name, value, wanted, hint=""):
    """A value of the wanted class."""
    if not isinstance(value, wanted):
        hint = f": {hint}" if hint else ""
        article = "an" if wanted.__name__[0] in "AEIOU" else "a"
        raise TypeError(f"{name} must be {article} {wanted.__name__}; got {kind(value)}{hint}")
    return value


class CheckedFunction:
    """A function f of θ that is nudged: its argument and its values are checked, each value is a new array.

    moved: whether f has ever given another value than the first.
    """

    def __init__(self, f, dtype=np.float64):
        self.f, self.dtype = function("f", f, "theta"), np.dtype(dtype)
        self.first, self.moved = None, False

    def __call__(self, theta):
        finite("the nudged theta", np.array(theta), "take a smaller h")
        value = self.value(theta)
        if self.first is None:
            self.first, again = value, self.value(theta)
            if again.shape == value.shape and not (abs(again - value) <= 1e-12 * abs(value)).all():
                raise ValueError("what f returns must be the same for the same theta: fix what is random in it, "
                                 "as a mask or a noise, before it is nudged")
        if value.shape != self.first.shape:
            raise ValueError("what f returns must have one shape for every theta; "
                             f"got {self.first.shape} and {value.shape}")
        self.moved = self.moved or bool((value != self.first).any())
        return value

    def value(self, theta):
        kinds = "biufc" if self.dtype.kind == "c" else "biuf"
        value = numbers("what f returns", self.f(theta.copy()), kinds)
        if self.dtype.kind == "c" and value.dtype.kind != "c":
            raise TypeError("what f returns must be complex where theta is, because abs and its like "
                            f"lose the nudge; got {value.dtype}")
        if value.dtype != self.dtype:
            why = "integers and booleans move in steps" if value.dtype.kind in "biu" else "fewer digits lose a nudge"
            raise TypeError(f"what f returns must be {self.dtype}, because {why}; got {value.dtype}")
        if not is_finite(value):
            raise ValueError("what f returns must be finite; got nan or inf")
        return value.copy()


def value_to_nudge(value, shape=None):
    """What a function of θ returns, as an array of floats of the shape of the first; that one has to be finite."""
    value = numbers("what f returns", value)
    if value.dtype.kind != "f":
        raise TypeError(f"what f returns must be floats, because integers and booleans move in steps; got {value.dtype}")
    if shape is None and not (value.size and is_finite(value)):
        raise ValueError("what f returns must be finite numbers, at least one; "
                         f"got {'nan or inf' if value.size else 'none'}")
    if shape is not None and value.shape != shape:
        raise ValueError(f"what f returns must have one shape for every theta; got {shape} and {value.shape}")
    return value


def mapped(value, of_array, path=()):
    """A structure with something else in the place of each array.

    A structure is a dictionary, a named tuple, a network, or a list or tuple with an array in it; all else is taken for an
    array. of_array gets the path to it, keys, fields and places, and the array.
    """
    def inside(keys, parts):
        return [mapped(part, of_array, (*path, key)) for key, part in zip(keys, parts)]

    if len(path) == 5:                                  # a structure may hold itself
        return of_array(path, value)
    if isinstance(value, dict):
        return dict(zip(value, inside(value, value.values())))
    if hasattr(type(value), "_fields"):
        return type(value)(*inside(value._fields, value))
    if hasattr(value, "layers") and hasattr(value, "replace"):
        for m, layer in enumerate(value.layers):
            W, b = (of_array((*path, m, letter), getattr(layer, letter)) for letter in "Wb")
            value = value.replace(m, W, b)
        return value
    if isinstance(value, (list, tuple)) and _holds_arrays(value):
        return type(value)(inside(range(len(value)), value))
    return of_array(path, value)


def _holds_arrays(value, depth=4):
    """Whether a list of lists is more than an array written down: an array, or another structure, is in it."""
    if isinstance(value, dict) or hasattr(type(value), "_fields"):
        return True
    if isinstance(value, (list, tuple)):
        return bool(depth) and any(_holds_arrays(part, depth - 1) for part in value[:LONGEST_LIST])
    return isinstance(value, np.ndarray) and value.ndim > 0


def leaves(name, value):
    """The arrays of a structure by their names, {"W0": …, "b0": …}: keys and fields on the way to it, then places.

    Where there are none, {"theta[0]": …, "theta[1]": …} for a list, and {"theta": …} for an array.
    """
    found = {}

    def keep(path, leaf):
        words = [step for step in path if type(step) is not int]
        if not all(isinstance(word, str) for word in words):
            raise TypeError(f"{name} must have text for the names of its parts; got {shown(words[-1])}")
        places = ",".join(str(step) for step in path if type(step) is int)
        key = ".".join(words) + places if words else f"theta[{places}]" if path else "theta"
        if key in found:
            raise ValueError(f"{name} must have parts with different names; got {shown(key)} twice")
        found[key] = array(_part_of(name, key), leaf, ...)
        return leaf

    mapped(value, keep)
    if not sum(leaf.size for leaf in found.values()):
        raise ValueError(f"{name} must hold at least one number; got none")
    return found


def _part_of(name, key):
    """How a sentence calls an array of a structure."""
    return name + key[5:] if key == "theta" or key.startswith("theta[") else f"{key} of {name}"


def rebuilt(like, leaves, theta):
    """The structure `like` with the numbers of the vector theta, in new arrays."""
    ends = iter(np.cumsum([leaf.size for leaf in leaves.values()]))
    arrays = iter(leaves.values())

    def taken(path, _):
        leaf, end = next(arrays), next(ends)
        return theta[end - leaf.size:end].reshape(leaf.shape).astype(leaf.dtype)

    return mapped(like, taken)


def like_leaves(name, value, other, leaves_of_other, shape):
    """The arrays of a structure that has the form of another: each of its arrays, with `shape` in front of its own."""
    got = leaves(name, value)
    missing, more = (sorted(set(one) - set(another)) for one, another in ((leaves_of_other, got), (got, leaves_of_other)))
    if missing or more:
        raise ValueError(f"{name} must have the form of {other}; got "
                         + (f"no {missing[0]}" if missing else f"{more[0]}, which {other} has not"))
    f_gives = f"shape {_written(shape)}" if shape else "a number"
    return {key: array(_part_of(name, key), got[key], shape + leaf.shape, "{} has shape {}, and f returns {}",
                       _part_of(other, key), _written(leaf.shape), f_gives) for key, leaf in leaves_of_other.items()}


def batch(name, value, d, dtype):
    """One data point per row, and at least one; a single data point may come without its row."""
    got = numbers(name, value)
    got = array(name, got[None] if got.ndim == 1 else got, ("N", d), "layer 0 reads {} numbers", d, dtype=dtype)
    if not len(got):
        raise ValueError(f"{name} must hold at least one data point; got none")
    return got


def rows(name, value):
    """Rows of at least one number, along the last axis."""
    got = array(name, value, ...)
    if not (got.ndim and got.shape[-1]):
        raise ValueError(f"{name} must have at least one number along its last axis; got shape {_written(got.shape)}")
    return got


def answers(Y_hat):
    """Answers to a batch, or to one data point."""
    Y_hat = array("Y_hat", Y_hat, ...)
    if not (1 <= Y_hat.ndim <= 2 and Y_hat.size):
        raise ValueError(f"Y_hat must have shape (N, d_y), or (d_y,) for one data point; got {_written(Y_hat.shape)}")
    return Y_hat


def right_answers(Y, Y_hat, probabilities):
    """What the answers should be, in their shape; with `probabilities`, each row adds up to 1."""
    wanted = numbers("Y", Y)
    if Y_hat.shape == (1, *wanted.shape):       # one data point, without its row
        wanted = wanted[None]
    return _answers_of_shape("Y", wanted, Y_hat.shape, "it has a number for each of Y_hat", Y_hat.dtype, probabilities)


def _answers_of_shape(name, wanted, shape, because, dtype, probabilities):
    if probabilities and wanted.dtype.kind in "iu" and wanted.ndim == len(shape) - 1:
        raise ValueError(f"{name} must have shape {_written(shape)}, a row of probabilities for each data point; "
                         f"got labels of shape {_written(wanted.shape)}: write one_hot(labels, {shape[-1]})")
    Y = array(name, wanted, shape, because, dtype=dtype)
    if probabilities:
        least, sums = np.minimum.reduce(Y, axis=None), np.add.reduce(Y, axis=-1)
        away = abs(sums - 1)
        if least < 0 or np.maximum.reduce(away, axis=None) > 1e-6:
            raise ValueError(f"{name} must hold probabilities: none below 0, and each row adds up to 1; got "
                             + (f"{least:g}" if least < 0 else f"a sum of {sums.flat[away.argmax()]:g}"))
    return Y


def data(name, value, d, because, dtype):
    """Many data points, a row each: as they are, with no copy, once every number is known to be finite in `dtype`."""
    got = numbers(name, value)
    got = got[None] if got.ndim == 1 else got
    if got.ndim != 2 or got.shape[1] != d or not len(got):
        raise ValueError(f"{name} must have shape (N, {d}) with N at least 1, because {because}; got {_written(got.shape)}")
    return _finite_rows(name, got, dtype)


def _finite_rows(name, got, dtype):
    for part in _parts(got):
        if not is_finite(part.astype(dtype, copy=False)):
            array(name, got, ..., dtype=dtype)          # it names the place
    return got


def _parts(rows):
    """All rows, as many at a time as have PART numbers, or one that has more."""
    count = max(1, PART // rows.shape[1])
    return (rows[start:start + count] for start in range(0, len(rows), count))


def data_answers(name, value, X, d, dtype, probabilities):
    """The right answers of many data points, as `data`."""
    got = numbers(name, value)
    got = got[None] if got.ndim == 1 and len(X) == 1 and len(got) == d else got
    if got.shape != (len(X), d):
        because = f"X holds {len(X)} data points and the network answers {d} numbers"
        _answers_of_shape(name, got, (len(X), d), because, dtype, probabilities)
    for part in _parts(_finite_rows(name, got, dtype)):
        _answers_of_shape(name, part, part.shape, "", dtype, probabilities)
    return got


def of_rows(owner, result, Y_hat):
    """What a loss has computed for a batch: a number for each row, and its derivatives by the row's answers."""
    shapes = Y_hat.shape[:1], Y_hat.shape
    if not (isinstance(result, tuple) and len(result) == 2 and is_computed(result[0], shapes[0])
            and is_computed(result[1], shapes[1]) and result[0].dtype == result[1].dtype == Y_hat.dtype):
        raise ValueError(f"of_rows of {shown(owner)} must return two arrays of {Y_hat.dtype}, of shapes "
                         f"{' and '.join(map(_written, shapes))}: the loss of each row, and its derivative by each answer; "
                         "got something else")
    return result


def finite_loss(owner, Y_hat, parts, value, asked):
    """A loss and its derivatives by the answers, computed from parts that `of_rows` accepts."""
    if not (cmath.isfinite(value) and is_finite(asked)):
        if any(np.isnan(part).any() for part in parts):
            finite("the difference of two of a point's answers", np.ptp(Y_hat, axis=-1))
            raise ValueError(f"of_rows of {shown(owner)} must return numbers; got nan: keep Y_hat where the loss is defined")
        finite("the loss", np.array(value))
        finite("the derivative of the loss", asked)
    asked.setflags(write=False)
    return float(value), asked


def labels(name, value, d):
    """Class numbers, integers in 0 … d-1."""
    got = numbers(name, value)
    if got.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers; got {got.dtype}")
    fits_memory("d_y", max(1, got.size) * d)
    outside = got[(got < 0) | (got >= d)]
    if outside.size:
        raise IndexError(f"{name} must lie in 0 … {d - 1}, because d_y is {d}; got {outside.flat[0]}")
    return got.astype(int)


def writable(name, value, shape, dtype):
    """An array of exactly this shape and type, which a result may be written into."""
    if not (type(value) is np.ndarray and value.shape == shape and value.dtype == dtype and value.flags.writeable):
        raise (ValueError if type(value) is np.ndarray else TypeError)(
            f"{name} must be a writable array of shape {_written(shape)} of {dtype}; got {_form(value)}")
    return value


def parameters(name, value, net=None):
    """One .W and .b for each layer, as pairs of arrays; of the shapes and the floats of a network, where that is given."""
    given = sequence(name, value, "pairs (W, b)")
    if not given or net is not None and len(given) != len(net):
        layers = "one layer at least" if net is None else f"{len(net)} layers"
        raise ValueError(f"{name} must hold a W and a b for each layer; got {len(given)} for {layers}")
    pairs = []
    for m, one in enumerate(given):
        if not (hasattr(one, "W") and hasattr(one, "b")):
            raise TypeError(f"{name}[{m}] must have a .W and a .b; got {kind(one)}: write Parameters(W, b)")
        if net is None:
            W = array(f"{name}[{m}].W", one.W, ("d_out", "d_in"))
            pairs.append([W, array(f"{name}[{m}].b", one.b, W.shape[:1], "W has shape {}", W.shape)])
            continue
        pairs.append([array(f"{name}[{m}].{letter}", getattr(one, letter), getattr(net[m], letter).shape,
                            f"{letter} of layer {m} has it", dtype=net.dtype) for letter in "Wb"])
    return pairs


def alike(name, value, first):
    """What an optimizer remembers, in the form that it began with: arrays, which are copied, numbers, tuples."""
    if type(first) is tuple:
        if type(value) is not tuple or len(value) != len(first):
            raise ValueError(f"{name} must be a tuple of {len(first)}, because it began as one; got "
                             + (f"{len(value)} things" if type(value) is tuple else kind(value)))
        return tuple(alike(f"{name}[{k}]", one, other) for k, (one, other) in enumerate(zip(value, first)))
    if type(first) is int:
        return integer(name, value, 0, LARGEST_COUNT)
    if type(first) is float:
        return float(array(name, value, (), "it began as a number"))
    if type(first) is np.ndarray:
        value = array(name, value, first.shape, "it began with that shape", dtype=first.dtype)
        value.setflags(write=True)
    return value


def after_step(owner, result, shape, dtype):
    """(θ, state) as a rule of that shape and type of numbers has to return them."""
    pair = type(result) is tuple and len(result) == 2
    if not (pair and is_computed(result[0], shape) and result[0].dtype == dtype):
        got = f"theta is {_form(result[0])}" if pair else _form(result)
        raise ValueError(f"rule of {owner} must return a tuple (theta, state), theta an array of shape {_written(shape)} of "
                         f"{dtype}; got {got}")
    return result


# Arrays of other libraries ---------------------------------------------------------------------------

def names(name, value, count):
    """Different texts, one for each of `count` layers."""
    several = sequence(name, value, "texts")
    if len(several) != count:
        raise ValueError(f"{name} must be {count}, one for each layer; got {len(several)}")
    for k, one in enumerate(several):
        text(f"{name}[{k}]", one, required=True)
    if len(set(several)) < count:
        raise ValueError(f"{name} must differ from each other; got {shown(max(several, key=several.count))} twice")
    return several


def state_dict(name, value):
    """((name, W), (name, b)) for each layer of a state dict, in its order."""
    if not isinstance(value, Mapping):
        hint = ": give its state_dict()" if hasattr(value, "state_dict") else ""
        raise TypeError(f"{name} must be a dictionary of arrays by their names; got {kind(value)}{hint}")
    layers = {}
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"{name} must have texts for its names; got {shown(key)}")
        layer, dot, part = key.rpartition(".")
        if part not in ("weight", "bias"):
            inside = ", which is a dictionary itself: give the one in it that holds arrays" * isinstance(value[key], Mapping)
            raise ValueError(f"{name} must hold the weight and the bias of Linear layers and nothing else, "
                             f"because a network of the book has no other layer; got {shown(key)}{inside}")
        if part == "weight" and (axes := getattr(value[key], "ndim", 2)) != 2:
            found = "1 axis, as in a normalisation" if axes == 1 else f"{axes} axes, as in a convolution"
            raise ValueError(f"{name}[{shown(key)}] must have shape (d_out, d_in), as that of a Linear layer, "
                             f"because a network of the book has no other layer; got {found}")
        layers.setdefault(layer + dot, set()).add(part)
    if not layers:
        raise ValueError(f"{name} must hold a weight and a bias for each layer, at least one; got none")
    for layer, parts in layers.items():
        for part, partner in (("weight", "bias"), ("bias", "weight")):
            if partner not in parts:
                zeros = ", zeros where the layer has none" * (partner == "bias")
                raise ValueError(f"{name} must hold {shown(layer + partner)}{zeros}, because it holds "
                                 f"{shown(layer + part)}; got the one without the other")
    return [[(f"{name}[{shown(layer + part)}]", value[layer + part]) for part in ("weight", "bias")] for layer in layers]


def layer_arrays(pairs, rows_first):
    """W (d_out, d_in) and b of named pairs, where W comes as (d_out, d_in) or else as (d_in, d_out)."""
    before, form = None, ("d_out", "d_in") if rows_first else ("d_in", "d_out")
    for (of_W, W), (of_b, b) in pairs:
        W, b = array(of_W, W, form), array(of_b, b, ("d_out",))
        d_in = W.shape[1 if rows_first else 0] if before is None else before
        wanted = (len(b), d_in) if rows_first else (d_in, len(b))
        if W.shape != wanted:
            turned = W.shape == wanted[::-1] or before is None and W.shape[1 if rows_first else 0] == len(b)
            reads = "" if before is None else f" and the layer before it gives {before}"
            raise ValueError(f"{of_W} must have shape {_written(wanted)}, as {_written(form)}, because {of_b} has shape "
                             f"{_written(b.shape)}{reads}; got {_written(W.shape)}{', which is transposed' * turned}")
        before = len(b)
        yield (W if rows_first else W.T), b


def probe(name, value, net):
    """Inputs and the answers to them, a row for each data point."""
    X, Y_hat = pair(name, value, "x", "the answer to it")
    X = batch(f"x of the {name}", X, net.widths[0], net.dtype)
    Y_hat = numbers(f"the answer of the {name}", Y_hat)
    if Y_hat.ndim == 1:                             # one point, or one number for each point
        Y_hat = Y_hat.reshape(-1, 1) if net.widths[-1] == 1 else Y_hat[None]
    return X, array(f"the answer of the {name}", Y_hat, (len(X), net.widths[-1]), "it has a row for each x, and the network "
                    "answers {} numbers", net.widths[-1], dtype=net.dtype)


# What has been computed ----------------------------------------------------------------------------

def is_finite(result):
    """Whether every number of an array is finite.

    The sum of their squares is finite only where they are, and takes less time; where it is not, one of them may
    still be just large.
    """
    return cmath.isfinite(np.vdot(result, result)) or bool(np.isfinite(result).all())


def finite(what, result, remedy="make the weights or the input smaller"):
    """A computed array, read-only, unless it left the range of its floats."""
    if not is_finite(result):
        raise OverflowError(f"{what} is beyond the range of {result.dtype}: {remedy}")
    result.setflags(write=False)
    return result


def finite_parameters(what, pairs):
    """Pairs (W, b) of computed arrays as a tuple, each array as `finite` gives it."""
    for pair in pairs:
        for numbers in pair:
            finite(what, numbers)
    return tuple(pairs)


def finite_trace(net, trace):
    """The Trace, read-only, unless a number of it is not finite.

    inputs need no check: where one is not finite, no number of the next z is. All other arrays, if they are small,
    are checked together.
    """
    computed = (*trace.z, *trace.slopes, trace.y_hat)
    checked = computed if sum(array.size for array in computed) > PART else [np.concatenate(computed, axis=None)]
    if not all(map(is_finite, checked)):
        for m, layer in enumerate(net):
            finite_layer(m, layer, trace.z[m], (*trace.inputs, trace.y_hat)[m + 1], trace.slopes[m])
    for array in (*trace.inputs, *computed):
        array.setflags(write=False)
    return trace


def finite_layer(m, layer, z, values, slopes=None):
    """Refuses a z that left the range of its floats, and a z for which φ or its slope has no finite value.

    What passes is made read-only.
    """
    finite(f"z[{m}]", z)
    for what, results in (("value", values), ("slope", slopes)):
        if results is None or is_finite(results):
            values.setflags(write=False)
            continue
        place = tuple(np.argwhere(~np.isfinite(results))[0])
        sentence = f"the {what} of {shown(layer.phi.name)} in layer {m} at z = {z[place]:g}"
        if np.isnan(results[place]):
            raise ValueError(f"{sentence} is not a number: keep z where the activation is defined")
        raise OverflowError(f"{sentence} is beyond the range of {results.dtype}")


def set_fields(value, /, **fields):
    """Sets fields of a frozen value; an array among them becomes read-only."""
    for name, field in fields.items():
        if isinstance(field, np.ndarray):
            field.setflags(write=False)
        object.__setattr__(value, name, field)


# Words of the sentences ----------------------------------------------------------------------------

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


def _form(value):
    """What came, where an array of a certain form was expected."""
    return f"{_written(value.shape)} of {value.dtype}" if type(value) is np.ndarray else kind(value)


def kind(value):
    """What came, in words short enough for a sentence."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
