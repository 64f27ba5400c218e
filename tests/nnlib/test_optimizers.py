"""Rules for steps, against the published formulas in plain numbers; rules that a reader writes; rules with a fault."""
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nnlib import SGD, Adam, Layer, Network, Optimizer, Parameters, backprop, random_network, squared_error, train
from nnlib.training import flat

# A line w·x + c through four points, and half the mean of the squared misses.
XS, YS, BEGIN = [0.5, -1.0, 2.0, 1.5], [1.0, 0.25, -0.5, 2.0], [0.75, -0.25]
NET = Network([Layer([BEGIN[:1]], BEGIN[1:], "identity")])
X, Y = np.array(XS)[:, None], np.array(YS)[:, None]


def slope(theta):
    """The gradient at (w, c), in plain numbers."""
    misses = [theta[0] * x + theta[1] - y for x, y in zip(XS, YS)]
    return [sum(miss * x for miss, x in zip(misses, XS)) / 4, sum(misses) / 4]


def descent(count, rate):
    """θ ← θ − η g (Cauchy 1847)."""
    theta, path = BEGIN, []
    for _ in range(count):
        theta = [p - rate * g for p, g in zip(theta, slope(theta))]
        path.append(theta)
    return path


def momentum(count, rate, mu):
    """Δ(t) = −η g + μ Δ(t−1), θ ← θ + Δ(t) (Rumelhart, Hinton and Williams 1986)."""
    theta, moved, path = BEGIN, [0.0, 0.0], []
    for _ in range(count):
        moved = [-rate * g + mu * before for g, before in zip(slope(theta), moved)]
        theta = [p + d for p, d in zip(theta, moved)]
        path.append(theta)
    return path


def nesterov(count, rate, mu):
    """v ← μ v − η g(θ + μ v), θ ← θ + v (Sutskever, Martens, Dahl and Hinton 2013); the places θ + μ v are kept."""
    theta, v, path = BEGIN, [0.0, 0.0], []
    for _ in range(count):
        v = [mu * one - rate * g for one, g in zip(v, slope([p + mu * one for p, one in zip(theta, v)]))]
        theta = [p + one for p, one in zip(theta, v)]
        path.append([p + mu * one for p, one in zip(theta, v)])
    return path


def adam(count, rate, beta1, beta2, epsilon):
    """Algorithm 1 of Kingma and Ba (2015)."""
    theta, m, v, path = BEGIN, [0.0, 0.0], [0.0, 0.0], []
    for t in range(1, count + 1):
        g = slope(theta)
        m = [beta1 * old + (1 - beta1) * new for old, new in zip(m, g)]
        v = [beta2 * old + (1 - beta2) * new * new for old, new in zip(v, g)]
        theta = [p - rate * (one / (1 - beta1 ** t)) / (sqrt(two / (1 - beta2 ** t)) + epsilon)
                 for p, one, two in zip(theta, m, v)]
        path.append(theta)
    return path


def adam_in_another_order(count, rate, beta1, beta2, epsilon):
    """The form of their section 2, in which the rate carries both corrections, with ε̂ = ε √(1 − β₂^t)."""
    theta, m, v, path = BEGIN, [0.0, 0.0], [0.0, 0.0], []
    for t in range(1, count + 1):
        root = sqrt(1 - beta2 ** t)
        for k, g in enumerate(slope(theta)):
            m[k] += (1 - beta1) * (g - m[k])
            v[k] += (1 - beta2) * (g ** 2 - v[k])
        theta = [p - rate * root / (1 - beta1 ** t) * one / (sqrt(two) + epsilon * root) for p, one, two in zip(theta, m, v)]
        path.append(theta)
    return path


def path_of_steps(optimizer, count):
    """The parameters after each step, by `backprop` and `step`."""
    net, state, path = NET, optimizer.start(NET), []
    for _ in range(count):
        net, state = optimizer.step(net, backprop(net, X, Y, squared_error)[1], state)
        path.append(flat(net))
    return np.array(path)


def path_of_training(optimizer, count):
    """The same after the first, the third and the last step, by `train`."""
    return np.array([flat(train(NET, X, Y, squared_error, optimizer, k)[0]) for k in (1, 3, count)])


def agrees(optimizer, published, count=40):
    """Whether a rule makes the published steps."""
    return np.allclose(path_of_steps(optimizer, count), published, rtol=1e-10, atol=1e-10)


PUBLISHED = [(SGD(0.3), descent(40, 0.3)), (SGD(0.1, 0.8), momentum(40, 0.1, 0.8)), (SGD(0.3, 0.0), momentum(40, 0.3, 0.0)),
             *((Adam(*settings), rule(40, *settings)) for rule in (adam, adam_in_another_order) for settings in (
                 (0.1, 0.9, 0.999, 1e-8), (0.05, 0.5, 0.8, 0.1), (0.1, 0.0, 0.9, 1e-3), (0.1, 0.9, 0.0, 1e-3)))]


