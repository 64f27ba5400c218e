"""A page is light, safe, open to everyone, and helps to read. Every check is also shown a fault that it must find."""

import gzip
import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import axe_playwright_python
import pikepdf
import pytest
from pypdf import PdfReader
from test_site import PAGES, VIEWS, address, browser, parse, serving  # noqa: F401 (address and browser are fixtures)

HEAVY = "03_weight_derivatives"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
# A formula's drawing is for the eyes alone: its contrast is looked at by LOW, and its thousands of elements, which no
# reader of screens is told of, are taken away before axe looks. Of the words of code in one colour, one stands for all.
RUN = """document.querySelectorAll('.katex-html').forEach(one => one.replaceChildren());
    { const seen = new Set();
      document.querySelectorAll('.highlight span[class]').forEach(one => {
          if (seen.has(one.className)) one.replaceWith(one.textContent);
          seen.add(one.className); });
      document.querySelectorAll('.highlight pre').forEach(one => one.normalize()); }
    axe.run({resultTypes: ['violations'], rules: {'target-size': {enabled: true}}})"""
SHIFTS = """window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(one => {
    if (!one.hadRecentInput) window.shift += one.value; })).observe({type: 'layout-shift', buffered: true})"""
LUMINANCE = """const luminance = colour => { const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(c => c / 255).map(
    c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const contrast = (one, two) => { const [low, high] = [luminance(one), luminance(two)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05); };"""
LOW = LUMINANCE + """[...new Set([...document.querySelectorAll('.katex-html span')].filter(
    span => span.childElementCount === 0 && span.textContent).map(span => getComputedStyle(span).color))].filter(
    colour => contrast(colour, getComputedStyle(document.body).backgroundColor) < 4.5)"""


