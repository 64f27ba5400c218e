"""Every public function of nnlib with every kind of bad input: one clear sentence, or a right answer.

Each argument in turn gets each kind of tests/kinds.py that concerns it, under settings in which NumPy raises on every
rounding to zero. What comes back must be a refusal in the agreed form, or exactly the result that the kind's meaning
gives; no warning, and no argument changed.
"""
import dataclasses
import inspect
import json
import re
import traceback
from functools import lru_cache
from pathlib import Path

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import kinds
import nnlib
from figures import FIGURES
from kinds import ACCEPTED, ANYTHING, AS_FLOATS, ITS_OWN, REFUSED, SAME
from nnlib import plotting
from nnlib.autodiff import apply, backward, dual, variable
from nnlib.training import flat, with_parameters

PACKAGE = str(Path(nnlib.__file__).parent)
NET = nnlib.pencil_network()
X, THETA = np.array([0.5, 1.25]), np.array([0.5, -0.75])
NODE = variable(X)
ANSWERED = np.array([[0.5, -1.5, 0.25, 2.0], [1.25, 0.0, -0.75, 0.5]])
CHANCES = np.array([[0.125, 0.75, 0.125, 0.0], [0.25, 0.25, 0.5, 0.0]])      # rows add up to 1 in most kinds of number

LIKE_NET = [nnlib.Parameters(2 * layer.W, -layer.b) for layer in NET]

# Arguments of every shape are right for these, and what is too long elsewhere is more of the same.
ANY_SHAPE = {**dict.fromkeys(("one element too many", "one axis more in front", "a column for a vector",
                              "a boolean for an array", "a number for an array", "a tower of six axes"), AS_FLOATS)}
HUGE = ("integer beyond floats", "integer of 5,000 digits", "negative integer of 5,000 digits")
MORE_ROWS = {"one element too many": AS_FLOATS}
TINY = {"a number that rounding swallows": None}
FROM_0 = {**TINY, "zero": None, "minus zero": None}
# Beside a probe another number is another answer, which is refused, unless it is near.
ANOTHER_NUMBER = dict.fromkeys(("booleans", "int8", "uint64", "float16", "one number, repeated without memory", "minus zero",
                                "subnormal number"))
ONE_ROW = {"one axis more in front": AS_FLOATS}
TABLES = {"array": kinds.ARRAYS, "index": kinds.INDICES, "positive": kinds.POSITIVES, "net": kinds.NETS,
          "phi": kinds.PHIS, "labels": kinds.LABELS, "of_rows": kinds.OF_ROWS, "loss": kinds.LOSSES, "out": kinds.OUTS,
          "optimizer": kinds.OPTIMIZERS, "rule": kinds.RULES, "stop": kinds.STOPS, "function": kinds.FUNCTIONS,
          "elementwise": {**kinds.FUNCTIONS, **kinds.ELEMENTWISE}}


def value_and_gradient(name, of_rows, probabilities):
    loss = nnlib.Loss(name, of_rows, probabilities)
    return loss(ANSWERED, CHANCES), loss.gradient(ANSWERED, CHANCES)


SLOW = nnlib.SGD(2.0 ** -6)
CALM = nnlib.Network([nnlib.Layer(layer.W, layer.b, "tanh") for layer in NET])        # squares leave the floats soon


class Mine(nnlib.Optimizer):
    """A rule that is handed in."""
    def __init__(self, rule):
        self.rule_in_hand = rule

    def first_state(self, theta):
        return theta

    def rule(self, theta, g, state):
        return self.rule_in_hand(theta, g, state)


def averaged(theta, g, state):
    """A step against the gradient, written into what is read, and the mean of the old parameters and the new."""
    theta -= 2.0 ** -6 * g
    state += theta
    state *= 0.5
    return theta, state


def train_on(X, Y, loss=nnlib.squared_error, optimizer=SLOW, validation=None):
    return nnlib.train(CALM, X, Y, loss, optimizer, 2, validation=validation)


def two_steps(rule):
    mine = Mine(rule)
    net, state = mine.step(NET, LIKE_NET, mine.start(NET))
    return mine.step(net, LIKE_NET, state)


def momentum_step(net, gradients, state):
    return nnlib.SGD(0.25, 0.5).step(net, gradients, state)


