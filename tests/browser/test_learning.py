"""The figure in which a network learns: its numbers against nnlib's, and its behaviour on a page of its own."""

import math
import re
from functools import lru_cache
from types import SimpleNamespace

import book
import numpy as np
import pytest
from bs4 import BeautifulSoup
from pages import COLOUR_RULES, CONTROLS, MEASURE, OVERFLOW, SETTLED, barriers, opened, serving
from test_interactive import MODULES, STAGE, computed, said, start
from test_site import small_book

from nnlib import SGD, Adam, Layer, Network, backprop, cross_entropy, one_hot, predict, softmax
from nnlib.training import flat, with_parameters

COUNT, EACH = 100, 50

# The arithmetic ------------------------------------------------------------------------------------------------------


def generator(seed):
    while True:
        seed = seed * 16807 % 2147483647
        yield seed / 2147483647


def short(value):
    return math.floor(100 * value + 0.5) / 100


def centre(data, label, s):
    """Where an arm is, for s from 0 to 1."""
    if data == "moons":
        turn, x, y = math.pi * (s + label), -0.5 + label, -0.25 + label / 2
        return x + 1.1 * math.cos(turn), y + 1.1 * math.sin(turn)
    turn, radius = math.pi * (2.5 * s + label), 0.25 + 1.45 * s
    return radius * math.cos(turn), radius * math.sin(turn)


