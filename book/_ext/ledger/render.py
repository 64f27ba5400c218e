"""What the reader sees of the ledger: a line under each equation, and the ledger's tables."""

import math
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

# The routes in the order of the ledger, with the words for them.
ROUTES = {
    "precise": "60 digits",
    "float": "float64",
    "plain": "plain pass",
    "step": "imaginary nudge",
    "nudges": "two nudges",
    "series": "power series",
    "rate": "exponent of h",
    "rounded": "nnlib",
    "nnlib": "nnlib",
}
# what the line under an equation calls its error: that of float64, by whichever route it is largest
HEADLINE = ("float", "plain", "step", "nnlib", "series", "rate")
HOW = {"evaluated": "evaluated", "binds": "says what a letter stands for on its page", "chosen": "chosen or supposed"}


def bound(error, least=1e-16):
    """A power of ten that stays the same when the last digits differ between machines: “< 1e-14”."""
    if error == 0:
        return "exact"
    return f"< 1e{math.ceil(math.log10(max(2 * error, least)))}"


@dataclass
class Ledger:
    """What one run found: where each equation stands, its LaTeX, its row of the registry, its result."""

    places: dict
    latexes: dict
    rows: dict
    results: dict
    sentences: list

    def headline(self, label):
        worst = self.results[label]["worst"]
        return bound(max((worst[route] for route in HEADLINE if route in worst), default=0.0))

    def networks(self, label):
        count = self.results[label]["networks"]
        what = {"vectors": "set of vectors|sets of vectors", "nudge": "function|functions", "tangent": "function|functions"}
        one, many = what.get(self.rows[label].get("scene"), "network|networks").split("|")
        return f"{count} {one if count == 1 else many}"


class box(nodes.General, nodes.Element):
    """A plain <div>."""


class ledger_tables(nodes.General, nodes.Element):
    """Where the tables go, until all pages are read."""


class LedgerDirective(SphinxDirective):
    """One part of the ledger, from the run that builds the book: summary, displayed or inline."""

    required_arguments = 1

    def run(self):
        return [ledger_tables("", part=self.arguments[0])]


def visit_box(self, node):
    self.body.append(self.starttag(node, "div"))


def depart_box(self, node):
    self.body.append("</div>\n")


# On the chapters' pages ----------------------------------------------------------------------------------------------

def show(app, doctree, docname):
    """The line under each evaluated equation of a page, and the tables where they were asked for."""
    ledger = getattr(app.env, "ledger", None)
    if ledger is None:
        return
    for block in list(doctree.findall(nodes.math_block)):
        label = block.get("label")
        if label in ledger.results or label in ledger.rows:
            block.parent.insert(block.parent.index(block) + 1, line_under(app, ledger, docname, label))
    for place in list(doctree.findall(ledger_tables)):
        place.replace_self(part_of(app, ledger, docname, place["part"]))


def line_under(app, ledger, docname, label):
    to_row = link(app, docname, "ledger", f"ledger-{label}", "ledger")
    if label not in ledger.results:
        parts = [nodes.Text(f"Not evaluated: {ledger.rows[label]['prose']} ")]
    else:
        agree = "exactly" if (error := ledger.headline(label)) == "exact" else error.replace("< ", "to ")
        function = ledger.rows[label].get("function")
        who = [to_function(app, docname, function), nodes.Text(" and all other")] if function else [nodes.Text("all")]
        parts = [nodes.literal("", label), nodes.Text(f" · computed as printed on {ledger.networks(label)}: "), *who,
                 nodes.Text(" routes agree "), nodes.inline("", agree, classes=["stay"]), nodes.Text(". ")]
    return nodes.paragraph("", "", *parts, to_row, classes=["evaluated"])


def link(app, docname, page, anchor, content):
    """Text or a node that leads to a place of a page; by itself where the book has no such page."""
    content = nodes.Text(content) if isinstance(content, str) else content
    if page not in app.env.found_docs:
        return nodes.inline("", "", content)
    uri = app.builder.get_relative_uri(docname, page) + (f"#{anchor}" if anchor else "")
    return nodes.reference("", "", content, refuri=uri, internal=True)


def to_function(app, docname, name):
    """The function's name, leading to its documentation."""
    for full, entry in app.env.get_domain("py").objects.items():
        if full.startswith("nnlib.") and full.rpartition(".")[2] == name:
            return link(app, docname, entry.docname, entry.node_id, nodes.literal("", name))
    return nodes.literal("", name)


# The tables ----------------------------------------------------------------------------------------------------------

