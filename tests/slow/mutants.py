"""Break nnlib in every small way, one at a time, and see the tests notice: `make mutants`.

Cosmic Ray makes the mutants. Of the tools that are maintained, it is the only one that also breaks decorated functions
and code outside of functions, where nnlib has its φ. (mutmut 3 leaves both out; mutatest has had no release since 2022.)
Its own runner starts Python and NumPy anew for each mutant; here each is a fork of one process that has them loaded, so
the run takes minutes. The tests come from tests/, the quick ones of nnlib, and stop at the first that fails.

A mutant that lives must stand in tests/slow/mutants.toml with the reason why it computes the same. The run fails on one
that does not, names entries that are no longer needed, and writes the score into that file.

    make mutants                        all mutants, on all cores
    make mutants FILE=checking          those of one file
    make mutants FILE="plotting 150"    150 of those of nnlib.plotting, chosen at random
"""

import difflib
import gc
import importlib.abc
import importlib.util
import json
import os
import random
import re
import resource
import signal
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EDGES, BASICS, DERIVATIVES, JACOBIANS, BACKPROP, BAD_INPUT, DATA, SILENT = (f"tests/nnlib/test_{stem}.py" for stem in (
    "edges", "nnlib", "derivatives", "jacobians", "backprop", "bad_input", "files", "silently_wrong"))
ALL = [EDGES, BASICS, DERIVATIVES, JACOBIANS, BACKPROP, BAD_INPUT, DATA, SILENT]
DRAWN = ["tests/plotting/test_plotting.py", BAD_INPUT]
TRAINING = [f"tests/nnlib/test_{stem}.py" for stem in ("optimizers", "training", "interrupted", "bad_input")]
TRUST = ["tests/nnlib/test_check_gradient.py", BAD_INPUT]
PLOTTING = [f"plotting.{name}" for name in ("_paper", "matrix_equations", "networks", "curves", "costs", "errors", "images",
                                            "gradients", "graphs")]
FILES = {**dict.fromkeys(("activations", "network", "entries", "jacobians", "losses", "backprop"), ALL),
         "_validate": [*ALL, *TRAINING[:-1], *TRUST[:1]], "training": TRAINING,
         "autodiff": ["tests/nnlib/test_autodiff.py"],
         "checking": [EDGES, BASICS, BAD_INPUT, SILENT], "data": [DATA, BASICS],
         **dict.fromkeys(("reports", "gradient_check"), TRUST),
         **dict.fromkeys(PLOTTING, DRAWN)}                      # with the tests of each
LIST = ROOT / "tests" / "slow" / "mutants.toml"
PATIENCE = 120                  # seconds; a mutant that takes longer does not end
MEMORY = 6 * 2**30              # bytes; a mutant that needs more has lost a bound
OPTIONS = ["-x", "-q", "--tb=no", "--assert=plain", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:faulthandler",
           "-p", "no:unraisableexception", "-p", "no:threadexception", "-m"]
# Shifts and bits in the place of arithmetic raise TypeError as soon as they are reached: they would only flatter the score.
POINTLESS = ("RShift", "LShift", "BitOr", "BitAnd", "BitXor")
SECONDS = ROOT / "_build" / "mutants.json"      # how long each test takes without any mutant: the quick ones go first


def every_mutant(names):
    """(file, source, line before, line after) of every mutant that differs from nnlib and can be compiled."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names
    operators = [get_operator(word) for word in operator_names() if not word.endswith(POINTLESS)]
    for name in names:
        source = source_of(name)
        seen, pieces = {source}, [piece.get_code() for piece in get_ast(source).children]   # functions, classes, statements
        for number, piece in enumerate(pieces):
            tree = get_ast(piece)
            for operator in operators:
                if operator.arguments():
                    continue
                count = sum(len(list(operator().mutation_positions(node))) for node in ast_nodes(tree))
                for occurrence in range(count):
                    mutated = "".join([*pieces[:number], mutate_code(piece, operator(), occurrence), *pieces[number + 1:]])
                    if mutated in seen:
                        continue
                    seen.add(mutated)
                    yield name, mutated, *change(source, mutated)


def change(source, mutated):
    """The lines that differ, before and after, each as one text."""
    before, after = source.splitlines(), mutated.splitlines()
    while before and after and before[-1] == after[-1]:
        before.pop(), after.pop()
    same = len(os.path.commonprefix([before, after]))
    lines = list(difflib.ndiff(before[same:], after[same:]))        # of whole files it would take a minute for a hundred
    return tuple(" / ".join(line[2:].strip() for line in lines if line[0] == sign) for sign in "-+")


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module of nnlib from a text instead of its file."""

    def __init__(self, name, source):
        self.name, self.source, self.path = f"nnlib.{name}", source, path_of(name)

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self, origin=str(self.path)) if name == self.name else None

    def exec_module(self, module):
        module.__file__ = str(self.path)
        exec(compile(self.source, str(self.path), "exec"), module.__dict__)


class Quickest:
    """Puts the quick tests first, and records how long each takes and which one fails."""

    def __init__(self, seconds):
        self.seconds, self.failed = seconds, ""

    def pytest_collection_modifyitems(self, items):
        items.sort(key=lambda item: self.seconds.get(item.nodeid, 0))

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed = report.nodeid
        elif report.when == "call":
            self.seconds[report.nodeid] = round(report.duration, 3)


