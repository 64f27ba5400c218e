"""Lines is the book's mathematics, and every bug changes it where it says."""
import re
from pathlib import Path

import numpy as np
import pytest

from nnlib import (Layer, Network, backprop, cross_entropy, forward, jacobian_b, jacobian_W, one_hot, random_network,
                   squared_error)
from nnlib.bugs import BUGS, hypotheses
from nnlib.diagnosis import results_with
from nnlib.lines import EVERYWHERE, PLACES, Lines, with_bugs
from nnlib.vectors import vectors

NAMED = {}
for one in hypotheses():                           # of bugs with one name the first
    NAMED.setdefault((one.name, one.place, one.shared), one)


def case(seed, loss=squared_error, N=3):
    rng = np.random.default_rng(seed)
    net = random_network((2, 4, 4, 3), ["tanh", "softplus", "sigmoid"], rng)
    Y = one_hot(rng.integers(0, 3, N), 3) if loss is cross_entropy else rng.normal(size=(N, 3))
    return net, rng.normal(size=(N, 2)), Y, loss, 0.3


@pytest.mark.parametrize("shared", [None, "push", "pull"])
@pytest.mark.parametrize("loss", [squared_error, cross_entropy], ids=lambda loss: loss.name)
def test_without_a_bug_the_lines_are_the_book(loss, shared):
    for seed in range(5):
        net, X, Y, *others = case(seed, loss)
        lines = Lines(net, X, Y, *others)
        lines.shared = shared
        lines.forward()
        value, gradients = backprop(net, X, Y, loss)
        W, b = lines.after()
        np.testing.assert_allclose(lines.loss(), value, rtol=1e-12)
        for m, one in enumerate(gradients):
            np.testing.assert_allclose(lines.by_W[m], one.W, rtol=1e-10, atol=1e-15)
            np.testing.assert_allclose(lines.by_b[m], one.b, rtol=1e-10, atol=1e-15)
            np.testing.assert_allclose(W[m], net[m].W - 0.3 * one.W, rtol=1e-12)
            np.testing.assert_allclose(b[m], net[m].b - 0.3 * one.b, rtol=1e-12)
            np.testing.assert_allclose([z[m] for z in (forward(net, x).z for x in X)], lines.z[m], rtol=1e-12)
        lines = Lines(net, X[:1], Y[:1], *others)
        lines.shared = shared
        lines.forward()
        by_W, by_b = lines.outputs()
        for m in range(len(net)):
            np.testing.assert_allclose(by_W[m], jacobian_W(net, X[0], m), rtol=1e-10, atol=1e-15)
            np.testing.assert_allclose(by_b[m], jacobian_b(net, X[0], m), rtol=1e-10, atol=1e-15)


@np.errstate(all="ignore")
def test_every_bug_is_wrong_on_two_vectors_that_decide():
    right = {one.name: results_with((), one, [*one.expected]) for one in vectors() if one.decides}
    for bug in BUGS:
        wrong = [one.name for one in vectors() if one.decides and any(
            not np.allclose(row, right[one.name][name], rtol=3e-11, atol=1e-12)
            for name, row in results_with((bug,), one, [*one.expected]).items())]
        assert len(wrong) >= 2, (bug.name, wrong)


def test_bugs_are_well_formed():
    assert len(BUGS) >= 200
    assert len({str(bug) for bug in BUGS}) == len(BUGS), "two bugs that a reader cannot tell apart"
    for bug in BUGS:
        assert bug.changes and all(callable(getattr(Lines, line)) for line in bug.changes), bug.name
        for text in (bug.says, bug.cure):
            assert text and (text[:2] in ("W ", "W[") or not text[:2].istitle()), text
            assert not text.endswith("."), text


def test_a_bug_stays_in_its_place():
    net, X, Y, loss, rate = case(1)
    right = Lines(net, X, Y, loss, rate)
    right.forward()
    right.gradient()
    for place, has in PLACES.items():
        bug = NAMED["biases-minus", place, None]
        lines = with_bugs([bug])(net, X, Y, loss, rate)
        lines.forward()
        lines.gradient()
        for m in range(3):
            sign = -1 if has(m, 2) else 1
            np.testing.assert_allclose(lines.by_b[m], sign * right.by_b[m], rtol=1e-12)
            np.testing.assert_allclose(lines.by_W[m], right.by_W[m], rtol=1e-12)
        assert str(bug).endswith(place) and (place != EVERYWHERE or str(bug) == bug.says)


def test_known_numbers_of_published_bugs():
    """From public reports, each recomputed by hand: shared conventions of the inputs are nnlib's."""
    square = Network([Layer([[0.1, -0.2], [0.3, 0.4]], [0, 0], "identity")])
    lines = with_bugs([NAMED["outer-transposed", "", None]])(square, [[1.0, 3.0]], [[0.5, -1.0]], squared_error)
    lines.forward()
    np.testing.assert_allclose(lines.gradient()[0][0], [[-1.0, 2.5], [-3.0, 7.5]])
    net = Network([Layer([[w]], [0], "sigmoid") for w in (0.7, -1.2, 0.9)])
    lines = with_bugs([NAMED["back-before-slope", "", None]])(net, [[0.5]], [[1.0]], squared_error)
    lines.forward()
    found = [float(one[0, 0]) for one in lines.gradient()[0]]
    np.testing.assert_allclose(found, [0.055795145888, -0.049808887189, -0.034481583479], rtol=1e-9)
    net = Network([Layer([[0.1, 0.2, -0.4], [0.3, -0.1, 0.2]], [0.05, -0.02], "tanh"),
                   Layer([[1.0, 0.5]], [0.1], "identity")])
    y_hat = forward(net, [1.0, 2.0, 0.5]).y_hat
    lines = with_bugs([NAMED["bias-times-inputs", "", None]])(net, [[1.0, 2.0, 0.5]], [y_hat - 1], squared_error)
    lines.forward()
    ratio = lines.gradient()[1][0] / (backprop(net, [1.0, 2.0, 0.5], y_hat - 1, squared_error)[1][0].b)
    np.testing.assert_allclose(ratio, 3.5, rtol=1e-12)


ROW = re.compile(r"^\| *\[[^\]]*\]\((\w+)\.ipynb#([\w-]+)\)[^|]*\| *\$([^|]*)\$ *\| *\$(.*)\$ *\|$", re.MULTILINE)


def test_every_broken_line_stands_in_the_list_of_lines_as_its_equation_is_printed():
    """The box of the chapter lights a row for each bug; a row has the two sides of the equation that it leads to."""
    from ledger.sources import read_page

    book = Path(__file__).resolve().parents[2] / "book"
    rows = [row for path in book.glob("*.md") for row in ROW.findall(path.read_text(encoding="utf-8"))]
    assert {bug.equation for bug in BUGS} == {label for _, label, *_ in rows} and len(rows) == 15
    for page, label, left, right in rows:
        [latex] = [latex for name, latex, _ in read_page(book / f"{page}.md").displayed if name == label]
        assert latex in (f"{left} = {right}", rf"{left} \leftarrow {right}"), label
