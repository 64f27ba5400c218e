"""What `make bench` times: each question, and everyone who answers it.

A bare loop computes what nnlib computes in the same order, without any check and without the selectors o_i and O_i. A limit
is a part that the answer cannot do without: the matrix products of a gradient, or of all steps of a training; the forward
pass before a Jacobian's factors; these factors and one filling of its array, for the whole Jacobian. PyTorch, JAX and
scikit-learn answer where they are installed (peers.py). Every side takes no argument and computes with arrays that are
ready for it.
"""
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from nnlib import (SGD, Network, O, Trace, backprop, cross_entropy, digits, digits_network, dy_db, dy_dW, forward,
                   jacobian_factors, jacobian_W, o, one_hot, predict, random_network, train)
from nnlib.entries import push
from nnlib.training import flat

PEERS = ("PyTorch", "JAX", "scikit-learn")
RATE, EPOCHS = 0.01, 5                  # of each training
ROUNDING = {np.float64: 1e-10, np.float32: 1e-4}


@dataclass
class Question:
    """sides: {who: a function}, nnlib first. wanted: {who: the bound}, at most so many times the time of a bare loop or a
    limit, at least so many times as fast as a peer. reads: {who: a function of what that side returns}, for a side that
    does not compute nnlib's numbers: two arrays that must be equal instead. rounding: how far the sides may differ, as a
    part of the largest number. clock: a function that returns seconds."""
    text: str
    sides: dict[str, Callable]
    wanted: dict[str, float] = field(default_factory=dict)
    reads: dict[str, Callable] = field(default_factory=dict)
    rounding: float = ROUNDING[np.float64]
    clock: Callable = time.perf_counter

    def check(self):
        """Every side computes the same numbers, in its second call too; without that, no time means anything."""
        mine = self.sides["nnlib"]()
        for who, side in self.sides.items():
            side()
            others, wanted = self.reads.get(who, lambda got: (got, mine))(side())
            others, wanted = numbers(others), numbers(wanted)
            largest = max(abs(wanted))
            assert others.shape == wanted.shape and largest > 0, f"{self.text}: {who}"
            assert (abs(others - wanted) <= self.rounding * largest).all(), f"{self.text}: {who} computes something else"


def numbers(result):
    """All numbers of an array, of a peer's array, of a Trace, of a Network, or of a sequence of them, one after another."""
    if isinstance(result, Network):
        return flat(result)
    if isinstance(result, Trace):
        result = result.inputs, result.z, result.slopes, result.y_hat
    if isinstance(result, (tuple, list)):
        return np.concatenate([numbers(one) for one in result])
    return np.asarray(result.detach() if hasattr(result, "detach") else result).ravel()


# Bare loops, and limits ---------------------------------------------------------------------------

def bare_forward(net, x):
    inputs, z, slopes, a = [], [], [], x
    for m, layer in enumerate(net.layers):
        inputs.append(a)
        z.append(layer.W @ a + layer.b)
        slopes.append(layer.phi.df(z[m]))
        a = layer.phi.f(z[m])
    return inputs, z, slopes, a


def bare_predict(net, X):
    for layer in net.layers:
        X = layer.phi.f(X @ layer.W.T + layer.b)
    return X


def bare_push(net, slopes, m, i, start):
    """From unit i of layer m to the outputs; a program needs no selector to read one number."""
    v = np.zeros(net.layers[m].W.shape[0])
    v[i] = start
    for k in range(m + 1, len(net.layers)):
        v = slopes[k] * (net.layers[k].W @ v)
    return v


def bare_dy_db(net, x, m, i):
    _, _, slopes, _ = bare_forward(net, x)
    return bare_push(net, slopes, m, i, slopes[m][i])


def bare_dy_dW(net, x, m, i, j):
    inputs, _, slopes, _ = bare_forward(net, x)
    return bare_push(net, slopes, m, i, slopes[m][i] * inputs[m][j])


def bare_factors(net, x):
    inputs, _, slopes, y_hat = bare_forward(net, x)
    D = [np.eye(len(y_hat), dtype=x.dtype) * slopes[-1]]
    for k in range(len(net.layers) - 1, 0, -1):
        D.insert(0, D[0] @ net.layers[k].W * slopes[k - 1])
    return D, inputs


