"""Which bug a program has: the bug, or the pair of bugs, that gives every number of its results, the wrong ones too.

Each hypothesis is run on the vectors, and those that miss one number are dropped. A name is given only where chance is no
explanation: at least four different wrong numbers, on at least two vectors.
"""
from dataclasses import dataclass

import numpy as np

from .bugs import hypotheses
from .comparison import SINGLE, Numbers
from .lines import BELOW, EVERYWHERE, WAYS, with_bugs
from .results import by_name
from .vectors import QUANTITIES

FEWEST_WRONG, FEWEST_VECTORS = 4, 2
FORWARD = "z", "y_hat", "p", "loss"
FAR_OUT = 200                       # |z| of a saturated vector reaches farther; that of the pencil networks does not
MOST_PAIRS = 40_000                 # that are run
FEW_PAIRS, MOST_VECTORS = 2_000, 8  # more vectors are asked until so few pairs are left, and of no more than so many vectors
UNTOUCHED = 1e-12                   # of the largest in its layer: what a bug that does not touch a number may change in it


@dataclass(frozen=True)
class Diagnosis:
    """explanations: tuples of one or two Bugs, each of which gives every number that came; all equally simple.

    wrong, vectors: how many different wrong numbers there are, on how many vectors that decide.
    next: (name of a vector, quantity) of which results would tell more, or None.
    all_tried: whether every pair that could explain them was run. far: whether numbers of saturated vectors are wrong.
    single: whether every wrong number is as near as a step in single precision would leave it. pattern: what the wrong
    numbers have in common, in words.
    """
    explanations: tuple = ()
    wrong: int = 0
    vectors: int = 0
    next: tuple | None = None
    all_tried: bool = True
    far: bool = False
    single: bool = False
    pattern: str = ""

    @property
    def enough(self):
        """Whether the wrong numbers suffice to name a bug."""
        return self.wrong >= FEWEST_WRONG and self.vectors >= FEWEST_VECTORS

    @property
    def named(self):
        """Whether it names one bug or pair, or such that give the same numbers: two bugs at most, three pairs at most."""
        return self.enough and 0 < len(self.explanations) <= 1 + len(self.explanations[0])

    def as_dict(self):
        """The diagnosis for programs."""
        keys = "name", "says", "place", "cure", "equation"
        return {"named": self.named, "next": self.next and [*self.next], "text": str(self),
                "explanations": [[{key: getattr(bug, key) for key in keys} for bug in bugs]
                                 for bugs in (self.explanations if self.named else ())]}

    def __str__(self):
        if self.named:
            return " Or: ".join(map(explained, self.explanations))
        tried = f" {self.next[1]} of the vector {self.next[0]} would tell more." if self.next else ""
        if not self.vectors and self.far:
            return ("Only vectors whose z are far out are wrong. There the usual formulas of φ, φ′ and softmax lose their "
                    "digits or leave the range of a float; the book's card has formulas that do not.")
        if not self.vectors:
            return f"The pencil network and its twin lead to no name. Results of other vectors would tell more.{tried}"
        if self.single:
            return ("Every wrong number is nearly right. Either some step of the program computes in single precision, as "
                    "with float in C, and others in double; or something small is added, as inside of a logarithm.")
        if not self.enough:
            if self.wrong >= FEWEST_WRONG:
                return (f"{self.pattern}All {self.wrong} different wrong numbers are of one vector, and a name takes "
                        f"{FEWEST_VECTORS} vectors.{tried}")
            found = f"{counted(self.wrong, 'different wrong number')} on {counted(self.vectors, 'vector')}"
            return (f"{self.pattern}{found}: too few to name a bug, which takes {FEWEST_WRONG} on {FEWEST_VECTORS}.{tried}")
        if self.explanations:
            return f"{len(self.explanations)} known bugs or pairs give these numbers: too many to name one.{tried}"
        which = f"any of the {MOST_PAIRS:,} pairs of bugs that were tried," if not self.all_tried else "pair of bugs,"
        return f"{self.pattern}No known bug, nor {which} gives these numbers. Begin where the first wrong number stands."


def explained(bugs):
    """A sentence or two for bugs that together explain all."""
    together = "Two bugs together: " if len(bugs) > 1 else ""
    return together + "; and ".join(f"{bug} ({bug.equation}). What to do: {bug.cure}" for bug in bugs) + "."


def counted(number, word):
    return f"{number} {word}{'s' * (number != 1)}"


