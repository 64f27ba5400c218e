"""The figure in which a network learns: its numbers against nnlib's, and its behaviour on a page of its own."""

import math
import re
from contextlib import ExitStack
from functools import lru_cache
from types import SimpleNamespace

import book
import numpy as np
import pytest
from bs4 import BeautifulSoup
from pages import OVERFLOW, opened, serving, shut_out
from test_interactive import MODULES, STAGE, computed, said, seen, start
from test_site import small_book

from nnlib import SGD, Adam, Layer, Network, backprop, cross_entropy, one_hot, predict, softmax
from nnlib.training import flat, with_parameters

COUNT, EACH = 100, 50

# The arithmetic ------------------------------------------------------------------------------------------------------


def generator(seed):
    while True:
        seed = seed * 16807 % 2147483647
        yield seed / 2147483647


def short(value):
    return math.floor(100 * value + 0.5) / 100


def centre(data, label, s):
    """Where an arm is, for s from 0 to 1."""
    if data == "moons":
        turn, x, y = math.pi * (s + label), -0.5 + label, -0.25 + label / 2
        return x + 1.1 * math.cos(turn), y + 1.1 * math.sin(turn)
    turn, radius = math.pi * (2.5 * s + label), 0.25 + 1.45 * s
    return radius * math.cos(turn), radius * math.sin(turn)


