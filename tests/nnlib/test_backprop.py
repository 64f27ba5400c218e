"""Losses and backpropagation, against one push per weight, nudges, sixty digits, published numbers, planted faults."""
import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose

from nnlib import (Layer, Loss, Network, backprop, central_difference, complex_step, cross_entropy, dy_db, dy_dW, forward,
                   one_hot, pencil_network, pencil_twin, predict, random_network, softmax, squared_error)
from nnlib.activations import ACTIVATIONS
from nnlib.network import forward_batch

X = np.array([[2, 3], [1, 0], [4, 4], [1, 2]])
Y = np.array([[9, 25, 12], [957, 121, 144], [1444, 629, 676], [961, 121, 144]])
SMOOTH = [name for name in ACTIVATIONS if "relu" not in name]


def random_batches():
    rng = np.random.default_rng(3)
    for count in range(24):
        widths = [*rng.integers(1, 6, size=count % 4 + 1), rng.integers(2, 5)]
        net = random_network([int(w) for w in widths], rng.choice(SMOOTH, size=len(widths) - 1).tolist(), rng)
        N = int(rng.integers(1, 8))
        yield net, rng.normal(size=(N, widths[0])), rng.dirichlet(np.ones(widths[-1]), size=N)


# Losses ----------------------------------------------------------------------------------------------------------------

def test_half_the_squares_by_hand():
    assert squared_error([9, 25, 16], [9, 25, 15]) == 0.5
    assert squared_error.gradient([9, 25, 16], [9, 25, 15]).tolist() == [0, 0, 1]
    assert squared_error([[1, 2], [3, 4]], [[0, 0], [3, 0]]) == (5 / 2 + 16 / 2) / 2
    assert squared_error.gradient([[1, 2], [3, 4]], [[0, 0], [3, 0]]).tolist() == [[0.5, 1], [0, 2]]


def test_cross_entropy_by_hand():
    z, y = np.log([4, 2, 1, 1]), [0, 1, 0, 0]
    assert_allclose(cross_entropy(z, y), np.log(4), rtol=1e-14)
    assert_allclose(cross_entropy.gradient(z, y), [1 / 2, -3 / 4, 1 / 8, 1 / 8], rtol=1e-14)
    both = cross_entropy(np.stack([z, z]), [y, [1, 0, 0, 0]])
    assert_allclose(both, (np.log(4) + np.log(2)) / 2, rtol=1e-14)


@pytest.mark.parametrize("loss", [squared_error, cross_entropy], ids=str)
def test_a_loss_and_its_gradient_belong_together(loss):
    rng = np.random.default_rng(1)
    for shape in ((3,), (1, 2), (5, 3), (4, 1)):
        if loss is cross_entropy and shape == (4, 1):
            continue                                            # one class has probability 1 whatever its score is
        answers, right = rng.normal(size=shape), rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])
        nudged = central_difference(lambda A, right=right: np.array(loss(A, right)), answers)
        assert_allclose(loss.gradient(answers, right), nudged, rtol=1e-6, atol=1e-9)


def exact_cross_entropy(z, y):
    with mpmath.workdps(60):
        powers = [mpmath.exp(mpmath.mpf(float(one))) for one in z]
        p = [power / sum(powers) for power in powers]
        loss = -sum(mpmath.mpf(float(right)) * mpmath.log(one) for one, right in zip(p, y) if right)
        return [float(one) for one in p], float(loss), [float(one - mpmath.mpf(float(right))) for one, right in zip(p, y)]


@pytest.mark.parametrize("z", [[0, 0], [1000, 999, -1000], [-431, 279, 427], [1e-9, -1e-9], [709, 710, -745],
                               [-1000, -1000.5], [5.0], [1e4, -1e4, 0, 3]])
def test_scores_of_any_size_against_sixty_digits(z):
    for k in range(len(z)):
        y = one_hot(k, len(z))
        p, loss, gradient = exact_cross_entropy(z, y)
        assert_allclose(softmax(z), p, rtol=1e-12, atol=1e-300)
        assert_allclose(cross_entropy(z, y), loss, rtol=1e-12, atol=1e-15)
        assert_allclose(cross_entropy.gradient(z, y), gradient, rtol=1e-12, atol=1e-15)


