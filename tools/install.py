"""Make .venv from a hashed lock: `python tools/install.py book` to read, `all` to write and test, `uv` to lock.

It runs before anything is installed, so it uses the standard library alone. uv installs the lock, because it is
several times faster than pip (8 s against 48 s on a cold cache); it comes from the package index like the rest.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"


def say(text: str) -> None:
    print(f"· {text}", flush=True)


def run(*command: object) -> bool:
    """Whether the command, run in the checkout, succeeded."""
    environment = {**os.environ, "VIRTUAL_ENV": str(VENV), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, check=False).returncode == 0


def works(python: Path) -> bool:
    """Whether this environment can be kept: there, new enough, and not left half made."""
    test = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return python.exists() and run(python, "-c", test)


def main(lock: str) -> None:
    if not works(PYTHON):
        say(f"Making .venv with Python {sys.version.split()[0]}")
        try:
            venv.create(VENV, with_pip=True, clear=True)
        except (subprocess.CalledProcessError, OSError) as error:
            sys.exit(f"Python could not make .venv ({error}). On Debian and Ubuntu: apt-get install python3-venv.")
    for ready in VENV.glob("*.ready") if lock != "uv" else ():
        ready.unlink()
    say("Fetching uv, which installs the rest")
    run(PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", "requirements/uv.txt")
    if lock == "uv":
        return (VENV / "uv.ready").touch()
    say(f"Installing what requirements/{lock}.txt lists")
    install = ["install", "--require-hashes", "-r", f"requirements/{lock}.txt"]
    # pip is the second try: it reads the settings (mirrors, certificates) of people whose network needs them
    if not (run(BIN / "uv", "pip", *install) or run(PYTHON, "-m", "pip", *install)):
        sys.exit("Installing failed: the lines above say where. Nothing outside .venv was touched.")
    say("Installing nnlib, from this folder")
    if not run(PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-e", "."):
        sys.exit("Installing nnlib failed: the lines above say why.")
    for name in ("uv", "book", lock):
        (VENV / f"{name}.ready").touch()


if __name__ == "__main__":
    main(sys.argv[1])
