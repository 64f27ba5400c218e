"""A right gradient is never called wrong, a wrong one never right; what the nudges cannot see is said to be undecided."""
import math
import re

import numpy as np
import pytest

from nnlib import (Layer, Network, Parameters, Report, backprop, check_gradient, cross_entropy, digits, digits_network,
                   dy_dW, forward, jacobian_W, one_hot, pencil_network, predict, random_network, squared_error)
from nnlib.activations import ACTIVATIONS
from nnlib.reports import Part
from nnlib.gradient_check import BELOW, BENDS, CLOSE, DEAF, KINK, NO_VALUE, RANDOM, STEPS
from nnlib.training import flat, with_parameters

THETA = np.array([0.3, -1.2, 0.7])
SINGLE = np.float32


def of_net(widths=(2, 3, 3, 2), phi="sigmoid", N=1, seed=3, loss=squared_error):
    """A random network, its gradient, and f, its loss."""
    rng = np.random.default_rng(seed)
    net, X = random_network(widths, phi, rng), rng.normal(size=(N, widths[0]))
    Y = one_hot(np.arange(N) % widths[-1], widths[-1]) if loss is cross_entropy else rng.normal(size=(N, widths[-1]))
    return net, backprop(net, X, Y, loss)[1], lambda other: loss(predict(other, X), Y)


NET, RIGHT, F = of_net()
SLOPES = forward(NET, np.random.default_rng(3).normal(size=2)).slopes


def changed(change, gradient=RIGHT):
    """A gradient with a change of each layer's W and b."""
    return [Parameters(*change(m, np.array(one.W), np.array(one.b))) for m, one in enumerate(gradient)]


def reasons(report):
    return {reason for part in report.parts.values() for reason in part.reasons.ravel()} - {""}


# ---- right ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("loss", [squared_error, cross_entropy])
@pytest.mark.parametrize("phi", ACTIVATIONS)
def test_backpropagation_is_right(phi, loss):
    net, gradient, f = of_net((2, 3, 2), phi, 3, loss=loss)
    report = check_gradient(f, net, gradient)
    assert report.verdict == "right" and report.readings == () and report.tolerance == 1e-4
    assert {*report.entries} == {"W0", "b0", "W1", "b1"} and (report.entries["W1"] == "right").all()
    for m, one in enumerate(gradient):
        part = report.parts[f"W{m}"]
        assert part.gradient.tolist() == one.W.tolist() and part.theta.tolist() == net[m].W.tolist()
        assert (abs(part.nudged - one.W) <= part.error + 1e-12).all() and (part.error <= 1e-4 * abs(one.W))[one.W != 0].all()
    assert str(report).startswith("right: of 17 entries 17 right, 0 wrong, 0 undecided.")
    assert repr(report) == "Report: right"


W, B = np.array(NET[0].W), np.array(NET[0].b)


@pytest.mark.parametrize("form, of, names", [
    (lambda W, b: W, lambda theta: (theta, B), ["theta"]),
    (lambda W, b: [W, b], tuple, ["theta[0]", "theta[1]"]),
    (lambda W, b: (W, b), tuple, ["theta[0]", "theta[1]"]),
    (lambda W, b: {"W0": W, "b0": b}, lambda theta: theta.values(), ["W0", "b0"]),
    (lambda W, b: {"W": [W], "b": [b]}, lambda theta: (theta["W"][0], theta["b"][0]), ["W0", "b0"]),
    (lambda W, b: [Parameters(W, b)], lambda theta: theta[0], ["W0", "b0"]),
    (lambda W, b: Parameters(W, b), tuple, ["W", "b"]),
    (lambda W, b: {"first": {"W": W, "b": b}}, lambda theta: theta["first"].values(), ["first.W", "first.b"]),
], ids=["array", "list", "tuple", "dictionary", "lists in one", "layers", "named tuple", "dictionary in one"])
def test_theta_has_many_forms(form, of, names):
    def f(theta):
        assert type(theta) is type(form(W, B))
        W0, b0 = of(theta)
        return F(NET.replace(0, W=W0, b=b0))

    for factor, verdict in ((1, "right"), (2, "wrong")):
        report = check_gradient(f, form(W, B), form(factor * RIGHT[0].W, factor * RIGHT[0].b))
        assert report.verdict == verdict and [*report.parts] == names
        entries = report.entries if names == ["theta"] else report.entries[names[0]]
        assert entries.tolist() == np.full(W.shape, verdict).tolist()


