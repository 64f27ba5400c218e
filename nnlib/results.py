"""Anyone's results in: what a program computed for the vectors, as JSON or as lines, any part of it.

JSON: {"pencil": {"y_hat": [[9, 25, 16]]}}, a quantity nested as `expected` of the vector; null for what is missing.
Lines: pencil y_hat 0 2 16, a number behind its indices, which count from 0; # begins a comment.
A file that cannot be read so is refused with one sentence: where, what stands there, and what to do.
"""
import codecs
import difflib
import re
from functools import cache
from typing import NamedTuple

import numpy as np

from . import _validate
from .vectors import vectors

# Of each quantity, in the order in which a program computes them, the words for its indices
INDICES = {"z": ("point", "layer", "unit"), "y_hat": ("point", "k"), "p": ("point", "k"), "dy_db": ("layer", "row", "k"),
           "dy_dW": ("layer", "row", "column", "k"), "loss": (), "grad_b": ("layer", "row"),
           "grad_W": ("layer", "row", "column"), "b_after": ("layer", "row"), "W_after": ("layer", "row", "column")}
GIVEN = ("layers", "width", "points", "loss_name", "rate", "phi", "W", "b", "X", "Y")     # of a vector, to compute with
LONGEST = 2**28                 # bytes of a file, 256 MB; the results of all vectors are less than one
DEEPEST, MOST_VALUES, LONGEST_WORD, MOST_NAMES = 20, 10**5, 400, 10
START = re.compile(r"(?:\s++|(?:#|//).*+)*+.?")      # up to the first sign that is not in a comment
LINE = re.compile(r"^[^\S\n]*+([^\s#].*)", re.MULTILINE)
MARKS = {"utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE), "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)}
DECIMAL = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eEdDqQ]([+-]?[0-9]+)|([+-][0-9]{3}))?", re.ASCII)
HEX = re.compile(r"[+-]?0x([0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(p[+-]?[0-9]+)?", re.ASCII | re.IGNORECASE)
NO_VALUE = re.compile(r"([+-]?)(?:(nan|1\.#(?:qnan|snan|ind))[0-9]*(?:\([^)]*\))?|inf(?:inity)?|1\.#inf[0-9]*)",
                      re.ASCII | re.IGNORECASE)
TOKEN = re.compile(r'[ \t\r\n]*(?:([{}\[\]:,])|"((?:[^"\\\n]++|\\.)*+)"|([^\s{}\[\]:,"]+)|(\S))')


class Unreadable(ValueError):
    """A file that holds no results that can be read; its text is one sentence."""


class Number(NamedTuple):
    """A number as it was written, and the line in which it stands."""
    value: float
    text: str
    line: int


class _Key(str):
    """A name in JSON, and the line in which it stands."""
    line = 0


class _Leaf(NamedTuple):
    """What stands in JSON where a number belongs."""
    text: str
    quoted: bool
    line: int


def read_results(content, progress=lambda share: None):
    """What came, by vector, quantity and indices: {"pencil": {"y_hat": {(0, 2): Number}}}.

    content: text or bytes. progress: is told now and then which share is read.
    Raises Unreadable for everything that is not such results, and for a file without a number.
    """
    text, found = _decoded(content), {}
    if START.match(text)[0].endswith(("{", "[")):
        _from_json(_parsed(text, progress), found)
    else:
        _from_lines(text, found, progress)
    if not any(numbers for quantities in found.values() for numbers in quantities.values()):
        raise Unreadable("the file holds no number: write results into it, such as the line `pencil loss 0.5`")
    return found


def number(text):
    """The float that a text stands for, nan and inf included; None if it is no number.

    Decimal, with e or Fortran's d before the exponent, hexadecimal as %a of C, and what programs write for nan and inf.
    """
    if len(text) > LONGEST_WORD:
        return None
    decimal = DECIMAL.fullmatch(text)
    if decimal and (decimal[2] or decimal[3]):
        sign, whole, part, *powers = decimal.groups()
        return float(f"{sign}{whole or 0}.{part or 0}e{powers[0] or powers[1] or 0}")
    if HEX.fullmatch(text):
        try:
            return float.fromhex(text)
        except OverflowError:
            return float("-inf" if text[0] == "-" else "inf")
    if special := NO_VALUE.fullmatch(text):
        return float("nan") if special[2] else float(f"{special[1]}inf")
    return None


# Bytes and words --------------------------------------------------------------------------------------------------------

