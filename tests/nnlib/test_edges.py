"""nnlib exactly at its edges: where `make mutants` found that a changed sign or bound went unnoticed."""
import re
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from nnlib import (Activation, Layer, Network, O, _validate, central_difference, complex_step, dy_db, dy_dW,
                   forward, forward_difference, o, pencil_network, predict, random_network, taylor_rate)

ONE = Layer([[1]], [1], "tanh")
BOTH = (forward_difference, central_difference)


def refuses(kind, sentence):
    return pytest.raises(kind, match=re.escape(sentence))


# ---- φ acts on each element by itself ---------------------------------------------------------

KEPT = np.zeros(3)


def changed(by):
    def f(z):
        z += by
        return z
    return f


NOT_ELEMENTWISE = {
    "adds to its argument": changed(1.0),
    "takes from its argument": changed(-1.0),
    "gives a number for one element": lambda z: z if z.size > 1 else z[0],
    "gives a square for one element": lambda z: np.ones(z.shape if z.size > 1 else (1, 1)),
    "gives a column": lambda z: np.ones((z.size, 1) if z.size > 1 else 1),
    "gives one less": lambda z: np.ones(z.size - (z.size > 1)),
    "gives one more": lambda z: np.ones(z.size + (z.size > 1)),
    "mixes what is negative": lambda z: np.where(z < 0, z.max(), z),
    "mixes what is positive": lambda z: np.where(z > 0, z.min(), z),
    "gives integers": lambda z: z.astype(int),
    "gives no number": lambda z: z * np.nan,
    "gives a list": lambda z: list(z),
    "gives a list for one element": lambda z: z * 1 if z.size > 1 else list(z),
    "gives a masked array": lambda z: np.ma.array(z),
    "writes into one array": lambda z: np.add(z, 1, out=KEPT[:z.size]),
}


@pytest.mark.parametrize("f", NOT_ELEMENTWISE.values(), ids=NOT_ELEMENTWISE)
def test_what_mixes_elements_is_no_activation(f):
    for pair in ((f, np.ones_like), (np.ones_like, f)):
        with refuses(ValueError, "because a layer applies it element-wise; "):
            Activation("mixed", *pair, check=False)


def test_rounding_and_holes_do_not_make_an_activation_a_mixture():
    """A vector may round differently from its elements, and a root or a logarithm has no value below zero."""
    phi = Activation("rounded", lambda z: z * (1 + 3e-13 * (z.size > 1)), np.ones_like)
    assert phi.f(np.array([2.0])) == 2
    assert Activation("root", np.sqrt, lambda z: 0.5 / np.sqrt(z)).f(np.array([4.0])) == 2
    with refuses(ValueError, "element-wise; got something else"):
        Activation("coarse", lambda z: z * (1 + 3e-11 * (z.size > 1)) * 1e5, np.ones_like)


# ---- values: they cannot be changed, and each equals only itself -------------------------------

def test_values_cannot_be_changed_and_equal_only_themselves():
    def net():
        return Network([Layer([[1, 2]], [1], phi)])

    phi = Activation("own", np.sin, np.cos)
    pairs = [(phi, Activation("own", np.sin, np.cos), "f"), (net()[0], net()[0], "W"), (net(), net(), "layers"),
             (forward(net(), [1, 2]), forward(net(), [1, 2]), "y_hat")]
    for one, other, name in pairs:
        assert one == one and (one == other) is False and len({one, other}) == 2
        with pytest.raises(FrozenInstanceError):
            setattr(one, name, None)
    one = Layer([[1.0]], [1.0], phi)
    assert Network([one]) != Network([one])


def test_three_hundred_layers():
    net = random_network([1] * 301, ["tanh"] * 300, np.random.default_rng(0))
    assert len(net) == len(forward(net, [1.0]).z) == 300 and repr(net).endswith(" tanh")


# ---- networks -----------------------------------------------------------------------------------

def test_a_network_tells_its_widths_and_each_phi():
    two = Network([ONE, Layer([[1]], [1], "sin"), ONE])
    assert repr(two) == "Network 1-1-1-1, tanh sin tanh" and repr(Network([ONE])) == "Network 1-1, tanh"
    with refuses(IndexError, "because the network has 1 layer;"):
        Network([ONE])[1]
    with refuses(IndexError, "because the network has 2 layers;"):
        Network([ONE, ONE])[2]


