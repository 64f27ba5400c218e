"""How an equation is tried in each scene, and all equations in all scenes.

SCENES has one entry for each scene that a row of the registry may name. A running network (`pencil`, or one of a page's
own) is a scene too: the equation is tried on that network only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import mpmath
import numpy as np

import nnlib

from . import scenes
from .arithmetics import DIGITS, Float, High
from .check import Check, empty_result, in_a_sentence
from .evaluate import Evaluator
from .grammar import Refused, walk
from .lessons import lesson
from .networks import LETTER_WIDTHS, all_networks, narrow_networks, random_case, running_networks, smooth_networks
from .referees import Nudges, Package, Symbols
from .routes import ROUTES
from .values import Wrong, must_match, number


class Referees:
    """The referees of one case, each made once, when somebody asks."""

    def __init__(self, case):
        self.case, self.made = case, {}

    def get(self, kind):
        if kind not in self.made:
            self.made[kind] = kind(self.case)
        return self.made[kind]

    def of(self, route):
        return self.get(route.referee)

    @cached_property
    def truth(self):
        return self.get(Nudges)

    @cached_property
    def package(self):
        return self.get(Package)


# On values of letters --------------------------------------------------------------------------------------------------

def values_of(scene):
    """A trial on random values of a scene's letters; scene(arithmetic, size, rng, asked) makes them."""
    def try_values(check, count, _):
        literal = any(node.op == "matrix" for node in walk(check.tree))     # a printed matrix settles the length
        size, asked = 3 if literal else count, set()
        exact, rough, package = (Evaluator(scene(arithmetic, size, np.random.default_rng(count), answered))
                                 for arithmetic, answered in ((High(), None), (Float(), None), (Float(), asked)))
        ends = exact.ranges(check.sides, {}, check.places)
        for place in product(*(range(1, end + 1) for end in ends.values())):
            letters = dict(zip(ends, place))
            check.compare_sides(letters, exact, rough, precise=True)
            first, answer = (one.settled(check.sides[0], letters) for one in (rough, package))
            if asked:
                check.compare("nnlib", first, answer, f"{check.printed[0]} of {size} numbers")
        check.count(networks=1, asked=asked)
    return try_values


# On a function of one number, or of a direction ------------------------------------------------------------------------

STEPS = {"forward_difference": 1e-8, "central_difference": 1e-5, "complex_step": 1e-20}     # h, where nnlib is asked


def try_nudges(check, case, referees):
    """≈: the right side closes in on the left as fast as the row says, and nnlib computes just that side."""
    rng = np.random.default_rng(case.size)
    for _ in range(3):
        m = int(rng.integers(case.n + 1))
        rows, columns = case.W[m].shape
        place = (m, int(rng.integers(rows)), int(rng.integers(columns)) if rng.integers(2) else None)
        h = mpmath.mpf("1e-6")
        first, second = (missed(check, case, scenes.Nudged(referees.truth, place, step)) for step in (h, h / 2))
        if first > 1e-25:               # a straight line is met exactly, and has no rate
            rate, order = mpmath.log(first / second, 2), check.row["order"]
            check.record("rate", abs(rate - order))
            if abs(rate - order) > 0.02:
                raise Wrong(f"on {case}: the error shrinks like h^{float(rate):.2f}, not like h^{order}")
        check.count(networks=1, comparisons=1, asked=compare_quotient(check, case, referees.truth, place))


def missed(check, case, scene):
    """How far the quotient is from the derivative, relative to it."""
    left, right = (Evaluator(scene).settled(side, {}) for side in check.sides[:2])
    must_match(left, right, f"on {case}")
    error = mpmath.norm(list(np.ravel(left.array - right.array))) / max(mpmath.norm(list(np.ravel(left.array))), 1e-6)
    if error > 1e-3:
        raise Wrong(f"on {case}: with h = 1e-6 the quotient is {right}, the derivative {left}")
    return error


def compare_quotient(check, case, truth, place):
    """nnlib's quotient against the printed one, for the same h; the subtraction costs rounding / h."""
    name = check.row["function"]
    h = STEPS[name]
    scene = scenes.Nudged(truth, place, mpmath.mpf(h))
    printed = Evaluator(scene).settled(check.sides[1], {})
    quotient = getattr(nnlib, name)(scene.f_float, np.array([float(scene.theta)]), h)[:, 0]
    error = float(mpmath.norm(list(printed.array - quotient)) / max(1, mpmath.norm(list(np.ravel(printed.array)))))
    check.record(name, error)
    if error > ROUTES[name].tolerance:
        raise Wrong(f"on {case}: nnlib's {name} gives {quotient}, the printed quotient {printed}")
    return [name]


