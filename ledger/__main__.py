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

from . import sources
from .judge import judge
from .lessons import lesson
from .registry import EQUATION, WHOLE, equation_faults, place_of, read_registry
from .routes import ROUTES
from .trials import examine, trial_of

ROOT = Path(__file__).resolve().parent.parent


def main(arguments=None):
    command = parser()
    options = command.parse_args(arguments)
    book = options.book.resolve()
    if not book.is_dir():
        command.error(f"there is no folder {options.book}")
    row = {key: value for key in EQUATION if (value := getattr(options, key, None)) is not None}
    for fault in equation_faults(row):
        command.error(fault)
    if any("=" in one or "\\" in one for one in options.what):
        if len(options.what) > 1:
            command.error("one equation at a time, and no pages with it")
        return one_equation(options.what[0], row, read_registry(book))
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
    for key, (words, shape) in EQUATION.items():
        if key != "prose":
            command.add_argument(f"--{key}", type=int if shape == WHOLE else str,
                                 help=f"as in the row of an equation: {words}")
    return command


def page_name(text, book):
    """The name of a page from its name or from the path of one of its files."""
    path = Path(text)
    path = path.with_suffix("") if path.suffix in (".md", ".ipynb", ".toml") else path
    inside = path.resolve()
    return inside.relative_to(book).as_posix() if inside.is_relative_to(book) else path.as_posix()


def one_equation(latex, row, registry):
    result = examine(sources.one_line(latex.strip().strip("$")), row, registry)
    if result["fault"]:
        print(f"It does not hold: {result['fault']}")
        return 1
    tried_on = trial_of(row.get("scene", "network"), registry).counted(result["networks"])
    letters = f", {result['symbolic']} of letters" if result["symbolic"] else ""
    print(f"It holds on {tried_on}{letters}, in {result['comparisons']} comparisons of two sides.")
    for name, route in ROUTES.items():
        if name in result["worst"]:
            print(f"  {route.label:<16} {f'< {route.limit}' if result['worst'][name] else 'exact'}")
    return 0


def whole_book(pages, book, partial):
    start = time.perf_counter()
    if damaged := [f"{shown(half)}: {fault}" for half, fault in sources.damages(pages)]:
        print("\n".join(damaged))
        return 1
    halves, registry = {name: sources.read_halves(path) for name, path in pages.items()}, read_registry(book)
    judgement = judge(halves, registry, book.parent / "_build" / "equations", partial)
    faults = [(place_of(path, sentence), sentence) for path, sentence in registry.faults]
    faults += [(place_of(book / f"{page}.toml", sentence) if line is None else halves[page].place(line), sentence)
               for page, line, sentence in judgement.faults]
    for place, sentence in faults:
        print(f"{shown(place)}: {sentence}")
    for half in halves.values():
        if half.other:
            print(f"· {shown(half.other)} has other equations than {half.path.name}, which was edited last and is read "
                  "here. `make notebooks` carries them over; the site is built from the .ipynb.", file=sys.stderr)
    if faults:
        print("The lines above name what does not hold, and its place.", file=sys.stderr)
        return 1
    print(f"{judgement.summary()} ({time.perf_counter() - start:.0f} s)")
    return 0


def shown(path):
    """A path as the reader's folder has it."""
    return str(path).replace(f"{os.getcwd()}{os.sep}", "")


if __name__ == "__main__":
    sys.exit(main())
