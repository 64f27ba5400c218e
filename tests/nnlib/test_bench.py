"""`make bench`: all sides compute the same numbers, the book's page says what was recorded, and the ratios are right for a
clock that the test sets. No time is measured here."""
import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks import bench, measure, sides
from benchmarks.sides import Question

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = {question.text: question for question in sides.questions()}
RECORDED = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))


# The same numbers ---------------------------------------------------------------------------------

@pytest.mark.parametrize("text", QUESTIONS)
def test_all_sides_compute_the_same_numbers(text):
    QUESTIONS[text].check()


@pytest.mark.parametrize("text", [text for text, question in QUESTIONS.items() if "bare loop" in question.sides])
def test_no_time_is_taken_of_wrong_numbers(text):
    mine, right = (sides.numbers(QUESTIONS[text].sides[who]()) for who in ("nnlib", "bare loop"))
    largest = abs(right).argmax()
    one_wrong = np.where(np.arange(right.size) == largest, 0, right)
    for change in (lambda: right * (1 + 1e-3), lambda: right[:-1], lambda: one_wrong):
        with pytest.raises(AssertionError, match="bare loop"):
            Question(text, {"nnlib": lambda: mine, "bare loop": change}, rounding=QUESTIONS[text].rounding).check()
    with pytest.raises(AssertionError):
        Question(text, {"nnlib": lambda: 0 * right}).check()          # zeros are equal to zeros, whatever computes them


def test_a_side_that_goes_on_from_its_first_call_is_noticed():
    begun = np.ones(3)

    def goes_on():
        begun[:] *= 2
        return begun.copy()

    with pytest.raises(AssertionError, match="a peer computes something else"):
        Question("powers of 2", {"nnlib": lambda: np.full(3, 2.0), "a peer": goes_on}).check()


