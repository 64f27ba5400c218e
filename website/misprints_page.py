"""Misprints of other books: an exhibit for one of them, the sentence that counts them, and the table of all.

`{misprints} ID` shows one, `{misprints} counts` and `{misprints} all` the rest. All of it is from the run that builds the
book, as ledger/judge.py keeps it.
"""

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from ledger.misprints import OUTSIDE, REFUSED, REFUTED, status
from ledger.values import in_words

from .ledger_page import row, scrolling, with_panel

logger = logging.getLogger(__name__)
SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class misprints(nodes.General, nodes.Element):
    """Where an exhibit, the counts or the table go when all is judged."""


class MisprintsDirective(SphinxDirective):
    required_arguments = 1

    def run(self):
        return [misprints("", part=self.arguments[0])]


def show(app, doctree, docname):
    for place in list(doctree.findall(misprints)):
        part, known = place["part"], app.judgement.misprints
        if part not in known and part not in PARTS:
            logger.warning("there is no misprint %r", part, location=docname, type="misprint")
            continue
        place.replace_self(exhibit(*known[part]) if part in known else PARTS[part]([*known.values()]))


def formula(latex, of):
    return [nodes.paragraph("", of), scrolling("\\displaystyle " + latex)]


def exhibit(one, result):
    """A misprint, the right formula, and what decides between them."""
    parts = [*formula(one["printed"], "Printed:"), *formula(one["right"], "Right:"),
             nodes.paragraph("", "", *verdict(one, result), nodes.Text(" "), report(one))]
    return nodes.container("", *parts, classes=["misprint"])


def verdict(one, result):
    """What the numbers say, in a sentence or two."""
    kind = status(one)
    if kind != REFUTED:
        start = "Not read" if kind == REFUSED else "Outside of the grammar"
        return [nodes.Text(f"{start}: {one[kind]}.")]
    at = f" at {in_words(result['place'])}" if result["place"] else ""
    return [nodes.Text("Refuted on "), nodes.inline("", result["words"], classes=["numbers"]),
            nodes.Text(f", where the left side{at} is {result['left']} and the printed right side {result['sides']}.")]


def unnoticed(one, result):
    passed = " The printed formula was run there, and passes." if result.get("passed") else ""
    return f"Unnoticed {one['unnoticed']}.{passed}"


def report(one):
    return nodes.reference("", "The report", refuri=one["link"])


def table(all_of_them):
    """All of them; those that are refuted first."""
    order = (REFUTED, REFUSED, OUTSIDE)
    rows = []
    for one, result in sorted(all_of_them, key=lambda pair: order.index(status(pair[0]))):
        source = nodes.paragraph("", "", nodes.reference("", one["source"], refuri=one["link"]),
                                 nodes.Text(" · "), nodes.emphasis("", one["kind"]))
        restated = [nodes.paragraph("", one["restated"])] if "restated" in one else []
        rows.append(row([source, *formula(one["printed"], "printed"), *formula(one["right"], "right"), *restated],
                        nodes.paragraph("", "", *verdict(one, result)), nodes.paragraph("", unnoticed(one, result)),
                        anchor=f"misprint-{one['id']}"))
    return with_panel("Kind", "td:first-child em", ["formula", "what the numbers say", "when it goes unnoticed"], rows)


def counts(all_of_them):
    """How many there are of each kind, and how many of them a run of code would meet."""
    kinds = [status(one) for one, _ in all_of_them]
    passed = sum(bool(result.get("passed")) for _, result in all_of_them)
    code = sum(one.get("code", False) for one, _ in all_of_them)
    refuted, refused, outside = (kinds.count(one) for one in (REFUTED, REFUSED, OUTSIDE))
    return nodes.paragraph(
        "", f"Of the {len(kinds)} formulas, {refuted} are refuted by numbers, in the scene in which the right one holds. "
        f"{SMALL[refused].capitalize()} is not read, which refutes nothing, and {SMALL[outside]} lie outside of the grammar. "
        f"For {passed} of the {refuted} there are numbers with which the printed formula passes; it was run there too. "
        f"{len(kinds) - code} of the {len(kinds)} stand in a text. No program reads them, so a run of every notebook, whose "
        f"code is right, finds none of these. The other {SMALL[code]} stand in code, and each gives numbers of the shape that "
        "is needed, at least in a network of the right widths.")


PARTS = {"counts": counts, "all": table}


def setup(app):
    app.add_node(misprints)
    app.add_directive("misprints", MisprintsDirective)
    app.connect("doctree-resolved", show)
