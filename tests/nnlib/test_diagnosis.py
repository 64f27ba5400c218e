"""Which bug a program has: planted ones are named, by every number, and nothing else is."""
import re

import numpy as np
import pytest

from nnlib.bugs import BUGS, hypotheses
from nnlib.conformance import check
from nnlib.diagnosis import results_with
from nnlib.lines import Bug
from nnlib.results import INDICES
from nnlib.vectors import vectors

pytestmark = [pytest.mark.names, pytest.mark.not_for_mutants]
NAMED = {}
for one in hypotheses():                           # of bugs with one name the first
    NAMED.setdefault((one.name, one.place, one.shared), one)
HIDDEN = "all layers but the last"


def places(nested, place=()):
    if not isinstance(nested, list):
        return [place]
    return [one for k, part in enumerate(nested) for one in places(part, (*place, k))]


@np.errstate(all="ignore")
def lines(bugs, form=repr, wanted=INDICES, of=None, kind=float):
    """A results file of a program that has these bugs, as lines."""
    text = []
    for vector in vectors():
        asked = [name for name in vector.expected if name in wanted]
        if of is None or vector.name in of:
            for name, row in results_with(bugs, vector, asked).items():
                text += [" ".join(map(str, (vector.name, name, *place, form(float(kind(number))))))
                         for place, number in zip(places(vector.expected[name]), row)]
    return "\n".join(text)


def names(report):
    return [{bug.name for bug in bugs} for bugs in report.diagnosis.explanations] if report.diagnosis.named else []


@pytest.mark.parametrize("bug", [bug for k, bug in enumerate(BUGS) if k % 40 == 4], ids=lambda bug: bug.name)
def test_a_bug_is_named(bug):
    report = check(lines([bug]))
    assert report.verdict == "wrong"
    if report.diagnosis.wrong < 4:
        assert bug.changes.keys() <= {"loss", "loss_of_points"} and names(report) == []
        return
    assert {bug.name} in names(report)
    assert bug.says in str(report.diagnosis) and bug.cure in str(report.diagnosis)
    assert len(str(report).splitlines()) <= 34


@pytest.mark.soak
@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_every_bug_is_named(bug):
    report = check(lines([bug]))
    assert {bug.name} in names(report) or report.diagnosis.wrong < 4


PAIRS = [(("transposed-back", "", None), ("gradient-sum", "", None)),
         (("no-bias", "the last layer", None), ("slope-at-output", "", None)),
         (("sigmoid-f-as-σ(−z)", "the last layer", None), ("reads-own-output", "layer 0", "pull")),
         (("relu-slope-1 below 0 and 0 above", "", None), ("first-point-left-out-biases", "", None)),
         (("uphill", "", None), ("p-minus-1", "", None)),
         (("no-slope", HIDDEN, None), ("bias-times-inputs", "", None)),
         (("log-of-base-2", "", None), ("weights-without-input", "layer 0", None)),
         # Derivatives that are all found on one way, on which the other bug stands too.
         (("sum-not-cleared", "", "push"), ("weights-without-input", "the last layer", "push")),
         (("minus-back", "", "pull"), ("biases-twice", "layer 0", None)),
         # One bug takes what the other gives to places to which it does not lead by itself.
         (("minus-for-minus-equal", HIDDEN, None), ("new-weights", HIDDEN, None)),
         (("bias-times-inputs", HIDDEN, None), ("weights-half", "", None)),
         (("loss-after-the-step", "", None), ("uphill", "", None)),
         # There are three such pairs.
         (("biases-divided-by-outputs", "the last layer", None), ("back-mean", "the last layer", None))]


@pytest.mark.long
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: " and ".join(name for name, *_ in pair))
def test_a_pair_is_named(pair):
    bugs = [NAMED[key] for key in pair]
    report = check(lines(bugs))
    assert {bug.name for bug in bugs} in names(report) and "Two bugs together" in str(report.diagnosis)
    assert len(names(report)) <= 3


@pytest.mark.parametrize("form", [repr, "{:.6f}".format, "{:.9g}".format], ids=["shortest", "six decimals", "nine digits"])
def test_a_bug_is_named_from_fewer_digits(form):
    bug = NAMED["slope-at-output", HIDDEN, None]
    assert {bug.name} in names(check(lines([bug], form)))
    assert {bug.name} in names(check(lines([bug], form, ("grad_W", "grad_b"), kind=np.float32)))


@pytest.mark.long
@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug.open][::3], ids=str)
def test_a_bug_that_reads_past_the_end_is_named_whatever_stands_there(bug):
    rng = np.random.default_rng(3)
    for stands in (lambda: 0.0, rng.normal, lambda: float("nan")):
        text = lines([bug], form=lambda number, stands=stands: repr(number if number == number else float(stands())))
        assert {bug.name} in names(check(text))
    known = re.search("equal_widths z 0 0 0 (.*)", text)
    assert names(check(text.replace(known[0], f"equal_widths z 0 0 0 {float(known[1]) + 1}"))) == []


@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug.open][::3], ids=str)
def test_numbers_that_nobody_knows_are_no_evidence(bug):
    """A file of garbage alone, where the bug has none of its own."""
    text = lines([bug], of=["sigmoid", "tanh"], form=lambda number: "x" if number != number else repr(number))
    known = [line for line in text.splitlines() if line.endswith("x")]
    rng = np.random.default_rng(4)
    report = check("\n".join(line[:-1] + repr(float(rng.normal())) for line in known)) if known else None
    assert report is None or names(report) == []


