"""The derivatives against arithmetic that cannot round quietly, against symbols, and against laws they must obey."""
import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import soak
from nnlib import Activation, Layer, Network, dy_db, dy_dW, forward, predict, random_network
from nnlib.activations import ACTIVATIONS
from routes import every_parameter, mp_derivative

SAMPLE = range(0, 160)
SMOOTH = [name for name in ACTIVATIONS if "relu" not in name]
STEADY = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def derivative(net, x, m, i, j):
    return dy_db(net, x, m, i) if j is None else dy_dW(net, x, m, i, j)


def everything(net, x):
    """{(m, i, j): ∂ŷ/∂W^m_ij or, with j None, ∂ŷ/∂b^m_i}."""
    return {place: derivative(net, x, *place) for place in every_parameter(net)}


ANY_PHI = st.sampled_from(list(ACTIVATIONS))


@st.composite
def networks(draw, phis=ANY_PHI, deepest=5):
    """A random network and its x; Hypothesis shrinks its widths and its φ."""
    widths = draw(st.lists(st.integers(1, 4), min_size=2, max_size=deepest + 1))
    names = [draw(phis) for _ in widths[1:]]
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    return random_network(widths, names, rng), rng.normal(size=widths[0])


# ---- truth ----------------------------------------------------------------------------------

@pytest.mark.not_for_mutants
def test_the_soaks_truth_is_that_of_mpmath():
    compared = 0
    for number in SAMPLE[:48]:
        net, x = soak.network(number)
        if sum(layer.W.size for layer in net) > 30 or (pairs := soak.exact(net, x)) is None:
            continue
        for m, i, j in every_parameter(net):
            a, J = pairs[m]
            column = [J[r, i] if j is None else J[r, i] * a[j, 0] for r in range(J.nrows())]
            with mpmath.workdps(60):
                truth = mp_derivative(net, x, m, i, j)
                got = [mpmath.mpf(one.mid().str(60, radius=False)) for one in column]
                scale = max(mpmath.norm(truth), mpmath.mpf("1e-290"))
                assert mpmath.norm([g - t for g, t in zip(got, truth)]) < mpmath.mpf("1e-20") * scale, (number, m, i, j)
            compared += 1
    assert compared > 300


def test_a_sample_of_the_soak():
    outcomes = {number: outcome for number in SAMPLE if (outcome := soak.errors(number))}
    assert len(outcomes) > 0.9 * len(SAMPLE)
    for number, (found, limit, names) in outcomes.items():
        fair = limit <= soak.GOAL
        assert (found[fair] <= soak.GOAL).all(), (number, names[found.argmax()])
        assert (found <= np.maximum(limit, soak.UNIT)).all(), (number, names[(found / limit).argmax()])
    # The limit asks something of nearly every derivative. Softmax makes of what ŷ is off, a part of a large number, as
    # large a part of p: the limit of cross-entropy is wide where ŷ is large.
    allowed = np.concatenate([limit <= soak.GOAL for _, limit, _ in outcomes.values()])
    softmaxed = np.array(["cross_entropy" in name for _, _, names in outcomes.values() for name in names])
    assert allowed[~softmaxed].mean() > 0.95 and allowed[softmaxed].mean() > 0.75


@pytest.mark.not_for_mutants
@pytest.mark.parametrize("name", ["jacobian_W", "jacobian_b", "jacobian_x", "jvp", "vjp", "backprop"])
def test_the_soak_rejects_a_part_in_a_hundred_thousand_million(name, monkeypatch):
    """In each of what nnlib computes at once; and it accepts them as they are, in the sample above."""
    right = getattr(soak, name)

    def wrong(result):
        return tuple(map(wrong, result)) if isinstance(result, tuple) else result * (1 + 1e-11)

    monkeypatch.setattr(soak, name, lambda *arguments: wrong(right(*arguments)))
    outcomes = [outcome for number in SAMPLE[:12] if (outcome := soak.errors(number))]
    assert any((found > np.maximum(limit, soak.GOAL)).any() for found, limit, _ in outcomes)


