"""Built pages in Chromium: how a page is opened, and the one sweep that looks at every page in every view."""

import gzip
import hashlib
import json
import os
import re
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import axe_playwright_python
from bs4 import BeautifulSoup
from server import Server

BOOK = Path(__file__).resolve().parents[2] / "book"
PAGES = sorted(set(re.findall(r"(?:file|root): (\S+)", (BOOK / "_toc.yml").read_text()))) + ["search"]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
         "--disable-background-networking", "--disable-sync"]
KILOBYTES, REQUESTS, SHIFT = 130, 12, 0.02      # the most that a page may have, its own figures not counted
OTHER_WIDTHS = {1280: (1600, 768), 390: (320,)}     # 320 pixels are what a screen of 1280 shows at 400 %
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")

# Before anything of a page runs: what moves, and what breaks the policy, is noted.
WATCH = """window.shift = 0; window.refused = [];
    new PerformanceObserver((list) => list.getEntries().forEach((one) => { if (!one.hadRecentInput) shift += one.value; }))
        .observe({ type: 'layout-shift', buffered: true });
    addEventListener('securitypolicyviolation', (one) => refused.push(`${one.violatedDirective} ${one.blockedURI}`));"""
SETTLED = """document.fonts.ready.then(() => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))))"""
# A browser that closes its storage to a page.
NO_STORAGE = """for (const name of ['localStorage', 'sessionStorage', 'caches']) Object.defineProperty(window, name,
    { get() { throw new DOMException('closed', 'SecurityError'); } });"""
CONTROLS = ".run-bar, .run-open, .run-own, .run-state, .run-scratch, .ledger-panel, .i-controls, .tools, form.search, button"
CONTROLS += ", .turned-table form"
CONTRAST = """const brush = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const luminance = (colours) => {
        brush.clearRect(0, 0, 1, 1);
        for (const one of colours) { brush.fillStyle = one; brush.fillRect(0, 0, 1, 1); }
        const [r, g, b] = [...brush.getImageData(0, 0, 1, 1).data].map((c) => c / 255)
            .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const papers = (one) => (one ? [...papers(one.parentElement), getComputedStyle(one).backgroundColor] : []);
    const contrast = (one) => {
        const [low, high] = [papers(one), [...papers(one), getComputedStyle(one).color]].map(luminance)
            .sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };"""
