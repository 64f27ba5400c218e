"""The smallest network, or numbers, on which a formula fails, by float64 and imaginary nudges alone.

Neither mpmath nor SymPy is imported, so that the page can compute this too. `look(latex, scene, given)` tries a formula on
what SCENES lists, smallest first; `given` fixes some of it: an activation, a loss, widths, weights, numbers.
"""

import time
from dataclasses import dataclass, field
from itertools import islice, product

import numpy as np

import nnlib

from .arithmetics import Float
from .check import Equation
from .evaluate import Evaluator
from .grammar import Node, walk
from .networks import ACTIVATIONS, Case
from .referees import Batch, ImaginaryNudge, Pass, affine, moved_at
from .scenes import THETA, Y_HAT, Y_HATS, BatchScene, NetworkScene, Scene, Steps, Vectors, bold
from .values import Unknown, Value, Wrong, column, must_match, norm, number, valued

TOLERANCE = 1e-9        # of a difference, relative to the larger side; nudges without subtraction err by about 1e-15
H = 1e-20
LAYERLESS, NOT_FINITE = "without a layer", "a side is no real number, or no finite one"

# What a formula is tried in --------------------------------------------------------------------------------------------

LOSSES = {              # of the answers and what is wanted
    "half": lambda answer, y: ((answer - y) ** 2).sum() / 2,
    "squares": lambda answer, y: ((answer - y) ** 2).sum(),
    "mean": lambda answer, y: ((answer - y) ** 2).mean(),
}


class Swept(ImaginaryNudge):
    """A network with the loss that is given, in which everything that there is can be nudged, and moves."""

    loss_name, penalty = "half", 0.25

    def error(self, answer):
        return LOSSES[self.loss_name](answer, self.y)

    def regularised(self):
        return self.loss() + self.penalty / 2 * sum((W ** 2).sum() for W in self.W)

    def swept(self, name, k, place):
        """How all moves with one number of W^k, b^k, z^k or a^k: {("a", k) or ("z", k) or "L" or "R": array}."""
        def stepped(t):
            W, b, a, found = [*self.W], [*self.b], self.x, {}
            if name in "Wb":
                {"W": W, "b": b}[name][k] = moved_at({"W": W, "b": b}[name][k], place, t)
            for layer, phi in enumerate([*self.case.phi, None]):
                a = moved_at(a, place, t) if (name, k) == ("a", layer) else a
                found["a", layer] = a
                if phi:
                    z = affine(W[layer], a, b[layer])
                    z = moved_at(z, place, t) if (name, k) == ("z", layer) else z
                    found["z", layer], a = z, self.phi(phi, layer, False, z)
            found["L"] = self.error(a)
            found["R"] = found["L"] + self.penalty / 2 * sum((one ** 2).sum() for one in W)
            return found

        return {name: np.imag(end) / H for name, end in stepped(1j * H).items()}


class SweptBatch(Batch):
    """Several points: the loss is the mean of theirs."""

    def __init__(self, cases, kind):
        super().__init__(kind, cases)
        self.penalty = kind.penalty

    def regularised(self):
        return sum(self.of_each("regularised")) / len(self.points)

    def swept(self, name, k, place):
        """A number of what a layer reads or gives belongs to one point."""
        of_points = [(one, place) for one in self.points] if name in "Wb" else [(self.points[place[0]], place[1:])]
        each = [point.swept(name, k, where) for point, where in of_points]
        return {end: sum(one[end] for one in each) / len(self.points) for end in "LR"}


