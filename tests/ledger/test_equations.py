"""One equation at a time: what the grammar reads and refuses, what the evaluator gives, and which misprints are found."""

import re
import subprocess
import sys
from pathlib import Path

import misprints
import mpmath
import numpy as np
import pytest

import nnlib
from ledger import arithmetics, counts, networks, referees, scenes, sources
from ledger.check import holds
from ledger.evaluate import Evaluator
from ledger.grammar import Refused, parse, read
from ledger.inline import Page
from ledger.registry import read_registry
from ledger.routes import ROUTES, headline
from ledger.trials import SCENES, examine
from ledger.values import Wrong

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = read_registry(ROOT / "book")
PRINTED = {label: latex for path in sources.pages_of(ROOT / "book").values()
           for label, latex, _ in sources.read_page(path).displayed}


def verdict(latex, **row):
    """What the check says of one equation; None if it holds."""
    return examine(latex, row, REGISTRY)["fault"]


# The grammar ----------------------------------------------------------------------------------------------------------

def test_every_printed_equation_has_a_row():
    missing = sorted(PRINTED.keys() - REGISTRY.rows.keys())
    assert not missing, f"`make equations` says what is missing for {', '.join(missing)}"


@pytest.mark.parametrize("label", PRINTED)
def test_every_printed_equation_is_read_and_can_be_written_again(label):
    tree = read(PRINTED[label])
    assert read(misprints.write(tree)) == tree


@pytest.mark.parametrize("latex, words", [
    (r"\mathbf{p} \odot \mathbf{W}\mathbf{v} = 1", "parentheses"),
    (r"\mathbf{W}\mathbf{v} \odot \mathbf{p} = 1", "parentheses"),
    (r"\mathbf{p} \odot (\mathbf{u} + \mathbf{v}) \mathbf{w} = 1", "parentheses"),
    (r"\mathbf{x} = \operatorname{Re} \mathbf{y}", r"\operatorname{Re}"),
    (r"\mathbf{x} \wr \mathbf{y} = 1", r"\wr"),
    (r"2 \cdot 3 4 = 24", "between a number"),
    (r"(1 + 2 = 3", "cannot stand"),
    (r"1 + 2) = 3", "cannot stand"),
    (r"\mathbf{x}", "too early"),
    (r"\mathbf{o} \mathbf{x} = 1", "takes one index"),
    (r"\mathbf{x}' = 1", "no function"),
    (r"\phi^m = 1", "cannot stand"),
    (r"\mathbf{x}^1^2 = 1", "two scripts"),
    (r"\begin{pmatrix} 1 & 2 \\ 3 \end{pmatrix} = 1", "equally long"),
    (r"\hat{\mathbf{y}} = (\dots \mathbf{x} \dots)", "neither of its two chains"),
    (r"\hat{\mathbf{y}} = \phi^n(\dots \mathbf{x} \dots)", "neither of its two chains"),
    (r"\hat{\mathbf{y}} = \phi^{n\prime}(\mathbf{z}^n) \odot (\mathbf{W}^n (\dots \mathbf{x} \dots))", "neither of its two"),
])
def test_what_is_not_in_the_grammar_is_refused_by_name(latex, words):
    with pytest.raises(Refused, match=re.escape(words)):
        parse(latex)


