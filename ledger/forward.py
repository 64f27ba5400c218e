"""A network run forward in one arithmetic, without nnlib and without a derivative."""

from functools import cache

import numpy as np

from .arithmetics import Float


class Pass:
    """A case that was run forward: z(k) enters φ of layer k, a(k) is what layer k reads, a(n + 1) the answer."""

    arithmetic = Float

    def __init__(self, case):
        arithmetic = self.arithmetic()
        self.case, self.phi = case, arithmetic.activation
        self.W = [arithmetic.numbers(f"W{k}", W) for k, W in enumerate(case.W)]
        self.b = [arithmetic.numbers(f"b{k}", b) for k, b in enumerate(case.b)]
        self.x, self.y, self.u = (arithmetic.numbers(name, getattr(case, name)) for name in "xyu")
        self.direction = [(arithmetic.numbers(f"dW{k}", W), arithmetic.numbers(f"db{k}", b))
                          for k, (W, b) in enumerate(case.direction)]
        self.zs, answers = self.run(0, self.x)
        self.reads = [self.x, *answers]
        self.moved, self.along = cache(self.moved), cache(self.along)

    def slope(self, f):
        """The derivative at t = 0 of a function f of t that gives a list: each referee has a way of its own."""
        raise NotImplementedError

    def moved(self, m, i, j):
        """How the ends move with W^m_ij, with b^m_i where j is None, or with x_i where m is None too."""
        return self.slope(lambda t: self.nudged(m, i, j, t))

    def along(self):
        """How what the layers read, and the answer, move if all W and b move in the case's direction."""
        return [0 * self.x, *self.slope(self.stepped)]

    def by_answer(self, k):
        """How the error moves with answer k."""
        return self.slope(lambda t: [self.error(moved_at(self.reads[-1], k, t))])[0]

    def units(self, k):
        """How the answer moves with z of layer k, a row for each answer."""
        return np.array([self.moved(k, i, None)[-2] for i in range(len(self.b[k]))]).T

    def weights(self, k):
        """How the answer moves with all weights of layer k, their rows end to end."""
        return np.array([self.moved(k, i, j)[-2] for i, j in np.ndindex(self.W[k].shape)]).T

    def deltas(self, k):
        """How the error moves with z of layer k."""
        return np.array([self.moved(k, i, None)[-1] for i in range(len(self.b[k]))])

    def error_by(self, m, i, j):
        return self.moved(m, i, j)[-1]

    def loss(self):
        return self.error(self.reads[-1])

    def z(self, k):
        return self.zs[k]

    def a(self, k):
        return self.reads[k]

    def run(self, m, a, W=None, b=None):
        """(z, what is given) of layer m, which reads a, and of all after it; W and b take the place of layer m's own."""
        weights, biases = self.W[m:], self.b[m:]
        weights[0], biases[0] = weights[0] if W is None else W, biases[0] if b is None else b
        zs, given = [], []
        for k, (W, b) in enumerate(zip(weights, biases), m):
            zs.append((W * a).sum(axis=1) + b)
            a = self.phi(self.case.phi[k], k, False, zs[-1])
            given.append(a)
        return zs, given

    def ends(self, m, W=None, b=None):
        """What layer m and all after it give, the last of which is the answer, and its error E."""
        _, given = self.run(m, self.a(m), W, b)
        return [*given, self.error(given[-1])]

    def error(self, answer):
        return ((answer - self.y) ** 2).sum() / 2

    def nudged(self, m, i, j, step):
        """The ends, with one number moved by a step: a weight, a bias where j is None, an input where m is None too."""
        if m is None:
            _, given = self.run(0, moved_at(self.x, i, step))
            return [*given, self.error(given[-1])]
        if j is None:
            return self.ends(m, b=moved_at(self.b[m], i, step))
        return self.ends(m, W=moved_at(self.W[m], (i, j), step))

    def stepped(self, t):
        """What the layers give, with all W and b moved by t times the direction."""
        a, given = self.x, []
        for k, (W, b, (dW, db)) in enumerate(zip(self.W, self.b, self.direction)):
            a = self.phi(self.case.phi[k], k, False, ((W + t * dW) * a).sum(axis=1) + b + t * db)
            given.append(a)
        return given


def moved_at(array, place, step):
    """A copy of an array with one number moved by a step."""
    moved = array + 0 * step
    moved[place] += step
    return moved
