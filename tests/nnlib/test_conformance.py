"""Right programs are told so, in any precision and print; a wrong number is found, and never called right."""
import json
import math
import os
import subprocess
import sys
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from plain import ORDERS, results

from nnlib import comparison, conformance
from nnlib.comparison import DOUBLE, SINGLE, Numbers, tolerance_of
from nnlib.conformance import check, command
from nnlib.results import INDICES, Unreadable, read_results
from nnlib.vectors import vectors

VECTORS = {vector.name: vector for vector in vectors()}
FAR_OUT = {"saturated", "scores"}
RIGHT = {name: results(vector) for name, vector in VECTORS.items()}
RIGHT_IN_SINGLE = {name: results(vector, np.float32) for name, vector in VECTORS.items()}
FORMS = {"shortest": repr, "17 digits": "%.17g".__mod__, "hexadecimal": float.hex, "%f": "%f".__mod__, "%g": "%g".__mod__,
         "%.4f": "%.4f".__mod__, "%e": "%e".__mod__, "%.3g": "%.3g".__mod__, "%.10f": "%.10f".__mod__,
         "%.14g": "%.14g".__mod__,
         "%.9g": "%.9g".__mod__, "%.2f": "%.2f".__mod__,
         "float32": lambda x: str(np.float32(x if abs(x) < 1e38 else np.inf * x))}


def entries(nested, place=()):
    if not isinstance(nested, list):
        return [(place, nested)]
    return [pair for k, part in enumerate(nested) for pair in entries(part, (*place, k))]


def lines(found, form=repr):
    return "\n".join(" ".join([name, quantity, *map(str, place), form(x)]) for name, quantities in found.items()
                     for quantity, nested in quantities.items() for place, x in entries(nested))


def with_entry(found, name, quantity, place, value):
    found = deepcopy(found)
    inner = found[name]
    for key in (quantity, *place)[:-1]:
        inner = inner[key]
    inner[(quantity, *place)[-1]] = value
    return found


def worst(F, textbook, names):
    """How far plain programs are from right, in parts of the largest of a layer."""
    found = 0.0
    for name in names:
        for order in ORDERS:
            for quantity, nested in results(VECTORS[name], F, order, textbook).items():
                numbers = Numbers.of(VECTORS[name], quantity)
                off = abs(np.array([x for _, x in entries(nested)]) - numbers.expected)
                found = max(found, float((off / numbers.scale(numbers.expected)).max()))
    return found


# ---- tolerances --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("F, reached, allowed", [(np.float64, 1e-14, DOUBLE), (np.float32, 1e-5, SINGLE)])
@pytest.mark.parametrize("textbook", [False, True])
def test_right_programs_stay_far_below_the_tolerance(F, reached, allowed, textbook):
    found = worst(F, textbook, VECTORS.keys() - FAR_OUT)
    assert allowed / 1e5 < found < reached < allowed / 4


def test_the_right_formulas_hold_far_out_too():
    assert worst(np.float64, False, FAR_OUT) < 1e-14


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("found", [RIGHT, RIGHT_IN_SINGLE], ids=["double", "single"])
def test_right_programs_are_right_however_they_print(found, form):
    report = check(lines(found, FORMS[form]))
    assert report.verdict == "right" and not report.wrong and report.count("right") > 2000


@pytest.mark.parametrize("found, form, single, told, printed", [
    (RIGHT, "shortest", False, True, ""), (RIGHT, "hexadecimal", False, True, ""), (RIGHT, "%f", True, False, "6 decimals"),
    (RIGHT, "%g", True, False, "6 digits"), (RIGHT, "%.4f", True, False, "4 decimals"),
    (RIGHT, "%.10f", False, True, "10 decimals"),
    (RIGHT, "%.14g", False, True, "14 digits"), (RIGHT, "%.3g", True, False, "3 digits"),
    (RIGHT_IN_SINGLE, "shortest", True, True, ""),
    (RIGHT_IN_SINGLE, "hexadecimal", True, True, ""), (RIGHT_IN_SINGLE, "float32", True, False, ""),
    (RIGHT_IN_SINGLE, "%.10f", True, True, "10 decimals")])
def test_the_precision_is_told_from_the_digits(found, form, single, told, printed):
    tolerance = tolerance_of(read_results(lines(found, FORMS[form])))
    assert (tolerance.single, tolerance.told) == (single, told)
    assert printed in str(tolerance) and (printed or form == "float32" or "printed" not in str(tolerance))
    assert ("single" in str(tolerance)) == single and f"{SINGLE if single else DOUBLE:g}" in str(tolerance)


