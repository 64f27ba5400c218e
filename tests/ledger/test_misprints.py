"""Misprints of other books: each right formula holds, each printed one fails by numbers, and what is said of them is so."""

import re
from pathlib import Path

import pytest

from ledger import small
from ledger.check import Equation
from ledger.misprints import OUTSIDE, REFUSED, REFUTED, examined, status
from ledger.registry import read_registry

BOOK = Path(__file__).resolve().parents[2] / "book"
ROWS = {row["id"]: row for row in read_registry(BOOK).page("misprints")["misprints"]}
NUMBERS = {"fastbook-273": ("0.761594", "1.31304"), "id2223-2": ("0.731059", "0.268941"), "seg-2018-12a": ("0.25", "0"),
           "mtcnn-42": ("0.693147", "-1.69315"), "mml-37a": ("0.5", "-0.5"), "ufal-79": ("9", "4.50225")}


@pytest.mark.parametrize("name", ROWS)
def test_the_right_one_holds_and_the_printed_one_does_not(name):
    result = examined(ROWS[name])
    assert result["fault"] is None
    if status(ROWS[name]) == REFUTED:
        assert result["tried"] > 0 and result["left"] != result["sides"]
        assert bool(result["passed"]) == ("passes" in ROWS[name])
    if name in NUMBERS:         # which a pocket calculator gives
        assert (result["left"], result["sides"]) == NUMBERS[name]


def changed(name, **changes):
    return examined({**ROWS[name], **changes})["fault"]


def test_what_is_not_as_a_row_says_is_named():
    tanh = ROWS["mlrefined-16a"]
    assert "the right formula does not hold: on z = 1" in changed("mlrefined-16a", right=tanh["printed"])
    assert "is not refuted" in changed("mlrefined-16a", printed=tanh["right"])
    assert "does not pass: on z = 2" in changed("mlrefined-16a", passes={"z": 2})
    assert r"\foo is not in the grammar" in changed("mlrefined-16a", printed=r"\foo z = 1")
    # a side without a value refutes nothing
    assert "is not refuted" in changed("grokking-23", printed=r"\mathbf{W}^m = \mathbf{a}^m \mathbf{a}^m")
    assert "is not refuted" in changed("grokking-23", printed=r"\mathbf{W}^m = \mathbf{q}^m")
    assert "is read after all" in changed("mlpnlp-8", printed=ROWS["mlpnlp-8"]["right"])
    assert "is read after all" in changed("mlpnlp-8", printed=r"\mathbf{p}_k = \mathbf{z}_k")
    assert "has values here" in changed("mml-455", right=r"\hat{\mathbf{Y}} = \mathbf{A}^{n+1}")


def test_the_network_that_is_named_is_the_smallest():
    order = [tuple(map(int, re.match(r"[\d-]+", item.words)[0].split("-")))
             for item in small.networks(Equation(r"\mathbf{x} = \mathbf{x}"), {})]
    assert order == sorted(order, key=lambda one: (len(one), sum(one)))
    transposed = small.look(ROWS["grokking-23"]["printed"], "network")
    assert transposed.words.startswith("2-2,") and {(1, 1), (1, 2), (2, 1), (1, 3)} == {*order[:order.index((2, 2))]}
    fits = [shape for shape in ((1, 1), (1, 2), (2, 1))
            if small.look(ROWS["grokking-23"]["printed"], "network", {"widths": shape}).agreed]
    assert fits == [(1, 1)]


def test_the_page_counts_right():
    from website.misprints_page import counts

    judged = [(row, {"passed": "passes" in row}) for row in ROWS.values()]
    said = counts(judged).astext()
    kinds = [status(row) for row in ROWS.values()]
    assert (kinds.count(REFUTED), kinds.count(REFUSED), kinds.count(OUTSIDE)) == (32, 1, 3)
    for part in ("Of the 36 formulas, 32 are refuted", "One is not read", "three lie outside the grammar",
                 "For 26 of the 32", "33 of the 36 stand in a text", "The other three stand in code"):
        assert part in said
    assert sum("passes" in row for row in ROWS.values()) == 26 and sum("code" in row for row in ROWS.values()) == 3
    assert f"Readers found the {len(ROWS)} of this page" in (BOOK / "misprints.md").read_text(encoding="utf-8")


def test_every_misprint_has_its_report():
    assert len(ROWS) == 36 and all(row["link"].startswith("https://github.com/") for row in ROWS.values())
    assert len({row["link"] for row in ROWS.values()}) == 36
