"""nnlib against routes that share nothing with it."""
import subprocess
import sys

import mpmath
import numpy as np
import pytest

import nnlib
from nnlib import (Activation, Layer, Network, O, central_difference, complex_step, digits,
                   digits_network, dy_db, dy_dW, forward, forward_difference, o,
                   pencil_network, pencil_twin, predict, random_network, taylor_rate)
from nnlib.activations import ACTIVATIONS
from routes import (HIGH, PLAIN, complex_step_of_weight, every_parameter, mp_derivative,
                    complex_safe_output, relative_error)

SHAPES = [(2, 3), (3, 2, 4), (2, 3, 2, 3), (3, 3, 3, 3), (4, 2, 3, 3, 2), (1, 1, 1, 1), (5, 1, 4)]
KINKED = ("relu", "leaky_relu")


def networks(phi, count=1):
    """Networks of every shape above, with a point away from every kink."""
    rng = np.random.default_rng([len(phi), 7])
    for widths in SHAPES * count:
        while True:
            net, x = random_network(widths, phi, rng), rng.normal(size=widths[0])
            if phi not in KINKED or min(abs(z).min() for z in forward(net, x).z) > 1e-3:
                break
        yield net, x


def derivative(net, x, m, i, j):
    return dy_db(net, x, m, i) if j is None else dy_dW(net, x, m, i, j)


# ---- φ and φ′ -----------------------------------------------------------------------------

@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_slopes_hold_when_saturated(name):
    reach = {"tanh": 350, "sigmoid": 700, "softplus": 700}.get(name, 700)
    magnitudes = np.concatenate([np.geomspace(1e-12, reach, 400), np.linspace(0.01, 12, 200)])
    z = np.concatenate([-magnitudes, magnitudes])
    for function, truth in zip((ACTIVATIONS[name].f, ACTIVATIONS[name].df), HIGH[name]):
        with mpmath.workdps(400):
            exact = [truth(mpmath.mpf(float(one))) for one in z]
            for one, got, want in zip(z, function(z), exact):
                scale = max(abs(want), mpmath.mpf("1e-290"))
                if name == "sin":           # sin near a multiple of π has no relative digits in z
                    scale = max(abs(want), mpmath.mpf(1e-3))
                assert abs(mpmath.mpf(float(got)) - want) <= 1e-15 * scale, (name, one)


def test_kinks_take_the_slope_from_the_left():
    zero = np.zeros(1)
    assert nnlib.relu.df(zero) == 0 and nnlib.leaky_relu.df(zero) == 0.01
    assert nnlib.relu.df(-zero) == 0 and nnlib.leaky_relu.df(-zero) == 0.01


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_float32_stays_float32(name):
    z = np.array([-2, 0, 0.5], np.float32)
    assert ACTIVATIONS[name].f(z).dtype == ACTIVATIONS[name].df(z).dtype == np.float32


# ---- forward ------------------------------------------------------------------------------

@pytest.mark.parametrize("phi", ACTIVATIONS)
def test_forward_and_predict_equal_a_route_without_nnlib(phi):
    for net, x in networks(phi):
        wanted = complex_safe_output([(layer.W, layer.b) for layer in net], [phi] * len(net), x)
        np.testing.assert_allclose(forward(net, x).y_hat, wanted, rtol=1e-12, atol=1e-14)
        X = np.stack([x, x / 2, -x])
        one_by_one = [forward(net, row).y_hat for row in X]
        np.testing.assert_allclose(predict(net, X), one_by_one, rtol=1e-12, atol=1e-14)
        assert predict(net, X[:0]).shape == (0, net.widths[-1])


def test_the_trace_is_what_the_names_say():
    net, x = pencil_network(), (2, 3)
    trace = forward(net, x)
    assert [tuple(map(int, z)) for z in trace.z] == [(-4, 3, -2), (3, -2), (3, 5, -4)]
    assert [tuple(map(int, a)) for a in trace.inputs] == [(2, 3), (16, 9, 4), (9, 4)]
    assert [tuple(map(int, p)) for p in trace.slopes] == [(-8, 6, -4), (6, -4), (6, 10, -8)]
    assert tuple(trace.y_hat) == (9, 25, 16)
    assert tuple(forward(pencil_twin(), x).y_hat) == (9, 16, 4)


# ---- the source's formulas -----------------------------------------------------------------

@pytest.mark.parametrize("phi", ACTIVATIONS)
def test_every_derivative_equals_the_complex_step(phi):
    for net, x in networks(phi):
        for m, i, j in every_parameter(net):
            truth = complex_step_of_weight(net, x, m, i, j)
            got = derivative(net, x, m, i, j)
            assert got.shape == (net.widths[-1],)
            error = np.linalg.norm(got - truth) / max(np.linalg.norm(truth), 1e-290)
            assert error < 1e-12, (phi, net.widths, m, i, j)


