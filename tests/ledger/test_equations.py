"""The equation ledger: what the grammar reads and refuses, what the evaluator gives, and that it stops at every fault."""

import json
import re
import time
from pathlib import Path

import book
import misprints
import mpmath
import numpy as np
import pytest
from bs4 import BeautifulSoup
from ledger import referees, scenes, store
from ledger.check import all_cases, examine, finish, holds, merge
from ledger.evaluate import Evaluator, Wrong
from ledger.grammar import Refused, parse, read
from ledger.inline import Page
from test_site import small

import nnlib

ROOT = Path(__file__).resolve().parents[2]
REGISTRY, _ = store.read_registry(ROOT / "book" / "equations.toml")
PRINTED = {label: latex for path in sorted((ROOT / "book").glob("*.md"))
           for latex, label in re.findall(r"^\$\$ (.*) \$\$ \(([a-z0-9-]+)\)$", path.read_text(encoding="utf-8"), re.M)}


def verdict(latex, **row):
    """What the check says of one equation; None if it holds."""
    return finish(merge(examine([("label", latex, row)], REGISTRY)), row)["fault"]



# The grammar ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("label", PRINTED)
def test_every_printed_equation_is_read_and_can_be_written_again(label):
    tree = read(PRINTED[label])
    assert read(misprints.write(tree)) == tree


@pytest.mark.parametrize("latex, told", [
    (r"\mathbf{p} \odot \mathbf{W}\mathbf{v} = 1", "parentheses"),
    (r"\mathbf{W}\mathbf{v} \odot \mathbf{p} = 1", "parentheses"),
    (r"\mathbf{p} \odot (\mathbf{u} + \mathbf{v}) \mathbf{w} = 1", "parentheses"),
    (r"\mathbf{x} = \operatorname{Re} \mathbf{y}", r"\operatorname{Re}"),
    (r"\mathbf{x} \times \mathbf{y} = 1", r"\times"),
    (r"2 \cdot 3 4 = 24", "right after"),
    (r"(1 + 2 = 3", "cannot stand"),
    (r"1 + 2) = 3", "cannot stand"),
    (r"\mathbf{x}", "too early"),
    (r"\mathbf{o} \mathbf{x} = 1", "selector"),
    (r"\mathbf{x}' = 1", "no function"),
    (r"\phi^m = 1", "cannot stand"),
    (r"\mathbf{x}^1^2 = 1", "two scripts"),
    (r"\begin{pmatrix} 1 & 2 \\ 3 \end{pmatrix} = 1", "equally long"),
    (r"\hat{\mathbf{y}} = (\dots \mathbf{x} \dots)", "neither of its two chains"),
    (r"\hat{\mathbf{y}} = \phi^n(\dots \mathbf{x} \dots)", "enclose one"),
    (r"\hat{\mathbf{y}} = \phi^{n\prime}(\mathbf{z}^n) \odot (\mathbf{W}^n (\dots \mathbf{x} \dots))", "enclose one pair"),
])
def test_what_is_not_in_the_grammar_is_refused_by_name(latex, told):
    with pytest.raises(Refused, match=re.escape(told)):
        parse(latex)


