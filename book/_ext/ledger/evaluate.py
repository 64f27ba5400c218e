"""What a tree of the grammar means: one side of an equation, computed in the numbers of a scene.

A scene says what each letter stands for and in which arithmetic (float64, fifty digits, symbols); this file knows the
operations. Every value has a kind, so that a column times a column is an error and never a number by accident.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np

from .grammar import walk


class Wrong(ValueError):
    """A side that has no value: shapes that do not fit, a letter without a meaning, an index without a range."""


class NoLayer(ValueError):
    """A layer that this network does not have: the equation says nothing about it."""


@dataclass(frozen=True)
class Value:
    """kind: number, column, row, matrix, selector; array: 0-, 1-, 1- or 2-dimensional, or a selector's (name, i)."""

    kind: str
    array: object
    free: bool = False          # a tuple (3, -2) is a column or a row, as its neighbour wants

    def __str__(self):
        numbers = np.ravel(self.array).tolist() if self.kind != "selector" else [self.array]
        text = ", ".join(f"{complex(n).real:.6g}" if not hasattr(n, "free_symbols") else str(n) for n in numbers)
        return text if self.kind == "number" else f"({text})"


def number(x):
    return Value("number", x)


def column(a):
    return Value("column", a)


PRODUCTS = {("matrix", "column"): "column", ("matrix", "matrix"): "matrix", ("row", "matrix"): "row",
            ("row", "column"): "number"}


