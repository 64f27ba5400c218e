"""Whether anyone's program is right: its results for the vectors in, a report out that says what is right, the first thing
that is wrong, and why.
"""
import json
import os
import sys
import textwrap
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .comparison import EXCUSED, MISSING, RIGHT, WRONG, Numbers, Tolerance, tolerance_of
from .diagnosis import Diagnosis, Evidence, diagnose
from .results import INDICES, LONGEST, Number, Unreadable, by_name, read_results, shown

WIDTH, WIDEST_MATRIX, TALLEST_MATRIX, MOST_NAMES = 79, 6, 6, 3     # of the printed report
FAR_OUT = 30                    # a vector with such a z is looked at last, as it asks for more than right formulas
CODES = {RIGHT: 0, WRONG: 1, "unreadable": 2}
BACKWARD = ("dy_db", "dy_dW", "grad_b", "grad_W")
LONG_FILE = 5 * 10**6           # bytes; a longer one gets a progress bar


class Entry(NamedTuple):
    """One number that came: where it belongs, what is right there, and as what it was written."""
    vector: str
    quantity: str
    place: tuple
    expected: float
    got: Number

    def name(self):
        """Such as grad_W[1][0][2]."""
        return self.quantity + "".join(f"[{k}]" for k in self.place)


@dataclass(frozen=True, eq=False)
class Conformance:
    """What a results file shows: `verdict`, `right`, `first`, `diagnosis`, and all of it as text.

    verdict: "right" or "wrong". tolerance: how near is right. entries: {vector: {quantity: verdict of each number}}.
    first: the Entry that is the first to be wrong, or None. diagnosis: what explains the wrong numbers, or None.
    """
    verdict: str
    results: dict
    tolerance: Tolerance
    entries: dict
    first: Entry | None
    diagnosis: Diagnosis | None = None

    @property
    def right(self):
        """{vector: its quantities of which a number is right and none is wrong}."""
        return self._quantities(lambda came: (came == RIGHT).any() and not (came == WRONG).any())

    @property
    def wrong(self):
        """{vector: its quantities of which a number is wrong}."""
        return self._quantities(lambda came: (came == WRONG).any())

    def count(self, *verdicts):
        """How many numbers have one of these verdicts."""
        return sum(int(np.isin(came, verdicts).sum()) for several in self.entries.values() for came in several.values())

    def not_tried(self):
        """{quantity: the vectors that have it and of which the file holds no number of it, or not all}."""
        found = {}
        for vector in by_name().values():
            for quantity in vector.expected:
                came = self.entries.get(vector.name, {}).get(quantity)
                if came is None or (came == MISSING).any():
                    found.setdefault(quantity, []).append(vector.name)
        return {quantity: found[quantity] for quantity in INDICES if quantity in found}

    def _quantities(self, has):
        found = {name: [quantity for quantity, came in several.items() if has(came)]
                 for name, several in self.entries.items()}
        return {name: quantities for name, quantities in found.items() if quantities}

    def as_dict(self):
        """The report for programs: only numbers, texts, lists and objects that JSON has."""
        first = self.first and {
            "vector": self.first.vector, "quantity": self.first.quantity, "indices": [*self.first.place],
            "expected": self.first.expected, "got": self.first.got.text, "line": self.first.got.line,
            "name": self.first.name(), "remark": _remark(self.first),
            "matrix": [[dict(zip(("expected", "got", "verdict", "first"), one)) for one in row] for row in self.matrix()]}
        return {"verdict": self.verdict, "numbers": {verdict: self.count(verdict) for verdict in (RIGHT, WRONG, EXCUSED)},
                "right": self.right, "wrong": self.wrong, "first": first, "not_tried": self.not_tried(),
                "tolerance": {"precision": "single" if self.tolerance.single else "double", "part": self.tolerance.part,
                              "text": str(self.tolerance)},
                "diagnosis": self.diagnosis and self.diagnosis.as_dict()}

    def __str__(self):
        parts = [self._heading() + "\n" + "\n".join(self._quantities_in_words())]
        if self.first:
            parts += [self._first(), self._diagnosis()]
        elif missing := self._not_tried():
            parts.append(missing)
        return "\n\n".join([*parts, _wrapped(str(self.tolerance) + self._excused())])

    def __repr__(self):
        return f"Conformance: {self.verdict}"

    # The parts of the text

    def _heading(self):
        came, vectors = self.count(RIGHT, WRONG, EXCUSED), len(self.entries)
        of = f"numbers of {vectors} vector{'s' * (vectors != 1)}"
        return f"right: {self.count(RIGHT)} {of}" if self.verdict == RIGHT else f"wrong: {self.count(WRONG)} of {came} {of}"

    def _quantities_in_words(self):
        """In which vectors each quantity is right, and in which wrong, one line for those that are alike."""
        several = {}
        for quantity in INDICES:
            came = [name for name, quantities in self.entries.items() if quantity in quantities]
            right, wrong = ([name for name in came if quantity in side.get(name, ())] for side in (self.right, self.wrong))
            words = [f"{word} in {_listed(names, came)}" for word, names in ((RIGHT, right), (WRONG, wrong)) if names]
            several.setdefault("; ".join(words), []).append(quantity)
        return [_wrapped(f"{', '.join(quantities)}: {words}", "  ") for words, quantities in several.items() if words]

    def _first(self):
        first = self.first
        words = ", ".join(f"{word} {k}" for word, k in zip(INDICES[first.quantity], first.place))
        lines = [_wrapped(f"The first that is wrong: {first.name()} of {first.vector}" + f" ({words})" * bool(words)
                          + f", in line {first.got.line}."),
                 f"  expected {first.expected!r:24} got {shown(first.got.text)[1:-1]}"]
        if matrices := self._matrices():
            lines += ["", *matrices]
        if remark := _remark(first):
            lines += ["", _wrapped(remark)]
        return "\n".join(lines)

    def matrix(self):
        """The matrix or row of the first wrong entry: rows of (right, as it came, its verdict, whether it is that entry).

        The numbers are texts of four digits, "–" for one that did not come.
        """
        first, vector = self.first, by_name()[self.first.vector]
        across, down = _axes(first.quantity)
        numbers, came = Numbers.of(vector, first.quantity), self.entries[vector.name][first.quantity]
        got, _ = numbers.got(self.results[vector.name][first.quantity])
        rows = {}
        for right, value, verdict, other in zip(numbers.expected, got, came.tolist(), numbers.places):
            if all(a == b for axis, (a, b) in enumerate(zip(first.place, other)) if axis not in (across, down)):
                rows.setdefault(None if down is None else other[down], []).append(
                    (f"{right:.4g}", "–" if verdict == MISSING else f"{value:.4g}", verdict, other == first.place))
        return [*rows.values()]

    def _matrices(self):
        """The same as text, where it fits and has more than one entry."""
        rows = self.matrix()
        if len(rows[0]) > WIDEST_MATRIX or len(rows) > TALLEST_MATRIX or len(rows) * len(rows[0]) == 1:
            return []
        return _side_by_side([[[right for right, *_ in row] for row in rows],
                              [[got + "*" * (verdict == WRONG) for _, got, verdict, _ in row] for row in rows]])

    def _diagnosis(self):
        return _wrapped(f"Diagnosis: {self.diagnosis}")

    def _excused(self):
        if not (excused := self.count(EXCUSED)):
            return ""
        return (" 1 number is too small beside that to tell: it is neither right nor wrong." if excused == 1 else
                f" {excused} numbers are too small beside that to tell: they are neither right nor wrong.")

    def _not_tried(self):
        """What the file does not hold: whole vectors, and quantities of those that it does hold."""
        absent = [name for name in by_name() if name not in self.entries]
        parts = [f"of the vectors {_listed(absent)}"] * bool(absent)
        for quantity, names in self.not_tried().items():
            names, having = [name for name in names if name in self.entries], [
                name for name in self.entries if quantity in by_name()[name].expected]
            parts += [quantity if names == having else f"{quantity} of {_listed(names)}"] * bool(names)
        return _wrapped(f"Not in the file, or not all of it, and so not tried: {', '.join(parts)}.") if parts else ""


