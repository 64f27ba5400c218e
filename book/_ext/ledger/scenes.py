"""What the letters of an equation stand for: a network, a handful of vectors, a function that is nudged.

A scene gives the evaluator its letters, its functions and its arithmetic. Its referee gives what is derived.
"""

from fractions import Fraction

import mpmath
import numpy as np

import nnlib

from .evaluate import NoLayer, Value, Wrong, column, number
from .referees import HIGH, PLAIN, Nudges, Symbols, plain_pass, undefined

BOLD = {letter: rf"\mathbf{{{letter}}}" for letter in "WbzavxyudDp"}
Y_HAT = r"\hat{\mathbf{y}}"


# Arithmetics: how a printed number, a function and a norm are computed ------------------------------------------------

class Float:
    constant = staticmethod(float)

    def power(self, base, exponent):
        return base ** exponent

    def norm(self, array):
        return np.linalg.norm(array)

    def bend(self, phi, layer, prime, array):
        return PLAIN[phi][prime](np.asarray(array, float))[()]

    def convert(self, array):
        return np.array(array, float)[()]

    def same(self, one, other):
        return np.allclose(one, other, rtol=1e-9, atol=1e-12)


class High(Float):
    """mpmath: arrays of mpf."""

    constant = staticmethod(mpmath.mpf)

    def norm(self, array):
        return mpmath.norm(list(array))

    def bend(self, phi, layer, prime, array):
        f = HIGH[phi][prime]
        return np.array([f(one) for one in array]) if isinstance(array, np.ndarray) else f(array)

    def convert(self, array):
        return array

    def same(self, one, other):
        return mpmath.norm(list(np.ravel(one - other))) <= 1e-30 * (1 + mpmath.norm(list(np.ravel(one))))


class Letters(High):
    """SymPy: arrays of expressions, φ undefined."""

    def constant(self, text):
        import sympy

        return sympy.Rational(Fraction(text))

    def bend(self, phi, layer, prime, array):
        f = undefined(layer)[prime]
        return np.array([f(one) for one in array], dtype=object) if isinstance(array, np.ndarray) else f(array)

    def same(self, one, other):
        return all((a - b).expand() == 0 for a, b in zip(one, other))


# Scenes --------------------------------------------------------------------------------------------------------------

class Scene:
    """Letters with one value each. `length` is that of a selector which nothing follows."""

    n = None
    length = None

    def __init__(self, arithmetic, letters, length=None):
        self.arithmetic, self.letters, self.length = arithmetic, letters, length
        self.constant, self.power, self.norm = arithmetic.constant, arithmetic.power, arithmetic.norm
        self.same = arithmetic.same

    def symbol(self, name):
        if name not in self.letters:
            raise Wrong(f"{name} has no meaning here")
        return self.letters[name]

    def has_layers(self, name):
        return False

    def of_layer(self, name, k, letters=None):
        raise Wrong(f"{name} has no layers here")

    def select(self, name, at, size):
        """The row o_i or the matrix O_i of a given size, i counted from 0."""
        one, nothing = self.constant("1"), self.constant("0")
        row = [one if k == at else nothing for k in range(size)]
        return np.array(row if name == r"\mathbf{o}" else [row if k == at else [nothing] * size for k in range(size)])

    def apply(self, name, layer, prime, value):
        if name == "\\sigma" and layer is None and not prime:
            return Value(value.kind, self.arithmetic.bend("sigmoid", None, False, value.array))
        raise Wrong(f"{name} has no meaning here")

    def operate(self, name, array):
        raise Wrong(f"{name} has no meaning here")

    def derivative(self, of, by, layer, place):
        raise Wrong("there is nothing to differentiate here")


