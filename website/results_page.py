"""The box in which a reader's results are checked, and the golden vectors as files of the site.

An admonition of the class `results-box` becomes the box. Its text stays: it says which commands do the same. Links to the
vectors follow it, which work without JavaScript; runner/results.js adds the rest.
"""

from pathlib import Path

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util.osutil import relative_uri

from nnlib.vectors import as_c, as_json, as_lines

FILES = {"vectors.json": ("JSON", as_json), "vectors.txt": ("lines", as_lines), "vectors.h": ("a C header", as_c)}


class results_box(nodes.General, nodes.Element):
    """The box; its children are the text."""


class ResultsBoxes(SphinxTransform):
    """Make a box of every admonition of the class `results-box`."""

    default_priority = 200

    def apply(self, **kwargs):
        for box in list(self.document.findall(nodes.admonition)):
            if "results-box" in box["classes"]:
                box.replace_self(results_box("", *box.children[1:]))


def visit_box(self, node):
    self.body.append('<div class="results-box">\n')


def depart_box(self, node):
    here = self.builder.get_target_uri(getattr(self.builder, "current_docname", None) or self.builder.config.root_doc)
    links = (f'<a href="{relative_uri(here, f"_static/{name}")}" download>{form}</a> ({round(len(write()) / 1000)} KB)'
             for name, (form, write) in FILES.items())
    script = relative_uri(here, "_static/runner/results.js")
    self.body.append(f'<p class="results-downloads">The vectors to download: {", ".join(links)}.</p>\n</div>\n'
                     f'<script defer src="{script}"></script>\n')


def write_vectors(app, exception):
    """The same bytes as `python -m nnlib vectors` writes."""
    if app.builder.format == "html" and not exception:
        for name, (_, write) in FILES.items():
            Path(app.outdir, "_static", name).write_bytes(write().encode("ascii"))


def setup(app):
    app.add_node(results_box, html=(visit_box, depart_box))
    app.add_transform(ResultsBoxes)
    app.connect("build-finished", write_vectors)