def test_a_number_and_arrays_of_any_shape():
    assert check_gradient(np.sin, 0.5, np.cos(0.5)).entries == "right"
    assert check_gradient(np.sin, 0.5, -np.cos(0.5)).entries == "wrong"
    assert "theta         a number" in str(check_gradient(np.sin, 0.5, -np.cos(0.5)))
    report = check_gradient(lambda t: np.outer(t, t)[None], THETA, np.einsum("ac,b->abc", np.eye(3), THETA)[None])
    assert report.verdict == "wrong" and report.entries.shape == (1, 3, 3, 3)            # one of two terms is left out
    both = np.einsum("ac,b->abc", np.eye(3), THETA) + np.einsum("bc,a->abc", np.eye(3), THETA)
    assert check_gradient(lambda t: np.outer(t, t)[None], THETA, both[None]).verdict == "right"


def test_the_sources_own_derivative():
    net, x = pencil_network(), np.array([2.0, 3.0])
    by_entry = np.array([[dy_dW(net, x, 1, i, j) for j in range(3)] for i in range(2)]).transpose(2, 0, 1)
    report = check_gradient(lambda W: forward(net.replace(1, W=W), x).y_hat, net[1].W, by_entry)
    assert report.verdict == "right" and report.entries.shape == (3, 2, 3)
    turned = by_entry * np.array([1, -1, 1])[:, None, None]
    report = check_gradient(lambda W: forward(net.replace(1, W=W), x).y_hat, net[1].W, turned)
    assert (report.entries == "wrong").sum(axis=(1, 2)).tolist() == [0, 6, 0]
    assert report.readings == ("theta: output 1 alone is off, -1 times the nudged derivative",)


# ---- right, and hard to see ----------------------------------------------------------------------

def relu(z):
    return np.maximum(z, 0)


def hashed(t):
    return np.sin(t).sum() + 1e-10 * math.sin(1e14 * t.sum())