BUGS = {
    "sign": lambda net, x, m, i, j: -derivative(net, x, m, i, j),
    "a part in 10¹¹": lambda net, x, m, i, j: derivative(net, x, m, i, j) * (1 + 1e-11),
    "single precision on the way": lambda net, x, m, i, j: derivative(net, x, m, i, j).astype(np.float32).astype(float),
    "i and j exchanged": lambda net, x, m, i, j: derivative(net, x, m, i, j) if j is None or max(i, j) >= min(net[m].W.shape)
    else dy_dW(net, x, m, j, i),
    "the neighbour's unit": lambda net, x, m, i, j: derivative(net, x, m, (i + 1) % len(net[m].b), j),
    "the neighbour's input": lambda net, x, m, i, j: derivative(net, x, m, i, j and j - 1),
    "a bias with an input": lambda net, x, m, i, j: derivative(net, x, m, i, j or 0),
    "slope at φ(z)": lambda net, x, m, i, j: recursion(net, x, m, i, j, slopes=[
        layer.phi.df(layer.phi.f(z)) for layer, z in zip(net, forward(net, x).z)]),
    "no first slope": lambda net, x, m, i, j: recursion(net, x, m, i, j, slopes=[
        np.ones_like(p) if k == m else p for k, p in enumerate(forward(net, x).slopes)]),
    "no last slope": lambda net, x, m, i, j: recursion(net, x, m, i, j, slopes=[
        *forward(net, x).slopes[:-1], np.ones_like(forward(net, x).y_hat)]),
    "no later slope": lambda net, x, m, i, j: recursion(net, x, m, i, j, slopes=[
        np.ones_like(p) if k > m else p for k, p in enumerate(forward(net, x).slopes)]),
    "x for every input": lambda net, x, m, i, j: recursion(net, x, m, i, j, inputs=[
        np.resize(x, layer.W.shape[1]) for layer in net]),
    "z for φ(z)": lambda net, x, m, i, j: recursion(net, x, m, i, j, inputs=[x, *forward(net, x).z[:-1]]),
    "a slope that cancels": lambda net, x, m, i, j: recursion(net, x, m, i, j, slopes=[
        1 - np.tanh(z) ** 2 if layer.phi.name == "tanh" else p
        for layer, z, p in zip(net, forward(net, x).z, forward(net, x).slopes)]),
    "the last layer left out": lambda net, x, m, i, j: recursion(net, x, m, i, j, weights=[
        *(layer.W for layer in net.layers[:-1]), np.eye(*net[-1 % len(net)].W.shape)]),
    "dots read as slopes": lambda net, x, m, i, j: recursion(net, x, m, i, j, weights=[
        np.eye(len(W)) if m + 1 < k < len(net) - 1 and len(set(W.shape)) == 1 else W
        for k, W in enumerate(layer.W for layer in net)]),
    "square matrices transposed": lambda net, x, m, i, j: recursion(net, x, m, i, j, weights=[
        layer.W.T if len(set(layer.W.shape)) == 1 else layer.W for layer in net]),
}


def recursion(net, x, m, i, j, slopes=None, inputs=None, weights=None):
    """The source's recursion with its parts open to a mistake."""
    trace = forward(net, x)
    slopes, inputs = slopes or trace.slopes, inputs or trace.inputs
    weights = weights or [layer.W for layer in net]
    v = np.zeros(len(net[m].b))
    v[i] = slopes[m][i] * (1 if j is None else inputs[m][j])
    for k in range(m + 1, len(net)):
        v = slopes[k] * (weights[k] @ v)
    return v


@pytest.mark.not_for_mutants
@pytest.mark.parametrize("bug", ["none", *BUGS])
def test_the_truth_rejects_every_classic_mistake(bug):
    rejected = 0
    with np.errstate(all="ignore"):
        for number in SAMPLE[:64]:
            outcome = soak.errors(number, BUGS.get(bug, recursion))
            if outcome:
                found, limit, _ = outcome
                rejected += not (found <= np.maximum(limit, soak.GOAL)).all()
    assert (rejected > 0) == (bug != "none")


# ---- symbols --------------------------------------------------------------------------------

