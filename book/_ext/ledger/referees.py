"""What a network gives and how it moves, by routes that share no formula with the book or with nnlib.

A referee answers three questions about a case: z(k), what enters φ of layer k; a(k), what layer k reads (a(n + 1) is
the answer); and moved(m, i, j), how everything after moves with one weight, or with one bias where j is None.

    Nudges        mpmath at 60 digits: the network run twice, nudged up and down by 1e-20. No derivative of anything.
    ImaginaryStep float64: one imaginary nudge of a plain pass.
    TwoNudges     float64: nnlib's central_difference, the route that the reader learns, of the same plain pass.
    Symbols       SymPy, with φ left undefined: what it differentiates is true of every φ.
    Package       nnlib itself, and which of its functions were asked.
"""

from dataclasses import dataclass
from functools import cache, cached_property

import mpmath
import numpy as np

import nnlib

DIGITS = 60

# φ at sixty digits and in plain complex-safe arithmetic, with φ′ written from its definition. nnlib's own pairs,
# which stay exact when saturated, are not used: they are among what is checked.
HIGH = {
    "identity": (lambda z: z, lambda z: mpmath.mpf(1)),
    "square": (lambda z: z * z, lambda z: 2 * z),
    "sigmoid": (lambda z: 1 / (1 + mpmath.exp(-z)), lambda z: mpmath.exp(-z) / (1 + mpmath.exp(-z)) ** 2),
    "tanh": (mpmath.tanh, lambda z: mpmath.sech(z) ** 2),
    "relu": (lambda z: z if mpmath.re(z) > 0 else z * 0, lambda z: mpmath.mpf(int(z > 0))),
    "leaky_relu": (lambda z: z if mpmath.re(z) > 0 else z * mpmath.mpf(0.01),
                   lambda z: mpmath.mpf(1) if z > 0 else mpmath.mpf(0.01)),
    "softplus": (lambda z: mpmath.log(1 + mpmath.exp(z)), lambda z: 1 / (1 + mpmath.exp(-z))),
    "sin": (mpmath.sin, mpmath.cos),
}
PLAIN = {
    "identity": (lambda z: z, np.ones_like),
    "square": (lambda z: z * z, lambda z: 2 * z),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: 1 / (2 + 2 * np.cosh(z))),
    "tanh": (lambda z: np.sinh(z) / np.cosh(z), lambda z: np.cosh(z) ** -2.0),
    "relu": (lambda z: np.where(np.real(z) > 0, z, 0 * z), lambda z: np.where(z > 0, 1.0, 0.0)),
    "leaky_relu": (lambda z: np.where(np.real(z) > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01)),
    "softplus": (lambda z: np.log(1 + np.exp(z)), lambda z: 1 / (1 + np.exp(-z))),
    "sin": (np.sin, np.cos),
}


@dataclass(frozen=True, eq=False)
class Case:
    """A network as plain numbers: W and b per layer, the names of its φ, an input x and a wanted y."""

    name: str
    W: tuple
    b: tuple
    phi: tuple
    x: np.ndarray
    y: np.ndarray
    precise: bool = False       # whether the equation is computed at sixty digits too

    @property
    def n(self):
        return len(self.W) - 1

    @property
    def widths(self):
        return (self.W[0].shape[1], *(W.shape[0] for W in self.W))

    @property
    def size(self):
        return sum(W.size + b.size for W, b in zip(self.W, self.b))

    @cached_property
    def network(self):
        return nnlib.Network([nnlib.Layer(W, b, phi) for W, b, phi in zip(self.W, self.b, self.phi)])

    def __str__(self):
        phis = self.phi[:1] if len({*self.phi}) == 1 else self.phi
        return f"{self.name}{'-'.join(map(str, self.widths))}, {' '.join(phis)}"


def plain_case(network, x, y=None, name="", precise=False):
    """A Case with the numbers of an nnlib Network, which a referee may then compute in its own way."""
    x = np.array(x, float)
    y = np.arange(network.widths[-1]) / 4 if y is None else np.array(y, float)
    return Case(name, tuple(layer.W.copy() for layer in network), tuple(layer.b.copy() for layer in network),
                tuple(layer.phi.name for layer in network), x, y, precise)