# function: {argument: (role, good value, what differs from the role's rule)}; () is an argument left as it is
rng = np.random.default_rng
CALLS = {
    "Activation": (nnlib.Activation, {"name": ("text", "mine", {}), "f": ("elementwise", np.tanh, {}),
                                      "df": ("elementwise", lambda z: np.cosh(z) ** -2.0, {}),
                                      "check": ("flag", False, {})}),
    "Layer": (nnlib.Layer, {"W": ("array", NET[0].W, {}), "b": ("array", NET[0].b, {}), "phi": ("phi", "tanh", {})}),
    "Network": (nnlib.Network, {"layers": ("layers", NET.layers, {})}),
    "Network.replace": (NET.replace, {"m": ("index", 1, {}), "W": ("array", NET[1].W, {"None": SAME}),
                                      "b": ("array", NET[1].b, {"None": SAME}), "phi": ("phi", "tanh", {"None": None})}),
    "Network[m]": (NET.__getitem__, {"m": ("index", 1, {})}),
    "forward": (nnlib.forward, {"net": ("net", NET, {}), "x": ("array", X, {})}),
    "predict": (nnlib.predict, {"net": ("net", NET, {}), "X": ("array", np.stack([X, -X]), MORE_ROWS)}),
    "random_network": (lambda widths, phi, seed=3, rng=None: nnlib.random_network(
                           widths, phi, np.random.default_rng(seed) if rng is None else rng),
                       {"widths": ("widths", (2, 3, 1), {}), "phi": ("phi", "tanh", {}),
                        "rng": ("rng", None, {"None": SAME})}),
    "autodiff.variable": (lambda value: variable(value).value, {"value": ("array", X, {
        **ANY_SHAPE, "float32": None, **dict.fromkeys(("empty list", "empty tuple", "empty array", "array of no rows",
                                                       "nothing along the last axis"), AS_FLOATS)})}),
    "autodiff.dual": (lambda value, dot: (dual(value, dot).value, dual(value, dot).dot),
                      {"value": ("array", X, {}), "dot": ("array", X, {})}),
    "autodiff.apply": (lambda phi: apply(phi, NODE).value, {"phi": ("phi", "tanh", {})}),
    "autodiff.backward": (lambda u: backward(NODE * NODE, [NODE], u)[0], {"u": ("array", X, {})}),
    "a constant beside a Node": (lambda a: (NODE + a).value, {"a": ("array", X, {
        **ANY_SHAPE, "one element too many": REFUSED})}),
    "o": (nnlib.o, {"i": ("index", 1, {}), "d": ("count", 3, {})}),
    "O": (nnlib.O, {"i": ("index", 1, {}), "d": ("count", 3, {})}),
    "dy_dW": (nnlib.dy_dW, {"net": ("net", NET, {}), "x": ("array", X, {}), "m": ("index", 1, {}),
                            "i": ("index", 1, {}), "j": ("index", 1, {})}),
    "dy_db": (nnlib.dy_db, {"net": ("net", NET, {}), "x": ("array", X, {}), "m": ("index", 1, {}),
                            "i": ("index", 1, {})}),
    **{name: (getattr(nnlib, name), {"f": ("function", np.exp, more), "theta": ("array", THETA, ANY_SHAPE),
                                     "h": ("positive", 1e-3, {})})
       for name, more in (("forward_difference", {}), ("central_difference", {}),
                          ("complex_step", {"function that returns complex numbers": None}))},
    **{name: (getattr(nnlib, name), {"net": ("net", NET, {}), "x": ("array", X, {}), **more}) for name, more in (
        ("jacobian_factors", {}), ("jacobian_x", {}), ("jacobian_b", {"m": ("index", 1, {})}),
        ("jacobian_W", {"m": ("index", 1, {}), "out": ("out", None, {})}),
        ("jvp", {"direction": ("direction", LIKE_NET, {})}),
        ("vjp", {"u": ("array", np.array([0.5, -1.0, 2.0]), {})}))},
    "jvp, a layer's direction": (lambda W, b: nnlib.jvp(NET, X, [NET[0], nnlib.Parameters(W, b), NET[2]]),
                                 {"W": ("array", 2 * NET[1].W, {}), "b": ("array", -NET[1].b, {})}),
    "forward_batch": (nnlib.forward_batch, {"net": ("net", NET, {}), "X": ("array", np.stack([X, -X]), MORE_ROWS)}),
    "backprop": (nnlib.backprop, {"net": ("net", NET, {}), "X": ("array", np.stack([X, -X]), {}),
                                  "Y": ("array", ANSWERED[:, :3], {}), "loss": ("loss", nnlib.squared_error, {})}),
    "backprop of one data point": (lambda x, y: nnlib.backprop(NET, x, y, nnlib.squared_error),
                                   {"x": ("array", X, ONE_ROW), "y": ("array", ANSWERED[0, :3], ONE_ROW)}),
    "Loss": (value_and_gradient, {"name": ("text", "mine", {}), "of_rows": ("of_rows", nnlib.squared_error.of_rows, {}),
                                  "probabilities": ("flag", True, {})}),
    **{f"{name}{part}": (function, {"Y_hat": ("array", ANSWERED, rounded), "Y": ("array", CHANCES, {})})
       for name, rounded in (("squared_error", {}), ("cross_entropy", {"float32": None}))
       for part, function in (("", getattr(nnlib, name)), (".gradient", getattr(nnlib, name).gradient))},
    "squared_error of one data point": (nnlib.squared_error, {"Y_hat": ("array", ANSWERED[0], ONE_ROW),
                                                              "Y": ("array", CHANCES[0], {})}),
    "softmax": (nnlib.softmax, {"Z": ("array", ANSWERED, {
        **ANY_SHAPE, "a boolean for an array": REFUSED, "a number for an array": REFUSED, "array of no rows": AS_FLOATS,
        "float32": None})}),
    "one_hot": (nnlib.one_hot, {"labels": ("labels", 1, {}), "d_y": ("count", 3, {})}),
    "flat": (flat, {"parameters": ("direction", LIKE_NET, {})}),
    "flat, a layer": (lambda W, b: flat([NET[0], nnlib.Parameters(W, b)]),
                      {"W": ("array", NET[1].W, {"float32": None}), "b": ("array", NET[1].b, {"float32": None})}),
    "with_parameters": (with_parameters, {"net": ("net", NET, {}), "theta": ("array", 0.5 * flat(NET), {})}),
    "SGD": (nnlib.SGD, {"learning_rate": ("positive", 0.25, TINY), "momentum": ("positive", 0.5, FROM_0)}),
    "Adam": (nnlib.Adam, {"learning_rate": ("positive", 0.25, TINY), "beta1": ("positive", 0.5, FROM_0),
                          "beta2": ("positive", 0.5, FROM_0), "epsilon": ("positive", 0.25, TINY)}),
    "Optimizer.start": (nnlib.Adam().start, {"net": ("net", NET, {})}),
    "SGD.step": (momentum_step, {"net": ("net", NET, {}), "gradients": ("direction", LIKE_NET, {}),
                                 "state": ("array", flat(NET) / 8, {})}),
    "SGD.step, a layer's gradient": (lambda W, b: momentum_step(NET, [NET[0], nnlib.Parameters(W, b), NET[2]], flat(NET)),
                                     {"W": ("array", 2 * NET[1].W, {}), "b": ("array", -NET[1].b, {})}),
    "Adam.step": (lambda state: nnlib.Adam().step(NET, LIKE_NET, state),
                  {"state": ("whole state", (1, flat(NET) / 8, flat(NET) ** 2 / 8), {})}),
    "Adam.step, its state": (lambda t, mean, square: nnlib.Adam().step(NET, LIKE_NET, (t, mean, square)),
                             {"t": ("index", 1, {"one past the end": None}), "mean": ("array", flat(NET) / 8, {}),
                              "square": ("array", flat(NET) ** 2 / 8, {"int8": None})}),
    "train": (nnlib.train, {
        "net": ("net", CALM, {}), "X": ("array", np.stack([X, -X]), {}), "Y": ("array", ANSWERED[:, :3], {}),
        "loss": ("loss", nnlib.squared_error, {}), "optimizer": ("optimizer", SLOW, {}),
        "epochs": ("index", 2, {"one past the end": None}),
        "batch_size": ("index", 2, {**dict.fromkeys(("None", "one past the end", "index beyond 64 bits", *HUGE[:2]), SAME)}),
        "l2": ("positive", 2.0 ** -10, {**TINY, "zero": None, "minus zero": None}),
        "rng": ("rng", None, {"None": SAME}), "progress": ("flag", False, {}),
        "validation": ("pair", (np.stack([X, -X]), ANSWERED[:, :3]), {"None": None}),
        "stop": ("stop", lambda history: len(history.loss) == 99, {"None": SAME})}),      # epochs may be many
    "train on one data point": (lambda X, Y: train_on(X, Y), {"X": ("array", X, ONE_ROW),
                                                              "Y": ("array", ANSWERED[0, :3], ONE_ROW)}),
    "train with held-out points": (lambda X, Y: train_on(np.eye(2), ANSWERED[:, :3], validation=(X, Y)),
                                   {"X": ("array", np.stack([X, -X]), {}), "Y": ("array", ANSWERED[:, :3], {})}),
    "train with a rule by hand": (lambda rule: train_on(np.eye(2), ANSWERED[:, :3], optimizer=Mine(rule)),
                                  {"rule": ("rule", averaged, {})}),
    "step with a rule by hand": (two_steps, {"rule": ("rule", averaged, {})}),
    "train with a loss by hand": (lambda of_rows: train_on(np.eye(2), ANSWERED[:, :3], loss=nnlib.Loss("mine", of_rows)),
                                  {"of_rows": ("of_rows", nnlib.squared_error.of_rows, {})}),
    "History": (nnlib.History, {"loss": ("array", THETA, {}), "validation": ("array", THETA, {"None": None})}),
    "taylor_rate": (nnlib.taylor_rate,
                    {"f": ("function", np.sin, {}), "theta": ("array", THETA, {}),
                     "derivative": ("array", np.diag(np.cos(THETA)), {}),
                     "direction": ("array", np.array([1.0, 0.5]), {}), "h": ("positive", 1e-2, {"None": None})}),
    "check_gradient": (nnlib.check_gradient,
                       {"f": ("function", lambda theta: np.exp(theta).sum(), {}),
                        "theta": ("array", THETA, {"float32": None, **dict.fromkeys(("dictionary", "counter"), ITS_OWN)}),
                        "gradient": ("array", np.exp(THETA), {"float32": None})}),
    "check_gradient, a part": (lambda theta, gradient: nnlib.check_gradient(
                                   lambda parts: np.exp(parts["W"]).sum() + np.sin(parts["b"]).sum(),
                                   {"W": theta, "b": X}, {"W": gradient, "b": np.cos(X)}),
                               {"theta": ("array", THETA, {"float32": None, **dict.fromkeys(
                                   ("dictionary", "counter", "empty dictionary"), ITS_OWN)}),
                                "gradient": ("array", np.exp(THETA), {"float32": None})}),
    "to_torch": (lambda net, names=None: tuple(nnlib.to_torch(net, names).values()),
                 {"net": ("net", NET, {}), "names": ("layers", ("a", "b", "c"), {"None": SAME})}),
    "to_keras": (lambda net: tuple(nnlib.to_keras(net)), {"net": ("net", NET, {})}),
    "to_sklearn": (lambda net: tuple(map(tuple, nnlib.to_sklearn(net))), {"net": ("net", NET, {})}),
    "to_jax": (lambda net: tuple(nnlib.to_jax(net)), {"net": ("net", NET, {})}),
    "from_torch": (nnlib.from_torch, {"state": ("layers", nnlib.to_torch(NET), {}), "phi": ("phi", "tanh", {}),
                                      "probe": ("pair", None, {"None": SAME})}),
    "from_keras": (nnlib.from_keras, {"weights": ("layers", nnlib.to_keras(NET), {}), "phi": ("phi", "tanh", {}),
                                      "probe": ("pair", None, {"None": SAME})}),
    "from_sklearn": (nnlib.from_sklearn, {
        "coefs": ("layers", nnlib.to_sklearn(NET)[0], {}), "intercepts": ("layers", nnlib.to_sklearn(NET)[1], {}),
        "phi": ("phi", "tanh", {}), "probe": ("pair", None, {"None": SAME})}),
    "from_jax": (nnlib.from_jax, {"params": ("layers", nnlib.to_jax(NET), {}), "phi": ("phi", "tanh", {}),
                                  "probe": ("pair", None, {"None": SAME})}),
    "from_torch, a layer": (lambda weight, bias: nnlib.from_torch({"a.weight": weight, "a.bias": bias}, "tanh"),
                            {"weight": ("array", NET[0].W, {}), "bias": ("array", NET[0].b, {})}),
    "from_keras, a layer": (lambda weight, bias: nnlib.from_keras([weight, bias], "tanh"),
                            {"weight": ("array", NET[0].W.T.copy(), MORE_ROWS), "bias": ("array", NET[0].b, {})}),
    "from_keras, a probe": (lambda x, y_hat: nnlib.from_keras(nnlib.to_keras(CALM), "tanh", (x, y_hat)),
                            {"x": ("array", X, {**ANOTHER_NUMBER, **ONE_ROW}),
                             "y_hat": ("array", nnlib.predict(CALM, X[None])[0], {**ANOTHER_NUMBER, **ONE_ROW})}),
    "plotting.M": (plotting.M, {"values": ("values", [[1, 2], [3, 4]], {}), "name": ("words", "W", {})}),
    **{f"plotting.{name}": row[:2] for name, row in FIGURES.items()},
}
# What a role gives a meaning to, of the kinds that have none elsewhere. A text is nowhere in the numbers of a result, and
# what a function raises by itself passes through: it is not nnlib's to judge.
TEXTS = ("text", "text with a line break")
ROLES = {
    "number": {}, "flag": {}, "choice": {}, "rng": {}, "count": {}, "widths": {},
    "text": dict.fromkeys(TEXTS, SAME), "words": dict.fromkeys((*TEXTS, "empty text")), "part": dict.fromkeys(TEXTS),
    "function": dict.fromkeys(("class", "lambda", "hostile object"), ITS_OWN),
    "label": dict.fromkeys((*TEXTS, "empty text", "None", *HUGE)),
    "values": {**dict.fromkeys(TEXTS), "object that claims to be an array": None,
               "list of numeric text": None, "array of numeric text": None, "list with one text": None,
               "object array with text": None},
    **dict.fromkeys(("lit", "errors", "names", "layers", "direction", "loss", "labels", "whole state", "pair"), {}),
    "report": {}, "nodes": {},
    **dict.fromkeys(("of_rows", "stop"), dict.fromkeys(("class", "lambda", "hostile object"), ITS_OWN)),
    "rule": dict.fromkeys(ANYTHING, ITS_OWN),
    "out": {"None": SAME},
}
# What the sentence may call the argument, where it is not the argument's own name.
CALLED = {"errors": "errors?", "names": "names|phi", "part": "part|text", "lit": "lit|m|i|j", "seed": "rng",
          "m": "m|W of layer",          # a layer that there is, and whose W is of another shape
          "h": "h|what f returns", "x": "x|X|Y must have|probe", "y": "Y", "of_rows": "of_rows|the loss",
          "X": "X|Y must have", "rule": "rule|state", "t": "state", "mean": "state", "square": "state",
          "pictures": "pictures?", "x0": "x0|f", "span": "span", "derivative": "derivative", "title": "titles",
          "net": "net", "name": "name|a text", "weight": "weights?|state", "bias": "bias|weights?|state",
          "y_hat": "y_hat|answer",
          "coefs": "coefs|intercepts", "intercepts": "coefs|intercepts",
          "value_name": "value_name|a text", "titles": "titles|a text"}


