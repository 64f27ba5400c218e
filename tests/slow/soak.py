"""nnlib's derivatives on random networks, saturated ones included, against arithmetic that cannot round quietly.

    make soak                       100,000 networks; interrupt it and it goes on from there
    make soak NETWORK=4711          that one network, with its worst derivative

The truth is Arb's (python-flint): balls that hold the exact value, at 60 digits and more where a ball is too wide. It
multiplies matrices from the output backwards, and a test holds it to mpmath. Compared with it are the derivatives by one
weight or bias, and all that nnlib computes at once: Jacobians, products with a vector, and gradients of both losses.

What can be asked of float64? The derivative of a random network is sometimes so sensitive that no algorithm in float64
can have it to twelve digits: where weights cancel in z or in W v, the rounding of a single product is already too much.
`limit` follows the rounding of every operation to first order. Every derivative must stay below its own limit; and below
1e-12 wherever its limit allows that, which is nearly everywhere. How many are left is counted and printed.
"""
import hashlib
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import flint
import numpy as np

from nnlib import (Layer, Network, backprop, cross_entropy, dy_db, dy_dW, forward, jacobian_b, jacobian_W, jacobian_x, jvp,
                   squared_error, vjp)

ROOT = Path(__file__).resolve().parents[2]
MEMORY = ROOT / "_build" / "soak.json"
SEED, NETWORKS, BLOCK = 2022, 100_000, 500
GOAL, FLOOR, UNIT = 1e-12, 1e-290, 2.0**-53
DIGITS = 60
NAMES = ("identity", "square", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "sin")
REACH = {"sigmoid": 700, "softplus": 700, "tanh": 350}         # how far |z| goes before the truth leaves float64
arb, half = flint.arb, flint.arb(0.5)

# φ and φ′ in balls, from their definitions; and |φ″| in floats, for the limit alone.
BALLS = {
    "identity": (lambda z: z, lambda z: arb(1)),
    "square": (lambda z: z * z, lambda z: 2 * z),
    "sigmoid": (lambda z: 1 / (1 + (-z).exp()), lambda z: (-z).exp() / (1 + (-z).exp()) ** 2),
    "tanh": (lambda z: z.tanh(), lambda z: 1 / z.cosh() ** 2),
    "relu": (lambda z: z if z > 0 else arb(0), lambda z: arb(1 if z > 0 else 0)),
    "leaky_relu": (lambda z: z if z > 0 else z * arb(0.01), lambda z: arb(1) if z > 0 else arb(0.01)),
    "softplus": (lambda z: z.exp().log1p(), lambda z: 1 / (1 + (-z).exp())),
    "sin": (lambda z: z.sin(), lambda z: z.cos()),
}
CURVATURE = {"identity": lambda z, p: 0 * z, "square": lambda z, p: 0 * z + 2, "sigmoid": lambda z, p: p,
        "tanh": lambda z, p: 2 * p, "relu": lambda z, p: 0 * z, "leaky_relu": lambda z, p: 0 * z,
        "softplus": lambda z, p: p * np.exp(-np.maximum(z, 0)), "sin": lambda z, p: abs(np.sin(z))}


