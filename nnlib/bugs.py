"""The classic bugs of hand-written networks, each as a small change of one line of mathematics (lines.py).

A change is a function of the running lines `s`, of `right`, the method that it replaces, and of what this one takes.
"""
from copy import copy
from dataclasses import replace

import numpy as np

from .activations import ACTIVATIONS
from .lines import BELOW, EVERYWHERE, FIRST, LAST, WAYS, Bug

ALL, SPREAD, ONCE = (EVERYWHERE, LAST, BELOW, FIRST), (EVERYWHERE, LAST, BELOW), (EVERYWHERE,)


def listed():
    """Every bug, with the places in which it is looked for."""
    for several in (forward_pass, parameters, sums, slopes, activations, of_other_layers, slopes_of_one, cross_entropies,
                    softmaxes, errors, errors_of_all, right_answers, other_answers, squared_errors, factors, way_back,
                    sums_back, misread_arrays, points, weight_gradients, stored_gradients, entries, bias_gradients,
                    outputs, outputs_of_all, steps, steps_of_all, point_by_point):
        yield from several()


def bug(name, says, cure, equation, places, is_open=False, carries=False, **changes):
    return Bug(name, says, cure, equation, changes, open=is_open, carries=carries), places


def fitting(other, right):
    """other where it has the shape of right, in whose place it can stand without a word; else right."""
    return other if other is not None and other.shape == right.shape else right


def padded(M, shape):
    """M in an array of another shape: cut off where it is larger, with zeros around it where it is smaller."""
    found = np.zeros(shape)
    rows, columns = np.minimum(M.shape, shape)
    found[:rows, :columns] = M[:rows, :columns]
    return found


def keep_last(M):
    """M with zeros in place of all but its last row: what is left where = stands for +=."""
    return np.vstack([np.zeros_like(M[:-1]), M[-1:]])


# The forward pass ------------------------------------------------------------------------------------------------------

IN_FIXED = "in an array of fixed size, with zeros around W"


def column_by_column(W):
    """The numbers of W, stored row after row and read column after column."""
    return W.reshape(W.shape[::-1]).T


def read_at(W, place, shape=None):
    """Entry (r, c) is number place(r, c, rows, columns) of W, stored row after row; NaN where that is past the end."""
    rows, columns = shape or W.shape
    places = place(np.arange(rows)[:, None], np.arange(columns), rows, columns)
    return np.where(places < W.size, W.ravel()[np.minimum(places, W.size - 1)], np.nan)


def of_other_stride(W):
    return read_at(W, lambda r, c, rows, columns: r * rows + c)


def flat_transposed(W):
    return read_at(W, lambda r, c, rows, columns: c * columns + r)


def weighted(read_matrix=lambda W: W, bias=lambda s, m: s.b[m]):
    def change(s, right, m):
        return s.a[m] @ fitting(read_matrix(s.matrix(m)), s.matrix(m)).T + bias(s, m)
    return {"weighted_sum": change}


def without(column):
    return {"weighted_sum": lambda s, right, m: (
        np.delete(s.a[m], column, axis=1) @ np.delete(s.matrix(m), column, axis=1).T + s.b[m])}


def forward_pass():
    equation = "batch-z"
    yield bug("no-bias", "the bias is not added", "add b to W a", equation, ALL, **weighted(bias=lambda s, m: 0))
    yield bug("minus-bias", "the bias is subtracted", "add b to W a", equation, ALL, **weighted(bias=lambda s, m: -s.b[m]))
    yield bug("bias-in-the-sum", "the bias is added once for each input of the layer",
              "add b once, outside of the sum over the inputs", equation, ALL,
              **weighted(bias=lambda s, m: s.b[m] * s.W[m].shape[1]))
    yield bug("transposed-forward", "W is read column by column in the forward pass, so that a square one is transposed",
              "let row r of W lead to unit r", equation, ALL, **weighted(lambda W: W.T))
    yield bug("transposed-everywhere", "a square W is transposed wherever it is read", "let row r of W lead to unit r",
              equation, ALL, matrix=lambda s, right, m: fitting(right(m).T, right(m)))
    yield bug("transposed-forward", f"the forward pass reads W[c][r], {IN_FIXED}", "let row r of W lead to unit r", equation,
              ALL, **weighted(lambda W: padded(W.T, W.shape)))
    yield bug("transposed-everywhere", f"W[c][r] is read wherever W is read, {IN_FIXED}", "let row r of W lead to unit r",
              equation, ALL, matrix=lambda s, right, m: padded(right(m).T, s.W[m].shape))
    yield bug("stored-by-columns", "the numbers of W are stored row after row and read column after column",
              "read entry (r, c) at r · columns + c", equation, ALL,
              matrix=lambda s, right, m: column_by_column(right(m)))
    yield bug("stored-by-columns", "the forward pass reads W column after column, though it is stored row after row",
              "read entry (r, c) at r · columns + c", equation, ALL, **weighted(column_by_column))
    yield bug("sum-not-cleared", "the sum of a unit goes on from that of the unit before it", "begin each sum anew",
              equation, ALL, weighted_sum=lambda s, right, m: np.cumsum(right(m), axis=1))
    yield bug("sum-not-cleared", "the sum of a unit goes on from that of the unit before it, and the bias is added then",
              "begin each sum anew", equation, ALL,
              weighted_sum=lambda s, right, m: np.cumsum(right(m) - s.b[m], axis=1) + s.b[m])
    yield bug("first-bias-for-all", "every unit takes the first bias of its layer", "take b of unit r", equation, ALL,
              **weighted(bias=lambda s, m: s.b[m][0]))
    yield bug("last-input-left-out", "the sum over the inputs ends one too early", "let the sum run over every input",
              equation, ALL, **without(-1))
    yield bug("first-input-left-out", "the sum over the inputs begins one too late", "let the sum begin at input 0",
              equation, ALL, **without(0))
    yield bug("sum-overwritten", "each product replaces the sum so far, so that only the last input counts",
              "add each product to the sum", equation, ALL,
              weighted_sum=lambda s, right, m: s.a[m][:, -1:] * s.matrix(m)[:, -1] + s.b[m])
    yield bug("in-place", "a unit's result is stored where the next unit still reads an input",
              "keep the inputs until every unit is done", "layer-a", ALL, weighted_sum=overwritten)


def misread_arrays():
    """A W that is stored row after row, read elsewhere; no one knows what stands past its end."""
    back = "batch-delta-step"
    cure = "read it at r · columns + c"
    for names, place, read in (
            (["another-stride"] * 3, "r · rows + c", of_other_stride),
            (["transposed-forward", "transposed-back", "transposed-everywhere"], "c · columns + r", flat_transposed)):
        yield bug(names[0], f"the forward pass reads entry (r, c) of W at {place}", cure, "batch-z", ALL, True,
                  **weighted(read))
        yield bug(names[1], f"the way back reads entry (r, c) of W at {place}", cure, back, ALL, True,
                  **through(lambda s, m, read=read: read(s.matrix(m))))
        yield bug(names[2], f"entry (r, c) of W is read at {place}, wherever it is read", cure, "batch-z", ALL, True,
                  matrix=lambda s, right, m, read=read: read(right(m)))
    yield bug("weights-of-the-layer-below", "δ goes back through the numbers of the W below, read row after row",
              "take the W that δ's own layer has", back, ALL, True, **through(lambda s, m: read_at(
                  s.matrix(m - 1), lambda r, c, rows, columns: r * columns + c, s.W[m].shape)))
    yield bug("slope-of-the-layer-above", "the slope of unit r is that of unit r of the layer above",
              "take the slope of the layer itself", back, SPREAD, True, slope=slope_above)


def slope_above(s, right, m):
    if m == s.n:
        return right(m)
    above, found = s.phi[m + 1].df(s.z[m + 1]), np.full_like(s.z[m], np.nan)
    columns = min(above.shape[1], found.shape[1])
    found[:, :columns] = above[:, :columns]
    return found


def of_parameters(of):
    """A program that begins with other parameters, of(W, b) of each layer."""
    def forward(s, right):
        s.W, s.b = zip(*(of(W, b) for W, b in zip(s.W, s.b)))
        right()
    return {"forward": forward}


def parameters():
    equation, cure = "batch-z", "give each unit weights and a bias of its own"
    yield bug("weights-shared", "all units of a layer have the weights of the first one", cure, equation, ONCE,
              **of_parameters(lambda W, b: (np.broadcast_to(W[:1], W.shape), b)))
    yield bug("biases-shared", "all units of a layer begin with the bias of the first one", cure, equation, ONCE,
              **of_parameters(lambda W, b: (W, np.broadcast_to(b[:1], b.shape))))
    for words, of in (("a square W is taken in with rows for columns", lambda W: fitting(W.T, W)),
                      (f"W is taken in with rows for columns, {IN_FIXED}", lambda W: padded(W.T, W.shape))):
        yield bug("parameters-transposed", words, "let entry (r, c) of the file be that of row r and column c", equation,
                  ONCE, **of_parameters(lambda W, b, of=of: (of(W), b)))
    for words, of in (("with 0 for the last unit", lambda W, b: np.append(b[1:], 0)),
                      ("and the last that of the first", lambda W, b: np.roll(b, -1))):
        yield bug("biases-shifted", f"unit r has the bias of unit r + 1, {words}", "count both from 0", equation, ALL,
                  **weighted(bias=lambda s, m, of=of: of(s.W[m], s.b[m])))
    yield bug("parameters-by-columns", "the program reads the numbers of W column after column when it takes them in",
              "read them row after row", equation, ONCE, **of_parameters(lambda W, b: (column_by_column(W), b)))


def of_inputs(of):
    """The forward pass of other inputs, of(X)."""
    def forward(s, right):
        s.X = of(s.X)
        right()
    return {"forward": forward}


