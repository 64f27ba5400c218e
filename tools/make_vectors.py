"""Writes nnlib/vectors.json, the golden vectors: networks, inputs and right answers for programs in any language.

The answers share nothing with nnlib: loops in mpmath, a push from each unit, with φ and φ′ of their own. They start from
the doubles that the printed decimals stand for, have 400 digits, as a saturated softmax needs p − 1 where p is 1 − 1e-174,
and are rounded once to double. So the file is the same on every machine.

Small vectors stand here with their numbers. The others are drawn: decimals from a seed, which is counted up until nothing
in the network hides a mistake.
"""

import json
import re
from hashlib import sha256
from itertools import combinations, count
from pathlib import Path
from random import Random

from mpmath import mp, mpf, workdps

NNLIB = Path(__file__).resolve().parent.parent / "nnlib"
DIGITS, WIDTH = 400, 110

PHI = {                                             # φ, φ′
    "identity": (lambda z: z, lambda z: mpf(1)),
    "square": (lambda z: z ** 2, lambda z: 2 * z),
    "sigmoid": (lambda z: 1 / (1 + mp.exp(-z)), lambda z: 1 / (2 + mp.exp(z) + mp.exp(-z))),
    "tanh": (mp.tanh, lambda z: mp.sech(z) ** 2),
    "relu": (lambda z: z if z > 0 else mpf(0), lambda z: mpf(z > 0)),
    "leaky_relu": (lambda z: z if z > 0 else mpf(0.01) * z, lambda z: mpf(1) if z > 0 else mpf(0.01)),
    "softplus": (lambda z: mp.log1p(mp.exp(z)), lambda z: 1 / (1 + mp.exp(-z))),
    "sin": (mp.sin, mp.cos),
}


# The vectors ----------------------------------------------------------------------------------------------------------

def layers(*several):
    return [{"W": W, "b": b, "phi": phi} for W, b, phi in several]


def vector(name, about, layers, loss, X, Y, rate, decides=True):
    return {"name": name, "about": about, "decides": decides, "layers": layers, "loss": loss, "X": X, "Y": Y, "rate": rate}


PENCIL = layers(([[-2, 1], [1, 2], [2, -2]], [-3, -5, 0], "square"),
                ([[2, -2, -1], [-1, 1, 2]], [-7, -3], "square"),
                ([[1, -1], [-1, 2], [1, -2]], [-2, 6, -5], "square"))
ON_TOP = layers(([[1, -1, 1], [-2, 1, 0], [0, 1, -2]], [3, -3, 5], "square"))
GIVEN = [
    vector("pencil", "The pencil network: every number is whole and can be found by hand.",
           PENCIL, "squared_error", [[2, 3]], [[10, 23, 19]], 0.5, decides=False),
    vector("twin", "The pencil network with one more layer, which is square.",
           [*PENCIL, *ON_TOP], "squared_error", [[2, 3]], [[10, 14, 7]], 0.5, decides=False),
    vector("smallest", "One layer of one unit that reads one number.",
           layers(([[0.7]], [-0.4], "sigmoid")), "squared_error", [[-1.6]], [[0.83]], 0.3),
]
SATURATED = [
    vector("saturated", "Slopes far out: z near 10, 40 and 400, above 0 and below.",
           layers(([[16, -8], [-20, 4], [-96, 152], [112, -144]], [0, 2, 12, -8], "softplus"),
                  ([[-12, 13, -1.25, 1], [-1.5, 1.125, -1, 0.875], [1.75, -1.5, 0.25, -0.25]], [-8.5, 12.5, 1.5], "sigmoid"),
                  ([[24, 8.75, 16], [-4, -40, -3], [-200, 394, -206]], [-0.5, -2.5, 6], "tanh")),
           "squared_error", [[1.5, -2], [-1.75, 1.5]], [[0.25, 0.75, -0.5], [0.375, -0.625, 0.125]], 0.75, decides=False),
    vector("scores", "Scores of a thousand and more, where exp overflows unless the largest is subtracted first.",
           layers(([[400, -300], [-500, 200], [100, 700]], [200, -100, 50], "identity")),
           "cross_entropy", [[1, -2], [1.5, 0.25], [-2.25, -0.5], [0.25, 1.5]],
           [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0.25, 0.25, 0.5]], 0.75, decides=False),
]
DRAWN = [       # name, about, widths, activations, what is right, points, rate
    ("one_layer", "One layer of several units.", (4, 3), "sigmoid", "numbers", 1, 0.7),
    ("sigmoid", "Two layers, and no activation but sigmoid.", (2, 4, 3), "sigmoid", "numbers", 1, 0.65),
    ("tanh", "Deep, and no activation but tanh.", (2, 4, 5, 4, 3), "tanh", "numbers", 1, 0.85),
    ("relu", "No activation but relu; some units are silent.", (3, 5, 4, 3), "relu", "numbers", 1, 0.15),
    ("kinds", "A different activation in each layer.", (2, 4, 5, 6, 3), "square leaky_relu softplus sin",
     "numbers", 1, 0.35),
    ("equal_widths", "All widths equal: nothing complains about a transposed matrix.", (3, 3, 3, 3), "tanh",
     "numbers", 1, 0.45),
    ("equal_widths_kinds", "All widths equal, a different activation in each layer.", (3, 3, 3, 3, 3),
     "leaky_relu softplus sin square", "numbers", 1, 0.25),
    ("equal_widths_batch", "All widths equal, four layers, two activations, two points.", (3, 3, 3, 3, 3),
     "sigmoid sin sigmoid sin", "numbers", 2, 0.55),
    ("batch", "Five points, squared error.", (3, 6, 4), "sigmoid tanh", "numbers", 5, 0.35),
    ("classifier", "Softmax with cross-entropy, one layer, one point.", (3, 4), "identity", "shares", 1, 0.65),
    ("classes", "Softmax with cross-entropy, five points, a class for each.", (4, 6, 3), "relu identity",
     "class", 5, 0.45),
    ("probabilities", "Softmax with cross-entropy, where the right answers are probabilities.", (3, 6, 5), "tanh identity",
     "shares", 4, 0.85),
    ("square_batch", "Three points, all widths three, scores that pass an activation: no axis is told from another.",
     (3, 3, 3), "sigmoid tanh", "class", 3, 0.15),
]
SHARES = {4: (1, 3, 4, 8), 5: (1, 2, 3, 4, 6)}     # of 16 for each class, so that their doubles add up to 1 exactly


