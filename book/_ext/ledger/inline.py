"""Equalities in the text: each is evaluated on the pencil network, or stands in the registry with the reason why not."""

import mpmath
import numpy as np

import nnlib

from .check import all_cases
from .evaluate import Evaluator, NoLayer, Value, Wrong, free_letters
from .grammar import Refused, parse, walk
from .referees import DIGITS, Nudges, plain_case
from .scenes import BOLD, High, NetworkScene, number

# Letters that stand for any number: an equality that holds here and is a polynomial or a function of the book holds.
ANY = {"z": "2.71", "h": "0.3"}


def is_equality(latex):
    return "=" in latex


def value_of(rows):
    """A Value from the registry's numbers: a list is a column, a list of lists a matrix, text one number."""
    if isinstance(rows, str):
        return number(mpmath.mpmathify(rows))
    array = np.vectorize(lambda one: mpmath.mpf(int(one)), otypes=[object])(np.array(rows))
    return Value("column" if array.ndim == 1 else "matrix", array)


class Page:
    """The letters of one page: the pencil network, what the registry says they stand for, and what it lets stand."""

    def __init__(self, name, registry):
        self.name, self.row, self.registry = name, registry.get("pages", {}).get(name, {}), registry
        self.chosen = set(self.row.get("chosen", []))
        self.elsewhere = {one["latex"]: one for one in self.row.get("on", [])}
        self.letters = {letter: value_of(rows) for letter, rows in self.row.get("letters", {}).items()}
        for latex in self.row.get("binds", []):
            tree = parse(latex)
            scene = NetworkScene(High(), Nudges(all_cases(registry)["pencil"][0]))
            self.letters[tree.args[1].args[0]] = Evaluator(scene).settled(tree.args[2], {})

    def stated(self):
        """Everything that the registry says of this page's text: each must stand there."""
        return [*self.row.get("binds", []), *self.chosen, *self.elsewhere]

    def scene(self, latex):
        """The network for one equality, with the page's letters."""
        row = self.elsewhere.get(latex, {})
        case = all_cases(self.registry)[row.get("network", "pencil")][0]
        if "x" in row or "phi" in row:
            layers = [nnlib.Layer(one.W, one.b, row.get("phi", one.phi)) for one in case.network]
            case = plain_case(nnlib.Network(layers), row.get("x", case.x))
        letters = {name: number(mpmath.mpf(value)) for name, value in ANY.items()}
        letters |= {"n": number(mpmath.mpf(case.n)), "e": number(mpmath.e + 0), "E": None} | self.letters
        letters |= {letter: value_of(rows) for letter, rows in row.get("letters", {}).items()}
        if set(case.widths) == {1}:
            letters.pop("z")
        scene = NetworkScene(High(), Nudges(case), letters)
        scene.letters["E"] = number(sum((scene.symbol(r"\hat{\mathbf{y}}").array - scene.letters[BOLD["y"]].array) ** 2) / 2)
        scene.length = row.get("length", 3)
        return scene

    def fault(self, latex):
        """What is wrong with an equality, in words, or None."""
        try:
            tree = parse(latex)
            if latex in self.row.get("binds", []):
                return None
            sides = tree.args[1:]
            if latex in self.chosen:
                sides = [side for side in sides if all(node.op != "name" for node in walk(side))]
                return self.differ(self.scene(latex), sides) if len(sides) > 1 else None
            return self.everywhere(self.scene(latex), tree, sides, self.elsewhere.get(latex, {}).get("at", {}))
        except (Refused, Wrong) as error:
            return str(error)

    def everywhere(self, scene, tree, sides, fixed):
        """The first fault among all values of the open letters."""
        layers, places = free_letters(tree)
        follows = any(node.args[:1] == (BOLD["v"],) for node in walk(tree)) and BOLD["v"] not in scene.letters
        held = 0
        for numbers in np.ndindex(*(scene.n + 1,) * len({*layers, *("m" if follows else "")})):
            letters = dict(zip(sorted({*layers, *("m" if follows else "")}), numbers))
            letters |= {"i": 1, "j": 1} if follows and not places else {}
            if any(letters.get(name) != fixed[name] for name in fixed.keys() & {*letters} - {"i", "j"}):
                continue
            letters |= fixed
            try:
                ends = Evaluator(scene).ranges(sides, letters, places)
                for at in np.ndindex(*ends.values()):
                    fault = self.differ(scene, sides, letters | dict(zip(ends, (one + 1 for one in at))))
                    if fault:
                        return fault
                    held += 1
            except NoLayer:
                continue
        return None if held else "no layer fits it, so it was never evaluated"

    def differ(self, scene, sides, letters=None):
        """Two sides that differ, in words, or None."""
        evaluator = Evaluator(scene)
        values = [evaluator.settled(side, letters or {}) for side in sides]
        for value in values[1:]:
            first = values[0]
            if first.kind != value.kind and not (first.free or value.free) or np.shape(first.array) != np.shape(value.array):
                return f"a {first.kind} {first} on one side, a {value.kind} {value} on the other"
            error = mpmath.norm([mpmath.mpmathify(a) - b for a, b in zip(np.ravel(first.array), np.ravel(value.array))])
            if not error <= 1e-30:
                where = "".join(f" at {name} = {number}" for name, number in (letters or {}).items())
                return f"the sides are {first} and {value}{where}"
        return None


def examine_inline(found, registry):
    """[(page, latex, fault or None, how)] for every (page, latex); how is evaluated, binds or chosen."""
    pages, results = {}, []
    with mpmath.workdps(DIGITS):
        for name, latex in found:
            if name not in pages:
                pages[name] = Page(name, registry)
            page = pages[name]
            how = "binds" if latex in page.row.get("binds", []) else "chosen" if latex in page.chosen else "evaluated"
            results.append((name, latex, page.fault(latex), how))
    return results