def sums():
    equation = "batch-z"
    yield bug("first-input-twice", "the first input counts twice", "begin the sum with the bias, or with 0", equation, ALL,
              weighted_sum=lambda s, right, m: right(m) + np.outer(s.a[m][:, 0], s.matrix(m)[:, 0]))
    yield bug("inputs-shifted", "weight c is multiplied by input c + 1, and the last by input 0", "count both from 0",
              equation, ALL, weighted_sum=lambda s, right, m: np.roll(s.a[m], -1, axis=1) @ s.matrix(m).T + s.b[m])
    yield bug("inputs-reversed", "the inputs are read from the last to the first", "count both from 0", equation, ALL,
              weighted_sum=lambda s, right, m: s.a[m][:, ::-1] @ s.matrix(m).T + s.b[m])
    yield bug("whole-biases", "the biases are cut to whole numbers", "keep them as floats", equation, ALL,
              **weighted(bias=lambda s, m: np.trunc(s.b[m])))
    yield bug("whole-inputs", "the inputs x are cut to whole numbers", "keep them as floats", equation, ONCE,
              **of_inputs(np.trunc))
    yield bug("points-reversed", "the points are read from the last to the first, and their right answers are not",
              "take x and y of the same point", equation, ONCE,
              **of_inputs(lambda X: X[::-1]))
    yield bug("bias-after-activation", "the bias is added to φ(W a), and not to W a", "add b first", equation, ALL,
              weighted_sum=lambda s, right, m: right(m) - s.b[m], activation=lambda s, right, m: right(m) + s.b[m])


def overwritten(s, right, m):
    W, rows = s.matrix(m), []
    for a in s.a[m]:
        line = np.zeros(max(W.shape))
        line[:a.size] = a
        z = np.zeros(len(W))
        for r, row in enumerate(W):
            z[r] = row @ line[:a.size] + s.b[m][r]
            line[r] = s.phi[m].f(z[r:r + 1])[0]
        rows.append(z)
    return np.stack(rows)


# φ and φ′ --------------------------------------------------------------------------------------------------------------

def sigma(z):
    return ACTIVATIONS["sigmoid"].f(z)


def leaky(alpha):
    return lambda z: np.where(z > 0, z, alpha * z), lambda z: np.where(z > 0, 1.0, alpha)


OTHERS = {                                          # what else is written where this activation is meant: φ, φ′
    "sigmoid": {"tanh": (np.tanh, ACTIVATIONS["tanh"].df),
                "σ(−z)": (lambda z: sigma(-z), lambda z: -sigma(z) * sigma(-z)),
                "σ(2z)": (lambda z: sigma(2 * z), lambda z: 2 * sigma(2 * z) * sigma(-2 * z)),
                "1/1 + exp(−z)": (lambda z: 1 + np.exp(-z), lambda z: -np.exp(-z)),
                "1/(1 + 2.718^(−z))": (lambda z: 1 / (1 + 2.718**-z), lambda z: 2.718**-z / (1 + 2.718**-z) ** 2)},
    "tanh": {"sigmoid": (sigma, ACTIVATIONS["sigmoid"].df),
             "2σ(z) − 1": (lambda z: 2 * sigma(z) - 1, lambda z: 2 * sigma(z) * sigma(-z)),
             "coth": (lambda z: 1 / np.tanh(z), lambda z: -1 / np.sinh(z) ** 2)},
    "relu": {"leaky relu with 0.01": leaky(0.01), "the absolute value": (np.abs, np.sign),
             "softplus": (ACTIVATIONS["softplus"].f, sigma)},
    "leaky_relu": {"relu": leaky(0.0), "leaky relu with 0.1": leaky(0.1), "leaky relu with 0.2": leaky(0.2),
                   "leaky relu with 0.3": leaky(0.3), "leaky relu with 0.001": leaky(0.001),
                   "max(z, 0.01)": (lambda z: np.maximum(z, 0.01), lambda z: np.where(z > 0.01, 1.0, 0.0))},
    "softplus": {"sigmoid": (sigma, ACTIVATIONS["sigmoid"].df), "relu": leaky(0.0),
                 "log(1 + exp(−z))": (lambda z: np.logaddexp(0, -z), lambda z: -sigma(-z))},
    "sin": {"sigmoid": (sigma, ACTIVATIONS["sigmoid"].df), "cos": (np.cos, lambda z: -np.sin(z)),
            "sin of degrees": (lambda z: np.sin(np.radians(z)), lambda z: np.radians(np.cos(np.radians(z))))},
    "square": {"z²/2": (lambda z: z * z / 2, lambda z: z)},
}
MISREMEMBERED = {                                   # φ′
    "sigmoid": {"σ": sigma, "1 − σ": lambda z: sigma(-z), "σ(1 + σ)": lambda z: sigma(z) * (1 + sigma(z)),
                "σ²": lambda z: sigma(z) ** 2, "1 − σ²": lambda z: 1 - sigma(z) ** 2,
                "q/(1 + q), with q = exp(−|z|)": lambda z: sigma(-abs(z)),
                "(q/(1 + q))², with q = exp(−|z|)": lambda z: sigma(-abs(z)) ** 2},
    "tanh": {"1 − tanh": lambda z: 1 - np.tanh(z), "tanh": np.tanh, "1 + tanh²": lambda z: 1 + np.tanh(z) ** 2,
             "−tanh²": lambda z: -np.tanh(z) ** 2, "tanh (1 − tanh)": lambda z: np.tanh(z) * (1 - np.tanh(z)),
             "4q/(1 + q)², with q = exp(−|z|)": lambda z: 4 * sigma(z) * sigma(-z),
             "(1 − tanh)²": lambda z: (1 - np.tanh(z)) ** 2},
    "relu": {"relu itself": lambda z: np.maximum(z, 0), "1 below 0 and 0 above": lambda z: np.where(z > 0, 0.0, 1.0)},
    "leaky_relu": {"−0.01 below 0": lambda z: np.where(z > 0, 1.0, -0.01),
                   "0.01 above 0 too": lambda z: np.full(z.shape, 0.01),
                   "0.01 z below 0": lambda z: np.where(z > 0, 1.0, 0.01 * z),
                   "0.01 above 0 and 1 below": lambda z: np.where(z > 0, 0.01, 1.0)},
    "softplus": {"σ(−z)": lambda z: sigma(-z), "softplus itself": ACTIVATIONS["softplus"].f,
                 "σ(1 − σ)": ACTIVATIONS["sigmoid"].df},
    "sin": {"sin": np.sin, "−sin": lambda z: -np.sin(z)},
    "square": {"z": lambda z: z, "z²": lambda z: z * z, "2": lambda z: np.full(z.shape, 2.0)},
}


def of_whole(function):
    """function(z, q) with the card's q = exp(−|z|), where |z| is cut to a whole number."""
    return lambda z: function(z, np.exp(-np.trunc(abs(z))))


def sigma_of(z, q):
    return np.where(z >= 0, 1, q) / (1 + q)


WHOLE_ABS = {                                       # what of the card has an abs: φ, φ′
    "activation": {"sigmoid": of_whole(sigma_of), "softplus": of_whole(lambda z, q: np.maximum(z, 0) + np.log1p(q))},
    "slope": {"sigmoid": of_whole(lambda z, q: q / (1 + q) ** 2), "softplus": of_whole(sigma_of),
              "tanh": of_whole(lambda z, q: 4 * q**2 / (1 + q**2) ** 2)},
}
# φ′ alone is on the list by another name.
OF_ANOTHER_NAME = {("sigmoid", "σ(−z)"), ("softplus", "sigmoid"), ("leaky_relu", "max(z, 0.01)"), ("sin", "cos"),
                   ("square", "z²/2")}
BY_OUTPUT = {                                       # φ′ as a function of φ(z), for those that need no root
    "sigmoid": lambda a: a * (1 - a), "tanh": lambda a: 1 - a * a, "softplus": lambda a: 1 - np.exp(-a),
}


def swapped(old, f=None, df=None):
    """Other functions in place of φ and φ′ in the layers whose activation is named `old`."""
    def change(function):
        return lambda s, right, m: function(s.z[m]) if s.phi[m].name == old else right(m)
    return {line: change(function) for line, function in (("activation", f), ("slope", df)) if function}


def overwriting(s, right, m):
    s.z[m] = right(m)
    return s.z[m]


def activations():
    for old, others in OTHERS.items():
        for name, (f, df) in others.items():
            yield bug(f"{old}-as-{name}", f"{name} stands where {old} is meant, in φ and in φ′", f"take {old}", "layer-a",
                      SPREAD, **swapped(old, f, df))
            yield bug(f"{old}-f-as-{name}", f"{name} stands where {old} is meant, in φ but not in φ′", f"take {old}",
                      "layer-a", SPREAD, **swapped(old, f))
            if (old, name) not in OF_ANOTHER_NAME:
                yield bug(f"{old}-df-as-{name}", f"the slope is that of {name}, where φ is {old}",
                          f"take the slope of {old}", "batch-delta-step", SPREAD, **swapped(old, df=df))
    for old, slopes_of in MISREMEMBERED.items():
        for name, df in slopes_of.items():
            yield bug(f"{old}-slope-{name}", f"the slope of {old} is taken to be {name}", f"take the slope of {old}",
                      "batch-delta-step", SPREAD, **swapped(old, df=df))
    for old, phi in ACTIVATIONS.items():
        if old not in ("square", "relu"):               # of relu it is the absolute value
            yield bug(f"{old}-of-size", f"{old} is taken of |z|", f"take {old} of z", "layer-a", SPREAD,
                      **swapped(old, lambda z, f=phi.f: f(abs(z))))
    chopped = {line: lambda s, right, m, of=of: of.get(s.phi[m].name, lambda z: right(m))(s.z[m])
               for line, of in WHOLE_ABS.items()}
    yield bug("whole-abs", "abs cuts z to a whole number, as the abs of C does", "in C, take fabs", "layer-a", ONCE,
              **chopped)
    for old in ("sigmoid", "softplus", "tanh"):
        for line, words in (("activation", f"in {old}"), ("slope", f"in the slope of {old}")):
            if old in WHOLE_ABS[line]:
                yield bug("whole-abs", f"{words}, abs cuts z to a whole number, as the abs of C does", "in C, take fabs",
                          "layer-a", ONCE, **{line: lambda s, right, m, old=old, line=line: (
                              WHOLE_ABS[line][old](s.z[m]) if s.phi[m].name == old else right(m))})
    yield bug("whole-abs", "in the slope, abs cuts z to a whole number, as the abs of C does", "in C, take fabs",
              "batch-delta-step", ONCE, slope=chopped["slope"])
    yield bug("outputs-as-z", "φ(z) is printed as z", "print z before φ, or keep it", "batch-z", ONCE,
              sums=lambda s, right: s.a[1:])
    one = {"slope": lambda s, right, m: np.ones_like(s.z[m])}
    none = {"activation": lambda s, right, m: s.z[m]}
    twice = {"activation": lambda s, right, m: s.phi[m].f(right(m))}
    yield bug("z-overwritten", "φ(z) overwrites z, so that slopes are taken at φ(z)", "keep z beside φ(z)", "layer-a", ALL,
              activation=overwriting)
    yield bug("no-activation", "φ is left out of the forward pass, and its slope is used", "store φ(z), not z", "layer-a",
              ALL, **none)
    yield bug("linear", "φ is left out, and its slope is 1", "store φ(z), not z", "layer-a", ALL, **none | one)
    yield bug("activation-twice", "φ is applied twice", "apply φ once", "layer-a", ALL, **twice)


