"""Make .venv from a hashed lock: `python tools/install.py book` to read, `all` to write and test, `uv` to lock.

It runs before anything is installed, so it uses the standard library alone. uv installs the lock, because it is
several times faster than pip (8 s against 48 s on a cold cache); it comes from the package index like the rest.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
FOLDER = VENV / "folder"                # names the folder for which .venv is whole: one that was copied is not
NEEDED = {"uv": 200, "book": 700, "all": 1000}                          # MB
WHEELS = ["--require-hashes", "--no-deps", "--only-binary=:all:"]       # no code of a package runs to install it
# The reader's settings for pip and uv that say where packages come from. The others, and Python's, stay outside: they lead
# to another place than .venv, or to other packages than the lock's.
KEPT = ("CACHE", "CERT", "CONFIG_FILE", "HOST", "HTTP", "INDEX", "KEYRING", "LINKS", "PROXY", "RETRIES", "TIMEOUT", "TLS")
# Each Python of .venv reads this file as it starts: it finds nnlib where that stands, by a path that is ASCII whatever the
# folder is called, and it writes \xb7 where the terminal has no ·, instead of an error.
LINK = """import os, pathlib, sys, sysconfig
place, root = sysconfig.get_path("purelib"), sys.argv[1]
soften = "import sys; sys.stdout.reconfigure(errors='backslashreplace')"
pathlib.Path(place, "nnlib.pth").write_text(os.path.relpath(root, place) + chr(10) + soften + chr(10))"""


def say(text: str) -> None:
    print(f"· {text}", flush=True)


@contextmanager
def one_at_a_time(folder: Path, waits: str) -> Iterator[bool]:
    """Processes that would write over each other go on one by one, and say that they wait; whether this one waited."""
    waited, lock = False, None
    with suppress(ImportError, OSError):            # Windows has no such locks, nor have some network disks
        import fcntl
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = True
            say(waits)
            fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield waited
    finally:
        if lock is not None:
            os.close(lock)


def run(*command: object) -> bool:
    """Whether the command, run in the checkout, is there and succeeded; it installs into .venv and nowhere else."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("PIP_", "UV_", "PYTHON")) or any(word in name for word in KEPT)}
    environment |= {"VIRTUAL_ENV": str(VENV), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_USER": "0", "PYTHONUTF8": "1"}
    try:
        return subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, check=False).returncode == 0
    except OSError:
        return False


def works() -> bool:
    """Whether .venv can be kept: whole, made for this folder, and with a Python that is there and new enough."""
    test = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return FOLDER.exists() and FOLDER.read_text(encoding="utf-8") == str(ROOT) and run(PYTHON, "-c", test)


def beside(name: str, locks: list[str], interpreter: Path = PYTHON) -> Path | None:
    """The Python of .venv-NAME, which holds these locks and nnlib, made or brought up to date; None where that failed."""
    folder = ROOT / f".venv-{name}"
    python, ready = folder / BIN.name / "python", folder / "ready"
    files = [ROOT / "requirements" / f"{lock}.txt" for lock in locks]
    if ready.exists() and all(file.stat().st_mtime <= ready.stat().st_mtime for file in files):
        return python
    done = run(BIN / "uv", "venv", "--quiet", "--clear", "--python", interpreter, folder)
    for file in files:
        wheels = ["install", "--quiet", *WHEELS, "-r", file]
        ways = [[BIN / "uv", "pip", *wheels, "--python", python], [PYTHON, "-m", "pip", "--python", python, *wheels]]
        if file.stem == "torch":        # a folder of wheels that pip knows may hold its builds; else uv knows where they are
            ways = [ways[1], [*ways[0], "--torch-backend=cpu"]]
        done = done and any(run(*way) for way in ways)
    if not (done and run(python, "-c", LINK, ROOT)):
        return None
    ready.touch()
    return python


def obstacle(folder: Path, megabytes: int) -> str | None:
    """A sentence, if nothing can be written to this folder or there is too little room."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
        free = shutil.disk_usage(folder).free // 10**6
        if free >= megabytes:
            return None
        reason = f"it has {free} MB left, and about {megabytes} MB are needed"
    except OSError as error:
        reason = error.strerror
    return f"{folder} cannot be written ({reason}): make room there, or use another place."


def stop(lock: str, reason: str) -> None:
    """End with the sentence that says what is wrong: with the reason, unless a disk is."""
    sys.exit(obstacle(VENV if VENV.exists() else ROOT, NEEDED[lock]) or obstacle(ROOT, 1)
             or obstacle(Path(tempfile.gettempdir()), 200) or reason)


def main(lock: str) -> None:
    if not works():
        say(f"Making .venv with Python {sys.version.split()[0]}")
        if not find_spec("ensurepip"):
            sys.exit("This Python cannot make a .venv. On Debian and Ubuntu: apt-get install python3-venv.")
        try:
            if VENV.is_symlink():
                VENV.unlink()           # where it leads is not emptied
            venv.create(VENV, with_pip=True, clear=True, symlinks=os.name != "nt")
        except (ValueError, subprocess.CalledProcessError) as error:
            stop(lock, f"Python could not make .venv: {error}")
    say("Fetching uv, which installs the rest")
    fetched = run(PYTHON, "-m", "pip", "install", "--quiet", *WHEELS, "-r", "requirements/uv.txt")
    if lock == "uv" and not fetched:
        stop(lock, "uv could not be fetched: the lines above say why. Is there a network?")
    if lock != "uv":
        FOLDER.unlink(missing_ok=True)
        say(f"Installing what requirements/{lock}.txt lists")
        install = ["install", *WHEELS, "-r", f"requirements/{lock}.txt"]
        # pip is the second try: it reads the settings (mirrors, certificates) of people whose network needs them
        if not (run(BIN / "uv", "pip", *install, "--python", PYTHON) or run(PYTHON, "-m", "pip", *install)):
            stop(lock, "Installing failed: the lines above say why. Nothing outside .venv was touched.")
        if not run(PYTHON, "-c", LINK, ROOT):
            stop(lock, "nnlib could not be linked into .venv: the lines above say why.")
    FOLDER.write_text(str(ROOT), encoding="utf-8")
    locks = [*NEEDED]                   # each holds those before it
    for name in locks[:locks.index(lock) + 1]:
        (VENV / f"{name}.ready").touch()


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with one_at_a_time(ROOT, "Another set-up is under way; this one waits for it") as waited:
            if not (waited and works() and (VENV / f"{sys.argv[1]}.ready").exists()):
                main(sys.argv[1])
    except OSError as error:
        stop(sys.argv[1], f"Set-up failed: {error}")
    except KeyboardInterrupt:
        sys.exit("\nSet-up was interrupted; the next one begins anew.")