@pytest.fixture
def tab(browser):  # noqa: F811
    """Open a page: tab(address, width=…, scheme=…). What it fetched and what went wrong stand in .got and .wrong."""
    contexts = []

    def open_page(url, width=1280, scheme="light", **more):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
        contexts.append(context)
        page = context.new_page()
        page.got, page.wrong = [], []
        page.on("response", lambda reply: page.got.append(reply))
        page.on("console", lambda message: page.wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.add_init_script(SHIFTS)
        page.goto(url, wait_until="load")
        return page

    yield open_page
    for context in contexts:
        context.close()


# Light ---------------------------------------------------------------------------------------------------------------

def weight(page):
    """(kilobytes gzipped, requests, layout shift) of what a page fetched by itself, its own figures not counted."""
    page.wait_for_timeout(300)
    own = [reply for reply in page.got if "/_images/" not in reply.url]
    size = sum(len(gzip.compress(reply.body(), mtime=0)) for reply in own) / 1000
    return size, len(own), page.evaluate("window.shift")


@pytest.mark.parametrize("width", [1280, 390])
def test_every_chapter_is_light(tab, site, address, width, record_property):  # noqa: F811
    for path in sorted(site.glob("[0-9]*.html")):
        size, requests, shift = weight(tab(f"{address}/{path.name}", width))
        record_property(path.stem, (round(size), requests, round(shift, 4)))
        print(f"{path.stem}, {width} px: {size:.0f} KB in {requests} requests, layout shift {shift:.4f}")
        assert size <= 150 and requests <= 12 and shift <= 0.02, path.stem


def test_a_heavy_page_is_weighed(tab, tmp_path):
    noise = "".join(f"<i>{i * 7919 % 1_000_003:x}{i * 104_729 % 999_983:x}</i>" for i in range(40_000))
    pushes = "document.body.prepend(Object.assign(document.createElement('div'), {style: 'height: 400px'}))"
    (tmp_path / "page.html").write_text(f"<img src=a.svg><p>{noise}</p><script>setTimeout(() => {pushes}, 50)</script>")
    (tmp_path / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    server = serving(tmp_path)
    size, requests, shift = weight(tab(f"http://127.0.0.1:{server.server_port}/page.html"))
    server.shutdown()
    server.server_close()
    assert size > 150 and requests >= 2 and shift > 0.02


def test_the_site_holds_nothing_that_no_page_asks_for(site):
    text = "".join(path.read_text(encoding="utf-8") for kind in ("html", "css", "js") for path in site.rglob(f"*.{kind}"))
    for path in (site / "_static").rglob("*"):
        assert path.is_dir() or path.name == "LICENSE" or path.name in text, path.name


def test_the_purge_keeps_what_can_match_and_nothing_else():
    import lean

    sheet = """@charset "UTF-8"; :root { --a: url("data:x;y}"); --b: var(--a); --c: 1px; } /* no */
        .used, .unused { color: red } p:not(.unused) > .used::before { margin: var(--b) } table { x: y }
        @media print { .unused { a: b } #id { a: b } } :is(.unused, .used) { c: d } .a-unused .used { e: f }
        @font-face { font-family: Face; src: url(a.woff2) } @font-face { font-family: Gone; src: url(b.woff2) }
        .used { font: 1em "Face"; animation: turn 1s } @keyframes turn { to { rotate: 1turn } }
        @keyframes gone { to { a: b } }"""
    assert lean.purge(sheet, {"used", "p", "id", "root"}) == (
        ':root{--a:url("data:x;y}");--b:var(--a)}.used{color:red}p:not(.unused) > .used::before{margin:var(--b)}'
        '@media print{#id{a:b}}:is(.unused, .used){c:d}@font-face{font-family: Face; src: url(a.woff2)}'
        '.used{font:1em "Face";animation:turn 1s}@keyframes turn{to { rotate: 1turn }}')
    with pytest.raises(ValueError, match="rule inside a rule"):
        lean.purge(".used { .used { a: b } }", {"used"})


def test_the_text_of_a_face_ends_with_its_span():
    import lean

    text = ('<p>a <span class="x mathbf">W<span class="y">&lt;<span>1</span></span>b</span> c <span>d</span> '
            '<span class="mathbfit">e</span> <span class="textbf" style="">f</span></p>')
    assert [*lean.within(text, "mathbf|textbf")] == ["W<1b", "f"]


def test_every_letter_of_a_formula_is_in_the_font_that_shows_it(site):
    import lean
    from fontTools.ttLib import TTFont

    pages = [path.read_text(encoding="utf-8") for path in site.glob("*.html")]
    fonts = {path.name.split(".")[0]: set(TTFont(path).getBestCmap()) for path in site.rglob("*.woff2")}
    assert set(map(ord, "Wbxz")) <= fonts["KaTeX_Main-Bold"]
    for face, classes in lean.FACES.items():
        shown = {ord(one) for page in pages for part in lean.within(page, classes) for one in part if not one.isspace()}
        known = set().union(*(found for name, found in fonts.items() if face in name or name == "KaTeX_Main-Regular"))
        assert shown - {0x200B} <= known, (face, [chr(one) for one in shown - known])
    planted = '<span class="mord mathsf"><span class="x">T</span>q</span><span>r</span>'
    assert list(lean.within(planted, "mathsf")) == ["Tq"]


# Safe ----------------------------------------------------------------------------------------------------------------

def test_every_page_states_the_policy_and_the_server_sends_it(tab, site, address):  # noqa: F811
    import book

    stated = book.policy(str(site))
    assert "default-src 'self'" in stated and "'unsafe-inline'" not in stated.replace("style-src-attr 'unsafe-inline'", "")
    for page in PAGES:
        assert f'content="{stated}"' in (site / f"{page}.html").read_text(encoding="utf-8"), page
    replies = tab(f"{address}/index.html").got
    assert replies and all(reply.header_value("content-security-policy") == stated for reply in replies)


def test_the_policy_stops_what_is_planted_and_nothing_is_kept(tab, address, site):  # noqa: F811
    page = tab(f"{address}/index.html")
    assert page.wrong == []
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=https://example.org/x.png>')")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.planted = 1'}))")
    page.evaluate("document.body.append(Object.assign(document.createElement('style'), {textContent: 'p { color: red }'}))")
    page.wait_for_timeout(200)
    refused = [one for one in page.wrong if "Content Security Policy" in one]
    assert len(refused) >= 3 and page.evaluate("window.planted") is None, page.wrong
    assert page.context.cookies() == []


# Open to everyone ----------------------------------------------------------------------------------------------------

def barriers(page):
    """What axe finds, and the colours of formulas that are too pale."""
    page.evaluate(AXE)
    found = [f"a formula in {colour}" for colour in page.evaluate(LOW)]
    violations = page.evaluate(RUN)["violations"]
    return found + [f"{one['id']}: {node['html'][:120]}" for one in violations for node in one["nodes"]]


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_a_barrier(tab, address, name):  # noqa: F811
    for width, scheme in VIEWS:
        page = tab(f"{address}/{name}.html" + ("?q=weight" if name == "search" else ""), width, scheme)
        if name == "search":
            page.wait_for_selector("#search-results li p.context")
        assert barriers(page) == [] and page.wrong == [], (width, scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_open_menus_and_found_words_have_no_barrier(tab, address, scheme):  # noqa: F811
    page = tab(f"{address}/{HEAVY}.html?highlight=weight", 390, scheme)
    assert page.locator("span.highlighted").count() > 5 and barriers(page) == []
    for side in ("primary", "secondary"):
        menu = f"#pst-{side}-sidebar-modal"
        page.click(f".{side}-toggle")
        page.wait_for_selector(f"{menu}[open]")
        page.wait_for_timeout(400)
        assert barriers(page) == []
        page.keyboard.press("Escape")
        page.wait_for_selector(f"{menu}:not([open])", state="attached")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#pst-search-dialog[open]")
    assert barriers(page) == [] and page.wrong == []


def test_barriers_are_seen(tab, address):  # noqa: F811
    page = tab(f"{address}/card.html")
    small = '<button style="width: 9px; height: 9px; padding: 0"></button>'
    page.evaluate(f"""document.querySelector('.bd-article').insertAdjacentHTML('afterbegin', `<img src="x.png">
        <p style="color: #aaa">pale</p>{small}{small}
        <span class="katex"><span class="katex-html" style="color: #ccc"><span>x</span></span></span>`)""")
    found = " ".join(barriers(page))
    assert all(one in found for one in ("image-alt", "color-contrast", "button-name", "target-size", "a formula in")), found


SMALL = """[...document.querySelectorAll('button, select, input, summary, .bd-sidebar a, .prev-next-area a, .take-away a')]
    .filter(one => one.checkVisibility()).map(one => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.width < 24 || box.height < 24)).map(([name]) => name)"""


def test_what_is_touched_is_large_enough(tab, address):  # noqa: F811
    page = tab(f"{address}/{HEAVY}.html", 390, has_touch=True, is_mobile=True)
    assert page.evaluate(SMALL) == []
    for toggle in (".primary-toggle", ".secondary-toggle"):
        page.click(toggle)
        page.wait_for_timeout(300)
        assert page.evaluate(SMALL) == []
        page.keyboard.press("Escape")
    page.evaluate("document.body.insertAdjacentHTML('afterbegin', '<button style=\"width: 20px; height: 20px\">x</button>')")
    assert len(page.evaluate(SMALL)) == 1


def test_the_keyboard_reaches_everything(tab, address):  # noqa: F811
    """Every button and link of the page gets the focus by Tab alone, in turn; of a group with arrow keys, one does."""
    page = tab(f"{address}/02_forward_pass.html")
    wanted = page.evaluate("""[...document.querySelectorAll(
        'a[href], button, summary, input, select, textarea, [tabindex="0"]')]
        .filter(one => one.checkVisibility({visibilityProperty: true}) && one.tabIndex >= 0 && !one.disabled)
        .map((one, i) => one.dataset.stop = i).length""")
    seen = set()
    for _ in range(wanted + 10):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.dataset.stop"))
    assert seen - {None} == {str(i) for i in range(wanted)}


def test_formulas_are_spoken_and_motion_is_reduced(tab, address, site):  # noqa: F811
    for path in site.glob("*.html"):
        for formula in parse(path).select(".katex"):
            assert formula.select_one(".katex-mathml math") and formula.select_one(".katex-html")["aria-hidden"] == "true"
    page = tab(f"{address}/{HEAVY}.html", reduced_motion="reduce")
    assert page.evaluate("""[...document.querySelectorAll('*')].every(one => { const style = getComputedStyle(one);
        return parseFloat(style.transitionDuration) === 0 && style.animationName === 'none'; })""")


# Figures: ink on the page's paper, turned round by a filter in the dark ----------------------------------------------

PAPER = {"light": (0xFD, 0xFC, 0xF9), "dark": (0x19, 0x18, 0x16)}
HUE = [[-0.574, 1.430, 0.144], [0.426, 0.430, 0.144], [0.426, 1.430, -0.856]]  # hue-rotate(180deg), by the standard


def in_the_dark(rgb):
    """What invert(0.9) hue-rotate(180deg) saturate(1.3) makes of a colour; components from 0 to 255."""
    rgb = [229.5 - 0.8 * one for one in rgb]
    rgb = [min(255, max(0, sum(a * b for a, b in zip(row, rgb)))) for row in HUE]
    grey = 0.213 * rgb[0] + 0.715 * rgb[1] + 0.072 * rgb[2]
    return tuple(min(255, max(0, grey + 1.3 * (one - grey))) for one in rgb)


def contrast(one, two):
    def luminance(rgb):
        lin = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (one / 255 for one in rgb)]
        return 0.2126 * lin[0] + 0.7152 * lin[1] + 0.0722 * lin[2]
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


def inks(svg):
    """The colours of the letters in a drawing, as (r, g, b); an opacity mixes with nothing here, and is refused."""
    parents = {child: parent for parent in svg.iter() for child in parent}
    for letter in (one for one in svg.iter() if one.tag.endswith("}text") or one.tag.endswith("}use")):
        style, place = "", letter
        while place is not None:
            style += ";" + place.get("style", "") + f";fill:{place.get('fill')}" * ("fill" in place.attrib)
            place = parents.get(place)
        assert not re.search(r"(?:^|;)\s*(?:fill-)?opacity:\s*0?\.\d", style), "letters that let the paper through"
        fill = re.search(r"(?:^|;)\s*fill:\s*#([0-9a-fA-F]{6})", style)
        yield tuple(bytes.fromhex(fill[1])) if fill else (0, 0, 0)


def pale(svg):
    return [(ink, theme) for ink in set(inks(svg)) for theme, paper in PAPER.items()
            if contrast(ink if theme == "light" else in_the_dark(ink), paper) < 4.5]


def test_the_letters_of_figures_have_contrast_in_both_themes(site):
    figures = list((site / "_images").glob("*.svg"))
    assert figures
    for path in figures:
        assert pale(ElementTree.parse(path).getroot()) == [], path.name
    planted = "<svg xmlns='http://www.w3.org/2000/svg'><g style='fill: #aaaaaa'><text>pale</text></g></svg>"
    assert pale(ElementTree.fromstring(planted))


def test_the_browser_draws_the_dark_as_it_is_computed_here(tab, address):  # noqa: F811
    page = tab(f"{address}/{HEAVY}.html", scheme="dark")
    assert page.evaluate("getComputedStyle(document.querySelector('img.drawing')).filter") == \
        "invert(0.9) hue-rotate(180deg) saturate(1.3)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb({}, {}, {})".format(*PAPER["dark"])
    page.evaluate("document.body.innerHTML = '<div style=\"width: 9px; height: 9px; background: #b63a17; filter: "
                  "invert(0.9) hue-rotate(180deg) saturate(1.3)\"></div>'")
    from io import BytesIO

    from PIL import Image
    drawn = Image.open(BytesIO(page.locator("body > div").screenshot())).convert("RGB").getpixel((4, 4))
    assert max(abs(a - b) for a, b in zip(drawn, in_the_dark((0xB6, 0x3A, 0x17)))) <= 2


# Aids to reading -----------------------------------------------------------------------------------------------------

def test_a_cited_equation_shows_itself(tab, address):  # noqa: F811
    page = tab(f"{address}/04_bias_derivatives.html")
    cited = page.locator('.bd-article a[href^="#equation-"]:not(.headerlink)').first
    label = cited.get_attribute("href")[1:]
    equation = page.evaluate("id => document.getElementById(id).querySelector('.katex-html').textContent", label)
    box = page.locator("#equation-shown")
    cited.hover()
    box.wait_for(state="visible")
    assert box.locator(".katex-html").first.text_content() == equation
    box.hover()
    page.wait_for_timeout(400)
    assert box.is_visible() and barriers(page) == []
    page.keyboard.press("Escape")
    assert not box.is_visible()
    cited.evaluate("one => one.focus({focusVisible: true})")
    box.wait_for(state="visible")
    assert cited.get_attribute("aria-describedby") == "equation-shown"
    page.keyboard.press("Escape")
    assert not box.is_visible() and page.wrong == []


@pytest.mark.parametrize("width", [1280, 390])
def test_a_cited_equation_covers_neither_its_link_nor_the_edge(tab, address, width):  # noqa: F811
    """Over the link where there is room for it with 8 pixels to spare, else below; 4 pixels away, 8 from the edges."""
    page = tab(f"{address}/{HEAVY}.html", width)
    links = page.locator('.bd-article a[href*="#equation-"]:not(.headerlink)')
    place = """(link, [top, right]) => { const at = () => link.getBoundingClientRect();
        link.style = right ? `position: relative; left: ${innerWidth - right - at().right}px` : '';
        scrollBy({top: at().top - top, behavior: 'instant'});
        link.blur(); link.focus({focusVisible: true, preventScroll: true}); }"""
    look = """link => { const { top, bottom, left } = link.getBoundingClientRect(),
        box = document.getElementById('equation-shown').getBoundingClientRect();
        return {top, bottom, left, over: box.top, under: box.bottom, from: box.left, to: box.right, high: box.height}; }"""
    room, seen, met = page.evaluate("document.documentElement.clientWidth"), {"high": 300}, set()
    page.evaluate("document.querySelector('.bd-article').style.padding = '900px 0'")     # every link can be brought anywhere
    for number in range(links.count()):
        link = links.nth(number)
        for spare, right in ((100, 0), (12, 0), (4, 0), (-4, 0), (100, 12)):
            page.keyboard.press("Escape")
            top = seen["high"] + spare                          # the box has so much room over the link
            link.evaluate(place, [top, right])
            page.locator("#equation-shown").wait_for(state="visible")
            seen = link.evaluate(look)
            assert abs(seen["top"] - top) < 1, "the link can be brought to its place"
            above = top > seen["high"] + 8
            gap = seen["top"] - seen["under"] if above else seen["over"] - seen["bottom"]
            assert abs(gap - 4) < 0.5 and seen["over"] >= 3, (number, spare, seen)
            assert seen["from"] > 7.5 and seen["to"] < room - 7.5, (number, spare, seen)
            free = seen["left"] + seen["to"] - seen["from"] + 8 <= room
            assert abs(seen["from"] - seen["left"]) < 0.5 or not free, (number, spare, seen)
            assert abs(seen["to"] + 8 - room) < 0.5 or free or seen["from"] < 8.5, (number, spare, seen)
            met.add((above, free))
    assert len(met) > 2, met


def test_a_finger_sees_a_cited_equation_before_it_goes_there(tab, address):  # noqa: F811
    page = tab(f"{address}/{HEAVY}.html", 390, has_touch=True, is_mobile=True)
    link, shown = page.locator(".bd-article a[href^='#equation-']:not(.headerlink)").last, page.locator("#equation-shown")
    link.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    link.tap()
    shown.wait_for(state="visible")
    assert shown.locator(".katex").count() == 1 and page.evaluate("[scrollY, location.hash]") == [before, ""]
    page.touchscreen.tap(4, 300)
    shown.wait_for(state="hidden")
    link.tap()
    shown.locator("a").tap()
    page.wait_for_url("**#equation-*")
    assert page.evaluate("scrollY") < before and shown.is_hidden() and page.wrong == []


def test_what_goes_on_to_the_right_fades_there(tab, address):  # noqa: F811
    page = tab(f"{address}/{HEAVY}.html", 390)
    wide = """[...document.querySelectorAll('pre, .formula, .pst-scrollable-table-container')].filter(
        one => one.scrollWidth > one.clientWidth + 1)"""
    page.wait_for_timeout(200)
    assert page.evaluate(f"{wide}.filter(one => one.checkVisibility() && !one.classList.contains('more')).length") == 0
    assert page.evaluate(f"{wide}.length") > 5
    page.evaluate(f"{wide}[0].scrollLeft = 9999")
    page.wait_for_timeout(200)
    assert page.evaluate(f"{wide}[0].classList.contains('more')") is False
    wider = "[...document.querySelectorAll('.formula')].filter(one => one.clientWidth * 1.15 < one.scrollWidth).length"
    assert page.evaluate(wider) == 0, "a formula of this page nearly fits a phone, as it may break after its signs"


def test_no_line_begins_with_a_comma(tab, address):  # noqa: F811
    """After a short formula, at every width; a longer one may break, and what follows it as well."""
    page = tab(f"{address}/{HEAVY}.html", 390)
    alone = """() => [...document.querySelectorAll('.stay:has(.base)')].filter(one => {
        const boxes = [...one.querySelectorAll('.base')].at(-1).getBoundingClientRect(), range = new Range();
        range.selectNodeContents(one.lastChild);
        return range.getBoundingClientRect().top > boxes.bottom - 2; }).length"""
    assert page.locator(".stay:has(.base)").count() > 20
    for width in range(300, 420, 7):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(alone) == 0, width


def test_the_ledger_is_searched_as_a_reader_types(tab, address):  # noqa: F811
    page = tab(f"{address}/ledger.html")
    find, said = page.get_by_label("Find").first, page.locator("div.ledger-panel output").first
    rows = page.locator("div.ledger").first.locator("tbody tr:visible")
    everything = rows.count()
    assert everything > 30 and said.inner_text() == f"{everything} of {everything}"
    for typed, label in (("weight-last", "weight-last"), ("WEIGHT last", "weight-last"), ("W^m a^m", "layer-z"),
                         ("w^m = w", None), (r"\mathbf{W}^m \mathbf{a}^m", "layer-z"), ("φ", "layer-a"), ("ϕ", "layer-a")):
        find.fill(typed)
        shown = rows.count()
        assert said.inner_text() == (f"{shown} of {everything}" if shown else "nothing found"), typed
        assert shown < everything and (shown > 0) == bool(label), typed
        assert label is None or page.locator(f"#ledger-{label}").is_visible(), typed
    find.fill("no such thing")
    page.evaluate("location.hash = 'ledger-loop-step'")
    page.locator("#ledger-loop-step").wait_for(state="visible", timeout=5000)
    assert rows.count() == everything and find.input_value() == "", "a link to a row shows it"
    page.get_by_label("Function").select_option("dy_db")
    assert 0 < rows.count() < everything and page.locator("#ledger-bias-last").is_visible()
    page.get_by_label("Status").select_option("evaluated")
    second = page.locator("div.ledger").nth(1).locator("tbody tr:visible")
    assert second.count() == int(page.locator("div.ledger-panel output").nth(1).inner_text().split()[0]) > 50
    assert page.wrong == []


def test_an_equation_of_another_page_shows_itself(tab, address, site):  # noqa: F811
    page = tab(f"{address}/04_bias_derivatives.html")
    there = parse(site / f"{HEAVY}.html").select_one("div.math[id^=equation-]")
    cited = page.query_selector('.bd-article a[href^="#equation-"]:not(.headerlink)')
    cited.evaluate("(link, to) => link.setAttribute('href', to)", f"{HEAVY}.html#{there['id']}")
    cited.hover()
    page.wait_for_selector("#equation-shown .katex")
    assert page.text_content("#equation-shown .katex-html") == there.select_one(".katex-html").get_text()
    assert page.wrong == []


def test_code_is_copied_as_it_stands(tab, address):  # noqa: F811
    page = tab(f"{address}/{HEAVY}.html", permissions=["clipboard-read", "clipboard-write"])
    code = page.locator("div.highlight pre").first
    code.hover()
    page.locator("button.copybtn").first.click()
    page.wait_for_selector('button.copybtn[aria-label="Copied"]')
    assert page.evaluate("navigator.clipboard.readText()") == code.text_content().rstrip("\n")


def test_a_chapter_is_taken_away_as_it_was_written(site, root):
    import lock

    for path in (root / "book").glob("*.ipynb"):
        links = [tag["href"] for tag in parse(site / f"{path.stem}.html").select(".take-away a")]
        assert (site / links[1]).read_bytes() == path.read_bytes()
        assert links[0].startswith(f"https://mybinder.org/v2/gh/{lock.slug(lock.stated())}/HEAD")
        assert links[0].endswith(f"/book/{path.name}")


def test_what_the_theme_offers_still_works(tab, address):  # noqa: F811
    page = tab(f"{address}/{HEAVY}.html")
    themes = []
    for _ in range(3):
        page.click(".theme-switch-button")
        themes.append((page.evaluate("document.documentElement.dataset.theme"), page.evaluate("localStorage.mode")))
    assert themes == [("dark", "dark"), ("light", "light"), ("light", "auto")]
    page.click(".primary-toggle")
    assert page.locator("#pst-primary-sidebar.pst-sidebar-hidden").count() == 1
    page.locator("h2").nth(3).scroll_into_view_if_needed()
    page.evaluate("document.querySelectorAll('h2')[4].scrollIntoView()")
    page.wait_for_selector(".page-toc a.active")
    page.keyboard.press("Control+k")
    page.keyboard.type("transpose")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li")
    assert "search.html?q=transpose" in page.url and page.wrong == []


@pytest.mark.parametrize("width", [1280, 390])
def test_what_is_found_is_shown_without_moving(tab, address, width):  # noqa: F811
    """The words around the find, with formulas as they are drawn; the room for them is kept until they come."""
    page = tab(f"{address}/search.html?q=weight", width)
    page.locator("#search-results p.context").nth(5).wait_for()
    page.wait_for_timeout(300)
    shown = page.locator("#search-results p.context").all_inner_texts()
    assert any("b0" in one for one in shown) and not [one for one in shown if re.search(r"\\|\b(\w)\1\1\b", one)], shown
    boxes = """[...document.querySelectorAll('p.context')].map(one => [one, one.querySelector('.highlighted')]).filter(
        ([one, word]) => word && word.getBoundingClientRect().bottom > one.getBoundingClientRect().bottom).length"""
    assert page.evaluate(boxes) == 0, "the word that was found is cut off"
    assert page.evaluate("window.shift") <= 0.02 and page.wrong == []


def test_a_script_from_elsewhere_that_changed_stops_the_build(tmp_path):
    import lean

    (tmp_path / "searchtools.js").write_text("nothing of what is to be changed")
    with pytest.raises(lean.ExtensionError, match="searchtools.js has changed"):
        lean.mend(tmp_path / "searchtools.js", lean.FOUND)


def test_the_book_is_searched_and_read_as_files(tab, site):
    page = tab(f"{(site / 'search.html').as_uri()}?q=transpose")
    page.wait_for_selector("#search-results li a")
    page.click("#search-results li a")
    page.wait_for_selector("article h1")
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('1em KaTeX_Main'))")


# On paper ------------------------------------------------------------------------------------------------------------

def paper_faults(path):
    """What is wrong with a PDF, one sentence each."""
    reader = PdfReader(path)
    found, catalogue, places = [], reader.trailer["/Root"], reader.named_destinations
    if not (catalogue.get("/MarkInfo", {}).get("/Marked") and "/StructTreeRoot" in catalogue and catalogue.get("/Lang")):
        found.append("is not tagged, or has no language")
    if not reader.outline:
        found.append("has no outline")
    for number, page in enumerate(reader.pages, 1):
        if number > 1 and not re.search(rf"\b{number}\b", page.extract_text()):
            found.append(f"does not number page {number}")
        for note in (one.get_object() for one in page.get("/Annots", [])):
            to, url = note.get("/Dest"), str(note.get("/A", {}).get("/URI", ""))
            if isinstance(to, str) and to not in places or url and not re.match(r"https?://|mailto:", url):
                found.append(f"leads to {to or url} on page {number}, which is not there")
    return found


@pytest.fixture(scope="module")
def printed(browser, site, root, tmp_path_factory):  # noqa: F811 (browser: so that a missing one is told in its words)
    """The PDF of a copy of the site, as printing writes into the pages that the PDF is there."""
    import pdf

    there = tmp_path_factory.mktemp("paper")
    shutil.copytree(site, there / "_build" / "html")
    (there / "book").mkdir()
    shutil.copy(root / "book" / "_toc.yml", there / "book")
    return pdf.make(there, pdf.chromium())[0]


def test_the_book_on_paper(printed, site, root):
    import pdf

    reader = PdfReader(printed)
    assert paper_faults(printed) == []
    titles = [one.title for one in reader.outline if not isinstance(one, list)]
    pages = [page for _, some in pdf.order(root) for page in some]
    for page in pages[1:]:
        title = parse(site / f"{page}.html").h1.find(string=True, recursive=True)
        assert any(title.strip(". #") in one for one in titles), (page, titles)
    assert 40 <= len(reader.pages) <= 400
    with pikepdf.open(printed) as whole:
        places = pdf.places(whole)
        kinds = Counter((str(one.S), str(one.Alt)) for one in whole.objects
                        if isinstance(one, pikepdf.Dictionary) and "/S" in one and "/Alt" in one)
    assert set(pages) <= set(places), "every chapter is led to by the contents"
    first = min(places[page] for page in pages)
    contents = "\n".join(page.extract_text().partition("\n")[2] for page in reader.pages[1:first - 1])
    listed = [int(one) for one in re.findall(r"(?<= )\d+$", contents, re.M)]
    entries = [place for page in pages for place in pdf.headings(pdf.renamed(pdf.article(
        (site / f"{page}.html").read_text(encoding="utf-8")), page, set(pages)))]
    wanted = [places[name if level == 2 else name.partition("--")[0]] for level, name, _ in entries]
    assert listed == wanted, "a number of the contents is not its section's page"
    texts = [(site / f"{page}.html").read_text(encoding="utf-8") for page in pages]
    shown = "".join(re.search(r"<article.*</article>", text, re.S)[0] for text in texts)
    assert sum(kinds[one] for one in kinds if one[0] == "/Formula") == shown.count('<span class="katex"') > 500
    assert not [text for _, text in kinds if text.startswith(pdf.FORMULA)]
    assert kinds["/Formula", r"\mathbf{x} = (2, 3)"] > 0
    assert 'href="book.pdf"' in (printed.parent / "index.html").read_text(encoding="utf-8")


def test_equations_are_counted_through_the_book(site, root):
    import pdf

    text = pdf.compose(site, pdf.order(root))
    counted = re.findall(r'<span class="eqno">\((\d+)\)', text)
    assert counted == [str(one) for one in range(1, len(counted) + 1)] and len(counted) > 20
    names = re.findall(r'\sid="([^"]+)"', text)
    assert not set(re.findall(r'href="#([^"]+)"', text)) - set(names), "a link within leads nowhere"


def test_contents_that_are_no_longer_the_same_pages_are_refused(printed):
    import pdf

    with pikepdf.open(printed) as whole, pikepdf.open(printed) as other:
        del other.pages[1]
        with pytest.raises(ValueError, match="no longer the same pages"):
            pdf.exchange(whole, other)


def test_faults_on_paper_are_found(tmp_path):
    from pypdf import PdfWriter
    from pypdf.annotations import Link
    from pypdf.generic import NameObject, TextStringObject

    writer = PdfWriter()
    for _ in range(2):
        writer.add_blank_page(100, 100)
    note = Link(rect=(0, 0, 9, 9), target_page_index=0)
    note[NameObject("/Dest")] = TextStringObject("gone")
    writer.add_annotation(0, note)
    writer.write(tmp_path / "bad.pdf")
    found = " ".join(paper_faults(tmp_path / "bad.pdf"))
    assert all(one in found for one in ("tagged", "outline", "number page 2", "leads to gone"))


def test_without_a_browser_one_sentence_is_said(root):
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "tools/pdf.py"], cwd=root, env={"PATH": "", "PYTHONPATH": "tools"}, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr == ("The PDF is printed by Chromium or Chrome, and neither was found; "
                           "everything else works without it.\n")
