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

os.environ |= {"KERAS_BACKEND": "torch", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
W, b = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.5]]), np.array([0.25, -0.75])
RIGHT = [[4.75, -0.25]]                          # for (1, 2, 3)
NOT_ASKED = "–"

# what came in, in words; the value; the right outputs, or None where there are none
INPUTS = [
    ("four features", "[[1, 2, 3, 4]]", None),
    ("a column", "[[1], [2], [3]]", None),
    ("no features", "np.zeros((1, 0))", None),
    ("numbers as text", "[['1', '2', '3']]", None),
    ("rows of different lengths", "[[1, 2, 3], [1, 2]]", None),
    ("nan", "[[1, 2, np.nan]]", None),
    ("infinity", "[[1, 2, np.inf]]", None),
    ("complex numbers", "[[1, 2, 3 + 1j]]", None),
    ("None in the list", "[[1, 2, None]]", None),
    ("a masked number", "np.ma.array([[1., 2., 3.]], mask=[[0, 0, 1]])", None),
    ("dates", "np.array([['2022-01-01'] * 3], 'datetime64[D]')", None),
    ("an object array with text", "np.array([[1, 2, '3']], dtype=object)", None),
    ("float16", "np.array([[1, 2, 3]], np.float16)", RIGHT),
    ("Fortran order", "np.asfortranarray([[1., 2., 3.]])", RIGHT),
    ("the other byte order", "np.array([[1, 2, 3]], '>f8')", RIGHT),
    ("booleans", "[[True, False, True]]", [[2.75, 0.25]]),
    ("no rows", "np.zeros((0, 3))", np.zeros((0, 2)).tolist()),
]


def numpy_by_hand(value):
    return np.asarray(value) @ W.T + b


def pytorch():
    import torch
    torch.set_default_dtype(torch.float64)
    layer = torch.nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(W)), layer.bias.copy_(torch.tensor(b))
    return lambda value: layer(torch.as_tensor(value).to(torch.get_default_dtype())
                               if not torch.is_complex(torch.as_tensor(value)) else torch.as_tensor(value)).detach().numpy()


def keras():
    import keras
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.layers[0].set_weights([W.T, b])
    return lambda value: model.predict(np.asarray(value), verbose=0)


def scikit_learn():
    from sklearn.linear_model import LinearRegression
    X = np.vstack([np.zeros(3), np.eye(3)])
    return LinearRegression().fit(X, X @ W.T + b).predict


def micrograd():
    from micrograd.nn import Layer
    layer = Layer(3, 2, nonlin=False)
    for neuron, weights, bias in zip(layer.neurons, W, b):
        neuron.b.data = float(bias)
        for one, weight in zip(neuron.w, weights):
            one.data = float(weight)
    return lambda value: [[one.data for one in layer(list(row))] for row in value]


def w_int8():
    """Weights that came as int8 and are multiplied as such."""
    return (np.array([[100, 100, 1]], np.int8) @ np.array([1, 1, 1], np.int8)).tolist()


def torch_linear(bias):
    import torch
    return torch.nn.functional.linear(torch.ones(1, 3), torch.tensor(W), torch.tensor(bias))


def torch_layers():
    import torch
    return torch.nn.Sequential(torch.nn.Linear(3, 2))


def micrograd_layers():
    from micrograd.nn import MLP
    return MLP(3, [2]).layers


def the_last(layers):
    """What index -1 gives, in words, if it gives anything."""
    return "the last" if layers[-1] is layers[0] else "something else"


def torch_tanh_slope():
    import torch
    z = torch.tensor(30.0, requires_grad=True)
    torch.tanh(z).backward()
    return z.grad.item()


def torch_shares():
    import torch
    mine = np.array([1.0])
    theirs = torch.from_numpy(mine)
    mine[0] = 9
    return theirs.item()