@pytest.mark.parametrize("optimizer, published", PUBLISHED, ids=lambda value: str(value) if len(str(value)) < 80 else "")
def test_the_rules_are_the_published_ones(optimizer, published):
    assert_allclose(path_of_steps(optimizer, 40), published, rtol=1e-10, atol=1e-10)
    assert_allclose(path_of_training(optimizer, 40), [published[k - 1] for k in (1, 3, 40)], rtol=1e-10, atol=1e-10)


# Rules with a fault ----------------------------------------------------------------------------------------------------

SGD_FAULTS = {
    "none": lambda o, theta, g, v: (theta - o.learning_rate * (o.momentum * v + g), o.momentum * v + g),
    "uphill": lambda o, theta, g, v: (theta + o.learning_rate * (o.momentum * v + g), o.momentum * v + g),
    "the old velocity": lambda o, theta, g, v: (theta - o.learning_rate * v, o.momentum * v + g),
    "a mean of gradients": lambda o, theta, g, v: (
        theta - o.learning_rate * (o.momentum * v + (1 - o.momentum) * g), o.momentum * v + (1 - o.momentum) * g),
    "nothing remembered": lambda o, theta, g, v: (theta - o.learning_rate * (o.momentum * v + g), v),
    "rate twice": lambda o, theta, g, v: (
        theta - o.learning_rate * (o.momentum * v + o.learning_rate * g), o.momentum * v + o.learning_rate * g),
    "bias forgotten": lambda o, theta, g, v: (
        theta - o.learning_rate * (o.momentum * v + g) * np.array([1, 0]), o.momentum * v + g),
    "momentum of the parameters": lambda o, theta, g, v: (o.momentum * theta - o.learning_rate * g, g),
}


@pytest.mark.parametrize("fault", SGD_FAULTS)
def test_a_faulty_momentum_leaves_the_published_path(fault):
    class Faulty(SGD):
        def rule(self, theta, g, state):
            return SGD_FAULTS[fault](self, theta, g, state)
    assert agrees(Faulty(0.1, 0.8), momentum(40, 0.1, 0.8)) == (fault == "none")


# One change of `adam_with` for each: what stands there by default is right.
ADAM_FAULTS = {
    "none": {}, "no power t": {"power": lambda t: 1}, "t counted late": {"power": lambda t: t + 1},
    "no correction": {"power": lambda t: 1e9}, "mean alone corrected": {"power_of_square": lambda t: 1e9},
    "square alone corrected": {"power_of_mean": lambda t: 1e9}, "betas exchanged": {"exchanged": True},
    "no root": {"root": lambda value: value}, "ε inside of the root": {"inside": True}, "uphill": {"sign": -1},
    "square of the mean": {"squared": lambda g, mean: mean},
    "magnitude for square": {"squared": lambda g, mean: abs(g) ** 0.5},
    "mean forgotten": {"mean": lambda g, mean: g}, "bias forgotten": {"moves": np.array([1, 0])},
}


def adam_with(o, theta, g, state, power=lambda t: t, power_of_mean=None, power_of_square=None, exchanged=False, root=np.sqrt,
              inside=False, sign=1, squared=lambda g, mean: g, mean=lambda g, mean: mean, moves=1):
    t, m, v = state[0] + 1, *state[1:]
    beta1, beta2 = (o.beta2, o.beta1) if exchanged else (o.beta1, o.beta2)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * squared(g, m) ** 2
    fair_m = mean(g, m) / (1 - beta1 ** (power_of_mean or power)(t))
    fair_v = v / (1 - beta2 ** (power_of_square or power)(t))
    under = root(fair_v + o.epsilon) if inside else root(fair_v) + o.epsilon
    return theta - sign * moves * o.learning_rate * fair_m / under, (t, m, v)


@pytest.mark.parametrize("fault", ADAM_FAULTS)
def test_a_faulty_adam_leaves_the_published_path(fault):
    class Faulty(Adam):
        def rule(self, theta, g, state):
            return adam_with(self, theta, g, state, **ADAM_FAULTS[fault])
    settings = (0.1, 0.9, 0.99, 1e-6)
    assert agrees(Faulty(*settings), adam(40, *settings)) == (fault == "none")


# Rules of one's own ----------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Nesterov(Optimizer):
    learning_rate: float
    momentum: float

    def first_state(self, theta):
        return np.zeros_like(theta)

    def rule(self, theta, g, v):
        v = self.momentum * v + g
        return theta - self.learning_rate * (g + self.momentum * v), v


