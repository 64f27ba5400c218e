"""What a page does for those who read it. Every check is also shown a fault that it must find."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from io import BytesIO
from pathlib import Path

import pages
import pytest
from pages import barriers, parse
from PIL import Image

from nnlib import plotting
from website import policy

HEAVY = "03_weight_derivatives"


def test_the_policy_stops_what_is_planted_and_nothing_is_kept(tab, address, site):
    page = tab(f"{address}/index.html")
    assert page.wrong == [] and page.got
    assert all(reply.header_value("content-security-policy") == policy.POLICY for reply in page.got)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=https://example.org/x.png>')")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.planted = 1'}))")
    page.evaluate("document.body.append(Object.assign(document.createElement('style'), {textContent: 'p { color: red }'}))")
    page.wait_for_function("() => refused.length >= 3")
    assert page.evaluate("window.planted") is None
    assert page.context.cookies() == []


def untested(scripts, tests):
    """The scripts that stand over no test: each behaviour of the page has one, under a line with its name."""
    return scripts - set(re.findall(r"^# theme/scripts/(\w+\.js)\n(?:@.*\n)*def test_", tests, re.M))


def test_every_script_of_the_theme_has_its_test(root):
    scripts = {path.name for path in (root / "website" / "theme" / "scripts").glob("*.js")}
    tests = Path(__file__).read_text(encoding="utf-8")
    assert untested(scripts, tests) == set(), "write a test of it here, under the line `# theme/scripts/NAME.js`"
    assert untested({"copy.js", "planted-here.js"}, tests) == {"planted-here.js"}


# theme/scripts/contents.js
@pytest.mark.parametrize("drawer", ["book", "contents"])
def test_an_open_drawer_keeps_nobody_out(tab, address, drawer):
    """Enter opens it, the next Tab is inside, Escape closes it and gives the focus back; a finger finds every target."""
    page = tab(f"{address}/{HEAVY}.html", 390, "dark")
    button, box = page.locator(f'[popovertarget="{drawer}"]'), page.locator(f"#{drawer}")
    assert not box.is_visible()
    button.focus()
    page.keyboard.press("Enter")
    box.wait_for(state="visible")
    page.keyboard.press("Tab")
    assert page.evaluate(f"document.getElementById('{drawer}').contains(document.activeElement)")
    page.keyboard.press("Escape")
    box.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.getAttribute('popovertarget')") == drawer
    button.click()
    assert page.evaluate(pages.MEASURE, pages.CONTROLS)["small"] == []
    assert barriers(page, pages.COLOUR_RULES) == []
    page.emulate_media(color_scheme="light")
    page.evaluate(pages.SETTLED)
    assert box.is_visible() and barriers(page) == [] and page.wrong == []


def test_a_link_of_the_contents_closes_their_drawer_and_leads_on(tab, address):
    page = tab(f"{address}/{HEAVY}.html", 390)
    page.click('[popovertarget="contents"]')
    page.locator("#contents a:visible").nth(2).click()
    page.locator("#contents").wait_for(state="hidden")
    assert page.evaluate("Math.abs(document.querySelector(':target').getBoundingClientRect().top) < 120")
    page.click('[popovertarget="contents"]')
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_function("() => !document.querySelector('nav:popover-open')")
    assert page.locator("#contents").is_visible(), "on a wide screen the drawer is a column again"


def test_the_keyboard_reaches_everything(tab, address):
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


def test_screen_readers_get_formulas_and_motion_is_reduced(tab, address, site):
    for path in site.rglob("*.html"):
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


def test_the_browser_draws_the_dark_as_it_is_computed_here(tab, address):
    page = tab(f"{address}/{HEAVY}.html", scheme="dark")
    assert page.evaluate("getComputedStyle(document.querySelector('img.drawing')).filter") == \
        "invert(0.9) hue-rotate(180deg) saturate(1.3)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb({}, {}, {})".format(*PAPER["dark"])
    page.evaluate("document.body.innerHTML = '<div style=\"width: 9px; height: 9px; background: #b63a17; filter: "
                  "invert(0.9) hue-rotate(180deg) saturate(1.3)\"></div>'")
    drawn = Image.open(BytesIO(page.locator("body > div").screenshot())).convert("RGB").getpixel((4, 4))
    assert max(abs(a - b) for a, b in zip(drawn, in_the_dark((0xB6, 0x3A, 0x17)))) <= 2


def readable(svg):
    """How wide a drawing must be for its smallest letters to have 10 pixels; Matplotlib scales its letters from 100."""
    text = svg.read_text(encoding="utf-8")
    letters = [100 * float(one) for one in re.findall(r"translate\([^)]*\) scale\(([\d.]+) -", text)]
    return float(re.search(r'viewBox="0 0 ([\d.]+)', text)[1]) * 10 / min(letters)


def test_a_phone_shows_a_figure_whole_unless_its_letters_would_be_too_small(tab, address, site):
    """A line is told by the name at its end. A wider figure is scrolled, and large: matrices keep their numbers."""
    page, kinds = tab(f"{address}/index.html", 390), set()
    look = """() => [...document.querySelectorAll('.sheet')].map((sheet) => {
        const { src, width, clientWidth } = sheet.firstChild, { paddingLeft } = getComputedStyle(sheet);
        return [src, width, sheet.clientWidth - 2 * parseFloat(paddingLeft), sheet.scrollWidth > sheet.clientWidth]; })"""
    for path in (path for path in site.rglob("*.html") if 'class="sheet"' in path.read_text(encoding="utf-8")):
        page.goto(f"{address}/{path.relative_to(site).as_posix()}")
        for source, width, room, scrolled in page.evaluate(look):
            least = readable(site / "_images" / source.rpartition("/")[2])
            assert width > least - 1 and scrolled == (least > room + 1), (path.name, source, width, least)
            kinds.add(scrolled)
    assert kinds == {True, False}


@pytest.mark.parametrize("draw", [plotting.cost_curves, plotting.progress_curves])
@pytest.mark.parametrize("name", ["one", "one with a name of many words"])
def test_curves_with_long_names_are_whole_on_a_phone_of_360_pixels(tmp_path, draw, name):
    sizes = [[1, 10, 100]] * (draw is plotting.cost_curves)
    (tmp_path / "a.svg").write_text(draw(*sizes, {name: [1, 2, 4], "other": [1, 3, 9]}, alt="a")._repr_svg_())
    assert readable(tmp_path / "a.svg") < 347


# Aids to reading -----------------------------------------------------------------------------------------------------

# theme/scripts/cited.js
def test_a_cited_equation_shows_itself(tab, address):
    page = tab(f"{address}/04_bias_derivatives.html")
    page.clock.install()
    cited = page.locator('article a[href^="#equation-"]:not(.headerlink)').first
    label = cited.get_attribute("href")[1:]
    equation = page.evaluate("id => document.getElementById(id).querySelector('.katex-html').textContent", label)
    box = page.locator("#equation-shown")
    cited.hover()
    box.wait_for(state="visible")
    assert box.locator(".katex-html").first.text_content() == equation
    box.hover()
    page.clock.run_for(400)             # longer than a box stays that nobody points at
    assert box.is_visible()
    page.mouse.move(1, 1)
    page.clock.run_for(400)
    assert not box.is_visible()
    cited.hover()
    box.wait_for(state="visible")
    page.keyboard.press("Escape")
    assert not box.is_visible()
    cited.evaluate("one => one.focus({focusVisible: true})")
    box.wait_for(state="visible")
    assert cited.get_attribute("aria-describedby") == "equation-shown" and barriers(page) == []
    page.keyboard.press("Escape")
    assert not box.is_visible() and page.wrong == []


@pytest.mark.parametrize("width", [1280, 390])
def test_a_cited_equation_covers_neither_its_link_nor_the_edge(tab, address, width):
    """Over the link where there is room for it with 8 pixels to spare, else below; 4 pixels away, 8 from the edges."""
    page = tab(f"{address}/{HEAVY}.html", width)
    links = page.locator('article a[href*="#equation-"]:not(.headerlink)')
    place = """(link, [top, right]) => { const at = () => link.getBoundingClientRect();
        link.style = right ? `position: relative; left: ${innerWidth - right - at().right}px` : '';
        scrollBy({top: at().top - top, behavior: 'instant'});
        link.blur(); link.focus({focusVisible: true, preventScroll: true}); }"""
    look = """link => { const { top, bottom, left } = link.getBoundingClientRect(),
        box = document.getElementById('equation-shown').getBoundingClientRect();
        return {top, bottom, left, over: box.top, under: box.bottom, from: box.left, to: box.right, high: box.height}; }"""
    room, seen, met = page.evaluate("document.documentElement.clientWidth"), {"high": 300}, set()
    page.evaluate("document.querySelector('article').style.padding = '900px 0'")     # every link can be brought anywhere
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


def test_a_finger_sees_a_cited_equation_before_it_goes_there(tab, address):
    page = tab(f"{address}/{HEAVY}.html", 390, has_touch=True, is_mobile=True)
    link, shown = page.locator("article a[href^='#equation-']:not(.headerlink)").last, page.locator("#equation-shown")
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


# theme/scripts/overflow.js
def test_what_goes_on_to_the_right_fades_until_its_end_is_reached(tab, address):
    page = tab(f"{address}/{HEAVY}.html", 390)
    page.evaluate(pages.SETTLED)
    first = page.locator("pre.more:visible").first
    first.evaluate("(one) => { one.id = 'wide'; one.scrollLeft = 9999; }")
    page.wait_for_selector("#wide:not(.more)")
    wider = "[...document.querySelectorAll('.formula')].filter(one => one.clientWidth * 1.15 < one.scrollWidth).length"
    assert page.evaluate(wider) == 0, "a formula of this page nearly fits a phone, as it may break after its signs"


def test_no_line_begins_with_a_comma(tab, address):
    """After a short formula, at every width; a longer one may break, and what follows it as well."""
    page = tab(f"{address}/{HEAVY}.html", 390)
    begins = """() => [...document.querySelectorAll('.unbroken:has(.base)')].filter(one => {
        const boxes = [...one.querySelectorAll('.base')].at(-1).getBoundingClientRect(), range = new Range();
        range.selectNodeContents(one.lastChild);
        return range.getBoundingClientRect().top > boxes.bottom - 2; }).length"""
    assert page.locator(".unbroken:has(.base)").count() > 20
    for width in range(300, 420, 7):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(begins) == 0, width


def at_the_edge(page):
    """The commonest colour at the right edge of the page's first table."""
    box = page.locator(".table-box").first
    image = Image.open(BytesIO(box.screenshot())).convert("RGB")
    colours = [image.getpixel((image.width - 2, y)) for y in range(image.height)]
    return max(set(colours), key=colours.count)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scripts", [True, False])
