"""Steps that make a loss smaller, and many of them in a row."""
import sys
from abc import ABC, abstractmethod
from array import array
from contextlib import nullcontext, suppress
from dataclasses import dataclass

import numpy as np

from . import _validate
from .activations import identity, relu
from .losses import Loss, cross_entropy
from .network import Layer, Network, predict


def flat(parameters):
    """All weights and biases in one vector: layer by layer, W row by row, then b.

    parameters a Network, or one .W and .b for each layer, as `backprop` gives them → (P,).
    Raises ValueError or TypeError for what is no such list.
    """
    return np.concatenate([part.ravel() for pair in _validate.parameters("parameters", parameters) for part in pair])


def with_parameters(net, theta):
    """The network with other numbers: theta (P,), in the order of `flat`.

    Raises ValueError or TypeError for a theta that does not fit.
    """
    count = sum(layer.W.size + layer.b.size for layer in _validate.instance("net", net, Network))
    because = "the network has {} parameters"
    return _network(net, _validate.array("theta", theta, (count,), because, count, dtype=net.dtype))


def _network(net, theta):
    return Network([Layer(W, b, layer.phi) for layer, (W, b) in zip(net, _views(net, theta))])


def _views(net, theta):
    """(W, b) of each layer as parts of the vector theta: what is written into them is written into theta."""
    pairs, start = [], 0
    for layer in net:
        middle, end = start + layer.W.size, start + layer.W.size + layer.b.size
        pairs.append((theta[start:middle].reshape(layer.W.shape), theta[middle:end]))
        start = end
    return pairs


class Optimizer(ABC):
    """A rule that turns a gradient into a step. It sees all parameters as one vector θ, their gradient as one vector g.

    A class of your own needs `rule`, and `first_state` if it remembers something; `start`, `step` and `train` then work.
    """

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        if "rule" in vars(cls) and "move" not in vars(cls):
            cls.move = Optimizer.move               # an inherited faster form is that of another rule

    def first_state(self, theta):
        """What the rule remembers before the first step: here nothing. theta (P,).

        Arrays keep their shape from step to step, numbers stay numbers, and tuples keep their length.
        """
        return None

    @abstractmethod
    def rule(self, theta, g, state):
        """(θ, state) after one step, as a tuple. θ, g (P,) → θ (P,) in the same kind of floats, and what is remembered."""

    def move(self, theta, g, state):
        """`rule` for `train`: the new θ is written into theta → what is remembered. A faster form may use g up."""
        theta[:], state = self._ruled(theta.copy(), g.copy(), state)
        return state

    def _ruled(self, theta, g, state):
        """What the rule gives, once it is known to fit. The rule sees copies that nobody changes afterwards."""
        state = _validate.alike("state", state, self.first_state(theta.copy()))
        return _validate.after_step(type(self).__name__, self.rule(theta, g, state), theta.shape, theta.dtype)

    def start(self, net):
        """What the rule remembers before the first step. Raises TypeError for what is no Network."""
        return self.first_state(flat(_validate.instance("net", net, Network)))

    @np.errstate(all="ignore")
    def step(self, net, gradients, state):
        """The network after one step, and what the rule remembers; both new.

        gradients: one .W and .b for each layer, as `backprop` gives them. state: as `start` or the last step gave it.
        Raises ValueError or TypeError for gradients or a state that do not fit, and for a rule that returns something else,
        OverflowError for a step that leaves the range of its floats.
        """
        pairs = _validate.parameters("gradients", gradients, _validate.instance("net", net, Network))
        theta, state = self._ruled(flat(net), np.concatenate([part.ravel() for pair in pairs for part in pair]), state)
        _validate.finite("a parameter after the step", theta, "take a smaller learning_rate")
        return _network(net, theta), state


