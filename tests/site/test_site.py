"""The built site as files, and the build that makes it. Every check is also shown a fault it must find."""

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import book
import pytest
import server
from pages import PAGES, parse

from website import math, policy

# what a page fetches by itself, as against where it leads
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src", "embed": "src",
         "object": "data", "use": "href"}
HREFS_THAT_LOAD = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "preconnect", "dns-prefetch", "manifest"}


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


@cache
def ids(path):
    """The anchors of a page."""
    return {tag["id"] for tag in parse(path).find_all(id=True)}


@pytest.mark.parametrize("page", PAGES)
def test_page(site, page):
    assert faults(site / f"{page}.html", site) == []


def test_style_sheets_fetch_nothing_from_elsewhere_and_nothing_that_is_missing(site):
    for sheet in site.rglob("*.css"):
        for address in in_css(sheet.read_text(encoding="utf-8")):
            assert not foreign(address), (sheet.name, address)
            assert (sheet.parent / unquote(urlsplit(address).path)).exists(), (sheet.name, address)


def test_a_page_asks_for_one_style_sheet_and_one_script(site):
    """Whatever Sphinx and its extensions add; the search has Sphinx's own scripts too, and a figure and a box have
    theirs."""
    for page in PAGES:
        text = (site / f"{page}.html").read_text(encoding="utf-8")
        soup, up = parse(site / f"{page}.html"), "../" * page.count("/")
        assert [tag["href"].partition("?")[0] for tag in soup.select("link[rel=stylesheet]")] == [f"{up}_static/site.css"]
        own = [tag["src"].partition("?")[0] for tag in soup.select("script[src]:not([type=module])")]
        box = [f"{up}_static/runner/results.js"] * len(soup.select("div.results-box"))
        assert own == [f"{up}_static/site.js", *box] or own[0] == f"{up}_static/site.js" and page == "search", page
        assert [tag.string for tag in soup.select("script:not([src])")] == [policy.FIRST_SCRIPT]
        figures = [tag["data-interactive"] for tag in soup.select("figure.interactive")]
        assert re.findall(r'type="module" src="_static/interactive/(\w+)\.js"', text) == figures


def test_every_page_states_the_policy(site):
    assert server.policy(str(site)) == policy.POLICY
    assert "default-src 'self'" in policy.POLICY
    assert "'unsafe-inline'" not in policy.POLICY.replace("style-src-attr 'unsafe-inline'", "")
    for page in PAGES:
        assert f'content="{policy.POLICY}"' in (site / f"{page}.html").read_text(encoding="utf-8"), page


def test_the_book_s_contents_mark_the_page_and_list_those_of_its_chapter(site):
    for page in PAGES:
        soup = parse(site / f"{page}.html")
        marked = [tag.get_text() for tag in soup.select("nav#book [aria-current=page]")]
        assert marked == [soup.title.get_text().rpartition(" – ")[0]] * (page not in ("index", "search")), page
    for page in ("14_frameworks", "graph", "machines"):
        links = [tag.get_text() for tag in parse(site / f"{page}.html").select("nav#book li li > a")]
        assert links == ["A graph instead of a chain", "Beyond one machine"], page
    assert parse(site / "card.html").select("nav#book li li") == []


def test_a_host_that_passes_files_through_jekyll_leaves_none_out(site):
    assert (site / ".nojekyll").exists()


def test_the_site_holds_nothing_that_no_page_asks_for(site):
    text = "".join(path.read_text(encoding="utf-8") for kind in ("html", "css", "js") for path in site.rglob(f"*.{kind}"))
    for path in (site / "_static").rglob("*"):
        assert path.is_dir() or path.name == "LICENSE" or path.name in text, path.name