def _decoded(content):
    """The text of bytes: UTF-8, or what a byte order mark says. Other bytes above 127 may stand in comments only."""
    if isinstance(content, str):
        text = content.removeprefix("\ufeff")
    elif isinstance(content, (bytes, bytearray)):
        name = next((name for name, marks in MARKS.items() if content.startswith(marks)), "utf-8-sig")
        text = bytes(content).decode(name, errors="replace")
    else:
        raise TypeError(f"content must be text or bytes; got {_validate.kind(content)}")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if strange := re.search("[\0-\x08\x0e-\x1f]", text):
        line = text.count("\n", 0, strange.start()) + 1
        raise Unreadable(f"line {line} holds the byte {ord(strange[0])}, which is no text: the file is binary, or UTF-16 "
                         "without its mark; save it as UTF-8")
    return text


def shown(text, most=30):
    """A text from the file, short and printable, in quotes."""
    text = text if len(text) <= most else text[:most - 1] + "…"
    return f'"{"".join(letter if letter.isprintable() else "?" for letter in text)}"'


def _count(n, word):
    return f"{n} {word}{'s' * (n != 1)}"


def _known(what, name, names, where):
    """A name that is among the names; else the sentence suggests the nearest."""
    if name in names:
        return name
    near = difflib.get_close_matches(name[:60].lower(), {one.lower(): one for one in names}, 1, 0.5)
    near = [one for one in names if one.lower() in near]
    others = ", ".join([*names][:MOST_NAMES]) + ", …" * (len(names) > MOST_NAMES)
    hint = f"did you mean {near[0]}?" if near else f"there are {others}"
    raise Unreadable(f"{where}: no {what} is called {shown(name)}; {hint}")


@cache
def by_name():
    """The vectors by their names."""
    return {vector.name: vector for vector in vectors()}


def _vector(name, where):
    return by_name()[_known("vector", name, by_name(), where)]


def _quantity(name, vector, where):
    """A quantity that this vector has."""
    if name in GIVEN:
        raise Unreadable(f"{where}: {name} is what the vector gives to your program; results are {', '.join(INDICES)}")
    if _known("quantity", name, INDICES, where) not in vector.expected:
        raise Unreadable(f"{where}: {vector.name} has no {name}; it has {', '.join(vector.expected)}")
    return name


def _value(text, where):
    """The number that a word is; else the sentence says what is wrong with it."""
    value = number(text)
    if value is not None:
        return value
    dashes = text.translate({0x2212: "-", 0x2013: "-"})
    hint = ("write a point, not a comma" if number(text.replace(",", ".", 1)) is not None
            else "write the sign as -" if number(dashes) is not None
            else "a program prints no number that long" if len(text) > LONGEST_WORD
            else "write 1 or 0" if text.lower() in ("true", "false")
            else "leave out what is missing" if text.lower() in ("null", "none", "na", "nil", "undefined")
            else "write it as -1.5 or 2e-3")
    raise Unreadable(f"{where}: {shown(text)} is no number; {hint}")


# Lines ------------------------------------------------------------------------------------------------------------------

def _from_lines(text, found, progress):
    line, last = 1, 0
    for count, match in enumerate(LINE.finditer(text)):
        line, last = line + text.count("\n", last, match.start()), match.start()
        if count % 20000 == 19999:
            progress(last / len(text))
        _from_line(re.split(r"\s#", match[1], maxsplit=1)[0].split(), f"line {line}", found, line)


def _from_line(words, where, found, line):
    """One line: vector, quantity, indices, number."""
    name, *rest = words
    if not rest and re.search("[,;=]", name):
        raise Unreadable(f"{where}: separate the words by blanks, as in `pencil grad_W 0 1 1 -3.5`")
    if name not in by_name() and number(name) is not None:
        raise Unreadable(f"{where} begins with a number; begin with vector and quantity, as in `pencil grad_W 0 1 1 -3.5`")
    vector = _vector(name, where)
    if not rest:
        raise Unreadable(f"{where} ends behind {name}: a quantity, its indices and the number are missing")
    quantity = _quantity(rest[0], vector, where)
    labels = INDICES[quantity]
    if len(rest) != len(labels) + 2:
        form = " ".join([name, quantity, *labels, "number"])
        raise Unreadable(f"{where} has {_count(len(words), 'word')} where {len(labels) + 3} belong: {form}"
                         + ("; write a point, not a comma" if words[-1].startswith(",") else ""))
    place = _indices(rest[1:-1], labels, vector, quantity, where)
    _put(found, vector.name, quantity, place, Number(_value(rest[-1], where), rest[-1], line), where)


def _indices(words, labels, vector, quantity, where):
    """The indices of a line, once every one of them exists."""
    like, place = vector.expected[quantity], ()
    for word, label in zip(words, labels):
        if not re.fullmatch("-?[0-9]{1,9}", word, re.ASCII):
            raise Unreadable(f"{where}: the index {label} must be a whole number; got {shown(word)}")
        index = int(word)
        if not 0 <= index < len(like):
            only = f"0 … {len(like) - 1}" if len(like) > 1 else "0"
            order = f", and their order is {', '.join(labels)}" if len(labels) > 1 else ""
            raise Unreadable(f"{where}: {quantity} of {vector.name} has no {label} {index}, only {only}: "
                             f"indices count from 0{order}")
        place, like = (*place, index), like[index]
    return place


