"""The checks: an equation on many networks, against referees that share nothing with it.

`examine` takes equations (label, LaTeX, row of the registry) and gives one Result each. It works in parts, so that two
processes may share the networks. A Result is plain data: it is stored, merged and shown.
"""

import math
from itertools import product

import mpmath
import numpy as np

import nnlib

from .evaluate import Evaluator, NoLayer, Wrong, free_letters
from .grammar import Refused, parse, walk
from .referees import DIGITS, ImaginaryStep, Nudges, Package, Symbols, TwoNudges, plain_case, random_case
from .scenes import BOLD, Y_HAT, Float, High, Letters, NetworkScene, Nudged, PackageScene, Tangent, Vectors, number

# Largest error allowed per route, relative to the truth's norm. The first is a matter of digits; float64 keeps about
# 1e-15 and loses some to cancellation; two nudges err by h² f‴/6 and by rounding over h, both near 1e-10 here.
ROUTES = {"precise": 1e-30, "float": 1e-11, "plain": 1e-11, "step": 1e-11, "nudges": 1e-5, "nnlib": 1e-11}
PRECISE = {"precise", "series", "rounded"}
SMOOTH = {"square", "sigmoid", "tanh", "softplus", "sin"}


# The networks ----------------------------------------------------------------------------------------------------------

def random_cases():
    """Depths 1 to 6, widths that differ and square ones, every activation, one by one and mixed."""
    rng = np.random.default_rng(2022)
    plans = [((2, 3), "tanh"), ((3, 1), "relu"), ((2, 1, 2), "sin"), ((1, 3, 2), "softplus"), ((3, 2, 4), "square"),
             ((2, 3, 2, 3), "sigmoid"), ((3, 3, 3, 3), "leaky_relu"), ((2, 3, 3, 2), "tanh"), ((2, 1, 3, 2), "identity"),
             ((2, 3, 2, 3, 3), "sin"), ((2, 2, 2, 2, 2), "sigmoid"), ((3, 4, 2, 3, 2), "relu"),
             ((2, 3, 3, 3, 3, 2), "tanh"), ((1, 2, 3, 2, 1, 3), "softplus"), ((2, 3, 2, 4, 2, 3, 2), "leaky_relu"),
             ((2, 2, 3, 3, 2, 2, 3), "sin")]
    for widths, phi in plans:
        yield random_case(widths, phi, rng, precise=True)
    names = sorted(nnlib.activations.ACTIVATIONS)
    for count in range(34):
        depth = count % 6 + 1
        widths = rng.integers(1, 5, size=depth + 1) if count % 3 else np.full(depth + 1, 2 + count % 2)
        yield random_case(tuple(map(int, widths)), [names[(count + 3 * k) % 8] for k in range(depth)], rng)


def narrow_cases():
    """One unit per layer."""
    rng = np.random.default_rng(7)
    names = sorted(nnlib.activations.ACTIVATIONS)
    for count in range(24):
        depth = 3 if count % 2 else count // 2 % 5 + 1
        yield random_case((1,) * (depth + 1), [names[(count + 3 * k) % 8] for k in range(depth)], rng, precise=True)


def all_cases(registry):
    """Every case, by the scenes that use it, smallest networks first."""
    mazur = nnlib.Network([nnlib.Layer([[.15, .20], [.25, .30]], [.35, .35], "sigmoid"),
                           nnlib.Layer([[.40, .45], [.50, .55]], [.60, .60], "sigmoid")])
    pencil = nnlib.pencil_network()
    running = {"pencil": plain_case(pencil, [2, 3], [9, 25, 15], "the pencil network, ", True),
               "twin": plain_case(nnlib.pencil_twin(), [2, 3], None, "the pencil network's twin, ", True),
               "mazur": plain_case(mazur, [.05, .10], [.01, .99], "Mazur's network, ", True)}
    for name, given in registry.get("networks", {}).items():
        network = nnlib.Network([nnlib.Layer(one["W"], one["b"], one.get("phi", "square")) for one in given["layers"]])
        running[name] = plain_case(network, given["x"], None, f"the network “{name}”, ", True)
    cases = {name: [case] for name, case in running.items()}
    networks = [running["pencil"], running["twin"], running["mazur"], *random_cases()]
    cases["network"] = sorted(networks, key=lambda one: one.size)
    cases["narrow"] = sorted(narrow_cases(), key=lambda one: one.size)
    cases["nudge"] = cases["tangent"] = [case for case in cases["network"] if case.precise and {*case.phi} <= SMOOTH]
    return cases