@dataclass(frozen=True)
class SGD(Optimizer):
    """Down the gradient; with momentum, along a sum of gradients in which the older count less.

    Equations (sgd-velocity), (sgd-step).
    learning_rate above 0, momentum 0 … 1, without 1.
    Raises ValueError or TypeError for others.
    """
    learning_rate: float
    momentum: float = 0.0

    def __post_init__(self):
        _validate.set_fields(self, learning_rate=_validate.positive("learning_rate", self.learning_rate),
                             momentum=_validate.below_one("momentum", self.momentum))

    def first_state(self, theta):
        """v = 0. theta (P,) → (P,)."""
        return np.zeros_like(theta)

    def rule(self, theta, g, v):
        """(θ, v) after one step. θ, g, v (P,)."""
        v = self.momentum * v + g
        return theta - self.learning_rate * v, v

    def move(self, theta, g, v):
        """`rule` in the arrays that are there: θ changes, v too if there is momentum, and g is used up."""
        if self.momentum:
            v *= self.momentum
            v += g
            np.multiply(v, self.learning_rate, out=g)
        else:
            g *= self.learning_rate
        theta -= g
        return v


@dataclass(frozen=True)
class Adam(Optimizer):
    """Steps whose length depends little on the size of the gradients: learning_rate where they are constant.

    Equations (adam-mean), (adam-square), (adam-step).
    learning_rate and epsilon above 0, beta1 and beta2 0 … 1, without 1.
    Raises ValueError or TypeError for others.
    """
    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self):
        for name, rule in (("learning_rate", _validate.positive), ("epsilon", _validate.positive),
                           ("beta1", _validate.below_one), ("beta2", _validate.below_one)):
            _validate.set_fields(self, **{name: rule(name, getattr(self, name))})

    def first_state(self, theta):
        """No step, and both means 0. theta (P,) → 0, (P,), (P,)."""
        return 0, np.zeros_like(theta), np.zeros_like(theta)

    def rule(self, theta, g, state):
        """(θ, state) after one step. θ, g (P,); state is the number of steps,
        the mean of g, and the mean of its square.
        """
        t, mean, square = state
        t = t + 1
        mean = self.beta1 * mean + (1 - self.beta1) * g
        square = self.beta2 * square + (1 - self.beta2) * g ** 2
        fair_mean = mean / (1 - self.beta1 ** t)
        fair_square = square / (1 - self.beta2 ** t)
        step = fair_mean / (np.sqrt(fair_square) + self.epsilon)
        return theta - self.learning_rate * step, (t, mean, square)

    def move(self, theta, g, state):
        """`rule` in the arrays that are there: θ and the means change, and g is used up."""
        t, mean, square = state
        t = t + 1
        g *= 1 - self.beta1
        mean *= self.beta1
        mean += g
        g *= g
        g *= (1 - self.beta2) / (1 - self.beta1) ** 2
        square *= self.beta2
        square += g
        np.multiply(square, 1 / (1 - self.beta2 ** t), out=g)
        np.sqrt(g, out=g)
        g += self.epsilon
        np.divide(mean, g, out=g)
        g *= self.learning_rate / (1 - self.beta1 ** t)
        theta -= g
        return t, mean, square


@dataclass(frozen=True, eq=False)
class History:
    """What `train` saw: a loss for each whole epoch; and one of the held-out points, if there are any.

    loss (epochs,), the mean over the epoch's points, each before the step that it led to, l2 included.
    validation (epochs,) after the epoch, without l2, or None.
    Raises ValueError or TypeError for others.
    """
    loss: np.ndarray
    validation: np.ndarray | None = None

    def __post_init__(self):
        _validate.set_fields(self, loss=_validate.array("loss", self.loss, ("N",)))
        if self.validation is not None:
            because = "it has a number for each of loss"
            _validate.set_fields(self, validation=_validate.array("validation", self.validation, self.loss.shape, because))


