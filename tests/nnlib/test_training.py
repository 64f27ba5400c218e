"""Steps and training, against sums by hand, the plain form step by step, published runs, planted faults."""
import re
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nnlib import (SGD, Adam, Layer, Loss, Network, Parameters, backprop, cross_entropy, digits, one_hot, pencil_network,
                   predict, random_network, squared_error, train, training)
from nnlib.activations import ACTIVATIONS
from nnlib.training import flat, with_parameters

OPTIMIZERS = [SGD(0.05), SGD(0.02, momentum=0.9), Adam(0.01), Adam(0.02, 0.5, 0.9, 1e-4), Adam(0.01, 0.0, 0.0)]
ONE = Network([Layer([[0.0]], [0.0], "identity")])
UP = [Parameters(np.ones((1, 1)), np.ones(1))]


def batch(widths, N, rng, probabilities=True):
    Y = rng.dirichlet(np.ones(widths[-1]), size=N) if probabilities else rng.normal(size=(N, widths[-1]))
    return rng.normal(size=(N, widths[0])), Y


def plainly(net, X, Y, loss, optimizer, epochs, batch_size=None, l2=0.0, rng=None):
    """`train` as the chapter tells it: a gradient of the whole network, then a new network."""
    state, losses = optimizer.start(net), []
    size = batch_size or len(X)
    for _ in range(epochs):
        order = np.arange(len(X)) if rng is None else rng.permutation(len(X))
        seen = []
        for start in range(0, len(X), size):
            rows = order[start:start + size]
            value, gradients = backprop(net, X[rows], Y[rows], loss)
            seen.append((value + l2 / 2 * sum((layer.W ** 2).sum() for layer in net)) * len(rows))
            gradients = [Parameters(one.W + l2 * layer.W, one.b) for one, layer in zip(gradients, net)]
            net, state = optimizer.step(net, gradients, state)
        losses.append(sum(seen) / len(X))
    return net, np.array(losses)


# One step --------------------------------------------------------------------------------------------------------------

def test_one_step_by_hand():
    net = pencil_network()
    _, gradients = backprop(net, [2, 3], [9, 25, 15], squared_error)
    new, _ = SGD(2.0 ** -9).step(net, gradients, SGD(1).start(net))
    assert_array_equal(new[0].W, net[0].W - np.outer([256, 192, 320], [2, 3]) / 512)
    assert_array_equal(new[2].b, net[2].b - np.array([0, 0, -8]) / 512)
    assert new[1].phi is net[1].phi and net.widths == new.widths


def steps(optimizer, count, gradients=UP):
    net, state, seen = ONE, optimizer.start(ONE), []
    for _ in range(count):
        new, state = optimizer.step(net, gradients, state)
        seen.append(new[0].b[0] - net[0].b[0])
        net = new
    return np.array(seen)


def test_on_a_constant_gradient_the_steps_are_known():
    assert_allclose(steps(Adam(0.001, epsilon=1e-300), 200), -0.001, rtol=1e-10)
    assert_allclose(steps(Adam(0.001), 3), -0.00099999999, rtol=1e-12)             # ε is outside of the root
    assert_allclose(steps(SGD(0.1, momentum=0.9), 400)[-1], -0.1 / (1 - 0.9), rtol=1e-12)
    assert_allclose(steps(SGD(0.1, momentum=0.9), 3), [-0.1, -0.19, -0.271], rtol=1e-12)
    assert_allclose(steps(SGD(0.1), 3), -0.1, rtol=1e-12)


def adam_of_the_paper(gradients, rate, beta1, beta2, epsilon):
    """Kingma and Ba's algorithm 1, for one number, in sums in place of recursions."""
    theta = 0.0
    for t in range(1, len(gradients) + 1):
        mean = sum((1 - beta1) * beta1 ** (t - k) * gradients[k - 1] for k in range(1, t + 1))
        square = sum((1 - beta2) * beta2 ** (t - k) * gradients[k - 1] ** 2 for k in range(1, t + 1))
        theta -= rate * (mean / (1 - beta1 ** t)) / ((square / (1 - beta2 ** t)) ** 0.5 + epsilon)
    return theta


