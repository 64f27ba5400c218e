"""Right programs in the style of other languages: plain loops in one type of floats, in several orders of sums.

textbook: φ′ from φ, as 1 − tanh² and σ(1 − σ), and softmax without its largest score taken away.
"""
import numpy as np

ORDERS = ("forth", "back", "pairs")


def activations(F, textbook):
    def sigma(z):
        return 1 / (1 + np.exp(-z)) if z >= 0 or textbook else np.exp(z) / (1 + np.exp(z))

    def tanh_slope(z):
        return 1 - np.tanh(z) ** 2 if textbook else 4 * np.exp(-2 * abs(z)) / (1 + np.exp(-2 * abs(z))) ** 2

    return {"identity": (lambda z: z, lambda z: F(1)), "square": (lambda z: z * z, lambda z: 2 * z), "sin": (np.sin, np.cos),
            "sigmoid": (sigma, lambda z: sigma(z) * (1 - sigma(z)) if textbook else sigma(z) * sigma(-z)),
            "tanh": (np.tanh, tanh_slope), "relu": (lambda z: max(z, F(0)), lambda z: F(z > 0)),
            "leaky_relu": (lambda z: z if z > 0 else F(0.01) * z, lambda z: F(1) if z > 0 else F(0.01)),
            "softplus": (lambda z: np.log(1 + np.exp(z)) if textbook else max(z, F(0)) + np.log1p(np.exp(-abs(z))), sigma)}


def total(terms, order):
    terms = [*terms][::-1] if order == "back" else [*terms]
    while order == "pairs" and len(terms) > 1:
        terms = [sum(terms[k:k + 2]) for k in range(0, len(terms), 2)]
    return sum(terms[1:], terms[0])


def results(vector, F=np.float64, order="forth", textbook=False):
    """Every quantity of a vector, nested as it expects them."""
    with np.errstate(all="ignore"):
        return _results(vector, F, order, textbook)


def _results(vector, F, order, textbook):
    phi, net, N = activations(F, textbook), vector.net, F(len(vector.X))
    W, b = [layer.W.astype(F) for layer in net], [layer.b.astype(F) for layer in net]
    names, layers = [layer.phi.name for layer in net], range(len(net))
    found = {quantity: [] for quantity in ("z", "y_hat", "p")}
    losses, grad_W, grad_b = [], [0 * one for one in W], [0 * one for one in b]

    def back(u, z):
        deltas = [None] * len(net)
        for m in reversed(layers):
            deltas[m] = [one * phi[names[m]][1](t) for one, t in zip(u, z[m])]
            u = [total((W[m][r, c] * d for r, d in enumerate(deltas[m])), order) for c in range(W[m].shape[1])]
        return deltas

    for x, y in zip(vector.X.astype(F), vector.Y.astype(F)):
        a, z = [[*x]], []
        for m in layers:
            z.append([total([w * t for w, t in zip(row, a[m])], order) + bias for row, bias in zip(W[m], b[m])])
            a.append([phi[names[m]][0](t) for t in z[m]])
        loss, u, p = of_point(a[-1], y, vector.loss.name, F, order, textbook)
        losses.append(loss)
        for quantity, one in (("z", z), ("y_hat", a[-1]), ("p", p)):
            found[quantity].append(one)
        deltas = back(u, z)
        for m in layers:
            grad_b[m] += np.array(deltas[m]) / N
            grad_W[m] += np.outer(deltas[m], a[m]) / N
        rows = [back([F(k == j) for j in range(len(y))], z) for k in range(len(y))]
    found["dy_db"] = [[[row[m][r] for row in rows] for r in range(len(b[m]))] for m in layers]
    found["dy_dW"] = [[[[one * t for one in several] for t in a[m]] for several in found["dy_db"][m]] for m in layers]
    rate = F(vector.rate)
    found |= {"loss": total(losses, order) / N, "grad_b": grad_b, "grad_W": grad_W,
              "b_after": [one - rate * by for one, by in zip(b, grad_b)],
              "W_after": [one - rate * by for one, by in zip(W, grad_W)]}
    return {quantity: floats(found[quantity]) for quantity in vector.expected}


def of_point(answers, y, loss, F, order, textbook):
    """The loss of one point, its derivatives by the answers, and softmax of these or None."""
    if loss == "squared_error":
        miss = [t - right for t, right in zip(answers, y)]
        return total([one * one for one in miss], order) / 2, miss, None
    most = F(0) if textbook else max(answers)
    powers = [np.exp(t - most) for t in answers]
    p = [one / total(powers, order) for one in powers]
    logs = [np.log(one) for one in p] if textbook else [t - most - np.log(total(powers, order)) for t in answers]
    loss = -total([right * log if right else F(0) for right, log in zip(y, logs)], order)
    return loss, [one - right for one, right in zip(p, y)], p


def floats(nested):
    return [floats(one) for one in nested] if isinstance(nested, (list, np.ndarray)) else float(nested)