def check(content, progress=lambda share: None):
    """What a results file shows, as a Conformance.

    content: its text or bytes, JSON or lines. progress: is told now and then which share is read.
    Raises Unreadable, a ValueError of one sentence, if it holds no results or none that can tell anything.
    """
    results = read_results(content, progress)
    tolerance, entries, first = tolerance_of(results), {}, None
    for vector in sorted(by_name().values(), key=_size):
        for quantity in INDICES:
            given = results.get(vector.name, {}).get(quantity)
            if given:
                numbers = Numbers.of(vector, quantity)
                came = entries.setdefault(vector.name, {})[quantity] = tolerance.verdicts(quantity, numbers, given)
                if first is None and (came == WRONG).any():
                    first = _first_wrong(vector.name, quantity, numbers, came, given)
    if first is None and not any((came == RIGHT).any() for several in entries.values() for came in several.values()):
        raise Unreadable("every number of the file is too small for its digits to tell anything; print more digits, "
                         "as %.17g does in C")
    return Conformance(WRONG if first else RIGHT, results, tolerance, entries, first,
                       _diagnosis(results, tolerance) if first else None)


def _diagnosis(results, tolerance):
    """What explains the wrong numbers."""
    return diagnose([Evidence(by_name()[name], given, tolerance) for name, given in results.items()])


def _size(vector):
    """What is looked at first: the smallest network, and those whose z lie far out last."""
    z = Numbers.of(vector, "z").expected
    return abs(z).max() > FAR_OUT, sum(layer.W.size for layer in vector.net)