# A formula's drawing is for the eyes alone, so axe does not look at it; neither does it see all of a figure's numbers.
MEASURE = "(controls) => {" + CONTRAST + """
    const root = document.documentElement, all = (what) => [...document.querySelectorAll(what)];
    const colours = new Map(), letters = {};
    for (const one of all('.katex-html *')) {
        const text = [...one.childNodes].map((node) => node.data ?? '').join('');
        if (!text) continue;
        const { color, fontFamily, fontWeight, fontStyle } = getComputedStyle(one);
        const face = `${fontFamily}; ${fontWeight}; ${fontStyle}`;
        colours.set(color, one);
        letters[face] = [...new Set((letters[face] ?? '') + text)].join('');
    }
    const words = all('.interactive *').filter((one) =>
        !one.disabled && [...one.childNodes].some((node) => node.data?.trim()));
    const shown = all(controls).map((one) => [one, one.style.display]);
    const overflows = (one) => one.scrollWidth > one.clientWidth + 1;
    const scrolls = all('pre, .formula, .table-box').filter((one) => one.checkVisibility());
    const result = { shift, refused, letters, paper: getComputedStyle(document.body).backgroundColor,
        pale: [...colours.values(), ...words].filter((one) => contrast(one) < 4.5).map((one) => one.outerHTML.slice(0, 120)),
        ends: all('.formula').filter((one) => one.scrollLeft).length,
        stops: all('.formula').filter((one) => overflows(one) !== (one.tabIndex === 0)).length,
        unmarked: scrolls.filter((one) => overflows(one) !== one.classList.contains('more')).map((one) => one.className),
        small: all('button, select, input, summary, nav a, .neighbours a, .tools a').filter((one) => one.checkVisibility())
            .map((one) => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
            .filter(([, box]) => box.width && (box.width < 24 || box.height < 24)).map(([name]) => name),
        outside: all('.i-stage').flatMap((stage) => [...stage.querySelectorAll('*')].filter((one) => !one.closest('.i-plot')
            && one.getBoundingClientRect().right > stage.getBoundingClientRect().right + 6)).map((one) => one.className) };
    shown.forEach(([one]) => { one.style.display = 'none'; });
    result.text = document.querySelector('main').innerText;
    shown.forEach(([one, display]) => { one.style.display = display; });
    return result; }"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Formulas have thousands of elements. Their drawing, of which no screen reader is told, is taken away before axe looks. What
# screen readers are told stays where it has a kind of element that no formula above has; and of the words of code in one
# colour, one stands for all.
STRIP = """() => {
    const seen = new Set(), isNew = (kind) => seen.size < seen.add(kind).size;
    document.querySelectorAll('.katex-html').forEach((one) => one.replaceChildren());
    document.querySelectorAll('math').forEach((math) => {
        const kinds = [...math.querySelectorAll('*')].map((one) => [one.tagName, ...one.getAttributeNames()].join());
        if (!kinds.filter(isNew).length) math.replaceChildren(); });
    document.querySelectorAll('.highlight span[class]').forEach((one) => {
        if (!isNew(one.className)) one.replaceWith(one.textContent); });
    document.querySelectorAll('.highlight pre').forEach((one) => one.normalize()); }"""
# Of the texts that axe would look at, one stands for all that have the same colours: the same letters on the same papers.
# What stands in a box with a place, a picture or a filter of its own is alike only to what stands in the same box.
RUN_AXE = """(only) => {
    const rule = axe.utils.getRule('color-contrast'), under = new Map([[null, '']]), seen = new Set();
    const papers = (one) => {
        if (!under.has(one)) {
            const { backgroundColor, backgroundImage, opacity, position, filter } = getComputedStyle(one);
            const usual = position === 'static' && backgroundImage === 'none' && filter === 'none';
            const paper = `${usual ? '' : `box ${under.size}`} ${backgroundColor} ${opacity}`;
            under.set(one, `${papers(one.parentElement)}${paper};`);
        }
        return under.get(one);
    };
    const looks = (one) => {
        const { color, fontSize, fontWeight, textShadow } = getComputedStyle(one);
        return `${color} ${fontSize} ${fontWeight} ${textShadow} on ${papers(one)}`;
    };
    rule.matchesAll ??= rule.matches;
    rule.matches = (one, ...more) =>
        rule.matchesAll(one, ...more) && seen.size < seen.add(looks(one)).size;
    return axe.run({ resultTypes: ['violations'], preload: false, ...(only ? { runOnly: only }
        : { rules: { 'target-size': { enabled: true } } }) }).then(({ violations }) =>
        violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`)));
}"""
COLOUR_RULES = ["color-contrast", "link-in-text-block"]


def parse(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def words(text):
    return set(re.findall(r"\w{4,}", text))


@contextmanager
def serving(folder):
    """The address under which a folder is served, as `make read` serves it."""
    with Server(folder, 0) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()       # it looks this often whether to end
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def opened(browser, url, width=1280, scheme="light", before="", **more):
    """A page in a context of its own; `before` runs first in it. Requests stand in .asked, answers in .got, and what the
    console calls an error in .wrong."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
    page = context.new_page()
    page.asked, page.got, page.wrong = [], [], []
    context.on("request", lambda one: page.asked.append(one.url))
    page.on("response", lambda reply: page.got.append(reply))
    page.on("console", lambda message: page.wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.add_init_script(WATCH + before)
    page.goto(url, wait_until="load")
    yield page
    context.close()


def barriers(page, only=None):
    """What axe finds, or what of its rules `only` find. The page is not whole afterwards."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
        page.evaluate(STRIP)
    return page.evaluate(RUN_AXE, only)


def shut_out(tab):
    """What keeps people out of a page as it is now, in the dark, where only colours differ, and in the light."""
    found = []
    for scheme, rules in (("dark", COLOUR_RULES), ("light", None)):
        tab.emulate_media(color_scheme=scheme)
        tab.evaluate(SETTLED)
        seen = tab.evaluate(MEASURE, CONTROLS)
        found += [(scheme, one) for one in (*seen["pale"], *seen["small"], *seen["outside"], *barriers(tab, rules))]
        found += [(scheme, "wider than the window")] * (tab.evaluate(OVERFLOW) > 0)
    return found


@contextmanager
def visiting(browser, **more):
    """A tab that goes from page to page and keeps nothing of the one before: each is fetched whole."""
    with opened(browser, "about:blank", **more) as tab:
        tab.context.new_cdp_session(tab).send("Network.setCacheDisabled", {"cacheDisabled": True})
        yield tab


def look(tab, address, page):
    """{scheme: what is to be known of one page in a tab}. The page is loaded once: in the dark, only colours differ."""
    query, width = "?q=weight" if page == "search" else "", tab.viewport_size["width"]
    for kept in (tab.asked, tab.got, tab.wrong):
        kept.clear()
    tab.goto(f"{address}/{page}.html{query}", wait_until="load")
    if query:
        tab.wait_for_selector("#search-results li p.context")
    tab.evaluate(SETTLED)
    own = [reply for reply in tab.got if "/_images/" not in reply.url and reply.url.startswith(address)]
    loaded = {"foreign": [one for one in tab.asked if not one.startswith((address, "data:", "blob:"))],
              "missing": [reply.url for reply in tab.got if reply.status >= 400], "requests": len(own),
              "kilobytes": sum(len(gzip.compress(reply.body(), mtime=0)) for reply in own if reply.ok) / 1000}
    light = {**loaded, **tab.evaluate(MEASURE, CONTROLS), "overflow": []}
    if light["shift"] > SHIFT:
        light["shift"] = min(light["shift"], *(shift_again(tab) for _ in range(3)))
    for other in (*OTHER_WIDTHS[width], width):
        tab.set_viewport_size({"width": other, "height": 900})
        light["overflow"] += [other] * (tab.evaluate(OVERFLOW) > 0)
    tab.emulate_media(color_scheme="dark")
    tab.evaluate(SETTLED)
    dark = {**light, **tab.evaluate(MEASURE, CONTROLS), "barriers": barriers(tab, COLOUR_RULES), "shift": light["shift"]}
    tab.emulate_media(color_scheme="light")
    return {"light": {**light, "barriers": barriers(tab), "wrong": [*tab.wrong]}, "dark": {**dark, "wrong": [*tab.wrong]}}


def shift_again(tab):
    """How much a page moves while it is loaded anew: on a busy machine a font may come late, a fault comes each time."""
    tab.reload(wait_until="load")
    tab.evaluate(SETTLED)
    return tab.evaluate("shift")


def text_of(tab, address, page):
    tab.goto(f"{address}/{page}.html", wait_until="load")
    return tab.inner_text("main")


def sweep(browser, site):
    """{page: {width: {scheme: what was seen}}}. The record is kept, and holds for the same site and the same look."""
    digest = hashlib.sha256(Path(__file__).read_bytes() + browser.version.encode() + AXE.encode())
    for path in sorted(path for path in site.rglob("*") if path.is_file() and "_runtime" not in path.parts):
        digest.update(path.name.encode() + path.read_bytes())
    kept, key = site.parent / "sweep.json", digest.hexdigest()
    record = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() and os.environ.get("CI") != "true" else {}
    if record.get("key") != key:
        with (serving(site) as address, visiting(browser, width=1280) as desk, visiting(browser, width=390) as phone,
              visiting(browser, width=390, java_script_enabled=False) as plain):
            record = {"key": key, "pages": {page: {
                "1280": look(desk, address, page), "390": look(phone, address, page),
                "without scripts": text_of(plain, address, page)} for page in PAGES}}
        kept.write_text(json.dumps(record), encoding="utf-8")
    return record["pages"]


def view_faults(seen, weighed=True):
    """What is wrong with a page in one view, one sentence each. The search fetches what it found: it is not weighed."""
    lists = {"foreign": "asks another host", "missing": "asks for what is not there", "wrong": "has an error",
             "refused": "breaks the policy", "overflow": "is wider than the screen at", "pale": "has pale letters",
             "barriers": "keeps people out", "outside": "has a figure that leaves its place", "small": "has a small target",
             "unmarked": "does not show that there is more to scroll to"}
    found = [f"{sentence}: {one}" for kind, sentence in lists.items() for one in seen[kind]]
    found += ["opens a formula at its end"] * bool(seen["ends"])
    found += ["has a stop for the keyboard where nothing scrolls, or none where something does"] * bool(seen["stops"])
    found += [f"weighs {seen['kilobytes']:.0f} KB"] * (weighed and seen["kilobytes"] > KILOBYTES)
    found += [f"makes {seen['requests']} requests"] * (weighed and seen["requests"] > REQUESTS)
    found += [f"moves while it loads, by {seen['shift']:.3f}"] * (seen["shift"] > SHIFT)
    return found