# Results ---------------------------------------------------------------------------------------------------------------

def empty_result(label):
    return {"label": label, "networks": 0, "comparisons": 0, "symbolic": 0, "worst": {}, "asked": [], "fault": None,
            "size": math.inf}


def merge(results):
    """The results of the parts of one equation as one; of several faults the one of the smallest network."""
    total = empty_result(results[0]["label"])
    for one in results:
        for key in ("networks", "comparisons", "symbolic"):
            total[key] += one[key]
        for route, error in one["worst"].items():
            total["worst"][route] = max(error, total["worst"].get(route, 0))
        total["asked"] = sorted({*total["asked"], *one["asked"]})
        if one["fault"] and one["size"] < total["size"]:
            total["fault"], total["size"] = one["fault"], one["size"]
    return total


def finish(result, row):
    """The merged result, with what only the whole can tell: it was evaluated at all, and nnlib's function took part."""
    if result["fault"] is None:
        if not result["comparisons"]:
            result["fault"] = "no network fits it, so it was never evaluated"
        elif (wanted := row.get("function")) and wanted not in result["asked"]:
            asked = f"asked {', '.join(result['asked'])}" if result["asked"] else "asked none of its functions"
            result["fault"] = f"the registry names nnlib's {wanted}, but the check {asked}"
    result.pop("size")
    return result


