"""What other programs make of the input that nnlib refuses: writes book/bad_input.json.

Run it where they are installed (`pip install torch scikit-learn keras micrograd` in an environment of its own); nothing of
the book needs them. Each gets the same layer, 3 features to 2 outputs, through its own usual call; nnlib's column is not
kept here: the page computes it.
"""
import contextlib
import importlib.metadata
import io
import json
import os
import sys
import warnings
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np

try:
    import keras
    import torch
    from micrograd import nn as micrograd
    from sklearn.linear_model import LinearRegression
except ImportError as error:
    sys.exit(f"{error}; see the first lines of this file.")

PAGE_DATA = Path(__file__).resolve().parent.parent / "book" / "bad_input.json"
PACKAGES = {"NumPy": "numpy", "PyTorch": "torch", "Keras": "keras", "scikit-learn": "scikit-learn", "micrograd": "micrograd"}
W, b = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.5]]), np.array([0.25, -0.75])
GOOD, RIGHT = [[1.0, 2.0, 3.0]], [[4.75, -0.25]]
NOT_ASKED = "–"

# what came in, in words; the value; the right outputs, or None where there are none
INPUTS = [
    ("four features", "[[1., 2., 3., 4.]]", None),
    ("a column", "[[1.], [2.], [3.]]", None),
    ("no features", "np.zeros((1, 0))", None),
    ("numbers as text", "[['1', '2', '3']]", None),
    ("rows of different lengths", "[[1., 2., 3.], [1., 2.]]", None),
    ("nan", "[[1., 2., np.nan]]", None),
    ("infinity", "[[1., 2., np.inf]]", None),
    ("complex numbers", "[[1., 2., 3 + 1j]]", None),
    ("None in the list", "[[1., 2., None]]", None),
    ("a masked number", "np.ma.array([[1., 2., 3.]], mask=[[0, 0, 1]])", None),
    ("dates", "np.array([['2022-01-01'] * 3], 'datetime64[D]')", None),
    ("an object array with text", "np.array([[1, 2, '3']], dtype=object)", None),
    ("float16", "np.array([[1, 2, 3]], np.float16)", RIGHT),
    ("Fortran order", "np.asfortranarray([[1., 2., 3.]])", RIGHT),
    ("the other byte order", "np.array([[1, 2, 3]], '>f8')", RIGHT),
    ("booleans", "[[True, False, True]]", [[2.75, 0.25]]),
    ("no rows", "np.zeros((0, 3))", np.zeros((0, 2)).tolist()),
]


def numpy_by_hand():
    return lambda value: np.asarray(value) @ W.T + b


def pytorch():
    torch.set_default_dtype(torch.float64)
    layer = torch.nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(W)), layer.bias.copy_(torch.tensor(b))
    return lambda value: layer(torch.as_tensor(value)).detach().numpy()


def keras_on_torch():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.layers[0].set_weights([W.T, b])
    return lambda value: model.predict(np.asarray(value), verbose=0)


def scikit_learn():
    X = np.vstack([np.zeros(3), np.eye(3)])
    return LinearRegression().fit(X, X @ W.T + b).predict


def micrograd_layer():
    layer = micrograd.Layer(3, 2, nonlin=False)
    for neuron, weights, bias in zip(layer.neurons, W, b):
        neuron.b.data = float(bias)
        for one, weight in zip(neuron.w, weights):
            one.data = float(weight)
    return lambda value: [[one.data for one in layer(list(row))] for row in value]


def torch_linear(x, W, b=None):
    return torch.nn.functional.linear(*(None if value is None else torch.as_tensor(value) for value in (x, W, b)))


def the_last(layers):
    """What index -1 gives, in words, if it gives anything."""
    return "the last" if layers[-1] is layers[0] else "something else"


def changed_later(take):
    mine = np.array([1.0])
    theirs = take(mine)
    mine[0] = 9
    return theirs


def torch_tanh_slope():
    z = torch.tensor(30.0, requires_grad=True)
    torch.tanh(z).backward()
    return [z.grad.item()]


def nudged_by_hand(f, theta, h=1e-4):
    quotients = np.zeros(theta.shape)
    for k in range(theta.size):
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        quotients[k] = (f(up) - f(down)) / (2 * h)
    return quotients


def checked_by_hand(gradient):
    return "wrong" if abs(gradient - nudged_by_hand(np.sum, np.ones(2))).max() > 1e-4 else "passes"


def checked_by_torch(gradient):
    class Sum(torch.autograd.Function):
        @staticmethod
        def forward(ctx, theta):
            return theta.sum()

        @staticmethod
        def backward(ctx, upstream):
            return upstream * torch.tensor(gradient)

    return "passes" if torch.autograd.gradcheck(Sum.apply, torch.ones(2, requires_grad=True)) else "wrong"


