"""Networks as the arrays of other libraries, and back.

PyTorch keeps a layer's W as the book does, (to, from). Keras, scikit-learn and JAX keep it as (from, to), because they
write a batch as X @ W + b. None of them is imported: what goes out and comes in is NumPy's.
"""
from itertools import chain, combinations

import numpy as np

from . import _validate
from .losses import softmax
from .network import Layer, Network, activations_of, predict

NEAR = 1e-4             # of the largest answer of an output: single precision and six printed digits are nearer


def to_torch(net, names=None):
    """The state dict of a chain of Linear layers: {"0.weight": (d_out, d_in), "0.bias": (d_out,), "2.weight": …}.

    names: one for each layer; without them, the places in a torch.nn.Sequential in which an activation follows each
    Linear. The arrays are new. Raises TypeError or ValueError for something that is no Network, and for wrong names.
    """
    layers = _validate.instance("net", net, Network).layers
    names = _validate.names("names", [str(2 * m) for m in range(len(layers))] if names is None else names, len(layers))
    return {f"{name}.{part}": array.copy() for name, layer in zip(names, layers)
            for part, array in (("weight", layer.W), ("bias", layer.b))}


def from_torch(state, phi, probe=None):
    """The network of a state dict, its layers in the order in which the dict names them.

    state {"0.weight": (d_out, d_in), "0.bias": (d_out,), …} with any names, an .npz that np.load has opened included;
    phi one activation, or one for each layer; probe (x, ŷ), inputs and what the library answers to them: a network that
    answers something else is refused. float32 stays float32. Raises TypeError or ValueError for a name without its
    partner, a name that is neither weight nor bias, as of a buffer, and for arrays, phi or a probe that do not fit.
    """
    return _network("state", _validate.state_dict("state", state), True, phi, probe)


def to_keras(net):
    """What model.set_weights takes: [W (d_in, d_out), b (d_out,), W, b, …]. Errors as `to_torch`."""
    return [array for pair in to_jax(net) for array in pair]


def from_keras(weights, phi, probe=None):
    """The network of model.get_weights(): W (d_in, d_out), b (d_out,), W, b, … in one list.

    phi, probe and errors as `from_torch`. Where a W is square, nothing but a probe tells it from its transpose. Keras's own
    leaky_relu is another function: its slope below 0 is 0.2, or 0.3 in the layer LeakyReLU, and the book's is 0.01.
    """
    weights = _validate.sequence("weights", weights, "arrays")
    if not weights or len(weights) % 2:
        raise ValueError("weights must hold a W and a b for each layer, one after the other; "
                         f"got {len(weights)} array{'s' * (len(weights) != 1)}")
    named = [(f"weights[{k}]", one) for k, one in enumerate(weights)]
    return _network("weights", list(zip(named[::2], named[1::2])), False, phi, probe)


def to_sklearn(net):
    """(coefs_, intercepts_) as an MLPClassifier or MLPRegressor has them: each W (d_in, d_out). Errors as `to_torch`."""
    return tuple(map(list, zip(*to_jax(net))))


def from_sklearn(coefs, intercepts, phi, probe=None):
    """The network of a fitted model's coefs_ and intercepts_. phi, probe and errors as `from_torch`."""
    coefs, intercepts = (_validate.sequence(name, value, "arrays")
                         for name, value in (("coefs", coefs), ("intercepts", intercepts)))
    if not coefs or len(coefs) != len(intercepts):
        raise ValueError("coefs and intercepts must hold an array for each layer, at least one; "
                         f"got {len(coefs)} and {len(intercepts)}")
    pairs = [((f"coefs[{m}]", W), (f"intercepts[{m}]", b)) for m, (W, b) in enumerate(zip(coefs, intercepts))]
    return _network("coefs", pairs, False, phi, probe)


def to_jax(net):
    """A list of pairs (W (d_in, d_out), b (d_out,)), as most JAX programs keep their layers. Errors as `to_torch`."""
    return [(layer.W.T.copy(), layer.b.copy()) for layer in _validate.instance("net", net, Network)]


def from_jax(params, phi, probe=None):
    """The network of a list of pairs (W (d_in, d_out), b (d_out,)), which a program reads as x @ W + b.

    An empty tuple between two pairs, where jax.example_libraries.stax has an activation, is passed over.
    phi, probe and errors as `from_torch`.
    """
    pairs = [(f"params[{m}]", one) for m, one in enumerate(_validate.sequence("params", params, "pairs (W, b)"))
             if not (isinstance(one, tuple) and len(one) == 0)]
    if not pairs:
        raise ValueError("params must hold a pair (W, b) for each layer, at least one; got none")
    pairs = [[(f"{name}[{k}]", part) for k, part in enumerate(_validate.pair(name, one, "W", "b"))] for name, one in pairs]
    return _network("params", pairs, False, phi, probe)


def _network(owner, pairs, rows_first, phi, probe):
    """The network of named arrays ((name, W), (name, b)), each W (d_out, d_in), or else (d_in, d_out)."""
    layers, phis = [], activations_of(phi, len(pairs), f"{owner} has so many layers")
    for (W, b), one in zip(_validate.layer_arrays(pairs, rows_first), phis):
        layers.append(Layer(W, b, one))
    net = Network(layers)
    return net if probe is None else _probed(owner, net, *_validate.probe("probe", probe, net))


def _probed(owner, net, X, Y_hat):
    """The network, if it answers Y_hat to X, and would not with a square matrix turned; else a sentence with the cause."""
    square = [m for m, layer in enumerate(net) if len(layer.W) == len(layer.W.T)
              and (abs(layer.W - layer.W.T) > NEAR * abs(layer.W).max()).any()]
    turned = (_turned(net, several) for several in _some(square))
    if not _answers(net, X, Y_hat):
        cause = ""
        if any(_answers(other, X, Y_hat) for other in turned):
            cause = ": a square W of it is transposed, as the turned one gives that answer"
        elif _answers(net, X, Y_hat, softmax):
            cause = ": softmax of its answer is that of the probe, so probe it with the scores before softmax"
        raise ValueError(f"{owner} must give the answer of the probe, and gives another{cause}")
    if any(_answers(other, X, Y_hat) for other in turned):
        raise ValueError(f"probe must tell each square W of {owner} from its transpose, and with some of them turned the "
                         "answer is the same: take another x, or read without a probe if no x helps")
    return net


def _some(square):
    """One layer after the other, and all; of few layers every choice."""
    sizes = range(1, len(square) + 1) if len(square) < 8 else (1, len(square))
    return chain.from_iterable(combinations(square, size) for size in sizes)


def _turned(net, several):
    for m in several:
        net = net.replace(m, W=net[m].W.T)
    return net


@np.errstate(all="ignore")
def _answers(net, X, Y_hat, last=lambda Z: Z):
    """Whether a network answers Y_hat to X, to single precision. The sums of an output round by more than a small answer."""
    sizes = np.fmax(abs(Y_hat).max(axis=0), abs(Y_hat).max() / 100)
    try:
        return bool((abs(last(predict(net, X)) - Y_hat) <= NEAR * sizes).all())
    except (ValueError, OverflowError):         # an answer that is no number is another answer
        return False
