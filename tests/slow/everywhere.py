"""What a result may depend on, varied: `make everywhere` runs nnlib's tests, every cell of every chapter and the classifier
in other environments and on other processors.

    oldest      the oldest NumPy that pyproject.toml allows, on the Python that the book is built with
    newest      the newest NumPy there was at the last `make lock`, on the newest Python of this machine
    Prescott    the book's own environment as on an older processor: OpenBLAS takes the kernel of that name, and NumPy
    …           uses no newer instructions. A processor that is this machine's own, or newer, is not tried.

`oldest` and `newest` are the book's lock with another NumPy on top, in folders of their own: .venv-oldest, .venv-newest.
`make everywhere IN="oldest Prescott"` runs some of them, and IN=oldest+Prescott the oldest NumPy as on the old processor,
in half the time; if that fails, each by itself tells which of the two it is.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))
import install                                          # noqa: E402

BIN = "Scripts" if os.name == "nt" else "bin"
TESTS = ["tests/nnlib", "tests/chapters/test_cells.py", "tests/site/test_make_digits.py"]
# Where a figure puts its ink is asked of the chapters' figures; a kernel runs the same cells, but takes three times as long.
LEFT_OUT = "not plotting and not slow and not soak and not names"
ENVIRONMENTS = ["oldest", "newest"]
# Of each processor the groups of NumPy's instructions that it needs here, and those that NumPy goes on using. (OpenBLAS has
# one kernel for Haswell and Zen, and one for SkylakeX and what came after.)
PROCESSORS = {"Prescott": (set(), set()), "Sandybridge": ({"X86_V3"}, set()), "Haswell": ({"X86_V3"}, {"X86_V3"}),
              "SkylakeX": ({"X86_V3", "X86_V4"}, {"X86_V3", "X86_V4"})}
SHOW = "import platform, numpy; print('Python', platform.python_version(), 'NumPy', numpy.__version__)"
FEATURES = """
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
print(*(name for name in __cpu_dispatch__ if __cpu_features__.get(name)))
"""


def parts_of(name):
    """(environment, processor) of a name, of which one may be empty: the book's own, and this machine's."""
    parts = name.split("+")
    several = [[part for part in parts if part in group] for group in (ENVIRONMENTS, PROCESSORS)]
    if sum(map(len, several)) < len(parts) or max(map(len, several)) > 1:
        sys.exit(f"No environment is called {name}; there are {', '.join([*ENVIRONMENTS, *PROCESSORS])}, and one of each "
                 "joined by +")
    return [one[0] if one else "" for one in several]


def python_for(name):
    """The interpreter of an environment: the newest there is, or the one that `make` uses."""
    if name != "newest":
        return str(ROOT / ".venv" / BIN / "python")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in (14, 13, 12):
        for found in filter(None, [shutil.which(f"python3.{minor}"), *sorted(pyenv.glob(f"3.{minor}.*/bin/python"))]):
            if subprocess.run([found, "-c", "import venv"], capture_output=True, check=False).returncode == 0:
                return str(found)
    return None


def prepared(name):
    """The Python of that environment, made or brought up to date; None where this machine cannot."""
    if not name:
        return ROOT / ".venv" / BIN / "python"
    if (found := python_for(name)) is None:
        print(f"· {name}: no Python 3.12 or newer on this machine, so not tried", flush=True)
        return None
    return install.beside(name, ["all", name], found) or sys.exit(f".venv-{name} was not made: the lines above say why.")


def features(python):
    """The groups of newer instructions that NumPy uses here, and that it can be asked not to use."""
    return set(subprocess.run([python, "-c", FEATURES], capture_output=True, text=True, check=True).stdout.split())


def variables_for(name, python):
    """The variables of that processor, or of this one if it has no name; None where there is nothing to try."""
    variables = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    if name:
        needed, kept = PROCESSORS[name]
        here = features(python)
        if not needed <= here or here <= kept:
            print(f"· {name}: this machine's own processor, or newer, so not tried", flush=True)
            return None
        variables |= {"OPENBLAS_CORETYPE": name, "NPY_DISABLE_CPU_FEATURES": " ".join(sorted(here - kept))}
    return variables


def main(names):
    failed = []
    for name, (environment, processor) in {name: parts_of(name) for name in names}.items():
        start = time.time()
        python = prepared(environment)
        variables = python and variables_for(processor, python)
        if not variables:
            continue
        print(f"· {name}: ", end="", flush=True)
        subprocess.run([python, "-c", SHOW], env=variables, check=True)
        command = [python, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-m", LEFT_OUT, *TESTS]
        run = subprocess.run(command, cwd=ROOT, env=variables, check=False)
        print(f"· {name}: {'failed' if run.returncode else 'the same'}, {time.time() - start:.0f} s", flush=True)
        failed += [name] if run.returncode else []
    return f"Not the same in: {', '.join(failed)}" if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [*ENVIRONMENTS, *PROCESSORS]))