class Check:
    """One equation, being examined: compares values, and keeps the worst error of each route."""

    def __init__(self, label, latex, row):
        self.result, self.row = empty_result(label), row
        self.tree = parse(latex)
        self.sides = list(self.tree.args[1:])
        self.relations = self.tree.args[0]
        self.written = [part.strip() for part in latex.replace("\\approx", "=").split("=")]
        if "also" in row:
            self.sides.append(parse(f"{row['also']} = 0").args[1])
            self.written.append(row["also"])
        self.arguments = same_function(self.sides)
        self.layers, self.places = free_letters(self.tree)
        names = {node.args[0] for node in walk(self.tree) if node.op == "name"}
        self.follows = BOLD["v"] in names and row.get("scene", "network") == "network"
        self.lead, self.routes = self.leading()

    def leading(self):
        """(the place of the side that other routes can tell, the names of those routes)."""
        moves = lambda node: node.op == "derivative" or node.args[:1] == (BOLD["v"],)       # noqa: E731
        gives = lambda node: node.args[:1] in ((BOLD["z"],), (BOLD["a"],), (Y_HAT,))        # noqa: E731
        for tells, routes in ((moves, ("step", "nudges", "nnlib")), (gives, ("plain", "nnlib"))):
            for place, side in enumerate(self.sides):
                if any(map(tells, walk(side))):
                    return place, routes
        return 0, ()

    def note(self, route, error):
        self.result["worst"][route] = max(error, self.result["worst"].get(route, 0.0))

    def compare(self, route, truth, value, where, floor=1e-6):
        """Note how far a value is from the truth; Wrong if it is further than the route allows."""
        if truth.kind != value.kind and not (truth.free or value.free) or np.shape(truth.array) != np.shape(value.array):
            raise Wrong(f"{where}: a {truth.kind} {truth} on one side, a {value.kind} {value} on the other")
        if route == "symbols":
            difference = np.ravel(truth.array - value.array)
            if any(one.expand() != 0 for one in difference):
                raise Wrong(f"{where}: with undefined φ the sides differ")
            return
        if route in PRECISE:
            one, other = ([mpmath.mpmathify(part) for part in np.ravel(side.array)] for side in (truth, value))
            error = mpmath.norm([a - b for a, b in zip(one, other)]) / max(mpmath.norm(one), floor)
        else:
            error = np.linalg.norm(np.ravel(truth.array - value.array)) / max(np.linalg.norm(np.ravel(truth.array)), floor)
        self.note(route, float(error))
        if not error <= ROUTES[route]:
            raise Wrong(f"{where} is {value}, and {ROUTE_NAMES[route]} {truth}")

    # On a network ------------------------------------------------------------------------------------------------

    def situations(self, evaluator, case):
        """All values of m, k, i, j for which the equation says something, which must be those that the registry states."""
        layers = sorted({*self.layers, *("m" if self.follows else "")})
        extra = [("i",), ("i", "j")] if self.follows and not self.places else [()]
        for numbers in product(range(case.n + 1), repeat=len(layers)):
            letters = dict(zip(layers, numbers))
            stated = holds(self.row.get("for", ""), {**letters, "n": case.n})
            try:
                ends = evaluator.ranges(self.sides, {**letters, **dict.fromkeys(extra[-1], 1)}, self.places)
            except NoLayer as missing:
                if stated:
                    raise Wrong(f"{said(letters)} is among “{self.row.get('for', 'every layer')}”, "
                                f"but layer {missing} is written and not there") from None
                continue
            if not stated:
                raise Wrong(f"for {said(letters)} all its layers are there, though “for” in the registry leaves them out")
            if set(ends) < set(self.places):
                raise Wrong(f"the index {min(set(self.places) - set(ends))} has no range")
            for hidden in extra:
                sizes = [*ends.items(), *zip(hidden, case.W[letters["m"]].shape if hidden else ())]
                for at in product(*(range(1, size + 1) for _, size in sizes)):
                    yield letters | dict(zip([name for name, _ in sizes], at))

    def on(self, case, referees):
        """Evaluate on one case, and count it if the equation says anything about it."""
        if self.row.get("layers", case.n + 1) != case.n + 1:
            return
        referees["nnlib"].asked.clear()
        truth = Evaluator(NetworkScene(High(), referees["truth"]))
        rough = Evaluator(NetworkScene(Float(), referees["truth"]))
        routes = {name: Evaluator((PackageScene if name == "nnlib" else NetworkScene)(Float(), referees[name]))
                  for name in self.routes}
        before = self.result["comparisons"]
        try:
            for letters in self.situations(rough, case):
                self.at(letters, truth, rough, routes, case)
        except Wrong as wrong:
            raise Wrong(f"on {case}: {wrong}") from None
        self.result["networks"] += self.result["comparisons"] > before
        self.result["asked"] = sorted({*self.result["asked"], *referees["nnlib"].asked})

    def at(self, letters, truth, rough, routes, case):
        """Every side against the first, and the one that other routes can tell against each of them."""
        place = f" at {said(letters)}" if letters else ""
        first = rough.settled(self.sides[0], letters)
        exact = truth.settled(self.sides[0], letters) if case.precise else first
        for written, side in zip(self.written[1:], self.sides[1:]):
            self.compare("float", first, rough.settled(side, letters), f"{written}{place}")
            if case.precise:
                self.compare("precise", exact, truth.settled(side, letters), f"{written}{place}")
            self.result["comparisons"] += 1
        for one, other in self.arguments:       # φ(z) = φ(-4, 3, -2) also says what z is
            self.compare("float", rough.settled(one, letters), rough.settled(other, letters), f"an argument{place}")
        for name, evaluator in routes.items():
            lead = self.sides[self.lead]
            self.compare(name, rough.settled(lead, letters), evaluator.settled(lead, letters),
                         f"{self.written[self.lead]}{place}", 1.0 if name == "nudges" else 1e-6)

    def with_letters(self, symbols):
        """The same with φ undefined and every number a letter: then it holds for every φ."""
        evaluator = Evaluator(NetworkScene(Letters(), symbols))
        before = self.result["symbolic"]
        if self.row.get("layers", symbols.case.n + 1) != symbols.case.n + 1:
            return
        for letters in self.situations(evaluator, symbols.case):
            first = evaluator.settled(self.sides[0], letters)
            for written, side in zip(self.written[1:], self.sides[1:]):
                self.compare("symbols", first, evaluator.settled(side, letters), f"{written} at {said(letters)}")
                self.result["symbolic"] = before + 1

    # In the other scenes -------------------------------------------------------------------------------------------

    def on_vectors(self, size, rng):
        """Random vectors of one length; nnlib's selectors besides."""
        seed = rng.integers(2**32)
        asked = set()
        scenes = [Vectors(arithmetic, size, np.random.default_rng(seed), package)
                  for arithmetic, package in ((High(), None), (Float(), None), (Float(), asked))]
        evaluators = [Evaluator(scene) for scene in scenes]
        ends = evaluators[0].ranges(self.sides, {}, self.places)
        for at in product(*(range(1, end + 1) for end in ends.values())):
            letters = dict(zip(ends, at))
            firsts = [one.settled(self.sides[0], letters) for one in evaluators]
            self.compare("nnlib", firsts[1], firsts[2], f"{self.written[0]} of {size} numbers")
            for written, side in zip(self.written[1:], self.sides[1:]):
                for route, one, first in zip(("precise", "float"), evaluators, firsts):
                    self.compare(route, first, one.settled(side, letters), f"{written} of {size} numbers")
                self.result["comparisons"] += 1
        self.result["networks"] += 1
        self.result["asked"] = sorted({*self.result["asked"], *asked})

    def on_nudges(self, case, referee, rng):
        """≈: the right side closes in on the left as fast as the registry says, and nnlib computes just that side."""
        m = int(rng.integers(case.n + 1))
        rows, columns = case.W[m].shape
        place = (m, int(rng.integers(rows)), int(rng.integers(columns)) if rng.integers(2) else None)
        sides, misses = self.sides, []
        for h in (mpmath.mpf("1e-6"), mpmath.mpf("1e-6") / 2):
            evaluator = Evaluator(Nudged(referee, place, h))
            left, right = (evaluator.settled(side, {}) for side in sides)
            if left.kind != right.kind or left.array.shape != right.array.shape:
                raise Wrong(f"on {case}: a {left.kind} on one side, a {right.kind} on the other")
            misses.append(mpmath.norm(list(left.array - right.array)) / max(mpmath.norm(list(left.array)), 1e-6))
        if misses[0] > 1e-3:
            raise Wrong(f"on {case}: with h = 1e-6 the quotient is {right}, the derivative {left}")
        if misses[0] > 1e-25:           # a straight line is met exactly, and has no rate
            rate = mpmath.log(misses[0] / misses[1], 2)
            self.note("rate", float(abs(rate - self.row["order"])))
            if abs(rate - self.row["order"]) > 0.02:
                raise Wrong(f"on {case}: the error shrinks like h^{float(rate):.2f}, not like h^{self.row['order']}")
        self.package_nudges(case, referee, place)
        self.result["comparisons"] += 1
        self.result["networks"] += 1

    def package_nudges(self, case, referee, place):
        """nnlib's quotient against the printed one at the same h; the subtraction costs rounding / h."""
        name = self.row["function"]
        h = {"forward_difference": 1e-8, "central_difference": 1e-5, "complex_step": 1e-20}[name]
        scene = Nudged(referee, place, mpmath.mpf(h))
        printed = Evaluator(scene).settled(self.sides[1], {})
        got = getattr(nnlib, name)(scene.plain, np.array([float(scene.theta)]), h)[:, 0]
        self.result["asked"] = [name]
        error = float(mpmath.norm(list(printed.array - got)) / max(1, mpmath.norm(list(printed.array))))
        self.note("nnlib", error)
        if error > (1e-13 if name == "complex_step" else 1e-13 / h):
            raise Wrong(f"on {case}: nnlib's {name} gives {got}, the printed quotient {printed}")

    def on_tangents(self, case, referee, rng):
        """What the tangent misses: by subtraction and by power series; nnlib's rate against ρ."""
        m = int(rng.integers(case.n + 1))
        direction = rng.normal(size=case.b[m].size)
        scene = Tangent(referee, m, direction, mpmath.mpf("1e-2") / 2)
        if mpmath.norm([abs(x) for term in scene.terms for x in term]) < 1e-25:
            return                      # f is its own tangent along d
        evaluator = Evaluator(scene)
        first, second = (evaluator.settled(side, {}) for side in self.sides)
        self.compare("series", first, second, f"on {case}: {self.written[1]}")
        if self.row.get("function") == "taylor_rate":
            D = np.array(scene.D, float)
            rate = nnlib.taylor_rate(scene.plain, case.b[m], D, direction, h=float(scene.letters["h"].array))
            self.result["asked"] = ["taylor_rate"]
            if np.isfinite(rate):       # nnlib gives up where the remainder is rounding
                self.compare("rounded", scene.letters["\\rho"], number(mpmath.mpf(rate)), f"on {case}: nnlib's taylor_rate")
        self.result["comparisons"] += 1
        self.result["networks"] += 1


