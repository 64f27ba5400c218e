"""What passed is left out while nothing that it depends on has changed, and only then."""

import json

import pytest
import run_tests
from reads import Reads

UNITS = {"nnlib": "tests/nnlib", "ledger": "tests/ledger", "plotting": "tests/plotting", "chapters": "tests/chapters",
         "site": "tests/site", "browser": "tests/browser", "house": "tests/nnlib/test_house.py",
         "three": "book/03_three", "solution": "book/solutions/03_three"}
EVERY = set(UNITS)
OF_BOOK = ("ledger", "chapters", "site", "browser", "house")


@pytest.mark.parametrize(("name", "again"), [
    ("nnlib/network.py", EVERY), ("nnlib/plotting/curves.py", EVERY), ("nnlib/digits.npz", EVERY), ("pyproject.toml", EVERY),
    ("requirements/all.txt", EVERY), ("tests/conftest.py", EVERY), ("tools/run_tests.py", EVERY),
    ("book/data.json", EVERY - {"plotting", "nnlib"}),
    ("book/03_three.md", {*OF_BOOK, "three"}), ("book/03_three.ipynb", {*OF_BOOK, "three"}),
    ("book/solutions/03_three.ipynb", {*OF_BOOK, "solution"}),
    ("book/04_four.md", {*OF_BOOK}), ("ledger/grammar.py", EVERY - {"plotting"}),
    ("website/theme/layout.html", {"ledger", "plotting", "site", "browser"}),
    ("website/runner/cells.py", {"ledger", "plotting", "chapters", "site", "browser", "three", "solution"}),
    ("tests/chapters/pyodide.cjs", {"chapters", "site", "browser", "three", "solution"}),
    ("tests/nnlib/test_edges.py", {"nnlib", "house", "ledger", "plotting", "site", "browser"}),
    ("tests/browser/test_page.py", {"site", "browser"}), ("LICENSE", {"site", "browser"})])
def test_a_change_of_each_input_makes_its_units_run_again(name, again):
    before = {name: "one", "LICENSE": "one", **{f"{unit}.ipynb": "one" for unit in UNITS.values()}}
    without = {other: before[other] for other in before if other != name}
    for content in ({**before, name: "two"}, without):
        changed = {short for short, unit in UNITS.items()
                   if run_tests.state(unit, content, []) != run_tests.state(unit, before, [])}
        assert changed == again
    assert all(run_tests.state(unit, before, ["another"]) != run_tests.state(unit, before, []) for unit in UNITS.values())


def test_another_processor_or_package_is_another_state(monkeypatch):
    before = run_tests.machine()
    assert run_tests.machine() == before
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    assert run_tests.machine() != before
    monkeypatch.delenv("OPENBLAS_CORETYPE")
    monkeypatch.setattr(run_tests, "distributions", lambda: [])
    assert run_tests.machine() != before


class Report:
    def __init__(self, outcome, **unit):
        self.outcome, self.failed = outcome, outcome == "failed"
        self.__dict__.update(unit)


@pytest.fixture
def tried(monkeypatch, tmp_path):
    """A run in a small project: from what each unit answers, the units that were run."""
    for name in ("nnlib/a.py", "book/one.ipynb", "book/two.ipynb", "tests/nnlib/t.py", "tests/chapters/t.py",
                 ".gitignore"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("_build/" if name == ".gitignore" else name)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(run_tests.subprocess, "run", lambda *_, **__: type("Done", (), {"returncode": 0}))

    def run(meanwhile=lambda outcomes: None, code=0, verb="check", **answers):
        ran = []

        def main(words, plugins):
            words = words[:words.index("--chapters")]
            ran.extend(word.removesuffix(".ipynb") for word in words if word.startswith(("tests/", "book/")))
            for unit in ran:
                for outcome in answers.get(unit.split("/")[1], ["passed", "passed"]):
                    plugins[0].pytest_runtest_logreport(Report(outcome, unit=unit))
            meanwhile(plugins[0])
            return code

        monkeypatch.setattr(run_tests.pytest, "main", main)
        assert run_tests.main(verb, tmp_path) == (code if ran else 0)
        return {unit.split("/")[1] for unit in ran}

    return run


def test_what_passed_is_not_run_again_until_it_changes(tried, tmp_path, monkeypatch, capsys):
    everything = {"nnlib", "chapters", "one", "two"}
    assert tried() == everything and tried() == set()
    said = capsys.readouterr().out
    assert "nothing that they depend on has changed: tests/nnlib, tests/chapters, book/one, book/two" in said
    (tmp_path / "book" / "two.ipynb").write_text("changed")
    assert tried(two=["passed", "failed"]) == {"chapters", "two"}
    assert tried() == {"chapters", "two"}, "a chapter's tests stand in tests/chapters too"
    (tmp_path / "nnlib" / "a.py").write_text("changed")
    assert tried(nnlib=["passed", "skipped"]) == everything
    assert tried() == {"nnlib"}, "a test that was skipped has not passed"
    (tmp_path / "tests" / "nnlib" / "t.py").write_text("changed")
    assert tried(meanwhile=lambda _: (tmp_path / "nnlib" / "a.py").write_text("again")) == {"nnlib"}
    assert tried() == everything
    monkeypatch.setenv("CI", "true")
    assert tried() == everything
    stored = json.loads((tmp_path / "_build" / "tests.json").read_text())
    assert [*stored] == ["check"] and stored["check"].keys() == {"tests/nnlib", "tests/chapters", "book/one", "book/two"}


def test_what_make_check_leaves_out_is_not_taken_for_passed(tried, tmp_path):
    everything = {"nnlib", "chapters", "one", "two"}
    assert tried() == everything and tried(verb="test") == everything and tried(verb="test") == set()
    (tmp_path / "nnlib" / "a.py").write_text("changed")
    assert tried(verb="test") == everything and tried() == set(), "make test runs all that make check runs"
    house = UNITS["house"]
    assert house in run_tests.arguments("check", [house])
    assert house not in run_tests.arguments("check", ["tests/nnlib", house]), "a file comes with its folder"
    left_out = ["not long" in " ".join(run_tests.arguments(verb, ["tests/nnlib"])) for verb in ("check", "test")]
    assert left_out == [True, False]


@pytest.mark.parametrize(("code", "event"), [
    (2, lambda outcomes: None), (3, lambda outcomes: None),
    (1, lambda outcomes: outcomes.pytest_collectreport(Report("failed"))),
    (1, lambda outcomes: outcomes.pytest_runtest_logreport(Report("failed")))],
    ids=["interrupted", "an internal error", "a file that cannot be read", "a process that crashed"])
def test_a_run_that_is_not_complete_says_nothing(tried, code, event):
    everything = {"nnlib", "chapters", "one", "two"}
    assert tried(meanwhile=event, code=code) == everything
    assert tried() == everything and tried() == set()


def test_a_test_that_reads_what_its_unit_does_not_name_is_refused(root):
    reads = Reads()
    assert reads.fault("tests/plotting") == []
    (root / "CITATION.cff").read_text(encoding="utf-8")
    (root / "nnlib" / "network.py").read_text(encoding="utf-8")
    assert reads.fault("tests/plotting").startswith("tests/plotting reads CITATION.cff, and READS")
    (root / "book" / "index.md").read_text(encoding="utf-8")
    assert "reads book/index.md" in reads.fault("book/01_notation")
    (root / "CITATION.cff").read_text(encoding="utf-8")
    assert reads.fault("tests/site") == []
