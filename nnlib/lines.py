"""The mathematics of chapters 2 to 9 with one method for each line, and what it is to change one of them.

`Lines` is right. A Bug names a line of it and what stands in its place; bugs.py lists the classic ones.
"""
from dataclasses import dataclass
from functools import partial

import numpy as np


class Lines:
    """A forward pass, a loss, the derivatives and a step, with one method for each line, right unless a bug changes it.

    W, b and phi hold an entry for each layer; X (N, d_in), Y (N, d_y), a row for each point; softmax: whether the loss is
    cross-entropy of softmax, and not the squared error. Every method reads what the ones before it have left in `self`.
    """
    shared = None           # "pull": the derivatives of the outputs are found on the gradient's way back;
    #                         "push": the gradient is made of the derivatives of the outputs; None: each has its own code

    def __init__(self, net, X, Y, loss, rate=0.1):
        self.W, self.b, self.phi = zip(*((layer.W, layer.b, layer.phi) for layer in net))
        self.X, self.Y, self.rate, self.softmax = np.atleast_2d(X), np.atleast_2d(Y), rate, loss.name == "cross_entropy"
        self.n, self.N = len(net) - 1, len(self.X)

    # The forward pass, for all points

    def matrix(self, m):
        return self.W[m]

    def weighted_sum(self, m):                      # (batch-z)
        return self.a[m] @ self.matrix(m).T + self.b[m]

    def activation(self, m):                        # (layer-a)
        return self.phi[m].f(self.z[m])

    def slope(self, m):
        return self.phi[m].df(self.z[m])

    def forward(self):
        self.a, self.z = [self.X], []
        for m in range(self.n + 1):
            self.z.append(self.weighted_sum(m))
            self.a.append(self.activation(m))
        self.y_hat = self.a[-1]
        self.p = self.probabilities() if self.softmax else None

    def sums(self):                                 # what the program gives as z, of each layer
        return self.z

    def answers(self):                              # what the program gives as ŷ: for softmax, the scores
        return self.y_hat

    # The loss

    def probabilities(self):                        # (softmax-shifted)
        powers = np.exp(self.y_hat - self.y_hat.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def log_p(self):                                # (log-softmax)
        shifted = self.y_hat - self.y_hat.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    def loss_of_points(self):                       # (squared-error), (cross-entropy)
        if self.softmax:
            return -(self.Y * self.log_p()).sum(axis=1)
        return ((self.y_hat - self.Y) ** 2).sum(axis=1) / 2

    def loss(self):                                 # (batch-loss)
        return self.loss_of_points().sum() / self.N

    def by_answers(self):                           # (loss-gradient), (p-minus-y)
        return (self.p if self.softmax else self.y_hat) - self.Y

    def share(self):                                # the 1/N of (batch-delta-last)
        return 1 / self.N

    # The way back

    def stretch(self, m, delta):                    # the slope of (batch-delta-last) and (batch-delta-step)
        return delta * self.slope(m)

    def back(self, m, delta):                       # the product of (batch-delta-step)
        return delta @ self.matrix(m)

    def weight_gradient(self, m, delta):            # (batch-gradient-weights)
        return delta.T @ self.a[m]

    def bias_gradient(self, m, delta):              # (batch-gradient-biases)
        return delta.sum(axis=0)

    def backward(self, unstretched):
        """The derivatives of a number by W and b of each layer, from those by the answers, (N, d_y)."""
        self.by_W, self.by_b = [None] * (self.n + 1), [None] * (self.n + 1)
        for m in range(self.n, -1, -1):
            self.unstretched = unstretched          # before the slope of layer m
            delta = self.stretch(m, unstretched)
            self.by_W[m], self.by_b[m] = self.weight_gradient(m, delta), self.bias_gradient(m, delta)
            unstretched = self.back(m, delta) if m else None
        return self.by_W, self.by_b

    # The derivatives of the outputs, at each point p

    def start(self, m, p):                          # (loop-start-bias), for all units at once
        return np.diag(self.slope(m)[p])

    def forth(self, k, V):                          # the product of (loop-step)
        return self.matrix(k) @ V

    def tighten(self, k, V, p):                     # the slope of (loop-step)
        return self.slope(k)[p][:, None] * V

    def by_weight(self, m, D, p):                   # (weight-from-bias)
        return D[:, :, None] * self.a[m][p]

    def by_bias(self, m, D, p):
        return D

    def push(self, p):
        """∂ŷ/∂W (d_y, rows, columns) and ∂ŷ/∂b (d_y, rows) of each layer, at point p."""
        D = []
        for m in range(self.n + 1):
            self.pushed, V = m, self.start(m, p)
            for k in range(m + 1, self.n + 1):
                V = self.tighten(k, self.forth(k, V), p)
            D.append(V)
        return ([self.by_weight(m, one, p) for m, one in enumerate(D)],
                [self.by_bias(m, one, p) for m, one in enumerate(D)])

    def outputs(self):
        """What `push` gives at the only point."""
        if self.shared != "pull":
            return self.push(0)
        rows = [self.backward(row[None]) for row in np.eye(self.y_hat.shape[1])]
        return [[np.stack(several) for several in zip(*(row[letter] for row in rows))] for letter in range(2)]

    def gradient(self):
        """∂L/∂W and ∂L/∂b of each layer."""
        asked = self.share() * self.by_answers()
        if self.shared != "push":
            return self.backward(asked)
        points = [[[np.tensordot(row, one, 1) for one in several] for several in self.push(p)]
                  for p, row in enumerate(asked)]
        return [[sum(several) for several in zip(*(point[letter] for point in points))] for letter in range(2)]

    # A step

    def step(self, m, theta, gradient):             # (gradient-step)
        return theta - self.rate * gradient

    def weight_step(self, m):
        return self.step(m, self.W[m], self.by_W[m])

    def bias_step(self, m):
        return self.step(m, self.b[m], self.by_b[m])

    def after(self):
        """W and b of each layer after a step against the gradient."""
        self.by_W, self.by_b = self.gradient()
        layers = range(self.n + 1)
        return [self.weight_step(m) for m in layers], [self.bias_step(m) for m in layers]


# What a bug is -------------------------------------------------------------------------------------------------------

EVERYWHERE, LAST, BELOW, FIRST = "", "the last layer", "all layers but the last", "layer 0"
PLACES = {EVERYWHERE: lambda m, n: True, LAST: lambda m, n: m == n, BELOW: lambda m, n: m < n, FIRST: lambda m, n: m == 0}


@dataclass(frozen=True, eq=False)
class Bug:
    """A change of one line, or of a few that belong together.

    name: what it is called; says: what the program does, and cure: what it should do; equation: the label of the broken
    line; changes: for each changed method of Lines, change(lines, right, …) → what stands in place of right(…);
    place: the layers that have it; shared: as in Lines; open: whether it reads past the end of an array, where nobody knows
    what stands: its own numbers are NaN there, and go with any number; carries: whether it takes what other lines give to
    places to which they do not lead, as a loss that is computed after the step.
    """
    name: str
    says: str
    cure: str
    equation: str
    changes: dict
    place: str = EVERYWHERE
    shared: str | None = None
    open: bool = False
    carries: bool = False

    def __str__(self):
        return self.says + (f", in {self.place}" if self.place else "")


PULL = {"stretch", "back", "weight_gradient", "bias_gradient"}                  # the lines of either way
PUSH = {"start", "forth", "tighten", "by_weight", "by_bias"}
WAYS = {"pull": (PULL, PUSH), "push": (PUSH, PULL)}     # the lines that a program on this way alone runs, and does not run
LAYERED = ("matrix", "weighted_sum", "activation", "slope", "stretch", "back", "weight_gradient", "bias_gradient", "start",
           "forth", "tighten", "by_weight", "by_bias", "step", "weight_step", "bias_step")


def with_bugs(bugs):
    """Lines in which these bugs stand, as a class. Where two change one line, the later changes what the earlier gives."""
    broken = Lines
    for bug in bugs:
        methods = {line: changed(getattr(broken, line), change, PLACES[bug.place] if line in LAYERED else None)
                   for line, change in bug.changes.items()}
        broken = type("Lines", (broken,), methods | ({"shared": bug.shared} if bug.shared else {}))
    return type("Lines", (Open, broken), {}) if any(bug.open for bug in bugs) else broken


class Open:
    """Keeps NaN where it is lost: relu, which compares, has the slope 0 there, and some programs multiply it by 0."""

    def slope(self, m):
        return np.where(np.isnan(self.z[m]), np.nan, super().slope(m))

    def start(self, m, p):
        return np.where(np.isnan(self.slope(m)[p])[:, None], np.nan, super().start(m, p))


def changed(right, change, has):
    """A method that calls change in place of right, in the layers that have the bug."""
    def method(self, *args):
        if has is None or has(args[0], self.n):
            return change(self, partial(right, self), *args)
        return right(self, *args)
    return method
