"""`make bench` with a clock that the test sets: no time is measured here."""
import itertools
import json

import numpy as np
import pytest

from benchmarks import bench


@pytest.fixture
def table(tmp_path, monkeypatch, capsys):
    """(what main returns, what it prints, its report) for rows of (cost, cost of the bare loop, accepted)."""
    def run(rows, quick_block=None):
        costs, count = {}, itertools.count()

        def function_of(cost):
            function = lambda: None                                                     # noqa: E731
            costs[function] = cost
            return function

        made = {name: (function_of(cost), function_of(bare), accepted) for name, (cost, bare, accepted) in rows.items()}
        monkeypatch.setattr(bench, "ROWS", made)
        monkeypatch.setattr(bench, "REPORT", tmp_path / "folder" / "bench.json")
        monkeypatch.setattr(bench, "seconds", lambda function, calls: calls * costs[function] * (
            0.7 if next(count) == quick_block else 1))
        outcome = bench.main()
        return outcome, capsys.readouterr().out, json.loads(bench.REPORT.read_text())

    return run


def test_ratios_are_reported_and_the_largest_accepted_one_is_a_bound(table):
    rows = {"itself": (1e-5, 1e-5, None), "slow": (2.5e-5, 1e-5, 2.0), "quick": (1.5e-5, 1e-5, 2.0),
            "free": (9e-5, 1e-5, None)}
    outcome, printed, report = table(rows)
    assert outcome == "Above what is accepted: slow" and "free" in printed and not report["void"]
    assert [row["shortest"] for row in report["rows"]] == [row["median"] for row in report["rows"]] == [1, 2.5, 1.5, 9]
    assert {row["remark"] for row in report["rows"]} == {""} and "one thread" in report["setting"]
    assert table({"itself": (1e-5, 1e-5, None)})[0] == 0


def test_a_busy_machine_makes_a_row_inconclusive_or_all_rows_void(table):
    outcome, printed, report = table({"itself": (1.05e-5, 1e-5, None), "slow": (9e-5, 1e-5, 2.0)})
    assert report["void"] and "no row counts" in outcome
    _, printed, report = table({"itself": (1e-5, 1e-5, None), "one": (1.5e-5, 1e-5, 2.0)}, quick_block=154)
    assert [row["remark"] for row in report["rows"]] == ["", "inconclusive"] and printed.count("inconclusive") == 1


def test_no_time_is_taken_of_wrong_numbers(monkeypatch):
    bench.check_values()
    for name in ("bare_dy_dW", "bare_dy_db", "bare_predict"):
        right = getattr(bench, name)()
        with monkeypatch.context() as patch:
            patch.setattr(bench, name, lambda right=right: np.nextafter(right, np.inf))
            with pytest.raises(AssertionError):
                bench.check_values()