class Derived:
    """Of a scene with a network: a derivative is what a nudge gives, of L, R and what any layer reads or gives."""

    def __init__(self, referee):
        super().__init__(Float(), referee)
        self.letters |= {"e": number(np.e), r"\lambda": number(referee.penalty)}
        if self.narrow and bold("y") in self.letters:
            self.letters["y"] = number(self.letters[bold("y")].array[0])
        A, Z = (bold(one) for one in ("AZ" if isinstance(referee, Batch) else "az"))
        self.ends = {A: "a", Z: "z", bold("W"): "W", bold("b"): "b", "w": "W", "b": "b", "z": "z"}
        self.whole = {bold("x"): 0, bold("X"): 0, "x": 0, Y_HAT: self.n + 1, Y_HATS: self.n + 1, r"\hat{y}": self.n + 1}

    def symbol(self, name):
        if name in ("R", "E"):
            return number(self.referee.regularised() if name == "R" else self.referee.loss())
        if name in self.layered:
            raise Unknown(f"{name} {LAYERLESS}", f"{name} carries a layer here, as {name}^m")
        return super().symbol(name)

    def located(self, name, layer):
        """(a, z, W or b; its layer; whether the letter is a single number) of a letter."""
        if name in self.whole and layer is None and (self.narrow or name.startswith("\\")):
            return "a", self.whole[name], name[-1] in "xy}" and "mathbf" not in name
        if name not in self.ends or name in "wbz" and not self.narrow or layer is None:
            raise Wrong(f"{name} is no quantity that is differentiated here")
        self.need_layer(layer, self.n + (self.ends[name] == "a"))
        return self.ends[name], layer, name in "wbz"

    def derivative(self, of, by, layer, place):
        if (of, by) == ("L", THETA):
            return super().derivative(of, by, layer, place)
        return self.quotient((of, None), (by, layer), place)

    def derivative_of(self, evaluator, letters, of, by, place):
        return self.quotient(evaluator.parameter(letters, of), evaluator.parameter(letters, by), place)

    def quotient(self, of, by, place):
        name, k, single = self.located(*by)
        shape = np.shape(getattr(self.referee, name)[k])
        if single:
            place = (0,) * len(shape)
        end, of_single = {"L": "L", "E": "L", "R": "R"}.get(of[0]), False
        if end is None or of[1] is not None:
            *end, of_single = self.located(*of)
            end = tuple(end)
        if place and len(place) != len(shape):
            raise Wrong("a derivative is taken by one element")
        places = [place] if len(place) == len(shape) else [*np.ndindex(shape)]
        found = [self.referee.swept(name, k, one) for one in places]
        if end not in found[0]:
            raise Wrong(f"{of[0]} is no quantity that is differentiated here")
        slopes = [one[end][0] if of_single else one[end] for one in found]
        if len(places) == 1 and place:
            return valued(slopes[0])
        if np.ndim(slopes[0]) and len(shape) > 1:
            raise Wrong("a column by a matrix has three indices")
        return Value("matrix", np.array(slopes).T) if np.ndim(slopes[0]) else valued(np.array(slopes).reshape(shape))


class SmallNetwork(Derived, NetworkScene):
    """A network of a few units."""


class SmallBatch(Derived, BatchScene):
    """A few points of one."""


class SmallScores(Scene):
    """Scores z, right probabilities y, p the softmax of z, L the cross-entropy, D what it exceeds the entropy of y by."""

    def __init__(self, z, y):
        self.z, self.y = np.array(z, float), np.array(y, float)
        L = self.at(self.z)["L"]
        super().__init__(Float(), {bold("z"): column(self.z), bold("y"): column(self.y), "e": number(np.e), "L": number(L),
                                   bold("p"): column(self.at(self.z)[bold("p")]), "C": number(float(len(self.z)))})
        if self.y.all():
            self.letters["D"] = number(L + (self.y * np.log(self.y)).sum())

    def at(self, z):
        p = 1 / np.array([np.exp(z - one).sum() for one in z])
        return {bold("p"): p, "L": -(self.y * np.log(p)).sum()}

    def derivative(self, of, by, layer, place):
        if (by, layer) != (bold("z"), None) or of not in (bold("p"), "L"):
            return super().derivative(of, by, layer, place)
        slopes = [np.imag(self.at(moved_at(self.z, one, 1j * H))[of]) / H
                  for one in ([place] if place else range(len(self.z)))]
        return valued(slopes[0]) if place else valued(np.array(slopes).T)


