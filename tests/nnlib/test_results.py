"""Results of any program are read, or refused with one sentence that says where and what to do."""
import json
import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from nnlib.results import INDICES, LONGEST_WORD, MOST_VALUES, Unreadable, number, read_results
from nnlib.vectors import QUANTITIES

PENCIL = {"pencil": {"y_hat": [[9, 25, 16]], "loss": 7.0}}
NUMBERS = {(0, 0): 9, (0, 1): 25, (0, 2): 16}


def values(content):
    return {place: one.value for place, one in read_results(content)["pencil"]["y_hat"].items()}


# ---- what is read ------------------------------------------------------------------------------------------------------

LINES = "# mine\n\npencil y_hat 0 2 16\n  pencil\ty_hat 0 0 9 # first\npencil y_hat 0 1 25"


@pytest.mark.parametrize("content", [
    LINES, LINES.encode(), LINES.replace("\n", "\r\n"), LINES.replace("\n", "\r"), "\ufeff" + LINES,
    b"\xef\xbb\xbf" + LINES.encode(),
    LINES.encode("utf-16"), LINES.encode("utf-32"), LINES.encode() + b" # caf\xe9\n", LINES + "\n" + LINES,
    json.dumps(PENCIL), json.dumps(PENCIL, indent=2).encode("utf-16"),
    json.dumps({"results": PENCIL, "program": [1, {"a": None}]}),
    '{"pencil": {"y_hat": [[9., 2.5D+1, 0x1p4]]}}', bytearray(LINES.encode())])
def test_lines_and_json_in_any_dress(content):
    assert values(content) == NUMBERS


def test_null_stands_for_any_part():
    text = '{"pencil": {"z": null, "y_hat": [[9, null, 16]], "grad_W": [null, null, [[1, 2], [3, null], null]]}}'
    assert values(text) == {(0, 0): 9, (0, 2): 16}
    assert [*read_results(text)["pencil"]["grad_W"]] == [(2, 0, 0), (2, 0, 1), (2, 1, 0)]


def test_the_line_of_a_number_is_known():
    assert [one.line for one in read_results(LINES)["pencil"]["y_hat"].values()] == [3, 4, 5]
    found = read_results('{"pencil":\n{"y_hat":\n[[9,\n25, 16]]}}')
    assert [one.line for one in found["pencil"]["y_hat"].values()] == [3, 4, 4]


@pytest.mark.parametrize("text, value", [
    ("-0", -0.0), ("1.", 1.0), (".5", 0.5), ("+2", 2.0), ("1.5D+3", 1500.0), ("1.5d3", 1500.0), ("1.5Q0", 1.5),
    ("1.5-300", 1.5e-300),
    ("1e400", math.inf), ("-1e400", -math.inf), ("1e999999999999", math.inf), ("0x1.8p+1", 3.0), ("-0X.8P1", -1.0),
    ("0x10", 16.0),
    ("0x1p99999", math.inf), ("-0x1p99999", -math.inf), ("inf", math.inf), ("-Infinity", -math.inf), ("1.#INF", math.inf),
    ("-1.#INF00", -math.inf), ("9" * 310, math.inf)])
def test_numbers(text, value):
    assert number(text) == value and math.copysign(1, number(text)) == math.copysign(1, value)


@pytest.mark.parametrize("text", ["nan", "-nan(ind)", "NaN", "+nan", "1.#QNAN", "-1.#IND00", "nan(0x8000)"])
def test_no_values(text):
    assert math.isnan(number(text)) and math.isnan(read_results(f"pencil loss {text}")["pencil"]["loss"][()].value)


@pytest.mark.parametrize("text", ["", ".", "-", "e5", "1e", "1e+", "0x", "0xp1", "1_0", "٣", "1,5", "1.2.3", "1 2", "--1",
        "true", "null", "1f",
                                  "nano", "1.#", "1j", "9" * (LONGEST_WORD + 1)])
def test_no_numbers(text):
    assert number(text) is None


@given(some.floats(allow_nan=False))
def test_what_programs_print_of_a_double_is_that_double(x):
    assert all(struct.pack("d", number(text)) == struct.pack("d", x)
            for text in (repr(x), x.hex(), f"{x:.17g}", f"{x:.17E}"))


def test_the_quantities_are_those_of_the_vectors():
    assert (*INDICES,) == QUANTITIES


# ---- what is refused ---------------------------------------------------------------------------------------------------

def y_hat(text):
    return f'{{"pencil": {{\n"y_hat": {text}}}}}'