def bare_backprop(net, X, Y):
    """Of softmax and cross-entropy."""
    inputs, slopes = [], []
    for layer in net.layers:
        inputs.append(X)
        z = X @ layer.W.T + layer.b
        slopes.append(layer.phi.df(z))
        X = layer.phi.f(z)
    Z = X - X.max(axis=1, keepdims=True)
    powers = np.exp(Z)
    sums = powers.sum(axis=1, keepdims=True)
    value = (Y * (np.log(sums) - Z)).sum() / len(Y)
    delta, gradients = (powers / sums - Y) / len(Y) * slopes[-1], []
    for m in reversed(range(len(net.layers))):
        gradients.insert(0, (delta.T @ inputs[m], delta.sum(axis=0)))
        if m:
            delta = delta @ net.layers[m].W * slopes[m - 1]
    return value, gradients


def products(net, X):
    """The matrix products of one gradient, of arrays of the same shapes; the gradients by the weights are not right."""
    inputs = [X]
    for layer in net.layers:
        inputs.append(inputs[-1] @ layer.W.T)
    for m in reversed(range(len(net.layers))):
        delta = inputs[m + 1]
        delta.T @ inputs[m]
        if m:
            delta @ net.layers[m].W
    return inputs[1]


def bare_train(net, X, Y, size):
    """Steps down the gradient of softmax and cross-entropy, with relu in all layers but the last."""
    parameters = [(layer.W.copy(), layer.b.copy()) for layer in net]
    losses = []
    for _ in range(EPOCHS):
        total = 0.0
        for start in range(0, len(X), size):
            total += bare_step(parameters, X[start:start + size], Y[start:start + size])
        losses.append(total / len(X))
    return losses, parameters


def bare_step(parameters, A, Y):
    """One step in place → the sum of the losses."""
    inputs = []
    for m, (W, b) in enumerate(parameters):
        inputs.append(A if m == 0 else np.maximum(A, 0, out=A))
        A = inputs[m] @ W.T
        A += b
    A -= A.max(axis=1, keepdims=True)
    powers = np.exp(A)
    sums = powers.sum(axis=1, keepdims=True)
    total = ((np.log(sums) - A) * Y).sum()
    delta = powers / sums
    delta -= Y
    delta *= RATE / len(A)
    for m in range(len(parameters) - 1, -1, -1):
        (W, b), now = parameters[m], delta
        if m:
            delta = now @ W
            delta *= inputs[m] > 0
        W -= now.T @ inputs[m]
        b -= now.sum(axis=0)
    return total


def bare_products(net, X, size):
    """The matrix products of a training, of arrays of the same shapes, into arrays that are ready."""
    Zs = [np.empty((size, width), X.dtype) for width in net.widths[1:]]
    deltas, by_W = [np.empty_like(Z) for Z in Zs[:-1]], [np.empty_like(layer.W) for layer in net]

    def products():
        for start in [*range(0, len(X), size)] * EPOCHS:
            A = X[start:start + size]
            for m, layer in enumerate(net.layers):
                inputs = A if m == 0 else Zs[m - 1]
                np.matmul(inputs, layer.W.T, out=Zs[m])
            for m in range(len(Zs) - 1, -1, -1):
                np.matmul(Zs[m].T, Zs[m - 1] if m else A, out=by_W[m])
                if m:
                    np.matmul(Zs[m], net.layers[m].W, out=deltas[m - 1])
        return Zs[0]

    return products


# Questions ----------------------------------------------------------------------------------------

def with_peers(question, make, *arguments):
    """The question with the peers that answer it, if they are installed; `make` ends the names of functions of peers.py."""
    if all(map(find_spec, ("torch", "jax", "sklearn"))):
        from benchmarks import peers
        for who in PEERS:
            side = getattr(peers, f"{who.lower().replace('-', '_')}_{make}", lambda *_: None)(*arguments)
            if side:
                question.sides[who] = side
    else:
        question.wanted = {who: bound for who, bound in question.wanted.items() if who not in PEERS}
    return question


def named(net):
    widths = [*map(str, net.widths)]
    if len(net) > 5:
        return f"{widths[0]}-{widths[1]}-…-{widths[-1]} of {len(net)} layers"
    return "-".join(widths)


def relus(widths, points, dtype):
    rng = np.random.default_rng(0)
    net = random_network(widths, ["relu"] * (len(widths) - 2) + ["identity"], rng)
    if dtype == np.float32:
        for m, layer in enumerate(net):
            net = net.replace(m, W=layer.W.astype(dtype), b=layer.b.astype(dtype))
    X = rng.normal(size=(points, widths[0])).astype(dtype)
    return net, X, one_hot(rng.integers(0, widths[-1], points), widths[-1]).astype(dtype)


