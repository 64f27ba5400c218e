"""The scene of the page machines.md: parts of the data, and K machines that add up P numbers. All is done and counted."""

import mpmath
import numpy as np

import nnlib
from nnlib.distributed import Parts, backprop_parts

from .arithmetics import High
from .scenes import Scene, bold
from .values import Value, Wrong, column, number


class Machines(Scene):
    """n, G, g and N of points in K parts of unequal length; words for K machines, a power of 2, counted or timed."""

    def __init__(self, arithmetic, size, rng, asked=None):
        super().__init__(arithmetic, {})
        self.asked, exact = asked, High()
        self.K = 2 ** (1 + size % 4)
        self.wholes = {"K": self.K}
        self.P = self.K * int(rng.integers(1, 4))
        counts = rng.integers(1, 4, self.K)
        self.X, self.Y = rng.integers(-9, 9, (counts.sum(), 1)) / 8, rng.integers(-9, 9, (counts.sum(), 2)) / 8
        self.parts, theta = np.repeat(np.arange(self.K), counts), exact.numbers("theta", rng.integers(-9, 9, 4) / 8)
        self.times = {word: mpmath.mpf(int(rng.integers(1, 90))) for word in ("compute", "moved", "bandwidth", "latency")}
        G = np.array([self.gradient(theta, self.parts == k) for k in range(self.K)])
        g = self.gradient(theta, self.parts >= 0) if asked is None else self.of_package(theta)
        self.letters = {bold("n"): column(arithmetic.convert(exact.numbers("n", counts))),
                        bold("G"): Value("matrix", arithmetic.convert(G)), bold("g"): column(arithmetic.convert(g))}
        for name, whole in (("N", counts.sum()), ("K", self.K), ("P", self.P)):
            self.letters[name] = number(arithmetic.constant(str(whole)))

    def loss(self, theta, chosen):
        """Of half the squared distance, the mean over these points, for a layer from one number to two with tanh."""
        X, Y = (High().numbers("X", one[chosen]) for one in (self.X, self.Y))
        miss = np.vectorize(mpmath.tanh, otypes=[object])(X * theta[:2] + theta[2:]) - Y
        return (miss * miss).sum() / (2 * len(X))

    def gradient(self, theta, chosen):
        """By nudges, without backpropagation."""
        h = mpmath.mpf("1e-20")
        return np.array([(self.loss(theta + h * one, chosen) - self.loss(theta - h * one, chosen)) / (2 * h)
                         for one in np.eye(4, dtype=int).astype(object)])

    def of_package(self, theta):
        """nnlib's, in parts of two points, which are not those of G."""
        W, b = np.array(theta[:2], float), np.array(theta[2:], float)
        net, read = nnlib.Network([nnlib.Layer(W[:, None], b, "tanh")]), Parts(self.X, self.Y, 2)
        _, ((W, b),) = backprop_parts(net, read, range(len(read)), nnlib.squared_error)
        return np.concatenate([W.ravel(), b])

    def symbol(self, name):
        if name == bold("g"):
            self.ask("backprop_parts")
        if name in self.letters:
            return super().symbol(name)
        return number(self.arithmetic.convert(self.found(name.removeprefix(r"\text{").removesuffix("}"))))

    def counted(self, name, K):
        if name != r"\text{slowest}":
            return super().symbol(name)
        return mpmath.nstr(slowest(K), mpmath.mp.dps)

    def found(self, word):
        ways = {"star": star, "ring": ring, "tree": tree}
        way, _, what = word.partition(" ")
        if word in self.times:
            return self.times[word]
        if way in ways and what in ("steps", "numbers"):
            return mpmath.mpf(counts_of(ways[way], self.K, self.P)[what == "numbers"])
        if word in ("step", "best"):
            return self.step(self.K) if word == "step" else self.best()
        raise Wrong(f"the word {word} has no meaning here")

    def step(self, K):
        """Until the last of K machines has computed its share, all bytes have gone over one line, and all waits are over."""
        clock = max(self.times["compute"] / K for _ in range(int(mpmath.ceil(K))))
        for _ in range(16):
            clock += self.times["moved"] / 16 / self.times["bandwidth"]
        return clock + self.times["latency"]

    def best(self):
        """The count of machines, whole or not, from which a change by any factor, up or down, costs the same: a star's."""
        def seconds(K):
            return self.times["compute"] / K + 16 * self.P * K / self.times["bandwidth"]

        low, high = mpmath.mpf("1e-9"), mpmath.mpf("1e9")
        while high - low > mpmath.mpf("1e-45") * low:
            middle = mpmath.sqrt(low * high)
            low, high = (middle, high) if seconds(middle * 2) < seconds(middle / 2) else (low, middle)
        return low


# Sums that every machine has in the end: lists of steps, each a list of (from, to, places, whether it is added) ----------

def star(K, P):
    """One machine collects, and hands out. It is the middle, K, and has no numbers of its own."""
    everything = range(P)
    return [[(k, K, everything, True)] for k in range(K)] + [[(K, k, everything, False)] for k in range(K)]


def ring(K, P):
    """Each machine sends a K-th part of the numbers to the next one, at the same time."""
    def part(k):
        return range(k % K * (P // K), (k % K + 1) * (P // K))

    adding = [[(k, (k + 1) % K, part(k - step), True) for k in range(K)] for step in range(K - 1)]
    return adding + [[(k, (k + 1) % K, part(k + 1 - step), False) for k in range(K)] for step in range(K - 1)]


def tree(K, P):
    """Of two neighbours one sends all to the other, then of those that are left, and back."""
    everything, gaps = range(P), [2 ** level for level in range(K.bit_length() - 1)]
    up = [[(k + gap, k, everything, True) for k in range(0, K, 2 * gap)] for gap in gaps]
    return up + [[(to, from_, everything, False) for from_, to, _, _ in step] for step in up[::-1]]


def counts_of(way, K, P):
    """How many steps a way has, and how many numbers go one after another; it is done, and must end with the sum."""
    held = np.vstack([np.arange(K * P).reshape(K, P) ** 2, np.zeros((1, P), int)])
    wanted, steps, numbers = held.sum(axis=0), way(K, P), 0
    for step in steps:
        sent = [(to, places, added, held[from_, list(places)].copy()) for from_, to, places, added in step]
        for to, places, added, values in sent:
            held[to, list(places)] = held[to, list(places)] * added + values
        numbers += max(len(values) for *_, values in sent)
    if (held[:K] != wanted).any():
        raise Wrong(f"{way.__name__} does not end with the sum in every machine")
    return len(steps), numbers


def slowest(K):
    """The mean of the largest of K times whose chance of being above x is exp(-x): the integral of that of any of them."""
    return mpmath.fsum((-1) ** (j + 1) * mpmath.binomial(K, j) / j for j in range(1, K + 1))