@pytest.mark.parametrize("phi", ACTIVATIONS)
def test_every_derivative_equals_mpmath_even_saturated(phi):
    for net, x in networks(phi):
        for scale in (1, 12):
            hard = Network([Layer(layer.W * scale, layer.b, phi) for layer in net])
            if phi in ("square", "sin") and scale > 1:
                continue                     # these never saturate
            for m, i, j in every_parameter(hard):
                truth = mp_derivative(hard, x, m, i, j)
                assert relative_error(derivative(hard, x, m, i, j), truth) < 1e-12


def test_a_network_of_several_activations():
    rng = np.random.default_rng(3)
    net = random_network((3, 4, 4, 2), ["tanh", "sigmoid", "softplus"], rng)
    x = rng.normal(size=3)
    for m, i, j in every_parameter(net):
        np.testing.assert_allclose(derivative(net, x, m, i, j),
                                   complex_step_of_weight(net, x, m, i, j), rtol=1e-12)


def test_published_numbers_of_mazur():
    net = Network([Layer([[.15, .20], [.25, .30]], [.35, .35], "sigmoid"),
                   Layer([[.40, .45], [.50, .55]], [.60, .60], "sigmoid")])
    trace = forward(net, [.05, .10])
    assert [f"{a:.9f}" for a in trace.inputs[1]] == ["0.593269992", "0.596884378"]
    assert [f"{y:.9f}" for y in trace.y_hat] == ["0.751365070", "0.772928465"]
    miss = trace.y_hat - [.01, .99]
    assert f"{miss @ miss / 2:.9f}" == "0.298371109"
    assert f"{miss @ dy_dW(net, [.05, .10], 1, 0, 0):.9f}" == "0.082167041"
    assert f"{miss @ dy_dW(net, [.05, .10], 0, 0, 0):.9f}" == "0.000438568"


# ---- selectors and checking ------------------------------------------------------------------

def test_selectors_select():
    v = np.array([5., 7., 11.])
    for i in range(3):
        assert o(i, 3).shape == (1, 3) and (o(i, 3) @ v).item() == v[i]
        assert O(i, 3).shape == (3, 3)
        assert (O(i, 3) @ v).tolist() == [v[k] if k == i else 0 for k in range(3)]


def test_arrays_that_would_fill_the_memory_are_refused():
    rng = np.random.default_rng(0)
    assert o(0, 20_000).shape == (1, 20_000) and O(7, 500).shape == (500, 500)
    assert random_network((200, 300, 4), "tanh", rng).widths == (200, 300, 4)
    for call in (lambda: o(0, 10**8 + 1), lambda: O(0, 10**4 + 1), lambda: random_network((10**4, 10**4, 2), "tanh", rng)):
        with pytest.raises(ValueError, match="must ask for 100000000 numbers at most"):
            call()


def test_differences_of_known_functions():
    theta = np.array([[0.3, -0.7, 1.1], [0.2, 0.5, -0.4]])

    def f(t):
        return np.stack([np.sin(t).sum(), (t * t).sum()])

    truth = np.stack([np.cos(theta), 2 * theta])
    for method, tolerance in ((forward_difference, 1e-6), (central_difference, 1e-9),
                              (complex_step, 1e-15)):
        got = method(f, theta)
        assert got.shape == (2, 2, 3)
        np.testing.assert_allclose(got, truth, rtol=0, atol=tolerance)
        with pytest.raises(AssertionError):          # and it can say no
            np.testing.assert_allclose(method(f, theta), truth * [[[1]], [[1.001]]], rtol=1e-4)
    assert central_difference(lambda t: t ** 3, 2.0).shape == ()


def test_taylor_rate_tells_right_from_wrong():
    theta, direction = np.array([0.4, -0.2]), np.array([1.0, 0.5])
    rate = taylor_rate(np.sin, theta, np.diag(np.cos(theta)), direction)
    assert 1.9 < rate < 2.1
    assert taylor_rate(np.sin, theta, np.diag(np.cos(theta)) * 1.01, direction) < 1.5
    assert taylor_rate(lambda t: 3 * t, theta, 3 * np.eye(2), direction) == np.inf


# ---- values, not moods -----------------------------------------------------------------------