def of_the_call(name):
    function, arguments = CALLS[name]
    return function, {argument: good for argument, (_, good, _) in arguments.items()}


def kinds_for(role, special):
    """{kind: (how a value is made, what is expected)} for an argument; None expects any answer that is not a fault."""
    assert role in {**ROLES, **TABLES}, f"there is no role {role!r}; there are {', '.join({**ROLES, **TABLES})}"
    table = {kind: (make, ACCEPTED.get((role, kind), ROLES.get(role, {}).get(kind, REFUSED)))
             for kind, make in ANYTHING.items()}
    table |= TABLES.get(role, {})
    for kind, expected in special.items():
        table[kind] = (table[kind][0], expected)
    return table


def parts(result):
    """The numbers and texts of a result, in order."""
    if isinstance(result, nnlib.Network):
        return [part for layer in result for part in parts(layer)]
    if isinstance(result, nnlib.Layer):
        return [result.W, result.b, result.phi.name]
    if isinstance(result, nnlib.Trace):
        return [*result.inputs, *result.z, *result.slopes, result.y_hat]
    if isinstance(result, nnlib.Activation):
        return [result.f(THETA), result.df(THETA)]
    if isinstance(result, (nnlib.SGD, nnlib.Adam)):
        return [np.array(dataclasses.astuple(result))]
    if isinstance(result, nnlib.Report):
        return [np.array(part) for one in result.parts.values() for part in one] + [result.tolerance]
    if isinstance(result, nnlib.History):
        return [result.loss] + ([] if result.validation is None else [result.validation])
    if isinstance(result, tuple):
        return [part for one in result for part in parts(one)]
    if isinstance(result, plotting.M):
        return [np.array(result.values, str)]
    if isinstance(result, plotting.Figure):
        axes = result.figure.axes[0]
        return [np.array(line.get_xydata()) for line in axes.lines] + [text.get_text() for text in axes.texts]
    return [np.asarray(result)]


