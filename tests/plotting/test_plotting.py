"""The figures say what nnlib computes: every number that is drawn is read back and compared."""
import ast
import inspect
import itertools
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from functools import cache, partial
from importlib import import_module
from io import BytesIO
from pathlib import Path

import drawings
import figures
import numpy as np
import pytest
from PIL import Image

from nnlib import (Activation, Layer, Network, check_gradient, digits, digits_network, dy_db, dy_dW, forward,
                   pencil_network, pencil_twin)
from nnlib import plotting as p
from nnlib.activations import ACTIVATIONS
from nnlib.plotting import M, _paper, curves

matplotlib = pytest.importorskip("matplotlib")
pytestmark = pytest.mark.plotting

PENCIL, TWIN, X = pencil_network(), pencil_twin(), (2, 3)
THIN, IMAGE = figures.THIN, digits()[0][0]
PACKAGE = Path(p.__file__).parent
SAMPLES = {**{name: partial(figures.drawn, name) for name in figures.FIGURES},
           "wide": partial(p.matrices, M([np.arange(31)]))}


def texts(figure):
    return figure.figure.axes[0].texts


def numbers(figure, colour=None, bold=None):
    """The numbers of a figure in the order of their drawing, with `colour` or `bold` only those."""
    return [float(text.get_text().replace("−", "-")) for text in texts(figure)
            if re.fullmatch(r"−?[\d.]+", text.get_text()) and colour in (None, text.get_color())
            and bold in (None, text.get_weight() == "bold")]


def after(figure, name):
    """The numbers that stand behind a name, as in b = −3."""
    words = [text.get_text() for text in texts(figure)]
    return [float(word.split(" = ")[1].replace("−", "-")) for word in words if word.startswith(f"{name} = ")]


@cache
def ink_box(words, size, font):
    from matplotlib.textpath import TextPath
    return TextPath((0, 0), words, size=size, prop=font).get_extents()


def overlaps(figure):
    """The pairs of texts whose ink boxes meet."""
    boxes = []
    for text in texts(figure):
        ink = ink_box(text.get_text(), text.get_size(), text.get_fontproperties())
        x, y = text.get_position()
        boxes.append((text.get_text(), x + ink.x0, y - ink.y1, x + ink.x1, y - ink.y0))
    return [(a[0], b[0]) for a, b in itertools.combinations(boxes, 2)
            if min(a[3], b[3]) > max(a[1], b[1]) and min(a[4], b[4]) > max(a[2], b[2])]


# ---- every figure -------------------------------------------------------------------------

@pytest.mark.parametrize("name", drawings.SHEET)
def test_nothing_has_changed_unseen(pinned_matplotlib, name):
    before = drawings.stored().get(name)
    changed = drawings.digest(drawings.SHEET[name](alt=name)).differences(before) if before else "new"
    assert changed == [], f"{name}: as meant? Then `.venv/bin/python tests/plotting/drawings.py`, and look at what it draws"