def test_every_file_of_the_theme_is_part_of_a_page(site, root):
    """A style sheet that site.css.jinja does not name would be in no page; site.js has every script, without comments."""
    static = root / "website" / "theme" / "static"
    whole = (site / "_static" / "site.js").read_text(encoding="utf-8")
    for path in (root / "website" / "theme" / "scripts").glob("*.js"):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("//")]
        assert "\n".join(lines) in whole, path.name
    for folder, kind in (("theme/styles", "css"), ("runner", "css"), ("interactive", "css")):
        named = re.findall(r'include "([^"]+)"', (static / f"site.{kind}.jinja").read_text())
        for path in (root / "website" / folder).glob(f"*.{kind}"):
            assert f"{folder}/{path.name}" in named, f"{folder}/{path.name} is in no page: name it in site.{kind}.jinja"


def test_the_theme_is_the_only_one_that_is_loaded(root):
    """No key of _config.yml speaks of Jupyter Book's own theme, and nothing loads it."""
    import yaml

    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    assert not {"launch_buttons", "repository"} & settings.keys()
    assert settings["html"].keys() == {"use_multitoc_numbering"} and "extra_extensions" not in settings["sphinx"]
    assert settings["sphinx"]["config"]["html_theme"] == "book"
    assert not [name for name in settings["sphinx"]["config"]["extensions"] if "theme" in name or "thebe" in name]


def test_what_html_may_bring_into_a_page():
    for harmless in ("<table><tr><td on-time>a &lt;script&gt;</td></tr></table>",
                     '<a href="x.html#on">b</a> & <img src="p.png">', "<p class=evaluated>1 &amp; 2</p>", "a < b"):
        assert policy.active_parts(harmless) == [], harmless
    for active in ("<SCRIPT src=x.js>", "<svg><script>1</script></svg>", '<b OnClick="go()">b</b>',
                   "<img src=x onerror=go()>", '<a href=" java\nscript:go()">a</a>', "<iframe></iframe>",
                   "<style>p {}</style>",
                   "<link rel=stylesheet>", '<form action="x">', "text <script src=x.js ", '<meta http-equiv="refresh">',
                   '<a href="&#106;avascript:go()">'):
        assert policy.active_parts(active), active


LATE = """import pathlib, socket, sys, time
with socket.socket(socket.AF_UNIX) as here:
    here.bind("katex.sock")
    time.sleep(0.3)
    here.listen()
    other, _ = here.accept()
    other.sendall(b"heard")"""


def test_a_node_that_does_not_listen_yet_is_asked_again(tmp_path, monkeypatch):
    """A program that creates its socket and listens later refuses for real; it is asked again and not started again."""
    monkeypatch.chdir(tmp_path)                 # a socket's path may not be long
    monkeypatch.setattr(math.katex.KaTeXServer, "build_command", lambda socket: [sys.executable, "-c", LATE])
    process, connection = math.start_and_connect(Path(), 20)
    with process, connection:
        assert connection.recv(5) == b"heard"
    monkeypatch.setattr(math.katex.KaTeXServer, "build_command", lambda socket: [sys.executable, "-c", "input()"])
    Path("katex.sock").unlink()
    with pytest.raises(math.katex.KaTeXError):
        math.start_and_connect(Path(), 0.2)


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


# The strict build -----------------------------------------------------------------------------------------------------

def code(number, source, **data):
    """A code cell with one output."""
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    return {"cell_type": "code", "id": f"cell{number}", "execution_count": number, "metadata": {}, "source": source,
            "outputs": [output]}


