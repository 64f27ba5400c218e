"""A network run forward in one arithmetic, without nnlib and without a derivative."""

from functools import cache

from .arithmetics import Float


class Pass:
    """A case that was run forward: z(k) enters φ of layer k, a(k) is what layer k reads, a(n + 1) the answer."""

    arithmetic = Float

    def __init__(self, case):
        arithmetic = self.arithmetic()
        self.case, self.phi = case, arithmetic.activation
        self.W = [arithmetic.numbers(f"W{k}", W) for k, W in enumerate(case.W)]
        self.b = [arithmetic.numbers(f"b{k}", b) for k, b in enumerate(case.b)]
        self.x, self.y = arithmetic.numbers("x", case.x), arithmetic.numbers("y", case.y)
        self.zs, answers = self.run(0, self.x)
        self.reads = [self.x, *answers]
        self.moved = cache(self.moved)

    def moved(self, m, i, j):
        """How the ends move with W^m_ij, or with b^m_i where j is None: each referee has a way of its own."""
        raise NotImplementedError

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
        """The ends, with one weight, or one bias where j is None, moved by a step."""
        W, b = self.W[m] + 0 * step, self.b[m] + 0 * step
        if j is None:
            b[i] += step
        else:
            W[i, j] += step
        return self.ends(m, W, b)
