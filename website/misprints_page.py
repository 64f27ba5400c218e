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
    return nodes.container("", nodes.paragraph("", of), scrolling("\\displaystyle " + latex), classes=["labelled"])


def exhibit(one, result):
    """A misprint, the right formula, and what decides between them."""
    report = nodes.reference("", "The report", refuri=one["link"])
    return nodes.container("", formula(one["printed"], "printed"), formula(one["right"], "right"),
                           nodes.paragraph("", f"{verdict(one, result)} ", report), classes=["misprint"])


def verdict(one, result):
    """What the numbers say, in a sentence or two."""
    kind = status(one)
    if kind != REFUTED:
        start = "Not read" if kind == REFUSED else "Outside of the grammar"
        return f"{start}: {one[kind]}."
    at = f" at {in_words(result['place'])}" if result["place"] else ""
    left, right = ("printed left", "right") if one["kind"] == "left side" else ("left", "printed right")
    return (f"Refuted on {result['words']}, where the {left} side{at} is {result['left']} and the {right} side "
            f"{result['sides']}.")


def unnoticed(one, result):
    passed = " The printed formula was run there, and passes." if result.get("passed") else ""
    return f"{one['unnoticed'][0].upper()}{one['unnoticed'][1:]}.{passed}"


SUPPOSED = {("phi", "sigmoid"): "φ is the sigmoid", ("phi", "tanh"): "φ is tanh", ("phi", "identity"): "φ is left out",
            ("loss", "squares"): "L is the sum of squares, without ½", ("loss", "mean"): "L is the mean of the squares",
            ("loss", "hinge"): "L is the hinge loss, and the unit answers z", ("layers", 1): "there is one layer",
            ("layers", 2): "there are two layers"}


def supposed(one):
    """What is meant by the letters of a formula, and is not what they stand for elsewhere: one sentence, or nothing."""
    parts = [SUPPOSED[pair] for pair in one.get("given", {}).items() if isinstance(pair[1], (str, int)) and pair in SUPPOSED]
    return [nodes.paragraph("", f"Here {' and '.join(parts)}.")] if parts else []


def table(all_of_them):
    """All of them; those that are refuted first."""
    order = (REFUTED, REFUSED, OUTSIDE)
    rows = []
    for one, result in sorted(all_of_them, key=lambda pair: order.index(status(pair[0]))):
        source = nodes.paragraph("", "", nodes.reference("", one["source"], refuri=one["link"]),
                                 nodes.Text(" · "), nodes.emphasis("", one["kind"]))
        restated = [*supposed(one), *([nodes.paragraph("", one["restated"])] if "restated" in one else [])]
        rows.append(row([source, formula(one["printed"], "printed"), formula(one["right"], "right"), *restated],
                        nodes.paragraph("", verdict(one, result)), nodes.paragraph("", unnoticed(one, result)),
                        anchor=f"misprint-{one['id']}"))
    panel, box = with_panel("Kind", "td:first-child em", ["formula", "what the numbers say", "when it goes unnoticed"], rows)
    box["classes"].append("misprints")
    return [panel, box]


def counts(all_of_them):
    """How many there are of each kind, and how many of them a run of code would meet."""
    kinds = [status(one) for one, _ in all_of_them]
    passed = sum(bool(result.get("passed")) for _, result in all_of_them)
    code = sum(one.get("code", False) for one, _ in all_of_them)
    refuted, refused, outside = (kinds.count(one) for one in (REFUTED, REFUSED, OUTSIDE))
    return nodes.paragraph(
        "", f"Of the {len(kinds)} formulas, {refuted} are refuted by numbers with which the right one holds. "
        f"{SMALL[refused].capitalize()} is not read, which refutes nothing, and {SMALL[outside]} lie outside the grammar. "
        f"For {passed} of the {refuted} the printed formula was also run with numbers with which it passes. "
        f"{len(kinds) - code} of the {len(kinds)} stand in a text. No code reads a text, so a run of all notebooks finds "
        f"none of these. The other {SMALL[code]} stand in code; each gives a "
        "result of the shape that is needed, the transposed one where the layer is square.")


PARTS = {"counts": counts, "all": table}


def setup(app):
    app.add_node(misprints)
    app.add_directive("misprints", MisprintsDirective)
    app.connect("doctree-resolved", show)
