"""Does chance lead to a name? 100,000 random faults, each beside every bug and every pair of bugs that nnlib knows.

    python tests/slow/accidents.py [FAULTS]

What a program gives for a vector is drawn together to one number, its key. A fault can have the name of a bug or pair only
if their keys are near on both of two vectors. Only the faults for which there is such a bug or pair are given to `check`.
The counts are added to benchmarks/diagnoses.json, which chapter 12 prints.
"""
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from diagnoses import FACTORED, KNOWN, TARGET, as_lines, numbers

from nnlib.conformance import check
from nnlib.diagnosis import results_with, together
from nnlib.lines import BELOW, EVERYWHERE, FIRST, LAST, Bug
from nnlib.vectors import vectors

BY_NAME = {vector.name: vector for vector in vectors()}
ASKED = "equal_widths_kinds", "square_batch"        # nearly every bug shows on them, and no square W is read past its end
NEAR = 1e-7                                         # far more than a name allows
WEIGHTS = np.random.default_rng(1).uniform(-1, 1, 1000)
PARTS = 32


@np.errstate(all="ignore")
def key(bugs, name):
    """One number for what a program with these bugs gives for a vector: near ones for near results."""
    vector = BY_NAME[name]
    row = np.concatenate([*results_with(bugs, vector, [*vector.expected]).values()])
    bounded = np.where(np.isfinite(row), row / (1 + abs(row)), 2.0)
    return float(bounded @ WEIGHTS[:len(bounded)])


def programs(part):
    """Every PARTS-th bug, and its pairs with all that come after it."""
    for place in range(part, len(KNOWN), PARTS):
        yield (KNOWN[place],)
        for other in KNOWN[place + 1:]:
            yield from together(KNOWN[place], other)


def fault(seed):
    """A change of one line that no bug of the list is, in some layers, by random numbers."""
    rng = np.random.default_rng([7, seed])
    factor, number, power = rng.uniform(0.2, 5), rng.normal(), rng.uniform(0.3, 3)
    form = [lambda x: factor * x,
            lambda x: factor * x + number,
            lambda x: x + number,
            lambda x: np.sign(x) * abs(x) ** power,
            lambda x: x * np.random.default_rng([8, seed]).uniform(0.2, 5, np.shape(x)),
            lambda x: x + np.random.default_rng([8, seed]).normal(size=np.shape(x))][rng.integers(6)]
    line = str(rng.choice(FACTORED))                # of which three are not used in layer 0
    place = str(rng.choice([EVERYWHERE, LAST, BELOW, *([] if line in ("back", "forth", "tighten") else [FIRST])]))
    return Bug("unknown", "", "", "", {line: lambda s, right, *args: form(right(*args))}, place)


def keys(part):
    """The keys of a part of the programs on each of the vectors, (2, P)."""
    return np.array([[key(bugs, name) for bugs in programs(part)] for name in ASKED])


def keys_of_fault(seed):
    return [key((fault(seed),), name) for name in ASKED]


class Known:
    """The keys of the programs on each vector, (2, P), so that those near two numbers are found fast."""

    def __init__(self, keys):
        self.order = np.argsort(keys, axis=1)                           # programs by their keys
        self.keys = np.take_along_axis(keys, self.order, axis=1)
        self.place = np.argsort(self.order, axis=1)                     # of each program in that order

    def has(self, pair):
        """Whether one of the programs has keys near these, on both vectors."""
        ends = [np.searchsorted(keys, [number - NEAR, number + NEAR]) for keys, number in zip(self.keys, pair)]
        few, many = sorted((0, 1), key=lambda side: ends[side][1] - ends[side][0])
        places = self.place[many][self.order[few][slice(*ends[few])]]
        return bool(((places >= ends[many][0]) & (places < ends[many][1])).any())


def naming(seed):
    """What `check` says of a fault that it names, or nothing."""
    diagnosis = check(as_lines(numbers((fault(seed),)))).diagnosis                 # None where the fault changes nothing
    return f"{fault(seed).changes} {diagnosis}" if diagnosis is not None and diagnosis.named else ""


def main(faults=100_000):
    start = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        known = Known(np.concatenate([*pool.map(keys, range(PARTS))], axis=1))
        count = known.keys.shape[1]
        print(count, f"programs, {time.perf_counter() - start:.0f} s", flush=True)
        suspects = [seed for seed, pair in enumerate(pool.map(keys_of_fault, range(faults), chunksize=500))
                    if known.has(pair)]
        print(len(suspects), f"faults are near one of them, {time.perf_counter() - start:.0f} s", flush=True)
        named = [(seed, text) for seed, text in zip(suspects, pool.map(naming, suspects, chunksize=4)) if text]
    for one in named:
        print(*one, flush=True)
    found = {"faults": faults, "programs": count, "suspected": len(suspects), "named": len(named)}
    print(found, f"{time.perf_counter() - start:.0f} s")
    if faults >= 100_000:
        report = json.loads(TARGET.read_text(encoding="utf-8")) | {"accidents": found}
        TARGET.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