def network(number):
    """The network of that number, and its x: 1 to 6 layers of 1 to 6 units; every third is driven into saturation."""
    rng = np.random.default_rng([SEED, number])
    widths = rng.integers(1, 7, size=rng.integers(2, 8))
    phis = rng.choice(NAMES, size=len(widths) - 1) if number % 2 else [NAMES[number // 2 % len(NAMES)]] * (len(widths) - 1)
    x, layers = rng.normal(size=widths[0]), []
    a = x
    for d_in, d_out, phi in zip(widths, widths[1:], phis):
        W, b = rng.normal(size=(d_out, d_in)) / np.sqrt(d_in), rng.normal(size=d_out) / 2
        if phi in REACH and number % 3 == 0:          # into saturation, as far as it goes and evenly in log |z|
            far = np.exp(rng.uniform(np.log(2), np.log(REACH[phi]))) / max(abs(W @ a + b).max(), 1e-3)
            W, b = W * far, b * far
        layers.append(Layer(W, b, str(phi)))
        a = layers[-1].phi.f(W @ a + b)
    return Network(layers), x


def balls(array):
    array = np.atleast_2d(np.asarray(array, float).T).T
    return flint.arb_mat(*array.shape, [arb(float(one)) for one in array.ravel()])


def truth(net, x):
    """[(a^m, J^m)] in balls: what layer m reads, and ∂ŷ/∂b^m; ∂ŷ/∂W^m_ij is column i of J^m times element j of a^m."""
    a, read, slopes, weights = balls(x), [], [], [balls(layer.W) for layer in net]
    for layer, W in zip(net, weights):
        f, df = BALLS[layer.phi.name]
        z = (W * a + balls(layer.b)).entries()
        read.append(a)
        slopes.append(flint.arb_mat(len(z), len(z), [df(z[r]) if r == c else 0 for r, c in np.ndindex(len(z), len(z))]))
        a = flint.arb_mat(len(z), 1, [f(one) for one in z])
    J, pairs = slopes[-1], []
    for m in reversed(range(len(net))):
        pairs.append((read[m], J))
        if m:
            J = J * weights[m] * slopes[m - 1]
    return pairs[::-1]


def narrow(pairs):
    """Whether every ball is far narrower than a float64, relative to its number or to FLOOR."""
    return all(one.rad() <= max(abs(one.mid()), arb(FLOOR)) * arb(1e-22) for pair in pairs for part in pair
               for one in part.entries())


def exact(net, x):
    """`truth`, at as many digits as it takes; None where no number of digits decides on which side of a kink z is.

    Softmax reads differences of ŷ, so that ŷ is taken to 22 places, however large it is.
    """
    for digits in (DIGITS, 4 * DIGITS, 20 * DIGITS):
        flint.ctx.dps = digits
        pairs = truth(net, x)
        y_hat = outputs(net, pairs)
        if narrow([*pairs, [y_hat]]) and all(one.rad() <= arb(1e-22) for one in y_hat.entries()):
            return pairs
    return None


def doubled(part):
    """A matrix of balls as the sum of two arrays of floats, good to 32 digits."""
    entries, shape = part.entries(), (part.nrows(), part.ncols())
    high = [float(one.mid()) for one in entries]
    low = [float((one - arb(h)).mid()) for one, h in zip(entries, high)]
    return np.array(high).reshape(shape), np.array(low).reshape(shape)


def limits(net, x):
    """The trace, and for each layer what rounding does, to first order, to what it reads and to its slopes; at the end,
    what it does to ŷ."""
    trace, slack_a, steps = forward(net, x), 0 * x, []
    for layer, a, z, p in zip(net, trace.inputs, trace.z, trace.slopes):
        W = abs(layer.W)
        terms = W @ abs(a) + abs(layer.b)
        slack_z = W @ slack_a + (len(a) + 1) * UNIT * terms
        slack_p = CURVATURE[layer.phi.name](z, abs(p)) * slack_z + 4 * UNIT * abs(p)
        steps.append((slack_a, slack_p))
        phi = layer.phi.f(z)
        slack_a = np.minimum(abs(p) + CURVATURE[layer.phi.name](z, abs(p)) * slack_z, 1e300) * slack_z + 4 * UNIT * abs(phi)
        if layer.phi.name == "sin":
            slack_a = np.minimum(slack_a, 2)
    return trace, [*steps, (slack_a, None)]


def spread(net, trace, steps, m):
    """Of nnlib's recursion for layer m: v and its slack, one column for each parameter of the layer, biases first."""
    slack_a, slack_p = steps[m]
    a, p = trace.inputs[m], trace.slopes[m]
    v = np.concatenate([np.diag(p), *(np.diag(p) * one for one in a)], axis=1)
    slack = [np.diag(slack_p), *(np.diag(slack_p * abs(one) + abs(p) * more) for one, more in zip(a, slack_a))]
    slack = np.concatenate(slack, axis=1) + 2 * UNIT * abs(v) + 5e-324
    for k in range(m + 1, len(net)):
        W, (_, slack_p), p = net[k].W, steps[k], trace.slopes[k][:, None]
        slack = abs(W) @ slack + (W.shape[1] + 1) * UNIT * (abs(W) @ abs(v)) + 5e-324
        inner = W @ v
        slack = abs(p) * slack + slack_p[:, None] * (abs(inner) + slack) + 2 * UNIT * abs(p * inner) + 5e-324
        v = p * inner
    return v, slack


def spread_back(net, trace, steps, rows, slack):
    """Of nnlib's recursion from the outputs back, for rows that ask of them: [(D, its slack)] for each layer."""
    inner, pairs = rows, []
    for m in reversed(range(len(net))):
        (_, slack_p), p = steps[m], trace.slopes[m]
        D = inner * p
        slack = slack * abs(p) + slack_p * (abs(inner) + slack) + 2 * UNIT * abs(D) + 5e-324
        pairs.append((D, slack))
        W = abs(net[m].W)
        slack = slack @ W + (len(W) + 1) * UNIT * (abs(D) @ W) + 5e-324
        inner = D @ net[m].W
    return pairs[::-1], (inner, slack)


def what_is_asked(net, x, trace, steps, y_hat):
    """Of each function that goes from the outputs back: what it asks of them, in balls, in floats with slack, and its
    answer for each layer, a pair W and b."""
    d, got, (slack, _) = len(trace.y_hat), trace.y_hat, steps[-1]
    u, y = (-2.0) ** np.arange(d), np.eye(d)[0]
    yield "jacobian", balls(np.eye(d)), np.eye(d), np.zeros((d, d)), [
        (jacobian_W(net, x, m), jacobian_b(net, x, m)) for m in range(len(net))]
    yield "vjp", balls(u).transpose(), u, 0 * u, vjp(net, x, u)
    miss = (y_hat - balls(y)).transpose()
    yield "squared_error", miss, got - y, slack + UNIT * abs(got - y), backprop(net, x, y, squared_error)[1]
    far = max(y_hat.entries(), key=lambda one: one.mid())
    powers = [(one - far).exp() for one in y_hat.entries()]
    miss = flint.arb_mat(1, d, [power / sum(powers) for power in powers]) - balls(y).transpose()
    p = np.exp(got - got.max()) / np.exp(got - got.max()).sum()
    exponent = slack + slack.max() + UNIT * (4 * abs(got - got.max()) + 4 * d)      # by how much log p may be off
    slack = np.minimum(p * np.expm1(np.minimum(exponent, 700)), 1) + 2 * UNIT * (p + y) + 5e-324
    yield "cross_entropy", miss, cross_entropy.gradient(got, y), slack, backprop(net, x, y, cross_entropy)[1]


def at_once(net, x, trace, steps, pairs):
    """(names, columns that nnlib computed, the same in balls, their slack) of all that it computes at once."""
    y_hat = outputs(net, pairs)
    for word, balled, rows, slack, answers in what_is_asked(net, x, trace, steps, y_hat):
        back, read = spread_back(net, trace, steps, np.atleast_2d(rows), np.atleast_2d(slack))
        for m, (W, b) in enumerate(answers):
            (D, slack), (a, J) = back[m], pairs[m]
            got = np.concatenate([np.atleast_2d(b), *np.moveaxis(np.reshape(W, (len(D), *net[m].W.shape)), -1, 0)], axis=1)
            factors = [(arb(1), 1, 0)] + [(a[j, 0], trace.inputs[m][j], steps[m][0][j]) for j in range(a.nrows())]
            off = [slack * (abs(one) + more) + abs(D) * (more + 2 * UNIT * abs(one)) + 5e-324 for _, one, more in factors]
            yield f"{word} {m}", got, [balled * J * one for one, _, _ in factors], np.concatenate(off, axis=1)
        if word == "jacobian":
            yield "jacobian_x", jacobian_x(net, x), [pairs[0][1] * balls(net[0].W)], read[1]
    v, slack, moved = 0 * x, 0 * x, balls(0 * trace.y_hat)
    for layer, a, p, (slack_a, slack_p), (read, J) in zip(net, trace.inputs, trace.slopes, steps, pairs):
        W, inner = abs(layer.W), layer.W @ v + layer.W @ a + layer.b
        slack = W @ (slack + slack_a) + (2 * len(a) + 3) * UNIT * (W @ (abs(v) + abs(a)) + abs(layer.b)) + 5e-324
        slack = abs(p) * slack + slack_p * (abs(inner) + slack) + 2 * UNIT * abs(p * inner) + 5e-324
        v, moved = p * inner, moved + J * (balls(layer.W) * read + balls(layer.b))
    yield "jvp", jvp(net, x, net)[:, None], [moved], slack[:, None]


def outputs(net, pairs):
    """ŷ in balls, as a column."""
    z = (balls(net[len(net) - 1].W) * pairs[-1][0] + balls(net[len(net) - 1].b)).entries()
    return flint.arb_mat(len(z), 1, [BALLS[net[len(net) - 1].phi.name][0](one) for one in z])


def norms(columns):
    """The length of each column, safe from squares that underflow."""
    scale = np.maximum(abs(columns).max(axis=0), 1e-320)
    with np.errstate(over="ignore"):
        return np.linalg.norm(columns / scale, axis=0) * scale


def errors(number, derivatives=None):
    """Of every derivative vector of that network: its error, its limit, and (m, i, j); None if a z lies on a kink."""
    net, x = network(number)
    try:
        trace, steps = limits(net, x)
    except OverflowError:
        return None
    for layer, z, (slack_a, _), a in zip(net, trace.z, steps, trace.inputs):
        slack_z = abs(layer.W) @ slack_a + (len(a) + 1) * UNIT * (abs(layer.W) @ abs(a) + abs(layer.b))
        if layer.phi.name in ("relu", "leaky_relu") and (abs(z) <= slack_z).any():
            return None
    pairs = exact(net, x)
    if pairs is None:
        return None
    found, limit, names = [], [], []
    for name, got, truths, slack in () if derivatives else at_once(net, x, trace, steps, pairs):
        high, low = (np.concatenate(part, axis=1) for part in zip(*map(doubled, truths)))
        scale = np.maximum(norms(high), FLOOR)
        found.append(norms((got - high) - low) / scale)
        limit.append(norms(slack) / scale)
        names += [name] * len(scale)
    for m, layer in enumerate(net):
        rows, columns = layer.W.shape
        places = [(i, None) for i in range(rows)] + [(i, j) for j in range(columns) for i in range(rows)]
        got = np.stack([(derivatives or derivative)(net, x, m, i, j) for i, j in places], axis=1)
        a, J = pairs[m]
        whole = [doubled(J)] + [doubled(J * a[j, 0]) for j in range(columns)]
        high, low = (np.concatenate(part, axis=1) for part in zip(*whole))
        scale = np.maximum(norms(high), FLOOR)
        found.append(norms((got - high) - low) / scale)
        limit.append(norms(spread(net, trace, steps, m)[1]) / scale)
        names += [(m, i, j) for i, j in places]
    return np.concatenate(found), np.concatenate(limit), names


def derivative(net, x, m, i, j):
    return dy_db(net, x, m, i) if j is None else dy_dW(net, x, m, i, j)


def block(first):
    """What BLOCK networks from `first` on have to tell."""
    tally = {"networks": 0, "skipped": 0, "vectors": 0, "beyond": 0, "above": 0, "saturated": 0,
            "worst": [0.0, None], "worst beyond": [0.0, 0.0, None], "nearest limit": [0.0, None]}
    for number in range(first, first + BLOCK):
        outcome = errors(number)
        if outcome is None:
            tally["skipped"] += 1
            continue
        found, limit, _ = outcome
        fair = limit <= GOAL
        tally["networks"] += 1
        tally["saturated"] += number % 3 == 0
        tally["vectors"] += found.size
        tally["beyond"] += int((~fair).sum())
        tally["above"] += int((found > GOAL).sum())
        tally["worst"] = max(tally["worst"], [float(found[fair].max(initial=0)), number], key=lambda pair: pair[0])
        ratio = float((found / np.maximum(limit, UNIT)).max())
        tally["nearest limit"] = max(tally["nearest limit"], [ratio, number], key=lambda pair: pair[0])
        if (~fair).any():
            at = np.where(fair, 0, found).argmax()
            tally["worst beyond"] = max(tally["worst beyond"], [float(found[at]), float(limit[at]), number],
                                       key=lambda triple: triple[0])
    return tally


def together(one, other):
    """Two tellings as one."""
    return {key: max(one[key], other[key], key=lambda pair: pair[0]) if isinstance(one[key], list) else one[key] + other[key]
            for key in one}


def stamp():
    """What the outcome depends on: nnlib and this file."""
    files = sorted((ROOT / "nnlib").glob("*.py")) + [Path(__file__)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def report(tally, seconds):
    worst, beyond, nearest = tally["worst"], tally["worst beyond"], tally["nearest limit"]
    print(f"{tally['networks']:,} networks ({tally['saturated']:,} driven into saturation), {tally['vectors']:,} "
          f"derivative vectors in {seconds:.0f} s; {tally['skipped']:,} more left out: on a kink, or beyond float64.")
    print(f"Worst error {worst[0]:.2e} (network {worst[1]}) where rounding allows {GOAL:g}.")
    print(f"{tally['beyond']:,} vectors are so sensitive that rounding may take more; it did in {tally['above']:,}, "
          "at worst "
          f"{beyond[0]:.2e} of the {beyond[1]:.2e} that it may (network {beyond[2]}).")
    print(f"The error was at most {nearest[0]:.2f} of its own limit (network {nearest[1]}).")
    return worst[0] > GOAL or nearest[0] > 1


def soak():
    """All blocks that are not in memory yet, on all cores."""
    MEMORY.parent.mkdir(exist_ok=True)
    kept = json.loads(MEMORY.read_text()) if MEMORY.exists() else {}
    mark = stamp()
    done = kept["blocks"] if kept.get("stamp") == mark else {}
    left, before, start = [first for first in range(0, NETWORKS, BLOCK) if str(first) not in done], len(done), time.time()
    spent = kept.get("seconds", 0) if done else 0
    with ProcessPoolExecutor() as pool:
        for first, tally in zip(left, pool.map(block, left)):
            done[str(first)] = tally
            seconds = time.time() - start
            MEMORY.write_text(json.dumps({"stamp": mark, "seconds": spent + seconds, "blocks": done}))
            share = len(done) / (NETWORKS / BLOCK)
            rest = seconds / (len(done) - before) * (NETWORKS / BLOCK - len(done))
            print(f"\r{'█' * int(30 * share):30} {share:4.0%}, {rest:3.0f} s to go, worst {tally['worst'][0]:.0e} ",
                  end="", flush=True)
    print()
    total = None
    for tally in done.values():
        total = tally if total is None else together(total, tally)
    return report(total, spent + time.time() - start)


def one(number):
    """Everything about one network."""
    net, _ = network(number)
    outcome = errors(number)
    print(f"{net!r}\n" + ("left out: on a kink, or beyond float64" if outcome is None else ""))
    if outcome:
        found, limit, names = outcome
        for at in found.argsort()[::-1][:5]:
            name = names[at]
            if not isinstance(name, str):
                m, i, j = name
                name = f"∂ŷ/∂b^{m}_{i}" if j is None else f"∂ŷ/∂W^{m}_{i},{j}"
            print(f"{name}: error {found[at]:.2e}, limit {limit[at]:.2e}")


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(one(int(sys.argv[1])) if len(sys.argv) > 1 else soak())
