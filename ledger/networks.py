"""The networks on which equations are tried: those of the book, and random ones of every depth, width and activation."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

import nnlib

from .arithmetics import PLAIN

ACTIVATIONS = sorted(PLAIN)


@dataclass(frozen=True, eq=False)
class Case:
    """A network as bare numbers: W and b per layer, the names of its φ, an input x and a wanted y."""

    name: str
    W: tuple
    b: tuple
    phi: tuple
    x: np.ndarray
    y: np.ndarray
    precise: bool = False       # whether the equation is computed with sixty digits too

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


def case_of(network, x, y=None, name="", precise=False):
    """A Case with the numbers of an nnlib Network, which a referee may then compute in its own way."""
    x = np.array(x, float)
    y = np.arange(network.widths[-1]) / 4 if y is None else np.array(y, float)
    return Case(name, tuple(layer.W.copy() for layer in network), tuple(layer.b.copy() for layer in network),
                tuple(layer.phi.name for layer in network), x, y, precise)


def forward_pass(case, layer=None, step=None):
    """(z of every layer, what every layer reads and the answer), with W and b of one layer moved by `step`."""
    a, zs, reads = case.x, [], [case.x]
    for k, (W, b, phi) in enumerate(zip(case.W, case.b, case.phi)):
        if k == layer:
            W, b = W + step[0], b + step[1]
        zs.append((W * a).sum(axis=1) + b)
        a = PLAIN[phi][0](zs[-1])
        reads.append(a)
    return zs, reads


def step_of(case, m, i, j, size):
    """A step for forward_pass that moves one weight, or one bias where j is None."""
    step = np.zeros(case.W[m].shape, type(size)), np.zeros(case.b[m].shape, type(size))
    step[j is None][(i,) if j is None else (i, j)] = size
    return step


def random_case(widths, phi, rng, precise=False):
    """A random case whose every z keeps away from the kinks at 0 and from zero slopes."""
    phi = (phi,) * (len(widths) - 1) if isinstance(phi, str) else tuple(phi)
    while True:
        W = tuple(rng.normal(size=size) * 1.2 / np.sqrt(size[1]) for size in zip(widths[1:], widths))
        b = tuple(rng.normal(size=size) * 0.7 for size in widths[1:])
        x, y = rng.normal(size=widths[0]), rng.normal(size=widths[-1])
        case = Case("", W, b, phi, x, y, precise)
        z, _ = forward_pass(case)
        if min(np.abs(one).min() for one in z) > 0.05 and max(np.abs(one).max() for one in z) < 4:
            return case


def running_networks(registry):
    """The networks that have a name: three of nnlib and the literature, and those of the book's registry."""
    mazur = nnlib.Network([nnlib.Layer([[.15, .20], [.25, .30]], [.35, .35], "sigmoid"),
                           nnlib.Layer([[.40, .45], [.50, .55]], [.60, .60], "sigmoid")])
    return {"pencil": case_of(nnlib.pencil_network(), [2, 3], [9, 25, 15], "the pencil network, ", True),
            "twin": case_of(nnlib.pencil_twin(), [2, 3], None, "the pencil network's twin, ", True),
            "mazur": case_of(mazur, [.05, .10], [.01, .99], "Mazur's network, ", True),
            **{name: case_of(network_of(row), row["x"], None, f"the network “{name}”, ", True)
               for name, row in registry.networks.items()}}


def network_of(row):
    """The nnlib Network that [networks.NAME] in a page's registry describes."""
    return nnlib.Network([nnlib.Layer(one["W"], one["b"], one.get("phi", "square")) for one in row["layers"]])


def mixed(first, depth):
    """Activations for so many layers, which differ."""
    return [ACTIVATIONS[(first + 3 * k) % len(ACTIVATIONS)] for k in range(depth)]


@cache
def random_cases():
    """Depths 1 to 6, widths that differ and square ones, every activation, one by one and mixed."""
    rng = np.random.default_rng(2022)
    plans = [((2, 3), "tanh"), ((3, 1), "relu"), ((2, 1, 2), "sin"), ((1, 3, 2), "softplus"), ((3, 2, 4), "square"),
             ((2, 3, 2, 3), "sigmoid"), ((3, 3, 3, 3), "leaky_relu"), ((2, 3, 3, 2), "tanh"), ((2, 1, 3, 2), "identity"),
             ((2, 3, 2, 3, 3), "sin"), ((2, 2, 2, 2, 2), "sigmoid"), ((3, 4, 2, 3, 2), "relu"),
             ((2, 3, 3, 3, 3, 2), "tanh"), ((1, 2, 3, 2, 1, 3), "softplus"), ((2, 3, 2, 4, 2, 3, 2), "leaky_relu"),
             ((2, 2, 3, 3, 2, 2, 3), "sin")]
    cases = [random_case(widths, phi, rng, precise=True) for widths, phi in plans]
    for count in range(34):
        depth = count % 6 + 1
        widths = rng.integers(1, 5, size=depth + 1) if count % 3 else np.full(depth + 1, 2 + count % 2)
        cases.append(random_case(tuple(map(int, widths)), mixed(count, depth), rng))
    return cases


def all_networks(registry):
    """Random ones and the running ones that are no page's own, smallest first."""
    running = running_networks(registry)
    return sorted([running["pencil"], running["twin"], running["mazur"], *random_cases()], key=lambda case: case.size)


def narrow_networks(registry):
    """One unit per layer, smallest first."""
    rng, cases = np.random.default_rng(7), []
    for count in range(24):
        depth = 3 if count % 2 else count // 2 % 5 + 1
        cases.append(random_case((1,) * (depth + 1), mixed(count, depth), rng, precise=True))
    return sorted(cases, key=lambda case: case.size)


def smooth_networks(registry):
    """Those whose every φ has derivatives of every order, so that an error shrinks like a power of h."""
    smooth = {"square", "sigmoid", "tanh", "softplus", "sin"}
    return [case for case in all_networks(registry) if case.precise and {*case.phi} <= smooth]


# On these the numbers are letters and φ is undefined.
LETTER_WIDTHS = [(1, 1), (1, 1, 1, 1), (2, 2), (1, 2, 1), (2, 1, 2), (1, 1, 2, 1), (2, 2, 1, 2), (1, 1, 1, 1, 1),
                 (1, 1, 2, 2, 1)]
