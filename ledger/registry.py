"""The registry: beside a page of the book, NAME.md or NAME.ipynb, NAME.toml says what becomes of its equations.

Its keys are explained in README.md. What does not fit is a fault, in words, with the file in which it stands.
"""

import re
import tomllib
from dataclasses import dataclass, field

import nnlib

from .arithmetics import PLAIN
from .check import conditions
from .lessons import lesson
from .networks import network_of


@dataclass
class Registry:
    pages: dict = field(default_factory=dict)       # by page: its .toml as a dictionary
    networks: dict = field(default_factory=dict)    # by name: the networks of all pages
    faults: list = field(default_factory=list)      # [(file, sentence)]

    @property
    def rows(self):
        """The rows of all pages by label."""
        return {label: row for page in self.pages.values() for label, row in page.get("equations", {}).items()}

    def page_of(self, label):
        return next((name for name, page in self.pages.items() if label in page.get("equations", {})), None)


def place_of(path, sentence):
    """“path:line” of what a sentence about a .toml speaks of: a table, or an equality."""
    named = re.match(r"\[+[\w.-]+\]+|.*?\$(?P<latex>.+)\$", sentence)
    text = named["latex"] or named[0] if named else ""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    return f"{path}:{next((number for number, line in enumerate(lines, 1) if text in line), 1)}"


def read_registry(folder):
    """The Registry of a book, from the .toml files beside its pages."""
    registry, origins = Registry(), {}
    for path in sorted(folder.rglob("*.toml")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name.startswith((".", "_")) or "/." in name:
            continue
        try:
            page = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:       # an editor's file, which is gone again
            continue
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            registry.faults.append((path, f"it is not valid TOML: {error}"))
            continue
        faults = [*page_faults(page)]
        for label in [*page.get("equations", {}), *page.get("networks", {})] if not faults else []:
            if label in origins:
                faults.append(f"{label} stands in {origins[label]} too")
            origins[label] = path.name
        registry.faults += [(path, fault) for fault in faults]
        if not faults:
            registry.pages[name] = page
            registry.networks |= page.get("networks", {})
    return registry


# What may stand in it: a key, and what it must be -----------------------------------------------------------------------

def is_text(value):
    return isinstance(value, str) and bool(value.strip())


def is_texts(value):
    return isinstance(value, list) and all(map(is_text, value))


def is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def is_activation(value):
    return is_text(value) and value in PLAIN


def is_tables(value):
    return isinstance(value, dict) and all(isinstance(row, dict) for row in value.values())


def is_list_of_tables(value):
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def is_function(value):
    return is_text(value) and callable(getattr(nnlib, value, None))


def is_chain(value):
    """Whether a text is like “0 <= m < n”."""
    parts = value.split() if is_text(value) else []
    names = all(one.isdigit() or one in ("m", "k", "n") for one in parts[::2])
    return len(parts) % 2 == 1 and len(conditions(value)) > 0 and names and {*parts[1::2]} <= {"<", "<="}


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_table_of_numbers(value):
    """A number, a number as text, a list of numbers, or a list of such lists, equally long."""
    if not isinstance(value, list):
        return is_number(value) or is_text(value)
    rows = [one for one in value if isinstance(one, list)]
    if not rows:
        return bool(value) and all(map(is_number, value))
    rectangular = len(rows) == len(value) and len({len(row) for row in rows}) == 1
    return rectangular and all(is_number(x) for row in rows for x in row)


def is_letters(value):
    return isinstance(value, dict) and all(map(is_table_of_numbers, value.values()))


def is_parameter(value):
    return isinstance(value, dict) and {"m"} <= value.keys() <= {*"mij"} and all(isinstance(x, int) for x in value.values())


EQUATION = {"function": (is_function, "a function of nnlib"), "for": (is_chain, "like “0 <= m < n”"),
            "scene": (is_text, "the name of a scene"), "layers": (is_whole, "a whole number"),
            "order": (is_whole, "a whole number"), "also": (is_text, "LaTeX"), "prose": (is_text, "a reason, in words")}
EQUALITY = {"latex": (lambda value: is_text(value) or is_texts(value), "LaTeX, or a list of it"),
            "network": (is_text, "the name of a network"), "x": (is_table_of_numbers, "a list of numbers"),
            "phi": (is_activation, f"one of {', '.join(PLAIN)}"), "letters": (is_letters, "letters with their numbers"),
            "parameter": (is_parameter, "like {m = 0, i = 2, j = 1}"), "length": (is_whole, "a whole number")}
PAGE = {"binds": (is_texts, "a list of LaTeX"), "chosen": (is_texts, "a list of LaTeX"),
        "letters": (is_letters, "letters with their numbers"), "equations": (is_tables, "tables, [equations.LABEL]"),
        "equalities": (is_list_of_tables, "tables, [[equalities]]"), "networks": (is_tables, "tables, [networks.NAME]")}


def page_faults(page):
    """What is wrong with a page's .toml, one sentence each."""
    if faults := list(key_faults(page, PAGE, "")):
        yield from faults
        return
    for label, row in page.get("equations", {}).items():
        yield from key_faults(row, EQUATION, f"[equations.{label}]: ")
        if row.get("scene") == "nudge" and not {"order", "function"} <= row.keys():
            yield f"[equations.{label}]: in the scene nudge it needs `order` and `function`"
    for row in page.get("equalities", []):
        yield from key_faults(row, EQUALITY, "[[equalities]]: ")
        if "latex" not in row:
            yield "[[equalities]]: it needs `latex`"
    for name, row in page.get("networks", {}).items():
        yield from network_faults(name, row)


def key_faults(row, keys, place):
    for key, value in row.items():
        if key not in keys:
            yield f"{place}unknown key {key!r}; there are {', '.join(keys)} ({lesson('A row')})"
        elif not keys[key][0](value):
            yield f"{place}{key} must be {keys[key][1]}; got {value!r}"


def network_faults(name, row):
    try:
        network = network_of(row)
        nnlib.forward(network, row["x"])
    except KeyError as error:
        yield f"[networks.{name}]: {error.args[0]} is missing ({lesson('A network')})"
    except (ValueError, TypeError, IndexError) as error:
        yield f"[networks.{name}]: {error}"