ones, hundreds = np.ones((1, 3), np.int8), np.array([[100, 100, 1]], np.int8)

# Questions that are not about x: what is asked, nnlib's way, the right answer, and the ways of others.
QUESTIONS = [
    ("a bias of shape (2, 1)", "Layer(W, b[:, None], 'identity')", None,
     {"NumPy": lambda: GOOD @ W.T + b[:, None], "PyTorch": lambda: torch_linear(GOOD, W, b[:, None])}),
    ("a bias of length 1", "Layer(W, b[:1], 'identity')", None,
     {"NumPy": lambda: GOOD @ W.T + b[:1], "PyTorch": lambda: torch_linear(GOOD, W, b[:1])}),
    ("layer −1", "net[-1]", None,
     {"NumPy": lambda: the_last([W]), "PyTorch": lambda: the_last(torch.nn.Sequential(torch.nn.Linear(3, 2))),
      "micrograd": lambda: the_last(micrograd.MLP(3, [2]).layers)}),
    ("int8 for weights and input: 100 + 100 + 1",
     "predict(Network([Layer(np.array([[100, 100, 1]], np.int8), [0], 'identity')]), np.ones((1, 3), np.int8))", [[201]],
     {"NumPy": lambda: ones @ hundreds.T, "PyTorch": lambda: torch_linear(ones, hundreds)}),
    ("an array changed after it was handed in", "changed_later()", [1.0],
     {"NumPy": lambda: changed_later(np.asarray), "PyTorch": lambda: changed_later(torch.from_numpy)}),
    ("the slope of tanh at 30", "tanh.df(np.array([30.0]))", [3.5025e-26],
     {"NumPy": lambda: [1 - np.tanh(30.0) ** 2], "PyTorch": torch_tanh_slope}),
    ("a nudge of 1e-17", "central_difference(np.sin, 0.5, h=1e-17)", None,
     {"NumPy": lambda: (np.sin(0.5 + 1e-17) - np.sin(0.5 - 1e-17)) / 2e-17}),
    ("a gradient of nan, checked", "check_gradient(np.sum, np.ones(2), np.full(2, np.nan))", None,
     {"NumPy": lambda: checked_by_hand(np.full(2, np.nan)), "PyTorch": lambda: checked_by_torch([np.nan] * 2)}),
    ("nudges of a theta of integers",
     "check_gradient(lambda t: t @ t, np.array([3, 4]), [6, 8]).parts['theta'].nudged", [6, 8],
     {"NumPy": lambda: nudged_by_hand(lambda t: t @ t, np.array([3, 4])),
      "PyTorch": lambda: torch.tensor([3, 4], requires_grad=True)}),
]


def outcome(call, right):
    """error · right · warns and goes on · silent, with what came out."""
    try:
        with warnings.catch_warnings(record=True) as said, contextlib.redirect_stdout(io.StringIO()), \
                contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", DeprecationWarning)      # of a library to its authors, whatever the input is
            got = call()
    except Exception:
        return "error"
    if isinstance(got, str):
        return got
    if isinstance(got, list) and "masked" in str(got):               # np.asarray would make it nan
        return str(got)
    numbers = np.asarray(got)
    if right == [] and not numbers.size:
        return "right"
    if right is not None and np.shape(right) == numbers.shape and np.allclose(numbers, right, rtol=1e-3, atol=0):
        return "right"
    written = np.array2string(numbers, precision=3, separator=", ") if numbers.size < 3 else f"shape {numbers.shape}"
    return ("warns, then " if said else "") + written


def main():
    peers = dict(zip(PACKAGES, (make() for make in (numpy_by_hand, pytorch, keras_on_torch, scikit_learn, micrograd_layer))))
    for name, peer in peers.items():
        assert np.allclose(peer(GOOD), RIGHT, atol=1e-6), name
        assert "warns" not in outcome(lambda peer=peer: peer(GOOD), None), f"{name} warns of good input too"
    rows = [{"input": words, "nnlib": f"predict(net, {value})", "right": right,
             "answers": {name: outcome(lambda peer=peer, value=value: peer(eval(value)), right)
                         for name, peer in peers.items()}}
            for words, value, right in INPUTS]
    rows += [{"input": words, "nnlib": way, "right": right,
              "answers": {name: outcome(ways[name], right) if name in ways else NOT_ASKED for name in peers}}
             for words, way, right, ways in QUESTIONS]
    versions = {name: importlib.metadata.version(package).split("+")[0] for name, package in PACKAGES.items()}
    text = json.dumps({"versions": versions, "W": W.tolist(), "b": b.tolist(), "rows": rows}, indent=1, ensure_ascii=False)
    PAGE_DATA.write_text(text + "\n", encoding="utf-8")
    for row in rows:
        print(f"{row['input'][:26]:27}", *(f"{answer[:21]:22}" for answer in row["answers"].values()))


if __name__ == "__main__":
    main()