@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_figure_shows_the_numbers_of_its_row(name):
    assert len(figures.FIGURES[name]) == 3, f"{name}: its row in figures.py ends with the numbers that it shows"
    words = " ".join(re.sub(r"\$[^$]*\$", "", text.get_text()) for text in texts(figures.drawn(name)))
    shown = [float(one.replace("−", "-")) for one in re.findall(r"[−+]?\d[\d.]*", words)]
    assert shown == pytest.approx(figures.FIGURES[name][2]), "are they right? Then write them into the row in figures.py"


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("[a-z]*.py")), ids=lambda path: path.name)
def test_a_file_names_what_it_offers(path):
    """What a file lists in __all__ is what `from nnlib import plotting` offers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    public = {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.ClassDef) and one.name[0] != "_"}
    listed = getattr(import_module(f"nnlib.plotting.{path.stem}"), "__all__", [])
    assert {*listed} == public, f"__all__ in {path.name}: {', '.join({*listed} ^ public)} is missing, or is not in this file"
    assert {*listed} <= {*p.__all__}, f"nnlib/plotting/__init__.py does not import {path.stem}"


def change(what):
    """A selector with one change."""
    figure = p.selector([7, -3, 5], 1, alt="a")
    axes, = figure.figure.axes
    what(axes)
    return figure


CHANGES = {
    "a text": ("words", lambda axes: axes.texts[5].set_text("3")),
    "a weight": ("words", lambda axes: axes.texts[5].set_weight("bold")),
    "a colour": ("words", lambda axes: axes.texts[5].set_color("red")),
    "the colour of a line": ("words", lambda axes: axes.lines[0].set_color("red")),
    "the face of a shape": ("words", lambda axes: axes.patches[0].set_facecolor("red")),
    "a part": ("parts", lambda axes: axes.texts[5].remove()),
    "a place": ("places", lambda axes: axes.texts[5].set_x(axes.texts[5].get_position()[0] + 0.03)),
    "two places, one up and one down": ("places", lambda axes: [axes.texts[k].set_y(axes.texts[k].get_position()[1] + move)
                                                                for k, move in ((4, 0.2), (5, -0.2))]),
    "two texts that change places": ("places", lambda axes: axes.texts[4].set_position(axes.texts[5].get_position())),
    "a size": ("places", lambda axes: axes.texts[5].set_size(17.03)),
    "the width of a line": ("places", lambda axes: axes.lines[0].set_linewidth(1.5)),
    "a line one point longer": ("words", lambda axes: axes.lines[0].set_data([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])),
    "an opacity": ("places", lambda axes: axes.patches[0].set_alpha(0.13)),
    "the paper": ("places", lambda axes: axes.set_xlim(0, axes.get_xlim()[1])),
}


@pytest.mark.not_for_mutants
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen_in_the_digest(name):
    kind, what = CHANGES[name]
    before = drawings.digest(change(lambda axes: None))
    assert before.differences(before) == before.differences(drawings.Digest.read(str(before))) == []
    assert [line.split(":")[0] for line in drawings.digest(change(what)).differences(before)][0] == kind


@pytest.mark.not_for_mutants
def test_the_last_bits_of_a_place_are_no_change():
    before, now = (drawings.digest(change(lambda axes, factor=factor: [
        text.set_position(np.multiply(text.get_position(), factor)) for text in axes.texts])) for factor in (1, 1 + 1e-9))
    assert now.differences(before) == [] and now.places != before.places


@pytest.mark.not_for_mutants
def test_a_change_of_an_interactive_figure_is_seen():
    drawn = '<svg width="20"><path d="M 1.5 -2 L 3 4"/><text x="3">12</text></svg>'
    before = drawings.digest(drawn)
    assert before.counted == "4 tag, 1 text" and drawings.digest(drawn.replace("1.5", "1.501")).differences(before) == []
    for old, new in ((">12<", ">13<"), ("1.5", "1.6"), (" L ", " M "), ("-2", "2"), ('"20"', '"21"'), ("path", "line")):
        assert drawings.digest(drawn.replace(old, new)).differences(before)


@pytest.mark.long
@pytest.mark.parametrize("name", SAMPLES)
def test_svg_is_the_same_every_time_and_says_nothing_of_the_machine(name):
    first, second = (SAMPLES[name](alt='a < b & "c"') for _ in range(2))
    svg, png = first._repr_svg_(), first._repr_png_()
    assert svg == first._repr_svg_() == second._repr_svg_()
    assert png == second._repr_png_() and png[:4] == b"\x89PNG" and b"tEXt" not in png
    with Image.open(BytesIO(png)) as picture:           # two dots for a pixel, few colours
        assert np.allclose(np.divide(picture.size, 2), (first.width, first.height), atol=1)
        assert 2 < len(picture.getcolors()) <= 64 and picture.info["transparency"][picture.getpixel((0, 0))] == 0
        assert name != "tangent" or len(picture.getcolors()) == 64
        picture.save(packed := BytesIO(), "png", optimize=True)
        assert len(packed.getvalue()) == len(png)
    assert svg.startswith("<svg ") and not re.search(r"/home|/work|/tmp|20\d\d-|atplotlib|style=|<style|<image", svg)
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img" and root.get("aria-label") == 'a < b & "c"' == first.alt
    assert 0 < float(root.get("width")) <= 720 and float(root.get("height")) > 0
    ids = {element.get("id") for element in root.iter()}
    for element in root.iter("{http://www.w3.org/2000/svg}use"):
        assert element.get("{http://www.w3.org/1999/xlink}href")[1:] in ids


@pytest.mark.parametrize("name", SAMPLES)
def test_alt_is_asked_for(name):
    for wrong in ("", "  ", None, 3):
        with pytest.raises(ValueError, match="alt must say in words"):
            SAMPLES[name](alt=wrong)
    with pytest.raises(TypeError, match="alt"):
        p.matrices("=")
    assert inspect.signature(getattr(p, name, p.matrices)).parameters["alt"].kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize("name", SAMPLES)
def test_the_readers_settings_neither_change_nor_matter(name):
    plain = SAMPLES[name](alt="a")._repr_svg_()
    with matplotlib.rc_context({"font.size": 31, "lines.linewidth": 9, "svg.fonttype": "none",
                                "text.color": "red", "savefig.dpi": 33, "mathtext.fontset": "cm",
                                 "path.sketch": (3, 50, 2)}):
        before = dict.copy(matplotlib.rcParams)
        assert SAMPLES[name](alt="a")._repr_svg_() == plain
        assert dict.copy(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", SAMPLES)
def test_texts_keep_apart_and_stay_on_the_paper(name):
    figure = SAMPLES[name](alt="a")
    assert overlaps(figure) == []
    left, right = figure.figure.axes[0].get_xlim()
    assert all(left <= text.get_position()[0] <= right for text in texts(figure))


@pytest.mark.not_for_mutants
def test_importing_plotting_does_not_import_matplotlib():
    code = ("import sys, nnlib.plotting as p; print('matplotlib' in sys.modules); p.matrices('=', alt='a')._repr_svg_(); "
            "print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]


def luminance(rgb):
    part = np.asarray(rgb) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


def in_the_dark(rgb):
    """invert(1) hue-rotate(180deg), as the Filter Effects specification defines them."""
    turn = 2 * np.tile([0.213, 0.715, 0.072], (3, 1)) - np.eye(3)
    return np.clip(turn @ (255 - np.asarray(rgb)), 0, 255)


@pytest.mark.parametrize("colour", ["INK", "ACCENT", "BLUE", "GREY"])
def test_text_is_readable_on_white_and_in_the_dark(colour):
    rgb = np.array([int(getattr(_paper, colour)[k:k + 2], 16) for k in (1, 3, 5)], float)
    for ink, paper in ((rgb, np.full(3, 255.0)), (in_the_dark(rgb), np.full(3, 18.0))):
        for ground in (paper, _paper.WASH * ink + (1 - _paper.WASH) * paper):
            dark, light = sorted((luminance(ink), luminance(ground)))
            assert (light + 0.05) / (dark + 0.05) >= 4.5


# ---- the numbers that each one shows ------------------------------------------------------

@pytest.mark.parametrize("net", [PENCIL, TWIN], ids=["pencil", "twin"])
def test_a_network_shows_its_numbers(net):
    figure, trace = p.network(net, X, alt="a"), forward(net, X)
    shown = numbers(figure)
    inside = np.concatenate([*trace.inputs, trace.y_hat])
    assert shown == [*inside, *np.concatenate([layer.W.T.ravel() for layer in net])]
    assert after(figure, "$b$") == list(np.concatenate([layer.b for layer in net]))
    assert after(figure, "$z$") == list(np.concatenate(trace.z))
    both = p.network(net, X, alt="a", values="both")
    assert after(both, "$\\phi$′") == list(np.concatenate(trace.slopes))
    assert numbers(p.network(net, alt="a")) == shown[len(inside):]
    assert numbers(p.network(net, alt="a", weights=False)) == []
    for drawn in (figure, both, p.network(net, alt="a")):
        assert overlaps(drawn) == []


@pytest.mark.not_for_mutants
@pytest.mark.parametrize("net", [PENCIL, pytest.param(TWIN, marks=pytest.mark.long)], ids=["pencil", "twin"])
def test_the_lit_numbers_are_the_derivative(net):
    for m, layer in enumerate(net):
        for i, j in [*np.ndindex(layer.W.shape), *((i, None) for i in range(len(layer.b)))]:
            lit = ("b", m, i) if j is None else ("W", m, i, j)
            wanted = dy_db(net, X, m, i) if j is None else dy_dW(net, X, m, i, j)
            figure = p.network(net, X, alt="a", lit=lit, values="both" if i == m else "auto")
            ends = [float(text.get_text().replace("−", "-")) for text in texts(figure)
                    if text.get_weight() == "bold" and text.get_size() == 18]
            assert ends[-len(wanted):] == list(wanted) if m + 1 < len(net) else ends == [wanted[i]]
            if j is None:
                assert after(figure, "$b$") == [layer.b[i]]
            else:
                assert layer.W[i, j] in numbers(figure, _paper.ACCENT, bold=True)
            assert overlaps(figure) == []


def test_a_check_shows_the_part_with_most_wrong_entries_and_refuses_what_is_none():
    report = drawings.LARGE_CHECK
    assert [text.get_text() for text in texts(p.gradient_check(report, alt="a"))][-1] == "+1.98"
    assert "W: 35 right, 25 wrong" in [text.get_text() for text in texts(p.gradient_check(report, alt="a"))]
    assert "row: 40 right" in [text.get_text() for text in texts(p.gradient_check(report, "row", alt="a"))]
    marks = p.gradient_check(report, "b", alt="a").figure.axes[0].patches
    assert sum(mark.get_facecolor() == matplotlib.colors.to_rgba(_paper.INK) for mark in marks) == 1
    for part in ("V", 0, [], "w"):
        with pytest.raises(ValueError, match="part must be one of W, b, row; got"):
            p.gradient_check(report, part, alt="a")
    long = check_gradient(lambda t: t.sum(), np.ones(101), np.ones(101))
    with pytest.raises(ValueError, match="part must have 100 rows and columns at most.*got 101 × 1 in theta"):
        p.gradient_check(long, alt="a")


def test_places_may_come_from_numpy():
    def same(figure, net, x, *lit):
        places = (lit[0], *map(int, lit[1:])), (lit[0], *map(np.int64, lit[1:]))
        one, other = (drawings.digest(figure(net, x, alt="a", lit=place)) for place in places)
        return one == other

    assert same(p.network, PENCIL, X, "W", 1, 1, 2) and same(p.network, PENCIL, X, "b", 0, 2)
    assert same(p.chain, THIN, (2,), "W", 1, 0, 0) and same(p.network, digits_network(), IMAGE, "W", 1, 9, 20)


def test_a_text_that_just_fits_keeps_its_size():
    with _paper.new_paper("a") as paper:
        paper.text(0, 0, "12", 18, fit=_paper.ink_box("12", 18).width)
        assert texts(paper.figure())[0].get_size() == 18


def test_the_figure_of_the_sample():
    shown = numbers(p.network(PENCIL, X, alt="a", lit=("W", 0, 1, 0)), _paper.ACCENT)
    assert shown == [12, -144, -48, -576, 480, 384, 1]


def test_what_no_longer_moves_stays_grey():
    net = Network([Layer(np.eye(2), [0, 0], "relu"), Layer([[1, 1], [0, 1]], [0, 0], "relu")])
    figure = p.network(net, (1, -1), alt="a", lit=("W", 0, 1, 0))
    assert numbers(figure, _paper.ACCENT) == [0] and numbers(figure, _paper.GREY) == [0, 0, 0]   # the weight; v
    figure = p.network(net, (1, 2), alt="a", lit=("W", 0, 0, 0))
    assert numbers(figure, _paper.ACCENT) == [1, 1, 1] and numbers(figure, _paper.GREY) == [0]
    wires = [line for line in figure.figure.axes[0].lines if line.get_color() == _paper.ACCENT]
    assert {round(line.get_linewidth(), 1) for line in wires} == {2.8, 2.0}


def test_wide_layers_are_shortened():
    figure = p.network(digits_network(), IMAGE, alt="a", lit=("W", 0, 17, 20))
    words = [text.get_text() for text in texts(figure)]
    assert words.count("⋮") == 2 + 2 + 1 + 1 and r"$\mathbf{x}_{21}$" in words and r"$\mathbf{x}_{64}$" in words
    assert overlaps(figure) == []


def test_a_chain_shows_how_the_product_grows():
    figure, trace = p.chain(THIN, (2,), alt="a", lit=("W", 0, 0, 0)), forward(THIN, (2,))
    words = [text.get_text() for text in texts(figure) if " · " in text.get_text()]
    products = [np.prod([float(word) for word in re.sub("[()]", "", line).replace("−", "-").split(" · ")])
                for line in words]
    assert products[-1] == dy_dW(THIN, (2,), 0, 0, 0)[0] == numbers(figure, _paper.ACCENT, bold=True)[-2]
    assert after(figure, "$z$") == [z[0] for z in trace.z]
    assert after(figure, "$\\phi$′") == [slope[0] for slope in trace.slopes]
    assert overlaps(p.chain(THIN, (2,), alt="a")) == overlaps(figure) == []
    with pytest.raises(ValueError, match="width 1"):
        p.chain(PENCIL, X, alt="a")


def test_matrices_show_their_entries():
    figure = p.matrices(M([[0.25, -2], [100, 0.5]], lit=[(0, 1), (1, 0)]), "+", M([1, -4], chosen=0), "→", M(3),
                        alt="a")
    assert numbers(figure) == [0.25, 100, -2, 0.5, 1, -4, 3]
    assert numbers(figure, _paper.ACCENT) == [100, -2] and numbers(figure, _paper.BLUE) == [1]
    assert [t.get_text() for t in texts(figure) if "×" in t.get_text()] == ["2 × 2", "2 × 1"]
    assert [t.get_text() for t in texts(p.matrices(M([1.5e-7], shape=False), alt="a"))] == ["1.5$\\times10^{-7}$"]
    with pytest.raises(ValueError, match="a part must be"):
        p.matrices(3, alt="a")
    with pytest.raises(ValueError, match="two dimensions"):
        M(np.zeros((2, 2, 2)))


def test_what_is_no_matrix_and_no_text_is_refused():
    for name in ("lit", "chosen"):
        with pytest.raises(IndexError, match=f"{name} must be an index of values"):
            M([1, 2], **{name: 2})
    with pytest.raises(AttributeError):
        M([1]).values = 2
    assert M([1]) != M([1])
    with pytest.raises(ValueError, match="a text must be plain or Matplotlib's math"):
        p.matrices(r"$\frac{$", alt="a")


W, V, R = M([[1, 2], [3, 4]]), M([5, 6]), M([[7, 8]])
TRUE = [(W, V, "=", M([17, 39])), (R, V, "=", M(83)), (V, R, "=", M([[35, 40], [42, 48]])), (W, V, "+", V, "=", M([22, 45])),
        (V, r"$\odot$", W, V, "=", M([85, 234])), (V, r"$\cdot$", R, V, "=", M([415, 498])), (M(2), V, "=", M([10, 12])),
        (W, V, "=", M([17, 39]), "=", M([17, 39])), (V, "=", V, "   ", R, "=", R), (V, "=", V, "\n", R, "=", R),
        (M(["a"]), "=", M([1])), (V, "≠", R), (V, "=", M([5 + 1e-12, 6])), (V, "=", "?")]
FALSE = [(W, V, "=", M([17, -39])), (R, V, "=", M(-83)), (V, R, "=", W), (W, V, "+", V, "=", M([12, 45])), (V, "=", R),
         (V, r"$\odot$", V, "=", M([25, 35])), (V, "=", V, "=", M([5, 7])), (V, "=", V, "   ", R, "=", M([[7, 9]])),
         (M(["a"]), "\n", V, "=", M([5, 7])), (V, "=", M([5 + 1e-7, 6])), (V, W, "=", W), (W, "+", M([0, 0]), "=", W),
         (M([[1], [1]]), r"$\odot$", W, "=", W), (M([5, 5]), "=", M([[5, 5]])), (M([[5, 5]]), "=", M([5, 5]))]


@pytest.mark.parametrize("parts", TRUE)
def test_a_true_equation_is_drawn(parts):
    assert p.matrices(*parts, alt="true")


@pytest.mark.parametrize("parts", FALSE)
def test_a_false_equation_is_not_drawn(parts):
    with pytest.raises(ValueError, match="parts must (be equal on both sides of =|fit each other)"):
        p.matrices(*parts, alt="false")


def test_a_false_equation_is_refused_with_both_sides():
    with pytest.raises(ValueError, match=r"got \[\[5.0\], \[6.0\]\] and \[\[5.0\], \[7.0\]\]$"):
        p.matrices(V, "=", M([5, 7]), alt="false")


def test_selectors_pick_and_keep():
    figure = p.selector([7, -3, 5], 1, alt="a")
    assert numbers(figure) == [0, 1, 0, 7, -3, 5, -3, 0, 0, 0, 0, 1, 0, 0, 0, 0, 7, -3, 5, 0, -3, 0]
    assert numbers(figure, _paper.BLUE) == [1, -3, -3, 1, -3, -3]


def test_a_tangent_shows_its_point_its_slope_and_the_secant():
    figure = p.tangent(lambda t: t**3, 1, 3, alt="a", span=2, h=1, name="$t$")
    words = [text.get_text() for text in texts(figure)]
    assert {"0", "1", "2", "slope 3", "secant 4", "$t$"} == set(words)
    straight = [line for line in figure.figure.axes[0].lines if line.get_color() == _paper.ACCENT][0]
    (x0, x1), (y0, y1) = straight.get_xdata()[[0, -1]], straight.get_ydata()[[0, -1]]
    assert (y1 - y0) / (x1 - x0) == pytest.approx(-3 * (260 / 32) / (430 / 4), rel=1e-9)
    with pytest.raises(ValueError, match="span"):
        p.tangent(np.sin, 0, 1, alt="a", span=0)


@pytest.mark.parametrize("f, x0, slope, span, h", [(np.exp, 0.5, 1.2, 1.5, 0.5), (lambda x: -x**3, -1, -3, 0.5, None)])
def test_all_lines_of_a_tangent_stand_on_the_scale_of_the_curve(f, x0, slope, span, h):
    """Each line is read back in the curve's own units, which its two ends give."""
    figure = p.tangent(f, x0, slope, alt="a", span=span, h=h)
    axes, = figure.figure.axes
    lines = [line for line in axes.lines if len(line.get_xdata()) == 121]
    xs = x0 + span * np.linspace(-1, 1, 121)
    y0, y1 = lines[0].get_ydata()[[0, -1]]

    def height(y):
        return f(xs[0]) + (f(xs[-1]) - f(xs[0])) * (y - y0) / (y1 - y0)

    wanted = [[f(x) for x in xs], f(x0) + slope * (xs - x0)]
    if h:
        wanted.append(f(x0 - h) + (f(x0 + h) - f(x0 - h)) / (2 * h) * (xs - x0 + h))
    assert len(lines) == len(wanted)
    for line, values in zip(lines, wanted):
        np.testing.assert_allclose(line.get_xdata(), np.linspace(0, 430, 121), atol=1e-9)
        np.testing.assert_allclose(height(line.get_ydata()), values, rtol=1e-9, atol=1e-9)
    points = [(disc.center[0], height(disc.center[1])) for disc in axes.patches]
    places = [x0, x0 - h, x0 + h] if h else [x0]
    np.testing.assert_allclose(points, [(215 + 215 * (x - x0) / span, f(x)) for x in places], rtol=1e-9, atol=1e-9)


