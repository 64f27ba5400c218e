"""Build the book if it has changed, and serve it on this machine."""

import argparse
import os
import re
import signal
import sys
import threading
import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import book
import runtime

PORT = 8000


def policy(folder: str) -> str | None:
    """The content security policy of a site's pages. It is the same on each, so it is read from the front page."""
    page = Path(folder, "index.html")
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    found = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    return found[1] if found else None


class PageHandler(SimpleHTTPRequestHandler):
    """Serves the site, and logs no request. A browser asks again for every file, as it may have been built anew; what is
    large, runner/worker.js keeps. Each answer carries the policy of the pages: a worker obeys that of its own file alone."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript", ".wasm": "application/wasm"}

    def log_message(self, *args: object) -> None:
        pass

    def handle(self) -> None:
        if self.rfile.peek(1)[:1] != b"\x16":       # a browser that tries HTTPS asks by HTTP when the connection ends
            super().handle()

    def send_head(self) -> object:
        try:
            return super().send_head()
        except ValueError:                          # no file has such a name: there is a NUL in it, or half a letter
            return self.send_error(404)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        if text := policy(self.directory):
            self.send_header("Content-Security-Policy", text)
        super().end_headers()


class Server(ThreadingHTTPServer):
    """A request that fails is told in one line, unless it is the reader who went away; the next one is answered."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(("127.0.0.1", port), partial(PageHandler, directory=str(folder)))

    def handle_error(self, *args: object) -> None:
        error = sys.exception()
        if not isinstance(error, (ConnectionError, TimeoutError)):
            print(f"A request failed: {error!r}", file=sys.stderr, flush=True)


def listen(folder: Path, port: int) -> Server:
    """A server on the first free port from `port` on."""
    for candidate in range(port, port + 100):
        try:
            return Server(folder, candidate)
        except OSError:
            continue
    sys.exit(f"Every port from {port} to {port + 99} is busy.")


def open_browser(address: str) -> None:
    """Open a browser where there is a desktop; never a text browser in the reader's terminal."""
    if sys.platform in {"darwin", "win32"} or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def serve(root: Path = book.ROOT) -> None:
    with listen(root / "_build" / "html", PORT) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        print(f"\n  The book is at {address}   (Ctrl-C ends)\n", flush=True)
        open_browser(address)
        threading.Thread(target=runtime.publish_and_report, args=(root, True), daemon=True).start()   # nobody waits for it
        # Ctrl-C is how a reader stops. As an exception it is lost where Python is in a callback that may not fail.
        signal.signal(signal.SIGINT, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever()


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        if not book.build():
            sys.exit(1)
        serve()
    except KeyboardInterrupt:                       # while the book was built
        pass
    print("\rThe book is closed.")


if __name__ == "__main__":
    main()