class Evidence:
    """The numbers that came for one vector, one after the other, and how near a prediction must be to each."""

    def __init__(self, vector, given, tolerance):
        self.vector, self.quantities = vector, [name for name in vector.expected if given.get(name)]
        parts = [Numbers.of(vector, name) for name in self.quantities]
        got, there = zip(*(part.got(given[name]) for name, part in zip(self.quantities, parts)))
        self.got, self.there = np.concatenate(got), np.concatenate(there)
        self.right = np.concatenate([part.expected for part in parts])
        ends = np.cumsum([0, *(len(part.places) for part in parts)])
        self.starts = np.concatenate([part.starts + start for part, start in zip(parts, ends)])
        self.counts = np.diff(np.append(self.starts, len(self.got)))
        self.where = {name: slice(*ends[k:k + 2]) for k, name in enumerate(self.quantities)}
        self.part = tolerance.part
        self.half_units = np.concatenate([tolerance.printed[name].half_unit(one) for name, one in zip(self.quantities, got)])
        self.is_far = np.abs(Numbers.of(vector, "z").expected).max() > FAR_OUT
        self.wrong = self.there & ~self.near(self.right, self.got)
        wrong = [name for name in self.quantities if self.wrong[self.where[name]].any()]
        self.wrong_forward = [name for name in wrong if name in FORWARD]
        self.wrong_gradient = [name for name in wrong if name not in (*FORWARD, "dy_db", "dy_dW")]

    def scale(self, numbers):
        """The largest size in the layer of each number; numbers (…, K)."""
        return np.repeat(np.maximum.reduceat(abs(numbers), self.starts, axis=-1), self.counts, axis=-1)

    def near(self, predicted, got, part=None):
        """Whether predictions (…, K) are as near as the tolerance says; with a part, as near as that part of the largest."""
        most = np.fmax(self.scale(predicted), self.scale(self.right))
        allowed = self.part * most + self.half_units if part is None else part * most
        return (abs(got - predicted) <= allowed) | (got == predicted) | np.isnan(got) & np.isnan(predicted)

    def program(self, bugs):
        """What tells programs apart on this vector: with one layer, a bug is there or not."""
        deep = len(self.vector.net) > 1
        return tuple((id(bug.changes), bug.place if deep else bug.place == BELOW, bug.shared) for bug in bugs)

    def agrees(self, bugs):
        """Whether a program with these bugs gives every number that came. What is fast and wrong is tried first."""
        is_open = any(bug.open for bug in bugs)
        for quantities in filter(None, (self.wrong_forward, self.wrong_gradient, self.quantities)):
            numbers = self.filled(bugs, quantities)
            if not (self.near(numbers, self.got) | is_open & np.isnan(numbers))[self.there].all():
                return False
        return True

    def explained(self, bugs, others):
        """The wrong numbers, as texts, for which such a program has a number of its own, and one with the others has not."""
        own, without = self.filled(bugs, self.quantities), self.filled(others, self.quantities)
        known = self.wrong & ~np.isnan(own) & ~self.near(without, self.got)
        return {f"{value:.6g}" for value in self.got[known]}

    def filled(self, bugs, quantities):
        """`got`, with what such a program gives in place of these quantities."""
        numbers = self.got.copy()
        for name, row in results_with(bugs, self.vector, quantities).items():
            numbers[self.where[name]] = row
        return numbers


def results_with(bugs, vector, quantities):
    """What a program with these bugs gives for a vector: each quantity as one row, in the order of `expected`."""
    lines = with_bugs(bugs)(vector.net, vector.X, vector.Y, vector.loss, vector.rate)
    lines.forward()
    found = {}
    if {"dy_db", "dy_dW"} & {*quantities}:
        dy_dW, dy_db = lines.outputs()
        found = {"dy_db": [one.T for one in dy_db], "dy_dW": [one.transpose(1, 2, 0) for one in dy_dW]}
    if {"grad_b", "grad_W", "b_after", "W_after"} & {*quantities}:
        found["W_after"], found["b_after"] = lines.after()
        found["grad_W"], found["grad_b"] = lines.by_W, lines.by_b
    found |= {"z": [np.concatenate(lines.sums(), axis=1)], "y_hat": [lines.answers()], "p": [lines.p],
              "loss": [lines.loss()]}
    return {name: np.concatenate([np.ravel(one) for one in found[name]]) for name in quantities}