def test_an_activation_and_its_slope_stand_on_the_scale_of_their_panel():
    names = ["square", "tanh", "sigmoid", "relu", "leaky_relu"]
    axes, = p.activation_curves(names, alt="a").figure.axes
    for k, name in enumerate(names):
        zero, vertical, one, *drawn = axes.lines[5 * k:5 * k + 5]
        (low, high), y0, y1 = zero.get_xdata(), zero.get_ydata()[0], one.get_ydata()[0]
        assert vertical.get_xdata() == pytest.approx([(low + high) / 2] * 2)
        for line, function, colour in zip(drawn, (ACTIVATIONS[name].f, ACTIVATIONS[name].df), (_paper.INK, _paper.ACCENT)):
            z = -3 + 6 * (line.get_xdata() - low) / (high - low)
            shown = (y0 - line.get_ydata()) / (y0 - y1)
            there = np.isfinite(shown)
            assert line.get_color() == colour and there.sum() == (180 if "relu" in name and colour == _paper.ACCENT else 181)
            np.testing.assert_allclose(shown[there], function(z.round(9) + 0.0)[there], atol=1e-9)


def test_a_tangent_that_cannot_be_drawn_is_refused():
    edge = 2.0**53                                                          # beside it the floats are 2 apart, or 1
    for at in (edge, -edge):
        with pytest.raises(ValueError, match="span must be larger"):
            p.tangent(lambda t: t / edge, at, 1 / edge, alt="a", span=60)
        assert p.tangent(lambda t: t / edge, at, 1 / edge, alt="a", span=120.5)
    assert p.tangent(lambda t: t / edge, edge, 1 / edge, alt="a", span=60.5)
    assert p.tangent(lambda t: 1e304, 0, 0, alt="a", span=1)
    for value_name, line in (("", "the curve"), ("y", "the line y")):
        with pytest.raises(OverflowError, match=f"{line} is beyond .*scale f"):
            p.tangent(lambda t: 1e306, 0, 0, alt="a", span=1, value_name=value_name)