def test_one_quantity_may_be_printed_shorter():
    text = "\n".join(line if " loss " not in line else "{} {} {:.3f}".format(*line.split()[:2], float(line.split()[2]))
                     for line in lines(RIGHT).split("\n"))
    report = check(text)
    assert report.verdict == "right" and "3 decimals of loss" in str(report.tolerance) and not report.tolerance.single


def test_a_number_too_small_for_its_digits_is_excused_and_not_certified():
    """Of two decimals, 0.00 says nothing of 0.003, and 0.01 nothing of 0.007."""
    small = [(f"{name} grad_b {m} {r}", number) for name, found in RIGHT.items() for m, row in enumerate(found["grad_b"])
             for r, number in enumerate(row) if name != "saturated"]
    below = next(place for place, number in small if 0.001 < abs(number) < 0.004)
    above, number = next((place, number) for place, number in small if 0.0055 < abs(number) < 0.009)
    near = f"{above} {'-' * (number < 0)}0.01"
    report = check(f"pencil loss 7.00\n{below} 0.00\n{near}")
    assert report.verdict == "right" and report.count("right") == 1 and report.count("excused") == 2
    assert "2 numbers are too small" in str(report) and report.right == {"pencil": ["loss"]}
    with pytest.raises(Unreadable, match="print more digits"):
        check(f"{below} 0.00\n{near}")
    assert check(f"{below} 0.00\n{above} 0.00").verdict == "wrong"


def test_zeros_are_not_right():
    zeros = {name: {"grad_W": [[[0.0 for x in row] for row in W] for W in found["grad_W"]]} for name, found in RIGHT.items()}
    for form in FORMS.values():
        report = check(lines(zeros, form))
        assert report.verdict == "wrong" and "pencil" in report.wrong and "smallest" in report.wrong


def test_a_lost_slope_and_an_overflow_are_told():
    found = check(json.dumps({"saturated": results(VECTORS["saturated"], textbook=True)}))
    assert found.verdict == "wrong" and found.first.quantity == "grad_b" and "lose the digits" in str(found)
    for F in (np.float64, np.float32):
        found = check(lines({name: results(vector, F, textbook=True) for name, vector in VECTORS.items()}))
        assert {*found.wrong} == FAR_OUT and "largest score subtracted" in str(found)
        assert found.tolerance.single == (F is np.float32)


def test_what_single_precision_cannot_hold_is_excused():
    assert check(lines({"saturated": RIGHT_IN_SINGLE["saturated"]})).verdict == "right"


# ---- the report --------------------------------------------------------------------------------------------------------

def test_a_right_report():
    report = check(json.dumps(RIGHT))
    count = sum(len(entries(nested)) for found in RIGHT.values() for nested in found.values())
    assert report.verdict == "right" and report.first is None and report.diagnosis is None and report.not_tried() == {}
    assert report.count("right") > 0.99 * count == 0.99 * report.count("right", "excused") and report.count("missing") == 0
    assert "of 18 vectors" in str(report) and "not tried" not in str(report)


def test_what_was_not_tried_is_said():
    report = check("pencil y_hat 0 0 9\npencil y_hat 0 2 16\npencil loss 7")
    assert report.verdict == "right" and report.count("right") == 3 and report.count("missing") == 1
    assert "z, y_hat, dy_db, dy_dW, grad_b, grad_W, b_after, W_after" in " ".join(str(report).split())
    assert report.not_tried()["y_hat"] == [*VECTORS] and "pencil" not in report.not_tried()["loss"]


def test_the_first_wrong_is_in_the_smallest_network_and_the_first_quantity():
    wrong = with_entry(RIGHT, "tanh", "z", (0, 0, 0), 3.0)
    wrong = with_entry(wrong, "smallest", "W_after", (0, 0, 0), 3.0)
    assert check(json.dumps(wrong)).first[:3] == ("smallest", "W_after", (0, 0, 0))
    wrong = with_entry(wrong, "smallest", "grad_b", (0, 0), 3.0)
    assert check(json.dumps(wrong)).first[:3] == ("smallest", "grad_b", (0, 0))
    wrong = with_entry(RIGHT, "scores", "y_hat", (0, 0), 3.0)
    assert check(json.dumps(wrong)).first.vector == "scores"
    wrong = with_entry(wrong, "kinds", "y_hat", (0, 0), 3.0)
    assert check(json.dumps(wrong)).first.vector == "kinds", "vectors that ask for more than right formulas come last"


