"""The gradient of a loss, added up from parts of the data, whoever computes them and whoever is ready first.

A pool is anything whose submit(function, *arguments) returns futures: an executor of concurrent.futures, or the Client of
dask.distributed, which is not imported here. With each part the whole network travels, so that a worker that is lost has
held nothing that others need.
"""
import os
import sys
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from operator import add
from typing import Any, NamedTuple

import numpy as np

from . import _validate
from .backprop import backprop
from .jacobians import Parameters
from .training import History, Optimizer, _progress, _views, flat


class Sums(NamedTuple):
    """What some data points add up to: how many they are, their losses, and the gradients of these, (P,) as of `flat`."""
    points: int
    loss: float
    gradient: np.ndarray


def part_sums(net, read, k, loss):
    """What a worker does: it reads part k, and adds up the losses and gradients in it.

    One term of equation (sum-of-parts). read(k) → X (n_k, d_in), Y (n_k, d_y),
    the same whenever it is asked → Sums.
    Errors as `backprop`, with the number of the part.
    """
    X, Y = _validate.pair(f"what read({k}) returns", read(k))
    try:
        value, gradients = backprop(net, X, Y, loss)
    except (ValueError, TypeError, OverflowError) as error:
        raise type(error)(f"part {k}: {error}") from None
    points = len(np.atleast_2d(X))
    return Sums(points, points * value, points * flat(gradients))


def both(one, other):
    """The Sums of two lots of points, from the Sums of each."""
    return Sums(*map(add, one, other))


def mean(net, total):
    """The mean loss, and its derivatives as `backprop` gives them: Sums → float, Parameters for each layer."""
    _validate.finite("a sum of the parts", np.append(total.gradient, total.loss), "cut the data into smaller parts, or make "
                     "the weights or the input smaller")
    return total.loss / total.points, [Parameters(*pair) for pair in _views(net, total.gradient / total.points)]


class Here:
    """The pool that this process is by itself: it computes what is submitted at once."""

    def submit(self, function, *arguments):
        future = Future()
        future.set_result(function(*arguments))
        return future


def in_order(pool, function, arguments, at_once=16):
    """function(*one) for each one of the arguments in order, whichever is ready first.

    No more than `at_once` are asked for and not yet given, so that memory holds
    no more of them. Errors as the function.
    """
    if not callable(getattr(pool, "submit", None)):
        raise TypeError("pool must have a submit, as an executor or a Dask Client "
                        f"has; got {_validate.kind(pool)}")
    at_once, asked = _validate.integer("at_once", at_once, least=1), deque()
    try:
        for one in arguments:
            if len(asked) == at_once:
                yield asked.popleft().result()
            asked.append(pool.submit(function, *one))
        while asked:
            yield asked.popleft().result()
    finally:
        for future in asked:
            future.cancel()


def total(net, read, parts, loss, pool=None, at_once=16, progress=False):
    """The Sums of all points of these parts. The arguments and errors are those of `backprop_parts`."""
    parts = _parts(parts)
    if not parts:
        raise ValueError("parts must name a part or more, such as range(8); got none")
    _validate.function("read", read, "the number of a part")
    alone, at_once = pool is None, _validate.integer("at_once", at_once, least=1)
    terms = in_order(Here() if alone else pool, part_sums, ((net, read, k, loss) for k in parts), 1 if alone else at_once)
    found = next(terms)
    with _progress(len(parts), _validate.flag("progress", progress), "part") as bar:
        for number in bar:
            found = both(found, next(terms)) if number else found
    return found


def _parts(parts):
    return parts if isinstance(parts, range) else _validate.sequence("parts", parts, "numbers (such as range(8))")