class NetworkScene(Scene):
    """A network: W, b, z, a, v by layer, x, y and ŷ. In a chain of single units the plain letters are its numbers."""

    def __init__(self, arithmetic, referee, letters=()):
        super().__init__(arithmetic, dict(letters))
        self.referee, self.case = referee, referee.case
        self.n = self.case.n
        self.narrow = set(self.case.widths) == {1}
        symbolic = isinstance(referee, (Nudges, Symbols))
        self.W, self.b = (referee.W, referee.b) if symbolic else (self.case.W, self.case.b)
        here = {BOLD["x"]: referee.x, BOLD["y"]: referee.y}
        self.letters = {name: column(arithmetic.convert(array)) for name, array in here.items()} | self.letters
        if self.narrow:
            self.letters["x"] = number(self.letters[BOLD["x"]].array[0])
        self.families = {BOLD[letter] for letter in "Wbzav"} | ({"w", "b", "z"} if self.narrow else set())

    def symbol(self, name):
        """ŷ is asked of the referee when it is read, so that it is seen who was asked."""
        if name == Y_HAT and name not in self.letters:
            return column(self.convert(self.referee.a(self.n + 1)))
        if name == r"\hat{y}" and self.narrow:
            return number(self.symbol(Y_HAT).array[0])
        return super().symbol(name)

    def has_layers(self, name):
        return name in self.families and name not in self.letters

    def of_layer(self, name, k, letters=None):
        if not 0 <= k <= self.n + (name == BOLD["a"]):
            raise NoLayer(k)
        if name == BOLD["v"]:
            return column(self.convert(self.tangent(k, letters)))
        if name in ("w", "b", "z"):
            return number(self.of_layer(BOLD[name.upper() if name == "w" else name], k).array.ravel()[0])
        if name == BOLD["W"]:
            return Value("matrix", self.convert(self.W[k]))
        array = {BOLD["b"]: lambda: self.b[k], BOLD["z"]: lambda: self.referee.z(k), BOLD["a"]: lambda: self.referee.a(k)}
        return column(self.convert(array[name]()))

    def convert(self, array):
        return self.arithmetic.convert(array)

    def tangent(self, k, letters):
        """v^k: how what layer k gives moves with the weight W^m_ij, or with the bias b^m_i if no j is open."""
        m, i, j = (letters.get(letter) for letter in "mij")
        if m is None or i is None:
            raise Wrong("v^k is the change with W^m_ij or b^m_i, and it is not said which")
        if k < m:
            raise NoLayer(k)
        rows, columns = self.case.W[m].shape
        if i > rows or (j or 1) > columns:
            raise Wrong(f"layer {m} has no weight in row {i}, column {j}")
        return self.referee.moved(m, i - 1, None if j is None else j - 1)[0][k]

    def apply(self, name, layer, prime, value):
        if name != "\\phi":
            return super().apply(name, layer, prime, value)
        if layer is None:
            if len({*self.case.phi}) > 1:
                raise Wrong("φ has no layer, and the layers differ")
            layer = 0
        if not 0 <= layer <= self.n:
            raise NoLayer(layer)
        if value.kind == "column" and len(value.array) != self.case.widths[layer + 1]:
            raise Wrong(f"φ of layer {layer} acts on {self.case.widths[layer + 1]} numbers, and {len(value.array)} came")
        return Value(value.kind, self.arithmetic.bend(self.case.phi[layer], layer, prime, value.array))

    def derivative(self, of, by, layer, place):
        if layer is None:
            raise Wrong("the parameter has no layer")
        if not 0 <= layer <= self.n:
            raise NoLayer(layer)
        if by in ("w", "b") and self.narrow:
            by, place = BOLD[by.upper() if by == "w" else by], (0, 0)[:1 + (by == "w")]
        if by not in (BOLD["W"], BOLD["b"]):
            raise Wrong(f"{by} is no parameter")
        tangents, error = self.referee.moved(layer, place[0], place[1] if by == BOLD["W"] else None)
        if of == Y_HAT:
            return column(self.convert(tangents[self.n]))
        if of == r"\hat{y}" and self.narrow:
            return number(self.convert(tangents[self.n])[0])
        if of == "E":
            return number(self.convert(error))
        raise Wrong(f"{of} is no quantity that is differentiated here")


class PackageScene(NetworkScene):
    """The same letters, answered by nnlib: its forward pass, its derivatives, its selectors."""

    def select(self, name, at, size):
        return packaged(name, at, size, self.referee.asked)


def packaged(name, at, size, asked):
    asked.add(name[-2])
    return nnlib.o(at, size)[0] if name == r"\mathbf{o}" else nnlib.O(at, size)


class Vectors(Scene):
    """Vectors u, v and p of one length; where it is three, v = (a, b, c)."""

    def __init__(self, arithmetic, size, rng, asked=None):
        numbers = {letter: arithmetic.convert(np.array([arithmetic.constant(str(x)) for x in rng.integers(-9, 9, size) / 8]))
                   for letter in "uvp"}
        letters = {BOLD[letter]: column(array) for letter, array in numbers.items()}
        if size == 3:
            letters |= {letter: number(one) for letter, one in zip("abc", numbers["v"])}
        super().__init__(arithmetic, letters, size)
        self.asked = asked

    def select(self, name, at, size):
        return super().select(name, at, size) if self.asked is None else packaged(name, at, size, self.asked)