def of_other_layers():
    def of(phi_of, lines=("activation", "slope")):
        def change(function):
            return lambda s, right, m: getattr(phi_of(s, m), function)(s.z[m])
        return {line: change({"activation": "f", "slope": "df"}[line]) for line in lines}

    for name, says, phi_of, places in (
            ("of-the-first-layer", "that of layer 0", lambda s, m: s.phi[0], (EVERYWHERE, BELOW)),
            ("of-the-last-layer", "that of the last layer", lambda s, m: s.phi[-1], (EVERYWHERE, BELOW)),
            ("of-the-layer-below", "that of the layer below", lambda s, m: s.phi[max(m - 1, 0)], SPREAD),
            ("of-the-layer-above", "that of the layer above", lambda s, m: s.phi[min(m + 1, s.n)], SPREAD),
            ("sigmoid-for-all", "the sigmoid", lambda s, m: ACTIVATIONS["sigmoid"], SPREAD),
            ("tanh-for-all", "tanh", lambda s, m: ACTIVATIONS["tanh"], SPREAD),
            ("relu-for-all", "relu", lambda s, m: ACTIVATIONS["relu"], SPREAD)):
        cure = "give each layer its own φ"
        yield bug(f"activation-{name}", f"whatever φ of a layer is, {says} is used", cure, "layer-a", places, **of(phi_of))
        yield bug(f"slope-as-{name}", f"whatever φ of a layer is, the slope of {says} is used", cure, "batch-delta-step",
                  places, **of(phi_of, ("slope",)))
    yield bug("slope-of-the-first-unit", "every unit has the slope of the first unit of its layer", "take φ′ at z of unit r",
              "batch-delta-step", ALL, slope=lambda s, right, m: np.broadcast_to(right(m)[:, :1], s.z[m].shape))
    yield bug("cut-below-0", "δ is set to 0 where z is not above 0, whatever φ is", "multiply by φ′(z) only",
              "batch-delta-step", ALL, stretch=lambda s, right, m, delta: right(m, delta) * (s.z[m] > 0))


def slopes_of_one():
    """The mistakes of `slopes`, in the layers of one activation only; they have the same names."""
    for old, phi in ACTIVATIONS.items():
        def of(says, name, df, old=old):
            return bug(name, says.replace("the slope", f"the slope of {old}", 1), f"take φ′(z) of {old}", "batch-delta-step",
                       SPREAD, **swapped(old, df=df))

        yield of("the slope has the wrong sign", "minus-slope", lambda z, phi=phi: -phi.df(z))
        if old != "identity":
            yield of("the slope is left out", "no-slope", np.ones_like)
        if old not in ("identity", "relu"):
            yield of("the slope is multiplied twice", "slope-twice", lambda z, phi=phi: phi.df(z) ** 2)
        if old not in ("identity", "relu", "leaky_relu"):
            yield of("the slope φ′ is taken at φ(z), not at z", "slope-at-output", lambda z, phi=phi: phi.df(phi.f(z)))
        if old in BY_OUTPUT:
            yield of("a formula of the slope that is meant for φ(z) is given z", "slope-by-output", BY_OUTPUT[old])


def slopes():
    def of_neighbour(step):
        def change(s, right, m):
            inside = 0 <= m + step <= s.n
            return fitting(s.phi[m + step].df(s.z[m + step]), right(m)) if inside else right(m)
        return {"slope": change}

    def by_output(s, right, m):
        function = BY_OUTPUT.get(s.phi[m].name)
        return function(s.z[m]) if function else right(m)

    equation = "batch-delta-step"
    yield bug("slope-at-output", "the slope φ′ is taken at φ(z), not at z", "take φ′(z)", equation, ALL,
              slope=lambda s, right, m: s.phi[m].df(s.a[m + 1]))
    yield bug("slope-by-output", "a formula of the slope that is meant for φ(z), like a(1 − a), is given z",
              "give it φ(z), or take φ′(z)", equation, ALL, slope=by_output)
    yield bug("slope-at-input", "the slope φ′ is taken at what the layer reads, not at its z", "take φ′(z)", equation, ALL,
              slope=lambda s, right, m: fitting(s.phi[m].df(s.a[m]), right(m)))
    yield bug("no-slope", "the slope is left out", "multiply by φ′(z)", equation, ALL,
              slope=lambda s, right, m: np.ones_like(s.z[m]))
    yield bug("slope-is-the-output", "φ(z) stands in place of φ′(z)", "multiply by φ′(z)", equation, ALL,
              slope=lambda s, right, m: s.a[m + 1])
    yield bug("slope-twice", "the slope is multiplied twice", "multiply by φ′(z) once", equation, ALL,
              slope=lambda s, right, m: right(m) ** 2)
    yield bug("minus-slope", "the slope has the wrong sign", "turn the sign of φ′", equation, ALL,
              slope=lambda s, right, m: -right(m))
    yield bug("slope-of-the-layer-above", "the slope is that of the layer above", "take the slope of the layer itself",
              equation, SPREAD, **of_neighbour(1))
    yield bug("slope-of-the-layer-below", "the slope is that of the layer below", "take the slope of the layer itself",
              equation, SPREAD, **of_neighbour(-1))


# The loss --------------------------------------------------------------------------------------------------------------

def softmax(scores):
    return powers_of(scores) / powers_of(scores).sum(axis=1, keepdims=True)


def of_softmax(line, function):
    """A change only where the loss is cross-entropy of softmax."""
    return {line: lambda s, right: function(s) if s.softmax else right()}


def of_squares(line, function):
    """A change only where the loss is the squared error."""
    return {line: lambda s, right: right() if s.softmax else function(s)}


def sums_of(s):
    return powers_of(s.y_hat).sum(axis=1, keepdims=True)


def cross_entropies():
    def wrong(name, says, cure, function):
        return bug(name, says, cure, "cross-entropy", ONCE, **of_softmax("loss_of_points", function))

    sums = "take −Σ y log p"
    for epsilon in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10):
        yield wrong(f"log-plus-{epsilon:g}", f"{epsilon:g} is added to p inside the logarithm",
                    "take the logarithm from the scores, as in (log-softmax)",
                    lambda s, e=epsilon: -(s.Y * np.log(s.p + e)).sum(axis=1))
    yield wrong("log-of-base-2", "the logarithm has base 2", "take the natural logarithm",
                lambda s: -(s.Y * np.log2(s.p)).sum(axis=1))
    yield wrong("log-of-base-10", "the logarithm has base 10", "take the natural logarithm",
                lambda s: -(s.Y * np.log10(s.p)).sum(axis=1))
    yield wrong("binary-loss", "the loss adds (1 − y) log(1 − p) for each class", "with softmax, add up y log p only",
                lambda s: -(s.Y * np.log(s.p) + (1 - s.Y) * np.log(1 - s.p)).sum(axis=1))
    yield wrong("parentheses", "the minus stands before the first logarithm only",
                "put the whole sum in parentheses",
                lambda s: -(s.Y * np.log(s.p) - (1 - s.Y) * np.log(1 - s.p)).sum(axis=1))
    yield wrong("log-of-the-sum-once-per-class",
                "the logarithm of the sum is not multiplied by y, and so it is subtracted for "
                "each class", "put the difference in parentheses",
                lambda s: -(s.Y * (s.log_p() + np.log(sums_of(s))) - np.log(sums_of(s))).sum(axis=1))
    yield wrong("loss-of-the-largest", "the loss takes the class with the largest p, not the right one", sums,
                lambda s: -np.log(s.p.max(axis=1)))
    yield wrong("y-forgotten", "the loss adds log p of every class, without y", sums, lambda s: -np.log(s.p).sum(axis=1))
    yield wrong("loss-of-the-first", "the loss takes log p of class 0, whatever y is", sums, lambda s: -np.log(s.p[:, 0]))
    yield wrong("one-minus-p", "the loss is Σ y (1 − p), with no logarithm", sums, lambda s: (s.Y * (1 - s.p)).sum(axis=1))
    yield wrong("squared-error-of-p", "the loss is the squared error of the probabilities", sums,
                lambda s: ((s.p - s.Y) ** 2).sum(axis=1) / 2)


def powers_of(scores):
    """The exponentials of each point, whose largest is 1."""
    return np.exp(scores - scores.max(axis=1, keepdims=True))


def wrong_softmax(name, says, cure, function):
    """function(scores) in place of softmax: everywhere, or in a part of what is computed with it."""
    unseen = {"log_p": lambda s, right: np.log(function(s.y_hat)),
              "by_answers": lambda s, right: function(s.y_hat) - s.Y if s.softmax else right()}
    yield bug(name, says, cure, "softmax", ONCE, probabilities=lambda s, right: function(s.y_hat), log_p=unseen["log_p"])
    yield bug(name, f"{says}, in loss and derivative and not in p", cure, "softmax", ONCE, **unseen)
    for line, words in (("log_p", "in the loss only"), ("by_answers", "in the derivative only")):
        yield bug(name, f"{says}, {words}", cure, "softmax", ONCE, **{line: unseen[line]})


def sums_of_softmax():
    cure, batch = "let each point have a sum of its own", "softmax-over-the-batch"

    def of_the_batch(scores, axis=0):
        powers = np.exp(scores - scores.max())
        return powers / powers.sum(axis=axis)

    yield from wrong_softmax(batch, "softmax divides by one sum for the whole batch", cure,
                             lambda scores: of_the_batch(scores, axis=None))
    yield from wrong_softmax(batch, "softmax adds up over the points, not over the classes", cure, of_the_batch)
    yield from wrong_softmax(
        batch, "each exponential, of a score less the largest of its point, is divided by one sum for the whole batch", cure,
        lambda scores: powers_of(scores) / powers_of(scores).sum())
    yield from wrong_softmax(
        batch, "the exponentials, of scores less the largest of their point, are added up over the points, and not over the "
        "classes", cure, lambda scores: powers_of(scores) / powers_of(scores).sum(axis=0))
    yield from wrong_softmax(
        "softmax-sum-not-cleared", "the sum of the exponentials goes on from point to point", "begin each sum anew",
        lambda scores: powers_of(scores) / np.cumsum(powers_of(scores).sum(axis=1, keepdims=True), axis=0))
    yield from wrong_softmax(
        "softmax-partial-sum", "each exponential is divided by the sum up to its own class", "add up over all classes first",
        lambda scores: powers_of(scores) / np.cumsum(powers_of(scores), axis=1))