@np.errstate(all="ignore")
def train(net, X, Y, loss, optimizer, epochs, batch_size=None, l2=0.0, rng=None, progress=False, validation=None,
          stop=None):
    """Many steps: epochs times through all data points → (Network, History).

    X (N, d_in), Y (N, d_y). batch_size: points for each step, of which the last of an epoch takes what is left; None
    for all of them, and then rng is not used. With rng, each epoch takes the points in the order rng.permutation(N),
    without it in their own. l2 adds ½ l2 ΣW² to the loss.
    validation: a pair (X, Y) of held-out points. stop(history) → bool is asked after each epoch. Ctrl-C ends it too; the
    network after the last step is returned. progress: a bar, where tqdm is installed and errors go to a terminal or a
    notebook. Equal to `backprop` and `optimizer.step` in turn, but for rounding; works in place on a copy of the network's
    numbers, and reads X and Y where they are. What the optimizer remembers begins anew with each call.
    In a loop of several calls, Ctrl-C ends the one that runs, and the loop goes on.
    Raises ValueError or TypeError for what does not fit, OverflowError for a loss or a parameter that is no
    longer finite.
    """
    theta = flat(_validate.instance("net", net, Network))
    X, Y = _points(net, X, Y, loss, "")
    if validation is not None:
        validation = _points(net, *_validate.pair("validation", validation), loss, " of validation")
    _validate.instance("optimizer", optimizer, Optimizer, "write SGD(0.1) or Adam()")
    epochs = _validate.integer("epochs", epochs, 1, _validate.LARGEST_COUNT)
    size = len(X) if batch_size is None else min(len(X), _validate.integer("batch_size", batch_size, least=1))
    if rng is not None:
        _validate.instance("rng", rng, np.random.Generator, "write numpy.random.default_rng(seed)")
    if stop is not None:
        _validate.function("stop", stop, "the history")
    state, seen, columns = optimizer.first_state(theta.copy()), array("d"), 1 if validation is None else 2
    work = _Work(net, theta, loss, _validate.not_negative("l2", l2, "it draws weights to 0"), size)
    try:
        with _progress(epochs, _validate.flag("progress", progress)) as bar:
            for epoch in bar:
                batches = _batches(len(X), size, None if batch_size is None else rng)
                value, state = work.epoch(X, Y, batches, optimizer, state)
                _forgotten(epoch, optimizer, net, work)
                _no_longer("the loss", [value, theta], epoch, epochs)
                losses = [value] if validation is None else [value, work.loss_of(*validation, size)]
                _no_longer("the loss of validation", losses, epoch, epochs)
                seen.extend(losses)
                if stop is not None and _validate.flag("what stop returns", stop(_history(seen, columns))):
                    break
    except KeyboardInterrupt:
        whole = len(seen) // columns
        _no_longer("a parameter", [theta], whole, epochs)
        print(f"interrupted after {whole} whole epochs of {epochs}: the network is returned as it is now", file=sys.stderr)
    return _network(net, theta), _history(seen, columns)


def _forgotten(epoch, optimizer, net, work):
    """Refuses a `move` of one's own that leaves every parameter as it was in the first epoch, where a gradient is not 0."""
    own = epoch == 0 and type(optimizer).move not in (Optimizer.move, SGD.move, Adam.move)
    if own and (work.theta == flat(net)).all() and work.g.any():
        raise ValueError(f"move of {type(optimizer).__name__} must write the new θ into theta, as theta -= … does and "
                         "theta = theta - … does not; got theta as it was, after a whole epoch")


def _no_longer(what, numbers, epoch, epochs):
    """Refuses numbers that left the range of their floats in an epoch, which counts from 0 here."""
    if not all(map(_validate.is_finite, map(np.asarray, numbers))):
        before = f"; with epochs={epoch} and the same seed you get the network before it" if epoch else ""
        raise OverflowError(f"{what} is no longer finite in epoch {epoch + 1} of {epochs}: take a smaller learning rate, "
                            f"smaller weights to begin with, or inputs of about 1{before}")