def test_a_wide_table_keeps_its_first_column_and_has_a_shadow_where_it_goes_on(tab, address, width, scheme, scripts):
    page = tab(f"{address}/14_frameworks.html", width, scheme, java_script_enabled=scripts)
    assert contrast(at_the_edge(page), PAPER[scheme]) > 1.1
    places = """(all) => all.map((one) => [one.getBoundingClientRect().left,
        one.closest('.table-box').getBoundingClientRect().left])"""
    page.locator(".table-box").first.evaluate("(box) => { box.scrollLeft = 150; }")
    assert contrast(at_the_edge(page), PAPER[scheme]) > 1.1
    first = page.locator(".table-box").first.locator("tr > :first-child").evaluate_all(places)
    assert len(first) > 5 and all(abs(cell - box) < 1 for cell, box in first)
    page.locator(".table-box").first.evaluate("(box) => { box.scrollLeft = 9999; }")
    assert at_the_edge(page) == PAPER[scheme]


# theme/scripts/ledger.js
def test_the_ledger_is_searched_as_a_reader_types(tab, address):
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
    functions = page.get_by_label("Function").locator("option").all_inner_texts()
    assert {"O", "o", "dy_db", "without a function"} < {*functions} and functions[0] == "all"
    for function in functions[1:]:
        page.get_by_label("Function").select_option(label=function)
        named = [" ".join(row.locator("td").first.locator("code").all_inner_texts()) for row in rows.all()]
        assert named and {*named} == {"" if function == "without a function" else function}, function
    assert page.wrong == []
    page = tab(f"{address}/equalities.html")
    page.get_by_label("Status").select_option(label="evaluated")
    rows = page.locator("div.ledger tbody tr:visible")
    assert rows.count() == int(page.locator("div.ledger-panel output").inner_text().split()[0]) > 50
    assert page.wrong == []


