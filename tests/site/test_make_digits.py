"""The classifier of the digits is what `make digits` trains, on every processor."""

import re
import shutil
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import everywhere
import make_digits
import numpy as np
import pytest
from make_digits import TRAINING, FadingAdam

import nnlib
from nnlib.training import flat

X, LABELS = nnlib.digits()
SEEN = X[:TRAINING], LABELS[:TRAINING]


@pytest.fixture(scope="module")
def learned():
    return make_digits.learned(*SEEN)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of what the tool may write, in the place of nnlib."""
    for name in ("data.py", "digits.npz", "digits_network.npz"):
        shutil.copy(make_digits.NNLIB / name, tmp_path)
    monkeypatch.setattr(make_digits, "NNLIB", tmp_path)
    monkeypatch.setattr(nnlib.data, "SHA256", dict(nnlib.data.SHA256))
    monkeypatch.setattr(nnlib.data, "FOLDER", str(tmp_path))
    return tmp_path


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def changed_rule(monkeypatch, change):
    """FadingAdam's rule, of which `change` alters what it gets."""
    rule = FadingAdam.rule
    monkeypatch.setattr(FadingAdam, "rule", lambda self, theta, g, state: rule(self, *change(theta, g), state))


def test_the_classifier_is_what_is_learned(learned):
    ours, theirs = flat(make_digits.rounded(learned)), flat(nnlib.digits_network())
    assert (ours == theirs).all() and not np.signbit(ours[ours == 0]).any()
    right = nnlib.predict(nnlib.digits_network(), X).argmax(axis=1) == LABELS
    assert right[:TRAINING].all() and right[TRAINING:].sum() == 329


def test_the_rounded_weights_are_the_same_on_every_processor(learned, monkeypatch):
    """Here each step is wrong by 1e-11 of each number, a hundred thousand times as much as rounding errs by. That moves no
    weight by a hundredth of the way to the nearest middle between two decimals."""
    assert make_digits.distance(learned) > 3.9e-7
    rng = np.random.default_rng(7)
    changed_rule(monkeypatch, lambda *both: [one * (1 + 1e-11 * rng.uniform(-1, 1, one.shape)) for one in both])
    off = abs(flat(make_digits.learned(*SEEN)) - flat(learned)).max()
    assert 1e-11 < off < make_digits.distance(learned) / 100


def test_an_older_processor_learns_the_same(learned, tmp_path):
    variables = everywhere.variables_for("Prescott", sys.executable)
    if variables is None:
        pytest.skip("this is the oldest processor")
    script = f"""import sys; sys.path[:0] = {sys.path!r}
import make_digits, nnlib, numpy; from nnlib.training import flat
X, labels = nnlib.digits()
numpy.save({str(tmp_path / "theta.npy")!r}, flat(make_digits.learned(X[:{TRAINING}], labels[:{TRAINING}])))"""
    subprocess.run([sys.executable, "-c", script], env=variables, check=True)
    theirs = np.load(tmp_path / "theta.npy")
    assert abs(theirs - flat(learned)).max() < make_digits.MARGIN / 1e5
    assert (theirs.round(3) == flat(learned).round(3)).all()


def test_a_weight_between_two_decimals_is_refused(learned):
    for by in (-0.9e-9, 0.9e-9, -1.1e-9, 1.1e-9):
        theta = flat(learned)
        theta[3] = -0.0125 + by
        net = nnlib.training.with_parameters(learned, theta)
        assert abs(make_digits.distance(net) - abs(by)) < 1e-15
        if abs(by) < make_digits.MARGIN:
            with pytest.raises(SystemExit, match="another processor may round it"):
                make_digits.rounded(net)
        else:
            assert flat(make_digits.rounded(net))[3] == (-0.013 if by < 0 else -0.012)


def test_it_says_that_the_numbers_are_the_same_and_writes_nothing(folder, capsys):
    before = content(folder)
    make_digits.main([])
    assert capsys.readouterr().out == (
        "Right: 100.0% of the images that it learned from, 91.4% of the others.\n"
        "nnlib/digits_network.npz holds the same numbers: nothing is written.\n")
    assert content(folder) == before


@pytest.mark.parametrize("broken", [lambda theta, g: (theta, -g), lambda theta, g: (theta, g + 1e-6),
                                    lambda theta, g: (theta * (1 - 1e-6), g)], ids=["uphill", "besides", "smaller"])
def test_another_network_is_written_with_its_hash(folder, monkeypatch, capsys, broken):
    before = content(folder)
    changed_rule(monkeypatch, broken)
    monkeypatch.setattr(make_digits, "MARGIN", 0)
    make_digits.main([])
    assert "nnlib/digits_network.npz held other numbers: it is written" in capsys.readouterr().out
    after = content(folder)
    assert {name for name in before if after[name] != before[name]} == {"data.py", "digits_network.npz"}
    lines = [set(one["data.py"].decode().splitlines()) for one in (before, after)]
    assert [re.sub(r"[0-9a-f]{64}", "", *one) for one in (lines[0] - lines[1], lines[1] - lines[0])] == [
        '          "digits_network.npz": ""}'] * 2
    assert flat(nnlib.digits_network()).shape == (2778,), "nnlib reads what was written"


def test_a_damaged_file_is_written_anew(folder, capsys):
    (folder / "digits_network.npz").write_bytes(b"damaged")
    make_digits.main([])
    assert "is written" in capsys.readouterr().out
    assert np.load(folder / "digits_network.npz")["W0"].shape == (32, 64)


@pytest.mark.parametrize("labels", [LABELS, 9 - LABELS], ids=["the same", "others"])
def test_the_images_are_compared_where_that_is_asked(folder, capsys, monkeypatch, labels):
    monkeypatch.setitem(sys.modules, "sklearn", ModuleType("sklearn"))
    theirs = SimpleNamespace(load_digits=lambda return_X_y: (X * 16, labels))
    monkeypatch.setitem(sys.modules, "sklearn.datasets", theirs)
    before = content(folder)
    make_digits.compare_images()
    same = labels is LABELS
    assert capsys.readouterr().out.startswith(f"nnlib/digits.npz {'holds the same' if same else 'held other'} numbers: ")
    assert (content(folder) == before) == same and (nnlib.digits()[0] == X).all() and (nnlib.digits()[1] == labels).all()


def test_the_step_fades_and_only_weights_decay():
    """Of a constant gradient each step of Adam is the sign times STEP. Here half of that is left after half of the steps,
    nothing at the end. Without a gradient, weights decay and biases stay."""
    is_weight, theta, g = np.array([1.0, 0, 1, 0]), np.array([2.0, 3, -1, 1]), np.array([5.0, -5, 0, 0])
    optimizer = FadingAdam(is_weight, 4)
    state = optimizer.first_state(theta)
    for left in (0.75, 0.5, 0.25, 0):
        new, state = optimizer.rule(theta, g, state)
        wanted = theta - left * make_digits.STEP * (np.sign(g) + [0.1 * theta[0], 0, 0.1 * theta[2], 0])
        np.testing.assert_allclose(new, wanted, rtol=1e-8)
        theta = new
