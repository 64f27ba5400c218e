"""What a book prints, against what its registry says and what its equations give: everything that does not hold."""

from dataclasses import dataclass

from . import store
from .inline import latexes
from .lessons import lesson


@dataclass
class Judgement:
    """What one run found."""

    found: dict         # by page: what stands there
    rows: dict          # by label: its row of the registry
    results: dict       # by label: what came of evaluating it
    sentences: dict     # by page: (fault or None, status) of each equality in its text
    faults: list        # (page, line or None, sentence); line None: in the page's .toml, or anywhere
    fresh: int          # how many equations were evaluated, and not read from the cache

    def summary(self):
        entered = [label for found in self.found.values() for label, *_ in found.displayed if label in self.rows]
        inline = sum(len(found.inline) for found in self.found.values())
        return (f"All hold. Displayed equations: {len(self.results)}, of which {self.fresh} were evaluated anew, and "
                f"{len(entered) - len(self.results)} that are prose only. Equalities in the text: {inline}.")


def judge(found, registry, cache, partial=False):
    """Evaluate what stands on the pages, {name: Found}, which are the whole book unless `partial`."""
    displayed = {page: [(label, latex) for label, latex, _ in one.displayed] for page, one in found.items()}
    inline = {page: [latex for latex, _ in one.inline] for page, one in found.items()}
    evaluated = [(label, latex) for page, equations in displayed.items() for label, latex in equations
                 if "prose" not in row_of(registry, page, label, {"prose": ""})]
    results, sentences, fresh = store.run(evaluated, inline, registry, cache, partial)
    faults = [*text_faults(found), *row_faults(found, registry), *stale_rows(found, registry, partial)]
    faults += [(page, line, f"equation ({label}) does not hold: {results[label]['fault']}")
               for page, one in found.items() for label, _, line in one.displayed
               if label in results and results[label]["fault"]]
    faults += [(page, line, f"${latex}$ does not hold: {fault}")
               for page, one in found.items() for (latex, line), (fault, _) in zip(one.inline, sentences[page]) if fault]
    return Judgement(found, registry.rows, results, sentences, faults, fresh)


def row_of(registry, page, label, default=None):
    return registry.pages.get(page, {}).get("equations", {}).get(label, default)


def text_faults(found):
    """Equations that nothing can check, and labels that stand twice."""
    seen = {}
    for page, one in found.items():
        yield from ((page, line, sentence) for sentence, line in one.faults)
        for label, _, line in one.displayed:
            if label in seen:
                yield page, line, f"the label ({label}) is already that of an equation of {seen[label]}"
            seen.setdefault(label, page)


def row_faults(found, registry):
    """Equations of which the registry beside their page says nothing."""
    for page, one in found.items():
        for label, _, line in one.displayed:
            if row_of(registry, page, label) is None:
                elsewhere = registry.page_of(label)
                hint = f", where now {elsewhere}.toml has it" if elsewhere else ""
                yield page, line, (f"equation ({label}) has no check: give it a row, [equations.{label}], "
                                   f"in {page}.toml{hint} ({lesson('A row')})")


def stale_rows(found, registry, partial):
    """Rows of the registry of which nothing stands on their page."""
    for page, row in registry.pages.items():
        if page not in found:
            if not partial:
                yield page, None, "it stands beside no page of the book"
            continue
        labels = {label for label, *_ in found[page].displayed}
        equalities = {latex for latex, _ in found[page].inline}
        for label in row.get("equations", {}).keys() - labels:
            yield page, None, f"[equations.{label}] belongs to no equation of this page"
        special = [one for part in row.get("equalities", []) for one in latexes(part)]
        for latex in [*row.get("binds", []), *row.get("chosen", []), *special]:
            if " ".join(latex.split()) not in equalities:
                yield page, None, f"it speaks of ${latex}$, which is not on this page"
