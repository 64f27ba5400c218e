"""The classifier of the digits is what its script learns, on every processor."""

import make_digits
import numpy as np

import nnlib


def test_the_classifier_is_what_its_script_learns(capsys):
    """To the last of three decimals: processors differ by 1e-15 in what is rounded, as the step shrinks to zero, and no
    weight lies closer than 1e-7 to the middle between two decimals."""
    images, labels = nnlib.digits()
    learned = make_digits.train(images[:make_digits.TRAINING], np.eye(10)[labels][:make_digits.TRAINING],
                                np.random.default_rng(1))
    between = np.concatenate([np.abs(np.abs(p) * 1000 % 1 - 0.5).ravel() / 1000 for layer in learned for p in layer])
    assert between.min() > 1e-7
    for layer, (W, b) in zip(nnlib.digits_network(), make_digits.classifier(images * 16, labels), strict=True):
        for ours, theirs in ((layer.W, W), (layer.b, b)):
            assert (ours == theirs).all() and not np.signbit(theirs[theirs == 0]).any()
    right = (nnlib.predict(nnlib.digits_network(), images).argmax(axis=1) == labels)
    seen, unseen = right[:make_digits.TRAINING].mean(), right[make_digits.TRAINING:].mean()
    assert capsys.readouterr().out == f"seen: {seen:.1%}\nunseen: {unseen:.1%}\n" == "seen: 100.0%\nunseen: 91.4%\n"


def cross_entropy(parameters, X, Y):
    """The mean of log(Σ exp z) - z[right], as it is defined; for small z only."""
    a = X
    for m, (W, b) in enumerate(parameters, 1):
        a = (np.tanh if m < len(parameters) else np.array)(np.einsum("ij,sj->si", W, a) + b)
    return np.mean(np.log(np.exp(a).sum(axis=1)) - (a * Y).sum(axis=1))


def small_classifier(rng):
    return [[rng.normal(size=(d_out, d_in)), rng.normal(size=d_out)] for d_in, d_out in ((4, 3), (3, 3), (3, 2))]


def test_it_follows_the_gradient_and_stays_finite():
    rng = np.random.default_rng(5)
    parameters, X, Y = small_classifier(rng), rng.normal(size=(5, 4)), np.eye(2)[[0, 1, 1, 0, 1]]
    for m, layer in enumerate(make_digits.gradients(parameters, X, Y)):
        for k, gradient in enumerate(layer):
            def loss(value, m=m, k=k):
                moved = [[value if (m, k) == (row, column) else old for column, old in enumerate(one)]
                         for row, one in enumerate(parameters)]
                return cross_entropy(moved, X, Y)
            assert np.abs(nnlib.central_difference(loss, parameters[m][k], 1e-5) - gradient).max() < 1e-8
    parameters[-1][1] = np.array([1e4, -1e4])       # exp of this overflows; of the difference to the largest it does not
    with np.errstate(over="raise", invalid="raise"):
        make_digits.gradients(parameters, X, Y)


def test_the_first_step_of_adam_is_the_gradient_over_its_size(monkeypatch):
    """With mean and mean square freed of their zeros, it is g/(|g| + 1e-8), and decay pulls at weights alone."""
    monkeypatch.setattr(make_digits, "EPOCHS", 1)
    monkeypatch.setattr(make_digits, "BATCH", 2)    # two steps: half of the full length, and none
    X = np.tile(np.random.default_rng(3).normal(size=64) * 1e-7, (4, 1))        # some |g| above 1e-8 and some below
    Y = np.tile(np.eye(10)[3], (4, 1))
    rng = np.random.default_rng(4)
    start = [[rng.normal(size=size) / np.sqrt(size[1]), np.zeros(size[0])] for size in ((32, 64), (16, 32), (10, 16))]
    after = make_digits.train(X, Y, np.random.default_rng(4))
    for old, new, gradient in zip(start, after, make_digits.gradients(start, X[:2], Y[:2]), strict=True):
        for k, g in enumerate(gradient):
            expected = old[k] - make_digits.STEP / 2 * (g / (np.abs(g) + 1e-8) + 0.1 * old[k] * (k == 0))
            assert np.abs(new[k] - expected).max() < 1e-12