class _Work:
    """The arrays of `train`: W and b of each layer as parts of θ, and their derivatives as parts of g."""

    def __init__(self, net, theta, loss, l2, size):
        self.theta, self.g, self.loss, self.l2 = theta, np.empty_like(theta), loss, l2
        self.ones = np.ones(size, theta.dtype)
        self.layers = list(zip(_views(net, theta), _views(net, self.g), [layer.phi for layer in net]))

    def forward(self, X):
        """What each layer reads, what φ′ is computed from, and the answers."""
        A, read, z = X.astype(self.g.dtype, copy=False), [], []
        for (W, b), _, phi in self.layers:
            Z = np.dot(A, W.T)
            Z += b
            read.append(A)
            z.append(Z)
            A = _activated(phi, Z)
        return read, z, A

    def epoch(self, X, Y, batches, optimizer, state):
        """A step for each batch of rows → the mean of the points' losses, and what the optimizer remembers."""
        total = 0.0
        for rows in batches:
            total += float(self.gradient(X[rows], Y[rows]))
            state = optimizer.move(self.theta, self.g, state)
        return total / len(X), state

    def losses(self, A, Y):
        """The sum of the rows' losses, and its derivatives. A loss that writes into what it reads is stopped by NumPy."""
        Y = Y.astype(A.dtype, copy=False)
        if self.loss is cross_entropy:
            return _cross_entropy(A, Y)
        A.setflags(write=False)
        Y.setflags(write=False)
        losses, asked = self.loss.of_rows(A, Y)
        return losses.sum(), asked

    def gradient(self, X, Y):
        """Writes the gradient of the mean loss into g → the sum of the points' losses, each with ½ l2 ΣW²."""
        read, z, A = self.forward(X)
        total, asked = self.losses(A, Y)
        asked, ones = asked / len(X), self.ones[:len(X)]
        for (W, _), (by_W, by_b), phi in reversed(self.layers):
            asked = _stretch(asked, phi, z.pop())
            A = read.pop()
            np.dot(asked.T, A, out=by_W)
            np.dot(ones, asked, out=by_b)
            if read:
                asked = np.dot(asked, W)
        return total + (len(X) * self.penalty() if self.l2 else 0)

    def penalty(self):
        """½ l2 ΣW², and its derivative added to that of each W, a part at a time so that no array of its size is made."""
        squares = 0.0
        for (W, _), (by_W, _), _ in self.layers:
            W, by_W = W.ravel(), by_W.ravel()
            squares += W @ W
            for start in range(0, W.size, 4096):
                by_W[start:start + 4096] += self.l2 * W[start:start + 4096]
        return self.l2 * squares / 2

    def loss_of(self, X, Y, size):
        """The mean loss of data points, as many of them at a time as in training."""
        return sum(float(self.losses(self.forward(X[rows])[2], Y[rows])[0])
                   for rows in _batches(len(X), size, None)) / len(X)


def _activated(phi, Z):
    """φ(z); for relu it is written over z, because φ′(z) is the sign of φ(z) too."""
    if phi is relu:
        return np.maximum(Z, 0, out=Z)
    return Z if phi is identity else phi.f(Z)


def _stretch(asked, phi, Z):
    """asked ⊙ φ′(z), into the array `asked`, of the z that `_activated` has left."""
    if phi is identity:
        return asked
    return np.multiply(asked, np.sign(Z) if phi is relu else phi.df(Z), out=asked)


def _cross_entropy(Z, Y):
    """`cross_entropy.of_rows`, its losses added up: it takes each power of e once, and writes into its own arrays."""
    Z = Z - np.maximum.reduce(Z, axis=1, keepdims=True)
    slopes = np.exp(Z)
    sums = np.add.reduce(slopes, axis=1, keepdims=True)
    slopes /= sums
    slopes -= Y
    Z -= np.log(sums)
    return -np.vdot(Z, Y), slopes


def _batches(count, size, rng):
    """The rows of each mini-batch."""
    if rng is None:
        return [slice(start, start + size) for start in range(0, count, size)]
    order = rng.permutation(count)
    return [order[start:start + size] for start in range(0, count, size)]


def _points(net, X, Y, loss, where):
    """Data points and their right answers, and the loss of the first two: what does not fit is refused here, once."""
    d_in, d_y = net.widths[0], net.widths[-1]
    X = _validate.data(f"X{where}", X, d_in, f"layer 0 reads {d_in} numbers", net.dtype)
    Y = _validate.data_answers(f"Y{where}", Y, X, d_y, net.dtype, _validate.instance("loss", loss, Loss).probabilities)
    loss.both(predict(net, X[:2]), Y[:2])
    return X, Y


def _history(seen, columns):
    """What was seen, epoch by epoch: the loss, and with two columns that of held-out points after it."""
    return History(*np.reshape(seen, (len(seen) // columns, columns)).T)


def _progress(epochs, wanted, unit="epoch"):
    """The numbers of the epochs, with a bar where tqdm is installed and a person looks."""
    if wanted and sys.stderr and (sys.stderr.isatty() or type(sys.stderr).__module__.startswith("ipykernel")):
        with suppress(ImportError):
            from tqdm import tqdm
            return tqdm(range(epochs), unit=unit)
    return nullcontext(range(epochs))