@pytest.mark.parametrize("low, high, ends", [
    (2, 3, (2, 3)), (-1e6, 0, (-1e6, 0)), (1e-20, 2e-20, (1e-20, 2e-20)), (1, 1 + 1e-11, (1, 1 + 1e-11)),
    (8, 8, (4, 12)), (-8, -8, (-12, -4)), (0, 0, (-0.5, 0.5)), (-0.1, -0.1, (-0.6, 0.4)),
    (1e6, 1e6 + 1e-7, (5e5, 1.5e6 + 1e-7)), (-1e6 - 1e-7, -1e6, (-1.5e6, -5e5)),
])
def test_an_axis_has_a_length(low, high, ends):
    assert curves._axis_ends(low, high) == pytest.approx(ends, rel=1e-12, abs=1e-25)


def test_errors_that_are_none_are_refused():
    steps = [0.1, 0.2]
    for errors in ({"": steps}, {"a": [-0.5, 1]}, dict.fromkeys("abcd", steps), {}):
        with pytest.raises((ValueError, TypeError), match="must"):
            p.error_curves(steps, errors, alt="a")


def test_a_jump_is_larger_than_the_steps_beside_it():
    for height, found in ((0.4, 0), (0.5, 0), (0.6, 1)):
        assert curves._jumps(np.array([0, 0, height, height])).tolist() == [False, bool(found), False]
    assert curves._jumps(np.array([0, 0.6, 0.6])).tolist() == [True, False]
    assert not curves._jumps(np.array([0, 1, 1.5])).any() and not curves._jumps(np.exp(np.arange(-3, 3, 0.1))).any()
    assert curves._jumps(np.array([0, 0.4, 1.3, 1.7])).tolist() == [False, True, False]      # twice, and not thrice
    assert curves._jumps(np.array([0, 0.2, 0.8])).tolist() == [False, True]         # at the end nothing is beside it