# Questions that are not about x: what is asked, nnlib's way, the right answer, and the ways of others.
QUESTIONS = [
    ("a bias of shape (2, 1)", "Layer(W, b[:, None], 'identity')", None,
     {"NumPy": lambda: np.ones((1, 3)) @ W.T + b[:, None], "PyTorch": lambda: torch_linear(b[:, None])}),
    ("a bias of length 1", "Layer(W, b[:1], 'identity')", None,
     {"NumPy": lambda: np.ones((1, 3)) @ W.T + b[:1], "PyTorch": lambda: torch_linear(b[:1])}),
    ("layer −1", "net[-1]", None,
     {"NumPy": lambda: the_last([W]), "PyTorch": lambda: the_last(torch_layers()),
      "micrograd": lambda: the_last(micrograd_layers())}),
    ("int8 weights: 100 + 100 + 1", "forward(Network([Layer(np.array([[100, 100, 1]], np.int8), [0], 'identity')]), "
     "[1, 1, 1]).y_hat", [201], {"NumPy": w_int8}),
    ("an array changed after it was handed in", "changed_later()", [1.0], {"PyTorch": lambda: [torch_shares()]}),
    ("the slope of tanh at 30", "tanh.df(np.array([30.0]))", [3.5025e-26],
     {"NumPy": lambda: [1 - np.tanh(30.0) ** 2], "PyTorch": lambda: [torch_tanh_slope()]}),
    ("a nudge of 1e-17", "central_difference(np.sin, 0.5, h=1e-17)", None,
     {"NumPy": lambda: (np.sin(0.5 + 1e-17) - np.sin(0.5 - 1e-17)) / 2e-17}),
]


def outcome(call, right):
    """error · right · warns and goes on · silent, with what came out."""
    try:
        with warnings.catch_warnings(record=True) as said, contextlib.redirect_stdout(io.StringIO()), \
                contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("always")
            got = call()
    except Exception:
        return "error"
    if isinstance(got, str):
        return got
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            numbers = np.asarray(got)
        if right == [] and not numbers.size:
            return "right"
        if right is not None and np.shape(right) == numbers.shape and np.allclose(numbers, right, rtol=1e-3, atol=0):
            return "right"
        written = np.array2string(numbers, precision=3, separator=", ") if numbers.size < 3 else f"shape {numbers.shape}"
    except Exception:
        written = "an answer"
    return ("warns, then " if said else "") + written


def main():
    peers, versions = {"NumPy": numpy_by_hand}, {"NumPy": np.__version__}
    for name, package, make in (("PyTorch", "torch", pytorch), ("Keras", "keras", keras),
                                ("scikit-learn", "scikit-learn", scikit_learn), ("micrograd", "micrograd", micrograd)):
        try:
            peers[name], versions[name] = make(), importlib.metadata.version(package).split("+")[0]
        except ImportError as error:
            sys.exit(f"{name} is not installed here ({error}); see the first lines of this file.")
    for name, peer in peers.items():
        assert np.allclose(peer(np.array([[1.0, 2.0, 3.0]])), RIGHT, atol=1e-6), name
    rows = [{"input": words, "nnlib": f"predict(net, {value})", "right": right,
             "answers": {name: outcome(lambda peer=peer, value=value: peer(eval(value)), right)
                         for name, peer in peers.items()}}
            for words, value, right in INPUTS]
    rows += [{"input": words, "nnlib": way, "right": right,
              "answers": {name: outcome(ways[name], right) if name in ways else NOT_ASKED for name in peers}}
             for words, way, right, ways in QUESTIONS]
    text = json.dumps({"versions": versions, "W": W.tolist(), "b": b.tolist(), "rows": rows}, indent=1, ensure_ascii=False)
    (ROOT / "book" / "bad_input.json").write_text(text + "\n", encoding="utf-8")
    for row in rows:
        print(f"{row['input'][:26]:27}", *(f"{answer[:21]:22}" for answer in row["answers"].values()))


if __name__ == "__main__":
    main()