def test_an_equation_of_another_page_shows_itself(tab, address, site):
    page = tab(f"{address}/04_bias_derivatives.html")
    there = parse(site / f"{HEAVY}.html").select_one("div.math[id^=equation-]")
    cited = page.query_selector('article a[href^="#equation-"]:not(.headerlink)')
    cited.evaluate("(link, to) => link.setAttribute('href', to)", f"{HEAVY}.html#{there['id']}")
    cited.hover()
    page.wait_for_selector("#equation-shown .katex")
    assert page.text_content("#equation-shown .katex-html") == there.select_one(".katex-html").get_text()
    assert page.wrong == []


# theme/scripts/formula.js
def test_a_reader_types_a_formula(tab, address, python):
    """By keyboard alone; every answer is there within two seconds, once Python has started."""
    page = tab(f"{address}/misprints.html")
    page.home = (address, "data:", "blob:")
    area, output = page.get_by_label("A formula in LaTeX"), page.locator(".formula-box output")

    def answered(latex, wanted, seconds=2.5):
        area.fill(latex)
        area.press("Enter")
        pytest.importorskip("playwright.sync_api").expect(output).to_contain_text(wanted, timeout=1000 * seconds)
        return page.evaluate("[formula.selectionStart, formula.selectionEnd]")

    answered(r"\tanh z = 2\sigma(z) - 1", "It does not hold.", seconds=120)
    assert output.inner_text().splitlines()[1:] == ["  z = 1", "  left side: 0.761594", "  right side: 0.462117"]
    assert answered(r"z = \foo", r"\foo is not among the signs") == [4, 5]
    assert answered(r"\frac{1}{2 = z", "this { is not closed") == [8, 9]
    answered("(" * 200 + "z" + ")" * 200 + " = z", "it is nested more than 30 deep")
    answered("z = " + "+".join("z" * 290), "it has too many terms")
    answered("z = " + "z" * 9000, "characters, and at most 600 are read")
    answered(r"\mathbf{z}_1 = " + r"\sum_i (\mathbf{z}_i " * 20 + ")" * 20, "It takes longer than 1.5 seconds", seconds=4)
    answered(r"\sqrt{z} = \sqrt{z}", "It fits 10 of the units")
    answered(r"\mathbf{z}^m = \mathbf{W}^m \mathbf{a}^m + \mathbf{b}^m", "It holds on ", seconds=4)
    page.get_by_label("Its letters are those of").select_option("scores")
    answered(r"\mathbf{z}^m = \mathbf{z}^m", "in the scene scores")
    for press, label in (("Tab", "SELECT"), ("Tab", "BUTTON")):
        page.keyboard.press(press)
        assert page.evaluate("document.activeElement.tagName") == label
    assert barriers(page) == [] and page.wrong == []


