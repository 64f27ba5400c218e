"""The built site: what the files say, and what a real browser sees. Every check is also shown a fault it must find."""

import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import book
import pytest
from bs4 import BeautifulSoup

BOOK = Path(__file__).resolve().parents[2] / "book"
PAGES = sorted(set(re.findall(r"(?:file|root): (\S+)", (BOOK / "_toc.yml").read_text()))) + ["search"]
# what a page fetches by itself, as against where it leads
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src", "embed": "src",
         "object": "data", "use": "href"}
HREFS_THAT_LOAD = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "preconnect", "dns-prefetch", "manifest"}


def parse(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def loads(soup):
    """Every address that a page fetches by itself."""
    for name, attribute in LOADS.items():
        yield from (tag[attribute] for tag in soup.find_all(name) if tag.get(attribute))
    for tag in soup.find_all("link", href=True):
        if HREFS_THAT_LOAD & set(tag.get("rel", [])):
            yield tag["href"]
    for tag in soup.find_all(srcset=True):
        yield from (part.split()[0] for part in tag["srcset"].split(","))
    for text in [tag.get_text() for tag in soup.find_all("style")] + [tag["style"] for tag in soup.find_all(style=True)]:
        yield from in_css(text)


def in_css(text):
    """Every address that a style sheet fetches."""
    return [one for one in re.findall(r"url\(\s*['\"]?([^'\")]+)", text) + re.findall(r"@import\s+['\"]([^'\"]+)", text)
            if not one.startswith(("data:", "#"))]


def foreign(address):
    return bool(urlsplit(address).netloc)


def faults(path, site):
    """What is wrong with a page as a file, one sentence each."""
    soup, found = parse(path), []
    found += [f"fetches {address} from another host" for address in loads(soup) if foreign(address)]
    if soup.select(".katex-error"):
        found.append("has a KaTeX error")
    if len(soup.find_all("h1")) != 1:
        found.append(f"has {len(soup.find_all('h1'))} h1")
    if not (soup.html.get("lang") and soup.title and soup.title.get_text(strip=True)):
        found.append("has no language or no title")
    if not any(tag.get("content", "").strip() for tag in soup.find_all("meta", attrs={"name": "description"})):
        found.append("has no description")
    for image in soup.select("main img"):
        if not image.get("alt") or not image.get("width") or not image.get("height"):
            found.append(f"shows {image.get('src')} without alternative text or size")
    for image in soup.select("img.drawing"):
        figure = image.find_parent("figure")
        if not (figure and figure.figcaption and figure.figcaption.get_text(strip=True)):
            found.append(f"shows {image.get('src')} without a caption")
    addresses = [tag["href"] for tag in soup.find_all("a", href=True)] + list(loads(soup))
    for address in addresses:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or address == "#":
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not target.exists():
            found.append(f"leads to {address}, which is not there")
        elif parts.fragment and target.suffix == ".html" and not ids(target) & {parts.fragment, unquote(parts.fragment)}:
            found.append(f"leads to {address}, where nothing has that name")
    return found


def ids(path, known={}):  # noqa: B006 (a memory, for the length of a run)
    """The anchors of a page."""
    if path not in known:
        known[path] = {tag["id"] for tag in parse(path).find_all(id=True)}
    return known[path]


@pytest.mark.parametrize("page", PAGES)
def test_page(site, page):
    assert faults(site / f"{page}.html", site) == []


def test_style_sheets_fetch_nothing_from_elsewhere_and_nothing_that_is_missing(site):
    for sheet in site.rglob("*.css"):
        for address in in_css(sheet.read_text(encoding="utf-8")):
            assert not foreign(address), (sheet.name, address)
            assert (sheet.parent / unquote(urlsplit(address).path)).exists(), (sheet.name, address)


def test_math_is_rendered_by_the_katex_whose_style_sheet_is_served(site, root):
    from sphinxcontrib import katex

    chapter = parse(site / "03_weight_derivatives.html")
    assert len(chapter.select(".katex-mathml math")) > 20
    assert not any("mathjax" in address.lower() for address in loads(chapter))
    assert f'"{katex.katex_version}"' in (root / "book" / "_vendor" / "katex" / "katex.min.css").read_text()
    assert ".katex .mathbf{" in next((site / "_static").glob("lean.*.css")).read_text()


def test_a_node_that_does_not_listen_yet_is_asked_again(tmp_path, monkeypatch):
    """A socket where nobody listens refuses for real; the second try finds one who does."""
    from page import patient

    place, tries = Path("katex.sock"), []
    monkeypatch.chdir(tmp_path)                 # a socket's path may not be long

    def start(folder, timeout):
        tries.append(timeout)
        with socket.socket(socket.AF_UNIX) as there, socket.socket(socket.AF_UNIX) as asks:
            there.bind(place.name)
            if len(tries) > 1:
                there.listen()
            asks.connect(place.name)
        return "connected"

    assert patient(start)(tmp_path, 5) == "connected" and tries == [5, 5]
    place.unlink()
    with pytest.raises(ConnectionRefusedError):
        patient(lambda folder, timeout: start(folder, tries.clear()))(tmp_path, 5)


def test_building_again_does_nothing(site, root):
    stamp = root / "_build" / "html.stamp"
    before = (stamp.stat().st_mtime_ns, (site / "index.html").stat().st_mtime_ns)
    assert book.build(root)
    assert (stamp.stat().st_mtime_ns, (site / "index.html").stat().st_mtime_ns) == before


# The checks above must be able to fail ------------------------------------------------------------------------------

GOOD = """<html lang="en"><head><title>T</title><meta name="description" content="d"></head><body><main><h1 id="t">T</h1>
<figure><img class="drawing" src="a.svg" alt="A" width="1" height="1"><figcaption>c</figcaption></figure>
<a href="#t">t</a></main></body></html>"""
PLANTED = {
    "another host": ("</body>", '<script src="https://example.org/x.js"></script></body>'),
    "another host ": ("</head>", '<link rel="stylesheet" href="//example.org/x.css"></head>'),
    "another  host": ("</head>", "<style>p { background: url(https://example.org/x.png) }</style></head>"),
    "KaTeX": ("<h1", '<span class="katex-error">x</span><h1'),
    "h1": ("</main>", "<h1>again</h1></main>"),
    "language": ('lang="en"', ""),
    "description": ('content="d"', 'content=""'),
    "alternative": (' alt="A"', ' alt=""'),
    "size": (' width="1"', ""),
    "caption": ("<figcaption>c</figcaption>", ""),
    "not there": ("#t", "gone.html"),
    "that name": ('href="#t', 'href="#u'),
}


@pytest.mark.parametrize("fault", [None, *PLANTED])
def test_a_planted_fault_is_found(tmp_path, fault):
    old, new = PLANTED.get(fault, ("", ""))
    page = tmp_path / "page.html"
    page.write_text(GOOD.replace(old, new) if fault else GOOD)
    (tmp_path / "a.svg").touch()
    found = faults(page, tmp_path)
    assert any(" ".join(fault.split()) in one for one in found) if fault else found == []


BROKEN = r"""# A page with four faults

$$ \frac{a}{b $$ (bad-tex)

See [nothing](nowhere.ipynb) and {eq}`missing`.

![A picture](missing.png)
"""


def small(folder, root, text):
    """A book of one page, with everything that makes pages."""
    for name in ("_config.yml", "requirements/book.txt", "book/equations.toml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, folder / name)
    for name in ("_ext", "_run", "_static", "_templates", "_touch", "_vendor"):
        shutil.copytree(root / "book" / name, folder / "book" / name)
    (folder / "book" / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    (folder / "book" / "index.md").write_text(text)


def test_the_strict_build_stops_at_faults(tmp_path, root, capfd):
    small(tmp_path, root, BROKEN)
    assert not book.build(tmp_path)
    said = capfd.readouterr().out
    for fault in ("KaTeX", "nowhere.ipynb", "missing", "missing.png"):
        assert re.search(rf"WARNING.*{re.escape(fault)}", said), f"{fault!r} is not in:\n{said}"
    assert not (tmp_path / "_build" / "html.stamp").exists()


def test_a_build_that_dies_is_told_and_leaves_nothing_running(tmp_path, root, capfd):
    small(tmp_path, root, "# One\n\nA number $1$, for which node is started.\n")
    text = (tmp_path / "book" / "_ext" / "page.py").read_text()
    dies = '    app.connect("doctree-resolved", lambda *_: (katex.render_latex("1", {}), __import__("os")._exit(7)))\n'
    text = text.replace('    app.connect("autodoc-process-docstring", plain)\n', dies)
    (tmp_path / "book" / "_ext" / "page.py").write_text(text)
    start = time.monotonic()
    assert not book.build(tmp_path) and time.monotonic() - start < 100
    assert capfd.readouterr().out.strip()


def test_two_builds_at_once_wait_for_each_other(tmp_path, root, capfd):
    small(tmp_path, root, "# One\n\nA number $1$.\n")
    (tmp_path / "book" / "equations.toml").write_text("")
    code = f"import book; from pathlib import Path; raise SystemExit(not book.build(Path({str(tmp_path)!r})))"
    start = time.monotonic()
    both = [subprocess.Popen([sys.executable, "-c", code], cwd=root / "tools") for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    said = capfd.readouterr().out
    assert said.count("Another build is under way") == said.count("Building the book") == said.count("pages in") == 1, said
    assert int(re.search(r"pages in (\d+) s", said)[1]) <= time.monotonic() - start + 1


def test_a_page_that_is_closed_too_soon_is_no_error(tmp_path, capfd):
    (tmp_path / "large.bin").write_bytes(bytes(50_000_000))
    server = serving(tmp_path)
    with socket.create_connection(("127.0.0.1", server.server_port)) as asks:
        asks.sendall(b"GET /large.bin HTTP/1.0\r\n\r\n")
        assert asks.recv(12) == b"HTTP/1.0 200"
        asks.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))       # close at once, whatever comes
    server.shutdown()
    server.server_close()                                                                   # waits for what is served
    assert capfd.readouterr().err == ""


def test_a_busy_port_is_passed_over(tmp_path, monkeypatch):
    with serving(tmp_path) as busy, book.listen(tmp_path, busy.server_port) as server:
        assert 0 < server.server_port - busy.server_port < 100
        busy.shutdown()
    tried = []

    def refuse(place, handler):
        tried.append(place[1])
        raise OSError

    monkeypatch.setattr(book, "ThreadingHTTPServer", refuse)
    with pytest.raises(SystemExit, match="Every port from 8000 to 8099 is busy"):
        book.listen(tmp_path, 8000)
    assert tried == [*range(8000, 8100)]


# In a browser -------------------------------------------------------------------------------------------------------

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
         "--disable-background-networking", "--disable-sync"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VIEWS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture(scope="module")
def browser():
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        missing = "no Chromium was found, so no page was opened in a browser"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield running
        running.close()


def serving(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(book.PageHandler, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def address(site):
    server = serving(site)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def visit(browser, address, page, width, scheme, scripts=True):
    """What happens when a page is opened: requests to others, errors, and what `measure` finds in it."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts)
    foreign, errors = [], []

    def route(one):
        if one.request.url.startswith((address, "data:", "blob:")):
            return one.continue_()
        foreign.append(one.request.url)
        one.abort()

    context.route("**/*", route)
    tab = context.new_page()
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("response", lambda reply: errors.append(f"{reply.status} {reply.url}") if reply.status >= 400 else None)
    tab.goto(f"{address}/{page}.html", wait_until="load")
    seen = {"foreign": foreign, "errors": errors, "text": tab.inner_text("main")}
    if scripts:
        seen["overflow"] = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        seen["paper"] = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        # a formula opens at its beginning, and only one that overflows is a stop for the keyboard
        seen["formulas"] = tab.evaluate("""[...document.querySelectorAll('.formula')].map(box => [box.scrollLeft,
            box.scrollWidth > box.clientWidth + 1, box.tabIndex === 0])""")
    context.close()
    return seen


@pytest.mark.parametrize("page", PAGES)
def test_in_a_browser(browser, address, page):
    papers = set()
    for width, scheme in VIEWS:
        seen = visit(browser, address, page, width, scheme)
        assert seen["foreign"] == [] and seen["errors"] == [], (width, scheme, seen)
        assert seen["overflow"] <= 0, (width, scheme, seen["overflow"])
        assert all(left == 0 and wide == stop for left, wide, stop in seen["formulas"]), (width, seen["formulas"])
        papers.add(seen["paper"])
    assert len(papers) == 2, "dark and light do not differ"


def test_readable_without_javascript(browser, address, site):
    with_scripts = visit(browser, address, "03_weight_derivatives", 1280, "light")["text"]
    without = visit(browser, address, "03_weight_derivatives", 1280, "light", scripts=False)["text"]
    kept = set(re.findall(r"\w{4,}", with_scripts)) - set(re.findall(r"\w{4,}", without))
    for controls in parse(site / "03_weight_derivatives.html").select(".t-controls"):
        kept -= set(controls.get_text(" ").split())         # buttons that could do nothing are left out
    kept -= {"Change", "this", "figure"}                    # and so are the words that open a figure's code,
    kept -= {"Room", "your", "code", "cells", "above", "before"}    # and the room for a reader's own
    assert not kept, f"only with JavaScript: {sorted(kept)[:10]}"
    assert "∂" in without


def test_a_browser_sees_planted_faults(browser, tmp_path):
    page = GOOD.replace("</main>", '<img src="https://example.org/x.png"><script>undefined_name()</script>'
                        '<div style="width: 3000px">wide</div></main>')
    (tmp_path / "page.html").write_text(page)
    server = serving(tmp_path)
    seen = visit(browser, f"http://127.0.0.1:{server.server_port}", "page", 390, "light")
    server.shutdown()
    server.server_close()
    assert seen["foreign"] == ["https://example.org/x.png"] and seen["overflow"] > 2000
    assert any("undefined_name" in one for one in seen["errors"])
    assert any(one.startswith("404") for one in seen["errors"]), "a.svg is missing here"


def test_the_card_prints_on_one_page(browser, address):
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(f"{address}/card.html")
    pages = re.findall(rb"/Type\s*/Page\b", tab.pdf(prefer_css_page_size=True))
    context.close()
    assert len(pages) == 1