@pytest.mark.parametrize("quantity, places, first", [
    ("grad_W", [(0, 0, 0), (1, 2, 1), (1, 2, 0)], (1, 2, 0)), ("b_after", [(0, 3), (1, 3), (1, 2)], (1, 2)),
    ("z", [(0, 1, 0), (4, 0, 1), (1, 0, 5)], (1, 0, 5)), ("y_hat", [(3, 0), (2, 3)], (2, 3))])
def test_the_first_wrong_in_the_order_in_which_a_program_computes(quantity, places, first):
    wrong = RIGHT
    for place in places:
        wrong = with_entry(wrong, "batch", quantity, place, 3.0)
    report = check(lines(wrong))
    assert report.first.place == first and report.count("wrong") == len(places) and report.wrong == {"batch": [quantity]}
    assert report.first.got.value == 3 and dict(entries(VECTORS["batch"].expected[quantity]))[first] == report.first.expected


def test_a_transposed_matrix_is_shown_beside_the_right_one():
    wrong = deepcopy(RIGHT)
    wrong["equal_widths"]["grad_W"][1] = [*map(list, zip(*wrong["equal_widths"]["grad_W"][1]))]
    text = str(check(json.dumps(wrong)))
    assert "grad_W[1][0][1] of equal_widths (layer 1, row 0, column 1)" in text.replace("\n",
            " ") and text.count("*") == 1 + 6


@pytest.mark.names
@pytest.mark.long
@pytest.mark.parametrize(("quantity", "value"), [*zip(INDICES, 2 * [3.0, math.nan, -math.inf, 1e300, 1e-7])])
def test_every_report_fits_the_page(quantity, value):
    having = [name for name, vector in VECTORS.items() if quantity in vector.expected]
    for name in having[len(quantity) % 3::3]:                           # others for each quantity
        place = entries(VECTORS[name].expected[quantity])[-1][0]
        report = check(lines(with_entry({name: RIGHT[name]}, name, quantity, place, value)))
        rows = str(report).split("\n")
        assert report.verdict == "wrong" and len(rows) <= 30 and max(map(len, rows)) <= 79
        json.dumps(report.as_dict(), allow_nan=False)


def test_numbers_for_programs():
    found = check(lines(with_entry(RIGHT, "twin", "loss", (), math.nan))).as_dict()
    assert found["verdict"] == "wrong" and found["wrong"] == {"twin": ["loss"]} and found["right"]["pencil"][0] == "z"
    remark, matrix = found["first"].pop("remark"), found["first"].pop("matrix")
    assert {**found["first"], "line": 0} == {"vector": "twin", "quantity": "loss", "indices": [], "got": "nan", "line": 0,
                                             "expected": VECTORS["twin"].expected["loss"], "name": "loss"}
    assert remark.startswith("nan and inf") and [[one["got"], one["verdict"], one["first"]] for one in matrix[0]] == [
        ["nan", "wrong", True]]
    assert found["numbers"]["wrong"] == 1 and found["tolerance"]["precision"] == "double" and found["not_tried"] == {}


@pytest.mark.parametrize("quantity, place, shape", [("grad_W", (1, 1, 2), (2, 3)), ("dy_dW", (0, 1, 0, 1), (3, 2)),
                                                    ("z", (0, 1, 0), (1, 2)), ("grad_b", (2, 1), (1, 3))])
def test_the_matrix_of_the_first_wrong_entry(quantity, place, shape):
    """It is the matrix of that layer and output, and one entry of it is wrong, the first."""
    first = check(lines(with_entry(RIGHT, "pencil", quantity, place, 7.5))).as_dict()["first"]
    rows, columns = shape
    assert first["name"] == quantity + "".join(f"[{k}]" for k in place)
    assert [len(row) for row in first["matrix"]] == [columns] * rows
    row, column = (place[-2], place[-1]) if quantity == "grad_W" else (place[1], place[2]) if quantity == "dy_dW" else (
        0, place[-1])
    for r, several in enumerate(first["matrix"]):
        for c, one in enumerate(several):
            is_it = (r, c) == (row, column)
            assert one["first"] == is_it == (one["verdict"] == "wrong") and (one["got"] == "7.5") == is_it
            assert is_it or one["expected"] == one["got"]


# ---- fuzz --------------------------------------------------------------------------------------------------------------

KINDS = {name: RIGHT[name] for name in ("pencil", "sigmoid", "classifier")}
PLACES = [(name, quantity, place, x) for name, found in KINDS.items() for quantity, nested in found.items() for place,
        x in entries(nested)]