def points(data):
    draw, X = generator(2022), []
    for n in range(COUNT):
        X.append([short(one + 0.3 * (next(draw) - 0.5)) for one in centre(data, n // EACH, n % EACH / (EACH - 1))])
    return np.array(X), one_hot(np.arange(COUNT) // EACH, 2)


def first_network(widths, phi):
    d, draw, layers = [int(one) for one in widths.split("-")], generator(9), []
    for m, (reads, rows) in enumerate(zip(d, d[1:])):
        W = [[short((2 * next(draw) - 1) * math.sqrt(3 / reads)) for _ in range(reads)] for _ in range(rows)]
        layers.append(Layer(W, np.zeros(rows), phi if m < len(d) - 2 else "identity"))
    return Network(layers)


def gradients(net, X, Y, bug):
    """[(∂L/∂W, ∂L/∂b)] written out for all points at once, with a bug or without one."""
    read, z, parts = [X], [], []
    for layer in net:
        z.append(read[-1] @ layer.W.T + layer.b)
        read.append(layer.phi.f(z[-1]))
    delta = softmax(read[-1]) - Y
    if bug != "mean":
        delta = delta / len(X)
    for m in reversed(range(len(net))):
        by_b = np.zeros(len(net[m].b)) if bug == "bias" else delta.sum(axis=0)
        parts.append(SimpleNamespace(W=delta.T @ read[m], b=by_b))
        delta = delta @ net[m].W
        if m and bug != "slope":
            delta = delta * net[m - 1].phi.df(z[m - 1])
    return parts[::-1]


RULES = {"sgd": SGD, "momentum": lambda rate: SGD(rate, momentum=0.9), "adam": Adam}


@lru_cache
def learned(number, bug):
    """What nnlib has after the steps of one of the STATES, and one step later."""
    state = STATES[number]
    X, Y = points(state["data"])
    net, rule = first_network(state["widths"], state["phi"]), RULES[state["rule"]](float(state["rate"]))
    memory, losses = rule.start(net), []
    for left in range(state["steps"], -1, -1):
        loss, right = backprop(net, X, Y, cross_entropy)
        parts = right if bug == "none" else gradients(net, X, Y, bug)
        losses.append(loss)
        theta, after = rule.rule(flat(net), flat(parts), memory)
        if left:
            net, memory = with_parameters(net, theta), after
    hits = (predict(net, X).argmax(axis=1) == Y.argmax(axis=1)).tolist()
    letter, m, *place = state["watched"][0], int(state["watched"][1]), *map(int, state["watched"].split(".")[1:])
    picked = [getattr(one[m], letter)[tuple(place)] for one in (net, parts, right)]
    memories = {"v": (memory, after)} if state["rule"] != "adam" else {"m": (memory[1], after[1]), "s": (memory[2], after[2])}
    return {"theta": flat(net), "g": flat(parts), "losses": losses, "hits": hits, "picked": picked[:2], "nudged": picked[2],
            "before": {name: one for name, (one, _) in memories.items()},
            "next": {"theta": theta, **{name: one for name, (_, one) in memories.items()}}}


OPENING = {"data": "spiral", "widths": "2-8-8-2", "phi": "tanh", "rule": "adam", "rate": "0.01", "bug": "none",
           "watched": "W0.0.0", "steps": 150}
STATES = [OPENING] + [{**OPENING, **dict(zip(OPENING, values))} for values in (
    ("moons", "2-4-2", "relu", "sgd", "0.3", "none", "W1.0.0", 40), ("moons", "2-16-16-2", "sigmoid", "momentum", "0.1",
    "none", "b2.0", 25), ("spiral", "2-8-2", "relu", "adam", "0.03", "none", "b0.0", 30),
    ("spiral", "2-8-8-2", "tanh", "adam", "0.01", "mean", "W1.0.0", 60),
    ("moons", "2-8-2", "sigmoid", "sgd", "0.01", "mean", "b1.0", 20),
    ("spiral", "2-8-8-2", "tanh", "adam", "0.01", "slope", "W0.0.0", 20),
    ("moons", "2-8-8-2", "relu", "momentum", "0.03", "slope", "W0.0.0", 12),
    ("moons", "2-4-2", "tanh", "momentum", "1", "bias", "b0.0", 15),
    ("spiral", "2-16-16-2", "sigmoid", "adam", "0.1", "bias", "W2.0.0", 10),
    ("moons", "2-8-2", "tanh", "sgd", "1", "none", "W0.0.0", 0), ("spiral", "2-4-2", "relu", "momentum", "0.3", "none",
    "W0.0.0", 1))]


def learning_disagreements(modules):
    """Which of the figure's numbers are not nnlib's, or those of the bug as it is written here."""
    found = set()

    def hold(name, got, wanted, rtol=1e-9, atol=1e-9):
        got, wanted = np.asarray(got, float), np.asarray(wanted, float)
        if got.shape != wanted.shape or not np.allclose(got, wanted, rtol=rtol, atol=atol):
            found.add(name)

    for number, got in enumerate(computed("training", [(start(), state) for state in STATES], modules)):
        state, run = STATES[number], got["run"]
        wanted = learned(number, state["bug"])
        for name in ("theta", "g", "losses", "hits"):
            hold(name, run[name], wanted[name])
        for name, one in wanted["before"].items():
            hold("memory", run[name], one)
        for name, one in wanted["next"].items():
            hold("next", got["next"][name], one)
        hold("picked", [run["theta"][got["at"]], run["g"][got["at"]]], wanted["picked"])
        hold("nudged", got["nudged"], wanted["nudged"], 1e-6, 1e-9)     # what a nudge of 1e-5 errs by, and its rounding
        if state["rule"] == "adam":
            by = 1 - 0.9 ** (state["steps"] + 1), 1 - 0.999 ** (state["steps"] + 1)
            hold("fair", [got["mHat"], got["sHat"]], [wanted["next"]["m"] / by[0], wanted["next"]["s"] / by[1]])
        if state["bug"] != "none":
            hold("twin", got["twin"]["losses"], learned(number, "none")["losses"])
    return found


def test_what_is_learned_is_nnlibs():
    assert computed("training", [(start(), {})]) == computed("training", [(start(), OPENING)])
    assert learning_disagreements(MODULES) == set()


def test_without_a_bug_what_is_written_out_here_is_backprop():
    for state in STATES:
        net, (X, Y) = first_network(state["widths"], state["phi"]), points(state["data"])
        ours, theirs = gradients(net, X, Y, "none"), backprop(net, X, Y, cross_entropy)[1]
        np.testing.assert_allclose(flat(ours), flat(theirs), rtol=1e-12, atol=1e-15)
        for bug in ("mean", "slope", "bias"):
            assert not np.allclose(flat(gradients(net, X, Y, bug)), flat(theirs), rtol=1e-3)


@pytest.mark.parametrize("old, new, seen", [
    ("generator(2022)", "generator(2023)", {"losses", "g"}),
    ("2.5 * s + k", "2.4 * s + k", {"losses"}),
    ("(2 * draw() - 1) * Math.sqrt(3 / d[m])", "(2 * draw() - 1) * Math.sqrt(2 / d[m])", {"theta"}),
    ("MU = 0.9", "MU = 0.99", {"theta", "memory", "next"}),
    ("BETA2 = 0.999", "BETA2 = 0.99", {"theta", "memory", "fair"}),
    ("EPSILON = 1e-8", "EPSILON = 1e-6", {"theta"}),
    ("BETA1 ** t", "BETA1 ** (t - 1)", {"fair"}),
    ("Math.sqrt(sHat[k]) + EPSILON", "Math.sqrt(sHat[k] + EPSILON)", {"theta"}),
    ("(1 - BETA1) * g[k]", "g[k]", {"memory"}),
    ("mu * old + g[k]", "mu * (old + g[k])", {"theta"}),
    ('bug === "mean" ? 1 : X.length', 'bug === "mean" ? 10 : X.length', {"g"}),
    ('bug === "slope" ? asked', 'bug === "none" ? asked', {"g", "theta", "twin"}),
    ('bug !== "bias"', 'bug === "bias"', {"g"}),
    ("slopes[m - 1])", "slopes[0])", {"g"}),
    ("net[m].W[i][j], 0)", "net[m].W[i][0], 0)", {"g"}),
    ("- (k === label ? 1 : 0)", "+ (k === label ? 1 : 0)", {"g", "hits"}),
    ("- y[label]", "- y[0]", {"losses"}),
    ("i * d[m] + j", "i * d[m] + j + 1", {"picked", "nudged"}),
    ("d[m + 1] * d[m] + i", "d[m] + i", {"picked", "nudged"}),
    ("[NUDGE, -NUDGE]", "[NUDGE, 0]", {"nudged"}),
    ('onward(state, twin, "none")', "onward(state, twin, state.bug)", {"twin"}),
    ("miss[labels[n]] > -0.5", "miss[labels[n]] > -0.9", {"hits"}),
])
def test_a_mistake_planted_in_what_is_learned_is_found(tmp_path, old, new, seen):
    for path in MODULES.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert path.name != "training.js" or text.count(old) == 1
        (tmp_path / path.name).write_text(text.replace(old, new) if path.name == "training.js" else text, encoding="utf-8")
    assert seen <= learning_disagreements(tmp_path)
