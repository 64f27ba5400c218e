"""A network of fully connected layers, and what it computes for an input."""
from dataclasses import dataclass

import numpy as np

from . import _validate
from .activations import Activation, activation


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer, φ(W inputs + b).

    W (d_out, d_in), b (d_out,), phi an Activation or its name. W and b are
    copied and made read-only; they are float64 unless both came as float32.
    Raises ValueError or TypeError for shapes that do not fit and for values
    that are not finite real numbers.
    """
    W: np.ndarray
    b: np.ndarray
    phi: Activation

    def __post_init__(self):
        W = _validate.array("W", self.W, ("d_out", "d_in"))
        b = _validate.array("b", self.b, W.shape[:1], f"W has shape {W.shape}")
        dtype = np.result_type(W, b)
        _validate.set_fields(self, W=W.astype(dtype, copy=False), b=b.astype(dtype, copy=False), phi=activation(self.phi))

    def __repr__(self):
        d_out, d_in = self.W.shape
        return f"Layer {d_in}-{d_out}, {self.phi.name}"


@dataclass(frozen=True, eq=False)
class Network:
    """Layers 0 … n: each reads what the one before it gives.

    net[m] is layer m, len(net) is n + 1, net.widths is (d_in, …, d_y).
    Raises ValueError if the shapes do not chain or there is no layer,
    TypeError for something that is not a Layer, IndexError for net[m] with m
    outside 0 … n.
    """
    layers: tuple

    def __post_init__(self):
        layers = _validate.sequence("layers", self.layers, "Layer")
        if not layers:
            raise ValueError("layers must hold at least one Layer; got none")
        for m, layer in enumerate(layers):
            _validate.instance(f"layers[{m}]", layer, Layer, "write Layer(W, b, phi)")
            outputs = layers[m - 1].W.shape[0]
            if m and layer.W.shape[1] != outputs:
                raise ValueError(f"W of layer {m} must have {outputs} columns, because layer "
                                 f"{m - 1} gives {outputs} numbers; got {layer.W.shape[1]}")
        _validate.set_fields(self, layers=layers)

    def __len__(self):
        return len(self.layers)

    def __iter__(self):
        return iter(self.layers)

    def __getitem__(self, m):
        count = len(self.layers)
        return self.layers[_validate.index("m", m, count, "the network has {} layer{}", count, "s" * (count > 1))]

    @property
    def widths(self):
        """How many numbers enter, pass between the layers, and leave."""
        return (self.layers[0].W.shape[1], *(layer.W.shape[0] for layer in self))

    @property
    def dtype(self):
        """float64, or float32 if all layers are."""
        return np.result_type(*[layer.W for layer in self.layers])

    def replace(self, m, W=None, b=None, phi=None):
        """A new network that differs from this one only in layer m."""
        old = self[m]
        new = Layer(old.W if W is None else W, old.b if b is None else b,
                    old.phi if phi is None else phi)
        return Network(self.layers[:m] + (new,) + self.layers[m + 1:])

    def __repr__(self):
        names = [layer.phi.name for layer in self]
        names = names[:1] if len(set(names)) == 1 else names
        return f"Network {'-'.join(map(str, self.widths))}, {' '.join(names)}"


@dataclass(frozen=True, eq=False)
class Trace:
    """What one forward pass leaves behind, layer by layer.

    inputs[m] what layer m reads, z[m] = W^m inputs^m + b^m,
    slopes[m] = φ^m′(z^m), y_hat the output. All are read-only 1-D arrays.
    """
    inputs: tuple
    z: tuple
    slopes: tuple
    y_hat: np.ndarray


def forward(net, x):
    """The output for one data point, with everything on the way to it.

    Equations (layer-z), (layer-a), (forward-pass). x (d_in,) → Trace.
    Raises ValueError or TypeError for a wrong x, ValueError for a z where an
    activation has no value or slope, OverflowError if a number grows beyond
    the range of its floats.
    """
    a = _input(net, "x", x, ())
    inputs, z, slopes = [], [], []
    for m, layer in enumerate(net):
        inputs.append(a)
        z.append(layer.W @ a + layer.b)
        slopes.append(layer.phi.df(z[m]))
        a = layer.phi.f(z[m])
    trace = Trace(tuple(inputs), tuple(z), tuple(slopes), y_hat=a)
    return _validate.finite_trace(net, trace)


def forward_batch(net, X):
    """The outputs for a batch, with everything on the way: as `forward`, with a row for each data point.

    X (N, d_in) with N at least 1, or (d_in,) for one data point → Trace of
    2-D arrays. Errors as `forward`.
    """
    A = _validate.batch("X", X, _validate.instance("net", net, Network).layers[0].W.shape[1], net.dtype)
    inputs, z, slopes = [], [], []
    for m, layer in enumerate(net):
        inputs.append(A)
        z.append(A @ layer.W.T + layer.b)
        slopes.append(layer.phi.df(z[m]))
        A = layer.phi.f(z[m])
    trace = Trace(tuple(inputs), tuple(z), tuple(slopes), y_hat=A)
    return _validate.finite_trace(net, trace)


def predict(net, X):
    """The outputs for a batch: X (N, d_in), one data point per row → (N, d_y).

    Equation (forward-pass), once per row. N may be 0.
    Errors as `forward`.
    """
    A = _input(net, "X", X, ("N",))
    for m, layer in enumerate(net):
        Z = A @ layer.W.T + layer.b
        A = layer.phi.f(Z)
        _validate.finite_layer(m, layer, Z, A)
    return A


def _input(net, name, value, rows):
    d_in = _validate.instance("net", net, Network).layers[0].W.shape[1]
    return _validate.array(name, value, (*rows, d_in), "layer 0 reads {} numbers", d_in, dtype=net.dtype)


def shape_of(net, m, i=0, j=0):
    """The shape of W^m, once it is known that W^m_ij exists; IndexError otherwise."""
    rows, columns = _validate.instance("net", net, Network)[m].W.shape
    _validate.index("i", i, rows, "W of layer {} has {} rows", m, rows)
    _validate.index("j", j, columns, "W of layer {} has {} columns", m, columns)
    return rows, columns


def random_network(widths, phi, rng):
    """A network with weights of variance 1/d_in and biases of variance 1/4.

    widths (d_in, …, d_y), phi one activation or a list of one per layer,
    rng a numpy.random.Generator, the only source of the numbers.
    Raises ValueError or TypeError for arguments that do not fit.
    """
    _validate.instance("rng", rng, np.random.Generator, "write numpy.random.default_rng(seed)")
    widths = _validate.sequence("widths", widths, "numbers")
    if len(widths) < 2:
        raise ValueError("widths must list at least two numbers, d_in and d_y; "
                         f"got {_validate.shown(widths)}")
    widths = [_validate.integer(f"widths[{m}]", width, least=1) for m, width in enumerate(widths)]
    count, weights = len(widths) - 1, sum(a * b for a, b in zip(widths, widths[1:]))
    _validate.fits_memory("widths", weights)
    phis = activations_of(phi, count, f"widths ask for {count} layers")
    return Network([Layer(rng.normal(size=(d_out, d_in)) / np.sqrt(d_in),
                          rng.normal(size=d_out) / 2, phi)
                    for d_in, d_out, phi in zip(widths, widths[1:], phis)])


def activations_of(phi, count, because):
    """One for each of `count` layers: phi itself, if it is not a list of so many."""
    phis = list(phi) if isinstance(phi, (list, tuple)) else [phi] * count
    if len(phis) != count:
        raise ValueError(f"phi must be one activation or a list of {count}, because {because}; got {len(phis)}")
    return phis