def lives(name, source, first="", learn=False):
    """In a process of its own: (whether every test passes with the mutant, the test that fails). `first` is a test that
    runs before the others are even read."""
    import pytest
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    quickest = Quickest(json.loads(SECONDS.read_text()) if SECONDS.exists() else {})
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.meta_path.insert(0, Mutated(name, source))
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1), os.dup2(silence, 2)
    if first and pytest.main([first, *OPTIONS, ""], plugins=[quickest]) == pytest.ExitCode.TESTS_FAILED:
        return False, first
    markers = f"{'' if name in PLOTTING else 'not '}plotting and not not_for_mutants"
    done = pytest.main([*FILES[name], *OPTIONS, markers], plugins=[quickest]) == 0
    if learn:
        SECONDS.parent.mkdir(exist_ok=True)
        SECONDS.write_text(json.dumps(quickest.seconds))
    return done, quickest.failed


def warm():
    """Load what every mutant's tests need, and nothing of nnlib."""
    import cosmic_ray.mutating  # noqa: F401
    import hypothesis.extra.numpy  # noqa: F401
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_svg
    import matplotlib.figure
    import matplotlib.textpath
    import mpmath  # noqa: F401
    import numpy.ma
    import numpy.testing  # noqa: F401
    import PIL.Image  # noqa: F401
    import pytest  # noqa: F401
    import sympy  # noqa: F401
    sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tools")]
    with matplotlib.rc_context({"font.family": "STIXGeneral", "mathtext.fontset": "stix"}):
        matplotlib.textpath.TextPath((0, 0), r"$\mathbf{x}^{0\prime}$")           # reads the fonts
    assert not any(module.startswith("nnlib") for module in sys.modules)
    gc.freeze()


def run(mutants, learn=False):
    """Those that live, of a list of mutants; as many at a time as there are cores."""
    waiting, running, alive, start = list(enumerate(mutants)), {}, [], time.time()
    found_by = {}               # the test that found the last mutant of a line mostly finds the next one
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            number, (name, source, line, _) = waiting.pop(0)
            reader, writer = os.pipe()
            child = os.fork()
            if not child:
                os.setsid()
                code = 1
                try:
                    passes, test = lives(name, source, found_by.get((name, line), ""), learn)
                    os.write(writer, test.encode())
                    code = 0 if passes else 1
                finally:
                    os._exit(code)
            os.close(writer)
            running[child] = number, time.time(), reader
        time.sleep(0.01)
        for child, (number, begun, reader) in list(running.items()):
            done, status = os.waitpid(child, os.WNOHANG)
            if not done and time.time() - begun > PATIENCE:
                os.killpg(child, signal.SIGKILL)
                done, status = os.waitpid(child, 0)
            if done:
                del running[child]
                found_by[mutants[number][0], mutants[number][2]] = os.read(reader, 10_000).decode()
                os.close(reader)
                if status == 0:
                    alive.append(mutants[number])
                    print("\r{:70}\n    {}\n    {}".format("alive in {}".format(*mutants[number]), *mutants[number][2:]))
                count = len(mutants) - len(waiting) - len(running)
                rest = (time.time() - start) / count * (len(mutants) - count)
                print(f"\r{'█' * (30 * count // len(mutants)):30} {count} of {len(mutants)}, {rest:4.0f} s to go, "
                      f"{len(alive)} alive ", end="", flush=True)
    print()
    return alive


def listed():
    """{(file, before, after): why} of tests/slow/mutants.toml."""
    entries = tomllib.loads(LIST.read_text(encoding="utf-8")).get("equivalent", [])
    return {(entry["file"], entry["was"], now): entry["why"] for entry in entries for now in entry["became"]}


def main(names):
    names, sample = chosen_files(names)
    warm()
    start, why = time.time(), listed()
    for name in {PLOTTING[0] if name in PLOTTING else "training" if name == "training" else "network" for name in names}:
        if not run([(name, source_of(name), "", "")], learn=True):
            return "The tests fail without any mutant: make test first."
    mutants = list(every_mutant(names))
    if sample:
        mutants = random.sample(mutants, min(sample, len(mutants)))
    alive = {(name, *lines) for name, _, *lines in run(mutants)}
    for key in sorted(alive - set(why)):
        print("alive, and not in tests/slow/mutants.toml: {}\n    {}\n    {}".format(*key))
    gone = set() if sample else {key for key in why if key[0] in names} - alive
    for key in sorted(gone):
        print("listed in tests/slow/mutants.toml, and not alive: {}\n    {}\n    {}".format(*key))
    count = sum((name, *lines) in alive for name, _, *lines in mutants)
    print(f"{len(mutants) - count} of {len(mutants)} mutants found, {count} alive, {len(alive - set(why))} of them "
          f"without a reason; {time.time() - start:.0f} s")
    if set(names) == set(FILES) and not sample:
        score(len(mutants), count)
    return bool(alive - set(why) or gone)


def chosen_files(words):
    """(files, size of the sample or 0) from the words of the command; "plotting" stands for all files of the package."""
    sample = int(words[-1]) if words and words[-1].isdigit() else 0
    names = words[:-1] if sample else words
    return [name for word in names or FILES for name in (PLOTTING if word == "plotting" else [word])], sample


def path_of(name):
    return ROOT / "nnlib" / f"{name.replace('.', '/')}.py"


def source_of(name):
    return path_of(name).read_text(encoding="utf-8")


def score(count, alive):
    """Write the outcome of a whole run into the list's first lines."""
    text = f"mutants = {count}\nfound = {count - alive}\nequivalent = {alive}\n"
    LIST.write_text(re.sub(r"(?<=\[score\]\n)(\w+ = \d+\n)+", text, LIST.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
