"""What people who write networks by hand get wrong without an error, from public reports: nnlib refuses it or is right."""
import math
import re

import numpy as np
import pytest

from nnlib import (Activation, Layer, Network, central_difference, complex_step, dy_dW, forward, forward_difference,
                   pencil_network, pencil_twin, predict, random_network, tanh, taylor_rate)


def sigma(z):
    return 1 / (1 + np.exp(-z))


# Activations: df is the slope of f, at z ------------------------------------------------------------------------------

WRONG = {
    "sigmoid, of φ(z)": (sigma, lambda a: a * (1 - a), "right for φ(z)"),
    "tanh, of φ(z)": (np.tanh, lambda a: 1 - a * a, "right for φ(z)"),
    "exp, of φ(z)": (np.exp, lambda a: a.copy(), "right for φ(z)"),
    "exchanged": (lambda z: 1 - np.tanh(z) ** 2, np.tanh, "slope of f"),
    "turned": (np.tanh, lambda z: np.tanh(z) ** 2 - 1, "sign is turned"),
    "1 + tanh²": (np.tanh, lambda z: 1 + np.tanh(z) ** 2, "slope of f"),
    "swish, a factor left out": (lambda z: z * sigma(z), sigma, "slope of f"),
    "elu with another alpha": (lambda z: np.where(z > 0, z, 2 * np.expm1(z)), lambda z: np.where(z > 0, 1.0, np.exp(z)),
                               "slope of f"),
    "leaky on the other side": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 0.01, 1.0), "slope of f"),
    "df is f": (np.tanh, np.tanh, "slope of f"),
    "one per cent too large": (np.sin, lambda z: 1.01 * np.cos(z), "slope of f"),
}
GELU = 0.79788456, 0.044715
RIGHT = {
    "swish": (lambda z: z * sigma(z), lambda z: sigma(z) + z * sigma(z) * (1 - sigma(z))),
    "log": (np.log, lambda z: 1 / z),
    "square root": (np.sqrt, lambda z: 0.5 / np.sqrt(z)),
    "relu, 1 at 0": (lambda z: np.maximum(z, 0), lambda z: (z >= 0) * 1.0),
    "gelu": (lambda z: 0.5 * z * (1 + np.tanh(GELU[0] * (z + GELU[1] * z ** 3))),
             lambda z: (0.5 * (1 + np.tanh(GELU[0] * (z + GELU[1] * z ** 3))) + 0.5 * z * GELU[0] * (1 + 3 * GELU[1] * z * z)
                        / np.cosh(GELU[0] * (z + GELU[1] * z ** 3)) ** 2)),
    "cube": (lambda z: z ** 3, lambda z: 3 * z * z),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(z)), lambda z: np.where(z > 0, 1.0, np.exp(z))),
    "hard tanh": (lambda z: np.clip(z, -1, 1), lambda z: (abs(z) < 1) * 1.0),
    "step": (lambda z: np.heaviside(z, 0), np.zeros_like),
    "rounded": (np.round, np.zeros_like),
    "steep": (lambda z: np.sin(30 * z), lambda z: 30 * np.cos(30 * z)),
    "large": (lambda z: 1e8 * z * z, lambda z: 2e8 * z),
    "small": (lambda z: 1e-8 * z * z, lambda z: 2e-8 * z),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_df_that_is_not_the_slope_of_f_is_refused(name):
    f, df, said = WRONG[name]
    with pytest.raises(ValueError, match=rf"df of '{re.escape(name)}' must be the slope of f.*{re.escape(said)}.*check=False"
                       if said != "slope of f" else "must be the slope of f"):
        Activation(name, f, df)
    assert Activation(name, f, df, check=False).df is df


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_pair_is_taken(name):
    assert Activation(name, *RIGHT[name]).name == name


