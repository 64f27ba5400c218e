"""nnlib's tests and every chapter's printed output in other environments: `make everywhere`.

    oldest      the oldest NumPy that pyproject.toml allows, on the Python that the book is built with
    newest      the newest NumPy there was at the last `make lock`, on the newest Python of this machine
    plain       the book's own environment on a processor without its newer instructions, as NumPy and BLAS are told

Each environment is the book's lock with another NumPy on top, in a folder of its own: .venv-oldest, .venv-newest.
`make everywhere IN="oldest newest"` runs some of them.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = "Scripts" if os.name == "nt" else "bin"
TESTS = [f"tests/nnlib/test_{stem}.py" for stem in ("edges", "nnlib", "derivatives", "bad_input", "files")]
SHOW = "import platform, numpy; print('Python', platform.python_version(), 'NumPy', numpy.__version__)"
FEATURES = """
import numpy
from numpy._core import _multiarray_umath as m
print(" ".join(name for name in m.__cpu_dispatch__ if m.__cpu_features__.get(name)))
"""


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
    """The Python of that environment, made or brought up to date."""
    if name == "plain":
        return ROOT / ".venv" / BIN / "python"
    if (found := python_for(name)) is None:
        return None
    venv, uv = ROOT / f".venv-{name}", ROOT / ".venv" / BIN / "uv"
    python = venv / BIN / "python"
    locks = [ROOT / "requirements" / f"{lock}.txt" for lock in ("all", name)]
    ready = venv / "ready"
    if not ready.exists() or any(lock.stat().st_mtime > ready.stat().st_mtime for lock in locks):
        def call(*words):
            subprocess.run([str(word) for word in (uv, *words)], cwd=ROOT, check=True)
        call("venv", "--quiet", "--clear", "--python", found, venv)
        for lock in locks:
            call("pip", "install", "--quiet", "--python", python, "--require-hashes", "--no-deps", "-r", lock)
        call("pip", "install", "--quiet", "--python", python, "--no-deps", "--no-build-isolation", "-e", ".")
        ready.touch()
    return python


def surroundings(name, python):
    """The variables of that environment."""
    variables = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    if name == "plain":
        features = subprocess.run([python, "-c", FEATURES], capture_output=True, text=True, check=True).stdout.strip()
        variables |= {"NPY_DISABLE_CPU_FEATURES": features, "OPENBLAS_CORETYPE": "Prescott"}
        print(f"· without {features or 'anything less: this processor has no more than the baseline'}", flush=True)
    return variables


def main(names):
    failed = []
    for name in names:
        start = time.time()
        python = prepared(name)
        if python is None:
            print(f"· {name}: no Python 3.12 or newer on this machine, so not tried", flush=True)
            continue
        variables = surroundings(name, python)
        print(f"· {name}: ", end="", flush=True)
        subprocess.run([python, "-c", SHOW], env=variables, check=True)
        chapters = sorted(str(path) for path in (ROOT / "book").glob("*.ipynb"))
        command = [python, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-k", "not plotting"]
        run = subprocess.run([*command, *TESTS, *chapters], cwd=ROOT, env=variables, check=False)
        print(f"· {name}: {'failed' if run.returncode else 'the same'}, {time.time() - start:.0f} s", flush=True)
        failed += [name] if run.returncode else []
    return f"Not the same in: {', '.join(failed)}" if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["oldest", "newest", "plain"]))
