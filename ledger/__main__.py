"""Evaluate what the book prints, one page of it, or one equation.

    python -m ledger                                       the whole book, from its .md files
    python -m ledger 03_weight_derivatives                 one page, or several
    python -m ledger '\\mathbf{z}^m = \\mathbf{W}^m \\mathbf{a}^m + \\mathbf{b}^m'
    python -m ledger --scene vectors '\\mathbf{u} + \\mathbf{v} = \\mathbf{v} + \\mathbf{u}'

Ends with 0 if all holds, with 1 if something does not, and with 2 if the command cannot be understood.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from . import judge, registry, sources
from .check import finish, merge
from .lessons import lesson
from .registry import EQUATION, schema_faults
from .routes import ROUTES
from .trials import examine, trial_of

ROOT = Path(__file__).resolve().parent.parent


def main(arguments=None):
    command = parser()
    options = command.parse_args(arguments)
    book = options.book.resolve()
    if not book.is_dir():
        command.error(f"there is no folder {options.book}")
    row = {key: value for key in EQUATION["properties"] if (value := getattr(options, key, None)) is not None}
    if faults := list(schema_faults(row, EQUATION)):
        command.error(faults[0])
    formulas = [one for one in options.what if "=" in one or "\\" in one]
    if formulas and len(options.what) > 1:
        command.error("one equation at a time, and no pages with it")
    if formulas:
        return one_equation(formulas[0], row, registry.read_registry(book))
    if row:
        command.error(f"--{next(iter(row))} belongs to an equation")
    pages = sources.pages_of(book)
    names = [page_name(one, book) for one in options.what]
    for name in names:
        if name not in pages:
            command.error(f"there is no page {name} in {options.book}, only {', '.join(pages)}")
    return whole_book({name: pages[name] for name in names or pages}, book, partial=bool(names))


def parser():
    command = argparse.ArgumentParser("python -m ledger", formatter_class=argparse.RawDescriptionHelpFormatter,
                                      description=__doc__, epilog=f"Rows, scenes and signs: {lesson('A row')}")
    command.add_argument("what", nargs="*", help="pages, or one equation; the whole book if left out")
    command.add_argument("--book", type=Path, default=ROOT / "book", help="the folder of the book")
    for key, value in EQUATION["properties"].items():
        if key != "prose":
            kind = int if value.get("type") == "integer" else str
            command.add_argument(f"--{key}", type=kind, help=f"as in the row of an equation: {value['description']}")
    return command


def page_name(text, book):
    """The name of a page from its name or from the path of one of its files."""
    path = Path(text)
    path = path.with_suffix("") if path.suffix in (".md", ".ipynb", ".toml") else path
    inside = path.resolve()
    return inside.relative_to(book).as_posix() if inside.is_relative_to(book) else path.as_posix()


def one_equation(latex, row, rows):
    latex = sources.one_line(latex.strip().strip("$"))
    result = finish(merge(examine([("equation", latex, row)], rows)), row)
    if result["fault"]:
        print(f"It does not hold: {result['fault']}")
        return 1
    trial = trial_of(row.get("scene", "network"), rows)
    letters = f", {result['symbolic']} of letters" if result["symbolic"] else ""
    print(f"It holds on {trial.counted(result['networks'])}{letters}, in {result['comparisons']} comparisons of two sides.")
    for name, route in ROUTES.items():
        if name in result["worst"]:
            print(f"  {route.label:<16} {f'< {route.limit}' if result['worst'][name] else 'exact'}")
    return 0


def whole_book(pages, book, partial):
    start = time.perf_counter()
    if damages := [f"{shown(half)}: {fault}" for half, fault in sources.damages(pages)]:
        print("\n".join(damages))
        return 1
    halves = {name: sources.read_halves(path) for name, path in pages.items()}
    rows = registry.read_registry(book)
    found = {name: half.found for name, half in halves.items()}
    judgement = judge.judge(found, rows, book.parent / "_build" / "equations.json", partial)
    for path, sentence in rows.faults:
        print(f"{shown(registry.place_of(path, sentence))}: {sentence}")
    for page, line, sentence in judgement.faults:
        place = registry.place_of(book / f"{page}.toml", sentence) if line is None else halves[page].place(line)
        print(f"{shown(place)}: {sentence}")
    for half in halves.values():
        if half.other:
            print(f"· {shown(half.other)} has other equations than {half.path.name}, which was edited last and is read "
                  "here. `make notebooks` carries them over; the site is built from the .ipynb.", file=sys.stderr)
    if judgement.faults or rows.faults:
        print("The lines above name what does not hold, and its place.", file=sys.stderr)
        return 1
    print(f"{judgement.summary()} ({time.perf_counter() - start:.0f} s)")
    return 0


def shown(path):
    """A path as the reader's folder has it."""
    return str(path).replace(f"{os.getcwd()}{os.sep}", "")


if __name__ == "__main__":
    sys.exit(main())