def test_without_python_the_page_says_how_jupyter_tries_a_formula(tab, site):
    page = tab((site / "misprints.html").as_uri())
    assert "from ledger import try_formula" in page.inner_text(".formula-box") and page.locator("form textarea").count() == 0
    assert "make read" in page.inner_text(".formula-box")


# runner/results.js
RESULTS = "12_your_implementation"
DROP = """([several, how]) => {
    const arrayBuffer = { value: () => Promise.reject() };
    const files = several.map(([name, text, size]) => Object.defineProperties(new File([text], name),
        { ...(size ? { size: { value: size } } : {}), ...(how === "closed" ? { arrayBuffer } : {}) }));
    const items = files.map(() => ({ webkitGetAsEntry: () => ({ isDirectory: how === "folder" }) }));
    const event = new Event("drop", { bubbles: true, cancelable: true });
    document.querySelector("h1").dispatchEvent(Object.assign(event, { dataTransfer: { types: ["Files"], files, items } }));
    return event.defaultPrevented; }"""


@pytest.fixture
def box(tab, address, python):
    """The page with the box; .drop(text, …) drops a file anywhere on it, .says(words) waits for the verdict."""
    page = tab(f"{address}/{RESULTS}.html", permissions=["clipboard-read", "clipboard-write"])
    expect, verdict = pytest.importorskip("playwright.sync_api").expect, page.locator(".results-verdict")
    page.drop = lambda text, name="mine.txt", size=0, how="": page.evaluate(DROP, [[[name, text, size]], how])
    page.says = lambda words, seconds=5: expect(verdict).to_contain_text(words, timeout=1000 * seconds)
    return page