def softmaxes():
    yield from sums_of_softmax()
    yield from wrong_softmax("softmax-without-exp", "softmax divides the scores by their sum, with no exponential",
                             "take exp of each score first", lambda scores: scores / scores.sum(axis=1, keepdims=True))
    yield from wrong_softmax("softmax-twice", "softmax is taken twice", "give the loss the scores, not probabilities",
                             lambda scores: softmax(softmax(scores)))
    yield from wrong_softmax("softmax-of-twice", "softmax is taken of twice the scores", "take exp of the scores",
                             lambda scores: softmax(2 * scores))
    yield from wrong_softmax("softmax-not-divided", "the exponentials are not divided by their sum",
                             "divide them by their sum", powers_of)
    yield from wrong_softmax("top-forgotten", "the largest score is subtracted above the fraction's line and not below it",
                             "subtract it in both",
                             lambda scores: powers_of(scores) / np.exp(scores).sum(axis=1, keepdims=True))
    yield from wrong_softmax("top-forgotten", "the largest score is subtracted below the fraction's line and not above it",
                             "subtract it in both",
                             lambda scores: np.exp(scores) / powers_of(scores).sum(axis=1, keepdims=True))
    yield from wrong_softmax("sigmoid-for-softmax", "each score goes through a sigmoid, and not through softmax",
                             "divide the exponentials by their sum", sigma)
    yield bug("softmax-not-divided", "the exponentials are not divided by their sum, in p but not in the loss",
              "divide them by their sum", "softmax", ONCE, probabilities=lambda s, right: powers_of(s.y_hat))
    yield bug("top-forgotten", "the largest score is subtracted in the exponentials and not in the loss",
              "subtract it in both",
              "softmax", ONCE, log_p=lambda s, right: right() + s.y_hat.max(axis=1, keepdims=True))
    yield bug("top-forgotten", "the largest score is subtracted in the loss and not in the exponentials",
              "subtract it in both",
              "softmax", ONCE, log_p=lambda s, right: right() - s.y_hat.max(axis=1, keepdims=True))


def hard(Y):
    return np.equal(Y, Y.max(axis=1, keepdims=True)).astype(float)


def first_y(s, right):
    return -(s.Y[:1] * s.log_p()).sum(axis=1) if s.softmax else ((s.y_hat - s.Y[:1]) ** 2).sum(axis=1) / 2


def loss_after(s, right):
    later = copy(s)
    later.W, later.b = later.after()
    later.forward()
    return later.loss_of_points().sum() / s.N


def by_squares_of_p(s):
    miss = s.p - s.Y
    return s.p * (miss - (miss * s.p).sum(axis=1, keepdims=True))


def errors():
    delta = "p-minus-y"
    yield bug("scores-minus-y", "the derivative is ŷ − y with the scores, and not p − y", "take p − y", delta, ONCE,
              **of_softmax("by_answers", lambda s: s.y_hat - s.Y))
    yield bug("minus-y-over-p", "the derivative by p, −y/p, is used as that by the scores", "take p − y", delta, ONCE,
              **of_softmax("by_answers", lambda s: -s.Y / s.p))
    for epsilon in (1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6):
        yield bug("minus-y-over-p", f"the derivative by p, −y/(p + {epsilon:g}), is used as that by the scores",
                  "take p − y",
                  delta, ONCE, **of_softmax("by_answers", lambda s, e=epsilon: -s.Y / (s.p + e)))
    yield bug("p-minus-y-and-slope", "p − y is multiplied by p (1 − p) once more", "take p − y alone", delta, ONCE,
              **of_softmax("by_answers", lambda s: (s.p - s.Y) * s.p * (1 - s.p)))
    yield bug("p-minus-1", "the derivative is p − 1 for the right class and 0 for the others, as by the diagonal of "
              "softmax's derivative alone", "take p − y for every class",
              delta, ONCE, **of_softmax("by_answers", lambda s: s.Y * (s.p - 1)))
    yield bug("y-in-the-fraction", "y is subtracted before the exponentials are divided by their sum", "take p − y",
              delta, ONCE,
              **of_softmax("by_answers", lambda s: s.p - s.Y / sums_of(s)))


def other_answers():
    yield bug("log-p-as-p", "the logarithm of p is printed as p", "print the probabilities", "softmax", ONCE,
              probabilities=lambda s, right: s.log_p(),
              by_answers=lambda s, right: np.exp(s.p) - s.Y if s.softmax else right())
    yield from of_other_points()


def of_other_points():
    """Right answers that belong elsewhere, in loss and derivative or in one of them."""
    cure, others = "take number k of y, of the same point", {
        "y-of-the-next-point": ("is that of the next point", lambda Y: np.roll(Y, -1, axis=0)),
        "y-reversed": ("is read from its last number to its first", lambda Y: Y[:, ::-1]),
        "y-shifted": ("is read one place too late", lambda Y: np.roll(Y, -1, axis=1)),
        "y-shifted-back": ("is read one place too early", lambda Y: np.roll(Y, 1, axis=1))}
    for name, (says, of) in others.items():
        def with_Y(line, of=of):
            def change(s, right):
                mine, s.Y = s.Y, of(s.Y)
                found = right()
                s.Y = mine
                return found
            return {line: change}
        yield bug(name, f"y {says}", cure, "loss-gradient", ONCE, **with_Y("by_answers"), **with_Y("loss_of_points"))
        yield bug(name, f"y {says}, in the derivative only", cure, "loss-gradient", ONCE, **with_Y("by_answers"))


def errors_of_all():
    delta = "p-minus-y"
    for name, says, function in (
            ("p-minus-1-for-all", "the derivative is p − 1 for every class", lambda s: s.p - 1),
            ("no-other-classes", "the derivative is p − y for the right class and 0 for the others",
             lambda s: (s.p - s.Y) * (s.Y > 0)),
            ("p-minus-y-and-slope", "p − y is multiplied by the slope of the sigmoid",
             lambda s: (s.p - s.Y) * ACTIVATIONS["sigmoid"].df(s.y_hat))):
        yield bug(name, says, "take p − y for every class", delta, ONCE, **of_softmax("by_answers", function))
    for name, says, function in (
            ("mean-error-for-all", "every output has the mean of ŷ − y", lambda d, s: np.broadcast_to(
                d.mean(axis=1, keepdims=True), d.shape)),
            ("size-of-the-error", "the derivative is |ŷ − y|", lambda d, s: abs(d)),
            ("error-times-answer", "ŷ − y is multiplied by ŷ", lambda d, s: d * s.y_hat),
            ("error-times-answer", "ŷ − y is multiplied by ŷ (1 − ŷ) once more", lambda d, s: d * s.y_hat * (1 - s.y_hat))):
        yield bug(name, says, "take ŷ − y", "loss-gradient", ONCE,
                  **of_squares("by_answers", lambda s, f=function: f(s.y_hat - s.Y, s)))


def right_answers():
    delta = "p-minus-y"
    yield bug("probabilities-as-answers", "ŷ is printed after softmax, where the vectors have the scores",
              "print the scores as y_hat, and the probabilities as p", "softmax", ONCE,
              answers=lambda s, right: s.p if s.softmax else right())
    yield bug("hard-labels", "y is taken to be 1 for its largest class and 0 for the others", "take y as it is", delta, ONCE,
              **of_softmax("by_answers", lambda s: s.p - hard(s.Y)),
              **of_softmax("loss_of_points", lambda s: -(hard(s.Y) * s.log_p()).sum(axis=1)))
    yield bug("hard-labels", "y is taken to be 1 for its largest class and 0 for the others, in the derivative only",
              "take y as it is", delta, ONCE, **of_softmax("by_answers", lambda s: s.p - hard(s.Y)))
    yield bug("hard-labels", "y is taken to be 1 for its largest class and 0 for the others, in the loss only",
              "take y as it is", "cross-entropy", ONCE,
              **of_softmax("loss_of_points", lambda s: -(hard(s.Y) * s.log_p()).sum(axis=1)))
    yield bug("first-y-for-all", "every point is compared with the right answer of the first", "take y of point p",
              "loss-gradient",
              ONCE, by_answers=lambda s, right: (s.p if s.softmax else s.y_hat) - s.Y[:1], loss_of_points=first_y)
    yield bug("first-y-for-all", "every point is compared with the right answer of the first, in the derivative only",
              "take y of point p", "loss-gradient", ONCE,
              by_answers=lambda s, right: (s.p if s.softmax else s.y_hat) - s.Y[:1])
    yield bug("loss-after-the-step", "the loss is computed with the parameters after the step", "compute it before the step",
              "batch-loss", ONCE, carries=True, loss=loss_after)
    yield bug("first-output-only", "only the first output counts in the derivative", "take every output",
              "loss-gradient", ONCE,
              by_answers=lambda s, right: right() * np.eye(s.Y.shape[1])[0])
    yield bug("y-not-subtracted", "y is not subtracted", "take p − y, or ŷ − y", "loss-gradient", ONCE,
              by_answers=lambda s, right: s.p if s.softmax else s.y_hat)
    yield bug("gradient-of-squared-error-of-p", "the derivative is that of the squared error of p", "take p − y", delta,
              ONCE, **of_softmax("by_answers", by_squares_of_p))


def squared_errors():
    yield bug("absolute-error", "the loss is the absolute error", "take half the square", "squared-error", ONCE,
              **of_squares("loss_of_points", lambda s: np.abs(s.y_hat - s.Y).sum(axis=1)))
    yield bug("root-of-squares", "the loss is the root of the sum of squares", "take half the square, without a root",
              "squared-error", ONCE, **of_squares("loss_of_points", lambda s: np.sqrt(((s.y_hat - s.Y) ** 2).sum(axis=1))))
    yield bug("square-of-the-sum", "the loss is half the square of the sum of the errors", "square first, then add up",
              "squared-error", ONCE, **of_squares("loss_of_points", lambda s: (s.y_hat - s.Y).sum(axis=1) ** 2 / 2))
    yield bug("signed-error", "the loss is the sum of the errors, without squares", "take half the square", "squared-error",
              ONCE, **of_squares("loss_of_points", lambda s: (s.y_hat - s.Y).sum(axis=1)))
    yield bug("sign-of-the-error", "the derivative is the sign of ŷ − y", "take ŷ − y", "loss-gradient", ONCE,
              **of_squares("by_answers", lambda s: np.sign(s.y_hat - s.Y)))
    yield bug("square-of-the-error", "the derivative is (ŷ − y)²", "take ŷ − y", "loss-gradient", ONCE,
              **of_squares("by_answers", lambda s: (s.y_hat - s.Y) ** 2))
    yield bug("half-square-of-the-error", "the derivative is (ŷ − y)²/2", "take ŷ − y", "loss-gradient", ONCE,
              **of_squares("by_answers", lambda s: (s.y_hat - s.Y) ** 2 / 2))