def backprop_parts(net, read, parts, loss, pool=None, at_once=16, progress=False):
    """As `backprop`, of all points of these parts of the data.

    Equation (sum-of-parts), its terms added in the order of `parts`, whoever computes them: the same bits for any number
    of workers of one kind. read as in `part_sums`, parts numbers such as range(8), pool None for this process alone. At
    most at_once parts are asked for and not yet added: give three or four times the number of workers.
    progress: a bar, as that of `train`. → float, Parameters for each layer.
    Errors as `backprop`; ValueError for no part, TypeError for what is no pool.
    """
    return mean(net, total(net, read, parts, loss, pool, at_once, progress))


def train_parts(net, read, parts, loss, optimizer, epochs, each=None, pool=None, at_once=16, progress=False):
    """Many steps, each with the gradient of some parts of the data → (Network, History).

    parts, each: a step takes so many of the parts, in their order, an epoch's last step what is left; None takes all of
    them. Each step begins when the one before it has ended. Ctrl-C ends it as it ends `train`, after the last whole step.
    The rest as in `backprop_parts` and `train`.
    """
    _validate.instance("optimizer", optimizer, Optimizer, "write SGD(0.1) or Adam()")
    parts, state, progress = _parts(parts), optimizer.start(net), _validate.flag("progress", progress)
    each = len(parts) if each is None else _validate.integer("each", each, least=1)
    steps, seen = [parts[start:start + each] for start in range(0, len(parts), max(each, 1))] or [()], []
    epochs = _validate.integer("epochs", epochs, least=1, most=_validate.LARGEST_COUNT)
    try:
        with _progress(epochs * len(steps), progress, "step") as bar:
            for number in bar:
                found = total(net, read, steps[number % len(steps)], loss, pool, at_once)
                net, state = optimizer.step(net, mean(net, found)[1], state)
                seen.append((found.points, found.loss))
    except KeyboardInterrupt:
        print(f"interrupted after {len(seen)} of {epochs * len(steps)} steps: the network is returned as it is now",
              file=sys.stderr)
    whole = len(seen) // len(steps) * len(steps)
    points, losses = np.reshape(seen[:whole], (-1, len(steps), 2)).sum(axis=1).T
    return net, History(losses / points)


@dataclass(frozen=True, eq=False)
class Parts:
    """Data in parts of `size` points: Parts(X, Y, size)(k) → X and Y of part k, and of no other; len() counts the parts.

    X (N, d_in) and Y (N, d_y), or the names of .npy files that hold them, of which a part's rows alone are read. Between
    processes give the names of files: arrays would travel whole with each part.
    Raises ValueError if X and Y do not have one row for each point, or a file has changed since; TypeError for what is
    neither an array of numbers nor the name of a .npy file; IndexError for a part that is not there.
    """
    X: Any
    Y: Any
    size: int
    points: int = field(init=False)

    def __post_init__(self):
        _validate.integer("size", self.size, least=1)
        X, Y = (_opened(name, getattr(self, name)) for name in ("X", "Y"))
        if not 0 < len(X) == len(Y):
            raise ValueError(f"X and Y must have a row for each point; got {len(X)} rows and {len(Y)}")
        _validate.set_fields(self, points=len(X))

    def __len__(self):
        return -(-self.points // self.size)

    def __call__(self, k):
        start = _validate.index("k", k, len(self), "there are {} parts", len(self)) * self.size
        return tuple(self._rows(name, start) for name in ("X", "Y"))

    def _rows(self, name, start):
        array = _opened(name, getattr(self, name))
        if len(array) != self.points:
            raise ValueError(f"{name} must have its {self.points} rows as long as it is read; got {len(array)}")
        return np.array(array[start:start + self.size])


def _opened(name, source):
    """An array with a row for each point, or one that reads from its file what is asked of it."""
    if isinstance(source, str | os.PathLike):
        try:
            source = np.load(source, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError):
            source = None
    if type(source) not in (np.ndarray, np.memmap) or source.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of real numbers, or the name of a .npy file that holds one; got "
                        f"{_validate.kind(source) if source is not None else 'something else'}")
    if source.ndim != 2:
        raise ValueError(f"{name} must have a row for each point and a column for each number; got shape {source.shape}")
    return source
