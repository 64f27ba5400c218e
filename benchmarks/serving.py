"""What one server carries of the site in _build/html, as tools/server.py serves it: the last part of `make machines`.

A first visit is a page in a browser that has kept nothing; then Run is pressed on its first cell, which fetches Python. How
many such visits a second one server answers is measured over loopback by a process of its own, file by file as the browser
asked. What a host with gzip would send is computed from the same files.
"""
import gzip
import json
import os
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from threading import Thread
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tools"))
from server import Server                               # noqa: E402

REPORT, PAGE, READERS, ROUNDS = ROOT / "benchmarks" / "machines.json", "06_backpropagation.html", 8, 5
SITE = Path(os.environ.get("SITE", ROOT / "_build" / "html"))
BROWSERS = "chromium", "chromium-browser", "google-chrome"


def visited(address):
    """The files that a first visit asks for, and those that Run asks for after it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, BROWSERS)))
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context, asked = browser.new_context(), []
        context.on("request", lambda one: asked.append(one.url))
        page = context.new_page()
        page.goto(f"{address}/{PAGE}", wait_until="networkidle")
        first = [*asked]
        page.locator(".run-run").nth(1).click()
        page.wait_for_selector(".run-run[data-does=stop]")
        page.wait_for_selector(".run-run[data-does=stop]", state="detached", timeout=120_000)
        page.wait_for_load_state("networkidle")
        browser.close()
    own = [[urlsplit(one).path for one in urls if one.startswith(address)] for urls in (first, asked[len(first):])]
    return [list(dict.fromkeys(paths)) for paths in own]


def sizes(paths):
    """How many files and bytes, as they are and as gzip sends them."""
    contents = [(SITE / path.lstrip("/")).read_bytes() for path in paths]
    return {"requests": len(paths), "bytes": sum(map(len, contents)),
            "gzipped": sum(min(len(one), len(gzip.compress(one, mtime=0))) for one in contents)}


def get(address, path):
    connection = HTTPConnection(urlsplit(address).netloc)
    connection.request("GET", path)
    content = connection.getresponse().read()
    connection.close()
    return len(content)


def carried(address, paths, visits):
    """Requests answered in a second, while so many readers at once make so many visits."""
    asked = paths * visits
    start = time.perf_counter()
    with ThreadPoolExecutor(READERS) as readers:
        total = sum(readers.map(lambda path: get(address, path), asked))
    taken = time.perf_counter() - start
    return len(asked) / taken, total / taken


def main():
    with Server(SITE, 0) as server, ProcessPoolExecutor(1) as asks:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        page, python = visited(address)
        served = {}
        for name, paths, visits in ("page", page, 20), ("python", python, 2):
            rounds = [asks.submit(carried, address, paths, visits).result() for _ in range(ROUNDS)]
            requests, of_bytes = (median(column) for column in zip(*rounds))
            served[name] = sizes(paths) | {"requests a second": float(f"{requests:.1g}"),
                                           "bytes a second": float(f"{of_bytes:.1g}")}
        server.shutdown()
    report = json.loads(REPORT.read_text(encoding="utf-8")) if REPORT.exists() else {}
    REPORT.write_text(json.dumps(report | {"page": PAGE, "served": served}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(served, indent=1))


if __name__ == "__main__":
    main()