def gradient(widths, points, wanted, dtype=np.float64):
    net, X, Y = relus(widths, points, dtype)
    sides = {"nnlib": lambda: backprop(net, X, Y, cross_entropy), "bare loop": lambda: bare_backprop(net, X, Y),
             "limit": lambda: products(net, X)}
    reads = {"limit": lambda got: (got, X @ net[0].W.T)}
    text = f"`backprop`, {named(net)}, {points} points" + (", float32" if dtype == np.float32 else "")
    return with_peers(Question(text, sides, wanted, reads, ROUNDING[dtype]), "gradient", net, X, Y)


def training(widths, size, steps, wanted, dtype=np.float64, whole_epoch=False):
    """EPOCHS epochs of so many steps. All begin with the same numbers, and give the losses of the epochs too."""
    net, X, Y = relus(widths, steps * size, dtype)

    def in_nnlib():
        new, history = train(net, X, Y, cross_entropy, SGD(RATE), EPOCHS, size)
        return history.loss, new

    sides = {"nnlib": in_nnlib, "bare loop": lambda: bare_train(net, X, Y, size), "limit": bare_products(net, X, size)}
    reads = {"limit": lambda got: (got, X[-size:] @ net[0].W.T)}
    text = f"`train`, {named(net)}, {size} points a step" + (", float32" if dtype == np.float32 else "")
    if whole_epoch:
        question = Question(f"{text}, JAX compiles the epoch", {"nnlib": in_nnlib}, wanted)
        return with_peers(question, "epochs", net, X, Y, size)
    return with_peers(Question(text, sides, wanted, reads, ROUNDING[dtype]), "training", net, X, Y, size)


LEARNS = """
import numpy as np
from nnlib import SGD, cross_entropy, digits, one_hot, predict, random_network, train
X, labels = digits()
rng = np.random.default_rng(0)
net = random_network((64, 32, 10), ["tanh", "identity"], rng)
learned, _ = train(net, X, one_hot(labels, 10), cross_entropy, SGD(0.1), 20, 40, rng=rng)
assert (predict(learned, X).argmax(axis=1) == labels).mean() > 0.95
"""


def process(code):
    """A program in a process of its own, which ends without an error."""
    def run():
        subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).resolve().parents[1], check=True)
        return np.ones(1)

    return run


def of_processes():
    """The seconds of a processor that all processes took which this one started, and which have ended."""
    import resource
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def processes(wanted):
    return with_peers(Question("a whole process: `import torch`, or nnlib and 20 epochs of digits",
                               {"nnlib": process(LEARNS)}, wanted, clock=of_processes), "process")


def classifier(widths):
    rng = np.random.default_rng(0)
    net = random_network(widths, ["tanh"] * (len(widths) - 2) + ["identity"], rng)
    return net, rng.normal(size=widths[0])


def jacobian(widths, wanted):
    net, x = classifier(widths)
    mine, others = np.empty((2, widths[-1], widths[1], widths[0]))
    left, right = np.zeros((*others.shape[:2], 2)), np.zeros((2, others.shape[2]))

    def bare_loop():
        D, a = bare_factors(net, x)
        left[:, :, 0], right[0] = D[0], a[0]
        return np.matmul(left, right, out=others)

    def limit():
        others.fill(1.0)
        return jacobian_factors(net, x)

    reads = {"limit": lambda got: (got[0][0][:, :, None] * got[1][0], jacobian_W(net, x, 0))}
    return with_peers(Question(f"`jacobian_W` into a given array, {named(net)}, layer 0, {mine.nbytes / 1e6:.1f} MB",
                               {"nnlib": lambda: jacobian_W(net, x, 0, mine), "bare loop": bare_loop, "limit": limit},
                               wanted, reads), "jacobian", net, x)


def factors(net, x, wanted):
    reads = {"limit": lambda got: (got[0], jacobian_factors(net, x)[1])}
    return Question(f"`jacobian_factors`, {named(net)}",
                    {"nnlib": lambda: jacobian_factors(net, x), "bare loop": lambda: bare_factors(net, x),
                     "limit": lambda: bare_forward(net, x)}, wanted, reads)


def gram(widths, wanted):
    net, x = classifier(widths)

    def from_factors():
        D, a = jacobian_factors(net, x)
        return sum(d @ d.T * (v @ v + 1) for d, v in zip(D, a))

    return with_peers(Question(f"J Jᵀ for all weights and biases, {named(net)}", {"nnlib": from_factors}, wanted),
                      "gram", net, x)