class Evaluator:
    """Evaluates trees in one scene; `value(node, letters)` with letters = the whole numbers that i, j, m … stand for.

    Raises Wrong for a side that has no value, NoLayer for layers that the network lacks.
    """

    def __init__(self, scene):
        self.scene = scene
        self.known = {}             # values that do not change while i and j run
        self.letters_of = {}
        self.lengths = None         # while probing: how far each index runs

    def value(self, node, letters):
        if self.lengths is not None:
            return getattr(self, node.op)(letters, *node.args)
        if id(node) not in self.letters_of:     # the node is kept, so that its id stays its own
            self.letters_of[id(node)] = sorted({one for part in walk(node) for one in indices(part)}), node
        key = (id(node), *((letter, letters.get(letter)) for letter in self.letters_of[id(node)][0]))
        if key not in self.known:
            self.known[key] = getattr(self, node.op)(letters, *node.args)
        return self.known[key]

    def ranges(self, nodes, letters, running):
        """How far each running index goes, from what it indexes; Wrong if two uses disagree."""
        outer, self.lengths = self.lengths, {}
        try:
            for node in nodes:
                self.value(node, {**letters, **dict.fromkeys(running, 1)})
            found = {name: sizes for name, sizes in self.lengths.items() if name in running}
        finally:
            inner, self.lengths = self.lengths, outer
        if outer is not None:
            for name in inner.keys() - set(running):
                outer.setdefault(name, set()).update(inner[name])
        for name, sizes in found.items():
            if len(sizes) > 1:
                raise Wrong(f"{name} counts to {' in one place and to '.join(map(str, sorted(sizes)))} in another")
        return {name: sizes.pop() for name, sizes in found.items()}

    # Letters ---------------------------------------------------------------------------------------------------

    def number(self, letters, text):
        return number(self.scene.constant(text))

    def name(self, letters, name):
        if name in letters:
            return number(self.scene.constant(str(letters[name])))
        return self.scene.symbol(name)

    def layer(self, letters, node):
        """The whole number that a raised expression stands for."""
        if node.op == "number":
            return int(node.args[0])
        if node.op == "name":
            known = {"n": self.scene.n, **letters}
            if node.args[0] not in known:
                raise Wrong(f"{node.args[0]} is raised and names no layer")
            return known[node.args[0]]
        if node.op == "plus":
            return sum(self.layer(letters, part) for part in node.args)
        if node.op == "minus":
            return -self.layer(letters, node.args[0])
        raise Wrong("what is raised is no layer")

    def raised(self, letters, base, high):
        if base.op == "name" and self.scene.has_layers(base.args[0]):
            return self.scene.of_layer(base.args[0], self.layer(letters, high), letters)
        under = self.value(base, letters)
        if under.kind != "number":
            raise Wrong(f"a {under.kind} is raised to a power")
        power = self.value(high, letters)
        return number(self.scene.power(under.array, self.need("number", power)))

    def element(self, letters, base, *index):
        whole = self.value(base, letters)
        shape = {"column": 1, "row": 1, "matrix": 2}.get(whole.kind)
        if shape != len(index):
            raise Wrong(f"a {whole.kind} does not take {len(index)} ind{'ices' if len(index) > 1 else 'ex'}")
        place = tuple(slice(None) if one is None else self.place(letters, one, size)
                      for one, size in zip(index, whole.array.shape))
        kinds = {(True, False): "row", (False, True): "column"}
        kind = kinds.get(tuple(one is not None for one in index), "number") if shape == 2 else "number"
        return Value(kind, whole.array[place])

    def place(self, letters, index, size):
        """Where an index points, from 0; while probing, how far it may go is noted."""
        if index not in letters and not index.isdigit():
            raise Wrong(f"the index {index} has no range")
        if self.lengths is not None and not index.isdigit():
            self.lengths.setdefault(index, set()).add(size)
        at = letters[index] if index in letters else int(index)
        if not 1 <= at <= size:
            raise Wrong(f"there is no place {at} among {size}")
        return at - 1

    def selector(self, letters, name, index):
        return Value("selector", (name, index, False))

    # Products --------------------------------------------------------------------------------------------------

    def product(self, letters, *factors):
        return reduce(lambda right, left: self.times(left, right, letters),
                      [self.value(factor, letters) for factor in reversed(factors)])

    def times(self, left, right, letters):
        """left · right; a selector is as long as what follows it."""
        if right.kind == "selector":
            right = self.grown(right, letters, self.scene.length)
        if left.kind == "selector":
            size = right.array.shape[0] if right.kind in ("column", "matrix") and not left.array[2] else None
            left = self.grown(left, letters, size or self.scene.length)
        if "number" in (left.kind, right.kind):
            return Value(right.kind if left.kind == "number" else left.kind, left.array * right.array)
        if (left.kind, right.kind) == ("column", "row"):
            return Value("matrix", np.multiply.outer(left.array, right.array))
        if (left.kind, right.kind) not in PRODUCTS:
            raise Wrong(f"a {left.kind} times a {right.kind}")
        if left.array.shape[-1] != right.array.shape[0]:
            raise Wrong(f"{left.array.shape[-1]} columns meet {right.array.shape[0]} rows")
        return Value(PRODUCTS[left.kind, right.kind], left.array @ right.array)

    def grown(self, selector, letters, size):
        """A selector with its length: the row o_i, the column of its transpose, the matrix O_i."""
        name, index, stood_up = selector.array
        if size is None:
            raise Wrong(f"{name}_{index} selects from nothing")
        at = self.place(letters, index, size)
        array = self.scene.select(name, at, size)
        if name == r"\mathbf{O}":
            return Value("matrix", array)
        return Value("column" if stood_up else "row", array)

    def dot(self, letters, left, right):
        return number(self.need("number", self.value(left, letters), "· joins numbers")
                      * self.need("number", self.value(right, letters), "· joins numbers"))

    def hadamard(self, letters, *factors):
        values = [self.value(factor, letters) for factor in factors]
        return reduce(lambda left, right: Value(left.kind, self.alike("⊙", left, right) * right.array), values)

    def total(self, letters, index, body):
        size = self.ranges([body], letters, (index,)).get(index)
        if size is None:
            raise Wrong(f"the sum runs over {index}, which stands nowhere in it")
        return reduce(self.add, [self.value(body, {**letters, index: k + 1}) for k in range(size)])

    # Sums, brackets, functions ---------------------------------------------------------------------------------

    def plus(self, letters, left, right):
        return self.add(self.settled(left, letters), self.settled(right, letters))

    def add(self, left, right):
        return Value(left.kind, self.alike("+", left, right) + right.array)

    def alike(self, sign, left, right):
        if left.kind != right.kind or np.shape(left.array) != np.shape(right.array):
            raise Wrong(f"{worded(left)} {sign} {worded(right)}")
        return left.array

    def settled(self, node, letters):
        """The value of a node that nothing follows."""
        value = self.value(node, letters)
        return self.grown(value, letters, self.scene.length) if value.kind == "selector" else value

    def need(self, kind, value, why="a number is needed"):
        if value.kind != kind:
            raise Wrong(f"{why}, and a {value.kind} came")
        return value.array

    def minus(self, letters, node):
        value = self.settled(node, letters)
        return Value(value.kind, -value.array)

    def group(self, letters, node):
        return self.value(node, letters)

    def divide(self, letters, over, under):
        value = self.settled(over, letters)
        return Value(value.kind, value.array / self.need("number", self.value(under, letters), "divided by a number"))

    def transpose(self, letters, node):
        value = self.value(node, letters)
        if value.kind == "selector":
            name, index, stood_up = value.array
            return value if name == r"\mathbf{O}" else Value("selector", (name, index, not stood_up))
        if value.kind == "number":
            raise Wrong("a number is transposed")
        return Value({"column": "row", "row": "column"}.get(value.kind, "matrix"), value.array.T)

    def tuple(self, letters, *parts):
        return Value("column", np.array([self.need("number", self.value(part, letters)) for part in parts]), True)

    def matrix(self, letters, *rows):
        table = np.array([[self.need("number", self.value(part, letters)) for part in row] for row in rows])
        rows, columns = table.shape
        if columns == 1:
            return column(table[:, 0])
        return Value("row", table[0]) if rows == 1 else Value("matrix", table)

    def norm(self, letters, node):
        return number(self.scene.norm(self.need("column", self.settled(node, letters), "a norm is of a column")))

    def apply(self, letters, name, layer, prime, argument):
        value = self.settled(argument, letters)
        if value.kind not in ("number", "column"):
            raise Wrong(f"{name} of a {value.kind}")
        return self.scene.apply(name, None if layer is None else self.layer(letters, layer), prime, value)

    def operate(self, letters, name, argument):
        value = self.settled(argument, letters)
        return Value(value.kind, self.scene.operate(name, value.array))

    def derivative(self, letters, of, by):
        """∂ of / ∂ by, from the scene's referee: no formula of the book takes part."""
        place = ()
        if by.op == "element":
            whole = self.value(by.args[0], letters)
            place = tuple(self.place(letters, one, size) for one, size in zip(by.args[1:], np.shape(whole.array)))
            if len(place) != np.ndim(whole.array):
                raise Wrong("a derivative is taken by one element")
            by = by.args[0]
        if of.op != "name":
            raise Wrong("the derivative is of something that has no name")
        if by.op == "raised":
            return self.scene.derivative(of.args[0], by.args[0].args[0], self.layer(letters, by.args[1]), place)
        if by.op == "name":
            return self.scene.derivative(of.args[0], by.args[0], None, place)
        raise Wrong("the derivative is by something that is no parameter")

    # Dots: what they stand for, in two lines each ----------------------------------------------------------------

    def forward_chain(self, letters, last, first, inner):
        """Each layer after `first`, up to `last`, wraps what is inside it as φ^k(W^k · + b^k)."""
        last, first = self.layer(letters, last), self.layer(letters, first)
        if last < first:
            raise NoLayer(last)
        value = self.settled(inner, letters)
        for k in range(first + 1, last + 1):
            W, b = self.scene.of_layer(r"\mathbf{W}", k), self.scene.of_layer(r"\mathbf{b}", k)
            value = self.scene.apply("\\phi", k, False, self.add(self.times(W, value, letters), b))
        return value

    def slope_chain(self, letters, slopes, W, inner, inner_slopes, inner_W, core):
        """Each layer between the two written pairs wraps what is inside it as φ^k′(z^k) ⊙ (W^k ·)."""
        last, first = self.layer(letters, W.args[1]), self.layer(letters, inner_W.args[1])
        if last < first:
            raise NoLayer(last)

        def wrap(p, w, value):
            product = self.times(w, value, letters)
            return Value("column", self.alike("⊙", p, product) * product.array)

        p, w = self.value(slopes, letters), self.value(W, letters)
        value = self.value(inner, letters)
        if last == first:           # one pair, written twice: both must say the same
            twice = wrap(p, w, self.settled(core, letters))
            if not self.scene.same(twice.array, value.array):
                raise Wrong(f"for one layer after m the outer pair gives {twice}, the inner one {value}")
            return value
        for k in range(first + 1, last):
            z = self.scene.of_layer(r"\mathbf{z}", k)
            value = wrap(self.scene.apply("\\phi", k, True, z), self.scene.of_layer(r"\mathbf{W}", k), value)
        return wrap(p, w, value)


def worded(value):
    size = "" if value.kind == "number" else f" of {'×'.join(map(str, np.shape(value.array)))}"
    return f"a {value.kind}{size}"


def indices(node):
    """The letters in a node by itself that may stand for whole numbers: raised letters, indices."""
    if node.op == "element":
        return [one for one in node.args[1:] if one]
    if node.op == "name" and node.args[0] == r"\mathbf{v}":
        return ["m", "i", "j"]          # the change v^k is that of one weight or bias
    return [node.args[-1]] if node.op in ("selector", "name") else []


def free_letters(equation):
    """(layers, indices) that an equation leaves open: m and k, i and j; what a sum runs over is not open."""
    layers, places, bound = set(), set(), set()
    for node in walk(equation):
        raised = {"raised": 1, "apply": 1}.get(node.op)
        if raised and node.args[raised] is not None:
            layers |= {part.args[0] for part in walk(node.args[raised]) if part.op == "name"}
        if node.op == "element":
            places |= {one for one in node.args[1:] if one and not one.isdigit()}
        if node.op == "selector" and not node.args[1].isdigit():
            places.add(node.args[1])
        if node.op == "total":
            bound.add(node.args[0])
    return sorted(layers & set("mk")), sorted(places - bound)