def random_case(widths, phi, rng, precise=False):
    """A random case whose every z keeps away from the kinks at 0 and from zero slopes."""
    phi = (phi,) * (len(widths) - 1) if isinstance(phi, str) else tuple(phi)
    while True:
        W = tuple(rng.normal(size=size) * 1.2 / np.sqrt(size[1]) for size in zip(widths[1:], widths))
        b = tuple(rng.normal(size=size) * 0.7 for size in widths[1:])
        x, y = rng.normal(size=widths[0]), rng.normal(size=widths[-1])
        case = Case("", W, b, phi, x, y, precise)
        z, _ = plain_pass(case)
        if min(np.abs(one).min() for one in z) > 0.05 and max(np.abs(one).max() for one in z) < 4:
            return case


def plain_pass(case, layer=None, step=None):
    """(z of every layer, what every layer reads and the answer), with W and b of one layer moved by `step`."""
    a, zs, reads = case.x, [], [case.x]
    for k, (W, b, phi) in enumerate(zip(case.W, case.b, case.phi)):
        if k == layer:
            W, b = W + step[0], b + step[1]
        zs.append((W * a).sum(axis=1) + b)
        a = PLAIN[phi][0](zs[-1])
        reads.append(a)
    return zs, reads


class Nudges:
    """The truth: mpmath at sixty digits, and nothing but the forward pass."""

    h = mpmath.mpf("1e-20")

    def __init__(self, case):
        self.case = case
        exact = np.vectorize(lambda number: mpmath.mpf(float(number)), otypes=[object])
        self.W, self.b = [exact(W) for W in case.W], [exact(b) for b in case.b]
        self.x, self.y = exact(case.x), exact(case.y)
        self.zs, self.reads = self.run(0, self.x)
        self.moved = cache(self.moved)

    def run(self, first, a, start=None):
        """The pass from layer `first` on, which reads a, or whose z is `start`."""
        zs, reads = [], [a]
        for k in range(first, self.case.n + 1):
            z = start
            if k > first or start is None:
                z = [sum((w * value for w, value in zip(row, a)), b) for row, b in zip(self.W[k], self.b[k])]
            zs.append(np.array(z))
            a = np.array([HIGH[self.case.phi[k]][0](one) for one in z])
            reads.append(a)
        return zs, reads

    def z(self, k):
        return self.zs[k]

    def a(self, k):
        return self.reads[k]

    def moved(self, m, i, j):
        carried = self.h if j is None else self.h * self.reads[m][j]
        ends = []
        for sign in (1, -1):
            z = self.zs[m].copy()
            z[i] = z[i] + sign * carried
            ends.append(self.run(m, self.reads[m], z)[1][1:])
        up, down = ends
        tangents = {m + k: (one - other) / (2 * self.h) for k, (one, other) in enumerate(zip(up, down))}
        errors = [sum((value - wanted) ** 2 for value, wanted in zip(end[-1], self.y)) / 2 for end in ends]
        return tangents, (errors[0] - errors[1]) / (2 * self.h)


class ImaginaryStep:
    """One imaginary nudge of the plain pass."""

    h = 1e-20

    def __init__(self, case):
        self.case, self.x, self.y = case, case.x, case.y
        self.zs, self.reads = plain_pass(case)
        self.moved = cache(self.moved)

    def z(self, k):
        return self.zs[k]

    def a(self, k):
        return self.reads[k]

    def moved(self, m, i, j):
        step = np.zeros(self.case.W[m].shape, complex), np.zeros(self.case.b[m].shape, complex)
        step[j is None][(i,) if j is None else (i, j)] = 1j * self.h
        _, reads = plain_pass(self.case, m, step)
        error = ((reads[-1] - self.y) ** 2).sum() / 2
        return {k: reads[k + 1].imag / self.h for k in range(m, self.case.n + 1)}, error.imag / self.h


