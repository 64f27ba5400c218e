"""How fast nnlib is beside its own bare loops and other programs: `make bench`, which writes benchmarks/results.json.

PyTorch, JAX and scikit-learn are installed into .venv-bench, where all sides run, each with one thread (measure.py); so are
Keras and ONNX, for loops.py and exchanged.py. The book's page speed.md shows the results: `make notebooks` writes it anew.
"""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tools"))
import install                                          # noqa: E402

MEGABYTES = 1900
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1") | {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", "JAX_PLATFORMS": "cpu"}
LACKING = """.venv-bench could not be made: the lines above say why. It takes a network.
The package index does not hold PyTorch's builds without CUDA for Linux and Windows. If one was missing, put the one that
requirements/torch.txt names for your system into a folder, and name that folder in PIP_FIND_LINKS."""


def main():
    install.say("Looking after .venv-bench, which holds PyTorch, JAX and scikit-learn")
    python = install.beside("bench", ["bench", "torch"])
    if python is None:
        return install.obstacle(ROOT, MEGABYTES) or LACKING
    # OPENBLAS_CORETYPE would slow NumPy alone
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENBLAS_", "XLA_", "PYTHON"))}
    return subprocess.run([python, "-m", "benchmarks.measure"], cwd=ROOT, env=kept | ONE_THREAD, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; results.json stays as it was.")