def results(*bugs, **part):
    """(the planted bugs, what a program that has them prints, or a part of it)."""
    from test_diagnosis import NAMED, lines

    planted = [NAMED[one, "", None] for one in bugs]
    return planted, lines(planted, **part)


def test_a_bug_in_results_is_named_and_its_line_is_lit(box):
    """A file that is dropped; while it is checked, a second one waits, and the reader sees that it goes on."""
    from nnlib.conformance import check

    [bug], text = results("transposed-back")
    asked = len(box.asked)
    assert box.drop(text), "the browser would leave the page"
    assert box.locator(".results-box progress").is_visible() and box.get_by_role("button", name="Stop").is_visible()
    box.drop("pencil loss 1", "other.txt")
    assert box.get_by_role("alert").inner_text() == "mine.txt is still being checked: wait for it, or press Stop."
    box.says("Checking mine.txt", 120)
    found = check(text).as_dict()
    numbers = found["numbers"]
    box.says(f"mine.txt is wrong: {numbers['wrong']} of {sum(numbers.values())} numbers of ", 30)
    assert bug.says in box.inner_text(".results-diagnosis") and bug.cure in box.inner_text(".results-diagnosis")
    assert box.locator(".results-box progress").is_hidden() and box.get_by_role("alert").count() == 0
    for caption, key in (("expected", "expected"), ("got, wrong ones marked ✗", "got")):
        cells = box.locator(".results-matrices table", has_text=caption).locator("td")
        entries = [one for row in found["first"]["matrix"] for one in row]
        signs = ["✗" * (key == "got" and one["verdict"] == "wrong") for one in entries]
        assert cells.all_text_contents() == [sign + one[key] for sign, one in zip(signs, entries)] and len(entries) > 1
        wrong = cells.evaluate_all("(all) => all.map((one) => one.matches('.results-wrong'))")
        assert wrong == [bool(sign) for sign in signs]
        first = cells.evaluate_all("(all) => all.map((one) => one.matches('.results-first'))")
        assert first == [one["first"] for one in entries]
    lit = box.locator("tr.results-lit")
    assert lit.count() == 1 and "✗ here" in lit.inner_text()
    assert lit.locator("a").get_attribute("href") == "07_batches.html#equation-batch-delta-step"
    assert box.locator(".results-line annotation").all_text_contents()[0] == lit.locator("annotation").first.text_content()
    assert {one for one in box.asked[asked:] if not one.startswith((box.url.rpartition("/")[0], "data:", "blob:"))} == set()
    box.locator(".results-report summary").first.click()
    signs = box.locator(".results-overview tr", has_text="square_batch").get_by_role("img").evaluate_all(
        "(all) => all.map((one) => one.ariaLabel)")
    assert signs == ["right"] * 4 + ["wrong"] * 4
    assert pages.shut_out(box) == [] and box.wrong == []
    box.set_viewport_size({"width": 390, "height": 900})
    assert box.evaluate(pages.OVERFLOW) == 0