def test_the_readme_prints_the_front_pages_formula():
    printed = re.search(r"^\$\$(.*)\$\$$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)[1]
    row = {**REGISTRY.rows["whole-book"], "for": "0 < m < n" if "phi^{m-1}" in printed else "0 <= m < n"}
    assert verdict(printed, **row) is None


# The evaluator, against numbers that were worked out by hand ----------------------------------------------------------

@pytest.fixture
def pencil():
    with mpmath.workdps(60):
        yield scenes.NetworkScene(arithmetics.Float(), referees.Nudges(networks.Case(nnlib.pencil_network(), [2, 3])))


@pytest.mark.parametrize("latex, by_hand", [
    (r"\mathbf{W}^0 \mathbf{x} + \mathbf{b}^0", [-4, 3, -2]),
    (r"\phi^{1\prime}(\mathbf{z}^1) \odot (\mathbf{W}^1 (0, 12, 0))", [-144, -48]),
    (r"\mathbf{W}^1_{2,} \mathbf{a}^1", 1),
    (r"\mathbf{W}^0_{,1}", [-2, 1, 2]),
    (r"\sum_j \mathbf{W}^2_{3,j} \mathbf{a}^2_j", 1),
    (r"\max_j \mathbf{W}^2_{3,j} \mathbf{a}^2_j - 2", 7),
    (r"\frac{\partial L}{\partial \mathbf{b}^2}", [54, 247.5, -124]),
    (r"\mathbf{o}_2^{\mathsf T} \mathbf{o}_1 \mathbf{x}", [0, 2, 0]),
    (r"\mathbf{O}_1 \mathbf{x}", [2, 0]),
    (r"(\mathbf{W}^0)^{\mathsf T} (1, 0, -1)", [-4, 3]),
    (r"\frac{\partial \hat{\mathbf{y}}}{\partial \mathbf{W}^0_{2,1}}", [-576, 480, 384]),
    (r"\frac{\partial \hat{\mathbf{y}}}{\partial \mathbf{b}^0_2}", [-288, 240, 192]),
    (r"\lVert (3, -4) \rVert", 5),
    (r"\phi^2(\mathbf{W}^2 \phi^1(\dots \phi^0(\mathbf{W}^0 \mathbf{x} + \mathbf{b}^0) \dots) + \mathbf{b}^2)", [9, 25, 16]),
    (r"-2 \cdot 2 + 1 \cdot 3 - 3^2", -10),
])
def test_the_evaluator_gives_what_a_pencil_gives(pencil, latex, by_hand):
    pencil.length = 3
    value = Evaluator(pencil).value(parse(f"{latex} = 0").args[1], {})
    np.testing.assert_allclose(np.array(value.array, float), by_hand, rtol=1e-12)


@pytest.mark.parametrize("latex, words", [
    (r"\mathbf{x} \mathbf{x}", "a column times a column"),
    (r"\mathbf{W}^0 \mathbf{b}^0", "2 columns meet 3 rows"),
    (r"\mathbf{x}^{\mathsf T} \mathbf{b}^0", "2 columns meet 3 rows"),
    (r"\mathbf{x} + \mathbf{b}^0", "column of 2 + a column of 3"),
    (r"\mathbf{q}", "no meaning"),
    (r"\mathbf{x}_3", "no place 3 among 2"),
    (r"\sum_j \mathbf{W}^0_{i,j} \mathbf{b}^0_j", "counts to 2 in one place and to 3"),
    (r"\sum_i \mathbf{x}_j", "stands nowhere in what follows"),
    (r"2 \odot 3", "joins two vectors"),
    (r"\phi^1(\mathbf{z}^0)", "acts on 2 numbers"),
])
def test_what_has_no_value_is_an_error_in_words(pencil, latex, words):
    with pytest.raises(Wrong, match=re.escape(words)):
        Evaluator(pencil).value(parse(f"{latex} = 0").args[1], {"i": 1, "j": 1})


def test_the_dots_alternate_where_a_chain_of_slopes_would_pass():
    """Read as slopes alone, the dots agree up to n = 2: it is the deeper networks that tell."""
    misread = PRINTED["weight-first"].replace(r"(\dots", r"(\phi^{1\prime}(\mathbf{z}^1) \odot").replace(r"\dots", "")
    assert verdict(misread, **{"for": "0 < n"}) is not None
    assert verdict(PRINTED["weight-first"], function="dy_dW", **{"for": "0 < n"}) is None


def test_reading_and_float64_need_neither_mpmath_nor_sympy():
    """So that a page can do both: it would wait for the one and the other."""
    program = r'''
import sys, numpy, nnlib
from ledger.arithmetics import Float
from ledger.evaluate import Evaluator
from ledger.grammar import parse
from ledger.networks import Case
from ledger.referees import ImaginaryNudge
from ledger.scenes import NetworkScene
case = Case(nnlib.pencil_network(), [2, 3])
evaluator = Evaluator(NetworkScene(Float(), ImaginaryNudge(case)))
sides = parse(r"\frac{\partial \hat{\mathbf{y}}}{\partial \mathbf{W}^0_{2,1}} = (-576, 480, 384)").args[1:]
assert numpy.allclose(*(evaluator.value(side, {}).array for side in sides), rtol=1e-12)
print(sorted({"mpmath", "sympy", "sphinx", "docutils", "matplotlib"} & set(sys.modules)))
'''
    outcome = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (outcome.stdout, outcome.stderr) == ("[]\n", "")


def test_the_whole_ledger_needs_no_sphinx():
    program = """
import importlib, pkgutil, sys, ledger
names = [module.name for module in pkgutil.iter_modules(ledger.__path__)]
for name in names:
    importlib.import_module(f"ledger.{name}")
print(len(names), sorted({"sphinx", "docutils", "myst_nb", "website"} & set(sys.modules)))
"""
    outcome = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (outcome.stdout, outcome.stderr) == (f"{len(list((ROOT / 'ledger').glob('*.py'))) - 1} []\n", "")


# The referees ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", arithmetics.HIGH)
def test_each_activation_and_slope_with_sixty_digits_is_itself(name):
    f, slope = arithmetics.HIGH[name]
    f_float, slope_float = arithmetics.PLAIN[name]
    with mpmath.workdps(60):
        for z in (-2.5, -0.75, 0.5, 3.0):
            assert abs(mpmath.diff(f, z) - slope(mpmath.mpf(z))) < 1e-20
            assert abs(f(mpmath.mpf(z)) - float(f_float(np.float64(z)))) < 1e-15
            assert abs(slope(mpmath.mpf(z)) - float(slope_float(np.float64(z)))) < 1e-15


def test_softplus_with_sixty_digits_keeps_them_where_it_is_next_to_nothing():
    with mpmath.workdps(60):
        z = mpmath.mpf(-300)
        assert abs(arithmetics.HIGH["softplus"][0](z) / mpmath.exp(z) - 1) < 1e-50


def test_a_case_knows_its_shape():
    case = networks.running_networks(REGISTRY)["pencil"]
    assert (case.n, case.widths, case.size) == (2, (2, 3, 2, 3), 6 + 3 + 6 + 2 + 6 + 3)
    case = networks.random_case((2, 4, 3), "tanh", np.random.default_rng(1))
    assert (case.n, case.widths, case.size, case.phi) == (1, (2, 4, 3), 8 + 4 + 12 + 3, ["tanh", "tanh"])
    assert networks.Case(case.network, case.x).y.tolist() == [0, 0.25, 0.5]


def test_the_referees_agree_and_notice_a_wrong_package(monkeypatch):
    def wrong(net, x, m, i, j):
        return nnlib.entries.dy_dW(net, x, m, i, j) * (1 + 1e-9)

    assert verdict(PRINTED["weight-last"], function="dy_dW", **{"for": "0 < n"}) is None
    referees.referee.cache_clear()
    monkeypatch.setattr(nnlib, "dy_dW", wrong)
    fault = verdict(PRINTED["weight-last"], function="dy_dW", **{"for": "0 < n"})
    referees.referee.cache_clear()
    assert "in truth" in fault


def test_the_registry_must_name_the_right_function_and_the_right_layers():
    assert "names nnlib's dy_db" in verdict(PRINTED["weight-last"], function="dy_db", **{"for": "0 < n"})
    assert "written and not there" in verdict(PRINTED["weight-between"], function="dy_dW", **{"for": "0 <= m < n"})
    assert "leaves them out" in verdict(PRINTED["bias-between"], function="dy_db", **{"for": "0 < m < n"})
    assert "never evaluated" in verdict(PRINTED["forward-of-three"], function="forward", layers=9)
    assert holds("0 <= m < k <= n", {"m": 1, "k": 2, "n": 2}) and not holds("0 <= m < k <= n", {"m": 2, "k": 2, "n": 2})


def test_what_the_ledger_counts_is_what_was_compared():
    everywhere = [case for case in SCENES["network"].items() if not case.letters]
    smooth, layers = SCENES["nudge"].items(), sum(case.n + 1 for case in everywhere)
    for label, count, comparisons in (
            ("layer-z", len(everywhere), layers),                 # at every layer
            ("phi-of-z", 1, 2),                                         # two equal signs
            ("hadamard", 8, 36),                                        # every place of 1 to 8 numbers
            ("o-row", 8, 16),
            ("central-difference", 3 * len(smooth), 3 * len(smooth)),
            ("taylor-rate", len(smooth), len(smooth))):
        result = examine(PRINTED[label], REGISTRY.rows[label], REGISTRY)
        assert (result["networks"], result["comparisons"]) == (count, comparisons), label
        has = any(ROUTES[name].label == "nnlib" for name in result["worst"])
        assert has == bool(result["asked"]) == ("function" in REGISTRY.rows[label]), label


def test_a_row_that_fits_no_equation_is_refused_in_words():
    row = {**REGISTRY.rows["central-difference"], "function": "dy_dW"}
    assert "dy_dW, which is no difference quotient" in verdict(PRINTED["central-difference"], **row)
    assert "“0 <= k” speaks of k" in verdict(PRINTED["layer-z"], **{"for": "0 <= k"})


def test_a_wrong_order_of_convergence_is_found():
    row = {**REGISTRY.rows["central-difference"], "order": 1}
    assert "shrinks like h^2" in verdict(PRINTED["central-difference"], **row)


def test_docstrings_and_registry_name_the_same_functions():
    for label, row in REGISTRY.rows.items():
        others = {name for name in nnlib.__all__ if f"({label})" in (getattr(nnlib, name).__doc__ or "")}
        assert not others or row.get("function") in others, (label, others)


# Equalities in the text -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("latex, fault", [
    (r"1 \cdot 2 + 2 \cdot 3 - 5 = 3", None), (r"1 \cdot 2 + 2 \cdot 3 - 5 = 4", "3 and 4"),
    (r"\mathbf{z}^1 = (3, -2)", None), (r"\mathbf{z}^1 = (3, 2)", "(3, -2) and (3, 2)"),
    (r"\phi^{0\prime}(-4) = -8", None), (r"\phi^{0\prime}(-4) = 8", "-8 and 8"),
    (r"\mathbf{W}^0_{2,} = (1, 2)", None), (r"\mathbf{W}^0_{2,} = (-2, 1, 2)", "2"),
    (r"\phi(z) = z^2", None), (r"\phi(z) = z^3", "sides are"), (r"\mathbf{q} = 3", "no meaning"),
    (r"\mathbf{z}^m = \mathbf{W}^m \mathbf{a}^m + \mathbf{b}^m", None),
    (r"\mathbf{z}^m = \mathbf{W}^m \mathbf{a}^m - \mathbf{b}^m", "sides are"),
])
def test_an_equality_in_the_text(latex, fault):
    with mpmath.workdps(arithmetics.DIGITS):
        found = Page("anywhere", REGISTRY).fault(latex)
    assert found is None if fault is None else fault in found


