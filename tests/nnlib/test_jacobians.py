"""All entries at once: against one entry at a time, which the other tests hold to the truth, and against each other."""
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nnlib import (Layer, Network, Parameters, dy_db, dy_dW, forward, jacobian_b, jacobian_factors, jacobian_W, jacobian_x,
                   jvp, pencil_network, pencil_twin, random_network, vjp)
from nnlib.activations import ACTIVATIONS
from nnlib.jacobians import pull

X = [2, 3]
WHOLE = [pencil_network(), pencil_twin()]


def random_cases():
    rng = np.random.default_rng(5)
    for count in range(40):
        widths = rng.integers(1, 6, size=count % 5 + 2)
        names = rng.choice(list(ACTIVATIONS), size=len(widths) - 1)
        net = random_network(widths.tolist(), names.tolist(), rng)
        yield net, rng.normal(size=widths[0]), rng


def direction_of(net, rng):
    return [Parameters(rng.normal(size=layer.W.shape), rng.normal(size=layer.b.shape)) for layer in net]


def entry_by_entry(net, x, m):
    """∂ŷ/∂W^m and ∂ŷ/∂b^m with one push for each number."""
    W = np.empty((net.widths[-1], *net[m].W.shape))
    for i, j in np.ndindex(net[m].W.shape):
        W[:, i, j] = dy_dW(net, x, m, i, j)
    return W, np.stack([dy_db(net, x, m, i) for i in range(len(net[m].b))], axis=1)


def moved_inputs(net, x):
    """∂ŷ/∂x as the derivative by the biases of a layer in front that passes x on."""
    first = Layer(np.eye(len(x)), np.zeros(len(x)), "identity")
    return jacobian_b(Network([first, *net]), x, 0)


@pytest.mark.parametrize("net", WHOLE, ids=str)
def test_whole_numbers_are_exact(net):
    D, a = jacobian_factors(net, X)
    for m in range(len(net)):
        W, b = entry_by_entry(net, X, m)
        assert (jacobian_W(net, X, m) == W).all()
        assert (jacobian_b(net, X, m) == b).all() and (D[m] == b).all()
        assert (D[m][:, :, None] * a[m] == W).all()
    assert (jacobian_x(net, X) == moved_inputs(net, X)).all()


def test_the_pencil_networks_units():
    D, a = jacobian_factors(pencil_network(), X)
    assert [d.tolist() for d in D] == [[[-384, -288, -48], [320, 240, 400], [256, 192, 320]],
                                       [[36, 24], [-60, -80], [-48, -64]], [[6, 0, 0], [0, 10, 0], [0, 0, -8]]]
    assert [one.tolist() for one in a] == [[2, 3], [16, 9, 4], [9, 4]]
    assert jacobian_x(pencil_network(), X).tolist() == [[384, -864], [400, 0], [320, 0]]


def test_every_activation_and_width():
    for net, x, _ in random_cases():
        for m in range(len(net)):
            W, b = entry_by_entry(net, x, m)
            assert_allclose(jacobian_W(net, x, m), W, rtol=1e-9, atol=1e-12)
            assert_allclose(jacobian_b(net, x, m), b, rtol=1e-9, atol=1e-12)
        assert_allclose(jacobian_x(net, x), moved_inputs(net, x), rtol=1e-9, atol=1e-12)


def test_products_with_a_vector_are_those_of_the_dense_jacobian():
    for net, x, rng in random_cases():
        v, u = direction_of(net, rng), rng.normal(size=net.widths[-1])
        dense = [(jacobian_W(net, x, m), jacobian_b(net, x, m)) for m in range(len(net))]
        moved = sum(np.tensordot(W, p.W, 2) + b @ p.b for (W, b), p in zip(dense, v))
        assert_allclose(jvp(net, x, v), moved, rtol=1e-9, atol=1e-11)
        gradients = vjp(net, x, u)
        assert len(gradients) == len(net)
        for (W, b), asked in zip(dense, gradients):
            assert_allclose(asked.W, np.tensordot(u, W, 1), rtol=1e-9, atol=1e-11)
            assert_allclose(asked.b, u @ b, rtol=1e-9, atol=1e-11)


def test_pull_takes_one_row_or_many_and_stops_at_a_layer():
    net = pencil_twin()
    trace, rows = forward(net, X), np.array([[1.0, 0, 2], [0, -1, 1]])
    D, _ = jacobian_factors(net, X)
    for m in range(len(net)):
        pulled = pull(net, trace, rows, m)
        assert len(pulled) == len(net) - m
        for one, d in zip(pulled, D[m:]):
            assert (one == rows @ d).all()
        assert (pull(net, trace, rows[0], m)[0] == rows[0] @ D[m]).all()


def test_a_network_is_a_direction_too():
    net = pencil_network()
    as_pairs = [Parameters(layer.W, layer.b) for layer in net]
    assert (jvp(net, X, net) == jvp(net, X, as_pairs)).all()