def test_adam_is_the_paper_s():
    drawn = np.random.default_rng(0).normal(size=12).tolist()
    for settings in ((0.01, 0.9, 0.999, 1e-8), (0.1, 0.5, 0.8, 1e-2)):
        net, state, optimizer = ONE, Adam(*settings).start(ONE), Adam(*settings)
        for g in drawn:
            net, state = optimizer.step(net, [Parameters(np.array([[g]]), np.array([-2 * g]))], state)
        assert_allclose(net[0].W[0, 0], adam_of_the_paper(drawn, *settings), rtol=1e-12)
        assert_allclose(net[0].b[0], adam_of_the_paper([-2 * g for g in drawn], *settings), rtol=1e-12)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_the_form_in_place_is_the_plain_rule(optimizer):
    rng = np.random.default_rng(4)
    theta = rng.normal(size=50)
    plain, state, fast = theta, optimizer.first_state(theta), theta.copy()
    state_in_place = optimizer.first_state(theta)
    for size in (1, 1e-6, 1e4, 0, 1):
        g = size * rng.normal(size=50)
        before = [part.copy() for part in (plain, g)]
        plain, state = optimizer.rule(plain, g, state)
        assert_array_equal(before[1], g)
        state_in_place = optimizer.move(fast, g.copy(), state_in_place)
        assert_allclose(fast, plain, rtol=1e-12, atol=1e-15)


def test_a_step_that_leaves_the_floats_is_refused():
    with pytest.raises(OverflowError, match="smaller learning_rate"):
        SGD(1e300).step(ONE, [Parameters(np.array([[1e300]]), np.zeros(1))], SGD(1).start(ONE))


# Many steps ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("loss", [squared_error, cross_entropy], ids=str)
def test_training_is_the_plain_steps(optimizer, loss):
    rng = np.random.default_rng(5)
    for count, phi in enumerate(ACTIVATIONS):
        widths = [(3, 4, 2), (2, 3), (4, 2, 5, 3), (1, 1, 2)][count % 4]
        net = random_network(widths, [phi] * (len(widths) - 2) + ["identity"], rng)
        X, Y = batch(widths, 7, rng)
        for batch_size, l2 in ((None, 0), (3, 0.1), (7, 1), (100, 0), (1, 0.01)):
            more = dict(epochs=3, batch_size=batch_size, l2=l2)
            shuffle = [np.random.default_rng(count) if batch_size else None for _ in range(2)]
            plain, losses = plainly(net, X, Y, loss, optimizer, rng=shuffle[0], **more)
            new, history = train(net, X, Y, loss, optimizer, rng=shuffle[1], **more)
            assert_allclose(flat(new), flat(plain), rtol=1e-7, atol=1e-9, err_msg=f"{phi}, {batch_size}, {l2}")
            assert_allclose(history.loss, losses, rtol=1e-9)
            assert history.validation is None


@pytest.mark.parametrize("loss", [squared_error, cross_entropy], ids=str)
def test_any_activation_may_stand_last(loss):
    rng = np.random.default_rng(11)
    X, Y = batch((3, 2), 7, rng)
    for phi in ACTIVATIONS:
        net = random_network((3, 4, 2), phi, rng)
        plain, losses = plainly(net, X, Y, loss, SGD(0.005), epochs=3, batch_size=3)
        new, history = train(net, X, Y, loss, SGD(0.005), 3, 3)
        assert_allclose(flat(new), flat(plain), rtol=1e-9, atol=1e-12, err_msg=phi)
        assert_allclose(history.loss, losses, rtol=1e-9)


def test_the_cross_entropy_of_train_is_the_plain_one():
    rng = np.random.default_rng(12)
    for size in (1, 30, 1000):
        Z, Y = size * rng.normal(size=(9, 5)), rng.dirichlet(np.ones(5), size=9)
        before = Z.copy(), Y.copy()
        total, slopes = training._cross_entropy(Z, Y)
        losses, plain = cross_entropy.of_rows(Z, Y)
        assert_allclose(total, losses.sum(), rtol=1e-12)
        assert_allclose(slopes, plain, rtol=0, atol=1e-14)
        assert_array_equal((Z, Y), before)


def test_what_train_gets_stays_as_it_is():
    rng = np.random.default_rng(6)
    net = random_network((3, 4, 2), "relu", rng)
    X, Y = batch((3, 2), 20, rng)
    kept = [part.copy() for part in (X, Y, flat(net))]
    train(net, X, Y, cross_entropy, Adam(0.1), epochs=2, batch_size=5, rng=rng, validation=(X, Y), l2=0.1)
    for part, before in zip((X, Y, flat(net)), kept):
        assert_array_equal(part, before)