class Unit(Scene):
    """One unit: z, a positive a, y that is 0 or 1, φ, and ŷ with its loss L."""

    def __init__(self, z, y, phi="sigmoid", loss="binary", a=1.0):
        self.z, self.y, self.phi, self.loss_name, self.a = z, y, phi, loss, a
        super().__init__(Float(), {"e": number(np.e), "y": number(float(y)), "a": number(a), **self.at(z)})

    def at(self, z):
        """What follows from z: the loss from scores, or by what a margin is."""
        if self.loss_name == "hinge":
            return {"z": number(z), r"\hat{y}": number(z), "L": number(max(0.0, 1 - z if self.y else 1 + z))}
        return {"z": number(z), r"\hat{y}": number(1 / (1 + np.exp(-z))),
                "L": number(np.log(np.exp(0 * z) + np.exp(z)) - self.y * z)}

    def apply(self, name, layer, prime, value):
        if layer is not None or name not in ("\\phi", "\\sigma"):
            return super().apply(name, layer, prime, value)
        phi = self.phi if name == "\\phi" else "sigmoid"
        f = lambda z: self.arithmetic.activation(phi, None, False, z)       # noqa: E731
        return Value(value.kind, np.imag(f(value.array + 1j * H)) / H if prime else f(value.array))

    def derivative(self, of, by, layer, place):
        return self.derivative_of(None, {}, Node("name", (of,)), Node("name", (by,)), place)

    def derivative_of(self, evaluator, letters, of, by, place):
        name = by.args[0] if by.op == "name" else None
        if name not in ("z", "a") or place or self.loss_name == "hinge":
            raise Wrong("here a derivative is taken by z or by a")
        moved = Unit(self.z, self.y, self.phi, self.loss_name, self.a)
        moved.letters |= self.at(self.z + 1j * H) if name == "z" else {"a": number(self.letters["a"].array + 1j * H)}
        return number(np.imag(Evaluator(moved).value(of, letters).array) / H)


class SmallSteps(Steps):
    """A step of SGD, Adam or RMSProp, with the numbers that are given."""

    exact = Float

    def __init__(self, size, t, optimizer, added, given):
        self.wanted = size, t, given
        super().__init__(Float(), size, optimizer, added)

    def draw(self, size, t, exact):
        size, t, given = self.wanted
        super().draw(size, t, exact)
        if "beta_2" in given:
            self.beta[1] = float(given["beta_2"])
        if "g" in given:
            self.g = [np.full(size, float(given["g"])) for _ in self.g]
        if given.get("still"):
            self.g[-1] = 0 * self.g[-1]

    def direction(self, k):
        if self.optimizer != "RMSProp":
            return super().direction(k)
        mean = (1 - self.beta[1]) * self.weighted(self.beta[1], k, 2)
        return self.g[k - 1] / np.sqrt(mean)


# Smallest first ----------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Item:
    words: str
    scene: Scene


def listed(array):
    """Numbers as a reader may type them: whole ones without a point."""
    return str(np.array(array).tolist()).replace(".0,", ",").replace(".0]", "]").removesuffix(".0")


def shown(value):
    """The numbers of a Value to six digits, a matrix row by row."""
    def text(one):
        return f"({', '.join(map(text, one))})" if np.ndim(one) else f"{one + 0.0:.6g}"

    array = np.array(value.array, float)
    return text(array.ravel()[0] if array.size == 1 else array)


LOWER = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def described(case, points, loss):
    """A network with its numbers, as someone may build it again."""
    layers = [f"W{str(k).translate(LOWER)} = {listed(W)}, b{str(k).translate(LOWER)} = {listed(b)}"
              for k, (W, b) in enumerate(zip(case.W, case.b))]
    x, y = ([getattr(point, name) for point in points] for name in "xy")
    ends = [f"X = {listed(x)}, Y = {listed(y)}"] if points != [case] else [f"x = {listed(x[0])}, y = {listed(y[0])}"]
    phis = case.phi[0] if len({*case.phi}) == 1 else " ".join(case.phi)
    return f"{'-'.join(map(str, case.widths))}, {phis}: " + "; ".join([*layers, *ends])


SHAPES = [*product((1, 2, 3), repeat=2), *product((1, 2, 3), repeat=3),
          (1, 1, 1, 1), (2, 2, 2, 2), (2, 3, 2, 3), (3, 2, 2, 1)]
PHIS = ("square", "sigmoid", "tanh", "relu", "softplus")


def shapes(given, narrow=False):
    """Widths: fewest layers first, then fewest units."""
    found = [tuple(given["widths"])] if "widths" in given else SHAPES
    if narrow:
        found = [(1,) * (layers + 1) for layers in range(1, 5)]
    return sorted((one for one in found if given.get("layers", len(one) - 1) == len(one) - 1),
                  key=lambda one: (len(one), sum(one), one))


