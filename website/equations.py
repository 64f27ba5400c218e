"""The equations of the book, collected as Sphinx reads, and handed to the ledger; a fault is a warning.

While Sphinx reads, the displayed equations and the equalities in the text are collected from the document tree. When
all is read, in every build, they are judged (ledger/judge.py), and what came of it is shown by ledger_page. The strict
build stops at warnings, so nothing is published that does not hold.
"""

import re
from dataclasses import replace
from pathlib import Path

from docutils import nodes
from docutils.utils import get_source_line
from sphinx.util import logging

from ledger import sources
from ledger.judge import judge
from ledger.registry import place_of, read_registry

from . import ledger_page

logger = logging.getLogger(__name__)
RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-.*")     # what MyST calls an equation that has no label
VERBATIM = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block)


def name_damages(app):
    """Warn of every file that Sphinx will not read, as its own error names none."""
    for half, fault in sources.damages(sources.pages_of(Path(app.srcdir))):
        warn(fault, f"{half}:1")


# While Sphinx reads ------------------------------------------------------------------------------------------------------

def collect(app, doctree):
    """Keep every equation of a page, with its place."""
    found = sources.Found()
    for node in doctree.findall():
        _, line = get_source_line(node)
        if isinstance(node, nodes.math_block):
            label = node.get("label") or ""
            found.add_displayed("" if RANDOM.fullmatch(label) else label, sources.one_line(node.astext()), line)
        elif isinstance(node, nodes.math):
            found.add_inline(sources.one_line(node.astext()), line)
        elif isinstance(node, nodes.Text) and not isinstance(node.parent, VERBATIM):
            found.add_text(node, line)
    app.env.metadata[app.env.docname]["equations"] = found      # Sphinx keeps it, as not every build reads every page


# When all is read --------------------------------------------------------------------------------------------------------

def judge_all(app, env):
    """Judge what was found, and warn of what does not hold. Every page is written anew, as it shows what came of it."""
    book = Path(app.srcdir)
    differing = set()
    found = {name: with_lines_of_text(book, name, kept["equations"], differing) for name, kept in env.metadata.items()
             if "equations" in kept}
    registry = read_registry(book)
    app.judgement = judge(found, registry, book.parent / "_build" / "equations")
    for path, sentence in registry.faults:
        warn(sentence, place_of(path, sentence))
    for page, line, sentence in app.judgement.faults:
        if line is not None:
            warn(sentence, place(book, page, line))
        elif page not in differing:             # else its .toml speaks of the half that is not built
            warn(sentence, place_of(book / f"{page}.toml", sentence))
    return found


def with_lines_of_text(book, page, found, differing):
    """The same with the lines of the page's text, which an author edits. Warns where the halves of a page differ, and adds
    the page to those that are `differing`."""
    text = book / f"{page}.md"
    if not text.exists():
        return found
    read = sources.read_page(text)
    if read.printed() == found.printed():
        return read if len(read.faults) == len(found.faults) else replace(read, faults=found.faults)
    notebook = text.with_suffix(".ipynb")
    if notebook.exists() and sources.read_notebook(notebook).printed() == found.printed():    # else it changed meanwhile
        differing.add(page)
        warn(f"{text.name} and {text.stem}.ipynb print different equations, and the site is made from the .ipynb: "
             "`make notebooks` carries over what was edited last", f"{text}:1")
    return found


def place(book, page, line):
    """Where a fault stands. A line of a notebook that has no text is cell * 10000 + line within the cell."""
    text = book / f"{page}.md"
    if line >= 10000:
        return f"{text.with_suffix('.ipynb')}, cell {line // 10000}, line {line % 10000}"
    return f"{text}:{line}"


def warn(sentence, location):
    logger.warning(sentence, location=location, type="equation")


def setup(app):
    ledger_page.setup(app)
    app.connect("builder-inited", name_damages)
    app.connect("doctree-read", collect)
    app.connect("env-updated", judge_all)
