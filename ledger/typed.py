"""What a reader types: a formula is read or refused, with the place, and holds or fails, with the smallest network.

`answer` needs NumPy and nnlib alone, and stops after a second and a half: the page runs it too.
"""

import re
import time
from contextlib import suppress

from .grammar import Reader, Refused, parse
from .lessons import lesson
from .small import LAYERLESS, SCENES, look, shown
from .values import in_words

SECONDS, LONGEST, DEEPEST = 1.5, 600, 30
PAIRS = {")": "(", "}": "{"}
ITEMS = {"network": ("network", "networks"), "narrow": ("chain of single units", "chains of single units"),
         "batch": ("batch", "batches"), "scores": ("set of scores", "sets of scores"), "unit": ("unit", "units"),
         "steps": ("step", "steps"), "vectors": ("set of vectors", "sets of vectors")}


def answer(latex, scene=None):
    """What came of a formula, in one to three lines."""
    text = re.sub(r"[\s$]", " ", latex)
    if scene is not None and scene not in SCENES:
        return f"There is no scene {scene!r}, only {', '.join(SCENES)}."
    text = re.sub(r"\\(?:left|right)(?![A-Za-z])", lambda found: " " * len(found[0]), text)
    return form(text) or unread(text) or compared(text, scene)


def form(text):
    """What is seen before anything is read, or None."""
    if not text.strip():
        return "Nothing is typed yet."
    if len(text) > LONGEST:
        return f"Refused: it has {len(text)} characters, and at most {LONGEST} are read."
    opened = []
    for found in re.finditer(r"(?<!\\)[(){}]", text):
        mark, place = found[0], found.start() + 1
        if mark in "({":
            opened.append((mark, place))
        elif not opened:
            return f"Refused at character {place}: this {mark} closes nothing."
        elif opened[-1][0] != PAIRS[mark]:
            return f"Refused at character {place}: this {mark} meets the {opened[-1][0]} of character {opened[-1][1]}."
        else:
            opened.pop()
        if len(opened) > DEEPEST:
            return f"Refused at character {place}: it is nested more than {DEEPEST} deep."
    if opened:
        return f"Refused at character {opened[-1][1]}: this {opened[-1][0]} is not closed."
    if r"\approx" in text:
        return r"Refused: \approx is no equality, and equalities are compared here; type = in its place."
    if "=" not in text and r"\leftarrow" not in text:
        return "Refused: there is no = in it, so there are no two sides to compare."
    return None


def unread(text):
    """Why the grammar does not read it, or None."""
    try:
        parse(text)
    except Refused as refused:
        place = refused.place
        if refused.sign:
            return f"Refused at character {place + 1}: {refused.sign} is not among the signs that are known."
        return f"Refused at character {where_it_stops(text) + 1}: {without_lesson(refused)}."
    return None


def where_it_stops(text):
    reader = Reader(text)
    with suppress(Refused, RecursionError):
        reader.equation()
    return min(reader.place, len(text) - 1)


def without_lesson(error):
    """A sentence of the checker, without the line of its README, which a reader of the page has not."""
    return re.sub(rf" ?\({re.escape(lesson('A sign').partition(',')[0].partition(':')[0])}[^)]*\)", "", str(error))


def compared(text, scene):
    """What the numbers say, in the scene or in the first that has all its letters."""
    end, lacking = time.monotonic() + SECONDS, {}
    for name in [scene] if scene else SCENES:
        given = {"optimizer": "SGD"} if name == "steps" and r"\mathbf{v}" in text else {}
        try:
            outcome = look(text, name, given, seconds=end - time.monotonic())
        except RecursionError:
            return "Refused: it has too many terms, one within the other."
        if not outcome.unknown:
            return told(outcome, name)
        lacking[name] = outcome.unknown
    first = next(iter(lacking.values()))
    if len({name.removesuffix(f" {LAYERLESS}") for name in lacking.values()}) == 1:
        where = f"in the scene {scene}" if scene else "in any scene"
        bold = r" A matrix is written \mathbf{W}^m, a vector \mathbf{a}^m." if len(first) == 1 else ""
        return f"Refused: {first} stands for nothing {where}.{bold}"
    return ("Refused: no scene has all of its letters. "
            + "; ".join(f"{scene} lacks {name}" for scene, name in lacking.items()) + ".")


def told(outcome, scene):
    one, several = ITEMS[scene]
    if outcome.differs:
        place = f" at {in_words(outcome.place)}" if outcome.place else ""
        return (f"It does not hold. The smallest {one} that shows it, of those that are tried:\n  {outcome.words}\n"
                f"  left side{place}: {shown(outcome.left)}\n  right side{place}: {shown(outcome.right)}")
    if outcome.unfit:
        words, fault = outcome.unfit[0]
        start = f"It fits {outcome.agreed} of the {several} and not all" if outcome.agreed else "It has no value"
        return f"{start}: {without_lesson(fault)}.\n  {words}"
    if not outcome.agreed:
        return (f"It takes longer than {SECONDS} seconds, and was given up." if outcome.is_cut else
                f"No {one} fits it: a layer or an index that it writes is nowhere there.")
    count = f"{outcome.agreed} {one if outcome.agreed == 1 else several}"
    return f"It holds on {count}: the two sides agree." + (
        f" (After {SECONDS} seconds no more are tried.)" if outcome.is_cut else "")