class Nudged(Scene):
    """f, the answer of a network as a function of one of its numbers, θ, at sixty digits; h, and i with i² = -1."""

    def __init__(self, referee, place, h):
        m, i, j = place
        self.referee, self.place, case = referee, place, referee.case
        self.theta = referee.b[m][i] if j is None else referee.W[m][i, j]
        super().__init__(High(), {"\\theta": number(self.theta), "h": number(h), "i": number(mpmath.mpc(0, 1))})
        self.case = case

    def f(self, theta):
        m, i, j = self.place
        z = self.referee.zs[m].copy()
        z[i] = z[i] + (theta - self.theta) * (1 if j is None else self.referee.a(m)[j])
        return self.referee.run(m, self.referee.a(m), z)[1][-1]

    def plain(self, theta):
        """The same function in float64, for nnlib to nudge; θ as an array of one number."""
        m, i, j = self.place
        step = np.zeros(self.case.W[m].shape, theta.dtype), np.zeros(self.case.b[m].shape, theta.dtype)
        step[j is None][(i,) if j is None else (i, j)] = theta[0] - float(self.theta)
        return plain_pass(self.case, m, step)[1][-1]

    def apply(self, name, layer, prime, value):
        if name != "f" or layer is not None or prime or value.kind != "number":
            return super().apply(name, layer, prime, value)
        return column(self.f(value.array))

    def operate(self, name, array):
        if name != "\\operatorname{Im}":
            return super().operate(name, array)
        return np.array([mpmath.im(one) for one in array])

    def derivative(self, of, by, layer, place):
        if (of, by, layer) != ("f", "\\theta", None):
            return super().derivative(of, by, layer, place)
        tangents, _ = self.referee.moved(*self.place)
        return column(tangents[self.case.n])


class Tangent(Scene):
    """f as a function of all biases of a layer, θ; a direction d, the derivative D, and what the tangent misses, r(h).

    r is summed from the power series of f along d, whose terms come from Cauchy's integral: no subtraction of f(θ), no
    D. ρ is taken from remainders that are computed by subtraction. So each equation meets the route that it is not.
    """

    def __init__(self, referee, m, direction, h):
        self.referee, self.m, self.case = referee, m, referee.case
        self.d = np.array([mpmath.mpf(float(one)) for one in direction])
        self.theta = referee.b[m]
        D = np.array([referee.moved(m, i, None)[0][self.case.n] for i in range(len(self.d))]).T
        letters = {"\\theta": column(self.theta), BOLD["d"]: column(self.d), BOLD["D"]: Value("matrix", D), "h": number(h)}
        super().__init__(High(), letters)
        self.D, self.terms = D, self.series()
        self.letters["\\rho"] = number(mpmath.log(self.subtracted(h) / self.subtracted(h / 2), 2))

    def f(self, theta):
        z = self.referee.zs[self.m] + (theta - self.theta)
        return self.referee.run(self.m, self.referee.a(self.m), z)[1][-1]

    def plain(self, theta):
        """The same function in float64, for nnlib."""
        return plain_pass(self.case, self.m, (0, theta - self.case.b[self.m]))[1][-1]

    def series(self, radius=1e-3, points=16):
        radius = mpmath.mpf(radius)
        around = [mpmath.expjpi(mpmath.mpf(2 * k) / points) for k in range(points)]
        values = [self.f(self.theta + radius * turn * self.d) for turn in around]
        return [sum(value * turn ** -power for value, turn in zip(values, around)) / points / radius ** power
                for power in range(2, points - 2)]

    def subtracted(self, h):
        return self.norm(self.f(self.theta + h * self.d) - self.f(self.theta) - h * (self.D @ self.d))

    def apply(self, name, layer, prime, value):
        if layer is not None or prime or name not in ("f", "r"):
            return super().apply(name, layer, prime, value)
        if name == "f":
            if value.kind != "column" or value.array.shape != self.theta.shape:
                raise Wrong("f is a function of θ")
            return column(self.f(value.array))
        if value.kind != "number":
            raise Wrong("r is a function of h")
        return number(self.norm(sum(term * value.array ** power for power, term in enumerate(self.terms, 2))))

    def operate(self, name, array):
        return mpmath.log(array, 2) if name == "\\log_2" else super().operate(name, array)