def test_the_readme_prints_the_front_pages_formula():
    printed = re.search(r"^\$\$(.*)\$\$$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)[1]
    row = {**REGISTRY["equations"]["whole-book"], "for": "0 < m < n" if "phi^{m-1}" in printed else "0 <= m < n"}
    assert verdict(printed, **row) is None


# The evaluator, against numbers that were worked out by hand ----------------------------------------------------------

@pytest.fixture
def pencil():
    with mpmath.workdps(60):
        yield scenes.NetworkScene(scenes.Float(), referees.Nudges(referees.plain_case(nnlib.pencil_network(), [2, 3])))


@pytest.mark.parametrize("latex, by_hand", [
    (r"\mathbf{W}^0 \mathbf{x} + \mathbf{b}^0", [-4, 3, -2]),
    (r"\phi^{1\prime}(\mathbf{z}^1) \odot (\mathbf{W}^1 (0, 12, 0))", [-144, -48]),
    (r"\mathbf{W}^1_{2,} \mathbf{a}^1", 1),
    (r"\mathbf{W}^0_{,1}", [-2, 1, 2]),
    (r"\sum_j \mathbf{W}^2_{3,j} \mathbf{a}^2_j", 1),
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
    value = Evaluator(pencil).settled(parse(f"{latex} = 0").args[1], {})
    np.testing.assert_allclose(np.array(value.array, float), by_hand, rtol=1e-12)


@pytest.mark.parametrize("latex, told", [
    (r"\mathbf{x} \mathbf{x}", "a column times a column"),
    (r"\mathbf{W}^0 \mathbf{b}^0", "2 columns meet 3 rows"),
    (r"\mathbf{x}^{\mathsf T} \mathbf{b}^0", "2 columns meet 3 rows"),
    (r"\mathbf{x} + \mathbf{b}^0", "column of 2 + a column of 3"),
    (r"\mathbf{q}", "no meaning"),
    (r"\mathbf{x}_3", "no place 3 among 2"),
    (r"\sum_j \mathbf{W}^0_{i,j} \mathbf{b}^0_j", "counts to 2 in one place and to 3"),
    (r"\sum_i \mathbf{x}_j", "stands nowhere in it"),
    (r"2 \odot 3", "joins two vectors"),
    (r"\phi^1(\mathbf{z}^0)", "acts on 2 numbers"),
])
def test_what_has_no_value_is_an_error_in_words(pencil, latex, told):
    with pytest.raises(Wrong, match=re.escape(told)):
        Evaluator(pencil).settled(parse(f"{latex} = 0").args[1], {"i": 1, "j": 1})


def test_the_dots_alternate_where_a_chain_of_slopes_would_pass():
    """Read as slopes alone, the dots agree up to n = 2: it is the deeper networks that tell."""
    misread = PRINTED["weight-first"].replace(r"(\dots", r"(\phi^{1\prime}(\mathbf{z}^1) \odot").replace(r"\dots", "")
    assert verdict(misread, **{"for": "0 < n"}) is not None
    assert verdict(PRINTED["weight-first"], function="dy_dW", **{"for": "0 < n"}) is None


# The referees ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", referees.HIGH)
def test_each_activation_and_slope_at_sixty_digits_is_itself(name):
    f, slope = referees.HIGH[name]
    plain, plain_slope = referees.PLAIN[name]
    with mpmath.workdps(60):
        for z in (-2.5, -0.75, 0.5, 3.0):
            assert abs(mpmath.diff(f, z) - slope(mpmath.mpf(z))) < 1e-20
            assert abs(f(mpmath.mpf(z)) - float(plain(np.float64(z)))) < 1e-15
            assert abs(slope(mpmath.mpf(z)) - float(plain_slope(np.float64(z)))) < 1e-15


def test_a_case_knows_its_shape():
    case = all_cases(REGISTRY)["pencil"][0]
    assert (case.n, case.widths, case.size) == (2, (2, 3, 2, 3), 6 + 3 + 6 + 2 + 6 + 3)
    case = referees.random_case((2, 4, 3), "tanh", np.random.default_rng(1))
    assert (case.n, case.widths, case.size, case.phi) == (1, (2, 4, 3), 8 + 4 + 12 + 3, ("tanh", "tanh"))
    assert referees.plain_case(case.network, case.x).y.tolist() == [0, 0.25, 0.5]


def test_the_referees_agree_and_notice_a_wrong_package(monkeypatch):
    def wrong(net, x, m, i, j):
        return nnlib.entries.dy_dW(net, x, m, i, j) * (1 + 1e-9)

    assert verdict(PRINTED["weight-last"], function="dy_dW", **{"for": "0 < n"}) is None
    monkeypatch.setattr(nnlib, "dy_dW", wrong)
    assert "in truth" in verdict(PRINTED["weight-last"], function="dy_dW", **{"for": "0 < n"})


def test_the_registry_must_name_the_right_function_and_the_right_layers():
    assert "names nnlib's dy_db" in verdict(PRINTED["weight-last"], function="dy_db", **{"for": "0 < n"})
    assert "written and not there" in verdict(PRINTED["weight-between"], function="dy_dW", **{"for": "0 <= m < n"})
    assert "leaves them out" in verdict(PRINTED["bias-between"], function="dy_db", **{"for": "0 < m < n"})
    assert "never evaluated" in verdict(PRINTED["forward-of-three"], function="forward", layers=9)
    assert holds("0 <= m < k <= n", {"m": 1, "k": 2, "n": 2}) and not holds("0 <= m < k <= n", {"m": 2, "k": 2, "n": 2})


def test_what_the_ledger_counts_is_what_was_compared():
    cases = all_cases(REGISTRY)
    layers = sum(case.n + 1 for case in cases["network"])
    for label, networks, comparisons in (
            ("layer-z", len(cases["network"]), layers),                 # at every layer
            ("phi-of-z", 1, 2),                                         # two equal signs
            ("hadamard", 7, 28),                                        # every place of 1 to 7 numbers
            ("o-row", 8, 16),
            ("central-difference", 3 * len(cases["nudge"]), 3 * len(cases["nudge"])),
            ("taylor-rate", len(cases["tangent"]), len(cases["tangent"]))):
        equation = [(label, PRINTED[label], REGISTRY["equations"][label])]
        halves = [examine(equation, REGISTRY, part, 2)[0] for part in range(2)]
        result = merge(halves)
        assert (result["networks"], result["comparisons"]) == (networks, comparisons), label
        assert networks < 5 or label in ("hadamard", "o-row") or all(half["networks"] > 0 for half in halves), label
        has = bool({"nnlib", "rounded"} & result["worst"].keys())
        assert has == bool(result["asked"]) == ("function" in REGISTRY["equations"][label]), label


def test_a_wrong_order_of_convergence_is_found():
    row = {**REGISTRY["equations"]["central-difference"], "order": 1}
    assert "shrinks like h^2" in verdict(PRINTED["central-difference"], **row)


def test_docstrings_and_registry_name_the_same_functions():
    for label, row in REGISTRY["equations"].items():
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
    with mpmath.workdps(60):
        found = Page("anywhere", REGISTRY).fault(latex)
    assert found is None if fault is None else fault in found


# Misprints ----------------------------------------------------------------------------------------------------------------

def judged(share, of):
    """(refused, told to be the same, found different, not found) among one share of all misprints."""
    made = [(label, text) for label, latex in PRINTED.items() for _, text in misprints.misprints(latex)][share::of]
    refused, same, rest = [], [], []
    for label, text in made:
        try:
            settled = misprints.canonical(read(text)) == misprints.canonical(read(PRINTED[label]))
            (same if settled else rest).append((label, text))
        except Refused:
            refused.append((label, text))
    rows = [REGISTRY["equations"][label] for label, _ in rest]
    results = examine([(label, text, row) for (label, text), row in zip(rest, rows)], REGISTRY)
    missed = [one for one, result, row in zip(rest, results, rows) if finish(merge([result]), row)["fault"] is None]
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
    rows = [REGISTRY["equations"][label] for label, _ in same]     # what is told to say the same must hold as well
    results = examine([(label, text, row) for (label, text), row in zip(same, rows)], REGISTRY)
    faults = [(text, result["fault"]) for (_, text), result in zip(same, results) if result["fault"]]
    assert same and faults == []


def test_the_argument_that_a_misprint_is_none_holds():
    """What is told to say the same is evaluated too: it must hold, or the argument is wrong."""
    for label in ("loop-step", "hadamard", "chain-of-one", "taylor-remainder"):
        base = misprints.canonical(read(PRINTED[label]))
        texts = [text for kind, text in misprints.misprints(PRINTED[label]) if kind in ("order", "transpose")
                 and misprints.canonical(read(text)) == base]
        assert texts
        for text in texts[:2]:
            assert verdict(text, **REGISTRY["equations"][label]) is None, text


# The whole, on small books ------------------------------------------------------------------------------------------------

RIGHT = r"""# A page

$$ \mathbf{z}^m = \mathbf{W}^m \mathbf{a}^m + \mathbf{b}^m $$ (layer-z)

In the pencil network $\mathbf{z}^1 = (3, -2)$.
"""
WRONG = r"""# A page of faults

$$ \mathbf{z}^m = \mathbf{W}^m \mathbf{a}^m - \mathbf{b}^m $$ (wrong-sign)

$$ \mathbf{x} = \mathbf{x} + \mathbf{x} - \mathbf{x} + \mathbf{x} - \mathbf{x} $$

$$ \mathbf{a}^0 = \mathbf{x} $$ (no-check)

$$ \mathbf{a}^0 = \mathbf{x} \times 1 $$ (unknown-token)

\begin{align} \mathbf{x} &= \mathbf{x} \end{align}

In the pencil network $\mathbf{z}^1 = (3, 2)$.
"""
ROWS = {"layer-z": '[equations.layer-z]\nfunction = "forward"\nfor = "0 <= m <= n"\n',
        "wrong": '[equations.wrong-sign]\nfor = "0 <= m <= n"\n[equations.unknown-token]\n[equations.gone]\n'
                 "[pages.index]\nchosen = ['m = 5']\n"}


def small_book(folder, page, rows):
    """A book of one page, with a registry of its own."""
    small(folder, ROOT, page)
    (folder / "book" / "equations.toml").write_text(rows, encoding="utf-8")


def test_a_book_stops_at_every_kind_of_fault(tmp_path, capfd):
    small_book(tmp_path, WRONG, ROWS["wrong"])
    assert not book.equations(tmp_path)
    said = capfd.readouterr().out
    for fault in (r"md:3: WARNING: equation \(wrong-sign\) does not hold: on [\d-]+, \w+: .*\\mathbf\{b\}\^m at m = 0 is \(",
                  r"md:5: WARNING: an equation without a label: \$\$ \\mathbf\{x\} = \\mathbf\{x\} \+ .{31} … \$\$ needs",
                  r"md:7: WARNING: equation \(no-check\) has no check",
                  r"md:9: WARNING: equation \(unknown-token\) does not hold: \\times is not in the grammar",
                  r"md:11: WARNING: an equation outside",
                  r"md:13: WARNING: .* the sides are \(3, -2\) and \(3, 2\)",
                  r"WARNING: .*\[equations\.gone\] belongs to no equation",
                  r"WARNING: .*speaks of \$m = 5\$, which is not on that page"):
        assert re.search(fault, said), f"{fault} is not in:\n{said}"


def test_a_right_book_passes_and_is_evaluated_once(tmp_path, capfd):
    small_book(tmp_path, RIGHT, ROWS["layer-z"])
    for fresh in (1, 0):
        start = time.monotonic()
        assert book.equations(tmp_path)
        said = capfd.readouterr().out
        assert f"1 displayed equations hold, {fresh} of them evaluated anew" in said
        assert "0 are prose only; 1 equalities in the text" in said
        assert int(re.search(r"\((\d+) s\)$", said.strip())[1]) <= time.monotonic() - start + 1
    stored = json.loads((tmp_path / "_build" / "equations.json").read_text())
    page = tmp_path / "book" / "index.md"
    page.write_text(page.read_text().replace("+", "-"))
    assert not book.equations(tmp_path)
    assert "does not hold" in capfd.readouterr().out
    assert stored.keys() - json.loads((tmp_path / "_build" / "equations.json").read_text()).keys()


# What the reader sees -------------------------------------------------------------------------------------------------

def test_an_equation_that_is_not_evaluated_says_why(tmp_path):
    """Under itself and in the ledger; and what the ledger counts is what there is."""
    small_book(tmp_path, RIGHT + "\n$$ \\mathbf{b} $$ (a-picture)\n",
               ROWS["layer-z"] + '[equations.a-picture]\nprose = "A picture."\n')
    (tmp_path / "book" / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n- file: ledger\n")
    parts = (f"```{{ledger}} {part}\n```\n" for part in ("summary", "displayed", "inline"))
    (tmp_path / "book" / "ledger.md").write_text("# The ledger\n\n" + "\n".join(parts))
    assert book.build(tmp_path, quiet=True)
    page, ledger = (BeautifulSoup((tmp_path / "_build" / "html" / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
                    for name in ("index", "ledger"))
    under = {one.find_previous_sibling("div")["id"]: one.get_text() for one in page.select("p.evaluated")}
    assert under.pop("equation-layer-z").startswith("layer-z · computed as printed on ")
    assert under == {"equation-a-picture": "Not evaluated: A picture. ledger"}
    rows = {row["id"]: [cell.get_text(" ", strip=True) for cell in row.select("td")] for row in ledger.select("tr[id]")}
    assert [*rows] == ["ledger-layer-z", "ledger-a-picture"]
    assert rows["ledger-a-picture"][1:] == ["prose only", "A picture."]
    assert rows["ledger-layer-z"][0].startswith("layer-z · A page · forward")
    assert re.match(r"\d+ networks, \d+ of letters; 0 ≤ m ≤ n$", rows["ledger-layer-z"][1])
    assert ledger.select("tr[id] a[href='index.html#equation-a-picture']")
    said = " ".join(ledger.select_one("article p").get_text().split())
    assert said.startswith("2 equations are displayed in this book, and 1 are evaluated; the other says why not.")
    assert "Of the 1 equalities that stand in the text, 1 are evaluated" in said


def test_the_site_shows_every_equation_in_the_ledger_and_a_line_under_each(site):
    ledger = BeautifulSoup((site / "ledger.html").read_text(encoding="utf-8"), "html.parser")
    rows = {row["id"].removeprefix("ledger-") for row in ledger.select("div.ledger tr[id]")}
    assert rows == {*PRINTED} == {*REGISTRY["equations"]}
    assert f"{len(rows)} equations are displayed in this book, and all are evaluated." in " ".join(
        ledger.select_one("article").get_text().split())
    lines = 0
    for page in site.glob("*.html"):
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        for formula in soup.select("main div.math[id^=equation-]"):
            line = formula.find_next_sibling("p", class_="evaluated")
            assert line.get_text().startswith(formula["id"].removeprefix("equation-") + " · computed as printed on ")
            assert line.select(f"a[href$='#{formula['id'].replace('equation', 'ledger')}']")
            lines += 1
    assert lines == len(PRINTED)


def test_few_equations_are_prose_only():
    prose = [label for label, row in REGISTRY["equations"].items() if "prose" in row]
    assert len(prose) < 6
