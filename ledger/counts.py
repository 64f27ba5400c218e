"""How many multiplications a way of computing does: they are counted while it runs. A value of φ or φ′ counts as none.

`Loops` computes in plain steps, with numbers that note each multiplication. `Package` is nnlib, with arrays that do so.
"""

import numpy as np

import nnlib

from .referees import affine


class Counted:
    """A number that notes its multiplications in a list."""

    def __init__(self, value, noted):
        self.value, self.noted = value, noted

    def __add__(self, other):
        return Counted(self.value + other.value, self.noted)

    def __mul__(self, other):
        self.noted.append(1)
        return Counted(self.value * other.value, self.noted)


class Loops:
    """The ways of computing, for a case and so many points. Each gives arrays of Counted numbers."""

    def __init__(self, case, points):
        self.case, self.points, self.noted = case, points, []
        self.whole = {"forward": self.forward, "nudges": self.nudges, "entries": self.entries, "units": self.units,
                      "pull": self.pull, "factors": self.factors, "Jacobian": self.jacobian, "gradient": self.gradient,
                      "step": self.step, "weights": self.weights, "kept": self.kept,
                      "dual": self.dual}
        self.from_layer = {"push": self.push}
        self.W, self.b = [*map(self.counted, case.W)], [*map(self.counted, case.b)]
        self.x, self.layers = self.counted(case.x), range(case.n + 1)
        self.forward()

    def count(self, way, *layer):
        """The multiplications of a way, beside those of the forward pass that came before it."""
        before, numbers = len(self.noted), way(*layer)
        return numbers if isinstance(numbers, int) else len(self.noted) - before

    def counted(self, array):
        return np.vectorize(lambda one: Counted(float(one), self.noted), otypes=[object])(array)

    def forward(self):
        self.reads, self.slopes = [self.x], []
        for k in self.layers:
            z, phi = numbers_of(affine(self.W[k], self.reads[k], self.b[k])), self.case.network[k].phi
            self.slopes.append(self.counted(phi.df(z)))
            self.reads.append(self.counted(phi.f(z)))

    def push(self, m, v=None):
        """From a change of what layer m gives to that of the answers."""
        v = self.slopes[m] if v is None else v
        for k in self.layers[m + 1:]:
            v = self.slopes[k] * affine(self.W[k], v, self.counted(np.zeros(len(self.b[k]))))
        return v

    def one(self, m, i):
        """The slope of unit i of layer m in its place, and zeros."""
        v = self.counted(np.zeros(len(self.b[m])))
        v[i] = self.slopes[m][i]
        return v

    def entries(self):
        """For each weight, a push that starts with its slope times what it reads."""
        def started(m, i, j):
            v = self.one(m, i)
            v[i] = v[i] * self.reads[m][j]
            return v
        return [np.array([self.push(m, started(m, *place)) for place in np.ndindex(self.W[m].shape)]) for m in self.layers]

    def units(self):
        """A push for each unit."""
        return [np.array([self.push(m, self.one(m, i)) for i in range(len(self.b[m]))]) for m in self.layers]

    def pull(self, u=None):
        """From a number for each answer to one for each z."""
        u = self.counted(np.ones(len(self.b[-1]))) if u is None else u
        found = [u * self.slopes[-1]]
        for k in self.layers[:0:-1]:
            W = self.W[k].T
            found.insert(0, affine(W, found[0], self.counted(np.zeros(len(W)))) * self.slopes[k - 1])
        return found

    def factors(self):
        return [self.pull(self.counted(row)) for row in np.eye(len(self.b[-1]))]

    def jacobian(self):
        return [[np.multiply.outer(d, a) for d, a in zip(row, self.reads)] for row in self.factors()]

    def gradient(self):
        """Of half the squared distance."""
        delta = self.pull(self.counted(numbers_of(self.reads[-1]) - self.case.y))
        return [(np.multiply.outer(d, a), d) for d, a in zip(delta, self.reads)]

    def step(self):
        """For each point a forward pass and a gradient; then a number times what they add up to, for each parameter."""
        total = self.counted(np.zeros(self.case.size))
        for _ in range(self.points):
            self.forward()
            total = total + np.hstack([part.ravel() for pair in self.gradient() for part in pair])
        return self.counted(np.ones(len(total))) * total

    def nudges(self):
        """Up and down for each parameter, of which only the forward passes count."""
        for _ in range(2 * self.case.size):
            self.forward()

    def dual(self):
        """A forward pass of dual numbers: each number that is read moves, and each weight, here by as much as it is."""
        a = v = self.reads[0]
        for k in self.layers:
            W, still = self.W[k], self.counted(np.zeros(len(self.b[k])))
            z, moved = affine(W, a, self.b[k]), affine(W, a, still) + affine(W, v, still)
            a, v = self.counted(self.case.network[k].phi.f(numbers_of(z))), self.slopes[k] * moved
        return v

    def weights(self):
        """How many weights there are."""
        return sum(len(W.ravel()) for W in self.W)

    def kept(self):
        """How many numbers the forward passes leave for the way back: what each layer reads, and its slopes."""
        return self.points * sum(map(len, [*self.reads[:-1], *self.slopes]))


def numbers_of(array):
    """The values of Counted numbers."""
    return np.vectorize(lambda one: one.value, otypes=[float])(array)


class Noting(np.ndarray):
    """An array that notes how many multiplications of numbers an operation does."""

    noted = []

    def __array_ufunc__(self, ufunc, method, *inputs, **how):
        plain = [np.asarray(one) for one in inputs]
        result = getattr(ufunc, method)(*plain, **how)
        if ufunc in (np.multiply, np.matmul):
            self.noted.append(np.size(result) * (plain[0].shape[-1] if ufunc is np.matmul else 1))
        return np.asarray(result).view(Noting)


class Package:
    """nnlib, with a φ and a loss that multiply nothing. `asked` lists its functions that were counted."""

    def __init__(self, case, points, asked):
        phi = nnlib.Activation("none", lambda z: z, lambda z: z - z + 1)
        self.network = nnlib.Network([nnlib.Layer(W, b, phi) for W, b in zip(case.W, case.b)])
        for layer in self.network:
            object.__setattr__(layer, "W", layer.W.view(Noting))
        self.case, self.points, self.asked, y = case, points, asked, np.zeros(len(case.b[-1]))
        loss = nnlib.Loss("none", lambda Y_hat, Y: (np.zeros(len(Y)), np.asarray(Y_hat - Y)))
        self.whole = {"forward": (nnlib.forward, case.x), "factors": (nnlib.jacobian_factors, case.x),
                      "gradient": (nnlib.backprop, case.x, y, loss)}
        self.from_layer = {}

    def count(self, way):
        """The multiplications of a function, beside those of the forward pass that it begins with."""
        function, *arguments = way
        self.asked.add(function.__name__)
        before = sum(Noting.noted)
        function(self.network, *arguments)
        found = sum(Noting.noted) - before
        return found if function is nnlib.forward else found - self.count(self.whole["forward"])