# Max and the arrow ----------------------------------------------------------------------------------------------------

FIRST = (r"\mathbf{W}^0 \leftarrow \mathbf{W}^0 - \eta\, (((NEXT)^{\mathsf T} \boldsymbol{\delta}^1) "
         r"\odot \phi^{0\prime}(\mathbf{z}^0))\, \mathbf{x}^{\mathsf T}")
EARLY = r"\mathbf{W}^1 - \eta\, \boldsymbol{\delta}^1 (\mathbf{a}^1)^{\mathsf T}"          # what W¹ becomes


@pytest.mark.parametrize("latex, row, fault", [
    (PRINTED["gradient-step"], {}, None),
    (PRINTED["gradient-step"], {"scene": "batch"}, None),
    (r"\mathbf{W}^m_{i,j} \leftarrow \mathbf{W}^m_{i,j} - \eta\, \boldsymbol{\delta}^m_i \mathbf{a}^m_j", {}, None),
    (r"\mathbf{b}^m \leftarrow \mathbf{b}^m - \eta\, \frac{\partial L}{\partial \mathbf{b}^m}", {}, None),
    (r"\theta \leftarrow \theta + \eta\, \nabla L", {}, "the first side"),
    (r"\theta \leftarrow \theta - \nabla L", {}, "the first side"),
    (r"\theta \leftarrow -\eta\, \nabla L", {}, "the first side"),
    (r"\theta = \theta - \eta\, \nabla L", {}, "the first side"),
    (FIRST.replace("NEXT", r"\mathbf{W}^1"), {"layers": 2}, None),
    (FIRST.replace("NEXT", EARLY), {"layers": 2}, "the first side"),
    (r"\theta \leftarrow \theta - \eta\, \nabla L = \theta", {}, "no other relation"),
    (r"-\theta \leftarrow \eta\, \nabla L - \theta", {}, "where a parameter should stand"),
    (r"\hat{\mathbf{y}} \leftarrow \hat{\mathbf{y}}", {}, "no parameter"),
    (r"\mathbf{u} \leftarrow \mathbf{u}", {"scene": "vectors"}, "nothing to update"),
    (r"\max_j \mathbf{a}^m_j = \max_k \mathbf{a}^m_k", {}, None),
    (r"\max_j \mathbf{z}_j + \max_j (-\mathbf{z}_j) = 0", {"scene": "scores"}, "the first side"),
    (r"\max_j \mathbf{p} = 1", {"scene": "scores"}, "stands nowhere"),
    (r"\max_j (\frac{1}{2} \mathbf{z} \mathbf{z}^{\mathsf T})_{j,} = 1", {"scene": "scores"}, "max is that of numbers"),
    (r"\frac{\partial f}{\partial \theta} \approx \max_k (f(\theta + i h))_k",
     {"scene": "nudge", "order": 1, "function": "forward_difference"}, "none is the largest"),
])
def test_the_largest_and_an_update(latex, row, fault):
    found = verdict(latex, **row)
    assert found is None if fault is None else fault in found