# Factors ---------------------------------------------------------------------------------------------------------------

FACTORS = {                                         # what is said of it, the cure, how much
    "minus": ("has the wrong sign", "turn the sign", lambda s: -1.0),
    "twice": ("is 2 times too large", "take the factor 2 away", lambda s: 2.0),
    "half": ("is half as large as it should be", "take the factor ½ away", lambda s: 0.5),
    "sum": ("is N times too large: a sum over the points, and not a mean", "divide by N once", lambda s: s.N),
    "mean-twice": ("is divided by N twice", "divide by N once only", lambda s: 1 / s.N),
    "divided-by-outputs": ("is divided by the number of outputs", "divide by N only", lambda s: 1 / s.Y.shape[1]),
    "inputs-for-points": ("is divided by the number of inputs, and not of points", "divide by N",
                          lambda s: s.N / s.X.shape[1]),
    "outputs-for-points": ("is divided by the number of outputs, and not of points", "divide by N",
                           lambda s: s.N / s.Y.shape[1]),
    "integers": ("is 0, as a fraction is where integers are divided", "divide floats: 1.0 / N, 0.5",
                 lambda s: float(s.N == 1)),
    "nothing": ("is 0", "do not lose it, as 1/2 is lost between integers", lambda s: 0.0),
    "mean-over-outputs": ("is the mean over the outputs, without the ½", "take half the sum over the outputs",
                          lambda s: 2 / s.Y.shape[1]),
    "times-outputs": ("is multiplied by the number of outputs", "divide by N only", lambda s: s.Y.shape[1]),
    "over-n-plus-1": ("is divided by N + 1", "divide by N", lambda s: s.N / (s.N + 1)),
    "over-n-minus-1": ("is divided by N − 1 where there are several points", "divide by N",
                       lambda s: s.N / max(s.N - 1, 1)),
}


def times(count):
    return lambda s, right, *args: count(s) * right(*args)


def times_of(softmax, count):
    """Only for one of the losses."""
    return lambda s, right, *args: (count(s) if s.softmax is softmax else 1) * right(*args)


def factors():
    parts = {"loss": ("the loss", ["loss"], "batch-loss", ONCE),
             "gradient": ("every derivative of the loss", ["share"], "batch-delta-last", ONCE),
             "loss-and-gradient": ("the loss, and with it every derivative of it,", ["loss", "share"], "batch-loss", ONCE),
             "weights": ("the derivative of the loss by the weights", ["weight_gradient"], "batch-gradient-weights", ALL),
             "biases": ("the derivative of the loss by the biases", ["bias_gradient"], "batch-gradient-biases", ALL)}
    for part, (words, lines, equation, places) in parts.items():
        for name, (says, cure, count) in FACTORS.items():
            yield bug(f"{part}-{name}", f"{words} {says}", cure, equation, places, **dict.fromkeys(lines, times(count)))
            for softmax, loss in ((False, "squared error"), (True, "cross-entropy")) if places == ONCE else ():
                yield bug(f"{part}-{name}", f"{words} {says}, where the loss is the {loss}".replace("the cross",
                          "cross"), cure,
                          equation, places, **dict.fromkeys(lines, times_of(softmax, count)))


# The way back ----------------------------------------------------------------------------------------------------------

def back_in_place(s, right, m, delta):
    W, slopes, found = s.matrix(m), s.slope(m - 1), np.zeros((len(delta), s.W[m].shape[1]))
    for p, one in enumerate(delta):
        kept = np.zeros(max(W.shape))
        kept[:one.size] = one
        for c in range(W.shape[1]):
            found[p, c] = W[:, c] @ kept[:len(W)]
            kept[c] = found[p, c] * slopes[p, c]
    return found


def through_stepped(s, right, m, delta):
    return np.stack([one @ (s.matrix(m) - s.rate * s.N * np.outer(one, a)) for one, a in zip(delta, s.a[m])])


def through(matrix):
    """The way back with another matrix of the same shape."""
    return {"back": lambda s, right, m, delta: delta @ fitting(matrix(s, m), s.matrix(m))}


def kept_points():
    cure, equation = "keep it for each point", "batch-delta-step"
    for which, place in (("last", np.s_[-1:]), ("first", np.s_[:1])):
        kept = {"stretch": lambda s, right, m, delta, place=place: delta * s.slope(m)[place],
                "weight_gradient": lambda s, right, m, delta, place=place: (
                    delta.T @ np.broadcast_to(s.a[m][place], s.a[m].shape))}
        yield bug(f"{which}-point-kept", f"what the forward pass keeps is that of the {which} point for all points", cure,
                  equation, ONCE, **kept)
        yield bug(f"{which}-point-kept", f"z is kept of the {which} point only, and its slopes are used for all points",
                  cure, equation, ONCE, stretch=kept["stretch"])
        yield bug(f"{which}-point-kept", f"what a layer reads is kept of the {which} point only, and used for all points",
                  cure, equation, ONCE, weight_gradient=kept["weight_gradient"])
    yield bug("delta-not-cleared", "δ of a point goes on from that of the point before it", "set δ to 0 for each point",
              equation, ALL, stretch=lambda s, right, m, delta: np.cumsum(right(m, delta), axis=0))
    yield bug("delta-not-cleared", "what goes back of a point goes on from that of the point before it",
              "set δ to 0 for each point", equation, ALL,
              back=lambda s, right, m, delta: np.cumsum(right(m, delta), axis=0))


def way_back():
    def neighbour(step):
        return lambda s, m: s.matrix(m + step) if 0 <= m + step <= s.n else None

    equation = "batch-delta-step"
    yield bug("no-slope", "δ is not multiplied by the slope of its layer", "multiply by φ′(z)", equation, ALL,
              stretch=lambda s, right, m, delta: delta)
    yield bug("slope-twice", "δ is multiplied by the slope of its layer twice", "multiply by φ′(z) once", equation, ALL,
              stretch=lambda s, right, m, delta: right(m, right(m, delta)))
    yield bug("slope-at-output", "on the way back the slope is taken at φ(z), not at z", "take φ′(z)", equation, ALL,
              stretch=lambda s, right, m, delta: delta * s.phi[m].df(s.a[m + 1]))
    yield bug("relu-by-the-sign-of-delta", "in layers of relu, δ is kept where δ is above 0, and not where z is",
              "keep δ where z is above 0", equation, ALL,
              stretch=lambda s, right, m, delta: delta * (delta > 0) if s.phi[m].name == "relu" else right(m, delta))
    yield from kept_points()
    yield bug("transposed-back", "δ goes back through a square W as it went forth, not through its transpose",
              "on the way back, add down the columns of W", equation, ALL, **through(lambda s, m: s.matrix(m).T))
    yield bug("new-weights", "δ goes back through weights that were already changed by the step",
              "find every derivative first, then change the weights", equation, ALL, carries=True,
              **through(lambda s, m: s.weight_step(m)))
    yield bug("new-weights", "δ of each point goes back through weights that were already changed by a step of this point",
              "find every derivative first, then change the weights", equation, ALL, back=through_stepped)
    yield bug("transposed-back", f"δ goes back through W[r][c] in place of W[c][r], {IN_FIXED}",
              "on the way back, add down the columns of W", equation, ALL,
              **through(lambda s, m: padded(s.matrix(m).T, s.W[m].shape)))
    yield bug("weights-of-the-layer-below", f"δ goes back through the weights of the layer below, {IN_FIXED}",
              "take the W that δ's own layer has", equation, ALL,
              **through(lambda s, m: padded(s.matrix(m - 1), s.W[m].shape)))
    yield bug("weights-of-the-layer-below", "δ goes back through the weights of the layer below",
              "take the W that δ's own layer has", equation, ALL, **through(neighbour(-1)))
    yield bug("weights-of-the-layer-above", "δ goes back through the weights of the layer above",
              "take the W that δ's own layer has", equation, ALL, **through(neighbour(1)))
    yield bug("no-weights-back", "δ goes down without W", "multiply by the transpose of W", equation, ALL,
              back=lambda s, right, m, delta: fitting(delta, right(m, delta)))


def sums_back():
    equation = "batch-delta-step"
    yield bug("back-overwritten", "on the way back each product replaces the sum so far, so that only the last unit counts",
              "add up over all units of the layer", equation, ALL, **through(lambda s, m: keep_last(s.matrix(m))))
    yield bug("stored-by-columns", "the way back reads W column after column, though it is stored row after row",
              "read entry (r, c) at r · columns + c", equation, ALL,
              **through(lambda s, m: column_by_column(s.matrix(m))))
    yield bug("sum-not-cleared", "on the way back the sum of a unit goes on from that of the unit before it",
              "begin each sum anew",
              equation, ALL, back=lambda s, right, m, delta: np.cumsum(right(m, delta), axis=1))
    yield bug("back-in-place", "a number that goes back is stored where the next one still reads δ",
              "keep δ until the layer is done",
              equation, ALL, back=back_in_place)
    yield bug("first-unit-left-out-back", "on the way back the sum begins one unit too late",
              "add up over all units of the layer",
              equation, ALL, **through(lambda s, m: np.vstack([np.zeros_like(s.matrix(m)[:1]), s.matrix(m)[1:]])))
    yield bug("first-unit-back", "on the way back only the first unit counts", "add up over all units of the layer",
              equation, ALL, **through(lambda s, m: np.vstack([s.matrix(m)[:1], np.zeros_like(s.matrix(m)[1:])])))
    yield bug("last-unit-left-out-back", "on the way back the sum ends one unit too early",
              "add up over all units of the layer", equation, ALL,
              **through(lambda s, m: np.vstack([s.matrix(m)[:-1], np.zeros_like(s.matrix(m)[-1:])])))
    yield bug("back-before-slope", "δ is handed down before it is multiplied by the slope of its own layer",
              "multiply by φ′(z) first, then hand down", equation, ALL,
              back=lambda s, right, m, delta: right(m, s.unstretched))
    yield bug("back-slope-twice", "δ is multiplied by the slope of its own layer once more before it is handed down",
              "multiply by φ′(z) once", equation, ALL, back=lambda s, right, m, delta: right(m, delta * s.slope(m)))
    yield bug("diagonal-back", "unit r of a layer gets δ of unit r only, times the diagonal of W",
              "add up over all units of the layer", equation, ALL,
              **through(lambda s, m: s.matrix(m) * np.eye(*s.W[m].shape)))
    yield bug("back-mean", "what goes back is divided by the number of units", "add up, and do not divide", equation, ALL,
              back=lambda s, right, m, delta: right(m, delta) / delta.shape[1])
    yield bug("back-over-inputs", "what goes back is divided by the number of inputs", "add up, and do not divide", equation,
              ALL, back=lambda s, right, m, delta: right(m, delta) / s.W[m].shape[1])
    yield bug("minus-back", "δ changes its sign when it goes back", "take W without a sign", equation, ALL,
              back=times(lambda s: -1.0))


