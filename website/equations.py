"""The equation ledger: every displayed equation is read from its page, evaluated, and entered; a fault is a warning.

While Sphinx reads, the displayed equations and the equalities in the text are collected from the document tree. When
all is read they are evaluated (`check`, `inline`), and what they gave is shown: a line under each equation and a row
in the ledger (`render`). The strict build stops at warnings, so nothing is published that does not hold.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

from ledger import store
from ledger.inline import Page, is_equality

from . import ledger_page

logger = logging.getLogger(__name__)
LABEL = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-.*")     # what MyST calls an equation that has no label


VERBATIM = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block)


def collect(app, doctree):
    """Note every equation of a page, with its place."""
    env = app.env
    displayed, inline = [], []
    for node in doctree.findall(lambda node: isinstance(node, (nodes.math_block, nodes.math))):
        latex = " ".join(node.astext().split())
        if isinstance(node, nodes.math_block):
            label = node.get("label") or ""
            if not LABEL.fullmatch(label) or RANDOM.fullmatch(label):
                warn(f"an equation without a label: $$ {shortened(latex)} $$ needs (a-label) behind it", node)
            else:
                displayed.append((label, latex, line_of(node)))
        elif is_equality(latex):
            inline.append((latex, line_of(node)))
    for text in doctree.findall(nodes.Text):
        if "\\begin{" in text and not isinstance(text.parent, VERBATIM):
            warn("an equation outside $$ … $$ (a-label), which nothing would read", text.parent)
    found(env)[env.docname] = {"displayed": displayed, "inline": inline}


def found(env):
    if not hasattr(env, "equations_found"):
        env.equations_found = {}
    return env.equations_found


def forget(app, env, docname):
    found(env).pop(docname, None)


def gather(app, env, docnames, other):
    found(env).update({name: one for name, one in found(other).items() if name in docnames})


def line_of(node):
    while node is not None and node.line is None:
        node = node.parent
    return node.line if node is not None else None


def warn(text, location):
    logger.warning(text, location=location, type="equation")


def shortened(latex):
    return latex if len(latex) <= 60 else latex[:57] + " …"


def judge(app, env):
    """Evaluate all that was collected, and say what does not hold, what is missing and what is stale."""
    registry, faults = store.read_registry(Path(app.srcdir, "equations.toml"))
    for fault in faults:
        warn(fault, None)
    places, latexes = {}, {}
    for page, one in found(env).items():
        for label, latex, line in one["displayed"]:
            places[label], latexes[label] = (page, line), latex
    rows = registry.get("equations", {})
    for label in sorted(places.keys() - rows.keys()):
        warn(f"equation ({label}) has no check: give it a row in equations.toml", places[label])
    for label in sorted(rows.keys() - places.keys()):
        warn(f"equations.toml: [equations.{label}] belongs to no equation of the book", None)
    evaluated = [(label, latexes[label]) for label in places if label in rows and "prose" not in rows[label]]
    inline = [(page, latex) for page, one in found(env).items() for latex, _ in one["inline"]]
    path = Path(app.outdir).parent / "equations.json"
    results, sentences, fresh = store.run(evaluated, inline, registry, path)
    for label, result in results.items():
        if result["fault"]:
            warn(f"equation ({label}) does not hold: {result['fault']}", places[label])
    lines = [(page, line) for page, one in found(env).items() for _, line in one["inline"]]
    for (_, latex, fault, _), place in zip(sentences, lines):
        if fault:
            warn(f"${latex}$ does not hold: {fault}", place)
    stale_pages(registry, inline)
    env.ledger = ledger_page.Ledger(places, latexes, rows, results, sentences)
    text = (f"{len(results)} displayed equations hold, {fresh} of them evaluated anew, "
            f"{len(places.keys() & rows.keys()) - len(results)} are prose only; {len(inline)} equalities in the text")
    path.with_suffix(".txt").write_text(text + "\n")


def stale_pages(registry, inline):
    """Warn of everything that the registry says of a text and that stands there no more."""
    for name in registry.get("pages", {}):
        there = {latex for page, latex in inline if page == name}
        for latex in Page(name, registry).stated():
            if latex not in there:
                warn(f"equations.toml: [pages.{name}] speaks of ${latex}$, which is not on that page", None)


def setup(app):
    ledger_page.setup(app)
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", gather)
    app.connect("env-check-consistency", judge)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