ALMOST_ELEMENTWISE = {
    "transposed": lambda z: np.tanh(z).T,
    "sorted": np.sort,
    "largest so far": np.maximum.accumulate,
    "less its mean": lambda z: z - z.mean(axis=0),
    "by its spread": lambda z: z / (1 + z.std()),
    "a list": lambda z: list(np.tanh(z)),
    "vectors alone": lambda z: np.array([math.tanh(one) for one in z]),
    "the first maximum": lambda z: np.array([np.max(one, 0) for one in z]),
}


@pytest.mark.parametrize("name", ALMOST_ELEMENTWISE)
def test_what_is_element_wise_for_some_arrays_only_is_refused(name):
    for pair in ((ALMOST_ELEMENTWISE[name], np.ones_like), (np.tanh, ALMOST_ELEMENTWISE[name])):
        with pytest.raises(ValueError, match="must act on each element by itself"):
            Activation(name, *pair, check=False)


@pytest.mark.parametrize("f, df, z, error, said", [
    (np.log, lambda z: 1 / z, -1.0, ValueError, "value of 'φ' in layer 1 at z = -1 is not a number"),
    (np.sqrt, lambda z: 0.5 / np.sqrt(z), -1.0, ValueError, "value of 'φ' in layer 1 at z = -1 is not a number"),
    (np.sqrt, lambda z: 0.5 / np.sqrt(z), 0.0, OverflowError, "slope of 'φ' in layer 1 at z = 0 is beyond the range"),
    (np.log, lambda z: 1 / z, 0.0, OverflowError, "value of 'φ' in layer 1 at z = 0 is beyond the range"),
])
def test_a_z_where_phi_is_not_defined_is_named(f, df, z, error, said):
    net = Network([Layer(np.eye(2), [0, 0], "identity"), Layer(np.eye(2), [0, 0], Activation("φ", f, df))])
    with pytest.raises(error, match=said):
        forward(net, [2.0, z])
    if "value" in said:
        with pytest.raises(error, match=said):
            predict(net, [[1.0, 1.0], [2.0, z]])


def test_a_z_that_overflows_is_not_hidden_by_a_flat_function():
    net = Network([Layer([[1e200]], [0], "identity"), Layer([[1e200]], [0], tanh)])
    for answer in (lambda: forward(net, [1.0]), lambda: predict(net, [[1e-300], [1.0]])):
        with pytest.raises(OverflowError, match=r"z\[1\] is beyond the range"):
            answer()
    assert predict(net, np.zeros((0, 1))).shape == (0, 1)


# Nudges -----------------------------------------------------------------------------------------------------------------

def test_the_step_that_is_taken_is_divided_by():
    assert forward_difference(lambda t: t, 1e8) == central_difference(lambda t: t, 1e10) == 1
    assert central_difference(lambda t: t, 0.5, 1e-16) == 1 == forward_difference(lambda t: t, -1e8)
    theta = np.array([1e8, 3.0, -2e5])
    assert (np.diag(forward_difference(lambda t: 2 * t, theta)) == 2).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float16, int, bool])
def test_values_that_cannot_show_a_nudge_are_refused(dtype):
    for method in (forward_difference, central_difference):
        with pytest.raises(TypeError, match=f"must be float64.*got {np.dtype(dtype)}"):
            method(lambda t: (t * t).astype(dtype), np.array([3.0, 4.0]))
    with pytest.raises(TypeError, match="must be complex128.*got complex64"):
        complex_step(lambda t: (t * t).astype(np.complex64), 3.0)


def test_a_random_f_is_refused_and_one_that_ignores_theta_is_told():
    rng = np.random.default_rng(0)
    for method in (forward_difference, central_difference, complex_step):
        with pytest.raises(ValueError, match="the same for the same theta"):
            method(lambda t: t * rng.random(), 3.0)
        with pytest.warns(UserWarning, match="no nudge of theta changes"):
            assert method(lambda t: 0 * t + 5, 3.0) == 0
    with pytest.raises(ValueError, match="the same for the same theta"):
        taylor_rate(lambda t: t * t * rng.random(), 3.0, 6.0, 1.0)