def same_function(sides):
    """The arguments of neighbouring sides that apply one function: they are meant to agree, and not by chance alone."""
    return [(one.args[3], other.args[3]) for one, other in zip(sides, sides[1:])
            if one.op == other.op == "apply" and one.args[:3] == other.args[:3]]


ROUTES |= {"series": 1e-20, "rounded": 1e-4, "rate": 0.02}
ROUTE_NAMES = {"precise": "the first side", "float": "the first side", "plain": "by running the network",
               "step": "by an imaginary nudge", "nudges": "by two nudges", "nnlib": "in truth",
               "series": "from the power series", "rounded": "at sixty digits"}


def holds(chain, letters):
    """Whether “0 <= m < n” holds for these letters."""
    parts = chain.split()
    numbers, signs = [int(letters.get(part, part)) for part in parts[::2]], parts[1::2]
    return all(one < other or one == other and sign == "<=" for one, sign, other in zip(numbers, signs, numbers[1:]))


def said(letters):
    return ", ".join(f"{name} = {number}" for name, number in letters.items()) or "this network"


# All of them ------------------------------------------------------------------------------------------------------------

SYMBOLIC = [(1, 1), (1, 1, 1, 1), (2, 2), (1, 2, 1), (2, 1, 2), (1, 1, 2, 1), (2, 2, 1, 2), (1, 1, 1, 1, 1), (1, 1, 2, 2, 1)]