def try_tangents(check, case, referees):
    """What the tangent misses: by subtraction and by power series; nnlib's rate against ρ."""
    rng = np.random.default_rng(case.size)
    m = int(rng.integers(case.n + 1))
    direction = rng.normal(size=case.b[m].size)
    scene = scenes.Tangent(referees.truth, m, direction, mpmath.mpf("1e-2") / 2)
    if scene.is_straight():
        return
    first, second = (Evaluator(scene).settled(side, {}) for side in check.sides[:2])
    check.compare("series", first, second, f"on {case}: {check.printed[1]}")
    if check.row.get("function") == "taylor_rate":
        rate = nnlib.taylor_rate(scene.f_float, case.b[m], np.array(scene.D, float), direction,
                                 h=float(scene.letters["h"].array))
        check.count(asked=["taylor_rate"])
        if np.isfinite(rate):           # nnlib gives up where the remainder is rounding
            check.compare("rounded", scene.letters["\\rho"], number(mpmath.mpf(rate)), f"on {case}: nnlib's taylor_rate")
    check.count(networks=1, comparisons=1)


# All of them -----------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Trial:
    """How an equation is tried in a scene."""

    run: Callable                           # run(check, item, the item's referees) counts, or raises Wrong
    items: Callable                         # items(registry): networks, or sizes
    one: str = "network"                    # what the ledger's page calls an item, and several
    several: str = "networks"
    with_letters: Callable | None = None    # for which widths it is tried with letters for numbers too

    def counted(self, count):
        return f"{count} {self.one if count == 1 else self.several}"


SCENES = {
    "network": Trial(Check.try_network, all_networks, with_letters=lambda widths: True),
    "narrow": Trial(Check.try_network, narrow_networks, with_letters=lambda widths: set(widths) == {1}),
    "vectors": Trial(values_of(scenes.Vectors), lambda registry: range(1, 9), "set of vectors", "sets of vectors"),
    "nudge": Trial(try_nudges, smooth_networks, "function", "functions"),
    "tangent": Trial(try_tangents, smooth_networks, "function", "functions"),
}


def trial_of(name, registry):
    """The Trial of a scene, or of a running network."""
    if name in SCENES:
        return SCENES[name]
    running = running_networks(registry)
    if name in running:
        return Trial(Check.try_network, lambda registry: [running[name]])
    raise Wrong(f"there is no scene {name!r}, only {', '.join([*SCENES, *running])} ({lesson('A scene')})")


def examine(equations, registry, part=0, parts=1):
    """The results of [(label, LaTeX, row)] on one part of what is tried; `fault` is that of the smallest network."""
    with mpmath.workdps(DIGITS), np.errstate(divide="raise", over="raise", invalid="raise"):
        results, groups = [], {}
        for label, latex, row in equations:
            name = row.get("scene", "network")
            try:
                on_networks = trial_of(name, registry).run is Check.try_network
                check = Check(label, latex, row, on_networks)
            except (Refused, Wrong, RecursionError) as error:
                results.append({**empty_result(label), "fault": str(error), "size": 0})
            else:
                results.append(check.result)
                groups.setdefault(name, []).append(check)
        for name, checks in groups.items():
            trial = trial_of(name, registry)
            for item in list(trial.items(registry))[part::parts]:
                try_each(checks, trial.run, item, Referees(item))
            if trial.with_letters:
                for widths in filter(trial.with_letters, LETTER_WIDTHS[part::parts]):
                    symbols = Symbols(random_case(widths, "tanh", np.random.default_rng(0)))
                    try_each(checks, with_letters, symbols.case, symbols)
    return results


def try_each(checks, run, item, referees):
    """One network, or one size, for every equation that has not failed yet."""
    for check in checks:
        if check.result["fault"] is None:
            try:
                run(check, item, referees)
            except Wrong as wrong:
                check.refuse(getattr(item, "size", item), wrong)
            except (ArithmeticError, RecursionError) as error:
                check.refuse(getattr(item, "size", item), f"on {item}: {in_a_sentence(error)}")


def with_letters(check, case, symbols):
    try:
        check.try_letters(symbols)
    except Wrong as wrong:
        raise Wrong(f"on a network {'-'.join(map(str, case.widths))} of letters: {wrong}") from None
