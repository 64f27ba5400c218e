"""The command line: `python -m nnlib vectors` and `python -m nnlib check FILE`."""
import argparse
import os
import sys

from . import conformance
from .vectors import as_c, as_json, as_lines

WRITERS = {"json": as_json, "lines": as_lines, "c": as_c}


def main(arguments=None):
    """Run one command, and return its exit code."""
    parser = argparse.ArgumentParser("python -m nnlib", description="Is a neural network that somebody wrote right? Golden "
                                     "vectors to test it with, and a check of what it computed.")
    commands = parser.add_subparsers(metavar="command")
    vectors = commands.add_parser("vectors", help="write the golden vectors: networks, inputs and right answers")
    vectors.add_argument("--out", metavar="FILE", help="the file to write, or to replace; otherwise they are printed")
    vectors.add_argument("--format", choices=WRITERS, default="json", help="JSON (default), lines for scanf, or a C header")
    vectors.set_defaults(run=write)
    check = commands.add_parser("check", help="compare a file of results with them, and name the bug",
                                epilog="Exit codes: 0 right, 1 wrong, 2 unreadable.")
    check.add_argument("file", metavar="FILE", help="numbers of your program, as JSON or lines, any part of them")
    check.add_argument("--json", action="store_true", help="print the report as JSON")
    check.set_defaults(run=compare)
    given = parser.parse_args(arguments)
    if "run" not in given:
        parser.print_help()
        return 0
    return given.run(given)


def write(given):
    content = WRITERS[given.format]().encode("ascii")       # bytes: the same line ends on every system
    if given.out is None:
        return show(content)
    try:
        with open(given.out, "wb") as file:
            file.write(content)
    except FileNotFoundError:
        return refuse(f"{given.out} cannot be written: there is no folder {os.path.dirname(given.out)}")
    except OSError as error:
        return refuse(f"{given.out} cannot be written: {error.strerror}")
    print(f"{given.out}: {len(content):,} bytes")
    return 0


def refuse(sentence):
    print(sentence, file=sys.stderr)
    return 2


def show(content):
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:                                 # the reader has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def compare(given):
    return conformance.command(given.file, given.json)


if __name__ == "__main__":
    sys.exit(main())
