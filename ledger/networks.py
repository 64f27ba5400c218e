"""The networks on which equations are tried: those of the book, and random ones of every depth, width and activation."""

from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

import nnlib

from .arithmetics import PLAIN, Float
from .forward import Pass

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
    letters: bool = False       # whether its numbers stand for letters, and its φ for any

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
        if self.letters:
            return f"a network {'-'.join(map(str, self.widths))} of letters"
        phis = self.phi[:1] if len({*self.phi}) == 1 else self.phi
        return f"{self.name}{'-'.join(map(str, self.widths))}, {' '.join(phis)}"


def case_of(network, x, y=None, name="", precise=False):
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
        sizes = np.abs(np.concatenate(Pass(case, Float()).zs))
        if sizes.min() > 0.05 and sizes.max() < 4:
            return case


def running_networks(registry):
    """The networks that have a name: three of nnlib and the literature, and those of the book's registry."""
    return {**known_networks(), **{name: case_of(network_of(row), row["x"], None, f"the network “{name}”, ", True)
                                   for name, row in registry.networks.items()}}


@cache
def known_networks():
    mazur = nnlib.Network([nnlib.Layer([[.15, .20], [.25, .30]], [.35, .35], "sigmoid"),
                           nnlib.Layer([[.40, .45], [.50, .55]], [.60, .60], "sigmoid")])
    return {"pencil": case_of(nnlib.pencil_network(), [2, 3], [9, 25, 15], "the pencil network, ", True),
            "twin": case_of(nnlib.pencil_twin(), [2, 3], None, "the pencil network's twin, ", True),
            "mazur": case_of(mazur, [.05, .10], [.01, .99], "Mazur's network, ", True)}


def network_of(row):
    """The nnlib Network that [networks.NAME] in a page's registry describes."""
    return nnlib.Network([nnlib.Layer(one["W"], one["b"], one.get("phi", "square")) for one in row["layers"]])


# Those that have no name, and the known ones: smallest first, so that a fault is told of the smallest. ------------------

def mixed(first, depth):
    """Activations for so many layers, which differ."""
    return [ACTIVATIONS[(first + 3 * k) % len(ACTIVATIONS)] for k in range(depth)]


@cache
def of_numbers():
    """Depths 1 to 6, widths that differ and square ones, every activation, one by one and mixed; and the known ones."""
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
    return sorted([*known_networks().values(), *cases], key=lambda case: case.size)


def everywhere():
    return [*of_numbers(), *of_letters()]


@cache
def narrow():
    """One unit per layer."""
    rng, cases = np.random.default_rng(7), []
    for count in range(24):
        depth = 3 if count % 2 else count // 2 % 5 + 1
        cases.append(random_case((1,) * (depth + 1), mixed(count, depth), rng, precise=True))
    return [*sorted(cases, key=lambda case: case.size), *(case for case in of_letters() if set(case.widths) == {1})]


def smooth():
    """Those whose every φ has derivatives of every order, so that an error shrinks like a power of h."""
    smooth = {"square", "sigmoid", "tanh", "softplus", "sin"}
    return [case for case in of_numbers() if case.precise and {*case.phi} <= smooth]


@cache
def of_letters():
    """On these every number is a letter and φ is undefined; only their widths matter."""
    widths = [(1, 1), (1, 1, 1, 1), (2, 2), (1, 2, 1), (2, 1, 2), (1, 1, 2, 1), (2, 2, 1, 2), (1, 1, 1, 1, 1),
              (1, 1, 2, 2, 1)]
    rng = np.random.default_rng(0)
    return [replace(random_case(one, "tanh", rng), letters=True) for one in widths]