def entry(net, x, m, i, j, wanted):
    sides = {"nnlib": lambda: dy_dW(net, x, m, i, j), "bare loop": lambda: bare_dy_dW(net, x, m, i, j)}
    return with_peers(Question(f"`dy_dW`, one entry, {named(net)}, layer {m}", sides, wanted), "entry", net, x, m, i, j)


def further_entry(net, x, m, i, j, wanted):
    """What every entry after the first costs: forward has run."""
    trace, (rows, columns) = forward(net, x), net[m].W.shape
    sides = {"nnlib": lambda: push(net, trace, m, O(i, rows) @ trace.slopes[m] * (o(j, columns) @ trace.inputs[m])),
             "bare loop": lambda: bare_push(net, trace.slopes, m, i, trace.slopes[m][i] * trace.inputs[m][j])}
    return with_peers(Question(f"one more entry from the same forward pass, {named(net)}, layer {m}", sides, wanted),
                      "entry", net, x, m, i, j)


def questions():
    net, X = digits_network(), digits()[0][:100]
    x = X[0]
    return [
        Question(f"`forward`, {named(net)}", {"nnlib": lambda: forward(net, x), "bare loop": lambda: bare_forward(net, x)},
                 {"bare loop": 2.0}),
        Question(f"`predict`, {named(net)}, 100 points", {"nnlib": lambda: predict(net, X),
                                                          "bare loop": lambda: bare_predict(net, X)}),
        Question(f"`dy_db`, one entry, {named(net)}, layer 0", {"nnlib": lambda: dy_db(net, x, 0, 17),
                                                                "bare loop": lambda: bare_dy_db(net, x, 0, 17)}),
        entry(net, x, 0, 17, 19, {"bare loop": 2.0}),
        further_entry(net, x, 0, 17, 19, {"PyTorch": 40.0}),
        jacobian((64, 128, 10), {"limit": 1.3, "PyTorch": 9.0}),
        jacobian((784, 30, 10), {"limit": 1.3, "PyTorch": 9.0}),
        jacobian((784, 95, 10), {"PyTorch": 9.0}),
        factors(net, x, {"limit": 3.2}),
        factors(*classifier((64, 128, 10)), {"limit": 3.2}),
        factors(*classifier((784, 30, 10)), {"limit": 3.2}),
        gram((64, 128, 10), {"PyTorch": 25.0, "JAX": 2.5}),
        gram((784, 30, 10), {"PyTorch": 25.0, "JAX": 2.5}),
        gradient((2, 3, 2, 3), 8, {}),
        gradient((64, 32, 10), 10, {"PyTorch": 2.5}),
        gradient((64, 128, 10), 32, {}),
        gradient((784, 30, 10), 10, {}),
        gradient((784, 128, 10), 128, {}),
        gradient((784, 128, 10), 128, {}, np.float32),
        training((2, 3, 2), 8, 20, {"PyTorch": 1.0}),
        training((64, 32, 10), 10, 20, {"PyTorch": 5.0, "JAX": 1.0}),
        training((64, 128, 10), 32, 20, {"limit": 2.4, "PyTorch": 3.5, "JAX": 1.0}),
        training((64, 128, 10), 32, 20, {"JAX": 0.8}, np.float32),
        training((64, 128, 10), 32, 20, {}, whole_epoch=True),
        training((784, 30, 10), 10, 20, {"PyTorch": 1.0, "JAX": 1.0}),
        training((784, 30, 10), 128, 10, {"limit": 1.3, "PyTorch": 1.0, "JAX": 1.0}),
        training((784, 128, 10), 128, 10, {"limit": 1.15, "PyTorch": 1.0, "JAX": 1.0}),
        training((784, 128, 10), 128, 10, {"JAX": 0.8}, np.float32),
        training((784, 128, 10), 128, 10, {}, whole_epoch=True),
        training((784, 512, 10), 128, 4, {"limit": 1.15, "PyTorch": 1.0, "JAX": 1.0}),
        training((784, 512, 512, 10), 128, 4, {"limit": 1.15, "PyTorch": 1.0, "JAX": 1.0}),
        training((64, *19 * (64,), 10), 32, 10, {"PyTorch": 1.0, "JAX": 1.0}),
        *([processes({"PyTorch": 8.33})] if find_spec("resource") else []),         # Windows does not have it
    ]