def test_the_same_seed_gives_the_same_numbers():
    rng = np.random.default_rng(7)
    net, (X, Y) = random_network((3, 4, 2), "tanh", rng), batch((3, 2), 20, rng)
    runs = [flat(train(net, X, Y, cross_entropy, SGD(0.1), 3, 4, rng=np.random.default_rng(seed))[0]) for seed in (0, 0, 1)]
    assert (runs[0] == runs[1]).all() and (runs[0] != runs[2]).any()


def test_a_large_l2_pulls_at_weights_and_not_at_biases():
    net = Network([Layer([[2.0, -4.0]], [3.0], "identity")])
    new, history = train(net, [[0.0, 0.0]], [[3.0]], squared_error, SGD(0.001), epochs=1, l2=100.0)
    assert_allclose(new[0].W, [[2.0 * 0.9, -4.0 * 0.9]], rtol=1e-12)
    assert_allclose(history.loss, [50 * 20], rtol=1e-12)
    assert new[0].b.tolist() == [3.0]


def test_l2_pulls_at_each_weight_of_a_large_layer_once():
    net = random_network((100, 90, 1), "relu", np.random.default_rng(0))
    new, _ = train(net, np.zeros((1, 100)), np.zeros((1, 1)), squared_error, SGD(0.25), epochs=1, l2=2.0)
    for one, layer in zip(new, net):
        assert_array_equal(one.W, layer.W / 2)
        assert_array_equal(one.b, layer.b)


def test_held_out_points_are_looked_at_after_each_epoch_without_l2():
    rng = np.random.default_rng(8)
    net, (X, Y), held = random_network((3, 4, 2), "tanh", rng), batch((3, 2), 9, rng), batch((3, 2), 11, rng)
    seen = []
    new, history = train(net, X, Y, cross_entropy, SGD(0.1), 4, 2, l2=0.5, validation=held,
                         stop=lambda h: bool(seen.append(h)))
    assert_allclose(history.validation[-1], cross_entropy(predict(new, held[0]), held[1]), rtol=1e-12)
    assert [len(one.loss) for one in seen] == [1, 2, 3, 4] == [len(one.validation) for one in seen]


def test_training_stops_when_it_is_asked_to():
    net = random_network((2, 2), "identity", np.random.default_rng(0))
    _, history = train(net, [[1.0, 2]], [[0, 1.0]], squared_error, SGD(0.01), 50, stop=lambda h: len(h.loss) == 3)
    assert history.loss.shape == (3,)


def test_ctrl_c_keeps_what_is_learned(capsys):
    def after_two(history):
        if len(history.loss) == 2:
            raise KeyboardInterrupt
        return False
    net = random_network((2, 2), "identity", np.random.default_rng(0))
    X, Y = [[1.0, 2]], [[0, 1.0]]
    new, history = train(net, X, Y, squared_error, SGD(0.01), 50, stop=after_two)
    assert_allclose(flat(new), flat(train(net, X, Y, squared_error, SGD(0.01), 2)[0]))
    assert history.loss.shape == (2,) and capsys.readouterr().err == (
        "interrupted after 2 whole epochs of 50: the network is returned as it is now\n")


@pytest.mark.parametrize("loss", [squared_error, cross_entropy], ids=str)
def test_a_loss_that_leaves_the_floats_stops_training(loss):
    net = random_network((2, 3, 2), "square", np.random.default_rng(0))
    with np.errstate(all="raise"), pytest.raises(OverflowError, match=r"no longer finite in epoch \d of 90: take a smaller"):
        train(net, [[1.0, 2], [3, -1]], [[0, 1.0], [1, 0]], loss, SGD(100.0), 90)


def test_the_network_before_a_divergence_can_be_had():
    net, rows = random_network((2, 3, 2), "square", np.random.default_rng(0)), [[0, 1.0], [1, 0]]

    def run(epochs):
        return train(net, [[1.0, 2], [3, -1]], rows, squared_error, SGD(0.05), epochs, 1, rng=np.random.default_rng(5))

    with pytest.raises(OverflowError) as caught:
        run(90)
    whole = re.search(r"epoch (\d+) of 90: .*; with epochs=(\d+) and the same seed you get the network before it$",
                      str(caught.value))
    last = int(whole[2])
    assert last == int(whole[1]) - 1 >= 1 and np.isfinite(run(last)[1].loss).all()
    with pytest.raises(OverflowError):
        run(last + 1)
    with pytest.raises(OverflowError, match="in epoch 1 of 9: .* inputs of about 1$"):
        train(net, [[1e9, 2], [3, -1]], rows, squared_error, SGD(1e300), 9)