def test_softmax_takes_each_row_by_itself():
    Z = np.array([[0.0, 0.0], [1000.0, 999.0]])
    assert_allclose(softmax(Z), [[0.5, 0.5], softmax([1, 0])], rtol=1e-14)
    assert_allclose(softmax(Z[0] + 1e8), [0.5, 0.5])
    assert_allclose(softmax(np.random.default_rng(0).normal(size=(7, 4))).sum(axis=-1), 1, rtol=1e-14)


def test_one_hot():
    assert one_hot([2, 0], 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert one_hot(1, 2).tolist() == [0, 1] and one_hot(np.uint8([1]), 2).dtype == float
    with pytest.raises(IndexError, match="labels must lie in 0 … 2, because d_y is 3; got 3"):
        one_hot([0, 3], 3)
    with pytest.raises(IndexError, match="got 4$"):
        one_hot([0, 4, 5], 3)
    with pytest.raises(IndexError, match="got -1"):
        one_hot(-1, 3)
    with pytest.raises(TypeError, match="labels must be integers; got float64"):
        one_hot([0.0, 1.0], 3)


def test_one_hot_asks_for_no_more_memory_than_its_rows():
    assert one_hot(0, 10**6).sum() == 1 and one_hot([[1], [0]], 2).tolist() == [[[0, 1]], [[1, 0]]]
    with pytest.raises(ValueError, match="d_y must ask for 100000000 numbers at most, .* got 100000001"):
        one_hot(0, 10**8 + 1)
    with pytest.raises(ValueError, match="d_y must ask for 100000000 numbers at most, .* got 120000000"):
        one_hot([1, 2, 0], 4 * 10**7)
    with pytest.raises(ValueError, match="d_y must ask for"):
        one_hot(np.zeros(0, int), 10**30)


@pytest.mark.parametrize("Z", [1.5, [], np.zeros((3, 0))])
def test_softmax_needs_a_number_along_its_last_axis(Z):
    with pytest.raises(ValueError, match="^Z must have at least one number along its last axis; got shape "):
        softmax(Z)
    assert softmax(np.zeros((0, 3))).shape == (0, 3)


def spoiled(losses=lambda one: one, slopes=lambda one: one):
    def of_rows(Y_hat, Y):
        one, other = squared_error.of_rows(Y_hat, Y)
        return losses(one), slopes(other)
    return Loss("mine", of_rows)


@pytest.mark.parametrize("loss", [
    spoiled(losses=np.float32), spoiled(slopes=np.float32), spoiled(losses=list), spoiled(losses=lambda one: one[:, None]),
    spoiled(losses=lambda one: one.sum()),
    spoiled(slopes=lambda one: one[:1]), spoiled(slopes=lambda one: one.sum(axis=0)),
    Loss("mine", lambda Y_hat, Y: None), Loss("mine", lambda Y_hat, Y: squared_error.of_rows(Y_hat, Y)[:1]),
    Loss("mine", lambda Y_hat, Y: (*squared_error.of_rows(Y_hat, Y), Y))])
def test_a_loss_made_by_hand_that_returns_something_else_is_refused(loss):
    sentence = (r"^of_rows of 'mine' must return two arrays of float64, of shapes \(4,\) and \(4, 3\): the loss of each "
                "row, and its derivative by each answer; got something else$")
    for call in (loss, loss.gradient, lambda _, right: backprop(pencil_network(), X, right, loss)):
        with pytest.raises(ValueError, match=sentence):
            call(predict(pencil_network(), X), Y)


def test_a_loss_made_by_hand_keeps_single_precision():
    with pytest.raises(ValueError, match="of_rows of 'mine' must return two arrays of float32"):
        spoiled(slopes=np.float64)(np.float32([[1, 2]]), [[0, 1]])
    assert spoiled().gradient(np.float32([[1, 2]]), [[0, 1]]).dtype == np.float32


def test_a_loss_made_by_hand_that_has_no_value_is_refused():
    for loss in (spoiled(losses=lambda one: one * [1, 1, np.nan, 1]), spoiled(slopes=lambda one: one * [1, 1, np.nan])):
        with pytest.raises(ValueError, match="of_rows of 'mine' must return numbers; got nan: keep Y_hat where the loss is"):
            loss(predict(pencil_network(), X), Y)
    with pytest.raises(OverflowError, match="^the derivative of the loss is beyond the range of float64"):
        spoiled(slopes=lambda one: one + np.inf)(predict(pencil_network(), X), Y)


def test_scores_too_far_apart_for_their_difference_are_told():
    """The loss has a value there, and no float holds what it is computed from."""
    for compute in (cross_entropy, cross_entropy.gradient):
        with pytest.raises(OverflowError, match="^the difference of two of a point's answers is beyond the range"):
            compute([[1.0, 2.0], [1e308, -1e308]], [[0, 1.0], [1, 0]])
        compute([8e307, -8e307], [1.0, 0])


@pytest.mark.parametrize("arguments, error, sentence", [
    ((3, abs), TypeError, "name must be text; got an int"), (("", abs), ValueError, "name must not be empty"),
    (("mine", 3), TypeError, "of_rows must be a function of Y_hat and Y; got an int"),
    (("mine", abs, 3), TypeError, "probabilities must be True or False; got an int")])
def test_a_loss_is_made_of_a_name_a_function_and_a_flag(arguments, error, sentence):
    with pytest.raises(error, match=f"^{sentence}"):
        Loss(*arguments)


def test_the_function_of_a_loss_reads_rows_also_for_one_data_point():
    shapes = []
    loss = Loss("mine", lambda Y_hat, Y: shapes.append((Y_hat.shape, Y.shape)) or squared_error.of_rows(Y_hat, Y))
    assert loss([9, 25, 16], [9, 25, 14]) == 2 and loss.gradient([9, 25, 16], [9, 25, 14]).tolist() == [0, 0, 2]
    assert shapes == [((1, 3), (1, 3))] * 2 and repr(loss) == "Loss mine"


def test_a_gradient_of_a_loss_cannot_be_changed():
    assert not squared_error.gradient([1.0], [2.0]).flags.writeable


@pytest.mark.parametrize("loss, answered, right, sentence", [
    (squared_error, np.zeros((4, 1)), np.zeros(4),
     r"Y must have shape \(4, 1\), because it has a number for each of Y_hat; got \(4,\)"),
    (cross_entropy, np.zeros((2, 3)), [0, 2],
     r"Y must have shape \(2, 3\), .* got labels of shape \(2,\): write one_hot\(labels, 3\)"),
    (cross_entropy, np.zeros((2, 3)), 2,
     r"Y must have shape \(2, 3\), because it has a number for each of Y_hat; got \(\)"),
    (cross_entropy, np.zeros(3), 2, r"Y must have shape \(3,\), .* write one_hot\(labels, 3\)"),
    (cross_entropy, [0, 0], [0.5, 0.4],
     "Y must hold probabilities: none below 0, and each row adds up to 1; got a sum of 0.9"),
    (cross_entropy, [[0, 0]] * 2, [[0.1, 0.1], [1, 0.5]],
     "Y must hold probabilities: none below 0, and each row adds up to 1; got a sum of 0.2"),
    (cross_entropy, [[0, 0]] * 2, [[0.9, 0], [1, 2]], "Y must hold probabilities: .* got a sum of 3"),
    (cross_entropy, [[0, 0]] * 2, [[1, 0], [1.5, -0.5]], "Y must hold probabilities: .* got -0.5"),
    (squared_error, np.zeros((0, 2)), np.zeros((0, 2)),
     r"Y_hat must have shape \(N, d_y\), or \(d_y,\) for one data point; got \(0, 2\)"),
    (squared_error, 1.0, 1.0, r"Y_hat must have shape \(N, d_y\), or \(d_y,\) for one data point; got \(\)"),
    (squared_error, np.zeros((1, 1, 1)), np.zeros((1, 1, 1)), r"Y_hat must have shape .* got \(1, 1, 1\)")])
def test_right_answers_that_do_not_fit_are_refused(loss, answered, right, sentence):
    for call in (loss, loss.gradient):
        with pytest.raises(ValueError, match=f"^{sentence}"):
            call(answered, right)


def test_a_loss_out_of_range_is_told():
    with pytest.raises(OverflowError, match="the loss is beyond the range of float64"):
        squared_error([1e200], [-1e200])


# Backpropagation ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("net", [pencil_network(), pencil_twin()], ids=str)
def test_one_point_is_a_push_for_every_weight(net):
    x, y = [2, 3], [9, 25, 15]
    value, gradients = backprop(net, x, y, squared_error)
    miss = forward(net, x).y_hat - y
    assert value == miss @ miss / 2 and len(gradients) == len(net)
    for m, layer in enumerate(net):
        for i, j in np.ndindex(layer.W.shape):
            assert gradients[m].W[i, j] == miss @ dy_dW(net, x, m, i, j)
        assert gradients[m].b.tolist() == [miss @ dy_db(net, x, m, i) for i in range(len(layer.b))]


def test_the_whole_numbers_of_the_pencil_network():
    _, gradients = backprop(pencil_network(), [2, 3], [9, 25, 15], squared_error)
    assert [one.b.tolist() for one in gradients] == [[256, 192, 320], [-48, -64], [0, 0, -8]]
    value, gradients = backprop(pencil_network(), X, Y, squared_error)
    assert value == 6
    assert [one.b.tolist() for one in gradients] == [[-40144, -17888, 816], [1520, -168], [62, 50, -8]]
    assert [one.W.tolist() for one in gradients] == [
        [[-123888, -111232], [-101696, -111424], [1136, 960]], [[55232, 47756, 3280], [-18024, -22040, 1728]],
        [[3038, 992], [2450, 450], [-72, -32]]]


@pytest.mark.parametrize("loss", [squared_error, cross_entropy], ids=str)
def test_a_batch_against_an_imaginary_nudge(loss):
    """A forward pass, losses and activations of the test's own, which take complex numbers."""
    plain = {"identity": lambda z: z, "square": lambda z: z * z, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh,
             "softplus": lambda z: np.log(1 + np.exp(z)), "sin": np.sin}
    of_batch = {"squared_error": lambda A, Y: ((A - Y) ** 2).sum() / 2 / len(Y),
                "cross_entropy": lambda A, Y: (np.log(np.exp(A).sum(axis=1)) - (A * Y).sum(axis=1)).sum() / len(Y)}
    for net, X, Y in random_batches():
        value, gradients = backprop(net, X, Y, loss)

        def of(m, letter, numbers, net=net, X=X, Y=Y):
            A = X
            for k, layer in enumerate(net):
                W, b = layer.W, layer.b
                if k == m:
                    W, b = (numbers, b) if letter == "W" else (W, numbers)
                A = plain[layer.phi.name](A @ W.T + b)
            return of_batch[loss.name](A, Y)

        assert_allclose(value, of(None, "", None), rtol=1e-10)
        for m, layer in enumerate(net):
            for letter in "Wb":
                exact = complex_step(lambda numbers, m=m, letter=letter: of(m, letter, numbers), getattr(layer, letter))
                assert_allclose(getattr(gradients[m], letter), exact, rtol=1e-9, atol=1e-13)


def test_the_mean_of_single_points_is_the_batch():
    for net, X, Y in random_batches():
        for loss in (squared_error, cross_entropy):
            value, gradients = backprop(net, X, Y, loss)
            single = [backprop(net, x, y, loss) for x, y in zip(X, Y)]
            assert_allclose(value, np.mean([one for one, _ in single]), rtol=1e-12)
            for m in range(len(net)):
                for letter in "Wb":
                    mean = np.mean([getattr(one[m], letter) for _, one in single], axis=0)
                    assert_allclose(getattr(gradients[m], letter), mean, rtol=1e-9, atol=1e-13)


FAULTS = {
    "the sign of the miss": lambda A, Y: Y - A, "no 1/N": lambda A, Y: (A - Y) * len(Y),
    "divided by the outputs too": lambda A, Y: (A - Y) / Y.shape[1], "twice": lambda A, Y: 2 * (A - Y)}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen(fault):
    wrong = Loss("wrong", lambda A, Y: (squared_error.of_rows(A, Y)[0], FAULTS[fault](A, Y)))
    net = pencil_network()
    _, gradients = backprop(net, X, Y, wrong)
    nudged = central_difference(lambda b: np.array(wrong(predict(net.replace(2, b=b), X), Y)), net[2].b, h=1e-6)
    assert not np.allclose(gradients[2].b, nudged, rtol=1e-3)


def test_a_batch_of_forward_passes():
    for net, X, _ in random_batches():
        trace = forward_batch(net, X)
        for row, x in enumerate(X):
            one = forward(net, x)
            for several, single in ((trace.inputs, one.inputs), (trace.z, one.z), (trace.slopes, one.slopes)):
                for rows, numbers in zip(several, single):
                    assert_allclose(rows[row], numbers, rtol=1e-12, atol=1e-14)
        assert not any(array.flags.writeable for array in (*trace.inputs, *trace.z, *trace.slopes, trace.y_hat))


def test_single_precision_stays():
    net = Network([Layer(layer.W.astype(np.float32), layer.b.astype(np.float32), "tanh") for layer in pencil_network()])
    _, gradients = backprop(net, X, Y, squared_error)
    assert {part.dtype for one in gradients for part in one} == {np.dtype(np.float32)}


@pytest.mark.parametrize("arguments, error, sentence", [
    ((X, Y, "squared_error"), TypeError, "loss must be a Loss; got a str"),
    ((X[:0], Y[:0], squared_error), ValueError, "X must hold at least one data point; got none"),
    ((X, Y[:2], squared_error), ValueError, r"Y must have shape \(4, 3\)"),
    ((X[:, :1], Y, squared_error), ValueError, r"X must have shape \(N, 2\), because layer 0 reads 2 numbers; got \(4, 1\)"),
    ((X * np.nan, Y, squared_error), ValueError, "X must be finite"),
    ((7, Y, squared_error), ValueError, r"X must have shape \(N, 2\), because layer 0 reads 2 numbers; got \(\)"),
    ((X, [9, 25, 15], squared_error), ValueError, r"Y must have shape \(4, 3\)")])
def test_a_batch_that_does_not_fit_is_refused(arguments, error, sentence):
    with pytest.raises(error, match=f"^{sentence}"):
        backprop(pencil_network(), *arguments)


def test_a_gradient_out_of_range_is_told():
    net = Network([Layer([[w]], [0], "identity") for w in (1e-20, 1e80, 1e80)])
    with pytest.raises(OverflowError, match="the derivative is beyond the range of float64"):
        backprop(net, [1e10], [0], squared_error)


def test_a_sum_of_deltas_out_of_range_is_told():
    """Every delta is in range, and so are the derivatives by the weights, which are 0."""
    net = Network([Layer([[1]], [0], "identity"), Layer([[1e200]], [0], "identity")])
    assert backprop(net, [[0]], [[-1.7e108]], squared_error)[1][0].b.tolist() == [1.7e308]
    with pytest.raises(OverflowError, match="the derivative is beyond the range of float64"):
        backprop(net, [[0], [0]], [[-3.4e108]] * 2, squared_error)


def test_one_data_point_comes_with_its_row_or_without():
    net, x, y = pencil_network(), [2, 3], [0, 0, 1]
    for loss in (squared_error, cross_entropy):
        value, gradients = backprop(net, [x], [y], loss)
        for given in ((x, y), ([x], y), (x, [y])):
            other, others = backprop(net, *given, loss)
            assert value == other and all((a == b).all() for one, two in zip(gradients, others) for a, b in zip(one, two))
    with pytest.raises(ValueError, match=r"got labels of shape \(1,\): write one_hot\(labels, 3\)"):
        backprop(net, x, [2], cross_entropy)
    with pytest.raises(ValueError, match=r"got labels of shape \(4,\): write one_hot\(labels, 3\)"):
        backprop(net, X, [2, 0, 1, 1], cross_entropy)


def test_gradients_cannot_be_changed():
    assert not any(part.flags.writeable for one in backprop(pencil_network(), X, Y, squared_error)[1] for part in one)


# Published numbers -------------------------------------------------------------------------------------------------------

def mazur():
    return Network([Layer([[.15, .20], [.25, .30]], [.35, .35], "sigmoid"),
                    Layer([[.40, .45], [.50, .55]], [.60, .60], "sigmoid")])


def test_all_of_mazur():
    value, by = backprop(mazur(), [.05, .10], [.01, .99], squared_error)
    assert f"{value:.9f}" == "0.298371109"
    assert f"{by[1].W[0, 0]:.9f}" == "0.082167041" and f"{by[0].W[0, 0]:.9f}" == "0.000438568"
    new = [layer.W - 0.5 * one.W for layer, one in zip(mazur(), by)]
    assert_allclose(new[0], [[.149780716, .19956143], [.24975114, .29950229]], rtol=0, atol=5.1e-9)
    assert_allclose(new[1], [[.35891648, .408666186], [.511301270, .561370121]], rtol=0, atol=5.1e-9)


def test_saitoh():
    W = [[0.47355232, 0.85557411], [0.9977393, 0.03563661], [0.84668094, 0.69422093]]
    net = Network([Layer(W, [0, 0, 0], "identity")])
    value, by = backprop(net, [.6, .9], [0, 0, 1], cross_entropy)
    assert_allclose(value, 0.9280685366341133, rtol=0, atol=5e-9)
    printed = [[0.21924763, 0.14356247, -0.36281009], [0.32887144, 0.2153437, -0.54421514]]
    assert_allclose(by[0].W.T, printed, rtol=0, atol=6e-9)