def test_the_result_is_written_into_out():
    net = pencil_network()
    out = np.full((3, 3, 2), np.nan)
    assert jacobian_W(net, X, 0, out=out) is out
    assert (out == jacobian_W(net, X, 0)).all() and out.flags.writeable
    wide = np.zeros((3, 2, 3))                              # out may be a view with strides of its own
    jacobian_W(net, X, 0, out=wide.transpose(0, 2, 1))
    assert (wide == out.transpose(0, 2, 1)).all()


@pytest.mark.parametrize("out, error", [
    (np.zeros((3, 3, 3)), ValueError), (np.zeros((3, 3, 2), np.float32), ValueError), (np.zeros((3, 3, 2), int), ValueError),
    (np.broadcast_to(np.zeros(()), (3, 3, 2)), ValueError), ([[[0.0] * 2] * 3] * 3, TypeError), (7, TypeError)])
def test_an_out_that_cannot_hold_the_result_is_refused(out, error):
    with pytest.raises(error, match=r"^out must be a writable array of shape \(3, 3, 2\) of float64; got "):
        jacobian_W(pencil_network(), X, 0, out=out)


def test_single_precision_stays():
    net = Network([Layer(layer.W.astype(np.float32), layer.b.astype(np.float32), "tanh") for layer in pencil_network()])
    x, ones = np.float32(X), [Parameters(layer.W, layer.b) for layer in pencil_network()]
    D, _ = jacobian_factors(net, x)
    results = [*D, jacobian_W(net, x, 0), jacobian_b(net, x, 1), jacobian_x(net, x), jvp(net, x, ones)]
    results += [part for pair in vjp(net, x, [1, 2, 3]) for part in pair]
    assert {result.dtype for result in results} == {np.dtype(np.float32)}


def test_a_derivative_out_of_range_is_told():
    steep = Network([Layer([[1e200]], [0], "identity")] * 3)
    for call in (lambda: jacobian_factors(steep, [0]), lambda: jacobian_W(steep, [0], 0), lambda: jacobian_b(steep, [0], 0),
                 lambda: jacobian_x(steep, [0]), lambda: vjp(steep, [0], [1.0]),
                 lambda: jvp(steep, [0], [Parameters([[0]], [1])] * 3)):
        with pytest.raises(OverflowError, match="the derivative is beyond the range of float64"):
            call()
    large = Network([Layer([[1e-200]], [0], "identity"), Layer([[1e200]], [0], "identity")])
    with pytest.raises(OverflowError):                      # D and a are in range, and their product is not
        jacobian_W(large, [1e200], 0)


def test_a_large_derivative_in_range_is_no_overflow():
    large = Network([Layer([[1]], [0], "identity"), Layer([[1e10]], [0], "identity")])
    assert jacobian_W(large, [1000], 0) == 1e13


def test_results_cannot_be_changed_but_an_array_that_can_be_written_again():
    net = pencil_network()
    D, a = jacobian_factors(net, X)
    results = [*D, *a, jacobian_b(net, X, 0), jacobian_x(net, X), jvp(net, X, net)]
    results += [part for one in vjp(net, X, [1, 2, 3]) for part in one]
    assert not any(result.flags.writeable for result in results)
    out = jacobian_W(net, X, 1)
    assert jacobian_W(net, [1, 0], 1, out=out) is out and (out == jacobian_W(net, [1, 0], 1)).all()


@pytest.mark.parametrize("function", [jacobian_factors, jacobian_W, jacobian_b, jacobian_x, jvp, vjp])
def test_something_else_than_a_network_is_refused(function):
    more = {jacobian_W: [0], jacobian_b: [0], jvp: [[]], vjp: [[1]]}.get(function, [])
    with pytest.raises(TypeError, match="^net must be a Network; got a list"):
        function([*pencil_network()], X, *more)


@pytest.mark.parametrize("direction, sentence", [
    ([Parameters([[1, 2]], [1])], "direction must hold a W and a b for each layer; got 1 for 3 layers"),
    ([*pencil_network()] * 2, "direction must hold a W and a b for each layer; got 6 for 3 layers"),
    ([SimpleNamespace(W=[[1]])] * 3, r"direction\[0\] must have a .W and a .b; got a SimpleNamespace"),
    ([(1, 2)] * 3, r"direction\[0\] must have a .W and a .b; got a tuple: write Parameters\(W, b\)"),
    ([Parameters(np.ones((2, 3)), np.ones(3))] * 3,
     r"direction\[0\].W must have shape \(3, 2\), because W of layer 0 has it; got \(2, 3\)"),
    (7, "direction must be a list of pairs")])
def test_a_direction_that_does_not_fit_is_refused(direction, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        jvp(pencil_network(), X, direction)


def test_a_u_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"u must have shape \(3,\), because the network has 3 outputs; got \(2,\)"):
        vjp(pencil_network(), X, [1, 2])


@pytest.mark.parametrize("function", [jacobian_W, jacobian_b])
def test_a_layer_that_does_not_exist_is_refused(function):
    for m in (-1, 3):
        with pytest.raises(IndexError, match=r"m must lie in 0 … 2, because the network has 3 layers"):
            function(pencil_network(), X, m)