def same(one, other):
    one, other = parts(one), parts(other)
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other))


def print_of(value, depth=3):
    """What must not change in an argument."""
    if isinstance(value, np.ndarray) and not isinstance(value, np.ma.MaskedArray):
        return value.dtype, value.shape, value.flags.writeable, value.tobytes()
    if isinstance(value, (list, tuple)) and len(value) < 90 and depth:
        return [type(value)] + [print_of(one, depth - 1) for one in value]
    return type(value), id(value)


def refusal(error, argument):
    """What is wrong with a refusal; None if it is one."""
    sentence, words = str(error), CALLED.get(argument, re.escape(argument))
    came_from = traceback.extract_tb(error.__traceback__)[-1].filename
    if type(error) not in (ValueError, TypeError, IndexError, OverflowError):
        return f"{type(error).__name__}: {sentence}"
    if not came_from.startswith(PACKAGE):
        return f"raised by {came_from}: {sentence}"
    if "\n" in sentence or not 10 < len(sentence) < 260 or not re.search(rf"\b({words})\b", sentence):
        return f"not one sentence that names {argument}: {sentence}"
    if not re.search(r"\bmust\b|beyond the range", sentence):
        return f"does not say what was expected: {sentence}"
    return None


@lru_cache
def good_result(name):
    function, good = of_the_call(name)
    return function(**good)


