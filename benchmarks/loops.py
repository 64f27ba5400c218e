"""One training in PyTorch and in JAX, as chapter 14 of the book shows it line by line: writes benchmarks/loops.json.

It runs in .venv-bench, which `make bench` makes: `.venv-bench/bin/python -m benchmarks.loops`. With the argument `compare`
it holds what it computes to what is stored, and writes nothing.
"""
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["KERAS_BACKEND"] = "jax"
import jax
import keras
import numpy as np
import torch
from jax import numpy as jnp
from sklearn.neural_network import MLPRegressor
from torch.nn import functional as F

import nnlib

jax.config.update("jax_enable_x64", True)
REPORT = Path(__file__).with_suffix(".json")
EPOCHS, RATE = 20, 0.5


def in_pytorch(net, X, labels):
    model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Tanh(),
                                torch.nn.Linear(32, 10)).double()
    arrays = nnlib.to_torch(net).items()
    model.load_state_dict({name: torch.tensor(one) for name, one in arrays})
    X, labels = torch.tensor(X), torch.tensor(labels)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    losses = []
    for _ in range(EPOCHS):
        Z = model(X)
        L = F.cross_entropy(Z, labels)
        optimizer.zero_grad()
        L.backward()
        optimizer.step()
        losses.append(L.item())
    return losses, nnlib.from_torch(model.state_dict(), ["tanh", "identity"])


def in_jax(net, X, labels):
    def model(params, A):
        (W0, b0), (W1, b1) = params
        A = jnp.tanh(A @ W0 + b0)
        return A @ W1 + b1

    def loss(params):
        log_p = jax.nn.log_softmax(model(params, X))
        return -(Y * log_p).sum(axis=1).mean()

    params = [(jnp.asarray(W), jnp.asarray(b)) for W, b in nnlib.to_jax(net)]
    Y = jax.nn.one_hot(labels, 10)
    losses = []
    for _ in range(EPOCHS):
        L, gradient = jax.value_and_grad(loss)(params)
        params = jax.tree.map(lambda theta, g: theta - RATE * g, params, gradient)
        losses.append(L.item())
    return losses, nnlib.from_jax(params, ["tanh", "identity"])


def directions(net, x):
    """J v and u J of PyTorch and JAX, at a point, for v = the weights and biases themselves and u = (1, 2, …)."""
    u = np.arange(1.0, net.widths[-1] + 1)

    def run(params, a):
        for W, b in params:
            a = (a @ W + b) ** 2
        return a

    pairs = [(jnp.asarray(W), jnp.asarray(b)) for W, b in nnlib.to_jax(net)]
    tensors = [(torch.tensor(W), torch.tensor(b)) for W, b in nnlib.to_jax(net)]

    def of_jax(params):
        return run(params, jnp.array(x))

    def of_torch(params):
        return run(params, torch.tensor(x, dtype=torch.float64))

    _, push = jax.jvp(of_jax, (pairs,), (pairs,))
    _, pull = jax.vjp(of_jax, pairs)
    (pulled,) = pull(jnp.asarray(u))
    _, torch_push = torch.func.jvp(of_torch, (tensors,), (tensors,))
    (torch_pulled,) = torch.func.vjp(of_torch, tensors)[1](torch.tensor(u))
    return {who: {"jvp": np.asarray(push).tolist(), "vjp": [[np.asarray(by_W).T.tolist(), np.asarray(by_b).tolist()]
                                                            for by_W, by_b in pull]}
            for who, push, pull in (("PyTorch", torch_push, torch_pulled), ("JAX", push, pulled))}


def conventions(net, x, X, Y):
    """What each library says of a network: its answer, the first weights' shape, the weight from input 1 to unit 2, how many
    layers it counts, and its squared error. scikit-learn knows no square, so its answer is missing."""
    model = torch.nn.Sequential(*(torch.nn.Linear(*layer.W.shape[::-1]).double() for layer in net for _ in (0, 1)))
    places = range(0, 2 * len(net), 2)
    for m in places:
        model[m + 1] = Square()
    model.load_state_dict({name: torch.tensor(array) for name, array in nnlib.to_torch(net).items()})
    of_torch = torch.nn.MSELoss()(model(torch.tensor(X)), torch.tensor(Y)).item()

    dense = keras.Sequential([keras.Input((2,)), *(keras.layers.Dense(len(layer.b), keras.ops.square) for layer in net)])
    dense.set_weights(nnlib.to_keras(net))
    of_keras = float(keras.losses.MeanSquaredError()(Y, dense(X)))

    fitted = MLPRegressor(hidden_layer_sizes=(3, 2), activation="identity", solver="sgd", learning_rate_init=1e-12, alpha=0,
                          batch_size=len(X), max_iter=1)
    fitted.partial_fit(X, Y)
    before = fitted.predict(X)
    fitted.partial_fit(X, Y)
    book = nnlib.squared_error(before, Y)

    pairs = [(jnp.asarray(W), jnp.asarray(b)) for W, b in nnlib.to_jax(net)]
    a = jnp.asarray(x)
    for W, b in pairs:
        a = (a @ W + b) ** 2
    L = nnlib.squared_error(nnlib.predict(net, X), Y)
    return {"PyTorch": [model(torch.tensor(x))[:].tolist(), list(model[0].weight.shape), model[0].weight[1, 0].item(),
                        len(places), of_torch / L],
            "Keras": [np.asarray(dense(np.array([x])))[0].tolist(), list(dense.get_weights()[0].shape),
                      float(dense.get_weights()[0][0, 1]), len(dense.layers), of_keras / L],
            "scikit-learn": [None, list(fitted.coefs_[0].shape), None, fitted.n_layers_, fitted.loss_ / book],
            "JAX": [a.tolist(), list(pairs[0][0].shape), float(pairs[0][0][0, 1]), len(pairs), None]}


class Square(torch.nn.Module):
    """The activation of the pencil network, as a module of PyTorch."""
    def forward(self, z):
        return z ** 2


def main():
    X, labels = nnlib.digits()
    net = nnlib.random_network((64, 32, 10), ["tanh", "identity"], np.random.default_rng(14))
    found = {who: train(net, X, labels) for who, train in (("PyTorch", in_pytorch), ("JAX", in_jax))}
    return {"versions": {"PyTorch": version("torch").split("+")[0], "JAX": version("jax"), "Keras": version("keras"),
                         "scikit-learn": version("scikit-learn")},
            "losses": {who: losses for who, (losses, _) in found.items()},
            "last bias": {who: after[1].b.tolist() for who, (_, after) in found.items()},
            "conventions": conventions(nnlib.pencil_network(), np.array([2.0, 3.0]), np.array([[2.0, 3.0], [3.0, 4.0]]),
                                       np.array([[9.0, 25.0, 12.0], [7.0, 5.0, 2.0]])),
            "directions": directions(nnlib.pencil_network(), [2.0, 3.0])}


def near(one, other):
    """Whether two reports are the same but for rounding, in Keras in single precision."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(near(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(near, one, other))
    return one == other if one is None or isinstance(one, str) else abs(one - other) <= 1e-6 * max(1, abs(other))


if __name__ == "__main__":
    report = main()
    if sys.argv[1:] == ["compare"]:
        stored = json.loads(REPORT.read_text(encoding="utf-8"))
        sys.exit(None if near(report, stored) else "benchmarks/loops.json says something else: python -m benchmarks.loops")
    REPORT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