def draw(rng, name, about, widths, phis, right, N, rate):
    """A vector of decimals from 0.11 to 1.2 and their negatives, no number twice."""
    numbers = iter(shuffled([k / 100 for k in range(11, 121)], rng))

    def matrix(rows, columns):
        return [[next(numbers) * (1 if rng.random() < 0.5 else -1) for c in range(columns)] for r in range(rows)]

    d_y = widths[-1]
    names = phis.split() if " " in phis else [phis] * (len(widths) - 1)
    net = layers(*[(matrix(d_out, d_in), matrix(1, d_out)[0], phi)
                   for d_in, d_out, phi in zip(widths, widths[1:], names)])
    X = matrix(N, widths[0])
    if right == "numbers":
        return vector(name, about, net, "squared_error", X, matrix(N, d_y), rate)
    parts = SHARES[d_y] if right == "shares" else [16] + [0] * (d_y - 1)
    Y = [[part / 16 for part in shuffled(parts, rng)] for r in range(N)]
    return vector(name, about, net, "cross_entropy", X, Y, rate)


def drawn(*row):
    """The vector of the first seed in which nothing hides a mistake."""
    with workdps(15):
        return next(made for made in (draw(Random(seed), *row) for seed in count()) if not hides(made))


def shuffled(several, rng):
    return sorted(several, key=lambda one: rng.random())


def hides(made):
    """What hides a mistake: the first reason that is found, or None."""
    passes = [forward(made["layers"], x) for x in made["X"]]
    for m, layer in enumerate(made["layers"]):
        z = [one for inputs, of, y_hat in passes for one in of[m]]
        if near(z, (0, 1, 2)) or max(map(abs, z)) > 4:
            return "a special z, or a large one"
        if near([sum(inputs[m]) for inputs, of, y_hat in passes], (0, 1)):
            return "inputs that add up to 0 or 1"
        if "relu" not in layer["phi"]:
            if near([PHI[layer["phi"]][1](one) for one in z], (0,)):
                return "a slope near 0"
        elif min(sum(one > 0 for one in of[m]) for inputs, of, y_hat in passes) < 2 or min(z) > 0:
            return "a layer that is silent for a point, or has no silent unit"
    for (*_, y_hat), y in zip(passes, made["Y"]):
        right = softmax(y_hat) if made["loss"] == "cross_entropy" else y_hat
        apart = [one - other for one, other in combinations(right, 2) if one or other]
        if near([one - other for one, other in zip(right, y)] + apart, (0,)):
            return "two answers that are nearly equal, or one near the right one"
    return None


def near(several, specials):
    return any(abs(one - special) < 0.02 for one in several for special in specials)


# The answers ----------------------------------------------------------------------------------------------------------

def exact(numbers):
    """Numbers as mpf: exactly the double that a printed decimal stands for."""
    return [exact(one) for one in numbers] if isinstance(numbers, list) else mpf(float(numbers))


def forward(net, x):
    """(what each layer reads, its z, the answer) for one point."""
    a, inputs, z = exact(x), [], []
    for layer in net:
        inputs.append(a)
        z.append([b + sum(w * one for w, one in zip(row, a)) for row, b in zip(exact(layer["W"]), exact(layer["b"]))])
        a = [PHI[layer["phi"]][0](one) for one in z[-1]]
    return inputs, z, a