def fault(name, argument, value, expected):
    """What is wrong with what nnlib makes of a value; None if nothing is."""
    function, good = of_the_call(name)
    before = print_of(value)
    try:
        with np.errstate(all="raise"):
            got = function(**{**good, argument: value})
    except Exception as error:
        if expected == ITS_OWN:
            return None
        return refusal(error, argument) if expected in (REFUSED, None) else f"refused: {error}"
    if expected == REFUSED:
        return f"accepted, with {str(parts(got))[:60]}"
    if print_of(value) != before:
        return "changed its argument"
    if expected == SAME and not same(got, good_result(name)):
        return "another result"
    if expected == AS_FLOATS and not same(got, function(**{**good, argument: np.array(value, dtype=float)})):
        return "another result than for the same floats"
    return None


ARGUMENTS = [(name, argument) for name, (_, arguments) in CALLS.items() for argument in arguments]


@pytest.mark.parametrize("name, argument", [
    pytest.param(name, argument, id=f"{name}-{argument}",
                 marks=[pytest.mark.plotting, pytest.mark.long] if name.startswith("plotting") else [])
    for name, argument in ARGUMENTS])
def test_every_kind(name, argument):
    role, good, special = CALLS[name][1][argument]
    found = {}
    for kind, (make, expected) in kinds_for(role, special).items():
        if what := fault(name, argument, make(good), expected):
            found[kind] = what
    assert found == {}