def test_a_rule_of_one_s_own_steps_and_trains():
    published = nesterov(40, 0.1, 0.8)
    assert agrees(Nesterov(0.1, 0.8), published) and not agrees(SGD(0.1, 0.8), published)
    assert_allclose(path_of_training(Nesterov(0.1, 0.8), 40), [published[k - 1] for k in (1, 3, 40)], rtol=1e-10)


class Ball(Optimizer):
    """Momentum from the last two places: it remembers the very array that it was given."""
    def first_state(self, theta):
        return theta

    def rule(self, theta, g, before):
        return theta - 0.1 * g + 0.8 * (theta - before), theta


class Twice(Optimizer):
    """Goes along this gradient and the last: it remembers the very array that it was given."""
    def first_state(self, theta):
        return 0 * theta

    def rule(self, theta, g, before):
        return theta - 0.1 * (g + before), g


class Overwriting(Optimizer):
    """Momentum that writes into all that it reads."""
    def first_state(self, theta):
        theta[:] = 0
        return theta

    def rule(self, theta, g, v):
        v *= 0.8
        v += g
        g[:] = v
        g *= 0.1
        theta -= g
        return theta, v


def twice(count):
    theta, before, path = BEGIN, [0.0, 0.0], []
    for _ in range(count):
        g = slope(theta)
        theta, before = [p - 0.1 * (one + two) for p, one, two in zip(theta, g, before)], g
        path.append(theta)
    return path


@pytest.mark.parametrize("optimizer, published", [
    (Ball(), momentum(40, 0.1, 0.8)), (Overwriting(), momentum(40, 0.1, 0.8)), (Twice(), twice(40))],
    ids=["Ball", "Overwriting", "Twice"])
def test_a_rule_may_keep_what_it_reads_or_write_into_it(optimizer, published):
    assert agrees(optimizer, published)
    assert_allclose(path_of_training(optimizer, 40), [published[k - 1] for k in (1, 3, 40)], rtol=1e-10)
    state = optimizer.start(NET)
    kept = state.copy()
    assert_array_equal(*(optimizer.step(NET, [Parameters(NET[0].W, NET[0].b)], state)[1] for _ in range(2)))
    assert_array_equal(state, kept)
    assert flat(NET).tolist() == BEGIN


def test_a_rule_that_remembers_nothing_counts_or_keeps_what_it_likes():
    class Plain(Optimizer):
        def rule(self, theta, g, state):
            return theta - 0.3 * g, state

    class Fading(Optimizer):
        def first_state(self, theta):
            return 0, 0.3, {"kept": []}

        def rule(self, theta, g, state):
            count, rate, notes = state
            return theta - rate * g, (count + 1, rate / 2, {"kept": [*notes["kept"], count]})

    assert agrees(Plain(), descent(40, 0.3)) and Plain().start(NET) is None
    net, state = NET, Fading().start(NET)
    for _ in range(3):
        net, state = Fading().step(net, backprop(net, X, Y, squared_error)[1], state)
    assert state == (3, 0.3 / 8, {"kept": [0, 1, 2]})
    assert_allclose(flat(net), flat(train(NET, X, Y, squared_error, Fading(), 3)[0]), rtol=1e-12)


def test_a_changed_rule_is_what_train_follows():
    """A class that changes the rule of SGD or Adam does not inherit their faster form, nor do its own children."""
    class Doubled(SGD):
        def rule(self, theta, g, v):
            return super().rule(theta, 2 * g, v)

    class Named(Doubled):
        pass

    for doubled in (Doubled(0.15), Named(0.15)):
        assert_allclose(path_of_training(doubled, 40), path_of_training(SGD(0.3), 40), rtol=1e-12)


def test_a_faster_form_of_one_s_own_is_what_train_follows():
    class Counted(Nesterov):
        calls = []

        def move(self, theta, g, v):
            self.calls.append(len(theta))
            v *= self.momentum
            v += g
            g += self.momentum * v
            theta -= self.learning_rate * g
            return v

    published = nesterov(40, 0.1, 0.8)
    assert_allclose(path_of_training(Counted(0.1, 0.8), 40), [published[k - 1] for k in (1, 3, 40)], rtol=1e-10)
    assert Counted.calls == [2] * 44


