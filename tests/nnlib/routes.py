"""Routes to the same numbers that share nothing with nnlib.

A plain forward pass that also takes complex numbers, φ written as analytic
functions, the source's recursion in mpmath, and networks to try them on.
"""
import mpmath
import numpy as np

# φ as plain analytic functions: no abs, no comparison, so that a complex step may pass.
PLAIN = {
    "identity": lambda z: z,
    "square": lambda z: z * z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": lambda z: np.sinh(z) / np.cosh(z),
    "relu": lambda z: np.where(np.real(z) > 0, z, 0 * z),
    "leaky_relu": lambda z: np.where(np.real(z) > 0, z, z / 100),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "sin": np.sin,
}

# φ and φ′ at 60 digits, each written on its own from the definition.
MP = {
    "identity": (lambda z: z, lambda z: mpmath.mpf(1)),
    "square": (lambda z: z**2, lambda z: 2 * z),
    "sigmoid": (lambda z: 1 / (1 + mpmath.exp(-z)),
                lambda z: mpmath.exp(-z) / (1 + mpmath.exp(-z)) ** 2),
    "tanh": (mpmath.tanh, lambda z: mpmath.sech(z) ** 2),
    "relu": (lambda z: max(z, mpmath.mpf(0)), lambda z: mpmath.mpf(z > 0)),
    "leaky_relu": (lambda z: z if z > 0 else mpmath.mpf(0.01) * z,
                   lambda z: mpmath.mpf(1) if z > 0 else mpmath.mpf(0.01)),
    "softplus": (lambda z: mpmath.log1p(mpmath.exp(z)), lambda z: 1 / (1 + mpmath.exp(-z))),
    "sin": (mpmath.sin, mpmath.cos),
}


def plain_output(parameters, names, x):
    """ŷ from a list of (W, b) and names of φ; real or complex."""
    for (W, b), name in zip(parameters, names):
        x = PLAIN[name](np.sum(W * x, axis=1) + b)
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
    return np.imag(plain_output(parameters, names, np.asarray(x, complex))) / h


def mp_derivative(net, x, m, i, j):
    """The same derivative by the quotient's limit, taken symbolically: 60 digits.

    Dual numbers: every value carries its derivative, and only the product and
    chain rules are used. No O_i, no slopes kept, no recursion over layers m+1 … n.
    """
    with mpmath.workdps(60):
        a = [(mpmath.mpf(float(value)), mpmath.mpf(0)) for value in x]
        for k, layer in enumerate(net):
            f, df = MP[layer.phi.name]
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
    with mpmath.workdps(60):
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
