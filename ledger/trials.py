"""How an equation is tried in each scene.

SCENES has one entry for each scene that a row of the registry may name. A running network (`pencil`, or one of a page's
own) is a scene too: the equation is tried on that network only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import mpmath
import numpy as np

import nnlib

from . import networks, scenes
from .arithmetics import DIGITS, Float, High
from .check import Check
from .counts import Loops, Package
from .evaluate import Evaluator
from .grammar import Node, walk
from .lessons import lesson
from .machines import Machines
from .routes import ROUTES
from .values import Wrong, column, in_a_sentence, must_match, norm, number


def try_values(scene, check, count):
    """On random values of a scene's letters; scene(arithmetic, size, rng, asked) makes them."""
    literal = any(node.op == "matrix" for node in check.nodes)      # a printed matrix settles the length
    size, asked = 3 if literal else count, set()
    rough, exact, package = (Evaluator(scene(arithmetic, size, np.random.default_rng(count), answered))
                             for arithmetic, answered in ((Float(), None), (High(), None), (Float(), asked)))
    check.lead = 0                  # of a scene without a network, nnlib answers the first side
    check.run({"float": rough, "precise": exact}, {"nnlib": package} if "function" in check.row else {}, asked)


def try_steps(check, size):
    """On a step of the optimizer that the row names, or Adam. It first adds g to what it remembers."""
    optimizer, asked = check.row.get("function", "Adam"), set()
    if optimizer not in ("SGD", "Adam"):
        raise Wrong(f"in the scene steps a row names SGD or Adam as its function, and not {optimizer}")
    lead = check.sides[0]
    added = lead.op != "after" or Node("name", (scenes.THETA,)) in walk(lead)
    rough, exact = (Evaluator(scenes.Steps(arithmetic, size, optimizer, added)) for arithmetic in (Float(), High()))
    package = Evaluator(scenes.PackageSteps(Float(), size, optimizer, added, asked))
    check.lead = 0
    check.run({"float": rough, "precise": exact}, {"nnlib": package} if "function" in check.row else {}, asked)


def try_counts(check, case):
    """On a network's widths and one to three points."""
    points, asked = case.size % 3 + 1, set()
    rough, exact = (Evaluator(scenes.Counts(arithmetic, Loops(case, points))) for arithmetic in (Float(), High()))
    package = Evaluator(scenes.Counts(Float(), Package(case, points, asked)))
    check.lead = 0
    check.run({"float": rough, "precise": exact}, {"nnlib": package} if "function" in check.row else {}, asked)


# On a function of one number, or of a direction ------------------------------------------------------------------------

STEPS = {"forward_difference": 1e-8, "central_difference": 1e-5, "complex_step": 1e-20}     # h, where nnlib is asked


def try_nudges(check, case):
    """≈: the right side closes in on the left as fast as the row says, and nnlib computes just that side."""
    rng = np.random.default_rng(case.size)
    for _ in range(3):
        m = int(rng.integers(case.n + 1))
        rows, columns = case.W[m].shape
        place = (m, int(rng.integers(rows)), int(rng.integers(columns)) if rng.integers(2) else None)
        h = mpmath.mpf("1e-6")
        first, second = (missed(check, scenes.Nudged(case, place, step)) for step in (h, h / 2))
        if first > 1e-25:               # a straight line is met exactly, and has no rate
            rate, order = mpmath.log(first / second, 2), check.row["order"]
            check.record("rate", abs(rate - order))
            if abs(rate - order) > ROUTES["rate"].tolerance:
                raise Wrong(f"the error shrinks like h^{float(rate):.2f}, not like h^{order}")
        compare_quotient(check, case, place)


def missed(check, scene):
    """How far the quotient is from the derivative, relative to it."""
    left, right = (Evaluator(scene).value(side, {}) for side in check.sides[:2])
    must_match(left, right, "")
    error = norm(left.array - right.array) / max(norm(left.array), 1e-6)
    if error > 1e-3:
        raise Wrong(f"with h = 1e-6 the quotient is {right}, the derivative {left}")
    return error


def compare_quotient(check, case, place):
    """nnlib's quotient against the printed one, for the same h; the subtraction costs rounding / h."""
    name = check.row["function"]
    if name not in STEPS:
        raise Wrong(f"the registry names nnlib's {name}, which is no difference quotient")
    scene = scenes.Nudged(case, place, mpmath.mpf(STEPS[name]))
    quotient = getattr(nnlib, name)(scene.f_float, np.array([float(scene.theta)]), STEPS[name])[:, 0]
    check.compare(name, Evaluator(scene).value(check.sides[1], {}), column(quotient), f"nnlib's {name}")
    check.count(networks=1, comparisons=1, asked=[name])