# The derivatives by W and b --------------------------------------------------------------------------------------------

def points():
    """Points that count more or less than 1."""
    def counting(weigh):
        return lambda s, right, m, delta: right(m, delta * weigh(len(delta))[:, None])

    equations = {"weights": "batch-gradient-weights", "biases": "batch-gradient-biases"}
    for name, says, cure, weigh in (
            ("not-accumulated", "only the last point of the batch counts: each replaces the one before it",
             "add up over the points", lambda N: np.eye(N)[-1]),
            ("first-point", "only the first point of the batch counts", "add up over the points", lambda N: np.eye(N)[0]),
            ("last-point-left-out", "the last point of the batch is left out", "add up over all points",
             lambda N: 1 - np.eye(N)[-1]),
            ("first-point-left-out", "the first point of the batch is left out", "add up over all points",
             lambda N: 1 - np.eye(N)[0]),
            ("not-cleared", "a sum is not set to 0 between points: earlier points are added again with each later one",
             "set the derivatives of a point to 0 before the next one", lambda N: np.arange(N, 0, -1.0))):
        lines = {"weights": {"weight_gradient": counting(weigh)}, "biases": {"bias_gradient": counting(weigh)}}
        yield bug(name, says, cure, equations["weights"], ONCE, **lines["weights"], **lines["biases"])
        yield bug(name, f"{says}, in the loss too", cure, equations["weights"], ONCE, **lines["weights"], **lines["biases"],
                  loss_of_points=lambda s, right, weigh=weigh: right() * weigh(s.N))
        yield bug(f"{name}-in-the-loss", f"{says} (in the loss)", cure, "batch-loss", ONCE,
                  loss_of_points=lambda s, right, weigh=weigh: right() * weigh(s.N))
        for letter, changes in lines.items():
            yield bug(f"{name}-{letter}", f"{says} (in the derivative by the {letter})", cure, equations[letter], ONCE,
                      **changes)


def clipped(s, right, *args):
    return np.clip(right(*args), -1, 1)


def without_column(column):
    def change(s, right, m, *args):
        found = np.array(right(m, *args))
        found[..., column] = 0
        return found
    return {"weight_gradient": change, "by_weight": change}


def reading_by_row():
    """Entry (r, c) multiplied by input r, where there is one."""
    def of_row(a, rows, columns):
        return np.repeat(a[:rows, None], columns, axis=1) if a.size >= rows else None

    def by_weight(s, right, m, D, p):
        factor = of_row(s.a[m][p], *s.W[m].shape)
        return right(m, D, p) if factor is None else D[:, :, None] * factor

    def weight_gradient(s, right, m, delta):
        factors = [of_row(a, *s.W[m].shape) for a in s.a[m]]
        return right(m, delta) if factors[0] is None else sum(d[:, None] * one for d, one in zip(delta, factors))

    return {"weight_gradient": weight_gradient, "by_weight": by_weight}


def overlaid(several):
    """Rows of numbers, each written over the one before it, (N, the longest)."""
    found = np.zeros((len(several[0]), max(one.shape[1] for one in several)))
    for one in several:
        found[:, :one.shape[1]] = one
    return found


def shared_rows(of_weights):
    return np.broadcast_to(of_weights.sum(axis=-2, keepdims=True), of_weights.shape)


def weight_gradients():
    def reading(kept):
        """∂/∂W with other numbers in place of what the layer reads."""
        def by_weight(s, right, m, D, p):
            return D[:, :, None] * fitting(kept(s, m), s.a[m])[p]
        return {"weight_gradient": lambda s, right, m, delta: delta.T @ fitting(kept(s, m), s.a[m]), "by_weight": by_weight}

    weights = "batch-gradient-weights"
    yield bug("reads-z", "∂/∂W takes the z of the layer below, and not φ(z)", "multiply by what the layer reads", weights,
              ALL, **reading(lambda s, m: s.z[m - 1] if m else None))
    yield bug("reads-own-output", "∂/∂W takes what the layer gives, and not what it reads",
              "multiply by what the layer reads", weights, ALL, **reading(lambda s, m: s.a[m + 1]))
    yield bug("reads-by-row", "∂/∂W takes what the layer reads at the place of the row, not of the column",
              "multiply entry (r, c) by input c", weights, ALL, **reading_by_row())
    yield bug("clipped", "the derivatives are cut off at 1 and −1", "leave them as they are", weights, ONCE,
              weight_gradient=clipped, bias_gradient=clipped)
    yield bug("reads-x", "∂/∂W takes the input x in every layer", "multiply by what the layer reads", weights, ALL,
              **reading(lambda s, m: s.a[0]))
    yield bug("reads-x", "∂/∂W takes the input x in every layer, in an array of fixed size, with zeros behind x",
              "multiply by what the layer reads", weights, ALL, **reading(lambda s, m: padded(s.a[0], s.a[m].shape)))
    for words, last in ((", the answers too", None), ("", -1)):
        yield bug("inputs-in-one-array", f"what each layer reads is kept in one array for all layers{words}, so that ∂/∂W "
                  "takes what was written last", "keep an array for each layer", weights, ONCE,
                  **reading(lambda s, m, last=last: overlaid(s.a[:last])[:, :s.a[m].shape[1]]))
    yield bug("reads-below", "∂/∂W takes what the layer below reads", "multiply by what the layer reads", weights, ALL,
              **reading(lambda s, m: s.a[m - 1] if m else None))
    yield bug("weights-without-input", "∂/∂W lacks the factor of what the layer reads", "multiply by what the layer reads",
              weights, ALL, **reading(lambda s, m: np.ones_like(s.a[m])))
    yield bug("weights-before-slope", "∂/∂W is made of δ before its slope", "multiply by φ′(z) first", weights, ALL,
              weight_gradient=lambda s, right, m, delta: right(m, s.unstretched))


def stored_gradients():
    def transposed(s, right, m, delta):
        return fitting(right(m, delta).T, right(m, delta))

    def transposed_outputs(s, right, m, D, p):
        return fitting(right(m, D, p).transpose(0, 2, 1), right(m, D, p))

    weights = "batch-gradient-weights"
    yield bug("outer-transposed", "the derivative by a square W is transposed",
              "let entry (r, c) be δ of unit r times input c", weights, ALL, weight_gradient=transposed,
              by_weight=transposed_outputs)
    yield bug("outer-transposed", f"the derivative of W[r][c] is stored as that of W[c][r], {IN_FIXED}",
              "let entry (r, c) be δ of unit r times input c", weights, ALL,
              weight_gradient=lambda s, right, m, delta: padded(right(m, delta).T, s.W[m].shape),
              by_weight=lambda s, right, m, D, p: np.stack([padded(one.T, s.W[m].shape) for one in right(m, D, p)]))
    yield bug("stored-by-columns", "the derivative by W is stored column after column",
              "store entry (r, c) at r · columns + c",
              weights, ALL, weight_gradient=lambda s, right, m, delta: right(m, delta).T.reshape(s.W[m].shape))
    yield bug("rows-shared", "all rows of ∂/∂W are one array, to which each unit adds, as in [[0] * n] * m in Python",
              "make an array for each row", weights, ALL,
              weight_gradient=lambda s, right, m, delta: shared_rows(right(m, delta)),
              by_weight=lambda s, right, m, D, p: shared_rows(right(m, D, p)))
    for column, words in ((-1, "last"), (0, "first")):
        yield bug(f"{words}-column-left-out", f"∂/∂W is 0 in its {words} column",
                  "let the loop run over every column", weights, ALL,
                  **without_column(column))
    yield bug("no-gradient", "∂/∂W and ∂/∂b stay 0", "compute both derivatives", weights, ALL,
              weight_gradient=times(lambda s: 0.0), bias_gradient=times(lambda s: 0.0))


def entries():
    """∂/∂W whose entries are multiplied by something else."""
    weights = "batch-gradient-weights"

    def of(factors):
        """factors(s, m) (N, rows, columns): what stands where what the layer reads belongs."""
        def whole(s, m):
            return np.broadcast_to(factors(s, m), (len(s.X), *s.W[m].shape))
        return {"weight_gradient": lambda s, right, m, delta: (delta[:, :, None] * whole(s, m)).sum(axis=0),
                "by_weight": lambda s, right, m, D, p: D[:, :, None] * whole(s, m)[p]}

    cure = "multiply entry (r, c) by input c"
    yield bug("reads-own-unit", "∂/∂W takes what unit r itself gives", cure, weights, ALL,
              **of(lambda s, m: s.a[m + 1][:, :, None]))
    yield bug("reads-own-z", "∂/∂W takes the z of unit r itself", cure, weights, ALL, **of(lambda s, m: s.z[m][:, :, None]))
    yield bug("reads-weight", "∂/∂W takes the weight itself, and not what the layer reads", cure, weights, ALL,
              **of(lambda s, m: s.W[m]))
    yield bug("reads-times-weight", "∂/∂W is multiplied by the weight once more", cure, weights, ALL,
              **of(lambda s, m: s.a[m][:, None, :] * s.W[m]))
    yield bug("reads-reversed", "∂/∂W takes what the layer reads from the last to the first", cure, weights, ALL,
              **of(lambda s, m: s.a[m][:, None, ::-1]))
    yield bug("reads-shifted", "∂/∂W takes input c + 1 for entry c", cure, weights, ALL,
              **of(lambda s, m: np.roll(s.a[m], -1, axis=1)[:, None, :]))
    yield bug("inputs-of-the-layer-for-points", "the derivatives are divided by the number of inputs of the layer, and not "
              "of points", "divide by N", weights, ALL,
              **dict.fromkeys(("weight_gradient", "bias_gradient"), lambda s, right, m, delta: (
                  right(m, delta) * s.N / s.W[m].shape[1])))
    yield bug("weights-over-inputs", "∂/∂W is divided by the number of inputs of the layer", "divide by N only", weights,
              ALL, weight_gradient=lambda s, right, m, delta: right(m, delta) / s.W[m].shape[1])
    yield bug("product-of-means", "∂/∂W is made of the mean δ and the mean of what the layer reads",
              "multiply for each point, then add up", weights, ONCE,
              weight_gradient=lambda s, right, m, delta: np.outer(delta.sum(axis=0), s.a[m].mean(axis=0)))
    yield bug("running-mean", "after each point the sum so far is divided once more",
              "add up over the points, then divide once", weights, ONCE, weight_gradient=running_mean,
              bias_gradient=running_mean)