def _put(found, name, quantity, place, new, where):
    """Keeps a number, unless another one was given for its place before."""
    old = found.setdefault(name, {}).setdefault(quantity, {}).setdefault(place, new)
    if old is not new and not (old.value == new.value or old.value != old.value and new.value != new.value):
        raise Unreadable(f"{where} gives {' '.join(map(str, (name, quantity, *place)))} again, {shown(new.text)} where "
                         f"line {old.line} has {shown(old.text)}; keep one of them")


# JSON -------------------------------------------------------------------------------------------------------------------

def _tokens(text, progress):
    """What JSON is made of, with the line: (sign, "", line), ('"', quoted text, line), ("", bare word, line)."""
    line, last, count = 1, 0, 0
    while token := TOKEN.match(text, last):
        line += text.count("\n", last, token.end())
        last, count = token.end(), count + 1
        if count % 20000 == 0:
            progress(last / len(text))
        sign, quoted, word, alone = token.groups()
        if alone:
            raise Unreadable(f'line {line}: a text begins with " and does not end in its line')
        if word and word.startswith(("//", "/*", "#")):
            raise Unreadable(f"line {line}: JSON has no comments; leave {shown(word)} out")
        yield (sign, "", line) if sign else ("", word, line) if word else ('"', quoted, line)
    yield "end", "", line


class _Open:
    """The parts of JSON that are open, from the outside in; `wanted` is what comes next."""

    def __init__(self):
        self.parts, self.keys, self.root, self.wanted, self.count = [], [], None, "value", 0

    def path(self):
        path = ""
        for part, key in zip(self.parts, self.keys):
            path += f"[{len(part)}]" if isinstance(part, list) else f".{key[:30]}" if key is not None else ""
        return path.lstrip(".")

    def add(self, value):
        """Puts a value where it belongs."""
        self.count += 1
        if not self.parts:
            self.root = value
        elif isinstance(self.parts[-1], list):
            self.parts[-1].append(value)
        else:
            self.parts[-1][self.keys[-1]] = value

    def begin(self, part):
        self.parts.append(part)
        self.keys.append(None)
        self.wanted = "first value" if isinstance(part, list) else "first key"

    def end(self):
        part = self.parts.pop()
        self.keys.pop()
        self.add(part)
        self.wanted = "comma" if self.parts else "end"


def _parsed(text, progress):
    """JSON as dictionaries, lists and leaves. It is read without recursion, so that deep nesting ends in a sentence."""
    state = _Open()
    for sign, word, line in _tokens(text, progress):
        if state.wanted == "end" and sign == "end":
            return state.root
        if problem := _step(state, sign, word, line):
            raise Unreadable(f"line {line}" + f", in {state.path()}" * bool(state.path()) + f": {problem}")
        if len(state.parts) > DEEPEST:
            raise Unreadable(f"line {line}: brackets nest more than {DEEPEST} deep; a number of dy_dW stands in "
                             "four lists, and no other is deeper")
        if state.count > MOST_VALUES:
            raise Unreadable(f"line {line}: the file has more than {MOST_VALUES} values, and all vectors together have "
                             "far fewer; write each once")


def _step(state, sign, word, line):
    """Takes one token of JSON; what is wrong with it, else nothing."""
    wanted, inside = state.wanted, state.parts[-1] if state.parts else None
    if sign == "end":
        return f"the file ends while {_count(len(state.parts), 'bracket')} {'are' if len(state.parts) > 1 else 'is'} open" \
               ": it is cut off, or ] or } is missing"
    if wanted == "end":
        return "more follows the last bracket; one object holds all results"
    if sign == ("]" if isinstance(inside, list) else "}") and wanted in ("comma", "first value", "first key"):
        state.end()
    elif sign and sign in "[{" and wanted in ("value", "first value"):
        state.begin([] if sign == "[" else {})
    elif sign == "," and wanted == "comma":
        state.wanted = "value" if isinstance(inside, list) else "key"
    elif sign == ":" and wanted == "colon":
        state.wanted = "value"
    elif sign == '"' and wanted in ("key", "first key"):
        if word in inside:
            return f"{shown(word)} stands there twice; keep one of them"
        state.keys[-1], state.wanted = _Key(word), "colon"
        state.keys[-1].line = line
    elif sign in ('"', "") and wanted in ("value", "first value"):
        state.add(_Leaf(word, sign == '"', line))
        state.wanted = "comma" if state.parts else "end"
    else:
        return _misplaced(wanted, sign, word, isinstance(inside, list))
    return ""