def test_a_faster_form_that_forgets_to_write_into_theta_is_told():
    class Forgetful(SGD):
        def move(self, theta, g, state):
            theta = theta - self.learning_rate * g
            return state

    class Writing(SGD):
        def move(self, theta, g, state):
            theta[:] = theta - self.learning_rate * g
            return state

    class Turning(SGD):
        def move(self, theta, g, state):
            theta *= -1
            return state

    class Raising(SGD):                 # all parameters at once
        def move(self, theta, g, state):
            theta += self.learning_rate
            return state

    class Lowering(SGD):
        def move(self, theta, g, state):
            theta -= self.learning_rate
            return state

    with pytest.raises(ValueError, match="^move of Forgetful must write the new θ into theta, .*; got theta as it was, "):
        train(NET, X, Y, squared_error, Forgetful(0.1), 1)
    assert_array_equal(path_of_training(Writing(0.3), 40), path_of_training(SGD(0.3), 40))
    assert flat(train(NET, X, Y, squared_error, Turning(0.1), 2)[0]).tolist() == BEGIN        # back where it was
    for optimizer, moved in (Raising(0.1), 0.1), (Lowering(0.1), -0.1):
        assert_allclose(flat(train(NET, X, Y, squared_error, optimizer, 1)[0]), np.add(BEGIN, moved), rtol=1e-12)
    still = NET.replace(0, W=[[0.0]], b=[0.0])                          # no gradient, so nothing has to move
    assert train(still, X, 0 * Y, squared_error, Forgetful(0.1), 2)[1].loss.tolist() == [0, 0]
    assert flat(train(NET, X, Y, squared_error, SGD(1e-30), 2)[0]).tolist() == BEGIN        # nor with so short a step


def own(result, first=None):
    """An optimizer whose rule returns that."""
    return type("Own", (Optimizer,), {"rule": lambda self, theta, g, state: result(theta, g, state),
                                      "first_state": lambda self, theta: first})()


MUST = "rule of Own must return a tuple (theta, state), theta an array of shape (2,) of float64; got "


@pytest.mark.parametrize("optimizer, sentence", [
    (own(lambda theta, g, state: theta - g),
     MUST + "(2,) of float64"),
    (own(lambda theta, g, state: None),
     MUST + "None"),
    (own(lambda theta, g, state: (theta[:, None] - g, state)),
     MUST + "theta is (2, 2) of float64"),
    (own(lambda theta, g, state: (theta.astype(np.float32), state)),
     MUST + "theta is (2,) of float32"),
    (own(lambda theta, g, state: (1.5, state)),
     MUST + "theta is a float"),
    (own(lambda theta, g, state: (theta, g[:1]), np.zeros(2)),
     "state must have shape (2,), because it began with that shape; got (1,)"),
    (own(lambda theta, g, state: (theta, (0, g)), (0, 1.0, np.zeros(2))),
     "state must be a tuple of 3, because it began as one; got 2 things"),
    (own(lambda theta, g, state: (theta, [0, 1.0]), (0, 1.0)),
     "state must be a tuple of 2, because it began as one; got a list"),
    (own(lambda theta, g, state: (theta, (0.5, 1.0)), (0, 1.0)), "state[0] must be an integer; got a float"),
    (own(lambda theta, g, state: (theta, (0, g)), (0, 1.0)),
     "state[1] must have shape (), because it began as a number; got (2,)"),
])
def test_a_rule_that_does_not_fit_is_told(optimizer, sentence):
    with pytest.raises((ValueError, TypeError)) as caught:
        train(NET, X, Y, squared_error, optimizer, 2)
    assert str(caught.value) == sentence
    with pytest.raises((ValueError, TypeError)) as caught:
        path_of_steps(optimizer, 2)
    assert str(caught.value) == sentence


def test_a_rule_for_float32_stays_there():
    net = random_network((1, 1), "identity", np.random.default_rng(0))
    net = Network([Layer(net[0].W.astype(np.float32), net[0].b.astype(np.float32), "identity")])
    assert train(net, X, Y, squared_error, Nesterov(0.1, 0.8), 2)[0].dtype == np.float32
    with pytest.raises(ValueError, match=r"of float32; got theta is \(2,\) of float64"):
        train(net, X, Y, squared_error, own(lambda theta, g, state: (theta - np.full(2, 0.1) * g, state)), 2)


def test_a_class_without_a_rule_is_no_optimizer():
    with pytest.raises(TypeError, match="abstract.*rule"):
        type("Empty", (Optimizer,), {})()


def test_a_state_of_another_optimizer_or_network_is_refused():
    gradients = backprop(NET, X, Y, squared_error)[1]
    other = random_network((2, 2), "identity", np.random.default_rng(0))
    for optimizer, state, sentence in (
            (Adam(), SGD(0.1).start(NET), "state must be a tuple of 3, because it began as one; got a ndarray"),
            (Adam(), (*Adam().start(NET), 0), "state must be a tuple of 3, because it began as one; got 4 things"),
            (Adam(), None, "state must be a tuple of 3, because it began as one; got None"),
            (SGD(0.1), None, "state must hold real numbers; got None"),
            (SGD(0.1), SGD(0.1).start(other), "state must have shape (2,), because it began with that shape; got (6,)"),
            (Adam(), Adam().start(other), "state[1] must have shape (2,), because it began with that shape; got (6,)")):
        with pytest.raises((ValueError, TypeError)) as caught:
            optimizer.step(NET, gradients, state)
        assert str(caught.value) == sentence