# name: (f, θ, its gradient, what is expected, what is expected of 1.05 times the gradient)
HARD = {
    "size 1e8": (lambda t: 1e8 * np.sin(t).sum(), THETA, 1e8 * np.cos(THETA), "right", "wrong"),
    "size 1e-8": (lambda t: 1e-8 * np.sin(t).sum(), THETA, 1e-8 * np.cos(THETA), "right", "wrong"),
    "size 1e-300": (lambda t: 1e-300 * np.sin(t).sum(), THETA, 1e-300 * np.cos(THETA), "right", "wrong"),
    "size 1e300": (lambda t: 1e300 * np.sin(t).sum(), THETA, 1e300 * np.cos(THETA), "right", "wrong"),
    "1e6, gradient 1e-3": (lambda t: 1e6 + 1e-3 * t.sum(), THETA, np.full(3, 1e-3), "right", "wrong"),
    "1e6, gradient 1e-3, bent": (lambda t: 1e6 + 1e-3 * np.sin(t).sum(), THETA, 1e-3 * np.cos(THETA), "undecided",
                                 "wrong"),
    "cancellation": (lambda t: (1e8 + np.sin(t).sum()) - 1e8, THETA, np.cos(THETA), "right", "wrong"),
    "noise that is no chance": (hashed, THETA, np.cos(THETA), "right", "wrong"),
    "fast": (lambda t: np.sin(1e3 * t).sum(), THETA, 1e3 * np.cos(1e3 * THETA), "right", "wrong"),
    "very fast": (lambda t: np.sin(1e5 * t).sum(), THETA, 1e5 * np.cos(1e5 * THETA), "right", "wrong"),
    **{f"too fast, {w:g}": (lambda t, w=w: np.sin(w * t).sum(), THETA, w * np.cos(w * THETA), "undecided", "undecided")
       for w in (1e9, 1e10, 1e15)},
    "θ of 1e6": (lambda t: np.sin(t).sum(), 1e6 * THETA, np.cos(1e6 * THETA), "right", "wrong"),
    "θ of 1e6, slow": (lambda t: np.sin(1e-6 * t).sum(), 1e6 * THETA, 1e-6 * np.cos(THETA), "right", "wrong"),
    "θ of 1e-6": (lambda t: 1 + np.sin(t).sum(), 1e-6 * THETA, np.cos(1e-6 * THETA), "right", "wrong"),
    "θ of 1e-6, fast": (lambda t: np.sin(1e6 * t).sum(), 1e-6 * THETA, 1e6 * np.cos(THETA), "right", "wrong"),
    "θ of all sizes": (lambda t: np.sin(t * [1e-6, 1, 1e6]).sum(), np.array([1e6, 1, 1e-6]),
                       np.cos(1) * np.array([1e-6, 1, 1e6]), "undecided", None),
    "θ of 1e160": (lambda t: np.sin(1e-160 * t).sum(), 1e160 * THETA, 1e-160 * np.cos(THETA), "right", "wrong"),
    "θ without room for a nudge": (np.sum, np.full(2, 5e-324), np.ones(2), "right", None),
    "θ of 0": (lambda t: np.sin(t).sum(), 0 * THETA, np.ones(3), "right", "wrong"),
    "even, at 0": (lambda t: np.cos(t).sum(), 0 * THETA, np.zeros(3), "right", None),
    "float32": (lambda t: np.sin(t.astype(SINGLE)).sum(), THETA, np.cos(THETA), "right", "wrong"),
    "float32 inside": (lambda t: float(np.sin(t.astype(SINGLE)).sum()), THETA, np.cos(THETA), "right", "wrong"),
    "mean of float32": (lambda t: np.sin(t.astype(SINGLE)).astype(float).sum() / 7, THETA, np.cos(THETA) / 7, "right",
                        "wrong"),
    "θ in float32": (lambda t: np.sin(t).sum(), THETA.astype(SINGLE), np.cos(THETA), "right", "wrong"),
    "float16": (lambda t: np.sin(t.astype(np.float16)).sum(), THETA, np.cos(THETA), "undecided", "undecided"),
    "six digits": (lambda t: round(float(np.sin(t).sum()), 6), THETA, np.cos(THETA), "right", "wrong"),
    "three digits": (lambda t: round(float(np.sin(t).sum()), 3), THETA, np.cos(THETA), "undecided", "undecided"),
    "beside a hole": (lambda t: np.log(t).sum(), abs(THETA) / 1000, 1000 / abs(THETA), "right", "wrong"),
    "much beside a hole": (lambda t: math.log(t[0]) + t[1], np.array([1e-9, 1]), np.array([1e9, 1]), "undecided", None),
    "minimum": (lambda t: ((t - THETA + 1e-13) ** 2).sum(), THETA, np.full(3, 2e-13), "undecided", "wrong"),
    "a step at θ": (lambda t: np.clip(1e12 * (t - THETA), -1, 1).sum() + t.sum(), THETA, np.full(3, 1 + 1e12), "undecided",
                    "undecided"),
    "hard tanh": (lambda t: np.clip(1e6 * (t - THETA), -1, 1).sum(), THETA, np.full(3, 1e6), "right", "wrong"),
    **{f"kink {far:g} away": (lambda t, far=far: relu(t - THETA + far).sum(), THETA, np.ones(3), "right", "wrong")
       for far in (1e-2, 1e-4, 1e-6)},
    **{f"kink {far:g} away, below": (lambda t, far=far: relu(t - THETA - far).sum() + t[0], THETA, np.eye(3)[0], "right",
                                     "wrong") for far in (1e-4, 1e-6)},
    "kink 1e-13 away": (lambda t: relu(t - THETA + 1e-13).sum(), THETA, np.ones(3), "undecided", "undecided"),
    "kink at θ": (lambda t: relu(t - THETA).sum(), THETA, np.zeros(3), "undecided", None),
    "abs at θ": (lambda t: abs(t - THETA).sum(), THETA, np.zeros(3), "undecided", None),
    "kinks that hide each other": (lambda t: (relu(t - THETA) - relu(THETA - t)).sum() + relu(t.sum() - THETA.sum()), THETA,
                                   np.zeros(3), "undecided", None),
    "x |x| at 0": (lambda t: (t * abs(t)).sum(), 0 * THETA, np.zeros(3), "undecided", None),
    "steps": (lambda t: np.floor(100 * t).sum(), THETA, np.zeros(3), "undecided", None),
}


@pytest.mark.parametrize("name", HARD)
def test_no_right_gradient_is_called_wrong(name):
    f, theta, gradient, expected, of_wrong = HARD[name]
    assert check_gradient(f, theta, gradient).verdict == expected
    if of_wrong:
        assert check_gradient(f, theta, 1.05 * gradient).verdict == of_wrong


@pytest.mark.parametrize("power", [0, 1, 2, 3, 5])
def test_a_ripple_whose_period_is_a_nudge_fools_nobody(power):
    """A multiple of its period sees nothing of it, with all three lengths of one nudge; another nudge does."""
    period = STEPS[0] / 2 ** power * np.sqrt(np.mean(THETA ** 2))
    slope = np.array([1e-2 * 2 * np.pi / period, 0, 0])

    def f(t):
        return np.sin(t).sum() + 1e-2 * np.sin(2 * np.pi * (t[0] - THETA[0]) / period)

    assert check_gradient(f, THETA, np.cos(THETA)).entries[0] == "wrong"
    assert check_gradient(f, THETA, np.cos(THETA) + slope).entries[0] != "wrong"


