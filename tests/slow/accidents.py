"""Does chance lead to a name? 100,000 random faults, each beside every bug and every pair of bugs that nnlib knows.

    python tests/slow/accidents.py [FAULTS]

The prediction of every bug and pair for two vectors is drawn together to one number each, its key; the keys are sorted. A
fault can have a name only if its own keys are among them, on both vectors. Only those that are so are given to `check`. Its
count is added to benchmarks/diagnoses.json, which chapter 12 prints.
"""
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import combinations, islice

import numpy as np
from diagnoses import FACTORED, KNOWN, TARGET, as_lines, numbers

from nnlib.conformance import check
from nnlib.diagnosis import results_with, together
from nnlib.lines import BELOW, EVERYWHERE, FIRST, LAST, Bug
from nnlib.vectors import vectors

BY_NAME = {vector.name: vector for vector in vectors()}
ASKED = "equal_widths_kinds", "square_batch"        # small ones, on which nearly every bug shows, one with each loss
NEAR = 1e-7                                         # far more than a name allows


@np.errstate(all="ignore")
def key(bugs, name):
    """One number for what a program with these bugs gives for a vector: near ones for near results."""
    vector = BY_NAME[name]
    row = np.concatenate([*results_with(bugs, vector, [*vector.expected]).values()])
    bounded = np.where(np.isfinite(row), row / (1 + abs(row)), 2.0)
    return float(bounded @ np.random.default_rng(1).uniform(-1, 1, len(bounded)))


def programs(name):
    """The bugs that show on a vector, of those that are the same program there one, and all pairs of them."""
    right, deep, found = key((), name), len(BY_NAME[name].net) > 1, {}
    for bug in KNOWN:
        if key((bug,), name) != right:
            found.setdefault((id(bug.changes), bug.place if deep else bug.place == BELOW, bug.shared), bug)
    yield ()
    for bug in found.values():
        yield (bug,)
    for pair in combinations(found.values(), 2):
        yield from together(*pair)


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


def suspected(known, seed):
    """Whether a fault's keys are among those of the bugs and pairs, on both vectors."""
    for name in ASKED:
        mine = key((fault(seed),), name)
        place = np.searchsorted(known[name], mine)
        if not np.any(abs(known[name][max(place - 1, 0):place + 1] - mine) < NEAR):
            return False
    return True


def naming(seed):
    """What `check` says of a fault that it names, or nothing."""
    diagnosis = check(as_lines(numbers((fault(seed),)))).diagnosis                 # None where the fault changes nothing
    return f"{fault(seed).changes} {diagnosis}" if diagnosis is not None and diagnosis.named else ""


def numbered(name, part, parts):
    """The keys of every parts-th program: each process lists them anew, as no change of a bug can be sent."""
    return [key(bugs, name) for bugs in islice(programs(name), part, None, parts)]


def main(faults=100_000):
    start = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        known = {name: np.sort(np.concatenate([*pool.map(partial(numbered, name, parts=16), range(16))])) for name in ASKED}
        print({name: len(row) for name, row in known.items()}, f"programs, {time.perf_counter() - start:.0f} s", flush=True)
        suspects = [seed for seed, found in enumerate(pool.map(partial(suspected, known), range(faults), chunksize=500))
                    if found]
        print(len(suspects), f"are near a program on both, {time.perf_counter() - start:.0f} s", flush=True)
        named = [(seed, text) for seed, text in zip(suspects, pool.map(naming, suspects, chunksize=4)) if text]
    for one in named:
        print(*one, flush=True)
    found = {"faults": faults, "programs": max(map(len, known.values())), "suspected": len(suspects), "named": len(named)}
    print(found, f"{time.perf_counter() - start:.0f} s")
    if faults >= 100_000:
        report = json.loads(TARGET.read_text(encoding="utf-8")) | {"accidents": found}
        TARGET.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
