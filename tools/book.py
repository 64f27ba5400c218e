"""Build the site into _build/html if what it is made of has changed; with --serve, serve it on this machine.

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
import threading
import time
import webbrowser
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import runtime
from install import one_at_a_time

ROOT = Path(__file__).resolve().parent.parent
PORT = 8000


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
    out, stamp = root / "_build", root / "_build" / "html.stamp"
    now = fingerprint(root)
    if stamp.exists() and stamp.read_text() == now and (out / "html" / "index.html").exists():
        return True
    shutil.rmtree(out / "html", ignore_errors=True)
    stamp.unlink(missing_ok=True)
    start = time.perf_counter()
    if not quiet:
        print("· Building the book", flush=True)
    built = sphinx(root)
    if fingerprint(root) != now:
        print("· A file changed while the book was built: it is built once more", flush=True)
        return build_if_stale(root, quiet)
    if not built:
        print("The book was not built: the warnings above are errors here.", file=sys.stderr)
        return False
    stamp.write_text(now)
    if not quiet:
        pages = len(list((out / "html").rglob("*.html")))
        print(f"· {pages} pages in {time.perf_counter() - start:.0f} s", flush=True)
    return True


def sphinx(root: Path, *builder: str) -> bool:
    """Whether a whole and strict run of Sphinx went through; what it warned of is printed."""
    for old in (".doctrees", "jupyter_execute"):
        shutil.rmtree(root / "_build" / old, ignore_errors=True)
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", "book"]
    command += ["--config", "_config.yml", "--path-output", ".", "-W", "--keep-going", "-n", "-q", *builder]
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


def policy(folder: str) -> str | None:
    """The content security policy of a site's pages. It is the same on each, so it is read from the front page."""
    page = Path(folder, "index.html")
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    found = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    return found[1] if found else None


class PageHandler(SimpleHTTPRequestHandler):
    """Serves the site, and logs no request. A browser asks again for every page, as it may have been built anew; it keeps
    Python's files for ever. Each answer carries the policy of the pages: a worker obeys the policy of its own file alone."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript", ".wasm": "application/wasm"}

    def log_message(self, *args: object) -> None:
        pass

    def handle(self) -> None:
        with suppress(ConnectionError):             # the reader closed the page before it was complete
            super().handle()

    def end_headers(self) -> None:
        constant = f"/_runtime/{runtime.VERSION}/" in self.path
        self.send_header("Cache-Control", "max-age=31536000, immutable" if constant else "no-cache")
        if text := policy(self.directory):
            self.send_header("Content-Security-Policy", text)
        super().end_headers()


def listen(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server on the first free port from `port` on."""
    for candidate in range(port, port + 100):
        try:
            return ThreadingHTTPServer(("127.0.0.1", candidate), partial(PageHandler, directory=str(folder)))
        except OSError:
            continue
    sys.exit(f"Every port from {port} to {port + 99} is busy.")


def receive_interrupts() -> None:
    """Let Ctrl-C reach this program and not make, which would report an error: Ctrl-C is how a reader stops."""
    import atexit

    if os.name == "nt" or not sys.stdin.isatty():
        return
    parent = os.getpgrp()
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(sys.stdin.fileno(), os.getpgrp())
    atexit.register(os.tcsetpgrp, sys.stdin.fileno(), parent)


def open_browser(address: str) -> None:
    """Open a browser where there is a desktop; never a text browser in the reader's terminal."""
    if sys.platform in {"darwin", "win32"} or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def serve(root: Path = ROOT) -> None:
    server = listen(root / "_build" / "html", PORT)
    address = f"http://127.0.0.1:{server.server_port}/"
    print(f"\n  The book is at {address}   (Ctrl-C ends)\n", flush=True)
    receive_interrupts()
    open_browser(address)
    threading.Thread(target=runtime.publish_and_report, args=(root, True), daemon=True).start()     # nobody waits for it
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("\rThe book is closed.")
    finally:
        server.server_close()


if __name__ == "__main__":
    if not build():
        sys.exit(1)
    if "--serve" in sys.argv:
        serve()
    else:
        runtime.publish_and_report()
        print("The book is in _build/html.")