@pytest.mark.long
def test_the_others_compute_the_same_numbers():
    python = ROOT / ".venv-bench" / bench.install.BIN.name / "python"
    if not (ROOT / ".venv-bench" / "ready").exists():
        pytest.skip("`make bench` has not yet made .venv-bench")
    asked = ("from benchmarks import sides; questions = sides.questions(); [one.check() for one in questions];"
             "print(sum(who in one.sides for one in questions for who in sides.PEERS))")
    done = subprocess.run([python, "-c", asked], cwd=ROOT, env=os.environ | bench.ONE_THREAD, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == sum(row["who"] in sides.PEERS for row in RECORDED["rows"])


# Ratios by a clock that the test sets ---------------------------------------------------------------

@pytest.fixture
def measured(tmp_path, monkeypatch, capsys):
    """(what main returns, what it prints, its report or None) for rows of ({who: cost}, {who: wanted})."""
    def run(rows, quick_block=None):
        costs, blocks, report = {}, iter(range(10**6)), tmp_path / "results.json"

        def function_of(cost):
            function = lambda: np.ones(1)                                               # noqa: E731
            costs[function] = cost
            return function

        questions = [Question(f"question {k}", {who: function_of(cost) for who, cost in given.items()}, wanted)
                     for k, (given, wanted) in enumerate(rows)]
        monkeypatch.setattr(measure.sides, "questions", lambda: questions)
        monkeypatch.setattr(measure, "REPORT", report)
        monkeypatch.setattr(measure, "setting", lambda: {"threads": 1})
        monkeypatch.setattr(measure.os, "sched_setaffinity", lambda *_: None, raising=False)
        monkeypatch.setattr(measure.gc, "disable", lambda: None)
        monkeypatch.setattr(measure, "seconds", lambda function, calls, clock: costs[function] * (
            quick_block(next(blocks)) if quick_block else 1))
        outcome = measure.main()
        return outcome, capsys.readouterr().out, json.loads(report.read_text()) if report.exists() else None

    return run


def test_a_ratio_is_the_time_beside_a_bare_loop_and_the_speed_beside_a_peer(measured):
    outcome, printed, report = measured([
        ({"nnlib": 3e-5, "bare loop": 1e-5, "limit": 2e-5, "PyTorch": 6e-5, "JAX": 1.5e-5},
         {"bare loop": 2.0, "limit": 1.5, "PyTorch": 2.5, "JAX": 0.4})])
    itself, *rows = report["rows"]
    assert outcome == 0 and itself["median"] == itself["shortest"] == 1 and "results.json is written" in printed
    assert {row["who"]: row["median"] for row in rows} == {"bare loop": 3, "limit": 1.5, "PyTorch": 2, "JAX": 0.5}
    assert {row["who"] for row in rows if row["missed"]} == {"bare loop", "PyTorch"}
    assert not any(row["inconclusive"] for row in rows)


@pytest.mark.parametrize("cost, calls, rounds", [(1e-4, 10, measure.ROUNDS), (0.01, 1, measure.ROUNDS), (0.1, 1, 20),
                                                 (3.0, 1, measure.FEWEST)])
def test_what_takes_long_is_timed_less_often_by_its_own_clock(cost, calls, rounds):
    now, counts = [0.0], [0, 0]

    def side(k):
        def call():
            now[0] += (k + 1) * cost / 1.5
            counts[k] += 1
        return call

    one, two = measure.times([side(0), side(1)], lambda: now[0])
    assert len(one) == len(two) == rounds and counts[0] >= rounds * calls
    assert np.allclose(one, cost / 1.5) and np.allclose(two, 2 * cost / 1.5)


def test_a_busy_machine_makes_a_row_inconclusive_or_all_rows_void(measured):
    rows = [({"nnlib": 1e-5, "bare loop": 1e-5}, {})]
    asked = 2 * 6 + 2 * measure.ROUNDS + 2 * 6                  # the blocks before the first round of the question
    _, _, report = measured(rows, lambda block: 0.7 if block == asked else 1)
    assert [row["inconclusive"] for row in report["rows"]] == [False, True]
    measure.REPORT.unlink()
    outcome, _, report = measured(rows, lambda block: 1 + 0.06 * (block % 4 in (0, 3)))
    assert "no row counts" in outcome and report is None


# The book's page ------------------------------------------------------------------------------------

def table_of(markdown):
    header, rule, *lines = (line.split("|") for line in markdown.splitlines())
    assert all(header) and {len(line) for line in (rule, *lines)} == {len(header)}        # else it is shown as text
    return [dict(zip(header, line)) for line in lines]


@pytest.fixture(scope="module")
def page():
    """(what the page prints, its tables as lists of rows)."""
    cells = json.loads((ROOT / "book" / "speed.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells if cell["cell_type"] == "code" for output in cell["outputs"]]
    printed = "".join("".join(output["text"]) for output in outputs if output["output_type"] == "stream")
    return printed, [table_of("".join(output["data"]["text/markdown"])) for output in outputs if "data" in output]


def test_the_page_shows_every_ratio_that_was_recorded_and_no_other(page):
    printed, (limits, peers, aims) = page
    itself, *rows = RECORDED["rows"]
    shown = {(line["question"], who): number for table in (limits, peers) for line in table
             for who, number in line.items() if who != "question" and number != "–"}
    expected = {}
    for row in rows:
        number = ("≈" if row["inconclusive"] else "") + f"{row['median']:.2f}"
        expected[row["text"], row["who"]] = f"**{number}**" if row["who"] in sides.PEERS and row["median"] < 1 else number
    assert shown == expected
    assert f"against itself: {itself['median']:.3f}" in printed
    assert [(line["question"], line["beside"], float(line["aim"][1:]), line["outcome"]) for line in aims] == [
        (row["text"], row["who"], row["wanted"], "missed" if row["missed"] else "reached") for row in rows if row["wanted"]]


def test_what_was_recorded_is_what_is_asked_and_names_versions_and_threads(page):
    assert [(row["text"], row["wanted"]) for row in RECORDED["rows"][1:] if row["who"] not in sides.PEERS] == [
        (text, one.wanted.get(who)) for text, one in QUESTIONS.items() for who in one.sides if who in ("bare loop", "limit")]
    assert abs(RECORDED["rows"][0]["median"] - 1) <= measure.VOID
    assert {"Python", "NumPy", *sides.PEERS} < {*RECORDED["versions"]} and RECORDED["threads"] == 1
    assert {*RECORDED} == {"versions", "threads", "instructions", "rows"}          # nothing of the machine
    assert all(f"{name} {version}" in page[0] for name, version in RECORDED["versions"].items())
    text = (ROOT / "book" / "speed.md").read_text(encoding="utf-8")
    assert f"{measure.ROUNDS} times" in text
    prose = re.sub(r"```.*?```", "", text.split("# How fast")[1], flags=re.S)
    assert not re.search(r"\d\.\d", prose), "a measured number stands in the table alone, which the next run changes"


# Where it cannot run --------------------------------------------------------------------------------

def test_an_environment_that_cannot_be_made_is_told_in_a_sentence(monkeypatch, capfd):
    monkeypatch.setattr(bench.install, "beside", lambda name, locks: None)
    assert "takes a network" in bench.main()
    monkeypatch.setattr(bench, "MEGABYTES", 10**9)
    assert "cannot be written" in bench.main() and "are needed" in bench.main()


def test_the_environment_beside_is_made_once_and_asks_pip_first_for_pytorch(tmp_path, monkeypatch):
    (tmp_path / "requirements").mkdir()
    for lock in ("bench", "torch"):
        (tmp_path / "requirements" / f"{lock}.txt").touch()
    commands, fails = [], ()

    def run(*command):
        words = [str(word) for word in command]
        commands.append(words)
        if "venv" in words:
            (tmp_path / ".venv-bench").mkdir(exist_ok=True)
        return not any(fail in words for fail in fails)

    monkeypatch.setattr(bench.install, "ROOT", tmp_path)
    monkeypatch.setattr(bench.install, "run", run)
    made = tmp_path / ".venv-bench" / bench.install.BIN.name / "python"

    def locks():
        return [(next(Path(word).stem for word in words if word.endswith(".txt")), "pip" if "-m" in words else "uv")
                for words in commands if "install" in words]

    fails = ("pip",)                                    # neither uv pip nor pip
    assert bench.install.beside("bench", ["bench", "torch"]) is None and locks() == [("bench", "uv"), ("bench", "pip")]
    fails = ("-m",)                                     # pip alone
    commands.clear()
    assert bench.install.beside("bench", ["bench", "torch"]) == made
    assert locks() == [("bench", "uv"), ("torch", "pip"), ("torch", "uv")]
    assert ["--torch-backend=cpu" in words for words in commands if "install" in words] == [False, False, True]
    commands.clear()
    assert bench.install.beside("bench", ["bench", "torch"]) == made and not commands
    later = (tmp_path / ".venv-bench" / "ready").stat().st_mtime + 9
    os.utime(tmp_path / "requirements" / "torch.txt", (later, later))
    assert bench.install.beside("bench", ["bench", "torch"]) == made and commands