def test_the_table_is_large_enough_and_leaves_no_function_out():
    every = set(ANYTHING).union(*TABLES.values())
    print(f"{len(every)} kinds of input, {len(ARGUMENTS)} arguments of {len(CALLS)} functions, "
          f"{sum(len(kinds_for(*CALLS[n][1][a][::2])) for n, a in ARGUMENTS)} calls")
    assert len(every) >= 60
    public = {name for name in nnlib.__all__ if inspect.isfunction(getattr(nnlib, name))
              and inspect.signature(getattr(nnlib, name)).parameters}
    drawn = {f"plotting.{name}" for name in plotting.__all__ if inspect.isfunction(getattr(plotting, name))}
    missing = (public | drawn | {"Activation", "Layer", "Network", "plotting.M"}) - set(CALLS)
    assert not missing, f"{', '.join(missing)}: give it a row in CALLS, here (a figure: in tests/plotting/figures.py)"
    for name, (function, arguments) in CALLS.items():
        given_by_name = set(inspect.signature(function).parameters) - {"self", "seed"}
        assert given_by_name - set(arguments) <= {"lit", "chosen", "shape", "pulled"}, name


# ---- anything else: what nobody thought of -------------------------------------------------------

SCALARS = (st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text(max_size=5)
           | st.binary(max_size=3) | st.decimals() | st.fractions() | st.dates() | st.sampled_from([..., dict, len]))