def test_right_results_and_pasted_ones_and_what_is_no_file_of_results(box):
    """Each fault is told in a sentence, and the box takes the next file; by keyboard alone where it is pasted."""
    from nnlib.conformance import check

    right = results()[1]
    area, file = box.get_by_label("Or paste what is in it"), box.get_by_label("A file of results")
    box.drop(right)
    box.says(f"mine.txt is right: {check(right).count('right')} numbers of ", 120)
    assert box.inner_text(".results-diagnosis") == "" and box.locator(".results-lit").count() == 0
    box.evaluate("(text) => navigator.clipboard.writeText(text)", results("no-bias")[1])
    area.press("Control+v")
    area.press("Tab")
    assert box.evaluate("document.activeElement.textContent") == "Check it"
    box.keyboard.press("Enter")
    box.says("The text is wrong: ", 30)
    assert "the bias is not added" in box.inner_text(".results-diagnosis")
    assert box.locator("tr.results-lit a").get_attribute("href") == "07_batches.html#equation-batch-z"
    box.drop(results("gradient-twice", of=["one_layer", "sigmoid", "square_batch"], wanted=("grad_W", "grad_b"))[1])
    box.says("mine.txt is wrong: ", 30)
    assert " Or: " in box.inner_text(".results-diagnosis") and box.locator("tr.results-lit", has_text="✗ here?").count() == 2
    for text, sentence in (("pencil y_hat 0 2 sixteen", 'The text was not read. Line 1: "sixteen" is no number'),
                           ("", "The text was not read. The file holds no number"),
                           ('{"pencil": {"loss": 0.5', "the file ends while 2 brackets are open")):
        area.fill(text)
        box.get_by_role("button", name="Check it").click()
        box.says(sentence)
        assert box.locator(".results-lit").count() == 0 and box.inner_text(".results-report") == ""
    file.set_input_files({"name": "photo.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n\0\0"})
    box.says("photo.png was not read. Line ")
    box.drop(right, "huge.txt", 300_000_000)
    box.says("huge.txt has 300.0 MB. All results together need less than one, and 10.0 are read here.")
    box.drop("", "results", how="folder")
    box.says("results is a folder: drop the file in it.")
    box.drop(right, "gone.txt", how="closed")
    box.says("gone.txt cannot be read: it is a folder, was moved or changed, or is closed to the browser.")
    box.evaluate(DROP, [[["a.txt", "", 0], ["b.txt", "", 0]], ""])
    box.says("2 files came, and one is read at a time")
    file.set_input_files({"name": "mine.txt", "mimeType": "text/plain", "buffer": b"one_layer loss 3\nsigmoid loss 2"})
    box.says("mine.txt is wrong: ")
    assert "too few to name a bug" in box.inner_text(".results-diagnosis") and box.locator(".results-lit").count() == 0
    assert "grad_W of " in box.locator(".results-report details li", has_text="grad_W").text_content()
    assert box.wrong == []