def points(data):
    draw, X = generator(2022), []
    for n in range(COUNT):
        X.append([short(one + 0.3 * (next(draw) - 0.5)) for one in centre(data, n // EACH, n % EACH / (EACH - 1))])
    return np.array(X), one_hot(np.arange(COUNT) // EACH, 2)


def first_network(widths, phi):
    d, draw, layers = [int(one) for one in widths.split("-")], generator(9), []
    for m, (reads, rows) in enumerate(zip(d, d[1:])):
        W = [[short((2 * next(draw) - 1) * math.sqrt(3 / reads)) for _ in range(reads)] for _ in range(rows)]
        layers.append(Layer(W, np.zeros(rows), phi if m < len(d) - 2 else "identity"))
    return Network(layers)


def gradients(net, X, Y, bug):
    """[(∂L/∂W, ∂L/∂b)] written out for all points at once, with a bug or without one."""
    read, z, parts = [X], [], []
    for layer in net:
        z.append(read[-1] @ layer.W.T + layer.b)
        read.append(layer.phi.f(z[-1]))
    delta = softmax(read[-1]) - Y
    if bug != "mean":
        delta = delta / len(X)
    for m in reversed(range(len(net))):
        by_b = np.zeros(len(net[m].b)) if bug == "bias" else delta.sum(axis=0)
        parts.append(SimpleNamespace(W=delta.T @ read[m], b=by_b))
        delta = delta @ net[m].W
        if m and bug != "slope":
            delta = delta * net[m - 1].phi.df(z[m - 1])
    return parts[::-1]


RULES = {"sgd": SGD, "momentum": lambda rate: SGD(rate, momentum=0.9), "adam": Adam}


@lru_cache
def learned(number, bug):
    """What nnlib has after the steps of one of the STATES, and one step later."""
    state = STATES[number]
    X, Y = points(state["data"])
    net, rule = first_network(state["widths"], state["phi"]), RULES[state["rule"]](float(state["rate"]))
    memory, losses = rule.start(net), []
    for left in range(state["steps"], -1, -1):
        loss, right = backprop(net, X, Y, cross_entropy)
        parts = right if bug == "none" else gradients(net, X, Y, bug)
        losses.append(loss)
        theta, after = rule.rule(flat(net), flat(parts), memory)
        if left:
            net, memory = with_parameters(net, theta), after
    hits = (predict(net, X).argmax(axis=1) == Y.argmax(axis=1)).tolist()
    letter, m, *place = state["watched"][0], int(state["watched"][1]), *map(int, state["watched"].split(".")[1:])
    picked = [getattr(one[m], letter)[tuple(place)] for one in (net, parts, right)]
    memories = dict(zip("ms", zip(memory[1:], after[1:]))) if state["rule"] == "adam" else {"v": (memory, after)}
    return {"theta": flat(net), "g": flat(parts), "losses": losses, "hits": hits, "picked": picked[:2], "nudged": picked[2],
            "before": {name: one for name, (one, _) in memories.items()},
            "next": {"theta": theta, **{name: one for name, (_, one) in memories.items()}}}


OPENING = {"data": "spiral", "widths": "2-8-8-2", "phi": "tanh", "rule": "adam", "rate": "0.01", "bug": "none",
           "watched": "W0.0.0", "steps": 150}
STATES = [OPENING] + [{**OPENING, **dict(zip(OPENING, values))} for values in (
    ("moons", "2-4-2", "relu", "sgd", "0.3", "none", "W1.0.0", 40), ("moons", "2-16-16-2", "sigmoid", "momentum", "0.1",
    "none", "b2.0", 25), ("spiral", "2-8-2", "relu", "adam", "0.03", "none", "b0.0", 30),
    ("spiral", "2-8-8-2", "tanh", "adam", "0.01", "mean", "W1.0.0", 60),
    ("moons", "2-8-2", "sigmoid", "sgd", "0.01", "mean", "b1.0", 20),
    ("spiral", "2-8-8-2", "tanh", "adam", "0.01", "slope", "W0.0.0", 20),
    ("moons", "2-8-8-2", "relu", "momentum", "0.03", "slope", "W0.0.0", 12),
    ("moons", "2-4-2", "tanh", "momentum", "1", "bias", "b0.0", 15),
    ("spiral", "2-16-16-2", "sigmoid", "adam", "0.1", "bias", "W2.0.0", 10),
    ("moons", "2-8-2", "tanh", "sgd", "1", "none", "W0.0.0", 0), ("spiral", "2-4-2", "relu", "momentum", "0.3", "none",
    "W0.0.0", 1))]


def learning_disagreements(modules):
    """Which of the figure's numbers are not nnlib's, or those of the bug as it is written here."""
    found = set()

    def hold(name, got, wanted, rtol=1e-9, atol=1e-9):
        got, wanted = np.asarray(got, float), np.asarray(wanted, float)
        if got.shape != wanted.shape or not np.allclose(got, wanted, rtol=rtol, atol=atol):
            found.add(name)

    for number, got in enumerate(computed("training", [(start(), state) for state in STATES], modules)):
        state, run = STATES[number], got["run"]
        wanted = learned(number, state["bug"])
        for name in ("theta", "g", "losses", "hits"):
            hold(name, run[name], wanted[name])
        for name, one in wanted["before"].items():
            hold("memory", run[name], one)
        for name, one in wanted["next"].items():
            hold("next", got["next"][name], one)
        hold("picked", [run["theta"][got["at"]], run["g"][got["at"]]], wanted["picked"])
        hold("nudged", got["nudged"], wanted["nudged"], 1e-6, 1e-9)     # what a nudge errs by, and its rounding
        if state["rule"] == "adam":
            by = 1 - 0.9 ** (state["steps"] + 1), 1 - 0.999 ** (state["steps"] + 1)
            hold("fair", [got["mHat"], got["sHat"]], [wanted["next"]["m"] / by[0], wanted["next"]["s"] / by[1]])
        if state["bug"] != "none":
            hold("twin", got["twin"]["losses"], learned(number, "none")["losses"])
    return found


def test_what_is_learned_is_nnlibs():
    assert computed("training", [(start(), {})]) == computed("training", [(start(), OPENING)])
    assert learning_disagreements(MODULES) == set()


def test_without_a_bug_what_is_written_out_here_is_backprop():
    for state in STATES:
        net, (X, Y) = first_network(state["widths"], state["phi"]), points(state["data"])
        ours, theirs = gradients(net, X, Y, "none"), backprop(net, X, Y, cross_entropy)[1]
        np.testing.assert_allclose(flat(ours), flat(theirs), rtol=1e-12, atol=1e-15)
        for bug in ("mean", "slope", "bias"):
            assert not np.allclose(flat(gradients(net, X, Y, bug)), flat(theirs), rtol=1e-3)


@pytest.mark.parametrize("old, new, seen", [
    ("generator(2022)", "generator(2023)", {"losses", "g"}),
    ("2.5 * s + k", "2.4 * s + k", {"losses"}),
    ("(2 * draw() - 1) * Math.sqrt(3 / d[m])", "(2 * draw() - 1) * Math.sqrt(2 / d[m])", {"theta"}),
    ("MU = 0.9", "MU = 0.99", {"theta", "memory", "next"}),
    ("BETA2 = 0.999", "BETA2 = 0.99", {"theta", "memory", "fair"}),
    ("EPSILON = 1e-8", "EPSILON = 1e-6", {"theta"}),
    ("BETA1 ** t", "BETA1 ** (t - 1)", {"fair"}),
    ("Math.sqrt(sHat[k]) + EPSILON", "Math.sqrt(sHat[k] + EPSILON)", {"theta"}),
    ("(1 - BETA1) * g[k]", "g[k]", {"memory"}),
    ("mu * old + g[k]", "mu * (old + g[k])", {"theta"}),
    ('bug === "mean" ? 1 : X.length', 'bug === "mean" ? 10 : X.length', {"g"}),
    ('bug === "slope" ? asked', 'bug === "none" ? asked', {"g", "theta", "twin"}),
    ('bug !== "bias"', 'bug === "bias"', {"g"}),
    ("slopes[m - 1])", "slopes[0])", {"g"}),
    ("net[m].W[i][j], 0)", "net[m].W[i][0], 0)", {"g"}),
    ("- (k === label ? 1 : 0)", "+ (k === label ? 1 : 0)", {"g", "hits"}),
    ("- y[label]", "- y[0]", {"losses"}),
    ("i * d[m] + j", "i * d[m] + j + 1", {"picked", "nudged"}),
    ("d[m + 1] * d[m] + i", "d[m] + i", {"picked", "nudged"}),
    ("[NUDGE, -NUDGE]", "[NUDGE, 0]", {"nudged"}),
    ('onward(state, twin, "none")', "onward(state, twin, state.bug)", {"twin"}),
    ("miss[labels[n]] > -0.5", "miss[labels[n]] > -0.9", {"hits"}),
])
def test_a_mistake_planted_in_what_is_learned_is_found(tmp_path, old, new, seen):
    for path in MODULES.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert path.name != "training.js" or text.count(old) == 1
        (tmp_path / path.name).write_text(text.replace(old, new) if path.name == "training.js" else text, encoding="utf-8")
    assert seen <= learning_disagreements(tmp_path)


def test_five_seconds_of_play_are_worth_it():
    """Play takes about 40 steps a second. Without 1/N Adam learns as well; with the other bugs it learns less."""
    states = [{**OPENING, "steps": steps, "bug": bug} for steps, bug in ((0, "none"), (200, "none"), (200, "mean"),
                                                                         (200, "bias"), (200, "slope"))]
    right = [sum(one["run"]["hits"]) for one in computed("training", [(start(), state) for state in states])]
    assert right[:3] == [58, 100, 100] and right[0] < right[4] < 80 < right[3] < 100, right


# The page ------------------------------------------------------------------------------------------------------------

PAGE = """# A page for one figure

```{admonition} On the site: an interactive figure
:class: interactive training

A small network learns.
```
""" + "\nBelow it there is text.\n" * 60


@pytest.fixture(scope="module")
def site_of_one(tmp_path_factory, root):
    folder = tmp_path_factory.mktemp("learning")
    small_book(folder, root, PAGE)
    assert book.build(folder, quiet=True)
    return folder / "_build" / "html"


@pytest.fixture
def page(browser, site_of_one):
    """page(width, …) opens the figure; at the end, nothing may have gone wrong in it."""
    with serving(site_of_one) as address, ExitStack() as stack:
        tabs = []

        def open_one(width=1280, **how):
            tabs.append(stack.enter_context(opened(browser, f"{address}/index.html", width, **how)))
            return tabs[-1]

        yield open_one
        assert [tab.wrong for tab in tabs if tab.wrong] == []
        assert [tab.evaluate("window.refused ?? []") for tab in tabs] == [[] for _ in tabs]


def press(tab, what):
    tab.click(f'{STAGE} [data-do="{what}"]')


def choose(tab, **choices):
    for name, value in choices.items():
        tab.locator(f'{STAGE} [name="{name}"][value="{value}"]').check(force=True)


def at_step(tab):
    return int(re.match(r"Step (\d+):", said(tab))[1])


def played(tab, least):
    """The step at which it stands after Play, at least so many steps, and Pause."""
    press(tab, "play")
    tab.wait_for_function("least => Number(document.querySelector('.i-stage [role=status]').textContent.match(/\\d+/)[0])"
                          " >= least && document.querySelector('[data-do=pause]')", arg=least)
    press(tab, "pause")
    return at_step(tab)


# Play does not rest between its steps: each frame comes at once, and long after the one before.
HURRY = "let now = 0; window.requestAnimationFrame = (go) => setTimeout(() => go(now += 1e6));"
NOTED = """(least) => new Promise((done) => {
    const stage = document.querySelector('.i-stage'), heights = new Set(), squares = new Set();
    new MutationObserver(() => {
        heights.add(stage.offsetHeight);
        squares.add(stage.querySelector('.i-update > :nth-child(3) > :nth-child(2)').innerText);
        if (Number(stage.querySelector('[role=status]').textContent.match(/\\d+/)[0]) >= least) {
            stage.querySelector('[data-do=pause]')?.click();
            done([[...heights], [...squares]]);
        }
    }).observe(stage, { subtree: true, childList: true, characterData: true });
    stage.querySelector('[data-do=play]').click();
})"""


def hurried(tab, least):
    """The heights of the figure and the squares in it while it plays, to a step at least as late."""
    return tab.evaluate(NOTED, least)


def paths(html):
    return {path["class"][0]: path["d"] for path in BeautifulSoup(html, "html.parser").select("svg > path")}


def still(site_of_one):
    return BeautifulSoup((site_of_one / "index.html").read_text(encoding="utf-8"), "html.parser").select_one(STAGE)


def test_the_still_figure_of_a_network_that_learns_is_the_live_one(page, site_of_one):
    before, live = str(still(site_of_one).decode_contents()), page().inner_html(STAGE)
    assert seen(live) == seen(before)
    drawn, again = paths(before), paths(live)
    assert drawn.keys() == again.keys() == {"i-region", "i-edge", "i-one", "i-two", "i-missed", "i-tick", "i-curve"}
    for name, one in drawn.items():
        numbers = [[float(part) for part in re.findall(r"-?\d*\.?\d+", path)] for path in (one, again[name])]
        np.testing.assert_allclose(*numbers, atol=0.011, err_msg=name)      # two digits are written; the last may differ


def inside(path, x, y):
    """Whether a point is inside the polygons of a path, by the sides that lie to its right."""
    sides = 0
    for part in path.split("z")[:-1]:
        if "v" in part:
            right, top, width = [float(one) for one in re.fullmatch(r"M(\S+) (\S+)v1h-(\S+)v-1", part).groups()]
            corners = [(right, top), (right, top + 1), (right - width, top + 1), (right - width, top)]
        else:
            corners = [[float(one) for one in corner.split()] for corner in part[1:].split("L")]
        for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1]):
            sides += (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0)
    return sides % 2 == 1


def test_the_figure_shows_what_the_network_answers(site_of_one):
    drawn, wanted = paths(str(still(site_of_one))), learned(0, "none")
    net = with_parameters(first_network("2-8-8-2", "tanh"), wanted["theta"])
    places = np.random.default_rng(5).uniform(0, 32, (600, 2))
    scores = predict(net, np.column_stack([places[:, 0] / 8 - 2, 2 - places[:, 1] / 8]))
    agree = [inside(drawn["i-region"], *place) == (one < two) for place, (one, two) in zip(places, scores)]
    assert np.mean(agree) > 0.99, "only at the edge the squares are too coarse"
    X, Y = points("spiral")
    marks = {name: [tuple(map(float, one)) for one in re.findall(r"M(\S+?) ([\d.]+)", drawn[name])]
             for name in ("i-one", "i-two", "i-missed")}
    at = [(round(8 * (x + 2), 2), round(8 * (2 - y), 2)) for x, y in X]
    missed = [place for place, hit in zip(at, wanted["hits"]) if not hit]
    assert (marks["i-one"], marks["i-two"], marks["i-missed"]) == (at[:EACH], at[EACH:], missed) and len(missed) == 1
    curve = [[float(one) for one in place.split()] for place in drawn["i-curve"][1:].split("L")]
    heights = 100 - 25 * (np.log10(wanted["losses"]) + 3)
    t = [round(one * 2.5) for one, _ in curve]
    assert t[0] == 0 and t[-1] == 150 and np.abs(heights[t] - [height for _, height in curve]).max() < 0.011


@pytest.mark.parametrize("width", [320, 1280])
def test_the_network_is_there_without_javascript(page, width):
    tab = page(width, java_script_enabled=False)
    text = tab.inner_text("figure.interactive")
    for one in ("Step 150: the loss is 0.0747, and 99 of 100 points are right.", "is 1 times that", "class 2, hatched"):
        assert one in text
    assert tab.locator(".interactive button:visible, .interactive input:visible").count() == 0


def test_it_plays_pauses_steps_and_begins_anew(page):
    tab = page()
    assert at_step(tab) == 150 and "Play begins at the first weights" in said(tab)
    tab.evaluate("""window.steps = []; new MutationObserver(() => steps.push(document.querySelector(
        '.i-stage [role=status]').textContent.match(/\\d+/)[0])).observe(document.querySelector('.i-stage'),
        { subtree: true, childList: true, characterData: true })""")
    stopped = played(tab, 12)
    steps = [int(one) for one in tab.evaluate("steps")]
    assert steps[0] == 0 and {b - a for a, b in zip(steps, steps[1:])} <= {0, 2}, "a slice at a time, from the beginning"
    tab.wait_for_timeout(200)
    assert at_step(tab) == stopped
    announced = tab.locator(".i-update > div:last-child > :last-child").inner_text()
    press(tab, "once")
    assert at_step(tab) == stopped + 1
    assert tab.locator(".i-update > div:last-child > :nth-child(2)").inner_text().startswith(f"{announced} −")
    assert played(tab, stopped + 3) > stopped + 1, "Play goes on"
    press(tab, "anew")
    assert said(tab) == "Step 0: the loss is 0.673, and 58 of 100 points are right."
    tab.focus(f'{STAGE} [data-do="play"]')
    tab.keyboard.press("Escape")
    assert at_step(tab) == 150


def test_while_it_plays_no_step_is_read_out(page):
    tab, status = page(), f"{STAGE} [role=status]"
    assert tab.get_attribute(status, "aria-live") is None
    press(tab, "play")
    assert tab.get_attribute(status, "aria-live") == "off"
    press(tab, "pause")
    assert tab.get_attribute(status, "aria-live") is None


def test_a_planted_bug_trains_and_the_nudge_finds_it(page):
    tab = page()
    nudge = tab.locator(f"{STAGE} > .i-said")
    choose(tab, bug="mean")
    assert at_step(tab) == 0
    played(tab, 20)
    with_bug, without = re.search(r"loss is (\S+), .* Without the bug it is (\S+),", said(tab)).groups()
    assert with_bug == without and "the loss may not tell" in nudge.inner_text()
    assert "is 100 times that" in nudge.inner_text()
    assert tab.inner_text(".i-losses .i-key").split("\n") == ["with the bug", "without it"]
    choose(tab, rule="sgd")
    assert "as long as with η = 1." in nudge.inner_text() and tab.locator(".i-update > div").count() == 2
    choose(tab, rule="momentum", bug="slope")
    played(tab, 4)
    assert "Between layers ϕ′ is left out" in nudge.inner_text() and "is 1 times that" not in nudge.inner_text()
    choose(tab, watched="W2.0.0")
    assert "is 1 times that" in nudge.inner_text() and at_step(tab) >= 4, "another number is watched of the same run"
    choose(tab, phi="relu", widths="2-4-2", rule="adam", rate="1", watched="W0.0.0")
    for _ in range(3):
        press(tab, "once")
    assert "says 0 to seven digits, and the program’s derivative is 0.199." in nudge.inner_text()
    choose(tab, bug="bias")
    assert tab.is_checked('[name=watched][value="b0.0"]') and "is 0 times that" in nudge.inner_text()


def test_what_starts_anew_and_what_does_not(page):
    tab = page()
    choose(tab, watched="b2.0", rate="0.1")
    assert at_step(tab) == 150, "another rate holds from here on"
    choose(tab, widths="2-4-2")
    assert at_step(tab) == 0 and tab.is_checked('[name=watched][value="W0.0.0"]')
    for name, value in (("data", "moons"), ("phi", "sigmoid"), ("rule", "sgd"), ("bug", "bias")):
        press(tab, "once")
        choose(tab, **{name: value})
        assert at_step(tab) == 0, name


def test_a_loss_that_is_no_longer_finite_ends_it(page):
    tab = page()
    choose(tab, phi="relu", rule="momentum", rate="1", bug="slope")
    press(tab, "play")
    tab.wait_for_selector(f'{STAGE} [data-do="play"]')
    assert "is too large" in said(tab)
    assert said(tab).endswith("It is no longer finite: press Reset, and take a smaller rate.")
    assert tab.get_attribute(f'{STAGE} [data-do="once"]', "aria-disabled") == "true"
    assert "NaN" not in tab.inner_html(STAGE) and "Infinity" not in tab.inner_html(STAGE)
    assert "Where the loss is no number, a nudge says nothing." in tab.inner_text(STAGE)
    press(tab, "anew")
    assert said(tab).startswith("Step 0: the loss is 0.7")
    press(tab, "once")
    assert at_step(tab) == 1 and "too large" not in tab.inner_text(STAGE)
    played(tab, 3)
    assert at_step(tab) < 40


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("bug", ["none", "slope"])
def test_nothing_jumps_while_it_plays(page, width, bug):
    tab = page(width, before=HURRY)
    tab.set_viewport_size({"width": width, "height": 2400})
    choose(tab, bug=bug)
    heights, squares = hurried(tab, 200)
    assert len(heights) == 1
    written = [one.rpartition("0.001 · ")[2] for one in squares]
    assert any("×" in one for one in written)
    assert all(one[0] == "(" or "×" not in one for one in written), "3×10⁻⁴² is not the square of 3×10⁻⁴"


def test_a_loss_outside_of_the_scale_is_said(page):
    tab = page(before=HURRY)
    graph = tab.locator(f"{STAGE} .i-graph")
    assert graph.get_attribute("aria-label").endswith("from 0.001 to 10") and "to" not in graph.inner_text()
    choose(tab, rate="1")
    for _ in range(2):
        press(tab, "once")
    loss = re.search(r"loss is ([\d.]+)", said(tab))[1]
    assert float(loss) > 10 and f"↑ up to {loss}" in graph.inner_text()
    assert graph.get_attribute("aria-label").endswith(f", from 0.001 to 10; {loss} is drawn at 10")
    choose(tab, data="moons", rate="0.1")
    hurried(tab, 400)
    least = re.search(r"↓ down to (\S+×10\S+)", graph.inner_text())[1]
    assert graph.get_attribute("aria-label").endswith(f"; {least} is drawn at 0.001") and "↑" not in graph.inner_text()


@pytest.mark.parametrize("state", [{}, {"rate": "1"}, {"bug": "mean"}])
def test_letters_of_twice_the_size_fit_a_narrow_page(page, state):
    tab = page(320)
    tab.evaluate("document.documentElement.style.fontSize = '200%'")
    choose(tab, **state)
    press(tab, "once")
    beyond = tab.evaluate(f"[...document.querySelectorAll('{STAGE} *')].map((one) => one.getBoundingClientRect().right)")
    assert max(beyond) <= 320 and tab.evaluate(OVERFLOW) == 0


def test_the_last_step_keeps_the_focus(page):
    tab = page(before=HURRY, reduced_motion="reduce")           # twenty steps at a time
    choose(tab, widths="2-4-2")
    hurried(tab, 1980)
    once = tab.locator(f'{STAGE} [data-do="once"]')
    once.focus()
    for step in [*range(1981, 2001), 2000]:
        tab.keyboard.press("Enter")
        assert at_step(tab) == step and tab.evaluate("document.activeElement.dataset.do") == "once"
    assert once.get_attribute("aria-disabled") == "true" and said(tab).endswith("Play ends here.")
    press(tab, "anew")
    assert once.get_attribute("aria-disabled") is None


def test_nothing_is_computed_while_it_is_not_seen(page):
    tab = page()
    press(tab, "play")
    tab.evaluate("scrollTo(0, document.body.scrollHeight)")
    tab.wait_for_timeout(300)
    before = at_step(tab)
    tab.wait_for_timeout(300)
    assert at_step(tab) == before
    tab.evaluate("scrollTo(0, 0)")
    tab.wait_for_function("before => Number(document.querySelector('.i-stage [role=status]').textContent.match(/\\d+/)[0])"
                          " > before", arg=before)


def test_reduced_motion_is_a_step_a_second(page):
    tab = page(reduced_motion="reduce")
    tab.wait_for_timeout(300)
    assert at_step(tab) == 150, "it does not play by itself"
    press(tab, "play")
    tab.wait_for_function("document.querySelector('.i-stage [role=status]').textContent.startsWith('Step 20:')")
    tab.wait_for_timeout(500)
    assert at_step(tab) == 20


def test_the_keyboard_plays(page):
    tab = page()
    tab.focus(f'{STAGE} [data-set="data"]:checked')
    tab.keyboard.press("ArrowRight")
    assert tab.is_checked('[name=data][value="moons"]')
    reached = []
    for _ in range(9):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.dataset.set ?? document.activeElement.dataset.do"))
    assert reached == ["widths", "phi", "rule", "rate", "bug", "play", "once", "anew", "watched"]
    tab.focus(f'{STAGE} [data-do="play"]')
    tab.keyboard.press("Space")
    assert tab.evaluate("document.activeElement.dataset.do") == "pause"
    tab.keyboard.press("Space")
    assert tab.evaluate("document.activeElement.dataset.do") == "play" and "Play begins" not in said(tab)


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_a_network_that_learns_keeps_nobody_out(page, width):
    tab = page(width)
    choose(tab, bug="slope")
    press(tab, "once")
    assert shut_out(tab) == []
