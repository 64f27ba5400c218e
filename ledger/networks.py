"""The networks on which equations are tried: those of the book, and random ones of every depth, width and activation."""

from functools import cache

import numpy as np

import nnlib

from .arithmetics import PLAIN
from .referees import Pass

ACTIVATIONS = sorted(PLAIN)


class Case:
    """A network to try: its numbers W and b and the names of its φ by layer, an input x and a wanted y."""

    def __init__(self, network, x, y=None, name="", precise=False, letters=False):
        self.network, self.name = network, name
        self.precise = precise      # whether the equation is computed with sixty digits too
        self.letters = letters      # whether its numbers stand for letters, and its φ for any
        self.W, self.b = [layer.W.copy() for layer in network], [layer.b.copy() for layer in network]
        self.phi = [layer.phi.name for layer in network]
        self.n, self.widths = len(self.W) - 1, tuple(network.widths)
        self.size = sum(W.size + b.size for W, b in zip(self.W, self.b))
        self.x = np.array(x, float)
        self.y = np.arange(self.widths[-1]) / 4 if y is None else np.array(y, float)
        rng = np.random.default_rng(self.size)
        self.u = rng.integers(-9, 9, self.widths[-1]) / 8           # how much each answer counts
        self.direction = [tuple(rng.integers(-9, 9, one.shape) / 8 for one in pair) for pair in zip(self.W, self.b)]
        self.eta = rng.integers(1, 8) / 8                           # how far a step goes, and never 1

    def __str__(self):
        widths = "-".join(map(str, self.widths))
        phis = self.phi[:1] if len({*self.phi}) == 1 else self.phi
        return f"a network {widths} of letters" if self.letters else f"{self.name}{widths}, {' '.join(phis)}"


def random_case(widths, phi, rng, **kinds):
    """A random case whose every z keeps away from the kinks at 0 and from zero slopes."""
    phis = [phi] * (len(widths) - 1) if isinstance(phi, str) else phi
    while True:
        W = [rng.normal(size=size) * 1.2 / np.sqrt(size[1]) for size in zip(widths[1:], widths)]
        b = [rng.normal(size=size) * 0.7 for size in widths[1:]]
        x, y = rng.normal(size=widths[0]), rng.normal(size=widths[-1])
        case = Case(nnlib.Network(map(nnlib.Layer, W, b, phis)), x, y, **kinds)
        sizes = np.abs(np.concatenate(Pass(case).z))
        if sizes.min() > 0.05 and sizes.max() < 4:
            return case


def running_networks(registry):
    """The networks that have a name: three of nnlib and the literature, and those of the book's registry."""
    return {**known_networks(), **{name: Case(network_of(row), row["x"], None, f"the network “{name}”, ", precise=True)
                                   for name, row in registry.networks.items()}}


@cache
def known_networks():
    mazur = nnlib.Network([nnlib.Layer([[.15, .20], [.25, .30]], [.35, .35], "sigmoid"),
                           nnlib.Layer([[.40, .45], [.50, .55]], [.60, .60], "sigmoid")])
    return {"pencil": Case(nnlib.pencil_network(), [2, 3], [9, 25, 15], "the pencil network, ", precise=True),
            "twin": Case(nnlib.pencil_twin(), [2, 3], None, "the pencil network's twin, ", precise=True),
            "mazur": Case(mazur, [.05, .10], [.01, .99], "Mazur's network, ", precise=True)}


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
    return [random_case(one, "tanh", rng, letters=True) for one in widths]


class Points(tuple):
    """Cases that share a network: the points of a batch."""

    def __str__(self):
        return f"{len(self)} points of {self[0]}"


@cache
def batches():
    """From one to five points of the random networks that are computed with sixty digits, and of the known ones."""
    rng, found = np.random.default_rng(11), []
    for count, case in enumerate(case for case in of_numbers() if case.precise):
        points = [case]
        while len(points) < count % 5 + 1:
            x, y = case.x + rng.normal(size=case.x.size), rng.normal(size=case.y.size)
            point = Case(case.network, x, y, case.name, precise=True)
            sizes = np.abs(np.concatenate(Pass(point).z))
            if sizes.min() > 0.05 and sizes.max() < 100:
                points.append(point)
        found.append(Points(points))
    return found
