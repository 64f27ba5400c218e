"""Routes to the same numbers that share nothing with nnlib.

A forward pass that also takes complex numbers, and dual numbers in mpmath. φ and φ′ come from the ledger's tables:
PLAIN for NumPy, without abs or comparison where φ is analytic, so that an imaginary step may pass; HIGH for mpmath.
"""
import mpmath
import numpy as np

from ledger.arithmetics import HIGH, PLAIN

DIGITS = 200                    # log(1 + exp z) at z = -300 has 70 of them left


def complex_safe_output(parameters, names, x):
    """ŷ from a list of (W, b) and names of φ; real or complex."""
    for (W, b), name in zip(parameters, names):
        x = PLAIN[name][0](np.sum(W * x, axis=1) + b)
    return x


def complex_step_of_weight(net, x, m, i, j, h=1e-20):
    """∂ŷ/∂W^m_ij (j a column) or ∂ŷ/∂b^m_i (j None), by one imaginary nudge."""
    parameters = [(layer.W.astype(complex), layer.b.astype(complex)) for layer in net]
    W, b = parameters[m]
    if j is None:
        b[i] += 1j * h
    else:
        W[i, j] += 1j * h
    names = [layer.phi.name for layer in net]
    return np.imag(complex_safe_output(parameters, names, np.asarray(x, complex))) / h


def mp_derivative(net, x, m, i, j):
    """The same derivative in mpmath.

    Dual numbers: every value carries its derivative, and only the product and
    chain rules are used. No O_i, no slopes kept, no recursion over layers m+1 … n.
    """
    with mpmath.workdps(DIGITS):
        a = [(mpmath.mpf(float(value)), mpmath.mpf(0)) for value in x]
        for k, layer in enumerate(net):
            f, df = HIGH[layer.phi.name]
            after = []
            for r in range(layer.W.shape[0]):
                z = mpmath.mpf(float(layer.b[r]))
                dz = mpmath.mpf(k == m and j is None and r == i)
                for c, (value, dvalue) in enumerate(a):
                    w = mpmath.mpf(float(layer.W[r, c]))
                    dz += w * dvalue + value * (k == m and (r, c) == (i, j))
                    z += w * value
                after.append((f(z), df(z) * dz))
            a = after
        return [dvalue for _, dvalue in a]


def relative_error(got, truth):
    """Norm-wise, so that a small element beside a large one is judged fairly."""
    with mpmath.workdps(DIGITS):
        difference = mpmath.norm([mpmath.mpf(float(g)) - t for g, t in zip(got, truth)])
        return float(difference / max(mpmath.norm(truth), mpmath.mpf("1e-290")))


def every_parameter(net):
    """(m, i, j) of every weight, and (m, i, None) of every bias."""
    for m, layer in enumerate(net):
        rows, columns = layer.W.shape
        for i in range(rows):
            yield m, i, None
            for j in range(columns):
                yield m, i, j