def test_float32_stays_and_other_data_is_turned_into_it():
    rng = np.random.default_rng(9)
    wide = random_network((4, 3, 2), "relu", rng)
    net = Network([Layer(layer.W.astype(np.float32), layer.b.astype(np.float32), "relu") for layer in wide])
    X, Y = rng.integers(0, 255, size=(6, 4)).astype(np.uint8), np.eye(2)[rng.integers(0, 2, 6)].astype(int)
    new, _ = train(net, X, Y, cross_entropy, Adam(), 2, 3)
    assert new.dtype == np.float32
    wide = Network([Layer(layer.W, layer.b, "relu") for layer in wide])
    assert_allclose(flat(new), flat(train(wide, X, Y, cross_entropy, Adam(), 2, 3)[0]), rtol=1e-2, atol=1e-3)


def test_memory_is_four_times_the_parameters_and_two_batches():
    net = random_network((784, 200, 10), ["relu", "identity"], np.random.default_rng(0))
    X, Y = np.zeros((3000, 784)), one_hot(np.arange(3000) % 10, 10)
    parameters, activations = flat(net).nbytes, 100 * sum(net.widths) * 8
    tracemalloc.start()
    train(net, X, Y, cross_entropy, Adam(), 1, 100, l2=0.1, rng=np.random.default_rng(0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    returned = parameters
    assert peak <= 4 * parameters + returned + 2 * activations + 200_000, peak / parameters


# Published runs --------------------------------------------------------------------------------------------------------

def without_biases(net, X, Y, loss, rate, count):
    """Steps down the gradient in which the biases stay at 0."""
    for _ in range(count):
        _, gradients = backprop(net, X, Y, loss)
        net, _ = SGD(rate).step(net, [Parameters(one.W, 0 * one.b) for one in gradients], flat(net) * 0)
    return net


# Trask, "A neural network in 13 lines of Python", part 2: his weights, and his mean error after 0 and 10,000 steps. That
# many steps are the chapter's; here are the first, and a hundred against sums written out.
TRASK = Network([Layer(np.array([[-0.165955990594852, 0.4406489868843162, -0.9997712503653102, -0.39533485473632046],
                                 [-0.7064882183657739, -0.8153228104624044, -0.6274795772446582, -0.3088785459139045],
                                 [-0.20646505153866013, 0.07763346800671389, -0.1616109711934104, 0.370439000793519]]).T,
                       np.zeros(4), "sigmoid"),
                 Layer(np.array([[-0.5910955005369651, 0.7562348727818908, -0.9452248136041477, 0.34093502035680445]]),
                       np.zeros(1), "sigmoid")])
XOR = np.array([[0.0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]), np.array([[0.0], [1], [1], [0]])


def test_trask_s_first_steps():
    X, Y = XOR
    assert_allclose(abs(predict(TRASK, X) - Y).mean(), 0.496410031903, rtol=0, atol=5.05e-13)
    s0, s1 = TRASK[0].W.T.copy(), TRASK[1].W.T.copy()
    for _ in range(100):
        hidden = 1 / (1 + np.exp(-X @ s0))
        answer = 1 / (1 + np.exp(-hidden @ s1))
        by_answer = (Y - answer) * answer * (1 - answer)
        by_hidden = by_answer @ s1.T * hidden * (1 - hidden)
        s1 += 10 * hidden.T @ by_answer
        s0 += 10 * X.T @ by_hidden
    net = without_biases(TRASK, X, Y, squared_error, 4 * 10, 100)
    assert_allclose(net[0].W.T, s0, rtol=1e-9)
    assert_allclose(net[1].W.T, s1, rtol=1e-9)


def test_digits_are_learned():
    X, labels = digits()
    Y = one_hot(labels, 10)
    net = random_network((64, 32, 10), ["relu", "identity"], np.random.default_rng(0))
    new, history = train(net, X[:1400], Y[:1400], cross_entropy, Adam(3e-3), 15, 32, rng=np.random.default_rng(0))
    assert history.loss[-1] < 0.15 * history.loss[0]
    assert (predict(new, X[1400:]).argmax(axis=1) == labels[1400:]).mean() > 0.85


# What does not fit -----------------------------------------------------------------------------------------------------

GOOD = dict(net=pencil_network(), X=np.ones((4, 2)), Y=np.ones((4, 3)), loss=squared_error, optimizer=SGD(0.1), epochs=1)


@pytest.mark.parametrize("wrong, sentence", [
    ({"X": np.ones((4, 3))}, r"X must have shape \(N, 2\) with N at least 1, because layer 0 reads 2 numbers; got \(4, 3\)"),
    ({"X": np.ones((0, 2))}, r"X must have shape"),
    ({"X": np.full((4, 2), np.nan)}, "X must be finite"),
    ({"Y": np.ones(4)}, r"Y must have shape \(4, 3\), because X holds 4 data points and the network answers 3 numbers; got"),
    ({"Y": np.array([0, 1, 2, 0]), "loss": cross_entropy}, r"labels of shape \(4,\): write one_hot\(labels, 3\)"),
    ({"Y": np.ones((4, 3)), "loss": cross_entropy}, "must hold probabilities"),
    ({"loss": "squared_error"}, "loss must be a Loss"),
    ({"optimizer": 0.1}, r"optimizer must be an Optimizer; got a float: write SGD\(0.1\) or Adam\(\)"),
    ({"epochs": 0}, "epochs must be at least 1"),
    ({"batch_size": 0}, "batch_size must be at least 1"),
    ({"l2": -1}, "l2 must be 0 or above"),
    ({"l2": True}, "l2 must be a number; got a boolean"),
    ({"rng": 3, "batch_size": 2}, "rng must be a Generator"),
    ({"validation": np.ones((4, 2))}, r"validation must be a pair \(X, Y\)"),
    ({"validation": (np.ones((4, 2)), np.ones((4, 2)))}, r"Y of validation must have shape \(4, 3\)"),
    ({"stop": 3}, "stop must be a function"),
    ({"progress": 1}, "progress must be True or False"),
    ({"loss": Loss("mine", lambda A, Y: (A, A))}, "of_rows of 'mine' must return two arrays"),
])
def test_what_does_not_fit_is_refused_in_a_sentence(wrong, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence) as caught:
        train(**{**GOOD, **wrong})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make, sentence", [
    (lambda: SGD(0), "learning_rate must be above 0"), (lambda: SGD(True), "learning_rate must be a number; got a boolean"),
    (lambda: SGD(0.1, np.False_), "momentum must be a number; got a boolean"),
    (lambda: SGD(0.1, 1), "momentum must be below 1"), (lambda: SGD(0.1, -0.1), "momentum must be 0 or above"),
    (lambda: Adam(beta2=1), "beta2 must be below 1"),
    (lambda: Adam("fast"), "learning_rate must hold numbers"), (lambda: Adam(epsilon=0), "epsilon must be above 0")])
def test_settings_that_make_no_sense_are_refused(make, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        make()


def test_flat_and_back():
    net = pencil_network()
    assert flat(net).tolist()[:9] == [-2, 1, 1, 2, 2, -2, -3, -5, 0]
    back = with_parameters(net, flat(net))
    assert all((one.W == other.W).all() and (one.b == other.b).all() for one, other in zip(net, back))


# Planted faults --------------------------------------------------------------------------------------------------------

def fails(optimizer):
    """Whether a faulty rule is seen on a constant gradient."""
    try:
        assert_allclose(abs(steps(optimizer, 300)), 0.001, rtol=1e-6)
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("fault", ["no power t", "multiplied", "beta1 for beta2", "no root"])
def test_a_faulty_adam_is_seen_on_a_constant_gradient(fault):
    class Faulty(Adam):
        def rule(self, theta, g, state):
            t, mean, square = state[0] + 1, *state[1:]
            mean = self.beta1 * mean + (1 - self.beta1) * g
            square = self.beta2 * square + (1 - self.beta2) * g ** 2
            k = 1 if fault == "no power t" else t
            first, second = 1 - self.beta1 ** k, 1 - (self.beta1 if fault == "beta1 for beta2" else self.beta2) ** k
            if fault == "multiplied":
                first, second = 1 / first, 1 / second
            root = square / second if fault == "no root" else np.sqrt(square / second)
            rate = self.learning_rate * (2 if fault == "no root" else 1)        # its steps of the rate would else be right
            return theta - rate * mean / first / (root + self.epsilon), (t, mean, square)
    assert fails(Faulty(0.001)) and not fails(Adam(0.001))