def _misplaced(wanted, sign, word, in_list):
    """What is wrong with a token of JSON that stands where another belongs."""
    got = {"": shown(word), '"': shown(word)}.get(sign, sign)
    if wanted == "comma":
        close = "]" if in_list else "}"
        return f"got {got} where , or {close} belongs" if sign and sign in "]}:" else f"a comma is missing before {got}"
    if wanted == "colon":
        return f"a colon is missing before {got}"
    if sign and sign in "]}" and wanted in ("value", "key"):
        return f"a value is missing before {got}" + "; leave out the comma there" * (in_list or wanted == "key")
    return f"got {got} where " + ("a name in double quotes belongs" if "key" in wanted else "a value belongs")


def _from_json(root, found):
    if not isinstance(root, dict):
        raise Unreadable('the file is a list; results are an object, as in {"pencil": {"y_hat": [[9, 25, 16]]}}')
    if isinstance(root.get("vectors"), list):
        raise Unreadable("the file holds the vectors themselves, not the results of a program")
    path = ""
    if isinstance(root.get("results"), dict):
        root, path = root["results"], "results."
    for name, quantities in root.items():
        vector = _vector(name, f"line {name.line}")
        if not isinstance(quantities, dict):
            raise Unreadable(f'{path}{name} must hold its quantities, as in {{"y_hat": [[9, 25, 16]]}}; '
                             f"got {_form(quantities)}")
        for quantity, values in quantities.items():
            _quantity(quantity, vector, f"line {quantity.line}, {path}{name}")
            _walk(values, vector.expected[quantity], f"{path}{name}.{quantity}", (), (found, name, quantity))


def _walk(got, like, path, place, target):
    """Keeps the numbers of nested lists that are nested as those of the vector; null stands for any part."""
    if isinstance(got, _Leaf) and not got.quoted and got.text == "null":
        return
    if isinstance(like, list):
        if not isinstance(got, list) or len(got) != len(like):
            raise Unreadable(f"{path} must be {_form(like)}; got {_form(got)}{_mistake(got, like)}")
        for k, (one, other) in enumerate(zip(got, like)):
            _walk(one, other, f"{path}[{k}]", (*place, k), target)
        return
    if not isinstance(got, _Leaf):
        raise Unreadable(f"{path} must be a number; got {_form(got)}{_mistake(got, like)}")
    where = f"line {got.line}, {path}"
    if got.quoted:
        raise Unreadable(f"{where}: {shown(got.text)} is text; write the number without quotes")
    _put(*target, place, Number(_value(got.text, where), got.text, got.line), where)


def _shape(nested):
    """The lengths of nested lists; None if they are ragged."""
    if not isinstance(nested, list):
        return None if isinstance(nested, dict) else ()
    inner = {_shape(one) for one in nested}
    return (len(nested), *inner.pop()) if len(inner) == 1 and None not in inner else (len(nested),) * (not nested) or None


def _form(nested):
    """What a part of JSON is, in words."""
    if isinstance(nested, _Leaf):
        return f"the text {shown(nested.text)}" if nested.quoted else shown(nested.text)
    if isinstance(nested, dict):
        return "an object"
    if not isinstance(nested, list):
        return "a number"
    shape = _shape(nested)
    if not shape:
        return f"a list of {_count(len(nested), 'list')}"
    if len(shape) == 1:
        return f"a list of {_count(shape[0], 'number')}"
    return f"lists of {' × '.join(map(str, shape))} numbers"


def _mistake(got, like):
    """The mistake that is known to make such lists, as an end of the sentence."""
    if isinstance(got, list) and all(isinstance(one, list) for one in got) and _alike([*map(list, zip(*got))], like):
        return ": it looks transposed; turn rows into columns"
    came, wanted = _shape(got), _shape(like)
    if came is not None and wanted is not None:
        if len(came) == len(wanted) > 2 and sorted(came) == sorted(wanted):
            return ": its indices stand in another order"
        if len(came) == 1 and len(wanted) > 1 and came[0] == np.prod(wanted):
            return ": a flat row; write a list for each row"
        if len(came) == len(wanted) == 1 and came[0] == 2 * wanted[0]:
            return ": twice as many; does a comma stand where a decimal point belongs?"
    if isinstance(like, list) and _alike(got, like[0]) and len(like) == 1:
        return ": a pair of brackets is missing around it, as there is a list for each point or layer"
    if isinstance(got, list) and len(got) == 1 and _alike(got[0], like):
        return ": one pair of brackets is too many"
    return ""


def _alike(got, like):
    """Whether lists have the lengths of others, at every depth."""
    if isinstance(like, list):
        return isinstance(got, list) and len(got) == len(like) and all(map(_alike, got, like))
    return isinstance(got, _Leaf)