@pytest.mark.parametrize("widths", [(2, 3), (3, 2, 4), (2, 3, 2, 3), (2, 2, 2, 2, 2)])
def test_the_formulas_hold_for_an_undefined_phi(widths):
    """SymPy differentiates with a φ of which it knows nothing. Filled in are an f and a df that have nothing to do with
    each other, so that one that stands where the other belongs is found, wherever it is."""
    layers, exact, a = [], {}, sympy.Matrix([sympy.Rational(k + 2, 3) for k in range(widths[0])])
    x, letters, meanings = np.array(a, float).ravel(), {}, {}
    rng = np.random.default_rng(sum(widths))
    for m, (d_in, d_out) in enumerate(zip(widths, widths[1:])):
        phi = sympy.Function(f"phi{m}")
        coefficients = rng.integers(1, 5, size=4) / 4
        f, df = (lambda z, p=p: p[0] * z + p[1] * z * z for p in (coefficients[:2], coefficients[2:]))
        meanings |= {f"phi{m}": f, f"slope{m}": df}
        W = sympy.Matrix(d_out, d_in, lambda i, j, m=m: sympy.Symbol(f"W{m}_{i}_{j}"))
        b = sympy.Matrix(d_out, 1, lambda i, j, m=m: sympy.Symbol(f"b{m}_{i}"))
        values = {one: rng.integers(-4, 5) / 4 for one in [*W, *b]}
        letters |= values
        numbers = [np.array(part.subs(values), float) for part in (W, b)]
        layers.append(Layer(numbers[0], numbers[1].ravel(), Activation("any", f, df, check=False)))
        a = (W * a + b).applyfunc(phi)
    net = Network(layers)
    slope = sympy.Function
    for m, i, j in every_parameter(net):
        letter = sympy.Symbol(f"b{m}_{i}" if j is None else f"W{m}_{i}_{j}")
        by_rule = a.diff(letter).replace(
            lambda e: isinstance(e, sympy.Subs), lambda e: slope("slope" + e.expr.expr.func.__name__[3:])(e.point[0]))
        exact = sympy.lambdify(list(letters), by_rule, modules=[meanings, "numpy"])(*letters.values())
        assert_allclose(derivative(net, x, m, i, j), np.ravel(exact), rtol=1e-12, atol=1e-13)


# ---- laws -----------------------------------------------------------------------------------

@STEADY
@given(networks(), st.randoms(use_true_random=False))
def test_units_have_no_order(drawn, random):
    """Exchange the units of a hidden layer: the outputs stay, and the derivatives move along."""
    net, x = drawn
    if len(net) == 1:
        return
    m = random.randrange(len(net) - 1)
    order = random.sample(range(len(net[m].b)), len(net[m].b))
    moved = net.replace(m, W=net[m].W[order], b=net[m].b[order]).replace(m + 1, W=net[m + 1].W[:, order])
    assert_allclose(forward(moved, x).y_hat, forward(net, x).y_hat, rtol=1e-9, atol=1e-12)
    before = everything(net, x)
    for (k, i, j), got in everything(moved, x).items():
        was = k, order[i] if k == m else i, order[j] if k == m + 1 and j is not None else j
        assert_allclose(got, before[was], rtol=1e-9, atol=1e-9 * (1 + abs(got).max()))


@STEADY
@given(networks(st.sampled_from(["relu", "leaky_relu", "identity"])), st.floats(0.125, 8))
def test_relu_passes_a_factor_on(drawn, factor):
    """Layer 0 times a power of two, the next divided by it: the same outputs, and derivatives that go the other way."""
    net, x = drawn
    if len(net) == 1:
        return
    factor = 2.0 ** round(np.log2(factor))
    scaled = net.replace(0, W=net[0].W * factor, b=net[0].b * factor).replace(1, W=net[1].W / factor)
    assert (forward(scaled, x).y_hat == forward(net, x).y_hat).all()
    before = everything(net, x)
    for (m, i, j), got in everything(scaled, x).items():
        by = 1 / factor if m == 0 else factor if m == 1 and j is not None else 1
        assert (got == before[m, i, j] * by).all()


@STEADY
@given(networks(st.just("identity")))
def test_a_linear_network_is_a_product_of_matrices(drawn):
    net, x = drawn
    trace, product = forward(net, x), np.eye(net.widths[-1])
    for m in reversed(range(len(net))):
        for i, column in enumerate(product.T):
            assert_allclose(dy_db(net, x, m, i), column, rtol=1e-12, atol=1e-13)
            for j, a in enumerate(trace.inputs[m]):
                assert_allclose(dy_dW(net, x, m, i, j), column * a, rtol=1e-12, atol=1e-13)
        product = product @ net[m].W