@pytest.mark.names
@pytest.mark.long
@settings(max_examples=40, deadline=None)
@given(some.sampled_from(PLACES), some.sampled_from(["shortest", "%f", "%g", "%.10f", "float32", "hexadecimal"]),
       some.one_of(some.floats(), some.floats(0.8, 1.2), some.sampled_from([0.0, -0.0, math.inf, math.nan])),
       some.booleans())
def test_a_changed_number_is_never_right(where, form, value, as_factor):
    name, quantity, place, x = where
    value = x * value if as_factor else value
    report = check(lines(with_entry(KINDS, name, quantity, place, value), FORMS[form]))
    numbers = Numbers.of(VECTORS[name], quantity)
    layer = numbers.scale(numbers.expected)[numbers.places.index(place)]
    far = {"shortest": 1e-10, "hexadecimal": 1e-10, "%.10f": 1e-10 + 1e-9 / layer}.get(form, 2e-4 + 2e-6 / layer)
    if not abs(value - x) <= far * layer + 1e-300:
        assert report.verdict == "wrong" and report.first[:3] == (name, quantity, place) and report.count("wrong") == 1
    elif abs(value - x) < far * layer / 1e3:
        assert report.verdict == "right"


@settings(max_examples=100, deadline=None)
@given(some.data(), some.booleans())
def test_a_mutated_file_gives_a_report_or_a_sentence(data, as_json):
    text = json.dumps(KINDS, indent=1) if as_json else lines(KINDS)
    for _ in range(data.draw(some.integers(1, 3))):
        start = data.draw(some.integers(0, len(text)))
        end = start + data.draw(some.sampled_from([0, 1, 2, 40, len(text)]))
        text = text[:start] + data.draw(some.text(alphabet='0123456789.,-+eE[]{}":#\n xpn', max_size=4)) + text[end:]
    try:
        assert str(check(text))
    except Unreadable as problem:
        assert len(str(problem)) < 260


# ---- the command -------------------------------------------------------------------------------------------------------

def test_the_command(tmp_path, capsys):
    file = tmp_path / "results.txt"
    for content, code, said in ((lines(RIGHT), 0, "right: "), ("pencil loss 3", 1, "wrong: 1 of 1"),
            ("pencl loss 3", 2, "did you mean pencil?")):
        file.write_text(content, encoding="utf-8")
        assert command(str(file)) == code and said in capsys.readouterr().out
        assert command(str(file), as_json=True) == code
        found = json.loads(capsys.readouterr().out)
        assert found["verdict"] == ["right", "wrong", "unreadable"][code] and ("problem" in found) == (code == 2)


@pytest.mark.parametrize("path, said", [("none.txt", "there is no file"), (".", "is a folder"),
        ("a\0b", "no name of a file"),
                                        ("x" * 5000, "cannot be read")])
def test_a_file_that_is_none(path, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command(path) == 2
    told = capsys.readouterr().out
    assert told.startswith("unreadable: ") and said in told and len(told) < 200


def test_a_file_that_may_not_be_read_or_is_too_long(capsys, tmp_path, monkeypatch):
    def refused(*args):
        raise PermissionError(13, "Permission denied")

    file = tmp_path / "long.txt"
    file.write_text("pencil loss 7\n")
    monkeypatch.setattr(conformance, "LONGEST", 5)
    assert command(str(file)) == 2 and "MB; all results together need less" in capsys.readouterr().out
    monkeypatch.setattr("builtins.open", refused)
    assert command(str(file)) == 2 and "cannot be read: Permission denied" in capsys.readouterr().out


def test_a_long_file_shows_a_bar_to_a_person_and_to_no_program(capsys, tmp_path, monkeypatch):
    file = tmp_path / "long.txt"
    file.write_text("pencil loss 7\n" * 50000)
    monkeypatch.setattr(conformance, "LONG_FILE", 1000)
    assert command(str(file)) == 0 and capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert command(str(file)) == 0
    shown = capsys.readouterr().err
    assert "reading ####" in shown and shown.endswith(" \r")


@pytest.mark.not_for_mutants
def test_standard_input_and_a_narrow_terminal():
    ran = subprocess.run([sys.executable, "-m", "nnlib", "check", "-"], input=b"saturated grad_b 2 0 0.5",
            capture_output=True,
                         env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=False)
    assert ran.returncode == 1 and b"  expected 1.02" in ran.stdout and ran.stderr == b""
    assert comparison.WRONG.encode() in ran.stdout