FAULTY = r"""# A page with a fault of each kind

$$ \frac{a}{b $$ (bad-tex)

See [nothing](nowhere.ipynb) and {eq}`missing`.

![A picture](missing.png)

```{admonition} An interactive figure
:class: interactive nosuch

There is none of this name.
```

<p onclick="go()">A text that does something.</p>
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" {}><path d="M0 0h9"/></svg>'
CELLS = [code(1, "a figure without words", **{"image/svg+xml": SVG.format('width="9pt" height="9pt"')}),
         code(2, "a table", **{"text/html": "<table><tr><td>1</td></tr></table>"}),
         code(3, "a script", **{"text/html": "<b>1</b><script>go()</script>"}),
         code(4, "a frame", **{"text/html": '<iframe src="x.html"></iframe>'}),
         code(5, "an address", **{"text/html": '<a href="javascript:go()">go</a>'})]
WARNINGS = {
    "TeX": r"index\.md.*KaTeX", "link": r"index\.md.*nowhere\.ipynb", "equation": r"index\.md.*missing",
    "picture": r"index\.md.*missing\.png", "figure": r"index\.md.*interactive figure needs.*'nosuch'",
    "event": r"index\.md.*the text brings onclick=\"go\(\)\"", "svg": r"cells\.ipynb.*needs aria-label",
    "caption": r"cells\.ipynb.*needs a caption", "script": r"cells\.ipynb.*code cell \[3\] brings <script>",
    "frame": r"code cell \[4\] brings <iframe>", "address": r"code cell \[5\] brings href=\"javascript:",
}


def small_book(folder, root, text):
    """A book of one page, with everything that makes pages."""
    for name in ("_config.yml", "requirements/book.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, folder / name)
    for name in ("website", "ledger", "nnlib"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "book").mkdir()
    (folder / "book" / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    (folder / "book" / "index.md").write_text(text)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory, root):
    """What the strict build of one small book with a fault of each kind has said, and where."""
    folder = tmp_path_factory.mktemp("faulty")
    small_book(folder, root, FAULTY)
    (folder / "book" / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n- file: cells\n")
    text = {"cell_type": "markdown", "id": "text", "metadata": {}, "source": "# Cells"}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}}
    (folder / "book" / "cells.ipynb").write_text(json.dumps(
        {"cells": [text, *CELLS], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    code = f"import book; from pathlib import Path; raise SystemExit(not book.build(Path({str(folder)!r})))"
    done = subprocess.run([sys.executable, "-c", code], cwd=root / "tools", check=False, capture_output=True, text=True)
    return folder, done


@pytest.mark.parametrize("fault", WARNINGS)
def test_the_strict_build_names_each_fault(faulty, fault):
    said = faulty[1].stdout
    assert re.search(f"{WARNINGS[fault]}", said), said
    assert "code cell [2]" not in said, "a table is no fault"


def test_the_strict_build_stops_at_faults(faulty):
    folder, done = faulty
    assert done.returncode == 1 and not (folder / "_build" / "html.stamp").exists()


def test_a_build_that_dies_says_so_and_leaves_nothing_running(tmp_path, root, capfd):
    """Node, which renders the formula, would hold a pipe open for ever: the test ends, so it does not."""
    small_book(tmp_path, root, "# One\n\nA number $1$, for which node is started.\n")
    part = tmp_path / "website" / "links.py"
    dies = '    app.connect("doctree-resolved", lambda *_: (katex.render_latex("1", {}), __import__("os")._exit(7)))\n'
    part.write_text(part.read_text().replace("import re\n", "import re\n\nfrom sphinxcontrib import katex\n")
                    .replace("    app.add_transform(Labels)\n", dies))
    assert dies in part.read_text() and not book.build(tmp_path)
    assert "The book was not built" in capfd.readouterr().err


def test_two_builds_at_once_wait_for_each_other(tmp_path, root):
    small_book(tmp_path, root, "# One\n\nA number $1$.\n")
    code = f"import book; from pathlib import Path; raise SystemExit(not book.build(Path({str(tmp_path)!r})))"
    both = [subprocess.Popen([sys.executable, "-c", code], cwd=root / "tools", stdout=subprocess.PIPE, text=True)
            for _ in range(2)]
    said = "".join(one.communicate()[0] for one in both)
    assert [one.returncode for one in both] == [0, 0], said
    assert said.count("Another build is under way") == said.count("Building the book") == said.count("pages in") == 1, said