@pytest.mark.parametrize("columns", [1, 3])
def test_layers_must_chain(columns):
    two = Layer(np.ones((2, 2)), [0, 0], "tanh")
    with refuses(ValueError, f"W of layer 2 must have 2 columns, because layer 1 gives 2 numbers; got {columns}"):
        Network([two, two, Layer(np.ones((2, columns)), [0, 0], "tanh")])


def test_random_weights_have_the_promised_spread():
    net = random_network((400, 300, 200), "tanh", np.random.default_rng(8))
    for layer in net:
        for values, variance in ((layer.W, 1 / layer.W.shape[1]), (layer.b, 1 / 4)):
            assert abs(values.mean()) < 4 * np.sqrt(variance / values.size)
            assert abs(values.var() / variance - 1) < 6 / np.sqrt(values.size)
            assert abs((values > 0).mean() - 1 / 2) < 2 / np.sqrt(values.size) and len(np.unique(values)) == values.size


def test_random_networks_are_asked_for_in_full():
    rng = np.random.default_rng(0)
    assert random_network((3, 2), "tanh", rng).widths == (3, 2)
    assert random_network((20_000, 1, 20_000), "identity", rng).widths == (20_000, 1, 20_000)
    for widths in ([3], []):
        with refuses(ValueError, f"widths must list at least two numbers, d_in and d_y; got {tuple(widths)}"):
            random_network(widths, "tanh", rng)
    with refuses(ValueError, "widths[1] must be at least 1; got 0"):
        random_network((2, 0), "tanh", rng)
    for phis in (["tanh"], ["tanh"] * 3):
        with refuses(ValueError, f"a list of 2, because widths ask for 2 layers; got {len(phis)}"):
            random_network((2, 3, 1), phis, rng)


def test_overflow_is_refused_in_a_sentence_whatever_numpy_is_set_to():
    """The outputs are small, the derivatives are not; and the outputs of the second are not."""
    quiet = Network([Layer([[0]], [0], "identity"), Layer([[1e200]], [0], "identity")])
    steep = Network([Layer([[1]], [0], "square"), Layer([[1e200]], [0], "identity"), Layer([[0]], [0], "identity"),
                     Layer([[1e200]], [0], "identity")])
    with np.errstate(all="raise"):
        assert forward(quiet, [1e200]).y_hat == 0
        with refuses(OverflowError, "the derivative is beyond the range of float64"):
            dy_dW(quiet, [1e200], 0, 0, 0)
        with refuses(OverflowError, "the derivative is beyond the range of float64"):
            dy_db(Network([*quiet, quiet[1]]), [0], 0, 0)
        with refuses(OverflowError, "z[1] is beyond the range of float64"):
            forward(steep, [1e100])
        with refuses(OverflowError, "the value of 'square' in layer 0 at z = 1e+200 is beyond the range of float64"):
            forward(Network([steep[0], quiet[0]]), [1e200])
        with refuses(OverflowError, "the value of 'square' in layer 1 at z = 1e+200 is beyond the range of float64"):
            forward(Network([quiet[1], steep[0]]), [1])
        with refuses(OverflowError, "z[1] is beyond the range of float64"):
            predict(Network([*steep][:2]), [[1e100]])
        assert predict(quiet, [[1e-320]]) == 0 == dy_dW(quiet, [1e-320], 1, 0, 0)


def test_np_seterr_changes_no_number():
    """In every function here a product rounds to zero, which NumPy can be set to raise on."""
    net = Network([Layer([[1e-200]], [0], "identity")] * 2)

    def f(t):
        return t + 1e-200 * t * 1e-200

    for function, arguments in ((forward, (net, [1])), (predict, (net, [[1]])), (dy_dW, (net, [1], 0, 0, 0)),
                                (dy_db, (Network([*net, net[0]]), [1], 0, 0)), (forward_difference, (f, 1.0)),
                                (central_difference, (f, 1.0)), (complex_step, (f, 1.0)), (taylor_rate, (f, 1.0, 1.0, 1.0))):
        wanted, before = function(*arguments), np.seterr(all="raise")
        try:
            got = function(*arguments)
            with pytest.raises(FloatingPointError):
                function.__wrapped__(*arguments)            # what nnlib exports is guarded, and this is what it guards
        finally:
            np.seterr(**before)
        assert (got.y_hat == wanted.y_hat == 0) if function is forward else got == wanted