def test_what_the_docstring_says_is_not_seen():
    """Something within a billionth of θ, a derivative too small to move f, a difference below 1e-4."""
    ripples = check_gradient(lambda t: (t + 1e-14 * np.sin(1e14 * (t - THETA))).sum(), THETA, np.full(3, 2.0))
    assert ripples.verdict == "wrong"
    assert check_gradient(lambda t: t[0] + np.tanh(20 + 1e-3 * t[1]), [1.0, 1], [1.0, 0]).verdict == "right"
    assert check_gradient(lambda t: np.sin(t).sum(), THETA, (1 + 0.9e-4) * np.cos(THETA)).verdict == "right"
    assert check_gradient(lambda t: np.sin(t).sum(), THETA, (1 + 1.1e-4) * np.cos(THETA)).verdict == "wrong"
    assert check_gradient(lambda t: np.sin(t).sum(), THETA.astype(SINGLE), 1.005 * np.cos(THETA)).tolerance == 1e-2


# ---- a thousand networks ---------------------------------------------------------------------------

def hard_network(rng):
    """A network of any depth, size, activation, batch and loss, some of it 0, saturated or at a kink → net, X, Y, loss."""
    depth, names = rng.integers(1, 5), [*ACTIVATIONS]
    widths, size = rng.integers(1, 6, depth + 1).tolist(), 10.0 ** rng.choice([0, 0, 0, 0, -1, 1, -3, 2])
    layers = []
    for d_in, d_out in zip(widths, widths[1:]):
        spread = size * rng.choice([0.3, 1, 2]) / np.sqrt(d_in)
        W, b = rng.normal(size=(d_out, d_in)) * spread, rng.normal(size=d_out) * spread
        kind = rng.integers(8)
        W = [W, np.round(2 * W), W * (rng.random(W.shape) < 0.5), 0 * W][kind] if kind < 4 else W
        b = 0 * b if kind == 4 else b
        layers.append(Layer(W, b, names[rng.integers(len(names))]))
    net, N = Network(layers), int(rng.integers(1, 6))
    X = rng.normal(size=(N, widths[0])) * 10.0 ** rng.choice([0, 0, 0, -2, 1, 2])
    if rng.random() < 0.3 and widths[-1] > 1:
        return net, X, one_hot(rng.integers(widths[-1], size=N), widths[-1]), cross_entropy
    return net, X, rng.normal(size=(N, widths[-1])), squared_error


def planted(rng, net, gradient):
    """The gradient with one mistake, by a large or a small factor, in all of it or in a part."""
    layer, factor = rng.integers(len(net)), rng.choice([2, 0.5, -1, 3, 1 / 7, 1.01, 1.001, 8, 0])
    kind = rng.integers(7)

    def change(m, W, b):
        here = m == layer
        if kind == 0 or kind == 1 and m <= layer:
            return factor * W, factor * b
        if kind == 2:
            return W, W.sum(1)
        if kind == 3:
            return W + 0.01 * net[m].W, b
        if here and kind == 4:
            W[tuple(rng.integers(W.shape))] *= factor
        if here and kind == 5:
            return W, factor * b
        if here and kind == 6:
            factors = rng.uniform(0.2, 6, len(b))
            return factors[:, None] * W, factors * b
        return W, b

    return changed(change, gradient)


def false_verdicts(seed):
    """The names of parts with an entry that is right and called wrong, or that is far from right and called right."""
    rng = np.random.default_rng(seed)
    try:
        net, X, Y, loss = hard_network(rng)
        right = backprop(net, X, Y, loss)[1]
    except (OverflowError, ValueError):
        return []
    false = []
    for claim in (right, planted(rng, net, right)):
        report = check_gradient(lambda other: loss(predict(other, X), Y), net, claim)
        for name, part in report.parts.items():
            truth = getattr(right[int(name[1:])], name[0])
            away = abs(part.gradient - truth) / np.maximum(np.maximum(abs(part.gradient), abs(truth)), 1e-300)
            hidden = (part.gradient == 0) & (part.nudged == 0) & (abs(truth) < part.error)         # as the docstring says
            false += [name] * bool(((part.entries == "wrong") & (away < 1e-6)).any()
                                   or ((part.entries == "right") & ~hidden & (away > 2.2 * report.tolerance)).any())
    return false


def test_no_verdict_on_a_network_is_false():
    assert [seed for seed in range(3) if false_verdicts(seed)] == []


@pytest.mark.soak
def test_no_verdict_on_a_thousand_networks_is_false():
    assert [seed for seed in range(1000, 2000) if false_verdicts(seed)] == []


def zeros(widths, phi):
    return Network([Layer(np.zeros((d_out, d_in)), np.zeros(d_out), phi) for d_in, d_out in zip(widths, widths[1:])])


