"""How often a planted bug is named, and nothing else is: chapter 12 prints what this writes to benchmarks/diagnoses.json.

    python tests/slow/diagnoses.py [SHARE]      # SHARE of each count, such as 0.1

All are drawn anew with each seed: bugs and pairs from those that nnlib knows, in every place, and unknown faults. A case
counts as named if one of the explanations that are given, two bugs or three pairs at most, has the planted bugs and no
others; of a pair one bug may suffice, and be any, if it gives all of the numbers alone. It counts as falsely named if the
explanations have other bugs, and as too small if it changes fewer numbers than it takes for a name. Half of the files of
unknown faults lack some quantities.
"""
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from nnlib.bugs import hypotheses, padded
from nnlib.conformance import check
from nnlib.diagnosis import results_with, together
from nnlib.lines import BELOW, EVERYWHERE, FIRST, LAST, Bug
from nnlib.vectors import QUANTITIES, vectors

TARGET = Path(__file__).resolve().parents[2] / "benchmarks" / "diagnoses.json"
KNOWN = [*hypotheses()]
COUNTS = {"single": 400, "pairs": 400, "single precision": 200, "unknown": 200}
FACTORED = ("weighted_sum", "activation", "slope", "stretch", "back", "weight_gradient", "bias_gradient", "forth", "tighten",
            "by_weight", "by_bias", "step", "loss", "share", "by_answers")


def places(nested, place=()):
    if not isinstance(nested, list):
        return [place]
    return [one for k, part in enumerate(nested) for one in places(part, (*place, k))]


PLACES = {(vector.name, name): places(nested) for vector in vectors() for name, nested in vector.expected.items()}


@np.errstate(all="ignore")
def numbers(bugs):
    """What a program with these bugs gives for every vector: {(vector, quantity): numbers}."""
    return {(vector.name, name): row for vector in vectors()
            for name, row in results_with(bugs, vector, [*vector.expected]).items()}


def as_lines(found, form=repr):
    return "\n".join(" ".join(map(str, (*key, *place, form(float(number)))))
                     for key, row in found.items() for place, number in zip(PLACES[key], row))


def differ(one, other):
    """On how many vectors that decide two programs differ."""
    deciding = {vector.name for vector in vectors() if vector.decides}
    return len({key[0] for key in one.keys() & other.keys() if key[0] in deciding
                and not np.allclose(one[key], other[key], rtol=1e-6, atol=1e-9, equal_nan=True)})


def in_single(found, rng):
    """The same numbers with the rounding of single precision on the way: each is off by some of its units."""
    return {key: np.float32(row) * (1 + np.float32(2e-7) * rng.uniform(-1, 1, np.shape(row)).astype(np.float32))
            for key, row in found.items()}


def unknown(rng):
    """A change of one line that no bug of the list is, in some layers: a factor, and sometimes a number added, or numbers
    that belong to another layer or another unit, or are squared."""
    factor, more = rng.uniform(0.2, 5), rng.choice([0, 0, 0.3])
    line, place = str(rng.choice(FACTORED)), str(rng.choice([EVERYWHERE, LAST, BELOW, FIRST]))
    changes = {line: lambda s, right, *args: factor * right(*args) + more}
    if rng.random() < 0.5:
        line = str(rng.choice([*ELSEWHERE]))
        changes = {line: ELSEWHERE[line]}
    return Bug("unknown", "", "", "", changes, place)


ELSEWHERE = {
    "weighted_sum": lambda s, right, m: right(m)[:, ::-1],
    "slope": lambda s, right, m: padded(s.phi[(m + 2) % (s.n + 1)].df(s.z[(m + 2) % (s.n + 1)]), s.z[m].shape),
    "back": lambda s, right, m, delta: delta @ padded(s.W[(m + 2) % (s.n + 1)], s.W[m].shape),
    "weight_gradient": lambda s, right, m, delta: delta.T @ s.a[m] ** 2,
    "bias_gradient": lambda s, right, m, delta: right(m, delta)[::-1],
    "weight_step": lambda s, right, m: s.W[m] - s.rate * s.by_W[m][::-1],
}


def beside(first, second):
    """What a bug still changes where the second takes the place of its line."""
    return replace(first, changes={line: change for line, change in first.changes.items() if line not in second.changes})


def cases(kind, rng):
    """Planted bugs and the results file, without end. A case in which a bug changes nothing is not one, nor is a pair of
    which the second bug replaces a line of the first, so that the first is there only in part."""
    right = numbers(())
    while True:
        asked = {*QUANTITIES}
        if kind == "unknown":
            bugs = [unknown(rng)]
            if rng.random() < 0.5:
                asked = {*rng.choice(QUANTITIES, rng.integers(2, 7), replace=False)}
        else:
            bugs = [KNOWN[k] for k in rng.choice(len(KNOWN), 2 if kind == "pairs" else 1, replace=False)]
        if kind == "pairs" and not together(*bugs):
            continue
        found = {key: row for key, row in numbers(bugs).items() if key[1] in asked}
        without = [numbers([one for one in bugs if one is not bug]) for bug in bugs] if len(bugs) > 1 else [right]
        if len(bugs) > 1 and not bugs[0].changes.keys().isdisjoint(bugs[1].changes):
            without.append(numbers([beside(*bugs), bugs[1]]))
        if len({bug.name for bug in bugs}) < len(bugs) or min(differ(found, one) for one in [right, *without]) < 2:
            continue
        if any(bug.open for bug in bugs):           # something stands past the end of an array
            found = {key: np.where(np.isnan(row), rng.normal(size=np.shape(row)), row) for key, row in found.items()}
        yield bugs, as_lines(in_single(found, rng), "{:.9g}".format) if kind == "single precision" else as_lines(found)


def judged(case):
    """(named, falsely named, too small, seconds) of one case, and what to say of a failure."""
    names, text = case
    start = time.perf_counter()
    diagnosis = check(text).diagnosis
    took = time.perf_counter() - start
    given = [{bug.name for bug in bugs} for bugs in diagnosis.explanations] if diagnosis.named else []
    named = any(one <= {*names} or len(one) < len(names) for one in given)
    return named, bool(given) and not named, not diagnosis.enough, took, (names, [sorted(one) for one in given])


def main(share=1.0, seed=None):
    seed = int(time.time()) if seed is None else seed
    found = {"bugs": len({bug.name for bug in KNOWN}), "hypotheses": len(KNOWN), "seed": seed}
    with ProcessPoolExecutor(2) as pool:
        for kind, count in COUNTS.items():
            rng = np.random.default_rng([seed, *kind.encode()])
            several = islice(cases(kind, rng), max(4, int(share * count)))
            drawn = (([bug.name for bug in bugs], text) for bugs, text in several)
            results = [*pool.map(judged, drawn, chunksize=4)]
            named, false, small, times, _ = zip(*results)
            found[kind] = {"cases": len(results), "named": sum(named), "falsely named": sum(false), "too small": sum(small)}
            print(kind, found[kind], f"median {np.median(times):.2f} s, longest {max(times):.2f} s", flush=True)
            for one, wrong, few, _, what in results:
                if wrong or kind != "unknown" and not one and not few:
                    print("  ", *what, flush=True)
    if share == 1:
        found = json.loads(TARGET.read_text(encoding="utf-8")) | found
        TARGET.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))