def drawn(widths, draw, given, points=1):
    """Cases on small whole numbers, or on eighths, with every z away from 0; what is given is taken as it is."""
    rng = np.random.default_rng([draw, *widths])
    phi = given.get("phi", PHIS[draw % 2 if draw < 2 else 2 + (draw + sum(widths)) % 3])
    fixed = {name: given[name] for name in "Wbxy" if name in given}

    def numbers(name, *size):
        whole = rng.choice([-2, -1, 1, 2, 3], size) / 1 if draw < 1 and tries < 200 else rng.integers(-12, 13, size) / 8
        return np.full(size, float(fixed[name])) if name in fixed else whole

    def case(network):
        return Case(network, numbers("x", widths[0]), numbers("y", widths[-1]))

    def fits(case):
        run, others = Pass(case), [one.x.tolist() for one in found]
        sizes = np.abs(np.concatenate([*run.z, 1 + 0 * case.y]))
        missed = np.abs(run.ends(0)[-2] - case.y).min()
        return fixed or (sizes.min() > 0.05 and sizes.max() < (12 if phi == "square" else 4) and missed > 0.05
                         and case.x.tolist() not in others)

    found = []
    for tries in range(10_000):
        network = found[0].network if found else nnlib.Network(
            [nnlib.Layer(numbers("W", *size), numbers("b", size[0]), phi) for size in zip(widths[1:], widths)])
        found += [one for one in [case(network)] if fits(one)]
        found = found if tries % 300 else found[:0]             # a network that takes few points gives way to another
        if len(found) == points:
            return found
    raise Wrong(f"no numbers were found for a network {widths}")


def referee_kind(given):
    """The referee of networks with the loss that is given."""
    loss = given.get("loss", "half")
    return type("Swept", (Swept,), {"loss_name": loss})


def networks(equation, given, narrow=False):
    kind = referee_kind(given)
    for widths in shapes(given, narrow):
        for draw in range(6 if narrow else 3):
            case, = drawn(widths, draw, given)
            yield Item(described(case, [case], given.get("loss")), SmallNetwork(kind(case)))


def narrow(equation, given):
    return networks(equation, given, narrow=True)


def batches(equation, given):
    kind = referee_kind(given)
    for widths in shapes(given):
        for points in [given["points"]] if "points" in given else (1, 2, 3) if sum(widths) < 6 else (2,):
            for draw in range(2):
                cases = drawn(widths, draw, given, points)
                yield Item(described(cases[0], cases, given.get("loss")), SmallBatch(SweptBatch(cases, kind)))


def scores(equation, given):
    rng = np.random.default_rng(3)
    zs = [given["z"]] if "z" in given else [(0, 0), (0, 1), (1, -1), (0, 0, 0), (0, 1, 2),
                                            *(rng.integers(-16, 17, size) / 8 for size in (2, 3, 3, 4, 5))]
    for z in zs:
        K = len(z)
        few = np.full(K, 1 / 4 if K < 4 else 1 / 8)
        few[-1] += 1 - few.sum()
        for y in [given["y"]] if "y" in given else [few, np.full(K, 1 / K)]:
            yield Item(f"z = {listed(z)}, y = {listed(np.round(y, 4))}", SmallScores(z, y))


def units(equation, given):
    zs = [given["z"]] if "z" in given else (0, 1, -1, 2, -2, 0.5, -0.25, 1.5)
    ys = [given["y"]] if "y" in given else (1, 0)
    phis = [given["phi"]] if "phi" in given else ACTIVATIONS
    if not any(node.op == "apply" and node.args[0] == "\\phi" for node in equation.nodes):
        phis = phis[:1]
    loss = given.get("loss", "binary")
    for (z, a), y, phi in product(zip(zs, (1.0, 4.0, 2.0, 0.25, 9.0, 3.0, 0.5, 5.0)), ys, phis):
        if z or phi not in ("relu", "leaky_relu"):
            words = {"z": f"z = {z:g}", "y": f"y = {y:g}", "a": f"a = {a:g}", r"\hat{y}": ""}
            met = {node.args[0] for node in equation.nodes if node.op == "name"}
            shown = ", ".join(text for name, text in words.items() if text and name in met | {"z"} - ({"a"} & met and {"z"}))
            yield Item(shown + (f", φ = {phi}" if len(phis) > 1 else ""), Unit(float(z), y, phi, loss, a))