LABELS = one_hot([1, 2, 1, 2], 3)
# Each was called wrong before `accuse` had one of its rules.
ACCUSED = {
    "one unit stands still": (Network([Layer(np.zeros((3, 1)), [39.5, -27.5, -25.9], "sigmoid")]), [[0.7]],
                              [[1 - 7e-7, 1.3e-6, -1.1e-6]], squared_error),
    "kinks that nearly cancel": (zeros((1, 3), "relu"), [[-69.0], [14], [81], [-63]], LABELS, cross_entropy),
    "the same in float32": (Network([Layer(np.zeros((3, 1), SINGLE), np.zeros(3, SINGLE), "relu")]),
                            [[-69.0], [14], [81], [-63]], LABELS, cross_entropy),
    "small kinks": (Network([Layer(np.zeros((2, 5)), [0, 0], "leaky_relu"),
                             Layer(1e-6 * np.ones((3, 2)), [1e-3, -2e-3, 1e-3], "identity")]),
                    np.sin(np.arange(25)).reshape(5, 5), np.cos(np.arange(15)).reshape(5, 3), squared_error),
    "sines of large numbers": (Network([Layer([[2e5]], [1e5], "square"), Layer([[3.0]], [1.0], "sin")]), [[1.0]], [[0.5]],
                               squared_error),
    "a step": (Network([Layer([[1e13]], [-1e13], "sigmoid")]), [[1.0]], [[0.3]], squared_error),
    "all flat in float32": (Network([Layer(np.full((1, 1), 9, SINGLE), np.zeros(1, SINGLE), "tanh"),
                                     Layer(np.ones((1, 1), SINGLE), np.zeros(1, SINGLE), "tanh")]), [[1.0]], [[0.3]],
                            squared_error),
}


@pytest.mark.parametrize("name", ACCUSED)
def test_a_right_gradient_that_was_accused_is_not(name):
    net, X, Y, loss = ACCUSED[name]
    right = backprop(net, X, Y, loss)[1]
    assert check_gradient(lambda other: loss(predict(other, X), Y), net, right).verdict != "wrong"


# ---- undecided -----------------------------------------------------------------------------------

RNG = np.random.default_rng(0)


def random_f(t):
    return np.sin(t).sum() + 1e-9 * RNG.normal()


class Drifting:
    """Its values move from call to call, by as little as nobody sees in two calls."""
    calls = 0

    def __call__(self, t):
        self.calls += 1
        return np.sin(t).sum() + 1.0 * (self.calls > 60)


@pytest.mark.parametrize("f, gradient, reason, said", [
    (lambda t: abs(t - THETA).sum(), np.ones(3), KINK, "kink within the nudges: move theta a little"),
    (lambda t: 1e9 + np.sin(t).sum(), np.cos(THETA), BELOW, "rounding of f hides it"),
    (lambda t: ((t - THETA) * abs(t - THETA)).sum(), np.zeros(3), BENDS, "bends too much"),
    (lambda t: t[0] if abs(t - THETA).max() == 0 else np.inf, np.ones(3), NO_VALUE, "no finite value beside theta"),
    (lambda t: 1e4 + np.sin(t).sum(), (1 + 1e-4) * np.cos(THETA), CLOSE, "off by about as much as is allowed"),
    (random_f, np.cos(THETA), RANDOM, "f is random, as it has two values for one theta"),
    (Drifting(), np.cos(THETA), RANDOM, "f is random"),
    (lambda t: 3.0, np.zeros(3), DEAF, "f is deaf, as no nudge moves it"),
    (lambda t: np.sin(THETA).sum(), np.cos(THETA), DEAF, "f is deaf"),
], ids=["kink", "below", "bends", "no value", "close", "random", "drifting", "constant", "deaf"])
def test_what_cannot_be_told_is_undecided_and_says_why(f, gradient, reason, said):
    report = check_gradient(f, THETA, gradient)
    assert report.verdict == "undecided" and reason in reasons(report)
    assert said in " ".join(str(report).split()) and "right" not in report.entries.tolist()


def test_one_entry_at_a_kink_leaves_the_others_decided():
    report = check_gradient(lambda t: np.sin(t).sum() + relu(t[1] - THETA[1]), THETA, np.cos(THETA) * [1, 1, -1])
    assert report.verdict == "wrong" and report.entries.tolist() == ["right", "undecided", "wrong"]
    assert "undecided, 1 in theta: f has a kink" in str(report)


# ---- readings ------------------------------------------------------------------------------------

BATCH, OF_BATCH, F_BATCH = of_net(phi="tanh", N=8)
SQUARE = Network([Layer(np.arange(9).reshape(3, 3) / 9 - 0.4, [0.1, 0.2, 0.3], "tanh")])
X3 = np.array([0.5, -1.0, 2.0])
OUTER = jacobian_W(SQUARE, X3, 0).sum(0)


def sum_of_outputs(W):
    return predict(SQUARE.replace(0, W=W), X3[None]).sum()