def test_a_check_is_stopped_and_python_that_is_not_there_is_told(box):
    text = results("transposed-back")[1]
    box.route("**/_runtime/**", lambda route: route.abort())
    box.drop(text)
    box.says("Python could not be reached: is the book still being served?")
    box.unroute("**/_runtime/**")
    box.drop(text)
    box.says("Checking mine.txt", 120)
    box.get_by_role("button", name="Stop").click()
    box.says("Stopped.")
    assert box.evaluate("document.activeElement.id") == "results-file", "the focus stays in the box"
    assert box.locator(".results-box progress").is_hidden() and box.inner_text(".results-report") == ""
    box.drop("pencil loss 0.5")
    box.says(" numbers of 1 vector.", 120)


@pytest.mark.parametrize("words, form", [("JSON", "json"), ("lines", "lines"), ("a C header", "c")])
def test_the_vectors_are_downloaded_without_scripts(tab, address, root, words, form):
    page = tab(f"{address}/{RESULTS}.html", java_script_enabled=False, accept_downloads=True)
    with page.expect_download() as download:
        page.get_by_role("link", name=words, exact=True).click()
    written = subprocess.run([sys.executable, "-m", "nnlib", "vectors", "--format", form], cwd=root, check=True,
                             stdout=subprocess.PIPE).stdout
    assert Path(download.value.path()).read_bytes() == written
    assert download.value.suggested_filename.startswith("vectors.")
    assert "python -m nnlib check" in page.inner_text(".results-box") and page.locator("form textarea").count() == 0


def test_without_python_the_page_says_which_commands_check_results(tab, site):
    page = tab((site / f"{RESULTS}.html").as_uri())
    assert "python -m nnlib vectors" in page.inner_text(".results-box") and page.locator("form textarea").count() == 0
    assert "make read" in page.inner_text(".results-box")


# theme/scripts/copy.js
def test_code_is_copied_as_it_stands(tab, address):
    page = tab(f"{address}/{HEAVY}.html", permissions=["clipboard-read", "clipboard-write"])
    code = page.locator("div.highlight pre").first
    code.hover()
    page.locator("button.copybtn").first.click()
    page.wait_for_selector('button.copybtn[aria-label="Copied"]')
    assert page.evaluate("navigator.clipboard.readText()") == code.text_content().rstrip("\n")


def test_a_chapter_is_downloaded_as_it_was_written(site, root):
    import lock

    for path in (root / "book").glob("*.ipynb"):
        *jupyter, download = [tag["href"] for tag in parse(site / f"{path.stem}.html").select(".tools a")]
        assert (site / download).read_bytes() == path.read_bytes()
        assert len(jupyter) == bool(lock.project()["project"]["urls"]), "Binder needs the repository's address"


COLOURS = ["rgb(253, 252, 249)", "rgb(25, 24, 22)"]
SHOWN = "[document.documentElement.dataset.theme ?? null, getComputedStyle(document.body).backgroundColor]"


# theme/scripts/colours.js
@pytest.mark.parametrize("scheme, paper", [*zip(["light", "dark"], COLOURS)])
def test_colours_follow_the_system_or_the_reader_and_are_kept(tab, address, scheme, paper):
    page = tab(f"{address}/card.html", scheme=scheme)
    assert page.evaluate(SHOWN) == [None, paper]
    for theme, wanted in zip(["light", "dark"], COLOURS):
        page.click("button.theme")
        assert page.evaluate(SHOWN) == [theme, wanted]
        page.reload()
        assert page.evaluate(SHOWN) == [theme, wanted], "the choice is kept"
    page.click("button.theme")
    assert page.evaluate(SHOWN) == [None, paper] and "as the system" in page.get_attribute("button.theme", "title")


def test_the_contents_say_where_the_reader_is(tab, address):
    page = tab(f"{address}/{HEAVY}.html")
    page.evaluate("document.querySelectorAll('h2')[4].scrollIntoView()")
    page.wait_for_function("""() => document.querySelector('#contents [aria-current]')?.hash
        === '#' + document.querySelectorAll('h2')[4].parentElement.id""")