def test_networks_are_values():
    W = np.eye(2)
    layer = Layer(W, [0, 0], "tanh")
    W[0, 0] = 9
    assert layer.W[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        layer.W[0, 0] = 9
    net = pencil_network()
    other = net.replace(1, b=[0, 0])
    assert tuple(net[1].b) == (-7, -3) and tuple(other[1].b) == (0, 0)
    assert other[0] is net[0] and repr(net) == "Network 2-3-2-3, square"
    assert net.widths == (2, 3, 2, 3) and len(net) == 3 and len(list(net)) == 3
    x = np.array([2., 3.])
    trace = forward(net, x)
    x[0] = 99
    assert trace.inputs[0][0] == 2


def test_float32_network_stays_float32():
    f32 = np.float32
    net = Network([Layer(layer.W.astype(f32), layer.b.astype(f32), layer.phi)
                   for layer in pencil_network()])
    trace = forward(net, [2, 3])
    for array in (*trace.inputs, *trace.z, *trace.slopes, trace.y_hat, predict(net, [[2, 3]])):
        assert array.dtype == f32
    mixed = net.replace(0, W=net[0].W.astype(float))
    assert forward(mixed, [2, 3]).y_hat.dtype == np.float64


WRONG = [
    (lambda: Layer([[1, 2], [3, 4], [5, 6]], np.zeros((3, 1)), "tanh"), ValueError,
     "b must have shape (3,), because W has shape (3, 2); got (3, 1)"),
    (lambda: Layer([1, 2], [1], "tanh"), ValueError, "W must have shape (d_out, d_in); got (2,)"),
    (lambda: Layer([[1, 2], [3]], [1, 2], "tanh"), ValueError, "rectangular"),
    (lambda: Layer([["1", "2"]], [1], "tanh"), TypeError, "W must hold numbers; got text"),
    (lambda: Layer([[1j, 2]], [1], "tanh"), TypeError, "W must be real; got complex numbers"),
    (lambda: Layer([[np.nan, 2]], [1], "tanh"), ValueError, "got nan at index (0, 0)"),
    (lambda: Layer(np.zeros((0, 2)), [], "tanh"), ValueError, "got (0, 2)"),
    (lambda: Layer([[1]], [1], "softmax"), ValueError, "leave softmax to the loss"),
    (lambda: Layer([[1]], [1], "tahn"), ValueError, "got 'tahn'"),
    (lambda: Layer([[1]], [1], np.tanh), TypeError, "Activation(name, f, df)"),
    (lambda: Network([]), ValueError, "at least one Layer"),
    (lambda: Network([Layer([[1]], [1], "tanh"), Layer([[1, 2]], [1], "tanh")]), ValueError,
     "W of layer 1 must have 1 columns, because layer 0 gives 1 numbers; got 2"),
    (lambda: pencil_network()[-1], IndexError,
     "m must lie in 0 … 2, because the network has 3 layers; got -1"),
    (lambda: forward(pencil_network(), [1, 2, 3]), ValueError,
     "x must have shape (2,), because layer 0 reads 2 numbers; got (3,)"),
    (lambda: forward(pencil_network(), [[1], [2]]), ValueError, "got (2, 1)"),
    (lambda: forward(pencil_network(), [np.inf, 2]), ValueError, "x must be finite"),
    (lambda: forward(pencil_network(), [1e200, 2]), OverflowError, "beyond the range of float64"),
    (lambda: forward([1], [1]), TypeError, "net must be a Network; got a list"),
    (lambda: predict(pencil_network(), [2, 3]), ValueError,
     "X must have shape (N, 2), because layer 0 reads 2 numbers; got (2,)"),
    (lambda: dy_dW(pencil_network(), [2, 3], 0, 3, 0), IndexError,
     "i must lie in 0 … 2, because W of layer 0 has 3 rows; got 3"),
    (lambda: dy_dW(pencil_network(), [2, 3], 0, 0, -1), IndexError, "j must lie in 0 … 1"),
    (lambda: dy_db(pencil_network(), [2, 3], 3, 0), IndexError, "m must lie in 0 … 2"),
    (lambda: dy_db(pencil_network(), [2, 3], 0, 1.0), TypeError,
     "i must be an integer; got a float"),
    (lambda: o(3, 3), IndexError, "i must lie in 0 … 2, because d is 3; got 3"),
    (lambda: random_network((2, 3), "tanh", 0), TypeError, "numpy.random.default_rng(seed)"),
    (lambda: random_network((2, 3, 1), ["tanh"], np.random.default_rng(0)), ValueError,
     "a list of 2"),
    (lambda: Activation("softmax", lambda z: np.exp(z) / np.exp(z).sum(), np.exp), ValueError,
     "each element by itself"),
    (lambda: central_difference(np.sin, [1.0], h=0), ValueError, "h must be above 0; got 0"),
    (lambda: central_difference("sin", [1.0]), TypeError, "f must be a function"),
]


@pytest.mark.parametrize("call, kind, sentence", WRONG, ids=[sentence for *_, sentence in WRONG])
def test_wrong_arguments_get_one_sentence(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


# ---- the data --------------------------------------------------------------------------------

def test_the_digits_and_their_classifier():
    X, labels = digits()
    assert X.shape == (1797, 64) and X.min() == 0 and X.max() == 1
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    right = predict(digits_network(), X).argmax(axis=1) == labels
    assert right[:1437].all() and right[1437:].sum() == 329


# ---- the house -------------------------------------------------------------------------------

def test_stable_activations_equal_their_definitions():
    z = np.array([-2.5, -0.3, 0.4, 3.1])
    for name, phi in ACTIVATIONS.items():
        np.testing.assert_allclose(phi.f(z), PLAIN[name][0](z), rtol=1e-14)


@pytest.mark.not_for_mutants
def test_numpy_is_the_only_dependency():
    code = ("import sys, nnlib; "
            "sys.exit(any(m.split('.')[0] in ('matplotlib', 'scipy', 'IPython', 'sklearn') "
            "for m in sys.modules))")
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
