"""The tools that no reader starts: what made the classifier, what breaks nnlib, what tries other environments."""

import re
import sys
import time

import everywhere
import make_digits
import mutants
import numpy as np
import pytest

import nnlib

# The classifier of the digits -----------------------------------------------------------------------------------------


def test_the_classifier_is_what_its_script_learns(capsys):
    """Another processor may round the last of three decimals otherwise, so one unit of it is allowed, here and there."""
    images, labels = nnlib.digits()
    learned = make_digits.classifier(images * 16, labels)
    for layer, (W, b) in zip(nnlib.digits_network(), learned, strict=True):
        for ours, theirs in ((layer.W, W), (layer.b, b)):
            assert np.abs(ours - theirs).max() < 1.5e-3 and (ours == theirs).mean() > 0.9
            assert not np.signbit(theirs[theirs == 0]).any()
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


# What breaks nnlib ----------------------------------------------------------------------------------------------------


def test_every_mutant_is_one_change_in_its_place(monkeypatch):
    source = "A = 1\n\n\ndef f(a, b):\n    return a + b\n\n\nB = 2 if A > 1 else 3\n"
    monkeypatch.setattr(mutants, "source_of", lambda name: source)
    made = list(mutants.every_mutant(["x"]))
    assert len({text for _, text, *_ in made}) == len(made) > 15
    for name, text, before, after in made:
        lines = [(old, new) for old, new in zip(source.splitlines(), text.splitlines(), strict=True) if old != new]
        assert name == "x" and [(old.strip(), new.strip()) for old, new in lines] == [(before, after)]
    assert ("return a + b", "return a - b") in {(before, after) for *_, before, after in made}
    assert mutants.change("a\nb\nc\nd", "a\nx\nc\nd") == ("b", "x")
    assert mutants.change("a\nb", "x\nb") == ("a", "x") and mutants.change("a\nb", "a\ny") == ("b", "y")


def test_mutants_that_live_and_that_run_in_circles_are_counted(monkeypatch, capsys):
    def lives(name, source, first, learn):
        time.sleep(9 if source == "circles" else 0.05)
        return source == "same", "a test"

    monkeypatch.setattr(mutants, "lives", lives)
    monkeypatch.setattr(mutants, "PATIENCE", 0.5)
    start = time.monotonic()
    texts = ["broken", "same", "circles", "broken", "same", "broken"]
    given = [("x", text, f"line {k}", "") for k, text in enumerate(texts)]
    assert mutants.run(given) == [given[1], given[4]]
    took, said = time.monotonic() - start, capsys.readouterr().out
    bars = re.findall(r"\r(█*) *(\d+) of 6, +(\d+) s to go, (\d) alive", said)
    assert [int(count) for _, count, *_ in bars] == [1, 2, 3, 4, 5, 6] and took < 5
    assert all(len(bar) == 30 * int(count) // 6 for bar, count, *_ in bars)
    assert all(int(rest) <= 6 * took for *_, rest, _ in bars) and bars[-1][2:] == ("0", "2")
    assert said.count("alive in x") == 2 and "    line 4" in said


@pytest.fixture
def listed(monkeypatch, tmp_path):
    """A list of its own, three mutants, and a run in which some of them live."""
    monkeypatch.setattr(mutants, "LIST", tmp_path / "mutants.toml")
    monkeypatch.setattr(mutants, "FILES", {"x": []})
    monkeypatch.setattr(mutants, "warm", lambda: None)
    monkeypatch.setattr(mutants, "source_of", lambda name: "")
    made = [("x", text, f"{text} before", f"{text} after") for text in "abc"]
    monkeypatch.setattr(mutants, "every_mutant", lambda names: iter(made))

    def tried(alive, reasons):
        entries = [f'[[equivalent]]\nfile = "x"\nwas = "{text} before"\nbecame = ["{text} after"]\nwhy = "w"\n'
                   for text in reasons]
        mutants.LIST.write_text("[score]\nmutants = 0\nfound = 0\nequivalent = 0\n\n" + "\n".join(entries))
        run = lambda given, learn=False: given if learn else [one for one in given if one[1] in alive]  # noqa: E731
        monkeypatch.setattr(mutants, "run", run)
        return mutants.main(["x"]), mutants.LIST.read_text().split("\n\n")[0]

    return tried


def test_a_mutant_that_lives_needs_its_reason_and_a_reason_its_mutant(listed, capsys):
    score = "[score]\nmutants = 3\nfound = {}\nequivalent = {}"
    assert listed("b", "b") == (False, score.format(2, 1))
    said = capsys.readouterr().out
    assert "2 of 3 mutants found, 1 alive, 0 of them without a reason; 0 s" in said
    assert listed("bc", "b") == (True, score.format(1, 2))
    assert "alive, and not in tests/mutants.toml: x\n    c before\n    c after" in capsys.readouterr().out
    assert listed("b", "ab") == (True, score.format(2, 1))
    assert "listed in tests/mutants.toml, and not alive: x\n    a before\n    a after" in capsys.readouterr().out


# Other environments ---------------------------------------------------------------------------------------------------


def test_an_environment_that_fails_is_named(monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(everywhere, "ROOT", tmp_path)
    monkeypatch.setattr(everywhere, "TESTS", ["test_x.py"])
    monkeypatch.setattr(everywhere, "prepared", lambda name: None if name == "newest" else sys.executable)
    (tmp_path / "test_x.py").write_text("import os\ndef test_it():\n    assert 'OPENBLAS_CORETYPE' not in os.environ\n")
    start = time.monotonic()
    assert everywhere.main(["oldest", "newest", "plain"]) == "Not the same in: plain"
    took, said = time.monotonic() - start, capfd.readouterr().out
    seconds = [int(number) for number in re.findall(r"· \w+: (?:failed|the same), (\d+) s", said)]
    assert "· oldest: the same" in said and "· plain: failed" in said and "newest: no Python" in said
    assert len(seconds) == 2 and sum(seconds) <= took + 2