READ = {
    "N": (lambda m, W, b: (8 * W, 8 * b), [
        "8 times the nudged derivative, everywhere, as if a mean over 8 points or outputs was forgotten"]),
    "1/N": (lambda m, W, b: (W / 8, b / 8), [
        "0.125 times", "everywhere, as if a mean over 8 points or outputs was taken twice"]),
    "2": (lambda m, W, b: (2 * W, 2 * b), [
        "2 times", "as if a mean over 2 points or outputs was forgotten, or a ½ of f left out"]),
    "½": (lambda m, W, b: (W / 2, b / 2), ["0.5 times", "taken twice, or the 2 of a square left out"]),
    "0": (lambda m, W, b: (0 * W, 0 * b), ["W0, b0, W1, b1 and 2 more: 0, where the nudges move f, as if it was forgotten"]),
    "−1": (lambda m, W, b: (-W, -b), ["-1 times the nudged derivative, everywhere, as if a sign was turned"]),
    "−3": (lambda m, W, b: (-3 * W, -3 * b), ["a mean over 3 points or outputs was forgotten, and a sign was turned"]),
    "0.3": (lambda m, W, b: (0.3 * W, 0.3 * b), ["0.3 times the nudged derivative, everywhere"]),
    "1.7": (lambda m, W, b: (1.7 * W, 1.7 * b), ["1.7 times the nudged derivative, everywhere"]),
    "biases from W": (lambda m, W, b: (W, W.sum(1)), [
        "b0, b1, b2: the sums of the rows of the derivative by the layer's weights",
        "Of all parts only b0, b1, b2 are wrong"]),
    "no biases": (lambda m, W, b: (W, 0 * b), ["b0, b1, b2: 0, where the nudges move f, as if it was forgotten"]),
    "from a layer down": (lambda m, W, b: (3 * W, 3 * b) if m < 2 else (W, b), [
        "W0, b0, W1, b1: 3 times the nudged derivative, as if",
        "Right above layer 1 and wrong from there down: look at the step down to layer 1, and at its φ′."]),
    "one layer": (lambda m, W, b: (3 * W, 3 * b) if m == 1 else (W, b), [
        "Layer 1 alone is wrong, and what it hands down is right"]),
    "each layer its own": (lambda m, W, b: ((4 - m) * W, (4 - m) * b), [
        "W0, b0: 4 times", "W1, b1: 3 times", "W2, b2: 2 times"]),
    "slopes": (lambda m, W, b: (W / SLOPES[m][:, None], b / SLOPES[m]), [
        "W0: each row has its own factor, ", ", each 4 or more as 1/φ′ of a sigmoid, as if φ′ was left out"]),
    "columns": (lambda m, W, b: (W * (2 + np.arange(W.shape[1])), b), [
        "W0: each column has its own factor, 2, 3, as if what the layer reads was taken from elsewhere"]),
    "a row": (lambda m, W, b: (W * [[1], [2], [1]], b) if m == 1 else (W, b), [
        "W1: row 1 alone is off, 2 times the nudged derivative", "Of all parts only W1 is wrong."]),
    "transposed": (lambda m, W, b: (W.T if m == 1 else W, b), ["W1: the nudged derivative, transposed, as if x δᵀ"]),
    "reshaped": (lambda m, W, b: (W.T.reshape(W.shape), b), ["W0, W2: the nudged numbers in another order"]),
    "penalty": (lambda m, W, b: (W + 0.01 * NET[m].W, b), [
        "W0, W1, W2: 0.01 θ is added to the nudged derivative, as if f and"]),
    "penalty on biases": (lambda m, W, b: (W, b + 0.25), ["b0, b1, b2: 0.25 is added to the nudged derivative, everywhere"]),
    "one entry": (lambda m, W, b: (W, b + (m == 0) * np.eye(3)[1]) if m == 0 else (W, b), ["One entry alone is wrong."]),
}


@pytest.mark.parametrize("name", READ)
def test_a_wrong_gradient_is_read(name):
    change, said = READ[name]
    report = check_gradient(F, NET, changed(change))
    assert report.verdict == "wrong"
    for words in said:
        assert any(words in sentence for sentence in report.readings), report.readings
    assert name not in ("0.3", "1.7") or "as if" not in str(report)


def test_the_ratio_of_one_unit_is_read_as_a_slope():
    net, gradient, f = of_net((3, 1), "sigmoid")
    slope = net[0].phi.df(net[0].W @ np.random.default_rng(3).normal(size=(2, 3))[0] + net[0].b)
    report = check_gradient(f, net, [Parameters(gradient[0].W / 0.2, gradient[0].b / 0.2)])
    assert "5 times the nudged derivative, everywhere, as if a mean over 5" in report.readings[0]
    report = check_gradient(f, net, [Parameters(gradient[0].W / 0.21, gradient[0].b / 0.21)])
    assert "as if φ′ was left out once or more, 0.21 in all" in report.readings[0] and 0 < slope <= 0.25


