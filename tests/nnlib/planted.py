"""The programs of tests/programs, whole and with the bugs of planted.txt, and what they print for the golden vectors."""
import os
import re
import shutil
import subprocess
from itertools import groupby
from pathlib import Path

import pytest

from nnlib.conformance import check
from nnlib.results import Unreadable
from nnlib.vectors import as_lines

PROGRAMS = Path(__file__).resolve().parents[1] / "programs"
# Each program, and what runs it.
RUNNERS = {"gcc": "network.c", "node": "network.js", "mawk": "network.awk", "gawk": "network.awk"}
FLAGS = ("-std=c99", "-pedantic", "-O2", "-Wall", "-Wextra", "-Werror")


def run(runner, source, folder, flags=FLAGS):
    """What a program prints that has read the vectors."""
    if shutil.which(runner) is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{runner} was not found")
    program = folder / RUNNERS[runner]
    program.write_text(source, encoding="utf-8")
    command = {"gcc": [folder / "network"], "node": ["node", program]}.get(runner, [runner, "-f", program])
    if runner == "gcc":
        subprocess.run(["gcc", *flags, program, "-o", *command, "-lm"], check=True)
    done = subprocess.run(command, input=as_lines(), capture_output=True, text=True, check=True)
    assert runner == "gawk" or not done.stderr      # gawk warns of every exp that is too small for a double
    return done.stdout


def whole(runner):
    """The source of a program."""
    return (PROGRAMS / RUNNERS[runner]).read_text(encoding="utf-8")


def blocks():
    """The bugs and pairs of planted.txt: {(language, what is wrong, …): [(mark, text), …]}, in their order."""
    found = {}
    text = re.sub("^#.*\n", "", (PROGRAMS / "planted.txt").read_text(encoding="utf-8"), flags=re.M)
    for block in re.split("\n\n+", text.strip()):
        head, *lines = block.split("\n")
        language, what = head.split(": ", 1)
        parts = [(mark, "\n".join(line[2:] for line in group)) for mark, group in groupby(lines, key=lambda line: line[0])]
        several = [name for mark, text in parts if mark == "&" for name in text.split("\n")]
        found[language, *(several or [what])] = parts
    return found


PLANTED = blocks()


def expected(case):
    """The bugs that the diagnosis names for a planted bug, a set of names, which is empty if it names none."""
    return {name for mark, text in PLANTED[case] if mark == "=" for name in text.split("\n")}


def broken(language, *names):
    """The source of a program with one or more of the bugs."""
    runner = {"c": "gcc", "js": "node", "awk": "mawk"}[language]
    source = whole(runner)
    for name in names:
        parts = [part for part in PLANTED[language, name] if part[0] in "-+"]
        for (_, old), (_, new) in zip(parts[::2], parts[1::2], strict=True):
            assert source.count(old) == 1, f"{old!r} must stand in network.{language} once"
            source = source.replace(old, new)
    return runner, source


def named(case, folder):
    """What the diagnosis names for a planted bug: a list of sets of names. It is empty where there is no name."""
    runner, source = broken(*case)
    try:
        report = check(run(runner, source, folder, ("-std=c99", "-w"))).as_dict()
    except Unreadable:
        return []
    several = report["diagnosis"]["explanations"] if report["diagnosis"] else []
    return [{", ".join(filter(None, (bug["name"], bug["place"]))) for bug in bugs} for bugs in several]