class TwoNudges(ImaginaryStep):
    """nnlib's central_difference of the plain pass: all of a layer's parameters at once."""

    def __init__(self, case):
        super().__init__(case)
        self.of_layer = cache(self.of_layer)

    def of_layer(self, m, weights):
        def everything(parameter):
            step = (parameter - self.case.W[m], 0) if weights else (0, parameter - self.case.b[m])
            reads = plain_pass(self.case, m, step)[1]
            return np.concatenate([*reads[m + 1:], [((reads[-1] - self.y) ** 2).sum() / 2]])

        return nnlib.central_difference(everything, self.case.W[m] if weights else self.case.b[m], 1e-6)

    def moved(self, m, i, j):
        table = self.of_layer(m, j is not None)[(slice(None), i) if j is None else (slice(None), i, j)]
        ends = np.cumsum([W.shape[0] for W in self.case.W[m:]])
        return {m + k: part for k, part in enumerate(np.split(table[:-1], ends[:-1]))}, table[-1]


class Package:
    """nnlib: the functions that stand beside the equations. `asked` lists which of them answered."""

    def __init__(self, case):
        self.case, self.x, self.y = case, case.x, case.y
        self.asked = set()
        self.trace = nnlib.forward(case.network, case.x)
        self.answered = cache(self.answered)
        self.parts = [nnlib.Network(case.network.layers[:k + 1]) for k in range(case.n + 1)]

    def z(self, k):
        self.asked.add("forward")
        return self.trace.z[k]

    def a(self, k):
        self.asked.add("forward")
        if k <= self.case.n:
            return self.trace.inputs[k]
        self.asked.add("predict")
        batch = nnlib.predict(self.case.network, np.stack([self.x + 1, self.x, self.x * 2]))
        if not np.allclose(batch[1], self.trace.y_hat, rtol=1e-12, atol=1e-13):
            return batch[1]             # the row of a batch must be the point by itself: the difference is then seen
        return self.trace.y_hat

    def moved(self, m, i, j):
        self.asked.add("dy_db" if j is None else "dy_dW")
        return self.answered(m, i, j)

    def answered(self, m, i, j):
        # the change of what layer k gives is the derivative of the network that ends there
        tangents = {k: nnlib.dy_db(self.parts[k], self.x, m, i) if j is None else nnlib.dy_dW(self.parts[k], self.x, m, i, j)
                    for k in range(m, self.case.n + 1)}
        return tangents, (self.trace.y_hat - self.y) @ tangents[self.case.n]


class Symbols:
    """SymPy with undefined φ: only widths matter, every number is a letter."""

    def __init__(self, case):
        import sympy

        self.case = case
        letter = sympy.Symbol
        self.W = [np.array([[letter(f"W{k}_{i}{j}") for j in range(W.shape[1])] for i in range(W.shape[0])], dtype=object)
                  for k, W in enumerate(case.W)]
        self.b = [np.array([letter(f"b{k}_{i}") for i in range(b.size)], dtype=object) for k, b in enumerate(case.b)]
        self.x = np.array([letter(f"x_{j}") for j in range(case.widths[0])], dtype=object)
        self.y = np.array([letter(f"y_{j}") for j in range(case.widths[-1])], dtype=object)
        self.zs, self.reads = [], [self.x]
        for k in range(case.n + 1):
            z = [sum((w * value for w, value in zip(row, self.reads[k])), b) for row, b in zip(self.W[k], self.b[k])]
            self.zs.append(np.array(z, dtype=object))
            self.reads.append(np.array([undefined(k)[0](one) for one in z], dtype=object))
        self.moved = cache(self.moved)

    def z(self, k):
        return self.zs[k]

    def a(self, k):
        return self.reads[k]

    def moved(self, m, i, j):
        by = self.b[m][i] if j is None else self.W[m][i, j]
        tangents = {k: np.array([one.diff(by) for one in self.reads[k + 1]], dtype=object) for k in range(m, self.case.n + 1)}
        error = sum((value - wanted) ** 2 for value, wanted in zip(self.reads[-1], self.y)) / 2
        return tangents, error.diff(by)


@cache
def undefined(k):
    """(φ^k, φ^k′) of which SymPy knows nothing but that the second is the derivative of the first."""
    import sympy

    slope = type(f"dphi{k}", (sympy.Function,), {})
    return type(f"phi{k}", (sympy.Function,), {"fdiff": lambda self, argindex=1: slope(self.args[0])}), slope