def running_mean(s, right, m, delta):
    weigh = float(s.N) ** -np.arange(s.N - 1, -1, -1)
    return right(m, delta * weigh[:, None])


def bias_gradients():
    biases = "batch-gradient-biases"
    yield bug("bias-times-inputs",
              "∂/∂b is made from ∂/∂W, added up over the columns, and so is too large by the sum of the inputs",
              "add up δ alone", biases, ALL, carries=True,
              bias_gradient=lambda s, right, m, delta: s.weight_gradient(m, delta).sum(axis=1),
              by_bias=lambda s, right, m, D, p: D * s.a[m][p].sum())
    yield bug("bias-times-first-input", "∂/∂b is δ times the first number that the layer reads", "add up δ alone",
              biases, ALL,
              bias_gradient=lambda s, right, m, delta: delta.T @ s.a[m][:, 0],
              by_bias=lambda s, right, m, D, p: D * s.a[m][p][0])
    yield bug("biases-before-slope", "∂/∂b is made of δ before its slope", "multiply by φ′(z) first", biases, ALL,
              bias_gradient=lambda s, right, m, delta: right(m, s.unstretched))
    yield bug("bias-of-the-first-unit", "∂/∂b is that of the first unit for all units of the layer",
              "take δ of unit r", biases, ALL,
              bias_gradient=lambda s, right, m, delta: np.full(delta.shape[1], right(m, delta)[0]))
    yield bug("bias-over-units", "∂/∂b is added up over the units, and is the same for all of them",
              "add up over the points only", biases, ALL,
              bias_gradient=lambda s, right, m, delta: np.full(delta.shape[1], delta.sum()))
    yield bug("bias-mean-over-units", "∂/∂b is the mean over the units, and is the same for all of them",
              "add up over the points only", biases, ALL,
              bias_gradient=lambda s, right, m, delta: np.full(delta.shape[1], delta.sum() / delta.shape[1]))
    yield bug("biases-times-bias", "∂/∂b is multiplied by b itself", "add up δ alone", biases, ALL,
              bias_gradient=lambda s, right, m, delta: right(m, delta) * s.b[m])
    yield bug("biases-divided-in-the-loop", "∂/∂b is divided by N once for each input of the layer",
              "divide it outside of the loop over the inputs", biases, ALL,
              bias_gradient=lambda s, right, m, delta: right(m, delta) * float(s.N) ** (1 - s.W[m].shape[1]))
    yield bug("biases-in-the-loop", "∂/∂b is added once for each input of the layer",
              "add it outside of the loop over the inputs", biases, ALL,
              bias_gradient=lambda s, right, m, delta: right(m, delta) * s.W[m].shape[1])
    yield bug("bias-is-the-loss", "∂/∂b is y − ŷ of the answers, the same in every layer of their width",
              "take δ of the layer itself", biases, (BELOW,),
              bias_gradient=lambda s, right, m, delta: fitting((s.share() * s.by_answers()).sum(axis=0), right(m, delta)))


def outputs():
    def later(change):
        """Only in the layers above the one after that whose parameter moves."""
        return lambda s, right, k, V: change(s, right, k, V) if k > s.pushed + 1 else right(k, V)

    def no_matrix(s, right, k, V):
        return fitting(V, right(k, V))

    def flat(s, right, m, p):
        return np.eye(s.b[m].size)

    equation, start = "loop-step", "loop-start-bias"
    yield bug("push-without-start-slope", "the derivative of the outputs lacks the slope of the layer whose parameter moves",
              "begin with φ′(z) of unit i", start, ALL, start=flat)
    yield bug("push-without-later-slopes", "the derivative of the outputs lacks the slopes of the layers above",
              "multiply by φ′(z) in each layer", equation, ALL, tighten=lambda s, right, k, V, p: V)
    yield bug("no-slope", "the derivative of the outputs lacks every slope", "multiply by φ′(z) in each layer", equation,
              ALL, tighten=lambda s, right, k, V, p: V, start=flat)
    yield bug("stored-by-columns", "the push reads W column after column, though it is stored row after row",
              "read entry (r, c) at r · columns + c", equation, ALL,
              forth=lambda s, right, k, V: column_by_column(s.matrix(k)) @ V)
    yield bug("sum-not-cleared", "in the push the sum of a unit goes on from that of the unit before it",
              "begin each sum anew",
              equation, ALL, forth=lambda s, right, k, V: np.cumsum(right(k, V), axis=0))
    yield bug("push-last-unit-left-out", "the sums of the push end one unit too early", "add up over all units below",
              equation, ALL,
              forth=lambda s, right, k, V: s.matrix(k)[:, :-1] @ V[:-1])
    yield bug("push-first-unit-left-out", "the sums of the push begin one unit too late",
              "add up over all units below", equation, ALL,
              forth=lambda s, right, k, V: s.matrix(k)[:, 1:] @ V[1:])
    yield bug("outputs-at-once", "the derivatives of all outputs are added up", "keep one for each output", equation, ONCE,
              by_weight=lambda s, right, m, D, p: right(m, np.broadcast_to(D.sum(axis=0), D.shape), p),
              by_bias=lambda s, right, m, D, p: np.broadcast_to(D.sum(axis=0), D.shape))
    yield bug("push-transposed", f"the push goes through W[c][r], {IN_FIXED}", "let row r of W lead to unit r", equation,
              ALL, forth=lambda s, right, k, V: padded(s.matrix(k).T, s.W[k].shape) @ V)
    yield bug("push-transposed", "the push goes through a square W transposed", "let row r of W lead to unit r", equation,
              ALL, forth=lambda s, right, k, V: fitting(s.matrix(k).T, s.matrix(k)) @ V)
    yield bug("push-without-weights", "the push goes up without W", "multiply by W in each layer", equation, ALL,
              forth=no_matrix)
    yield bug("misread-dots",
              "the push leaves W out from the second layer above on: one product of slopes, as the dots can be misread",
              "multiply by W in each layer", equation, ONCE, forth=later(no_matrix))
    yield bug("slope-twice", "the push is multiplied by each slope twice", "multiply by φ′(z) once", equation, ALL,
              tighten=lambda s, right, k, V, p: right(k, right(k, V, p), p))


def outputs_of_all():
    def both(factor):
        return {"by_weight": lambda s, right, m, D, p: right(m, factor(s, D, p), p),
                "by_bias": lambda s, right, m, D, p: factor(s, right(m, D, p), p)}

    start, cure = "loop-start-bias", "begin with 1 for output k alone"
    yield bug("outputs-reversed", "the derivatives of the outputs stand from the last output to the first", cure, start,
              ONCE, **both(lambda s, D, p: D[::-1]))
    yield bug("outputs-shifted", "the derivatives of output k + 1 stand where those of output k belong", cure, start, ONCE,
              **both(lambda s, D, p: np.roll(D, -1, axis=0)))
    yield bug("outputs-times-answer", "the derivative of each output is multiplied by the output", cure, start, ONCE,
              **both(lambda s, D, p: D * s.y_hat[p][:, None]))
    yield bug("outputs-times-error", "the derivative of each output is multiplied by ŷ − y", cure, start, ONCE,
              **both(lambda s, D, p: D * (s.y_hat - s.Y)[p][:, None]))
    yield from left_behind()


def left_behind():
    """Derivatives of the outputs that are still there when those of the loss are added up, and the other way round."""
    cure, equation = "set the derivatives to 0 in between", "batch-gradient-weights"

    def onward(s, right, m, D, p):
        return np.cumsum(right(m, D, p), axis=0)

    def gradient(s, right):
        found, outputs = right(), s.outputs() if s.N == 1 else None        # no outputs are asked of several points
        return [[one + rows[-1] for one, rows in zip(*pair)] for pair in zip(found, outputs)] if outputs else found

    def first(letter):
        def change(s, right, m, D, p):
            rows = np.array(right(m, D, p))
            rows[0] += copy(s).backward(s.share() * s.by_answers())[letter][m]
            return np.cumsum(rows, axis=0)
        return change

    yield bug("outputs-not-cleared", "the derivatives of an output go on from those of the output before it", cure,
              "loop-start-bias", ONCE, by_weight=onward, by_bias=onward)
    yield bug("outputs-left-in-the-gradient", "the gradient begins with the derivatives of the last output", cure, equation,
              ONCE, carries=True, gradient=gradient)
    yield bug("outputs-left-in-the-gradient", "the derivatives of an output go on from those of the output before it, and "
              "the gradient goes on from them", cure, equation, ONCE, carries=True, gradient=gradient, by_weight=onward,
              by_bias=onward)
    yield bug("gradient-left-in-the-outputs", "the derivatives of the outputs begin with the gradient, and each goes on "
              "from the one before", cure, "loop-start-bias", ONCE, carries=True, by_weight=first(0), by_bias=first(1))


# The step --------------------------------------------------------------------------------------------------------------

def moved(letter, count):
    def change(s, right, m):
        theta = getattr(s, letter)[m]
        return theta + count(s) * (right(m) - theta)
    return change