def test_a_selector_needs_a_length():
    for selector in (o, O):
        with refuses(ValueError, "d must be at least 1; got 0"):
            selector(0, 0)
        assert selector(0, 1).tolist() == [[1.0]]


# ---- nudges --------------------------------------------------------------------------------------

@pytest.mark.parametrize("theta", [2.0**53, -2.0**53])
def test_a_nudge_that_rounding_swallows_on_one_side_is_refused(theta):
    """Next to a power of two the floats lie closer on the one side, so that θ + h = θ but θ - h is not."""
    assert (theta + 1 == theta) != (theta - 1 == theta)
    for method in BOTH:
        with refuses(ValueError, "h must be larger, because rounding swallows it beside theta; got 1"):
            method(lambda t: t, theta, h=1.0)
        assert method(lambda t: t, theta, h=2.0) == 1


def test_an_imaginary_nudge_does_not_change_the_real_part():
    assert complex_step(lambda t: t * t, 0.0) == 0
    assert complex_step(lambda t: t * t, 1e-19) == 2e-19
    assert complex_step(np.sin, 0.5, h=1e-100) == np.cos(0.5)
    with refuses(ValueError, "h must be at least 1e-100, because products swallow less; got 9e-101"):
        complex_step(np.sin, 0.5, h=9e-101)


@pytest.mark.parametrize("f", [lambda t: np.abs(t), lambda t: t > 0, lambda t: np.sign(t.real).astype(int)])
def test_what_loses_the_imaginary_nudge_is_refused(f):
    with refuses(TypeError, "what f returns must be complex where theta is, because abs and its like lose the nudge"):
        complex_step(f, [1.0, 2.0])


@pytest.mark.parametrize("first, then", [((2,), (3,)), ((3,), (2,)), ((2,), ()), ((), (2,)), ((2, 2), (2, 3))])
def test_f_has_one_shape_for_every_theta(first, then):
    calls = []

    def f(theta):
        calls.append(theta)
        return np.zeros(first if len(calls) == 1 else then)

    with refuses(ValueError, f"what f returns must have one shape for every theta; got {first} and {then}"):
        central_difference(f, [1.0, 2.0])


@pytest.mark.parametrize("difference", [forward_difference, central_difference, complex_step])
def test_the_warning_that_nothing_moves_names_the_callers_line(difference):
    with pytest.warns(UserWarning, match="no nudge of theta changes what f returns") as seen:
        difference(lambda t: 0 * t, [1.0, 2.0])
    assert [one.filename for one in seen] == [__file__]


def test_a_part_that_is_not_analytic_is_seen_beside_a_large_one():
    with refuses(ValueError, "f must be analytic: two nudges tell another derivative than the imaginary one, "
                             "so something in it, as abs, conj, vdot or norm, is not"):
        complex_step(lambda t: 1000 * t + 500 * np.abs(t), [1.0], h=1e-6)


def test_two_nudges_refuse_nothing_of_which_they_are_unsure():
    """A thousandth of what both derivatives are, and a billionth of f, which hides a slope of 1e-4 beside 1e9."""
    assert complex_step(lambda t: 1000 * t + 1.5 * np.abs(t), [1.0]) == 1000
    assert abs(complex_step(lambda t: 1e9 + 1e-4 * t, [1.0]) - 1e-4) < 1e-19


def test_two_nudges_are_unsure_of_a_hundred_times_what_the_shorter_one_changes():
    """Of 10⁸ t³ at 0 two nudges of 10⁻⁴ tell 1, and two of 10⁻⁵ tell 0.01; the imaginary nudge tells c."""
    def told(times):
        c = (0.01 + 1e-5 + times * 0.99) / 0.999            # c - 0.01 = 1e-3 (c + 0.01) + times · 0.99
        return complex_step(lambda t: 1e8 * t**3 + 1j * c * t.imag, [0.0]) / c

    assert abs(told(99.5) - 1) < 1e-12
    with refuses(ValueError, "f must be analytic"):
        told(100.5)


# ---- Taylor ---------------------------------------------------------------------------------------