def _first_wrong(name, quantity, numbers, came, given):
    """The first wrong Entry in the order in which a program computes them: backward, the last layer is the first."""
    def order(place):
        if quantity == "z":
            return place[1], place[0], place[2]
        return (-place[0], *place[1:]) if quantity in (*BACKWARD, "b_after", "W_after") else place

    k = min(np.flatnonzero(came == WRONG), key=lambda k: order(numbers.places[k]))
    return Entry(name, quantity, numbers.places[k], float(numbers.expected[k]), given[numbers.places[k]])


def _remark(first):
    """What a single wrong number shows by itself."""
    expected, got = first.expected, first.got.value
    if not np.isfinite(got):
        return ("nan and inf come from numbers that leave their range, from 0 / 0, or from the log of 0 or less. exp(z) "
                "leaves the range of a double above z = 709, and that of single precision above 88: softmax needs its "
                "largest score subtracted first.")
    if first.quantity in BACKWARD and max(abs(expected), abs(got)) < 1e-3 and _size(by_name()[first.vector])[0]:
        return ("φ is saturated in this vector, so that its slope is tiny. 1 − tanh² and σ(1 − σ) lose the digits of that; "
                "σ(z) σ(−z), and 4e / (1 + e)² with e = exp(−2|z|) for tanh, keep them.")
    return ""


def _listed(names, of=()):
    """Names, and how many more there are; one word where they are all of many."""
    if len(names) == len(of) > 1:
        return f"all {len(names)}"
    if len(names) <= MOST_NAMES + 1:
        return ", ".join(names)
    return ", ".join(names[:MOST_NAMES]) + f" and {len(names) - MOST_NAMES} more"


# Text -------------------------------------------------------------------------------------------------------------------

def _wrapped(text, indent=""):
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent and 2 * indent,
                         break_on_hyphens=False)


def _axes(quantity):
    """Which indices run across and down the matrix that is shown: a row for each unit, or for each point."""
    labels = INDICES[quantity]
    if "column" in labels:
        return labels.index("column"), labels.index("row")
    if quantity == "z":
        return labels.index("unit"), labels.index("point")
    if not labels:
        return None, None
    return (1, 0) if quantity in ("y_hat", "p") else (labels.index("row"), None)


def _side_by_side(matrices):
    """Two matrices of texts beside each other, or below where they are too wide."""
    wide = [max(len(text) for row in matrix for text in row) + 2 for matrix in matrices]
    blocks = [["expected", *("".join(f"{text:>{wide[0]}}" for text in row) for row in matrices[0])],
              ["got, wrong ones marked *", *("".join(f"{text + ' ' * (text[-1] != '*'):>{wide[1]}}" for text in row)
                                             for row in matrices[1])]]
    left = max(map(len, blocks[0])) + 4
    if left + max(map(len, blocks[1])) + 2 > WIDTH:
        return ["  " + line for line in blocks[1]]
    return [f"  {one:{left}}{other}".rstrip() for one, other in zip(*blocks)]


# The command line -------------------------------------------------------------------------------------------------------

def command(path, as_json=False):
    """Prints what a file shows, "-" for standard input, and returns 0 if it is right, 1 if wrong, 2 if unreadable."""
    progress = _bar(path)
    try:
        report = check(_content(path), progress)
    except Unreadable as problem:
        verdict, text, found = "unreadable", f"unreadable: {problem}", {"verdict": "unreadable", "problem": str(problem)}
    else:
        verdict, text, found = report.verdict, str(report), report.as_dict()
    progress(1)
    text = json.dumps(found, indent=1, allow_nan=False) if as_json else text
    encoding = sys.stdout.encoding or "ascii"
    try:
        print(text.encode(encoding, "replace").decode(encoding), flush=True)
    except BrokenPipeError:                     # the reader has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return CODES[verdict]


def _content(path):
    """The bytes of a file, or of standard input."""
    try:
        if path == "-":
            content = sys.stdin.buffer.read(LONGEST + 1)
        else:
            with open(path, "rb") as file:
                content = file.read(LONGEST + 1)
    except FileNotFoundError:
        raise Unreadable(f"there is no file {shown(path, 60)}") from None
    except IsADirectoryError:
        raise Unreadable(f"{shown(path, 60)} is a folder; name the file in it") from None
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or "this is no name of a file"
        raise Unreadable(f"{shown(path, 60)} cannot be read: {why}") from None
    if len(content) > LONGEST:
        raise Unreadable(f"{shown(path, 60)} has more than {LONGEST >> 20} MB; all results together need less than one")
    return content


def _bar(path):
    """A progress bar on the standard error, where a person sees it and the file is long; else nothing."""
    if not sys.stderr.isatty() or not os.path.isfile(path) or os.path.getsize(path) < LONG_FILE:
        return lambda share: None

    def show(share):
        done = int(40 * share)
        bar = f"reading {'#' * done}{'.' * (40 - done)} {share:4.0%}" if share < 1 else " " * 60 + "\r"
        print("\r" + bar, end="", file=sys.stderr, flush=True)
    return show