# theme/scripts/found.js
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("before", ["", pages.NO_STORAGE], ids=["storage", "no storage"])
def test_a_word_is_searched_and_found(tab, address, width, before):
    """Ctrl-K leads to the search. What was found shows formulas once, and the word; it is marked there and on arrival."""
    page = tab(f"{address}/card.html", width, before=before)
    page.keyboard.press("Control+k")
    page.keyboard.type("weight")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=weight")
    page.wait_for_function("""() => { const found = [...document.querySelectorAll('#search-results li:not(:has(> span))')];
        return found.length > 5 && found.every((one) => one.querySelector('p.context')); }""")
    shown = page.locator("#search-results p.context").all_inner_texts()
    latex = r"\\(?!n\")|\b(\w)\1\1\b"                # a backslash that is not C's "\n", or a letter told three times
    assert any("b0" in one for one in shown) and not [one for one in shown if re.search(latex, one)], shown
    page.wait_for_function("() => CSS.highlights.get('found')?.size > 5")
    cut = """[...CSS.highlights.get('found')].filter((range) => { const box = range.startContainer.parentElement;
        return box.matches('p.context') && range.startOffset < 60
            && range.getBoundingClientRect().bottom > box.getBoundingClientRect().bottom + 1; }).length"""
    assert page.evaluate(cut) == 0, "the word that was found is cut off"
    page.locator("#search-results li a").first.click()
    page.wait_for_function("() => CSS.highlights.get('found')?.size > 0")
    page.click("button.theme")
    assert page.evaluate(SHOWN)[0] == "light" and page.wrong == []


def test_a_search_for_what_every_object_of_javascript_has_ends(tab, address):
    page = tab(f"{address}/search.html?q=constructor")
    for word in ("constructor", "__proto__", "toString", "hasOwnProperty", "(.*"):
        page.goto(f"{address}/search.html?q={word}")
        page.wait_for_function("() => document.querySelector('#search-results p')?.textContent")
        assert "did not match any documents" in page.inner_text("#search-results p"), word
    assert page.wrong == []


def test_the_book_is_searched_and_read_as_files(tab, site):
    page = tab(f"{(site / 'search.html').as_uri()}?q=transpose")
    page.wait_for_selector("#search-results li a")
    page.click("#search-results li a")
    page.wait_for_selector("article h1")
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('1em KaTeX_Main'))")


def test_letters_of_twice_the_size_fit_a_narrow_page(tab, address):
    """No page is wider than a screen of 320 pixels, whatever its formulas, headings, tables and figures are."""
    page, wide = tab(f"{address}/index.html", 320), {}
    for name in pages.PAGES:
        page.goto(f"{address}/{name}.html")
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        wide[name] = page.evaluate(pages.OVERFLOW)
    assert {name: width for name, width in wide.items() if width} == {}
    page.evaluate("document.querySelector('main').append(Object.assign(document.createElement('p'),"
                  " { textContent: 'x'.repeat(40), style: 'white-space: nowrap' }))")
    assert page.evaluate(pages.OVERFLOW) > 0


# theme/scripts/turned.js
def test_two_columns_of_the_conventions_stand_side_by_side(tab, address):
    """By keyboard too; a cell keeps its row, and everything comes back in its order."""
    page = tab(f"{address}/14_frameworks.html", 390)
    rows = page.locator(".turned-table + .table-box tr")

    def shown():
        return [row.locator("th, td").all_inner_texts() for row in rows.all()]

    before = shown()
    place = before[0].index
    page.get_by_label("Read").select_option("Keras")
    assert shown() == before, "with one choice made, the reader still chooses the other among all"
    page.get_by_label("in the words of").select_option("Keras")
    assert shown() == before
    page.get_by_label("in the words of").select_option("Nielsen")
    assert shown() == [[row[0], row[place("Keras")], row[place("Nielsen")]] for row in before]
    page.get_by_label("Read").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.turned-table + .table-box th').length > 3")
    assert shown() == before and page.wrong == []