REFUSED = {
    "": "holds no number", " \n\n": "holds no number", "# a\n": "holds no number", "{}": "holds no number",
    '{"pencil": {}}': "holds no number", y_hat("null"): "holds no number",
    "[]": "the file is a list", '{"vectors": []}': "the vectors themselves",
    y_hat("[[9, 25")[:-2]: "line 2, in pencil.y_hat[0][2]: the file ends while 4 brackets are open",
    "[" * 10**6: "nest more than 20 deep", '{"a":' * 10**5: "nest more than 20 deep",
    y_hat("[" + "1," * (MOST_VALUES + 2)): f"more than {MOST_VALUES} values",
    '{"pencil": {"loss": 1},\n"pencil": {}}': 'line 2, in pencil: "pencil" stands there twice',
    '{"pencil": {"loss": 3, "loss": 3}}': "stands there twice",
    y_hat('[["9", 25, 16]]'): 'line 2, pencil.y_hat[0][0]: "9" is text; write the number without quotes',
    y_hat("[9, 25, 16]"): "a flat row", y_hat("[[9], [25], [16]]"): "looks transposed",
    y_hat("[[[9, 25, 16]]]"): "one pair of brackets is too many",
    y_hat("[[9, 25]]"): "pencil.y_hat[0] must be a list of 3 numbers; got a list of 2 numbers",
    y_hat("[[9,0, 25,0, 16,0]]"): "does a comma stand where a decimal point belongs?",
    y_hat("[[9 25, 16]]"): 'a comma is missing before "25"', y_hat("[[9, 25, 16],]"): "leave out the comma",
    y_hat("[[9, 25, 16]] /* a */"): "JSON has no comments", "# a\n" + json.dumps(PENCIL): "line 1: JSON has no comments",
    y_hat("[[9, {}, 16]]"): "pencil.y_hat[0][1] must be a number; got an object", y_hat("[[9, true, 16]]"): "write 1 or 0",
    y_hat("[[9, abc, 16]]"): 'line 2, pencil.y_hat[0][1]: "abc" is no number', y_hat("7"): "got \"7\"",
    y_hat("[[]]"): "got a list of 0",
    "{'pencil': 1}": "in double quotes", '{"pencil" 1}': "a colon is missing", '{"pencil": }': "a value is missing",
    "{,}": "a name in double",
    json.dumps(PENCIL) + "x": "more follows", '{"pencil': 'begins with " and does not end',
    '{"pencil": 3}': "must hold its quantities",
    '{"pencil": {"grad_W": [[[1, 2, 3], [4, 5, 6]], null, null]}}': "pencil.grad_W[0] must be lists of 3 × 2 numbers",
    '{"pencil": {"z": [[-4, 3, -2], [3, -2], [3, 5, -4]]}}': "a pair of brackets is missing",
    '{"pencl": {}}': "did you mean pencil?", '{"pencil": {"yhat": 1}}': "did you mean y_hat?",
    "pencil los 3": "did you mean loss?",
    "a 1": "no vector is called", '{"pencil": {"p": 1}}': "pencil has no p; it has z, y_hat,",
    "pencil W 0 0 0 1": "gives to your program",
    "pencil": "ends behind pencil", "pencil loss": "2 words where 3 belong", "pencil loss 3,5": "write a point, not a comma",
    "pencil loss −3": "write the sign as -", "pencil loss true": "write 1 or 0",
    "pencil loss null": "leave out what is missing",
    "pencil loss " + "9" * 5000: "no number that long", "pencil,loss,3": "separate the words by blanks",
    "3 4": "begins with a number",
    "pencil loss 3\n\npencil loss 4": 'line 3 gives pencil loss again, "4" where line 1 has "3"',
    "pencil y_hat 0 3 1": "no k 3, only 0 … 2: indices count from 0, and their order is point, k",
    "pencil y_hat 1 1 1": "no point 1, only 0:",
    "pencil y_hat 0 -1 1": "no k -1", "pencil y_hat 0 1.0 1": "must be a whole number",
    "pencil y_hat 0 1": "pencil y_hat point k number",
    b"\x89PNG\0": "binary", "pencil loss 3".encode("utf-16-le"): "without its mark", b"caf\xe9 1": "no vector is called",
    "x" * 10**6: "no vector is called", "\ud800": "no vector is called", '{"' + "\\" * 10**6: "does not end in its line",
}


@pytest.mark.parametrize("content", REFUSED, ids=lambda content: repr(content[:30]))
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(content):
    with pytest.raises(Unreadable) as problem:
        read_results(content)
    said = str(problem.value)
    assert REFUSED[content] in said and len(said) < 260 and "\n" not in said


def test_content_is_text_or_bytes():
    with pytest.raises(TypeError, match="must be text or bytes; got a dict"):
        read_results({})


def test_progress_is_told_and_grows():
    shares = []
    read_results("pencil loss 3\n" * 50000, shares.append)
    read_results('{"a": [' + "[], " * 30000 + '0], "results": ' + json.dumps(PENCIL) + "}", shares.append)
    assert len(shares) > 4 and all(0 < share < 1 for share in shares) and shares[0] < shares[1]


@settings(max_examples=300)
@given(some.one_of(some.binary(max_size=60), some.text(max_size=60), some.lists(some.sampled_from(
    ["{", "}", "[", "]", ",", ":", '"', "pencil", '"pencil"', '"y_hat"', "loss", " ", "\n", "9", "-1", "nan", "null", "#",
    "\\", "0x"]),
    max_size=25).map("".join)))
def test_nothing_but_a_sentence_comes_of_noise(content):
    try:
        read_results(content)
    except Unreadable as problem:
        assert len(str(problem)) < 260