def test_a_name_is_not_given_on_little():
    bug = NAMED["transposed-back", "", None]
    for of in (["square_batch"], ["pencil", "twin"], ["pencil", "equal_widths"]):
        report = check(lines([bug], of=of))
        assert report.verdict == "wrong" and names(report) == [], of
    assert "would tell more" in str(check(lines([bug], of=["square_batch"])).diagnosis)
    assert {bug.name} in names(check(lines([bug], of=["square_batch", "equal_widths"])))


def test_a_name_takes_four_different_numbers():
    one, other = ("one_layer loss {}", "sigmoid loss {}")
    right = {vector.name: vector.expected["loss"] for vector in vectors()}
    report = check("\n".join((one.format(2 * right["one_layer"]), other.format(2 * right["sigmoid"]))))
    assert report.diagnosis.wrong == 2 and not report.diagnosis.named
    assert "too few to name a bug" in str(report.diagnosis)


def test_the_next_vector_tells_explanations_apart():
    """A factor N and a factor 2 are one where N is 2."""
    text = lines([NAMED["gradient-twice", "", None]], of=["equal_widths_batch"])
    report = check(text)
    assert report.diagnosis.next and report.diagnosis.next[0] not in ("equal_widths_batch", "pencil", "twin")
    name, quantity = report.diagnosis.next
    more = lines([NAMED["gradient-twice", "", None]], of=[name], wanted=[quantity])
    assert {"gradient-twice"} in names(check(text + "\n" + more)) and len(names(check(text + "\n" + more))) <= 2


def test_saturated_vectors_have_no_vote():
    """A program with the usual φ′ is wrong there; beside that its bug is still named."""
    bug = NAMED["gradient-sum", "", None]
    text = [line if not line.startswith("saturated grad_W") else line.rsplit(" ", 1)[0] + " 0.5"
            for line in lines([bug]).splitlines()]
    assert names(check("\n".join(text))) == [{bug.name}]
    alone = check("\n".join(line for line in text if line.startswith("saturated")))
    assert names(alone) == [] and "far out" in str(alone.diagnosis)


LINES = ["weighted_sum", "activation", "slope", "stretch", "back", "weight_gradient", "bias_gradient", "forth", "by_weight",
         "step", "loss", "share", "by_answers"]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_an_unknown_bug_has_no_name(seed):
    """A factor that no program means, or noise, in a line of mathematics."""
    rng = np.random.default_rng(seed)
    line, factor = LINES[seed % len(LINES)], rng.uniform(0.3, 3)

    def change(s, right, *args):
        return factor * right(*args) + (seed % 2) * 0.1

    report = check(lines([Bug("unknown", "", "", "", {line: change})]))
    assert report.verdict == "wrong" and names(report) == [] and report.diagnosis.as_dict()["explanations"] == []
    assert re.search("No known bug, nor (any of the 40,000 pairs of bugs that were tried|pair of bugs), gives these numbers",
                     str(report.diagnosis))


@pytest.mark.long
def test_one_number_that_fits_no_bug_takes_the_name_away():
    bug = NAMED["gradient-sum", "", None]
    text = lines([bug]).splitlines()
    for k in (500, 2500):
        words = text[k].split()
        if words[0] not in ("pencil", "twin", "saturated", "scores"):
            words[-1] = repr(float(words[-1]) * 1.001 + 0.01)
            assert names(check("\n".join([*text[:k], " ".join(words), *text[k + 1:]]))) == []


def test_a_step_in_single_precision_is_told():
    """The program computes δ in float, and the rest in double."""
    def rounded(s, right, m, delta):
        return right(m, delta).astype(np.float32).astype(float)

    report = check(lines([Bug("float", "", "", "", {"stretch": rounded})]))
    assert report.verdict == "wrong" and names(report) == [] and "single precision" in str(report.diagnosis)


@pytest.mark.long
@pytest.mark.parametrize(("line", "change", "words"), [
    ("loss", lambda s, right: 0.0, "Every wrong number is 0"),
    ("bias_gradient", lambda s, right, m, delta: right(m, delta) + (s.N - 1) * 0.37, "Only vectors with several points"),
    ("loss", lambda s, right: right() + 0.7 * s.softmax, "Only vectors with softmax"),
    ("slope", lambda s, right, m: right(m) * (0.37 if s.phi[m].name == "relu" else 1), "Exactly the vectors with relu")])
def test_what_wrong_numbers_have_in_common_is_told(line, change, words):
    report = check(lines([Bug("unknown", "", "", "", {line: change})]))
    assert names(report) == [] and words in str(report.diagnosis)


def test_what_is_left_from_the_vector_before_is_told():
    """Gradients that are not set back to 0: those of the vectors before are added at the same places."""
    kept, found = {}, []
    for line in lines([]).splitlines():
        *where, number = line.split()
        if where[1] == "grad_b":
            place = " ".join(where[2:])
            kept[place] = kept.get(place, 0.0) + float(number)
            line = " ".join([*where, repr(kept[place])])
        found.append(line)
    report = check("\n".join(found))
    assert names(report) == [] and "Only the first vector of the file is right" in str(report.diagnosis)
    assert "Only the first" not in str(check("\n".join(reversed(found))).diagnosis)


def test_wrong_numbers_that_have_nothing_in_common_get_no_such_sentence():
    report = check(lines([Bug("unknown", "", "", "", {"share": lambda s, right: 0.37 * right()})]))
    assert str(report.diagnosis).startswith("No known bug")


def test_the_pencil_alone_is_told_apart_from_numbers_far_out():
    report = check(lines([NAMED["gradient-twice", "", None]], of=["pencil"]))
    assert "pencil" in str(report.diagnosis) and "far out" not in str(report.diagnosis)
