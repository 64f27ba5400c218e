"""Run the tests that can answer differently than last time: `make check`, which takes seconds, and `make test`.

The tests come in units: a folder of tests/, a file in it that READS names, or one chapter of book/ with the tests that have
the marker `chapter`. A unit depends on its own files, on those that READS names for it (a file: for its folder too), on
EVERY, on the installed packages, the browsers and the processor. A unit that passed is left out while all of these are the
same; _build/tests.json stores their hash. A folder that READS does not name depends on every file of the project, and a
test that opens a file on which its unit does not depend fails (tests/conftest.py). With CI=true every unit runs.

pytest-testmon, which is well kept, would follow single lines of Python. It sees no data file, and nothing of what a
kernel, node or a browser reads, so that it would leave out tests that fail.
"""

import fnmatch
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FAST = ["tests/nnlib", "tests/ledger", "tests/plotting", "tests/chapters"]
FOLDERS = {"check": FAST, "test": [*FAST, "tests/site", "tests/browser"]}
CHAPTERS, BOOK = "tests/chapters", "book/"
EVERY = ("pyproject.toml", "tests/conftest.py", "tests/reads.py", "tools/run_tests.py", "requirements",
         "tools/book.py", "tools/install.py", "tools/runtime.py", "tools/server.py")
READS = {
    BOOK: ("nnlib", "ledger", "tests/chapters", "tests/plotting", "website/runner", "benchmarks/results.json",
            "benchmarks/diagnoses.json", "benchmarks/loops.py", "benchmarks/loops.json", "benchmarks/machines.json"),
    "tests/chapters": ("nnlib", "ledger", "book", "tests/plotting", "tools", "website/runner", "README.md"),
    "tests/nnlib": ("nnlib", "ledger", "tools/make_vectors.py", "benchmarks", "README.md", "tests/slow/soak.py",
                    "tests/plotting/figures.py", "tests/programs"),
    "tests/nnlib/test_bad_input.py": ("book",), "tests/nnlib/test_bench.py": ("book",),
    "tests/nnlib/test_bugs.py": ("book",), "tests/nnlib/test_exchange.py": ("book",), "tests/nnlib/test_house.py": ("book",),
    "tests/plotting": ("nnlib", "website", "tests/nnlib"),
    "tests/ledger": ("ledger", "nnlib", "book", "website", "_config.yml", "tools", "README.md", "CONTRIBUTING.md",
                     "tests/nnlib", "tests/site"),
}
VARIABLES = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "NNBOOK_PYODIDE")
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "firefox-esr", "firefox")


# What a unit depends on -----------------------------------------------------------------------------------------------

def names(root: Path) -> list[str]:
    """Every file of the project, by its path from the root: all that .gitignore does not leave out."""
    ignored = [".git", *(line.rstrip("/") for line in (root / ".gitignore").read_text(encoding="utf-8").split())]

    def kept(several):
        return [name for name in several if not any(fnmatch.fnmatch(name, pattern) for pattern in ignored)]

    found = []
    for folder, below, inside in os.walk(root):
        below[:] = kept(below)
        found += [Path(folder, name).relative_to(root).as_posix() for name in kept(inside)]
    return sorted(found)


def files(root: Path) -> dict[str, str]:
    """{path from the root: sha256} of every file of the project."""
    return {name: hashlib.sha256((root / name).read_bytes()).hexdigest() for name in names(root)}


def depends(unit: str, name: str) -> bool:
    """Whether a unit depends on the file of that name."""
    if unit.startswith(BOOK):
        if name.startswith(BOOK) and name.endswith((".md", ".ipynb", ".toml")):     # a chapter, or what belongs to one
            return name.rpartition(".")[0] == unit
        places = (BOOK[:-1], *READS[BOOK], *EVERY)
    elif unit in READS:
        folder = unit.rpartition("/")[0] if unit.endswith(".py") else unit
        places = (folder, *READS[folder], *READS[unit], *EVERY)
    else:
        return True
    return any(name == place or name.startswith(f"{place}/") for place in places)


def machine() -> list:
    """What an outcome depends on beside the project's files."""
    described = Path("/proc/cpuinfo")
    processor = re.findall(r"^flags.*", described.read_text(), re.M)[:1] if described.exists() else platform.processor()
    packages = sorted(f"{one.name} {one.version}" for one in distributions())
    programs = [(path, os.stat(path).st_mtime) for path in map(shutil.which, PROGRAMS) if path]
    return [sys.version, platform.platform(), processor, packages, programs, [os.environ.get(name) for name in VARIABLES]]