def test_slopes_left_out_between_layers_of_one_unit_are_read():
    net = Network([Layer([[weight]], [0], "sigmoid") for weight in (0.7, -1.2, 0.9)])
    right, slopes = backprop(net, [[0.5]], [[1.0]], squared_error)[1], np.ravel(forward(net, [0.5]).slopes)
    left_out = changed(lambda m, W, b: (W / slopes[m:2].prod(), b / slopes[m:2].prod()), right)
    report = check_gradient(lambda other: squared_error(predict(other, [[0.5]]), [[1.0]]), net, left_out)
    assert [sentence.split(" the ")[0] for sentence in report.readings] == [
        "Right above layer 1 and wrong from there down: look at", "W0, b0: 18.624 times", "W1, b1: 4.5163 times"]
    assert report.readings[2].endswith(f"as if φ′ was left out once or more, {slopes[1]:.4g} in all")


def test_a_bias_of_one_unit_and_a_factor_that_is_nearly_one_are_read():
    net, x = Network([Layer([[0.5, -0.25]], [0.1], "tanh")]), np.array([[1.0, 2.0]])

    def f(other):
        return squared_error(predict(other, x), [[0.3]])

    right, = backprop(net, x, [[0.3]], squared_error)[1]
    report = check_gradient(f, net, [Parameters(right.W, right.W.sum(1))])
    assert report.readings[1] == ("b0: the sums of the rows of the derivative by the layer's weights, "
                                  "as if made from that and not from δ")
    report = check_gradient(f, net, [Parameters(1.0005 * right.W, 1.0005 * right.b)])
    assert report.verdict == "wrong" and report.readings == ("W0, b0: 1.0005 times the nudged derivative, everywhere",)
    assert check_gradient(f, net, [Parameters(0 * right.W, right.b)]).readings[1] == \
        "W0: 0, where the nudges move f, as if it was forgotten"


def test_a_transposed_matrix_and_a_part_that_f_does_not_read():
    report = check_gradient(sum_of_outputs, SQUARE[0].W, OUTER.T)
    assert report.readings == ("theta: the nudged derivative, transposed, as if x δᵀ was taken for δ xᵀ",)
    assert check_gradient(sum_of_outputs, SQUARE[0].W, OUTER).verdict == "right"
    report = check_gradient(lambda other: F(other.replace(0, b=NET[0].b)), NET, RIGHT)
    assert report.readings == ("Of all parts only b0 is wrong.", "b0: no nudge of it moves f, as if f did not read it")
    assert "ratio" in str(report) and re.search(r"b0\[0\] .* –\n", str(report))


def test_nothing_is_read_into_a_right_gradient_or_one_without_a_pattern():
    assert check_gradient(F_BATCH, BATCH, OF_BATCH).readings == ()
    rng = np.random.default_rng(1)
    noisy = changed(lambda m, W, b: (W * rng.uniform(2, 3, W.shape), b * rng.uniform(2, 3, b.shape)), OF_BATCH)
    assert check_gradient(F_BATCH, BATCH, noisy).readings == ()


def test_the_reading_of_float32_is_as_rough_as_its_numbers():
    report = check_gradient(lambda t: np.sin(t.astype(SINGLE)).sum(), THETA, 3 * np.cos(THETA))
    assert re.match(r"theta: (3|2\.99\d*|3\.00\d*) times the nudged derivative, everywhere, as if a mean over 3 ",
                    report.readings[0])
    assert "at most 0.01 of the derivative's size, because f or the gradient has no more digits than float32" in \
        " ".join(str(report).split())


# ---- as text -------------------------------------------------------------------------------------

def test_a_report_of_thousands_of_entries_fits_on_a_screen():
    rng = np.random.default_rng(2)
    parts = {}
    for m in range(9):
        nudged = rng.normal(size=(20, 30))
        gradient = nudged * (1 if m in (1, 5) else rng.uniform(4, 9, (20, 1)))
        entries = np.where(gradient == nudged, "right", "wrong")
        parts[f"W{m}"] = Part(nudged, gradient, nudged, 1e-12 * abs(nudged), entries, np.full(nudged.shape, ""))
    lines = str(Report(parts, 1e-4)).splitlines()
    assert len(lines) <= 25 and max(map(len, lines)) <= 80
    assert lines[0] == "wrong: of 5400 entries 1200 right, 4200 wrong, 0 undecided."
    assert [line.split()[0] for line in lines[3:10]] == ["W0", "W2", "W3", "W4", "W6", "W7", "…"] and "… and 3 more" in lines


