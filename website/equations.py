"""The equations of the book, collected as Sphinx reads, and handed to the ledger; a fault is a warning.

While Sphinx reads, the displayed equations and the equalities in the text are collected from the document tree. When
all is read, in every build, they are judged (ledger/judge.py), and what came of it is shown by ledger_page. The strict
build stops at warnings, so nothing is published that does not hold.
"""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

from ledger import sources
from ledger.judge import judge
from ledger.registry import place_of, read_registry

from . import ledger_page

logger = logging.getLogger(__name__)
RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-.*")     # what MyST calls an equation that has no label
VERBATIM = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block)


# While Sphinx reads ------------------------------------------------------------------------------------------------------

def collect(app, doctree):
    """Keep every equation of a page, with its place."""
    found = sources.Found()
    for node in doctree.findall():
        if isinstance(node, nodes.math_block):
            label = node.get("label") or ""
            found.add_displayed("" if RANDOM.fullmatch(label) else label, sources.one_line(node.astext()), line_of(node))
        elif isinstance(node, nodes.math):
            found.add_inline(sources.one_line(node.astext()), line_of(node))
        elif isinstance(node, nodes.Text) and not isinstance(node.parent, VERBATIM):
            found.add_text(node, line_of(node.parent))
    equations(app.env)[app.env.docname] = found


def equations(env):
    """What was found, by page. It is stored with the environment, as not every build reads every page."""
    if not hasattr(env, "equations"):
        env.equations, env.equations_shown = {}, {}
    return env.equations


def forget(app, env, docname):
    equations(env).pop(docname, None)


def gather(app, env, docnames, other):
    equations(env).update({name: found for name, found in equations(other).items() if name in docnames})


def line_of(node):
    while node is not None and node.line is None:
        node = node.parent
    return node.line if node is not None else None


# When all is read --------------------------------------------------------------------------------------------------------

def judge_all(app, env):
    """Judge what was found, warn of what does not hold, and name the pages that have to be written anew for it."""
    book = Path(app.srcdir)
    found = {name: with_lines_of_text(book, name, one) for name, one in equations(env).items()}
    registry = read_registry(book)
    app.judgement = judge(found, registry, book.parent / "_build" / "equations.json")
    for path, sentence in registry.faults:
        warn(sentence, place_of(path, sentence))
    for page, line, sentence in app.judgement.faults:
        warn(sentence, place_of(book / f"{page}.toml", sentence) if line is None else place(book, page, line))
    return changed_pages(app, env)


def with_lines_of_text(book, page, found):
    """The same with the lines of the page's text, which an author edits. Warns where the halves of a page differ."""
    text = book / f"{page}.md"
    if not text.exists():
        return found
    read = sources.read_page(text)
    if read.printed() == found.printed():
        return read if len(read.faults) == len(found.faults) else replace(read, faults=found.faults)
    notebook = text.with_suffix(".ipynb")
    if notebook.exists() and sources.read_notebook(notebook).printed() == found.printed():    # else it changed meanwhile
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


def changed_pages(app, env):
    """The pages that would now show something else of the ledger than when they were written last."""
    equations(env)
    now = {page: hashlib.sha256(repr(ledger_page.shown_of(app, page)).encode()).hexdigest() for page in env.equations}
    changed = [page for page, digest in now.items() if env.equations_shown.get(page) not in (None, digest)]
    env.equations_shown = now
    return changed


def setup(app):
    ledger_page.setup(app)
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", gather)
    app.connect("env-updated", judge_all)