@np.errstate(all="ignore")
def diagnose(evidence):
    """The simplest explanations of the numbers of a list of Evidence.

    Only vectors that decide are asked: in saturated ones a right formula may lose its digits, beside any bug.
    """
    far, pattern = any(one.wrong.any() and one.is_far for one in evidence), in_common(evidence)
    evidence = sorted((one for one in evidence if one.vector.decides), key=lambda one: len(one.got))
    wrong = [one for one in evidence if one.wrong.any()]
    values = {f"{value:.6g}" for one in wrong for value in one.got[one.wrong]}
    single = bool(wrong) and all(one.near(one.right, one.got, SINGLE)[one.there].all() for one in wrong)
    came, rows = {name for one in evidence for name in one.quantities}, {}
    both = not came.isdisjoint(("dy_db", "dy_dW")) and not came.isdisjoint(("grad_b", "grad_W", "b_after", "W_after"))
    programs = [(bug,) for bug in hypotheses() if both or bug.shared is None]     # with one way only, it makes no difference
    evidence = [*wrong, *(one for one in evidence if not one.wrong.any())]
    found = survivors(programs, evidence) if wrong else []
    all_tried = True
    if not found and len(values) >= FEWEST_WRONG and len(wrong) >= FEWEST_VECTORS:
        tried = pairs(programs, evidence, rows, wide=False)
        tried |= pairs(programs, evidence, rows, wide=True)
        all_tried = len(tried) <= MOST_PAIRS
        found = survivors([*tried][:MOST_PAIRS], evidence)
    found = simplest(bugs for bugs in found if suffices(bugs, wrong))
    return Diagnosis(found, len(values), len(wrong), next_to_try(found, evidence), all_tried, far, single, pattern)


def suffices(bugs, wrong):
    """Whether each bug that is open explains as many wrong numbers as a name takes, beside the other bug or without one."""
    for bug in bugs:
        explained = [one.explained(bugs, [other for other in bugs if other is not bug]) for one in wrong if bug.open]
        if bug.open and not (len(set().union(*explained)) >= FEWEST_WRONG and sum(map(bool, explained)) >= FEWEST_VECTORS):
            return False
    return True


def in_common(evidence):
    """A sentence for what the wrong numbers have in common, or nothing; evidence in the order of the file."""
    rightly = [not one.wrong.any() for one in evidence]
    if rightly[0] and not any(rightly[1:]) and len(rightly) > FEWEST_WRONG:
        return ("Only the first vector of the file is right: something may be left from the vector before, such as a sum "
                "that is not set back to 0. ")
    wrong = [one for one in evidence if one.wrong.any()]
    right = [one for one in evidence if one not in wrong]
    if not wrong:
        return ""
    if any(np.isnan(one.got).any() for one in wrong):
        return ("Some are no numbers: look for an entry that is read past the end of its row, a division of 0 by 0, or the "
                "logarithm of a number below 0. ")
    if all((one.got[one.wrong] == 0).all() for one in wrong):
        return "Every wrong number is 0: something is not computed, or lost, as 1/2 is between integers in C. "
    if not right or len(wrong) < 2:
        return ""
    if all(len(one.vector.X) > 1 for one in wrong) and all(len(one.vector.X) == 1 for one in right):
        return "Only vectors with several points are wrong: look at what is kept, added up or cleared from point to point. "
    if {one.vector.loss.name for one in wrong} == {"cross_entropy"} != {one.vector.loss.name for one in right}:
        return "Only vectors with softmax and cross-entropy are wrong. "
    kinds = [{layer.phi.name for layer in one.vector.net} for one in (*wrong, *right)]
    common = sorted(set.intersection(*kinds[:len(wrong)]) - set.union(*kinds[len(wrong):]))
    return f"Exactly the vectors with {common[0]} are wrong. " if common else ""


def next_to_try(found, evidence):
    """(name, quantity) of a vector that did not come, and in which most of these explanations differ; or None."""
    came = {one.vector.name: one.quantities for one in evidence}
    best = 1, None
    for vector in sorted(by_name().values(), key=lambda one: sum(layer.W.size for layer in one.net)):
        absent = [name for name in QUANTITIES if name in vector.expected and name not in came.get(vector.name, ())]
        given = [results_with(bugs, vector, absent) for bugs in ((), *found)] if vector.decides and absent else []
        for name in absent if given else ():
            count = len({tuple(np.char.mod("%.6g", one[name])) for one in given})
            best = max(best, (count, (vector.name, name)), key=lambda one: one[0])
    return best[1]


def survivors(several, evidence):
    """Of tuples of bugs those that give every number."""
    for one in evidence:
        agrees = {}
        for bugs in several:
            if (program := one.program(bugs)) not in agrees:
                agrees[program] = one.agrees(bugs)
        several = [bugs for bugs in several if agrees[one.program(bugs)]]
    return several


