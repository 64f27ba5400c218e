"""The registry: beside a page of the book, NAME.md or NAME.ipynb, NAME.toml says what becomes of its equations.

Its keys are explained in README.md. What does not fit is a fault, in words, with the file in which it stands.
"""

import re
import tomllib
from dataclasses import dataclass, field

from jsonschema import Draft202012Validator

import nnlib

from .arithmetics import PLAIN
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


# What may stand in it, as a JSON schema. `description` continues the sentence “… must be”. --------------------------------

def table(description, **keys):
    return {"type": "object", "additionalProperties": False, "properties": keys, "description": description}


def tables(row, name):
    return {"type": "object", "additionalProperties": row, "description": f"tables [{name}]"}


def a_list(items, description):
    return {"type": "array", "items": items, "minItems": 1, "description": description}


def text(description, pattern=r"\S"):
    return {"type": "string", "pattern": pattern, "description": description}


WHOLE = {"type": "integer", "minimum": 1, "description": "a whole number"}
NUMBER = {"type": "number", "description": "a number"}
NUMBERS = a_list(NUMBER, "a list of numbers")
WRITTEN = text("a number", r"^[-+]?[0-9]*\.?[0-9]+(e[-+]?[0-9]+)?j?$")         # "1j" is the imaginary unit
VALUE = {"anyOf": [NUMBER, WRITTEN, NUMBERS, a_list(NUMBERS, "a matrix")],
         "description": "a number, a list of numbers, or a list of equally long lists of them"}
LETTERS = {"type": "object", "additionalProperties": VALUE, "description": "letters with their numbers"}
LATEX = a_list(text("LaTeX"), "a list of LaTeX") | {"minItems": 0}
EQUATION = table(
    "a table", function={"enum": sorted(nnlib.__all__), "description": "a function of nnlib"},
    **{"for": text("like “0 <= m < n”", r"^(\d+|[mkn])( <=? (\d+|[mkn]))+$")}, scene=text("the name of a scene"),
    layers=WHOLE, order=WHOLE, also=text("LaTeX"), prose=text("a reason, in words")) | {
    "if": {"properties": {"scene": {"const": "nudge"}}, "required": ["scene"]}, "then": {"required": ["order", "function"]}}
EQUALITY = table(
    "a table", latex={"anyOf": [text("LaTeX"), LATEX], "description": "LaTeX, or a list of it"},
    network=text("the name of a network"), x=NUMBERS, phi={"enum": [*PLAIN], "description": f"one of {', '.join(PLAIN)}"},
    letters=LETTERS, length=WHOLE,
    parameter=table("like {m = 0, i = 2, j = 1}", **dict.fromkeys("mij", WHOLE | {"minimum": 0})) | {"required": ["m"]}
) | {"required": ["latex"]}
PAGE = table("a table", binds=LATEX, chosen=LATEX, letters=LETTERS, equations=tables(EQUATION, "equations.LABEL"),
             equalities={"type": "array", "items": EQUALITY, "description": "tables [[equalities]]"},
             networks=tables({"type": "object", "description": "a table"}, "networks.NAME"))


def page_faults(page):
    """What is wrong with a page's .toml, one sentence each."""
    faults = dict.fromkeys(schema_faults(page, PAGE))
    yield from faults or (fault for name, row in page.get("networks", {}).items() for fault in network_faults(name, row))


def schema_faults(value, schema):
    for error in Draft202012Validator(schema).iter_errors(value):
        path = [part for part in error.absolute_path if isinstance(part, str)]
        place = f"[{'.'.join(path[:2])}]: " if path[:1] == ["equations"] and len(path) > 1 else ""
        if error.validator == "additionalProperties":
            known = error.schema["properties"]
            unknown = next(key for key in error.instance if key not in known)
            yield f"{place}unknown key {unknown!r}; there are {', '.join(known)} ({lesson('A row')})"
        elif error.validator == "required":
            needed = [key for key in error.validator_value if key not in error.instance]
            yield f"{place or ''.join(f'{name}: ' for name in path[-1:])}it needs `{'` and `'.join(needed)}`"
        else:
            yield f"{place}{path[-1]} must be {error.schema['description']}; got {error.instance!r}"


def network_faults(name, row):
    try:
        network = network_of(row)
        nnlib.forward(network, row["x"])
    except KeyError as error:
        yield f"[networks.{name}]: {error.args[0]} is missing ({lesson('A network')})"
    except (ValueError, TypeError, IndexError) as error:
        yield f"[networks.{name}]: {error}"