@pytest.mark.parametrize("f", [
    lambda w: (w * w).sum() + 0.1 * np.abs(w).sum(), lambda w: (w * w).sum() + 0.1 * np.linalg.norm(w) ** 2,
    lambda w: np.vdot(w, w) + 0j, lambda w: w * np.abs(w), lambda w: w * w.conj() + w,
], ids=["L1", "norm²", "vdot", "t abs t", "conj"])
def test_a_complex_step_through_what_is_not_analytic_is_refused(f):
    with pytest.raises(ValueError, match="must be analytic"):
        complex_step(f, np.array([3.0, 4.0]))


def test_a_long_imaginary_nudge_is_refused_for_its_length():
    with pytest.raises(ValueError, match="h must be smaller, because f bends along so long a nudge; got 1"):
        complex_step(np.exp, 1.0, h=1)


def test_a_complex_step_through_analytic_functions_is_taken():
    """Also where two nudges are poor: steep, large, near a pole, flat."""
    for f, slope, theta in (
            (lambda t: np.exp(t) / np.sqrt(np.sin(t) ** 3 + np.cos(t) ** 3), 4.053427893898621, 1.5),
            (lambda t: np.sin(1e5 * t), 1e5 * np.cos(3e4), 0.3), (lambda t: 1e9 + t, 1, 1.0),
            (lambda t: 1 / t, -1e10, 1e-5), (np.tanh, 4 * np.exp(-60), 30.0), (lambda t: t ** 9, 9e16, 100.0)):
        assert complex_step(f, theta) == pytest.approx(slope, rel=1e-9)


def outcome(call):
    try:
        return call()
    except ValueError as error:
        return error


# The rate ---------------------------------------------------------------------------------------------------------------

def derivative_of(net, x, m):
    rows, columns = net[m].W.shape
    return np.stack([[dy_dW(net, x, m, i, j) for j in range(columns)] for i in range(rows)]).transpose(2, 0, 1)


def test_a_rate_without_h_tells_right_from_wrong():
    rng = np.random.default_rng(3)
    cases = [(net, [2, 3]) for net in (pencil_network(), pencil_twin())]
    cases += [(random_network((3, 5, 4, 2), phi, rng), rng.normal(size=3))
              for phi in ("tanh", "sigmoid", "square", "softplus", "sin") for _ in range(3)]
    for net, x in cases:
        for m in range(len(net)):
            def f(W, net=net, m=m, x=x):
                return forward(net.replace(m, W=W), x).y_hat
            right, direction = derivative_of(net, x, m), rng.normal(size=net[m].W.shape)
            assert taylor_rate(f, net[m].W, right, direction) > 1.9
            for factor in (-1, 1.1, 1.01, 1.0001):
                assert taylor_rate(f, net[m].W, factor * right, direction) < 1.1


def test_inf_is_the_rate_of_what_is_its_own_tangent_alone():
    assert taylor_rate(lambda t: 3 * t, 1.0, 3.0, 1.0) == taylor_rate(lambda t: 0 * t, 1.0, 0.0, 1.0) == math.inf
    assert taylor_rate(lambda t: 3 * t, 1.0, 2.0, 1.0) == pytest.approx(1)
    assert taylor_rate(lambda t: t ** 3, 0.0, 0.0, 1.0) == pytest.approx(3)         # an inflection
    for slope in (0.0, 1.0, 2.0):
        for h in (None, 1e-3):
            with pytest.raises(ValueError, match="must move by more than its rounding"):
                taylor_rate(lambda t: 1e13 + t, 1.0, slope, 1.0, h)
    for large, hidden in ((1e9, False), (1e11, False), (1e13, True)):       # a step of an eighth against 2e-13 of f
        assert ("more than" in str(outcome(lambda large=large: taylor_rate(lambda t: large + t, 1.0, 1.0, 1.0)))) == hidden
    with pytest.raises(ValueError, match="direction must not be 0"):
        taylor_rate(lambda t: t * t, 1.0, 2.0, 0.0)