def test_the_step_must_be_seen_beside_theta():
    def rate(size, length, h=1e-2):
        return taylor_rate(lambda t: t ** 3, [size, 0.0], np.diag([3 * size**2, 0]), [length, 0.0], h)

    sentence = "h times direction must be longer than a millionth of theta"
    for size, length, h in ((100, 0.003, 1e-2), (1, 1, 1e-6), (0, 0, 1e-2), (1e-3, 1e-8, 1e-2)):
        with refuses(ValueError, sentence):
            rate(size, length, h)
    assert 1.9 < rate(100, 0.3) < 2.1 and 1.9 < rate(1, 3, 1e-5) < 2.1


def test_the_rate_is_that_of_the_remainder():
    """t² + 10 t³ from 0: 0.02 at h = 0.1, 0.00375 at half of it."""
    assert abs(taylor_rate(lambda t: t * t + 10 * t**3, 0.0, 0.0, 1.0, h=0.1) - np.log2(0.02 / 0.00375)) < 1e-12
    assert taylor_rate(lambda t: 0 * t, 0.0, 0.0, 1.0) == np.inf


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e3])
def test_rounding_is_not_taken_for_a_remainder(scale):
    """A line is its own tangent, however its sums are rounded; a curvature of 1e-11 leaves a remainder."""
    rng = np.random.default_rng(5)
    for _ in range(100):
        w = scale * rng.normal(size=(3, 7))
        assert taylor_rate(lambda t, w=w: (w * t).sum(axis=1), np.zeros(7), w, rng.normal(size=7)) == np.inf
        start = rng.normal(size=7)
        assert taylor_rate(lambda t, w=w: (w * t).sum(axis=1), start, w, rng.normal(size=7)) == np.inf
    assert 1.9 < taylor_rate(lambda t: scale * (t + 1e-11 * t * t), 0.0, scale, 1.0) < 2.1


def test_the_rate_is_the_middle_one_of_the_last_three():
    """Those of t² + 2³³ t³ between h = 2⁻³² and 2⁻³⁵, where 2³³ h is 2, 1 and 1/2: the middle one is 2 + log2 of 2 / 1.5."""
    assert abs(taylor_rate(lambda t: t * t + 2.0**33 * t**3, 0.0, 0.0, 1.0) - 2 - np.log2(2 / 1.5)) < 1e-12


def test_rounding_begins_where_it_is_said_to():
    """Beside f(0) = 1 it is taken for 2e-15, which is 9.007 units in the last place; without h, 100 times as much counts."""
    unit = np.finfo(float).eps
    assert taylor_rate(lambda t: 1 + 48 * unit * t * t, 0.0, 0.0, 1.0, h=1) == 2               # 12 units at h/2
    with refuses(ValueError, "f must move by more than its rounding: take off what is constant in its values"):
        taylor_rate(lambda t: 1 + 32 * unit * t * t, 0.0, 0.0, 1.0, h=1)                       # 8 units at h/2
    assert taylor_rate(lambda t: 1 + 4 * 905 * unit * (8 * t)**2, 0.0, 0.0, 1.0) == 2          # at h = 1/16
    for direction in (1.0, 4.0):            # the step is as long along a longer direction
        assert taylor_rate(lambda t: 1 + 4 * 896 * unit * (8 * t)**2, 0.0, 0.0, direction) == np.inf
    assert taylor_rate(lambda t: 1 + 905 * unit * 8 * t, 0.0, 905 * unit * 8, 1.0) == np.inf   # how far f moves to h = 1/8
    with refuses(ValueError, "f must move by more than its rounding: take off what is constant in its values"):
        taylor_rate(lambda t: 1 + 896 * unit * 8 * t, 0.0, 896 * unit * 8, 1.0)
    slope = 0.0
    for _ in range(9):                      # of a constant, a slope that moves it by 100 times the rounding, to the last bit
        slope = 100 * (1e-15 * (2 + slope / 8)) * 4
    with refuses(ValueError, "f must move by more than its rounding: take off what is constant in its values"):
        taylor_rate(lambda t: 1 + 0 * t, 0.0, slope, 1.0)


# ---- the sentences of wrong arguments --------------------------------------------------------------

def test_a_list_may_be_long_and_not_endless():
    longest = _validate.LONGEST_LIST
    assert len(Network([ONE] * longest)) == longest == 10**5
    with refuses(TypeError, "layers must be a list of 100000 Layer at most; got a list"):
        Network([ONE] * (longest + 1))