# Counts ------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("latex, row, fault", [
    (r"\text{push}_n = 0", {}, None),
    (r"d_{-1} - d_{n} + d_n = d_{-1}", {}, None),
    (r"\sum_{k=0}^{n} \text{push}_k = \text{push}_0 + \sum_{k=1}^n \text{push}_k", {}, None),
    (r"\sum_{k=n+1}^{n} d_k = 0", {}, None),
    (r"\text{gradient} = \text{pull}", {"function": "backprop"}, "the first side"),
    (r"\text{pull} = \text{pull}", {"function": "backprop"}, "no meaning"),
    (r"\text{push} = 0", {}, "no meaning"), (r"\text{pull}_m = 0", {}, "no meaning"), (r"\text{more} = 0", {}, "no meaning"),
    (r"d = 3", {}, "no meaning"), (r"d_{m-1} = d_{m-2} + d_{m-1} - d_{m-2}", {}, "layer -2"), (r"d_i = 1", {}, "no layer"),
    (r"\sum_{m=0} d_m = 1", {}, "ends at one"), (r"\max_{m=0}^n d_m = 1", {}, "cannot stand"),
])
def test_multiplications_are_counted(latex, row, fault):
    found = verdict(latex, scene="counts", **row)
    assert found is None if fault is None else fault in found