def part_of(app, ledger, docname, part):
    """The nodes of one part of the ledger, in the order of the book."""
    order = reading_order(app.env)
    if part == "summary":
        return nodes.paragraph("", summary(ledger))
    if part == "displayed":
        labels = sorted((label for label in ledger.places if label in ledger.rows),
                        key=lambda label: order.index(ledger.places[label][0]))
        rows = [equation_row(app, ledger, docname, label) for label in labels]
        return box("", table(["equation", "evaluated on", "worst error"], rows), classes=["ledger"])
    rows = [inline_row(app, docname, *one) for one in sorted(equalities(ledger), key=lambda one: order.index(one[0]))]
    return box("", table(["equality", "page", "status"], rows), classes=["ledger"])


def equalities(ledger):
    """(page, latex, how) of the text's equalities; one that stands on a page twice is listed once."""
    return list(dict.fromkeys((page, latex, how) for page, latex, _, how in ledger.sentences))


def summary(ledger):
    inline = equalities(ledger)
    counted = sum(how == "evaluated" for *_, how in inline)
    networks = max((one["networks"] for one in ledger.results.values()), default=0)
    comparisons = sum(one["comparisons"] for one in ledger.results.values())
    entered = sum(label in ledger.rows for label in ledger.places)
    prose = entered - len(ledger.results)
    others = "others say" if prose > 1 else "other says"
    rest = f"{len(ledger.results)} are evaluated; the {others} why not" if prose else "all are evaluated"
    return (f"{entered} equations are displayed in this book, and {rest}. Each meets up to {networks} networks, or as "
            f"many vectors or functions as its row says; together that is {comparisons:,} comparisons of two sides. Of the "
            f"{len(inline)} equalities that stand in the text, {counted} are evaluated; the others choose or suppose "
            "something, or say what a letter stands for.")


def reading_order(env):
    """The pages as the table of contents has them."""
    order, waiting = [], [env.config.root_doc]
    while waiting:
        page = waiting.pop(0)
        order.append(page)
        waiting = [*env.toctree_includes.get(page, []), *waiting]
    return order


def equation_row(app, ledger, docname, label):
    page, _ = ledger.places[label]
    formula = scrolling("\\displaystyle " + ledger.latexes[label])
    row = ledger.rows[label]
    title = nodes.paragraph("", "", link(app, docname, page, f"equation-{nodes.make_id(label)}", label),
                            nodes.Text(f" · {title_of(app, page)}"))
    if row.get("function"):
        title += [nodes.Text(" · "), to_function(app, docname, row["function"])]
    if label in ledger.results:
        result = ledger.results[label]
        where = ledger.networks(label)
        if result["symbolic"]:
            where += f", {result['symbolic']} of letters"
        if row.get("for"):
            where += f"; {row['for'].replace('<=', '≤')}"
        worst = {route: bound(result["worst"][route], 1e-30 if route == "precise" else 1e-16)
                 for route in ROUTES if route in result["worst"]}
        errors = [nodes.paragraph("", f"{ROUTES[route]} {error}".replace("< ", "<\xa0")) for route, error in worst.items()]
        cells = [nodes.paragraph("", where), nodes.bullet_list("", *[nodes.list_item("", one) for one in errors])]
    else:
        cells = [nodes.paragraph("", "prose only"), nodes.paragraph("", row["prose"])]
    return [[title, formula], *[[cell] for cell in cells]], f"ledger-{label}"


def scrolling(latex):
    """A formula in a box of its own, which scrolls where it is too wide."""
    return box("", box("", nodes.math("", latex), classes=["formula"]), classes=["math"])


def inline_row(app, docname, page, latex, how):
    formula = scrolling(latex)
    where = link(app, docname, page, "", title_of(app, page))
    return [[formula], [nodes.paragraph("", "", where)], [nodes.paragraph("", HOW[how])]], None


def title_of(app, page):
    return app.env.titles[page].astext()


def table(head, rows):
    group = nodes.tgroup("", *[nodes.colspec("", colwidth=1) for _ in head], cols=len(head))
    group += nodes.thead("", nodes.row("", *[nodes.entry("", nodes.paragraph("", one)) for one in head]))
    group += nodes.tbody("", *[nodes.row("", *[nodes.entry("", *cell) for cell in cells], ids=[anchor] if anchor else [])
                               for cells, anchor in rows])
    return nodes.table("", group)


def scripts(app, pagename, templatename, context, doctree):
    """Search and filter, on the ledger's page alone."""
    if pagename == "ledger":
        app.add_js_file("ledger.js", loading_method="defer")


def serve_script(app, config):
    config.html_static_path = [*config.html_static_path, str(Path(__file__).parent / "static")]


def setup(app):
    app.add_node(box, html=(visit_box, depart_box))
    app.add_node(ledger_tables)
    app.add_directive("ledger", LedgerDirective)
    app.connect("doctree-resolved", show)
    app.connect("html-page-context", scripts)
    app.connect("config-inited", serve_script)
