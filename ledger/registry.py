"""The registry: beside a page of the book, NAME.md or NAME.ipynb, NAME.toml says what becomes of its equations.

Its keys are explained in README.md. What does not fit is a fault, in words, with the file in which it stands.
"""

import re
import tomllib
from dataclasses import dataclass, field

import nnlib

from .arithmetics import PLAIN
from .lessons import lesson
from .networks import network_of
from .sources import one_line, pages_of


@dataclass
class Registry:
    pages: dict = field(default_factory=dict)       # by page: its .toml as a dictionary
    networks: dict = field(default_factory=dict)    # by name: the networks of all pages
    faults: list = field(default_factory=list)      # [(file, sentence)]

    @property
    def rows(self):
        """The rows of all pages by label."""
        return {label: row for page in self.pages.values() for label, row in page["equations"].items()}

    def page(self, name):
        return self.pages.get(name) or complete({})


def place_of(path, sentence):
    """“path:line” of what a sentence about a .toml speaks of: a table, or an equality."""
    named = re.match(r"\[+[\w.-]+\]+|.*?\$(?P<latex>.+)\$", sentence)
    text = named["latex"] or named[0] if named else ""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    return f"{path}:{next((number for number, line in enumerate(lines, 1) if text in line), 1)}"


def read_registry(folder):
    """The Registry of a book, from the .toml files beside its pages."""
    registry, origins = Registry(), {}
    for name, path in pages_of(folder, "toml").items():
        try:
            page = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            registry.faults.append((path, f"it is not valid TOML: {error}"))
            continue
        faults = [*page_faults(page)]
        page = complete(page) if not faults else complete({})
        for label in [*page["equations"], *page["networks"]]:
            if label in origins:
                faults.append(f"{label} stands in {origins[label]} too")
            origins[label] = path.name
        registry.faults += [(path, fault) for fault in faults]
        if not faults:
            registry.pages[name] = page
            registry.networks |= page["networks"]
    return registry


def complete(page):
    """A page's .toml with every key; its equalities have one line each, as they are read from the page, and one row."""
    rows = [(latex, row) for row in page.get("equalities", [])
            for latex in ([row["latex"]] if isinstance(row["latex"], str) else row["latex"])]
    return {"equations": {}, "networks": {}, "letters": {}, "misprints": [], **page,
            "binds": [*map(one_line, page.get("binds", []))], "chosen": [*map(one_line, page.get("chosen", []))],
            "equalities": {one_line(latex): row for latex, row in rows}}


# What may stand in it: for each key, the words that continue “… must be”, and the shape of its value. ---------------------

NUMBER, WHOLE, TEXT = (int, float), range(1, 1000), r".*\S.*"
VALUE = (NUMBER, [NUMBER], [[NUMBER]], r"[-+]?[0-9]*\.?[0-9]+(e[-+]?[0-9]+)?j?")      # "1j" is the imaginary unit
LETTERS = ("letters, each with a number, a list of numbers, or a list of equally long lists of them", {TEXT: VALUE})
FUNCTIONS = [*nnlib.__all__, "backprop_parts"]          # the last one is nnlib.distributed's
EQUATION = {
    "function": ("a function of nnlib", "|".join(sorted(FUNCTIONS))),
    "for": ("like “0 <= m < n”", r"(\d+|[mkn])( <=? (\d+|[mkn]))+"),
    "scene": ("the name of a scene", TEXT),
    "layers": ("a whole number", WHOLE),
    "order": ("a whole number", WHOLE),
    "also": ("LaTeX", TEXT),
    "prose": ("a reason, in words", TEXT),
}
EQUALITY = {
    "latex": ("LaTeX, or a list of it", (TEXT, [TEXT])),
    "network": ("the name of a network", TEXT),
    "x": ("a list of numbers", [NUMBER]),
    "phi": (f"one of {', '.join(PLAIN)}", "|".join(PLAIN)),
    "letters": LETTERS,
    "parameter": ("like {m = 0, i = 2, j = 1}", {"[mij]": range(1000)}),
}
PAGE = {
    "binds": ("a list of LaTeX", [TEXT]),
    "chosen": ("a list of LaTeX", [TEXT]),
    "letters": LETTERS,
    "equations": ("tables [equations.LABEL]", {TEXT: dict}),
    "equalities": ("tables [[equalities]]", [dict]),
    "networks": ("tables [networks.NAME]", {TEXT: dict}),
    "misprints": ("tables [[misprints]]", [dict]),
}
MISPRINT = {
    **dict.fromkeys(("id", "source", "link", "kind", "scene", "right", "printed", "unnoticed", "restated", "refused",
                     "outside"), ("a text", TEXT)),
    **dict.fromkeys(("given", "passes"), ("what of its scene is given", {TEXT: (NUMBER, TEXT, [NUMBER], bool)})),
    "code": ("true or false", bool),
}


def fits(value, shape):
    """Whether a value is text of a pattern, one of a range, a list or a table of a shape, of a type, or one of several."""
    match shape:
        case str():
            return isinstance(value, str) and re.fullmatch(shape, value, re.S) is not None
        case range():
            return type(value) is int and value in shape
        case list():
            return isinstance(value, list) and all(fits(one, shape[0]) for one in value)
        case dict():
            (key, one), = shape.items()
            return isinstance(value, dict) and all(fits(name, key) and fits(part, one) for name, part in value.items())
        case tuple():
            return any(fits(value, one) for one in shape)
    return type(value) is shape


def page_faults(page):
    """What is wrong with a page's .toml, one sentence each; rows are read when the page as a whole fits."""
    if faults := list(row_faults(page, PAGE)):
        yield from faults
        return
    for label, row in page.get("equations", {}).items():
        yield from equation_faults(row, f"[equations.{label}]: ")
    for row in page.get("equalities", []):
        yield from row_faults(row, EQUALITY, "[[equalities]]: ", ("latex",))
    for row in page.get("misprints", []):
        needed = ("id", "source", "link", "kind", "right", "printed", "unnoticed", *(() if "outside" in row else ("scene",)))
        yield from row_faults(row, MISPRINT, "[[misprints]]: ", needed)
    for name, row in page.get("networks", {}).items():
        yield from network_faults(row, f"[networks.{name}]: ")


def equation_faults(row, place=""):
    return row_faults(row, EQUATION, place, ("order", "function") if row.get("scene") == "nudge" else ())


def row_faults(row, keys, place="", needed=()):
    for key, value in row.items():
        if key not in keys:
            yield f"{place}unknown key {key!r}; there are {', '.join(keys)} ({lesson('A row')})"
        elif not fits(value, keys[key][1]):
            yield f"{place}{key} must be {keys[key][0]}; got {value!r}"
    if missing := [key for key in needed if key not in row]:
        yield f"{place}it needs `{'` and `'.join(missing)}`"


def network_faults(row, place):
    try:
        network = network_of(row)
        nnlib.forward(network, row["x"])
    except KeyError as error:
        yield f"{place}{error.args[0]} is missing ({lesson('A network')})"
    except (ValueError, TypeError, IndexError) as error:
        yield f"{place}{error}"
