"""Build the site into _build/html if what it is made of has changed.

The build is strict (a warning is an error) and always whole: an incremental build repeats no warning of a page that
it does not read again, so it would pass on the second try. What makes the second run quick is that it does not run.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import runtime
from install import obstacle, one_at_a_time

ROOT = Path(__file__).resolve().parent.parent


def fingerprint(root: Path) -> str:
    """What the site is made of: chapters, settings, extension, look, nnlib's docstrings, and the versions of tools."""
    digest = hashlib.sha256()
    files = [root / "_config.yml", root / "requirements" / "book.txt"]
    for folder in ("book", "ledger", "nnlib", "website"):
        files += [path for path in (root / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts
                  and ".ipynb_checkpoints" not in path.parts]
    for path in sorted(files):
        with suppress(FileNotFoundError):           # an editor's file, which is gone again
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


def build(root: Path = ROOT, quiet: bool = False) -> bool:
    """Whether _build/html is, in the end, the strict build of what is in the tree."""
    (root / "_build").mkdir(exist_ok=True)
    with one_at_a_time(root / "_build", "Another build is under way; this one waits for it"):
        return build_if_stale(root, quiet)


def build_if_stale(root: Path, quiet: bool) -> bool:
    out, stamp, new = root / "_build", root / "_build" / "html.stamp", root / "_build" / "sphinx"
    now = fingerprint(root)
    if stamp.exists() and stamp.read_text() == now and (out / "html" / "index.html").exists():
        return True
    if reason := obstacle(out, 50):
        print(f"The book was not built. {reason}", file=sys.stderr)
        return False
    start = time.perf_counter()
    if not quiet:
        print("· Building the book", flush=True)
    shutil.rmtree(new, ignore_errors=True)
    built = sphinx(root, new)
    if fingerprint(root) != now:
        print("· A file changed while the book was built: it is built once more", flush=True)
        return build_if_stale(root, quiet)
    if not built:
        print("The book was not built: the warnings above are errors here.", file=sys.stderr)
        return False
    stamp.unlink(missing_ok=True)
    replace(out / "html", new / "_build" / "html")
    stamp.write_text(now)
    if not quiet:
        pages = len(list((out / "html").rglob("*.html")))
        print(f"· {pages} pages in {time.perf_counter() - start:.0f} s", flush=True)
    return True


def replace(old: Path, new: Path) -> None:
    """Let each file of the new site take the place of the old one at once, so that a reader's request meets no gap; then
    remove what the new site lacks. Python for the page stays."""
    names = {path.relative_to(new) for path in new.rglob("*") if path.is_file()}
    for name in names:
        (old / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).replace(old / name)
    for path in old.rglob("*"):
        if path.is_file() and "_runtime" not in path.parts and path.relative_to(old) not in names:
            path.unlink()


def sphinx(root: Path, out: Path) -> bool:
    """Whether a whole and strict run of Sphinx went through, into out/_build/html; what it warned of is printed."""
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", "book"]
    command += ["--config", "_config.yml", "--path-output", str(out), "-W", "--keep-going", "-n", "-q"]
    # The output goes into a file: node, which renders the formulas, would hold a pipe open for ever after a crash.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        with subprocess.Popen(command, cwd=root, stdout=output, stderr=output, start_new_session=True) as run:
            try:
                code = run.wait()
            finally:
                with suppress(ProcessLookupError, AttributeError):      # node may still run; Windows has no groups
                    os.killpg(run.pid, signal.SIGKILL)
        output.seek(0)
        text = re.sub(r"\x1b\[[0-9;]*m", "", output.read()).replace(f"{root}{os.sep}", "")
    if code:
        warnings = [line for line in text.splitlines() if re.search(r"WARNING|ERROR|CRITICAL", line)]
        print("\n".join(warnings) or text.strip() or f"Sphinx ended with code {code} and said nothing.")
    return not code


if __name__ == "__main__":
    if not build():
        sys.exit(1)
    runtime.publish_and_report()
    print("The book is in _build/html.")
