"""The tools that no reader starts: what breaks nnlib, what tries other environments, what installs."""

import os
import re
import subprocess
import sys
import time

import everywhere
import mutants
import pytest

# What breaks nnlib ----------------------------------------------------------------------------------------------------


def test_every_mutant_is_one_change_in_its_place(monkeypatch):
    source = "A = 1\n\n\ndef f(a, b):\n    return a + b\n\n\nB = 2 if A > 1 else 3\n"
    monkeypatch.setattr(mutants, "source_of", lambda name: source)
    made = list(mutants.every_mutant(["x"]))
    assert len({text for _, text, *_ in made}) == len(made) > 15
    for name, text, before, after in made:
        lines = [(old, new) for old, new in zip(source.splitlines(), text.splitlines(), strict=True) if old != new]
        assert name == "x" and [(old.strip(), new.strip()) for old, new in lines] == [(before, after)]
    assert ("return a + b", "return a - b") in {(before, after) for *_, before, after in made}
    assert mutants.change("a\nb\nc\nd", "a\nx\nc\nd") == ("b", "x")
    assert mutants.change("a\nb", "x\nb") == ("a", "x") and mutants.change("a\nb", "a\ny") == ("b", "y")


def test_mutants_that_live_and_that_run_in_circles_are_counted(monkeypatch, capsys):
    def lives(name, source, first, learn):
        time.sleep(9 if source == "circles" else 0.05)
        return source == "same", "a test"

    monkeypatch.setattr(mutants, "lives", lives)
    monkeypatch.setattr(mutants, "PATIENCE", 0.5)
    start = time.monotonic()
    texts = ["broken", "same", "circles", "broken", "same", "broken"]
    given = [("x", text, f"line {k}", "") for k, text in enumerate(texts)]
    assert mutants.run(given) == [given[1], given[4]]
    took, said = time.monotonic() - start, capsys.readouterr().out
    bars = re.findall(r"\r(█*) *(\d+) of 6, +(\d+) s to go, (\d) alive", said)
    assert [int(count) for _, count, *_ in bars] == [1, 2, 3, 4, 5, 6] and took < 5
    assert all(len(bar) == 30 * int(count) // 6 for bar, count, *_ in bars)
    assert all(int(rest) <= 6 * took for *_, rest, _ in bars) and bars[-1][2:] == ("0", "2")
    assert said.count("alive in x") == 2 and "    line 4" in said


@pytest.fixture
def listed(monkeypatch, tmp_path):
    """A list of its own, three mutants, and a run in which some of them live."""
    monkeypatch.setattr(mutants, "LIST", tmp_path / "mutants.toml")
    monkeypatch.setattr(mutants, "FILES", {"x": []})
    monkeypatch.setattr(mutants, "warm", lambda: None)
    monkeypatch.setattr(mutants, "source_of", lambda name: "")
    made = [("x", text, f"{text} before", f"{text} after") for text in "abc"]
    monkeypatch.setattr(mutants, "every_mutant", lambda names: iter(made))

    def tried(alive, reasons):
        entries = [f'[[equivalent]]\nfile = "x"\nwas = "{text} before"\nbecame = ["{text} after"]\nwhy = "w"\n'
                   for text in reasons]
        mutants.LIST.write_text("[score]\nmutants = 0\nfound = 0\nequivalent = 0\n\n" + "\n".join(entries))
        run = lambda given, learn=False: given if learn else [one for one in given if one[1] in alive]  # noqa: E731
        monkeypatch.setattr(mutants, "run", run)
        return mutants.main(["x"]), mutants.LIST.read_text().split("\n\n")[0]

    return tried


def test_a_mutant_that_lives_needs_its_reason_and_a_reason_its_mutant(listed, capsys):
    score = "[score]\nmutants = 3\nfound = {}\nequivalent = {}"
    assert listed("b", "b") == (False, score.format(2, 1))
    said = capsys.readouterr().out
    assert "2 of 3 mutants found, 1 alive, 0 of them without a reason; 0 s" in said
    assert listed("bc", "b") == (True, score.format(1, 2))
    assert "alive, and not in tests/slow/mutants.toml: x\n    c before\n    c after" in capsys.readouterr().out
    assert listed("b", "ab") == (True, score.format(2, 1))
    assert "listed in tests/slow/mutants.toml, and not alive: x\n    a before\n    a after" in capsys.readouterr().out


# Other environments ---------------------------------------------------------------------------------------------------


def test_an_environment_that_fails_is_named(monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(everywhere, "ROOT", tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")       # the others take seconds to be read
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin")
    monkeypatch.setattr(everywhere, "TESTS", ["test_x.py"])
    monkeypatch.setattr(everywhere, "prepared", lambda name: None if name == "newest" else sys.executable)
    monkeypatch.setattr(everywhere, "features", lambda python: {"X86_V3", "X86_V4", "AVX512_ICL"})
    (tmp_path / "test_x.py").write_text("import os\ndef test_it():\n    assert 'OPENBLAS_CORETYPE' not in os.environ\n")
    start = time.monotonic()
    assert everywhere.main(["oldest", "newest", "Prescott"]) == "Not the same in: Prescott"
    took, said = time.monotonic() - start, capfd.readouterr().out
    seconds = [int(number) for number in re.findall(r"· \w+: (?:failed|the same), (\d+) s", said)]
    assert "· oldest: the same" in said and "· Prescott: failed" in said and "newest:" not in said
    assert len(seconds) == 2 and sum(seconds) <= took + 2


@pytest.mark.parametrize(("here", "tried"), [
    ("", {}),
    ("X86_V3", {"Prescott": "X86_V3", "Sandybridge": "X86_V3"}),
    ("AVX512_ICL X86_V3 X86_V4", {"Prescott": "AVX512_ICL X86_V3 X86_V4", "Sandybridge": "AVX512_ICL X86_V3 X86_V4",
                                  "Haswell": "AVX512_ICL X86_V4", "SkylakeX": "AVX512_ICL"})])
def test_a_processor_that_is_newer_is_not_tried(monkeypatch, here, tried):
    """OpenBLAS does not look whether there are the instructions that it is told to use: it would crash."""
    monkeypatch.setattr(everywhere, "features", lambda python: set(here.split()))
    found = {name: everywhere.variables_for(name, "python") for name in everywhere.PROCESSORS}
    assert {name: made["NPY_DISABLE_CPU_FEATURES"] for name, made in found.items() if made} == tried
    assert all(made["OPENBLAS_CORETYPE"] == name for name, made in found.items() if made)


def test_numpy_and_openblas_obey():
    """In a process with those variables NumPy names no newer instructions, and OpenBLAS another kernel."""
    if not (variables := everywhere.variables_for("Prescott", sys.executable)):
        pytest.skip("this machine has no newer instructions than the oldest processor that is tried")
    def asked(env):
        done = subprocess.run([sys.executable, "-c", everywhere.FEATURES], env={**env, "OPENBLAS_VERBOSE": "2"}, check=True,
                              capture_output=True, text=True)
        return done.stdout.strip(), re.search(r"^Core: (\w+)", done.stdout + done.stderr, re.M)[1]

    (before, own), (after, other) = asked(os.environ), asked(variables)
    assert before and own != other and "X86" in before and "X86" not in after