@STEADY
@given(networks())
def test_a_layer_that_does_nothing_changes_nothing(drawn):
    net, x = drawn
    idle = Layer(np.eye(net.widths[-1]), np.zeros(net.widths[-1]), "identity")
    longer = Network([*net, idle])
    for place, got in everything(net, x).items():
        assert (derivative(longer, x, *place) == got).all()
    first = Network([Layer(np.eye(len(x)), np.zeros(len(x)), "identity"), *net])
    for (m, i, j), got in everything(net, x).items():
        assert (derivative(first, x, m + 1, i, j) == got).all()


@STEADY
@given(networks())
def test_a_bias_is_a_weight_on_a_constant_one(drawn):
    net, x = drawn
    wider = net.replace(0, W=net[0].W)
    wider = Network([Layer(np.column_stack([net[0].W, net[0].b]), 0 * net[0].b, net[0].phi), *net.layers[1:]])
    for i in range(len(net[0].b)):
        got = dy_dW(wider, [*x, 1], 0, i, len(x))
        assert_allclose(got, dy_db(net, x, 0, i), rtol=1e-9, atol=1e-9 * (1 + abs(got).max()))


@STEADY
@given(networks())
def test_weights_and_biases_of_a_unit_move_together(drawn):
    """∂ŷ/∂W^m_ij is ∂ŷ/∂b^m_i times what came through: one law for every layer, input and φ."""
    net, x = drawn
    trace = forward(net, x)
    for m, i, j in every_parameter(net):
        if j is not None:
            by_bias = dy_db(net, x, m, i) * trace.inputs[m][j]
            assert_allclose(dy_dW(net, x, m, i, j), by_bias, rtol=1e-13, atol=1e-290)


@STEADY
@given(networks(deepest=3))
def test_float32_is_float64_with_fewer_digits(drawn):
    """A float32 network has the float64 derivatives of the same numbers, to what float32 can hold."""
    net, x = drawn
    single = Network([Layer(layer.W.astype("f4"), layer.b.astype("f4"), layer.phi) for layer in net])
    x = x.astype("f4")
    double = Network([Layer(layer.W.astype(float), layer.b.astype(float), layer.phi) for layer in single])
    trace, steps = soak.limits(double, x.astype(float))
    for layer, z in zip(double, trace.z):
        if "relu" in layer.phi.name and abs(z).min() < 1e-4:
            return
    assert forward(single, x).y_hat.dtype == predict(single, x[None]).dtype == np.float32
    for m in range(len(net)):
        slack = soak.spread(double, trace, steps, m)[1] * (np.finfo("f4").eps / 2 / soak.UNIT)
        rows, columns = net[m].W.shape
        for at, (i, j) in enumerate([(i, j) for j in [None, *range(columns)] for i in range(rows)]):
            truth = derivative(double, x, m, i, j)
            assert np.linalg.norm(derivative(single, x, m, i, j) - truth) <= 2 * np.linalg.norm(slack[:, at]) + 1e-37


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_phi_has_its_published_values(name):
    """To nine digits, as tables have them; catches φ and φ′ wrong together."""
    at_one = {"identity": (1, 1), "square": (1, 2), "sigmoid": (0.731058579, 0.196611933),
              "tanh": (0.761594156, 0.419974342), "relu": (1, 1), "leaky_relu": (1, 1),
              "softplus": (1.313261688, 0.731058579), "sin": (0.841470985, 0.540302306)}
    at_minus_one = {"identity": (-1, 1), "square": (1, -2), "sigmoid": (0.268941421, 0.196611933),
                    "tanh": (-0.761594156, 0.419974342), "relu": (0, 0), "leaky_relu": (-0.01, 0.01),
                    "softplus": (0.313261688, 0.268941421), "sin": (-0.841470985, 0.540302306)}
    for z, expected in ((1, at_one), (-1, at_minus_one)):
        phi = ACTIVATIONS[name]
        assert_allclose([phi.f(np.array([float(z)]))[0], phi.df(np.array([float(z)]))[0]], expected[name], atol=6e-10)
