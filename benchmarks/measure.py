"""Times the sides of each question: run by bench.py, in .venv-bench.

The sides of a question are timed in turns, in blocks of a millisecond or of one call, so that all meet the same state of
the machine. Only ratios are reported: that of the shortest blocks, and the median of the ratios of neighbouring blocks.
Where the two differ by more than 5 %, the row is inconclusive. The first row times the same function against itself; if it
is more than 2 % away from 1, all rows are void.
"""
import gc
import importlib.metadata
import json
import os
import platform
import sys
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import sides

REPORT = Path(__file__).resolve().parent / "results.json"
ROUNDS, BLOCK = 101, 1e-3               # blocks of each side, and the seconds that one takes at least
FEWEST, LONGEST = 5, 4.0                # rounds of sides that take longer, so many that all take about so many seconds
INCONCLUSIVE, VOID = 0.05, 0.02
PACKAGES = {"PyTorch": "torch", "JAX": "jax", "scikit-learn": "scikit-learn"}


def seconds(function, calls, clock=time.perf_counter):
    start = clock()
    for _ in range(calls):
        function()
    return (clock() - start) / calls


def block(function, clock):
    """How many calls make a block, and its seconds."""
    once = seconds(function, 1, clock)
    if once < BLOCK:
        once = min(seconds(function, 5, clock) for _ in range(5))
    calls = max(1, round(BLOCK / once))
    return calls, calls * once


def times(functions, clock=time.perf_counter):
    """For each function, the seconds of one call in every round."""
    calls, lengths = zip(*[block(function, clock) for function in functions])
    taken = [[] for _ in functions]
    for number in range(min(ROUNDS, max(FEWEST, round(LONGEST / sum(lengths))))):
        for step in range(len(functions)):
            k = (number + step) % len(functions)
            taken[k].append(seconds(functions[k], calls[k], clock))
    return taken


def row(text, who, mine, other, wanted):
    """How many times the time of a bare loop or a limit nnlib takes, or how many times as fast as a peer it is."""
    above, below = (other, mine) if who in sides.PEERS else (mine, other)
    shortest, middle = min(above) / min(below), median(one / two for one, two in zip(above, below))
    missed = wanted is not None and (middle < wanted if who in sides.PEERS else middle > wanted)
    return {"text": text, "who": who, "median": round(middle, 3), "shortest": round(shortest, 3), "wanted": wanted,
            "missed": missed, "inconclusive": abs(shortest - middle) > INCONCLUSIVE * middle}


def rows(questions):
    """The rows of the report, the first of which times nnlib against itself."""
    same = questions[0].sides["nnlib"]
    mine, again = times([same, same])
    yield row("the same function twice", "itself", mine, again, None)
    for question in questions:
        mine, *others = times([*question.sides.values()], question.clock)
        for who, taken in zip([*question.sides][1:], others):
            yield row(question.text, who, mine, taken, question.wanted.get(who))


def setting():
    """Versions, threads and the processor's vector instructions."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    versions = {"Python": platform.python_version(), "NumPy": np.__version__, blas["name"]: blas["version"]}
    versions |= {name: importlib.metadata.version(package).split("+")[0] for name, package in PACKAGES.items()}
    import torch
    return {"versions": versions, "threads": 1, "instructions": torch.backends.cpu.get_cpu_capability()}


def main():
    with suppress(AttributeError, OSError):             # not on macOS and Windows
        os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
    questions = sides.questions()
    for question in questions:
        question.check()
    gc.disable()
    found = []
    print(f"{'how many times the time of bare loop and limit, as fast as the others':81} median  shortest  wanted")
    for one in rows(questions):
        found.append(one)
        remark = " ".join(word for word in ("missed", "inconclusive") if one[word])
        print(f"{one['text']:68} {one['who']:12} {one['median']:6.2f} {one['shortest']:9.2f} {one['wanted'] or '–':>7}  "
              f"{remark}".rstrip(), flush=True)
    if abs(found[0]["median"] - 1) > VOID:
        return f"A function differs from itself: the machine is too busy, and no row counts. {REPORT.name} stays as it was."
    REPORT.write_text(json.dumps(setting() | {"rows": found}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{REPORT.name} is written; `make notebooks` shows it in the book.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