def try_tangents(check, case):
    """What the tangent misses: by subtraction and by power series; nnlib's rate against ρ."""
    rng = np.random.default_rng(case.size)
    m = int(rng.integers(case.n + 1))
    direction = rng.normal(size=case.b[m].size)
    scene = scenes.Tangent(case, m, direction, mpmath.mpf("0.005"))
    if scene.is_straight():
        return
    check.compare_sides("series", Evaluator(scene), {})
    if check.row.get("function") == "taylor_rate":
        rate = nnlib.taylor_rate(scene.f_float, case.b[m], np.array(scene.D, float), direction, h=0.005)
        check.count(asked=["taylor_rate"])
        if np.isfinite(rate):           # nnlib gives up where the remainder is rounding
            check.compare("rounded", scene.letters["\\rho"], number(mpmath.mpf(rate)), "nnlib's taylor_rate")
    check.count(networks=1, comparisons=1)


# All of them -----------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Trial:
    """How an equation is tried in a scene."""

    run: Callable                           # run(check, item) counts, or raises Wrong
    items: Callable                         # items(): networks, or sizes
    one: str = "network"                    # what the ledger's page calls an item, and several
    several: str = "networks"

    def counted(self, count):
        return f"{count} {self.one if count == 1 else self.several}"


SCENES = {
    "network": Trial(Check.try_network, lambda: [*networks.of_numbers(), *networks.of_letters()]),
    "narrow": Trial(Check.try_network, networks.narrow),
    "batch": Trial(Check.try_batch, networks.batches, "batch", "batches"),
    "scores": Trial(partial(try_values, scenes.Scores), lambda: range(1, 9), "set of scores", "sets of scores"),
    "normalised": Trial(partial(try_values, scenes.Normalised), lambda: range(2, 9), "set of numbers", "sets of numbers"),
    "vectors": Trial(partial(try_values, scenes.Vectors), lambda: range(1, 9), "set of vectors", "sets of vectors"),
    "steps": Trial(try_steps, lambda: range(1, 9), "step", "steps"),
    "counts": Trial(try_counts, lambda: networks.of_numbers()[::3]),
    "machines": Trial(partial(try_values, Machines), lambda: range(1, 9), "set of numbers", "sets of numbers"),
    "nudge": Trial(try_nudges, networks.smooth, "function", "functions"),
    "tangent": Trial(try_tangents, networks.smooth, "function", "functions"),
}


def trial_of(name, registry):
    """The Trial of a scene, or of a running network."""
    if name in SCENES:
        return SCENES[name]
    running = networks.running_networks(registry)
    if name in running:
        return Trial(Check.try_network, lambda: [running[name]])
    raise Wrong(f"there is no scene {name!r}, only {', '.join([*SCENES, *running])} ({lesson('A scene')})")


def examine(latex, row, registry):
    """What came of an equation: a dictionary of numbers and texts, in which `fault` is None if it holds."""
    with mpmath.workdps(DIGITS), np.errstate(divide="raise", over="raise", invalid="raise"):
        try:
            trial = trial_of(row.get("scene", "network"), registry)
            check = Check(latex, row)
        except (Wrong, RecursionError) as error:
            return {"networks": 0, "comparisons": 0, "symbolic": 0, "worst": {}, "asked": [], "fault": str(error)}
        for item in trial.items():
            try:
                trial.run(check, item)
            except (Wrong, ArithmeticError, RecursionError) as error:
                place = f"on {item}: " if isinstance(item, networks.Case) else ""
                return {**check.result, "fault": place + in_a_sentence(error)}
        return {**check.result, "fault": what_is_missing(check)}


def what_is_missing(check):
    """What only the whole can tell: it was evaluated at all, and nnlib's function took part."""
    asked, wanted = check.result["asked"], check.row.get("function")
    if not check.result["comparisons"]:
        return "no network fits it, so it was never evaluated"
    if wanted and wanted not in asked:
        others = f"asked {', '.join(asked)}" if asked else "asked none of its functions"
        return f"the registry names nnlib's {wanted}, but the check {others}"
    return None
