"""What a reader types: read or refused with the place, and judged by float64 and nudges, within two seconds."""

import subprocess
import sys
import time
from pathlib import Path

import misprints
import pytest

from ledger import sources, try_formula
from ledger.grammar import Refused
from ledger.registry import read_registry
from ledger.small import SCENES, look
from ledger.typed import answer

ROOT = Path(__file__).resolve().parents[2]
HOLDS, FAILS = "It holds on ", "It does not hold. The smallest "
SAID = {
    r"\mathbf{z}^m = \mathbf{W}^m \mathbf{a}^m + \mathbf{b}^m": HOLDS,
    r"$\mathbf{a}^{m+1} = \phi^m\left(\mathbf{z}^m\right)$": HOLDS,
    r"\mathbf{z}^m = \mathbf{W}^m \mathbf{a}^m - \mathbf{b}^m": FAILS + "network",
    r"\frac{\partial L}{\partial \mathbf{W}^m} = \mathbf{a}^m (\boldsymbol{\delta}^m)^\top": FAILS + "network",
    r"\frac{\partial L}{\partial \mathbf{z}} = \mathbf{p} - \mathbf{y}": HOLDS,
    r"\frac{\partial \mathbf{p}}{\partial \mathbf{z}} = 0": "It has no value: ",
    r"\theta \leftarrow \theta - \eta \mathbf{v}": HOLDS,
    r"\tanh z = 2\sigma(z) - 1": FAILS + "unit",
    r"\sigma'(z) = \sigma(z) (1 - \sigma(z))": HOLDS,
    r"\frac{\partial L}{\partial z} = \hat{y} - y": HOLDS,
    r"\max(z, 0) = \max(0, z)": HOLDS,
    "a = 1 + z^2": FAILS + "unit",
    r"\eta = \frac{1}{2}": FAILS,
    r"\mathbf{s} = \eta \mathbf{g}": FAILS + "step",
    r"\frac{\partial a}{\partial z} = 0": HOLDS,
    r"\frac{\partial L}{\partial \mathbf{Y}} = 1": "It has no value: ",
    r"w^0 = w^0 x": FAILS,
    r"\mathbf{u} + \mathbf{v} = \mathbf{v} + \mathbf{u}": HOLDS,
    "": "Nothing is typed yet.",
    "z": "Refused: there is no = in it",
    r"z \approx z": r"Refused: \approx is no equality",
    r"z = \foo z": r"Refused at character 5: \foo is not among the signs that are known.",
    "σ(z) = 1": "Refused at character 1: σ is not",
    "z = \ud83d": "Refused at character 5: ",
    r"\frac{1}{2 = z": "Refused at character 9: this { is not closed.",
    "z) = 1": "Refused at character 2: this ) closes nothing.",
    "(z} = 1": "Refused at character 3: this } meets the ( of character 1.",
    "a = = b": "Refused at character 5: = cannot stand where it does",
    r"z = \tanh^2 z": "Refused at character 10: ^2 cannot stand",
    "(" * 200 + "z" + ")" * 200 + " = z": "Refused at character 31: it is nested",
    "z = " + "+".join("z" * 290): "Refused: it has too many terms",
    "z = " + "z" * 700: "Refused: it has 704 characters",
    r"\mathbf{z}_1 = " + r"\sum_i (\mathbf{z}_i " * 20 + ")" * 20: "It takes longer than 1.5 seconds",
    r"\mathbf{q} = \mathbf{x}": r"Refused: \mathbf{q} stands for nothing in any scene.",
    "W^m = 1": "Refused: W stands for nothing in any scene. A matrix is written",
    r"\mathbf{a}_i = 3": r"Refused: \mathbf{a} without a layer stands for nothing",
    r"\mathbf{p} = \mathbf{x}": "Refused: no scene has all of its letters. ",
    r"\mathbf{W}^9 = \mathbf{W}^9": "No network fits it",
    r"\mathbf{x} = L": "It has no value: ",
    "z = 1/0": "It has no value: a side is no real number, or no finite one.",
    "9^{9^{9^9}} = z": "It has no value: a side is no",
    r"\sqrt{z} = \sqrt{z}": "It fits 10 of the units and not all: a side is no",
}


@pytest.mark.parametrize("latex", SAID, ids=lambda latex: ascii(latex[:30]))
def test_each_formula_is_answered_in_time(latex):
    start = time.process_time()
    said = answer(latex)
    assert time.process_time() - start < 2
    assert said.startswith(SAID[latex]), said
    assert "README" not in said and len(said.splitlines()) <= 4


def test_both_numbers_and_the_network_are_named(capsys):
    try_formula(r"\mathbf{z}^m = \mathbf{W}^m \mathbf{a}^m - \mathbf{b}^m")
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  1-1, square: W⁰ = [[3]], b⁰ = [-1]; x = [1], y = [3]", "  left side at m = 0: 2", "  right side at m = 0: 4"]
    assert answer("z = 1", "nowhere").startswith("There is no scene 'nowhere', only network, narrow")
    assert answer(r"\mathbf{p} = \mathbf{p}", "network") == r"Refused: \mathbf{p} stands for nothing in the scene network."


def of_the_book():
    """(label, LaTeX, scene, row) of the equations whose scenes a reader may type in."""
    registry = read_registry(ROOT / "book")
    for name, path in sources.pages_of(ROOT / "book").items():
        rows = registry.page(name)["equations"]
        for label, latex, _ in sources.read_page(path).displayed:
            row = rows.get(label, {"prose": "of another page"})
            if row.get("scene", "network") in SCENES and "prose" not in row:
                yield label, latex, row.get("scene", "network"), row


BOOK = {label: one for label, *one in of_the_book()}


@pytest.mark.soak
@pytest.mark.parametrize("label", BOOK)
def test_every_equation_of_the_book_holds_when_it_is_typed(label):
    latex, scene, row = BOOK[label]
    given = {"optimizer": row["function"]} if row.get("function") in ("SGD", "Adam") else {}
    outcome = look(latex, scene, given | ({"layers": row["layers"]} if "layers" in row else {}))
    assert outcome.holds, outcome


@pytest.mark.soak
@pytest.mark.parametrize("label", ["delta-step", "softmax-jacobian", "batch-delta-last", "sgd-step"])
def test_none_of_its_misprints_does(label):
    """Each kind of change, where the two do not say the same. What speaks of layer 1 - m says something of m = 1 alone."""
    latex, scene, row = BOOK[label]
    given = {"optimizer": row["function"]} if row.get("function") in ("SGD", "Adam") else {}
    right, passing = misprints.canonical(misprints.read(latex)), []
    for kind, wrong in misprints.misprints(latex):
        try:
            same = kind == "parenthesis" or "1 - m" in wrong or misprints.canonical(misprints.read(wrong)) == right
            if not same and look(wrong, scene, given).holds:
                passing.append(wrong)
        except Refused:
            pass
    assert passing == []


def test_neither_mpmath_nor_sympy_nor_sphinx_is_imported():
    code = ("import sys\nfor name in ('mpmath', 'sympy', 'sphinx', 'docutils', 'matplotlib'): sys.modules[name] = None\n"
            "from ledger import try_formula\ntry_formula(r'\\tanh z = 2\\sigma(2z) - 1')")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0 and done.stdout.startswith(HOLDS), done.stderr