NESTED = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner)
                      | st.dictionaries(st.text(max_size=2), inner, max_size=2), max_leaves=8)
DTYPES = (npst.boolean_dtypes() | npst.integer_dtypes() | npst.unsigned_integer_dtypes() | npst.floating_dtypes()
          | npst.complex_number_dtypes() | npst.datetime64_dtypes() | npst.unicode_string_dtypes(max_len=3)
          | npst.byte_string_dtypes(max_len=3))
ARRAYS = npst.arrays(DTYPES, npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
PLAIN = [(name, argument) for name, argument in ARGUMENTS if not name.startswith("plotting")]


@pytest.mark.long
@settings(max_examples=400, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.sampled_from(PLAIN), NESTED | ARRAYS)
@example(("Network.replace", "m"), np.array(0, np.int8))
def test_anything_is_refused_in_words_or_answered_as_its_floats(which, value):
    name, argument = which
    role = CALLS[name][1][argument][0]
    # A rule stands for a method, which nobody hands in; what a function itself raises is its own.
    expected = ITS_OWN if role == "rule" or role == "function" and callable(value) else None
    if role == "array" and value is not None:
        try:
            floats = np.asarray(value)
            expected = AS_FLOATS if floats.dtype.kind in "biuf" else REFUSED
        except Exception:
            expected = REFUSED
    what = fault(name, argument, value, expected)
    assert what is None or expected == AS_FLOATS and what.startswith("refused"), what
    if what and "what f returns" not in what:    # refused although these are real numbers: in the agreed form
        assert fault(name, argument, value, REFUSED) is None


# ---- the book's table ---------------------------------------------------------------------------

def test_the_table_beside_the_peers_has_no_silent_row():
    """book/bad_input.json holds what peers answered; the page computes nnlib's column and asserts it."""
    recorded = json.loads((Path(__file__).parents[2] / "book" / "bad_input.json").read_text(encoding="utf-8"))
    assert len(recorded["rows"]) >= 20 and len(recorded["versions"]) >= 4
    for row in recorded["rows"]:
        assert set(row["answers"]) == set(recorded["versions"])
    silent = sum(answer not in ("right", "error", "–") for row in recorded["rows"] for answer in row["answers"].values())
    assert silent > 20                       # else the page has nothing to show


def test_the_table_says_of_numpy_what_numpy_does():
    """The call that the page states, with arrays by hand in the place of nnlib."""
    recorded = json.loads((Path(__file__).parents[2] / "book" / "bad_input.json").read_text(encoding="utf-8"))
    by_hand = {"np": np, "net": (np.array(recorded["W"]), np.array(recorded["b"])), "Network": lambda layers: layers[0],
               "Layer": lambda W, b, phi: (W, b), "predict": lambda net, X: np.asarray(X) @ net[0].T + net[1]}
    rows = [row for row in recorded["rows"] if row["nnlib"].startswith("predict(")]
    assert len(rows) == 18
    for row in rows:
        try:
            got = eval(row["nnlib"], by_hand)
        except (TypeError, ValueError):
            assert row["answers"]["NumPy"] == "error", row["input"]
        else:
            shown = np.array2string(np.asarray(got), precision=3, separator=", ")
            right = row["right"] is not None and np.array_equal(np.ravel(got), np.ravel(row["right"]))
            assert row["answers"]["NumPy"] == ("right" if right else shown), row["input"]