def test_overflow_is_refused_in_a_sentence_without_a_warning():
    big = Activation("big", lambda z: np.exp(1e3 * z), lambda z: 1e3 * np.exp(1e3 * z))
    with pytest.raises(ValueError, match="f of big must be finite"):
        p.activation_curves([big], alt="a")
    with pytest.raises(ValueError, match="what f returns must be finite"):
        p.tangent(lambda x: np.exp(1e3 * np.float64(x)), 1, 1, span=1, alt="a")


@pytest.mark.parametrize("pixel", [-0.5, 1.5])
def test_a_pixel_is_paper_or_ink_or_between(pixel):
    image = np.append(IMAGE[:-1], pixel)
    for draw in (p.digit, lambda image, alt: p.derivative_image(image, np.zeros(64), ["a"], alt=alt)):
        with pytest.raises(ValueError, match="0 is paper and 1 is ink"):
            draw(image, alt="a")


def test_digits_and_their_derivatives():
    y_hat = np.arange(10)[::-1] / 45
    figure = p.digit(IMAGE, y_hat, alt="a")
    assert numbers(figure)[1::2] == [round(value, 3) for value in y_hat] and numbers(figure, _paper.BLUE) == [0, 0.2]
    assert [patch.get_alpha() for patch in figure.figure.axes[0].patches[:64]] == list(IMAGE)
    derivatives = np.linspace(-2, 1, 64)
    figure = p.derivative_image(IMAGE, [derivatives, derivatives / 4], ["a", "b"], alt="a")
    cells = [patch for patch in figure.figure.axes[0].patches if patch.get_alpha() != 1][:64]
    assert {text.get_text() for text in texts(figure)} == {"a", "b", "−2", "+2"}
    assert sum(type(cell).__name__ == "Circle" for cell in cells) == (derivatives < 0).sum()
    with pytest.raises(ValueError, match="titles"):
        p.derivative_image(IMAGE, derivatives, ["a", "b"], alt="a")