def values(arrays):
    return np.hstack([counts.numbers_of(one).ravel() for one in arrays])


@pytest.mark.parametrize("case", networks.of_numbers()[4::9], ids=str)
def test_what_is_counted_computes_the_right_numbers(case):
    loops, net, x = counts.Loops(case, 1), case.network, case.x
    answer = nnlib.forward(net, x).y_hat
    D, _ = nnlib.jacobian_factors(net, x)
    J = np.hstack([nnlib.jacobian_W(net, x, m).ravel() for m in range(case.n + 1)])
    _, gradient = nnlib.backprop(net, x, case.y, nnlib.squared_error)
    pulled = nnlib.jacobians.pull(net, nnlib.forward(net, x), np.ones(answer.size))
    along_W = [nnlib.Parameters(layer.W, 0 * layer.b) for layer in net]
    for found, wanted in (
            (counts.numbers_of(loops.reads[-1]), answer), (values(loops.pull()), np.hstack(pulled)),
            (values(part for row in zip(*loops.factors()) for part in row), np.hstack([one.ravel() for one in D])),
            (values(part for row in zip(*loops.jacobian()) for part in row), J),
            (values(one.T for one in loops.units()), np.hstack([one.ravel() for one in D])),
            (values(part for pair in loops.gradient() for part in pair), nnlib.training.flat(gradient)),
            (values([loops.dual()]), nnlib.jacobian_x(net, x) @ x + nnlib.jvp(net, x, along_W)),
            (values([loops.step()]), nnlib.training.flat(gradient))):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
    for m, by in enumerate(loops.entries()):
        rows = nnlib.jacobian_W(net, x, m).reshape(answer.size, -1).T
        np.testing.assert_allclose(counts.numbers_of(by), rows, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("latex, fault", [
    (r"\mathbf{g}^{\mathsf T} = \frac{1}{N} \sum_k \mathbf{n}_k \mathbf{G}_{k,}", None),
    (r"\mathbf{g}^{\mathsf T} = \frac{1}{K} \sum_k \mathbf{G}_{k,}", "the first side"),        # the mean of means
    (r"\text{ring numbers} = 2 P", "the first side"), (r"\text{ring steps} = 2 K", "the first side"),
    (r"\text{tree numbers} = 2 P", "the first side"), (r"\text{tree steps} = 2 \log_2 K", None),
    (r"\text{star steps} = K", "the first side"),
    (r"\text{slowest}_K = \sum_{k=2}^{K} \frac{1}{k}", "the first side"), (r"\text{slowest}_1 = 1", None),
    (r"\text{best} = \sqrt{\frac{\text{compute} \cdot \text{bandwidth}}{8 P}}", "the first side"),
    (r"\text{step} = \frac{\text{compute}}{K} + \text{latency}", "the first side"),
    (r"\text{ring} = 1", "no meaning"), (r"\text{fastest}_K = 1", "no meaning"), (r"\text{mesh steps} = 1", "no meaning"),
])
def test_several_machines_are_run_and_counted(latex, fault):
    found = verdict(latex, scene="machines")
    assert found is None if fault is None else fault in found, found


# Misprints ----------------------------------------------------------------------------------------------------------------

def judged(share, of):
    """(refused, the same by argument, found different, not found) among one share of all misprints of what is evaluated."""
    evaluated = [(label, latex) for label, latex in PRINTED.items() if "prose" not in REGISTRY.rows[label]]
    made = [(label, text) for label, latex in evaluated for _, text in misprints.misprints(latex)][share::of]
    refused, same, rest = [], [], []
    for label, text in made:
        try:
            settled = misprints.canonical(read(text)) == misprints.canonical(read(PRINTED[label]))
            (same if settled else rest).append((label, text))
        except Refused:
            refused.append((label, text))
    missed = [(label, text) for label, text in rest if verdict(text, **REGISTRY.rows[label]) is None
              and not text.endswith(r"= -\mathbf{y}_{j} + \mathbf{p}_{j}")]         # as right, since y adds up to 1
    return refused, same, rest, missed


def test_a_sample_of_the_misprints_is_caught():
    refused, _, rest, missed = judged(3, 12)
    assert missed == [] and refused and rest


@pytest.mark.soak
@pytest.mark.parametrize("share", range(2))
def test_every_misprint_is_caught(share):
    refused, same, rest, missed = judged(share, 2)
    print(f"{len(refused)} refused, {len(rest)} found different, {len(same)} the same by argument")
    assert missed == [] and len(refused) + len(rest) > 500
    faults = [text for label, text in same if verdict(text, **REGISTRY.rows[label]) is not None]
    assert same and faults == []        # what says the same by argument must hold as well


def test_the_argument_that_a_misprint_is_none_holds():
    """What says the same by argument is evaluated too: it must hold, or the argument is wrong."""
    for label in ("loop-step", "hadamard", "chain-of-one", "taylor-remainder"):
        base = misprints.canonical(read(PRINTED[label]))
        texts = [text for kind, text in misprints.misprints(PRINTED[label]) if kind in ("order", "transpose")
                 and misprints.canonical(read(text)) == base]
        assert texts
        for text in texts[:2]:
            assert verdict(text, **REGISTRY.rows[label]) is None, text


def test_what_is_printed_of_errors_is_the_limit_and_no_measured_number():
    """The digits of a rounding error differ from processor to processor."""
    for digits in (1.0, 2.9, 9.99):
        worst = {"precise": digits * 1e-36, "float": digits * 1e-15, "step": digits * 1e-14, "nudges": digits * 1e-8}
        assert headline(worst) == "to within 1e-12"
    assert headline({"float": 0.0, "precise": 0.0}) == "exactly"
    assert [ROUTES[name].limit for name in ("forward_difference", "complex_step", "rate")] == ["1e-5", "1e-13", "0.02"]
