"""A gradient by several processes or machines: `make dask` and `make machines`, with Dask in .venv-dask.

`make dask` trains the classifier of the digits, on a local cluster or with AT=tcp://… on the scheduler at that address.
`make machines` measures what a step takes with one worker and with two, what one server of the site carries, and writes
machines.json. The book's page machines.md shows it.
"""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tools"))
import install                                          # noqa: E402

MEGABYTES = 200
LACKING = ".venv-dask could not be made: the lines above say why. It takes a network."
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def main(*arguments):
    install.say("Looking after .venv-dask, which holds Dask")
    python = install.beside("dask", ["dask"])
    if python is None:
        return install.obstacle(ROOT, MEGABYTES) or LACKING
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | ONE_THREAD
    done = subprocess.run([python, "-m", "benchmarks.with_dask", *arguments], cwd=ROOT, env=kept, check=False).returncode
    if done or arguments[:1] != ("measure",):
        return done
    return subprocess.run([sys.executable, "-m", "benchmarks.serving"], cwd=ROOT, env=kept, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(*filter(None, sys.argv[1:])))
    except KeyboardInterrupt:
        sys.exit("\nInterrupted.")
