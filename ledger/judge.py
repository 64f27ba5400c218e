"""What a book prints, against what its registry says and what its equations give: everything that does not hold."""

from dataclasses import dataclass, field

from .inline import examine_inline
from .lessons import lesson
from .misprints import examined
from .store import remembered
from .trials import examine


@dataclass
class Judgement:
    """What one run found."""

    found: dict                                     # by page: what stands there
    rows: dict                                      # by label: its row of the registry
    results: dict = field(default_factory=dict)     # by label: what came of evaluating it
    sentences: dict = field(default_factory=dict)   # by page: (fault or None, status) of each equality in its text
    misprints: dict = field(default_factory=dict)   # by id: (its row, what came of it)
    faults: list = field(default_factory=list)      # (page, line or None, sentence); None: in the page's .toml
    fresh: int = 0                                  # how many equations were evaluated, and not read from the cache

    def summary(self):
        entered = [label for found in self.found.values() for label, *_ in found.displayed if label in self.rows]
        inline = sum(len(found.inline) for found in self.found.values())
        return (f"All hold. Displayed equations: {len(self.results)}, of which {self.fresh} were evaluated anew, and "
                f"{len(entered) - len(self.results)} that are prose only. Equalities in the text: {inline}.")


def judge(found, registry, cache, partial=False):
    """Evaluate what stands on the pages, {name: Found}, which are the whole book unless `partial`."""
    judgement, seen = Judgement(found, registry.rows), {}
    for page, one in found.items():
        judgement.faults += [(page, line, sentence) for sentence, line in one.faults]
        for label, latex, line in one.displayed:
            sentences = equation_faults(judgement, registry, cache, page, label, latex)
            if label in seen:
                sentences.append(f"the label ({label}) is already that of an equation of {seen[label]}")
            seen.setdefault(label, page)
            judgement.faults += [(page, line, sentence) for sentence in sentences]
        answers = examine_inline([latex for latex, _ in one.inline], page, registry)
        judgement.faults += [(page, line, f"${latex}$ does not hold: {fault}")
                             for (latex, line), (fault, _) in zip(one.inline, answers) if fault]
        judgement.sentences[page] = answers
        judgement.faults += [(page, None, sentence) for sentence in stale_rows(one, registry.page(page))]
        judgement.faults += [(page, None, sentence) for sentence in misprint_faults(judgement, registry.page(page), cache)]
    beside_none = [] if partial else [page for page in registry.pages if page not in found]
    judgement.faults += [(page, None, "it stands beside no page of the book") for page in beside_none]
    return judgement


def equation_faults(judgement, registry, cache, page, label, latex):
    """Look up what came of an equation, or evaluate it."""
    row = registry.page(page)["equations"].get(label)
    if row is None:
        elsewhere = [other for other, rows in registry.pages.items() if label in rows["equations"]]
        hint = f", where now {elsewhere[0]}.toml has it" if elsewhere else ""
        return [f"equation ({label}) has no check: give it a row, [equations.{label}], in {page}.toml{hint} "
                f"({lesson('A row')})"]
    if "prose" in row:
        return []
    question = label, latex, row, registry.networks.get(row.get("scene"))
    result, is_fresh = remembered(cache, question, lambda: examine(latex, row, registry))
    judgement.results[label] = result
    judgement.fresh += is_fresh
    return [f"equation ({label}) does not hold: {result['fault']}"] if result["fault"] else []


def misprint_faults(judgement, page, cache):
    """Look up what came of the misprints of other books that a page shows, or try them."""
    for row in page["misprints"]:
        result, _ = remembered(cache, row, lambda row=row: examined(row))
        judgement.misprints[row["id"]] = row, result
        if result["fault"]:
            yield f"[[misprints]]: {row['id']}: {result['fault']}"


def stale_rows(found, row):
    """Rows of a page's registry of which nothing stands on the page."""
    labels, equalities = {label for label, *_ in found.displayed}, {latex for latex, _ in found.inline}
    for label in row["equations"].keys() - labels:
        yield f"[equations.{label}] belongs to no equation of this page"
    for latex in [*row["binds"], *row["chosen"], *row["equalities"]]:
        if latex not in equalities:
            yield f"it speaks of ${latex}$, which is not on this page"