def by_bias(net, z):
    """[m][r][k]: the derivative of answer k by b[m][r], a push from each unit through the layers that follow."""
    slopes = [[PHI[layer["phi"]][1](one) for one in of] for layer, of in zip(net, z)]

    def push(m, r):
        v = [slopes[m][r] * (one == r) for one in range(len(slopes[m]))]
        for k in range(m + 1, len(net)):
            v = [slope * sum(w * one for w, one in zip(row, v)) for slope, row in zip(slopes[k], exact(net[k]["W"]))]
        return v

    return [[push(m, r) for r in range(len(of))] for m, of in enumerate(z)]


def softmax(scores):
    powers = [mp.exp(one) for one in scores]
    return [one / sum(powers) for one in powers]


def loss_of_point(loss, y_hat, y):
    """(the loss of one point, its derivative by each answer)."""
    if loss == "squared_error":
        return sum((one - right) ** 2 for one, right in zip(y_hat, y)) / 2, [one - right for one, right in zip(y_hat, y)]
    p = softmax(y_hat)
    return (-sum(right * mp.log(one) for one, right in zip(p, y)), [one * sum(y) - right for one, right in zip(p, y)])


def total(several):
    """The sum of nested lists of one shape, number by number."""
    return [total(parts) for parts in zip(*several)] if isinstance(several[0], list) else sum(several)


def times(factor, numbers):
    return [times(factor, one) for one in numbers] if isinstance(numbers, list) else factor * numbers


def answers(made):
    """The expected numbers of a vector, in the order in which a program computes them."""
    net, X, Y, N = made["layers"], made["X"], exact(made["Y"]), len(made["X"])
    passes = [forward(net, x) for x in X]
    losses = [loss_of_point(made["loss"], y_hat, y) for (inputs, z, y_hat), y in zip(passes, Y)]
    db = [by_bias(net, z) for inputs, z, y_hat in passes]
    dW = [[[[times(one, v) for one in a] for v in of] for a, of in zip(inputs, by)]
          for (inputs, z, y_hat), by in zip(passes, db)]

    def chain(slopes, v):
        """The derivative of a point's loss, in the place of those of all answers."""
        return [chain(slopes, one) for one in v] if isinstance(v[0], list) else sum(s * one for s, one in zip(slopes, v))

    def mean(several):
        return times(mpf(1) / N, total(several))

    slopes = [by for loss, by in losses]
    grad_b, grad_W = (mean([chain(s, v) for s, v in zip(slopes, several)]) for several in (db, dW))
    step = times(-mpf(made["rate"]), [grad_b, grad_W])
    found = {"z": [z for inputs, z, y_hat in passes], "y_hat": [y_hat for inputs, z, y_hat in passes]}
    if made["loss"] == "cross_entropy":
        found["p"] = [softmax(y_hat) for y_hat in found["y_hat"]]
    if N == 1:
        found |= {"dy_db": db[0], "dy_dW": dW[0]}
    return found | {"loss": mean([loss for loss, by in losses]), "grad_b": grad_b, "grad_W": grad_W,
                    "b_after": total([[exact(layer["b"]) for layer in net], step[0]]),
                    "W_after": total([[exact(layer["W"]) for layer in net], step[1]])}


# The file -------------------------------------------------------------------------------------------------------------

def rounded(numbers):
    """Each number as the nearest double, without negative zeros."""
    return [rounded(one) for one in numbers] if isinstance(numbers, list) else float(numbers) + 0.0


def text(value, indent=0):
    """JSON in lines of at most WIDTH signs: a list or object that does not fit has a line for each of its parts."""
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if not isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=True)
    left, right = "[]" if isinstance(value, list) else "{}"
    several = [("", one) for one in value] if left == "[" else [(f"{json.dumps(key)}: ", one) for key, one in value.items()]
    parts = [key + text(one, indent + 1) for key, one in several]
    line = left + ", ".join(parts) + right
    if len(line) + indent <= WIDTH and "\n" not in line and "name" not in value:
        return line
    space = "\n" + " " * (indent + 1)
    return left + space + ("," + space).join(parts) + right


def document():
    """The whole file as text."""
    with workdps(DIGITS):
        several = [*GIVEN, *(drawn(*row) for row in DRAWN), *SATURATED]
        made = [one | {"expected": {name: rounded(numbers) for name, numbers in answers(one).items()}} for one in several]
    return text({"format": "nnlib vectors", "version": 1, "vectors": made}) + "\n"


def main(nnlib=NNLIB):
    target, source, made = nnlib / "vectors.json", nnlib / "data.py", document().encode("ascii")
    if target.exists() and target.read_bytes() == made:
        print("nnlib/vectors.json holds the same numbers: nothing is written.")
        return
    target.write_bytes(made)
    listed = source.read_text(encoding="utf-8")
    listed = re.sub(r'(?<="vectors.json": ")\w+', sha256(made).hexdigest(), listed)
    source.write_text(listed, encoding="utf-8", newline="\n")
    print(f"nnlib/vectors.json held other numbers: it is written, {len(made):,} bytes, and its SHA-256 in nnlib/data.py.")


if __name__ == "__main__":
    main()
