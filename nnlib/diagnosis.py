"""Which bug a program has: the bug, or the pair of bugs, that gives every number of its results, the wrong ones too.

Each hypothesis is run on the vectors, and those that miss one number are dropped. A name is given only where chance is no
explanation: at least four different wrong numbers, on at least two vectors.
"""
from dataclasses import dataclass

import numpy as np

from .bugs import hypotheses
from .lines import EVERYWHERE, with_bugs

FEWEST_WRONG, FEWEST_VECTORS = 4, 2
MOST_PAIRS = 4000                   # that are run after those were left out that cannot be
UNTOUCHED = 1e-12                   # of the largest in its layer: what a bug that does not touch a number may change in it


@dataclass(frozen=True)
class Diagnosis:
    """explanations: tuples of one or two Bugs, each of which gives every number that came; all equally simple.

    enough: whether the wrong numbers suffice to name one. vectors: names of vectors whose results would tell more.
    """
    explanations: tuple = ()
    enough: bool = True
    vectors: tuple = ()


class Evidence:
    """The numbers that came for one vector, one after the other, and how near a prediction must be to each."""

    def __init__(self, vector, given, tolerance, numbers_of):
        self.vector, self.quantities = vector, [name for name in vector.expected if given.get(name)]
        parts = [numbers_of(vector, name) for name in self.quantities]
        got, there = zip(*(part.got(given[name]) for name, part in zip(self.quantities, parts)))
        self.got, self.there = np.concatenate(got), np.concatenate(there)
        self.right = np.concatenate([part.expected for part in parts])
        ends = np.cumsum([0, *(len(part.places) for part in parts)])
        self.starts = np.concatenate([part.starts + start for part, start in zip(parts, ends)])
        self.counts = np.diff(np.append(self.starts, len(self.got)))
        self.of_forward = np.repeat([name in ("z", "y_hat") for name in self.quantities], np.diff(ends))
        self.part = tolerance.part
        self.half_units = np.concatenate([tolerance.printed[name].half_unit(one) for name, one in zip(self.quantities, got)])
        self.wrong = self.there & ~self.near(self.right, self.got)
        self.arguments = vector.net, vector.X, vector.Y, vector.loss, vector.rate

    def scale(self, numbers):
        return np.repeat(np.maximum.reduceat(abs(numbers), self.starts), self.counts)

    def near(self, predicted, got):
        return (abs(got - predicted) <= self.part * self.scale(predicted) + self.half_units) | (got == predicted) | (
            np.isnan(got) & np.isnan(predicted))

    def predicted(self, bugs):
        """What a program with these bugs gives, in the order of `got`."""
        lines = with_bugs(bugs)(*self.arguments)
        lines.forward()
        return np.concatenate([*flat_results(lines, self.quantities).values()])

    def agrees(self, bugs):
        return bool(np.all(self.near(self.predicted(bugs), self.got) | ~self.there))


def flat_results(lines, quantities):
    """Quantities that Lines compute after a forward pass, each as one row in the order of a vector's `expected`."""
    found = {}
    if {"dy_db", "dy_dW"} & {*quantities}:
        dy_dW, dy_db = lines.outputs()
        found = {"dy_db": [one.T for one in dy_db], "dy_dW": [one.transpose(1, 2, 0) for one in dy_dW]}
    if {"grad_b", "grad_W", "b_after", "W_after"} & {*quantities}:
        found["W_after"], found["b_after"] = lines.after()
        found["grad_W"], found["grad_b"] = lines.by_W, lines.by_b
    found |= {"z": [np.concatenate(lines.z, axis=1)], "y_hat": [lines.y_hat], "p": [lines.p], "loss": [lines.loss()]}
    return {name: np.concatenate([np.ravel(one) for one in found[name]]) for name in quantities}


@np.errstate(all="ignore")
def diagnose(evidence):
    """The simplest explanations of the numbers of a list of Evidence.

    Only vectors that decide are asked: in saturated ones a right formula may lose its digits, beside any bug.
    """
    evidence = sorted((one for one in evidence if one.vector.decides), key=lambda one: len(one.got))
    wrong = [one for one in evidence if one.wrong.any()]
    values = {f"{value:.6g}" for one in wrong for value in one.got[one.wrong]}
    enough = len(values) >= FEWEST_WRONG and len(wrong) >= FEWEST_VECTORS
    single, rows = [(bug,) for bug in hypotheses()], {}
    evidence = wrong + [one for one in evidence if not one.wrong.any()]
    found = survivors(single, evidence) if wrong else []
    for wide in (False, True) if enough else ():
        found = found or survivors(pairs(single, evidence, rows, wide), evidence)
    return Diagnosis(simplest(found), enough)


def survivors(several, evidence):
    """Of tuples of bugs those that give every number."""
    for one in evidence:
        several = [bugs for bugs in several if one.agrees(bugs)]
    return several


def pairs(single, evidence, rows, wide):
    """Pairs of bugs that can explain these numbers: what one of them does not touch is as the other alone leaves it.

    A bug may touch a number only beside another bug, as where a slope is 0. So with `wide` it is said to touch all numbers
    of a layer if it touches one of them, and all numbers if it touches the forward pass. rows: keeps what each bug gives.
    """
    possible, left, used = True, np.arange(len(single)), []
    while left.size or len(used) < FEWEST_VECTORS:  # what is left explains all so far, with any bug that touches nothing
        one = next(one for one in evidence if one not in used
                   and (len(used) < FEWEST_VECTORS or not one.agrees(single[left[0]])))
        used.append(one)
        if one not in rows:
            rows[one] = np.array([one.predicted(bugs) for bugs in single])
        predicted = rows[one]
        missed = ~near_rows(one, predicted, one.got) & one.there
        touched = ~near_rows(one, predicted, one.right, UNTOUCHED)
        if wide:
            touched = np.repeat(np.logical_or.reduceat(touched, one.starts, axis=1), one.counts, axis=1)
            touched[touched[:, one.of_forward].any(axis=1)] = True
        fits = (missed.astype(np.float32) @ (~touched & (one.right != 0)).astype(np.float32).T) == 0    # [A, B]
        possible &= fits & fits.T
        left = left[~missed[left].any(axis=1)]
    found = []
    for A, B in ((single[a][0], single[b][0]) for a, b in np.argwhere(np.triu(possible, 1))[:MOST_PAIRS]):
        if A.name != B.name and len({A.shared, B.shared} - {None}) < 2:
            found += [(A, B), (B, A)] if A.changes.keys() & B.changes.keys() else [(A, B)]
    return found


def near_rows(evidence, rows, right, part=None):
    scales = np.repeat(np.maximum.reduceat(abs(rows), evidence.starts, axis=1), evidence.counts, axis=1)
    half = evidence.half_units if part is None else 0
    near = abs(rows - right) <= (part or evidence.part) * scales + half
    return near | (rows == right) | np.isnan(rows) & np.isnan(right)


def simplest(found):
    """One explanation for each set of names: the same bugs in all layers, if these are among them."""
    by_name = {}
    for bugs in sorted(found, key=lambda bugs: sum((bug.place != EVERYWHERE) + (bug.shared is not None) for bug in bugs)):
        by_name.setdefault(frozenset(bug.name for bug in bugs), bugs)
    return tuple(by_name.values())