@pytest.mark.parametrize("y_hat", [np.arange(10)[::-1] / 45 - 0.08, -np.arange(1.0, 11), np.arange(10.0)])
def test_a_bar_is_as_long_as_its_answer(y_hat):
    axes, = p.digit(IMAGE, y_hat, alt="a").figure.axes
    bars = [bar.get_path().get_extents(bar.get_patch_transform()) for bar in axes.patches[64:]]
    signed = [(bar.width - 0.5) * (1 if value >= 0 else -1) for bar, value in zip(bars, y_hat)]
    unit = 190 / (max(y_hat.max(), 0) - min(y_hat.min(), 0))
    np.testing.assert_allclose(signed, unit * y_hat, atol=1e-4)         # 1e-300 stands for an answer of 0
    zero = 270 - unit * min(y_hat.min(), 0)
    np.testing.assert_allclose([bar.x0 if value >= 0 else bar.x1 - 0.5 for bar, value in zip(bars, y_hat)], zero, atol=1e-4)
    assert [bar.get_facecolor()[:3] == matplotlib.colors.to_rgb(_paper.BLUE) for bar in axes.patches[64:]] \
        == [k == y_hat.argmax() for k in range(10)]


def test_a_derivative_is_as_deep_as_it_is_large():
    derivatives = np.linspace(-2, 1, 64)
    axes, = p.derivative_image(IMAGE, [derivatives, derivatives / 4], ["a", "b"], alt="a").figure.axes
    for k, value in enumerate([*derivatives, *derivatives / 4]):
        cell, dot = axes.patches[2 * k:2 * k + 2]
        assert cell.get_alpha() == pytest.approx(abs(value) / 2) and (type(cell).__name__ == "Circle") == (value < 0)
        assert cell.get_facecolor()[:3] == matplotlib.colors.to_rgb(_paper.ACCENT if value >= 0 else _paper.BLUE)
        box, ink = (patch.get_path().get_extents(patch.get_patch_transform()) for patch in (cell, dot))
        assert box.width == pytest.approx(24) and ink.width == pytest.approx(10 * IMAGE[k % 64] ** 0.5)
        middle = 236 * (k // 64) + 25 * (k % 8) + 12, 25 * (k % 64 // 8) + 12
        for extents in (box, ink):
            assert ((extents.x0 + extents.x1) / 2, (extents.y0 + extents.y1) / 2) == pytest.approx(middle)


@pytest.mark.parametrize("arguments, error, message", [
    (dict(lit=("W", 0, 1, 0)), ValueError, "x must be given where lit is"),
    (dict(x=X, lit=("W", 0, 1)), ValueError, "lit must be"),
    (dict(x=X, lit=("W", 0, 3, 0)), IndexError, "i must lie in"),
    (dict(x=X, lit=("W", 0, 0, 2)), IndexError, "j must lie in"),
    (dict(x=X, lit=("b", 3, 0)), IndexError, "m must lie in"),
    (dict(x=X, values="all"), ValueError, "values must be"),
    (dict(x=(1, 2, 3)), ValueError, "x must have shape"),
])
def test_wrong_arguments_get_a_sentence(arguments, error, message):
    with pytest.raises(error, match=message):
        p.network(PENCIL, alt="a", **arguments)


def test_error_curves_stand_where_the_numbers_say():
    steps = np.logspace(-1, -7, 5)
    errors = {"one": steps, "two": steps**2, "three": np.full(5, 1e-16)}
    figure = p.error_curves(steps, errors, alt="Three curves.")
    curves = [line for line in figure.figure.axes[0].lines if len(line.get_xdata()) == 5]
    heights = [line.get_ydata() for line in curves]
    assert [len(curves), heights[0][0] < heights[0][-1], np.ptp(heights[2]) == 0] == [3, True, True]
    np.testing.assert_allclose(np.diff(heights[1]), 2 * np.diff(heights[0]))     # twice as steep
    for line, values in zip(curves, errors.values()):                            # 0 … 280 pixels for 10⁻¹ … 10⁻¹⁶
        np.testing.assert_allclose(line.get_ydata(), 280 * (-1 - np.log10(values)) / 15, atol=1e-9)
        np.testing.assert_allclose(line.get_xdata(), 460 * (7 + np.log10(steps)) / 6, atol=1e-9)
    assert {"one", "two", "three", "relative error"} <= {text.get_text() for text in texts(figure)}


def test_what_was_measured_is_drawn_as_dots_in_its_curve_s_colour():
    figure = p.cost_curves([1, 10, 100], {"one": [1, 10, 100], "two": [5, 50, 50]}, measured={"one": [10, 10, 100]}, alt="a")
    axes, = figure.figure.axes
    dots, line = axes.patches, next(one for one in axes.lines if len(one.get_xdata()) == 3)
    assert np.allclose([dot.center for dot in dots][1:], np.transpose(line.get_data())[1:])
    assert dots[0].center[1] == pytest.approx(dots[1].center[1])
    assert {dot.get_facecolor() for dot in dots} == {matplotlib.colors.to_rgba(line.get_color())}
    with pytest.raises(ValueError, match="names of costs, one; got more"):
        p.cost_curves([1, 10], {"one": [1, 10]}, measured={"more": [1, 2]}, alt="a")


def test_a_run_stands_in_its_row_where_its_share_is():
    figure = p.run_rows({"right": [0.5, 1.0], "wrong": [0.0, 0.25]}, alt="a")
    axes, = figure.figure.axes
    assert [dot.center for dot in axes.patches] == [(150, 11), (300, 11), (0, 33), (75, 33)]
    assert axes.lines[0].get_xdata() == pytest.approx([225, 225])          # the mean of the first row
    for runs, message in (({}, "runs must be"), ({"one": [0.5, 1.1]}, "share"),
                          ({"one": [0.5], "two": [0.5, 1]}, "as many")):
        with pytest.raises(ValueError, match=message):
            p.run_rows(runs, alt="a")
