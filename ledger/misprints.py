"""Formulas as they were printed elsewhere: the right one must hold, and the printed one fail by numbers, in one scene.

Each is a row of book/misprints.toml. What the grammar does not read is listed as such and never called refuted.
"""

from .grammar import Refused
from .small import look, shown
from .values import Wrong

REFUTED, REFUSED, OUTSIDE = "refuted", "refused", "outside"


def status(row):
    """What a row says of itself."""
    return OUTSIDE if "outside" in row else REFUSED if "refused" in row else REFUTED


def examined(row):
    """What came of a row: a dictionary of texts and numbers, in which `fault` is None if all is as the row says."""
    try:
        return EXAMINE[status(row)](row)
    except (Wrong, ArithmeticError) as error:
        return {"fault": str(error)}


def refuted(row):
    given = row.get("given", {})
    right, printed = (look(row[name], row["scene"], given) for name in ("right", "printed"))
    passes = "passes" in row and look(row["printed"], row["scene"], given | row["passes"])
    result = {"tried": right.agreed, "fault": None, "words": printed.words, "place": printed.place,
              "left": printed.differs and shown(printed.left),
              "sides": printed.differs and shown(printed.right), "unfit": len(printed.unfit),
              "passed": passes.agreed if passes else 0}
    if not right.holds:
        result["fault"] = f"the right formula does not hold: {told(right)}"
    elif not printed.differs:
        result["fault"] = "the printed formula is not refuted by any number"
    elif passes and not passes.holds:
        result["fault"] = f"where it should go unnoticed, the printed formula does not pass: {told(passes)}"
    return result


def told(outcome):
    if outcome.differs:
        return f"on {outcome.words} the sides are {shown(outcome.left)} and {shown(outcome.right)}"
    return outcome.unknown or (outcome.unfit[0][1] if outcome.unfit else "no network fits it")


def refused(row):
    """The right one holds; of the printed one no value comes, by its own fault."""
    right, printed = (look(row[name], row["scene"], row.get("given", {})) for name in ("right", "printed"))
    is_read = printed.agreed or printed.differs or printed.unknown
    fault = f"the right formula does not hold: {told(right)}" if not right.holds else (
        "the printed formula is read after all" if is_read else None)
    return {"tried": right.agreed, "fault": fault, "words": printed.unfit[0][1] if printed.unfit else ""}


def outside(row):
    """Neither the right nor the printed one is read, or has a value."""
    for name in ("right", "printed"):
        try:
            outcome = look(row[name], "batch")
        except Refused:
            continue
        if outcome.agreed or outcome.differs:
            return {"fault": f"the {name} formula has values here, so it is not outside of the grammar"}
    return {"tried": 0, "fault": None, "words": ""}


EXAMINE = {REFUTED: refuted, REFUSED: refused, OUTSIDE: outside}
