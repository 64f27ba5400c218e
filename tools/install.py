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
FOLDER = VENV / "folder"                # the folder for which .venv was made: a copy of it still leads to the first one
# What leads uv, pip or Python to another place than .venv; containers and CI often set the first.
ELSEWHERE = ("UV_SYSTEM_PYTHON", "UV_PYTHON", "UV_PROJECT_ENVIRONMENT", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT",
             "PIP_PYTHON", "PYTHONHOME", "PYTHONPATH", "PYTHONUSERBASE")


def say(text: str) -> None:
    print(f"· {text}", flush=True)


def run(*command: object) -> bool:
    """Whether the command, run in the checkout, is there and succeeded; it installs into .venv and nowhere else."""
    environment = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    environment |= {"VIRTUAL_ENV": str(VENV), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    try:
        return subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, check=False).returncode == 0
    except OSError:
        return False


def works(python: Path) -> bool:
    """Whether this environment can be kept: made for this folder, new enough, and not left half made."""
    test = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return FOLDER.exists() and FOLDER.read_text(encoding="utf-8") == str(ROOT) and run(python, "-c", test)


def main(lock: str) -> None:
    if not works(PYTHON):
        say(f"Making .venv with Python {sys.version.split()[0]}")
        try:
            venv.create(VENV, with_pip=True, clear=True)
            FOLDER.write_text(str(ROOT), encoding="utf-8")
        except subprocess.CalledProcessError as error:
            sys.exit(f"Python could not make .venv ({error}). On Debian and Ubuntu: apt-get install python3-venv.")
        except OSError as error:
            sys.exit(f"Python could not make .venv: {error}.")
    for ready in VENV.glob("*.ready") if lock != "uv" else ():
        ready.unlink()
    say("Fetching uv, which installs the rest")
    fetched = run(PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", "requirements/uv.txt")
    if lock == "uv":
        return (VENV / "uv.ready").touch() if fetched else sys.exit("uv could not be fetched: is there a network?")
    say(f"Installing what requirements/{lock}.txt lists")
    install = ["install", "--require-hashes", "-r", f"requirements/{lock}.txt"]
    # pip is the second try: it reads the settings (mirrors, certificates) of people whose network needs them
    if not (run(BIN / "uv", "pip", *install, "--python", PYTHON) or run(PYTHON, "-m", "pip", *install)):
        sys.exit("Installing failed: the lines above say where. Nothing outside .venv was touched.")
    say("Installing nnlib, from this folder")
    if not run(PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-e", "."):
        sys.exit("Installing nnlib failed: the lines above say why.")
    for name in ("uv", "book", lock):
        (VENV / f"{name}.ready").touch()


if __name__ == "__main__":
    main(sys.argv[1])