def steps(equation, given):
    lead = equation.sides[0]
    added = not given.get("still") and (lead.op != "after" or Node("name", (THETA,)) in walk(lead))
    optimizer = given.get("optimizer", "Adam")
    for size, t in product((1, 2, 3), [given["t"]] if "t" in given else (1, 2, 3, 4)):
        scene = SmallSteps(size, t, optimizer, added, given)
        rate = f"μ = {scene.mu:g}" if optimizer == "SGD" else f"β₂ = {scene.beta[1]:g}"
        yield Item(f"step {t} of {optimizer}, g = {listed(scene.g[-1])}, {rate}", scene)


def vectors(equation, given):
    literal = any(node.op == "matrix" or node.op == "name" and node.args[0] in "abc" for node in equation.nodes)
    for seed, size in enumerate((3, 3, 3) if literal else (1, 2, 3, 4, 5)):
        scene = Vectors(Float(), size, np.random.default_rng(seed))
        yield Item(", ".join(f"{name} = {listed(scene.letters[bold(name)].array)}" for name in "uv"), scene)


SCENES = {"network": networks, "narrow": narrow, "batch": batches, "scores": scores, "unit": units, "steps": steps,
          "vectors": vectors}


# What comes of it --------------------------------------------------------------------------------------------------------

class TooLong(Exception):
    """The time is over."""


class Timed(Evaluator):
    """Evaluates as long as there is time."""

    def __init__(self, scene, end):
        super().__init__(scene)
        self.end = end

    def value(self, node, letters):
        if time.monotonic() > self.end:
            raise TooLong
        return super().value(node, letters)


@dataclass
class Outcome:
    """How a formula fared: on how many items its sides agree, where they first differ, where they have no value."""

    agreed: int = 0
    unfit: list = field(default_factory=list)       # [(item in words, sentence)]
    unknown: str = ""                               # a letter that stands for nothing in this scene
    words: str = ""                                 # the smallest item on which two sides differ
    place: dict = field(default_factory=dict)       # m, i, j there
    left: Value = None
    right: Value = None
    is_cut: bool = False                            # the time was over before all was tried

    @property
    def differs(self):
        return self.left is not None

    @property
    def holds(self):
        return self.agreed > 0 and not self.differs and not self.unfit and not self.unknown


def look(latex, scene, given=None, seconds=60.0, most=None):
    """The Outcome of a formula in a scene; Refused where it is not read."""
    equation, outcome, end = Equation(latex), Outcome(), time.monotonic() + seconds
    with np.errstate(all="ignore"):         # the page's NumPy raises nothing, so what came is looked at
        for item in islice(SCENES[scene](equation, given or {}), most):
            try:
                for side in equation.sides:
                    need_letters(side, item.scene)
                outcome.agreed += compare(equation, item, outcome, end)
            except Unknown as error:
                outcome.unknown = error.name
            except Wrong as error:
                outcome.unfit.append((item.words, str(error)))
            except ArithmeticError:
                outcome.unfit.append((item.words, NOT_FINITE))
            except TooLong:
                outcome.is_cut = True
            if outcome.differs or outcome.unknown or outcome.is_cut:
                break
    return outcome


def need_letters(node, scene):
    """Raise Unknown for a letter that stands for nothing in a scene, whatever else is wrong; layers and indices are none."""
    match node:
        case Node("name", (name,)):
            scene.symbol(name)
        case Node("raised", (Node("name", (name,)), _)) if scene.has_layers(name):
            pass
        case Node("apply", (_, _, _, argument)):
            need_letters(argument, scene)
        case Node("counted" | "selector"):
            pass
        case (Node("forward_chain" | "slope_chain", (_, _, *parts)) | Node("total" | "largest", (_, *parts))
              | Node("layers_total", (_, _, _, *parts)) | Node(_, parts) | tuple(parts)):
            for part in parts:
                need_letters(part, scene)


def compare(equation, item, outcome, end):
    """Whether the formula says anything of an item, with all its sides equal; a difference is noted."""
    evaluator, said = Timed(item.scene, end), False
    for letters in equation.situations(evaluator):
        first, *others = (evaluator.value(side, letters) for side in equation.sides)
        for other in others:
            must_match(first, other, "")
            if not all(np.isrealobj(one.array) and np.isfinite(one.array).all() for one in (first, other)):
                raise Wrong(NOT_FINITE)
            error = norm(first.array - other.array) / max(norm(first.array), norm(other.array), 1e-6)
            if not error <= TOLERANCE:
                outcome.words, outcome.place, outcome.left, outcome.right = item.words, letters, first, other
                return False
        said = True
    return said