def state(unit: str, content: dict[str, str], surroundings: list) -> str:
    """The hash of everything that a unit depends on."""
    parts = [pair for pair in content.items() if depends(unit, pair[0])]
    return hashlib.sha256(json.dumps([surroundings, parts]).encode()).hexdigest()


def units(verb: str, root: Path) -> list[str]:
    """The units of a verb: its folders, the files in them that READS names, and every notebook by its path without the
    ending."""
    notebooks = sorted((root / "book").rglob("*.ipynb"))
    chapters = [path.relative_to(root).with_suffix("").as_posix() for path in notebooks if path.parent.name[0] != "."]
    tests = [*FOLDERS[verb], *(name for name in READS if name.endswith(".py"))]
    return [*(name for name in tests if (root / name).exists()), *chapters]


def place_of(node: pytest.Item | pytest.Collector) -> str:
    """The folder of tests, the file of them that READS names, or the chapter, to which a file of tests belongs."""
    name = node.path.relative_to(ROOT)
    if name.as_posix() in READS:
        return name.as_posix()
    return name.with_suffix("").as_posix() if name.suffix == ".ipynb" else "/".join(name.parts[:2])


def unit_of(item: pytest.Item) -> str:
    """The unit of a test."""
    if item.get_closest_marker("chapter"):
        return item.callspec.params["path"].relative_to(ROOT).with_suffix("").as_posix()
    return place_of(item)


# The run --------------------------------------------------------------------------------------------------------------

class Outcomes:
    """A plugin of pytest that notes how each unit went. A unit in which a test was skipped has not passed, and nothing has
    passed where a file of tests could not be read or a process crashed, as nobody knows which tests are missing."""

    def __init__(self):
        self.of, self.complete = {}, True

    def pytest_collectreport(self, report):
        self.complete &= not report.failed

    def pytest_runtest_logreport(self, report):
        self.complete &= hasattr(report, "unit")
        self.of.setdefault(getattr(report, "unit", None), set()).add(report.outcome)

    def passed(self, unit):
        return self.complete and self.of.get(unit) == {"passed"}


def arguments(verb: str, stale: list[str]) -> list[str]:
    """What pytest is called with: the folders, and of the chapters those that are stale; long tests in `make test`. Files
    keep their order: the two processes end together if the longest file starts first and notebooks, the shortest, last."""
    chapters = [unit for unit in stale if unit.startswith(BOOK)]
    folders = [unit for unit in stale if not unit.startswith(BOOK)]
    folders = [unit for unit in folders if unit.rpartition("/")[0] not in folders]      # a file comes with its folder
    if chapters and CHAPTERS not in folders:
        folders.append(CHAPTERS)
    notebooks = [f"{unit}.ipynb" for unit in chapters]
    how = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    how += ["-m", "not soak and not slow and not long"] if verb == "check" else []
    return [*how, *folders, *notebooks, "--chapters", " ".join(chapters)]


def main(verb: str, root: Path = ROOT) -> int:
    if subprocess.run([sys.executable, "-m", "ruff", "check", "."], cwd=root, check=False).returncode:
        return 1
    path = root / "_build" / "tests.json"
    memory = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    passed = memory.get(verb, {})
    content, surroundings = files(root), machine()
    states = {unit: state(unit, content, surroundings) for unit in units(verb, root)}
    stale = [unit for unit in states if os.environ.get("CI") == "true" or passed.get(unit) != states[unit]]
    if left_out := [unit for unit in states if unit not in stale]:
        print(f"· Passed before, and nothing that they depend on has changed: {', '.join(left_out)}", flush=True)
    if not stale:
        return 0
    outcomes = Outcomes()
    code = pytest.main(arguments(verb, stale), plugins=[outcomes])
    # A run that was interrupted, or in which a file changed, says nothing of the state that was hashed.
    if code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and files(root) == content:
        news = {unit: states[unit] if outcomes.passed(unit) else None for unit in stale}
        for one in {"check", verb}:                 # `make test` runs all that `make check` runs
            memory[one] = memory.get(one, {}) | news
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(memory, indent=1), encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1]))