def test_the_printed_numbers_are_those_of_the_check():
    net, x, y = pencil_network(), np.array([[2.0, 3.0]]), np.array([[1.0, 2.0, 3.0]])
    right = backprop(net, x, y, squared_error)[1]
    wrong = [Parameters(right[0].W * [[1], [2], [1]], right[0].b), *right[1:]]
    assert str(check_gradient(lambda other: squared_error(predict(other, x), y), net, wrong)) == """\
wrong: of 26 entries 24 right, 2 wrong, 0 undecided.

part          shape               right     wrong undecided
W0            3 × 2                  4         2         0
b0            3                      3         0         0
W1            2 × 3                  6         0         0
b1            2                      2         0         0
W2            3 × 2                  6         0         0
b2            3                      3         0         0

farthest off                  gradient        nudged       ratio
W0[1, 0]                         22848         11424           2
W0[1, 1]                         34272         17136           2

- Of all parts only W0 is wrong.
- W0: row 1 alone is off, 2 times the nudged derivative
- Right means off by at most 0.0001 of the derivative's size"""


# ---- what comes in -------------------------------------------------------------------------------

@pytest.mark.parametrize("f, theta, gradient, said", [
    (F, NET, RIGHT[:2], "gradient must have the form of theta; got no W2"),
    (F, NET, [*RIGHT, RIGHT[0]], "gradient must have the form of theta; got W3, which theta has not"),
    (F, NET, flat(RIGHT), "gradient must have the form of theta; got no W0"),
    (F, NET, changed(lambda m, W, b: (W.T, b)), "W0 of gradient must have shape (3, 2), because W0 of theta "
     "has shape (3, 2), and f returns a number; got (2, 3)"),
    (np.sin, THETA, THETA, "gradient must have shape (3, 3), because theta has shape (3,), and f returns shape (3,)"),
    (np.sum, [THETA, THETA], [THETA, THETA[:2]], "gradient[1] must have shape (3,), because theta[1] has shape (3,)"),
    (np.sum, {"W": THETA, "b": [np.nan]}, {}, "b of theta must be finite"),
    (np.sum, {1.5: THETA}, {1.5: THETA}, "theta must have text for the names of its parts; got 1.5"),
    (np.sum, {"a": {"b": THETA}, "a.b": THETA}, {}, "theta must have parts with different names; got 'a.b' twice"),
    (np.sum, [], [], "theta must hold at least one number; got none"),
    (np.sum, {}, {}, "theta must hold at least one number; got none"),
    (lambda t: 3, THETA, THETA, "what f returns must be floats, because integers and booleans move in steps; got int"),
    (lambda t: t.sum() > 0, THETA, THETA, "what f returns must be floats, because integers and booleans move in steps"),
    (lambda t: np.log(-1.0 - t[0]), THETA, THETA, "what f returns must be finite numbers, at least one; got nan or inf"),
    (lambda t: t[:0], THETA, THETA, "what f returns must be finite numbers, at least one; got none"),
    (lambda t: np.ones(2 if (t != THETA).any() else 1), THETA, np.zeros((1, 3)),
     "what f returns must have one shape for every theta; got (1,) and (2,)"),
    (np.ones(3), THETA, THETA, "f must be a function of theta; got a ndarray"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_what_does_not_fit_is_refused_in_a_sentence(f, theta, gradient, said):
    with pytest.raises((ValueError, TypeError), match=re.escape(said)):
        check_gradient(f, theta, gradient)


def test_what_f_raises_at_theta_passes_and_beside_theta_does_not():
    with pytest.raises(ZeroDivisionError):
        check_gradient(lambda t: 1 / 0, THETA, THETA)
    with pytest.raises(KeyError):
        check_gradient(lambda t: {}[1], THETA, THETA)


def test_f_may_write_into_what_it_gets_and_return_the_same_array():
    kept = np.zeros(())

    def f(parts):
        assert all(part.flags.writeable for part in parts)
        kept[...] = sum(np.sin(part).sum() for part in parts)
        for part in parts:
            part[:] = 99
        return kept

    theta, before = [THETA.copy(), np.ones(2)], THETA.tolist()
    assert check_gradient(f, theta, [np.cos(THETA), np.cos(np.ones(2))]).verdict == "right" and theta[0].tolist() == before


def test_the_classifier_of_the_digits():
    images, labels = digits()[:2]
    net, X, Y = digits_network(), images[:2], one_hot(labels[:2], 10)
    gradient = backprop(net, X, Y, cross_entropy)[1][-1]

    def f(theta):
        return cross_entropy(predict(net.replace(2, *theta), X), Y)

    report = check_gradient(f, Parameters(net[2].W, net[2].b), gradient)
    assert report.verdict == "right" and isinstance(report, Report) and report.counts()["right"] == 170
    assert check_gradient(lambda theta: F(with_parameters(NET, theta)), flat(NET), flat(RIGHT)).verdict == "right"