def test_an_array_is_a_copy_that_cannot_be_changed():
    for given in (np.ones(2), np.ones(2, int), [1, 1]):
        got = _validate.array("x", given, (2,))
        assert not got.flags.writeable and got.dtype == float and not np.shares_memory(got, given)


def test_a_batch_may_have_many_features():
    net = Network([Layer(np.ones((1, 300)), [0], "identity")])
    assert predict(net, np.ones((2, 300))).tolist() == [[300], [300]]


def test_numbers_between_bounds():
    def between(value, low=0.0, high=1.0):
        return _validate.between("p", value, ("d",), low, high, "it is a share")

    assert between([0, 0.5, 1]).tolist() == [0, 0.5, 1]
    for value, first in (([0.5, -0.25], "-0.25"), ([2, 0.5], "2"), ([-1, 2], "-1")):
        with refuses(ValueError, f"p must lie in 0 … 1, because it is a share; got {first}"):
            between(value)
    with refuses(ValueError, "p must be 0 or above, because it is a share; got -1"):
        between([-1], high=float("inf"))
    with refuses(ValueError, "p must be above 0, because it is a share; got 0"):
        between([0], low=5e-324, high=np.inf)


@pytest.mark.parametrize("value, words", [
    (None, "got None"), (np.datetime64("2022-01-01"), "got a datetime64"),
    (np.array(["2022-01-01"], "M8[D]"), "got an array of datetime64[D]"),
    (np.zeros((1, 1), [("a", "f8")]), "got an array of [('a', '<f8')]"),
    ([None, 1], "got an array of object, among them None"), ([1, {2}], "got an array of object, among them a set"),
    (np.array([], object), "got an array of object"),
    (np.array([10**30, 1.5]), "got an array of object, among them an int")])
def test_what_came_is_named(value, words):
    with pytest.raises(TypeError, match=f"W must hold real numbers; {re.escape(words)}$"):
        Layer(value, [1], "tanh")


def test_only_float32_stays_as_it_is():
    for dtype, kept in (("f2", "f8"), ("i1", "f8"), ("?", "f8"), ("f4", "f4"), ("f8", "f8"), ("g", "f8")):
        assert Layer(np.ones((1, 1), dtype), np.ones(1, dtype), "tanh").W.dtype == kept


def test_a_sentence_shows_the_first_fault_and_no_long_text():
    with refuses(ValueError, "W must be finite in float64; got nan at index (0, 1)"):
        Layer([[1, np.nan], [np.inf, 2]], [1, 1], "tanh")
    with refuses(ValueError, "b must have shape (1,), because W has shape (1, 1); got ()"):
        Layer([[1]], 1, "tanh")
    with refuses(ValueError, f"got '{58 * 'x'}'"):
        Layer([[1]], [1], 58 * "x")
    with refuses(ValueError, "sin; got a str"):
        Layer([[1]], [1], 59 * "x")
    with refuses(ValueError, f"name must not be empty; got '{9 * ' '}'"):
        Activation(12 * " ", np.sin, np.cos)


def test_there_is_room_up_to_the_bound():
    _validate.fits_memory("d", _validate.LARGEST_ARRAY)
    with refuses(ValueError, "d must ask for 100000000 numbers at most, because more fill the memory; got 100000001"):
        _validate.fits_memory("d", _validate.LARGEST_ARRAY + 1)


def test_what_is_computed_cannot_be_changed():
    net = pencil_network()
    trace = forward(net, [2, 3])
    for result in (*trace.inputs, *trace.z, *trace.slopes, trace.y_hat, predict(net, [[2, 3]])[0], dy_db(net, [2, 3], 0, 0),
                   dy_dW(net, [2, 3], 0, 0, 0), central_difference(np.sin, [1.0])[0], complex_step(np.sin, [1.0])[0]):
        with refuses(ValueError, "read-only"):
            result[0] = 7


def test_an_object_of_another_class_is_refused():
    with refuses(TypeError, "net must be a Network; got a list"):
        forward([1], [1])
    with refuses(TypeError, "phi must be an Activation; got a float: write its name"):
        _validate.instance("phi", 0.5, Activation, "write its name")
