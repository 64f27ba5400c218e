"""What the runner (book/_static/run.js) needs of a page: the code of the cells that the page itself does not show.

A cell that only draws is hidden on the page, but the cells after it may need its names, and a reader may want to change
its figure. Its code stands before what it drew, in a <template>: nothing that a page without scripts would show. What is
fetched when a reader asks for Python, and not before, is in book/_run.
"""

import json
from html import escape

from docutils import nodes
from sphinx.transforms import SphinxTransform


class unseen(nodes.General, nodes.Element):
    """The code of a hidden cell."""


class Unseen(SphinxTransform):
    """Put its code before every cell whose input is hidden. Runs before page.py, which takes figures out of cells."""

    default_priority = 190

    def apply(self, **kwargs):
        hidden = [cell for cell in self.document.findall(nodes.container) if cell.get("nb_element") == "cell_code"
                  and not any(part.get("nb_element") == "cell_code_source" for part in cell)]
        if not hidden:
            return
        with open(self.env.doc2path(self.env.docname), encoding="utf-8") as file:
            stored = json.load(file)["cells"]
        for cell in hidden:
            code = unseen("", code="".join(stored[cell["cell_index"]]["source"]), classes=cell["classes"])
            cell.parent.insert(cell.parent.index(cell), code)


def visit_unseen(self, node):
    desktop = " tag_desktop" if "tag_desktop" in node["classes"] else ""
    self.body.append(f'<template class="run-code{desktop}">{escape(node["code"])}</template>\n')
    raise nodes.SkipNode


def serve(app, config):
    config.html_static_path = [*config.html_static_path, "_run"]


def setup(app):
    app.add_node(unseen, html=(visit_unseen, None))
    app.add_transform(Unseen)
    app.connect("config-inited", serve)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