def pairs(single, evidence, rows, wide):
    """Pairs of bugs that can explain these numbers: what one of them does not touch is as the other alone leaves it.

    wide: whether a bug is said to touch what it may touch beside another bug. rows: keeps what each program gives.
    """
    possible, used, alone = compatible(single) & ~np.eye(len(single), dtype=bool), [], np.ones(len(single), bool)
    while (one := next_to_ask(evidence, used, [single[k] for k in np.flatnonzero(alone)[:1]], possible)) is not None:
        used.append(one)
        numbers = rows_of(one, single, rows)
        missed = ~one.near(numbers, one.got) & one.there & ~(column(single, "open") & np.isnan(numbers))
        touched = ~one.near(numbers, one.right, UNTOUCHED)
        fits = covered_widely(one, single, missed, touched) if wide else covered(one, missed, touched)
        possible &= fits & fits.T
        left = possible.any(axis=1)
        alone = (alone & ~missed.any(axis=1))[left]
        single, possible = [single[k] for k in np.flatnonzero(left)], possible[np.ix_(left, left)]
    found = {}
    for a, b in np.argwhere(np.triu(possible)):
        found |= dict.fromkeys(together(*single[a], *single[b]))
    return found


def rows_of(one, several, rows):
    """What each of several programs gives on a vector, (programs, K). rows: keeps it, {(vector, program): numbers}."""
    programs = [(one, one.program(bugs)) for bugs in several]
    for program, bugs in zip(programs, several):
        if program not in rows:
            rows[program] = one.filled(bugs, one.quantities)
    return np.array([rows[program] for program in programs]).reshape(len(several), -1)


def compatible(single):
    """[A, B]: whether two bugs can be those of one program that finds the derivatives on the ways of both."""
    fits = np.ones((len(single), len(single)), bool)
    for way in WAYS:
        shared, runs = (np.array([has(bug) for bug, in single]) for has in (
            lambda bug, way=way: bug.shared == way, lambda bug, way=way: runs_on(way, bug)))
        fits &= ~shared[:, None] | runs & runs[:, None]
    return fits & fits.T


def column(single, name):
    """Whether each of these bugs has an attribute, as a column."""
    return np.array([[bool(getattr(bug, name))] for bug, in single])


def covered(one, missed, touched):
    """[A, B]: whether B touches every number that A misses; numbers that are 0 do not count."""
    return missed.astype(np.float32) @ (~touched & (one.right != 0)).astype(np.float32).T == 0


def covered_widely(one, single, missed, touched):
    """As `covered`, where a bug may touch a number only beside another bug, as where a slope is 0.

    It is said to touch all numbers of a layer if it touches one of them, all numbers if it touches the forward pass, and all
    if the other bug carries what it touches elsewhere.
    """
    touched = np.repeat(np.logical_or.reduceat(touched, one.starts, axis=1), one.counts, axis=1)
    for name in {"z", "y_hat"} & {*one.quantities}:
        touched[touched[:, one.where[name]].any(axis=1)] = True
    return (covered(one, missed, touched)
            | column(single, "carries") & covered(one, missed, touched | touched.any(axis=1, keepdims=True)))


def together(A, B):
    """The programs that have both bugs: none if they cannot be a pair, two if the order matters, as in one line."""
    if not all(runs_on(way, A) and runs_on(way, B) for way in {A.shared, B.shared} - {None}):
        return []
    if A.name == B.name and (A.says == B.says or not A.place == B.place == EVERYWHERE):
        return []
    return [(A, B)] if A.changes.keys().isdisjoint(B.changes) else [(A, B), (B, A)]


def runs_on(way, bug):
    """Whether a bug is meant where all derivatives are found on this way.

    A bug of this way's own lines is so if it is marked as shared. The same bug without the mark would make the same program.
    """
    lines, not_run = WAYS[way]
    return bug.changes.keys().isdisjoint(not_run) and (
        bug.shared == way or bug.shared is None and bug.changes.keys().isdisjoint(lines))


def next_to_ask(evidence, used, left, possible):
    """The next vector whose numbers thin out the pairs; None if few are left. left: a bug that explains all so far, alone.

    Such a bug explains all with any other that touches nothing, so that a vector is asked on which it does not.
    """
    rest = [one for one in evidence if one not in used]
    if len(used) < FEWEST_VECTORS:
        return rest[0]
    if left:
        return next(one for one in rest if not one.agrees(left[0]))
    return rest[0] if rest and len(used) < MOST_VECTORS and possible.sum() > 2 * FEW_PAIRS else None


def simplest(found):
    """One explanation for each set of names: the same bugs in all layers, if these are among them."""
    by_name = {}
    for bugs in sorted(found, key=lambda bugs: sum((bug.place != EVERYWHERE) + (bug.shared is not None) for bug in bugs)):
        by_name.setdefault(frozenset(bug.name for bug in bugs), bugs)
    return tuple(by_name.values())