def steps():
    equation = "gradient-step"
    for name, says, cure, count in (
            ("uphill", "the step adds the gradient", "subtract rate times the gradient", lambda s: -1),
            ("no-rate", "the step is not multiplied by the rate", "multiply the gradient by the rate", lambda s: 1 / s.rate),
            ("rate-twice", "the rate is multiplied twice", "multiply by the rate once", lambda s: s.rate),
            ("rate-over-n", "the step is divided by N once more", "divide by N in the loss only", lambda s: 1 / s.N),
            ("rate-times-n", "the step is multiplied by N", "let the gradient be that of the mean", lambda s: s.N),
            ("step-twice", "the step is 2 times too long", "subtract rate times the gradient", lambda s: 2),
            ("half-step", "the step is half as long as it should be", "subtract rate times the gradient", lambda s: 0.5)):
        yield bug(name, says, cure, equation, ALL, step=lambda s, right, m, theta, gradient, count=count: (
            theta - count(s) * s.rate * gradient))
        for letter, line in (("W", "weight_step"), ("b", "bias_step")):
            yield bug(name, f"{says}, for {letter} alone", cure, equation, ALL, **{line: moved(letter, count)})
    yield bug("only-the-step", "the step replaces the parameter", "subtract the step from the parameter", equation, ALL,
              step=lambda s, right, m, theta, gradient: right(m, 0 * theta, gradient))
    yield bug("weights-stay", "the step leaves the weights as they are", "change W too", equation, ALL,
              weight_step=lambda s, right, m: s.W[m])
    yield bug("biases-stay", "the step leaves the biases as they are", "change b too", equation, ALL,
              bias_step=lambda s, right, m: s.b[m])
    yield bug("no-step", "the step leaves weights and biases as they are", "change W and b", equation, ALL,
              weight_step=lambda s, right, m: s.W[m], bias_step=lambda s, right, m: s.b[m])


def steps_of_all():
    equation, cure = "gradient-step", "subtract rate times the gradient"

    def of(function):
        """function(s, theta, gradient): what a step makes of a parameter."""
        return {"step": lambda s, right, m, theta, gradient: function(s, theta, gradient)}

    for rate in (0.1, 0.01, 0.001, 0.5):
        yield bug("another-rate", f"the rate is {rate:g}, whatever the vector says", "take the rate of the vector", equation,
                  ONCE, **of(lambda s, theta, g, rate=rate: theta - rate * g))
    yield bug("sign-of-the-gradient", "the step goes along the sign of the gradient", cure, equation, ONCE,
              **of(lambda s, theta, g: theta - s.rate * np.sign(g)))
    yield bug("step-clipped", "the gradient is cut off at 1 and −1 in the step", cure, equation, ONCE,
              **of(lambda s, theta, g: theta - s.rate * np.clip(g, -1, 1)))
    yield bug("step-of-length-1", "the step is made of each layer's gradient, divided by its length", cure, equation, ONCE,
              **of(lambda s, theta, g: theta - s.rate * g / np.sqrt((g * g).sum())))
    yield bug("minus-for-minus-equal", "the parameter becomes minus the step, as =- stands for -=", cure, equation, ALL,
              **of(lambda s, theta, g: -s.rate * g))
    yield from steps_of_some()
    yield bug("transposed-step", "the step subtracts the transpose of a square gradient", cure, equation, ALL,
              weight_step=lambda s, right, m: s.step(m, s.W[m], fitting(s.by_W[m].T, s.by_W[m])))
    yield bug("transposed-step", f"the step of W[r][c] takes the gradient of W[c][r], {IN_FIXED}", cure, equation, ALL,
              weight_step=lambda s, right, m: s.step(m, s.W[m], padded(s.by_W[m].T, s.W[m].shape)))
    for decay in (0.1, 0.01, 0.001, 0.0001):
        yield bug("weight-decay", f"the step takes {decay:g} times W as a further part of its gradient",
                  "leave weight decay out for the vectors", equation, ONCE, weight_step=lambda s, right, m, decay=decay: (
                      right(m) - s.rate * decay * s.W[m]))
    yield bug("step-clipped", "the derivative by W is cut off at 1 and −1 in the step", cure, equation, ONCE,
              weight_step=lambda s, right, m: s.step(m, s.W[m], np.clip(s.by_W[m], -1, 1)))
    yield bug("biases-step-in-the-loop", "the step of b is made once for each input of the layer",
              "step b outside of the loop over the inputs", equation, ALL,
              bias_step=lambda s, right, m: s.step(m, s.b[m], s.W[m].shape[1] * s.by_b[m]))


def steps_of_some():
    equation, cure = "gradient-step", "subtract rate times the gradient"

    def kept(line, letter, where):
        def change(s, right, m):
            found = np.array(right(m))
            found[where] = getattr(s, letter)[m][where]
            return found
        return {line: change}

    for letter, line in (("W", "weight_step"), ("b", "bias_step")):
        yield bug("minus-for-minus-equal", f"{letter} becomes minus the step, as =- stands for -=", cure, equation, ALL,
                  **{line: lambda s, right, m, letter=letter: s.step(m, 0, getattr(s, f"by_{letter}")[m])})
        yield bug("last-unit-stays", f"the step leaves {letter} of the last unit of a layer as it is",
                  "let the loop run over every unit", equation, ALL, **kept(line, letter, np.s_[-1:]))
        yield bug("first-unit-stays", f"the step leaves {letter} of the first unit of a layer as it is",
                  "let the loop run over every unit", equation, ALL, **kept(line, letter, np.s_[:1]))
    yield bug("last-unit-stays", "the step leaves the last unit of a layer as it is", "let the loop run over every unit",
              equation, ALL, **kept("weight_step", "W", np.s_[-1:]), **kept("bias_step", "b", np.s_[-1:]))
    yield bug("last-column-stays", "the step leaves the last column of W as it is", "let the loop run over every column",
              equation, ALL, **kept("weight_step", "W", np.s_[:, -1:]))
    yield bug("first-column-stays", "the step leaves the first column of W as it is", "let the loop run over every column",
              equation, ALL, **kept("weight_step", "W", np.s_[:, :1]))


def stepping(shown, share, more=None, early=False):
    """A step after each point: the next one is computed with other weights. shown: what is shown of all gradients.

    more: further changes, of each of these steps; early: whether z, the answers and the loss are those before all steps.
    """
    def forward(s, right):
        right()
        s.visits, W, b = [], s.W, s.b
        for p in range(s.N) if s.N > 1 else ():
            one = copy(s)
            one.X, one.Y, one.N, one.W, one.b = s.X[p:p + 1], s.Y[p:p + 1], 1, W, b
            one.rate = s.rate * share(s)
            one.forward()
            one.before = s.visits[-1][0] if s.visits else None
            W, b = one.after()
            s.visits.append((one, W, b))
        for name in ("z", "a") if s.visits and not early else ():
            setattr(s, name, [np.concatenate(rows) for rows in zip(*(getattr(one, name) for one, _, _ in s.visits))])
        s.y_hat = s.a[-1]
        s.p = s.probabilities() if s.softmax else None

    def after(s, right):
        if not s.visits:
            return right()
        s.by_W, s.by_b = ([shown(points) for points in zip(*(getattr(one, name) for one, _, _ in s.visits))]
                          for name in ("by_W", "by_b"))
        return s.visits[-1][1:]

    return {"forward": forward, "after": after} | (more or {})


def running(s, right):
    """The gradient of this point and of those before it."""
    found, before = right(), getattr(s, "before", None)
    return [[one + more for one, more in zip(*pair)] for pair in zip(found, (before.by_W, before.by_b))] if before else found


def point_by_point():
    cure = "find the derivative for all points first, then make one step"
    on_the_way = through(lambda s, m: s.weight_step(m))
    for words, shown in (("", lambda points: sum(points) / len(points)),
                         (", and shows its last gradient", lambda points: points[-1]),
                         (", and shows the sum of its gradients", sum)):
        for length, share in (("", lambda s: 1.0), (" of rate/N", lambda s: 1 / s.N)):
            yield bug("step-for-each-point", f"the program makes a step{length} after each point{words}", cure,
                      "gradient-step", ONCE, carries=True, **stepping(shown, share))
            yield bug("step-for-each-point", f"the program makes a step{length} after each point, and shows z and the loss "
                      f"of before{words}", cure, "gradient-step", ONCE, carries=True, **stepping(shown, share, early=True))
            yield bug("step-for-each-point-not-cleared", f"the program makes a step{length} after each point, along the sum "
                      f"of the gradients so far{words}", "set the derivatives to 0 after each step", "gradient-step", ONCE,
                      carries=True, **stepping(shown, share, {"gradient": running}))
            yield bug("step-on-the-way-back", f"the program makes a step{length} on the way back of each point, before δ "
                      f"goes on through the same weights{words}", cure, "gradient-step", ONCE, carries=True,
                      **stepping(shown, share, on_the_way))


# All of them -----------------------------------------------------------------------------------------------------------

BUGS = tuple(bug for bug, _ in listed())
ALONE = {"weight_gradient": "in the derivative of the loss", "bias_gradient": "in the derivative of the loss",
         "probabilities": "in p, and not in the loss", "by_weight": "in the derivative of the outputs",
         "by_bias": "in the derivative of the outputs"}


def on_one_way(slope):
    """A change of the slope that only one of the derivatives has: of the loss, or of the outputs."""
    def other(s, m):
        """The changed slope, or None in a layer where it is as it was."""
        found = slope(s, s.slope, m)
        return None if np.array_equal(found, s.slope(m), equal_nan=True) else found

    def stretch(s, right, m, delta):
        found = other(s, m)
        return right(m, delta) if found is None else delta * found

    def start(s, right, m, p):
        found = other(s, m)
        return right(m, p) if found is None else np.diag(found[p])

    def tighten(s, right, k, V, p):
        found = other(s, k)
        return right(k, V, p) if found is None else found[p][:, None] * V

    return {"in the derivative of the loss": {"stretch": stretch},
            "in the derivative of the outputs": {"start": start, "tighten": tighten}}


def hypotheses():
    """Every bug in every place in which it is looked for.

    A bug of one way through the network comes once more as that of a program which finds all derivatives on this way, and
    does not run the lines of the other.
    """
    for bug, places in listed():
        forms = [("", None, bug.changes), *((f" ({words})", None, changes) for words, changes in in_part(bug.changes))]
        for way, (lines, not_run) in WAYS.items():
            if bug.changes.keys() & lines:
                forms.append(("", way, {line: change for line, change in bug.changes.items() if line not in not_run}))
        for place in places:
            for words, way, changes in forms:
                equation = "loop-step" if changes.keys() == {"start", "tighten"} else bug.equation
                yield replace(bug, place=place, says=bug.says + words, changes=changes, shared=way, equation=equation)


def in_part(changes):
    """A bug of which a program may have a part alone, with words for it: (words, changes)."""
    if changes.keys() == {"slope"}:
        yield from on_one_way(changes["slope"]).items()
    elif (len(changes) > 1 and "gradient" not in changes
          and not {"weight_gradient", "bias_gradient"} <= changes.keys()):
        yield from ((words, {line: changes[line]}) for line, words in ALONE.items() if line in changes)