def examine(equations, registry, part=0, parts=1):
    """The Results of one part of the networks; `fault` is the first that was found, on its smallest network."""
    with mpmath.workdps(DIGITS):
        cases = all_cases(registry)
        checks, results = [], []
        for label, latex, row in equations:
            try:
                checks.append(Check(label, latex, row))
                results.append(checks[-1].result)
            except Refused as refused:
                results.append({**empty_result(label), "fault": str(refused), "size": 0})
        for scene in {one.row.get("scene", "network"): None for one in checks}:
            group = [one for one in checks if one.row.get("scene", "network") == scene]
            if scene == "vectors":
                if part == 0:
                    run_vectors(group)
                continue
            if scene not in cases:
                for one in group:
                    fault(one, 0, f"the registry's scene {scene!r} is none of {', '.join(['vectors', *cases])}")
                continue
            for case in cases[scene][part::parts]:
                run_case(case, scene, group)
        networks = [one for one in checks if one.row.get("scene", "network") in ("network", "narrow")]
        for widths in SYMBOLIC[part::parts]:
            run_symbols(widths, networks)
    return results


def fault(check, size, text):
    check.result["fault"], check.result["size"] = str(text), size


def run_case(case, scene, group):
    """One case for every equation of its scene that has not failed yet."""
    step = ImaginaryStep(case)
    referees = {"truth": Nudges(case), "step": step, "plain": step, "nudges": TwoNudges(case), "nnlib": Package(case)}
    for check in group:
        if check.result["fault"] is None:
            rng = np.random.default_rng(case.size)
            try:
                if scene == "nudge":
                    for _ in range(3):
                        check.on_nudges(case, referees["truth"], rng)
                elif scene == "tangent":
                    check.on_tangents(case, referees["truth"], rng)
                else:
                    check.on(case, referees)
            except Wrong as wrong:
                fault(check, case.size, wrong)


def run_vectors(group):
    for check in group:
        rng = np.random.default_rng(1)
        literal = any(node.op == "matrix" for node in walk(check.tree))     # a printed matrix settles the length
        try:
            for size in (3,) * 8 if literal else (1, 2, 3, 4, 5, 6, 7):
                check.on_vectors(size, rng)
        except Wrong as wrong:
            fault(check, 0, wrong)


def run_symbols(widths, checks):
    rng = np.random.default_rng(0)
    case = random_case(widths, "tanh", rng)
    symbols = Symbols(case)
    for check in checks:
        narrow = check.row.get("scene") == "narrow"
        if check.result["fault"] is None and (not narrow or set(widths) == {1}):
            try:
                check.with_letters(symbols)
            except Wrong as wrong:
                fault(check, case.size, f"on a network {'-'.join(map(str, widths))} of letters: {wrong}")
