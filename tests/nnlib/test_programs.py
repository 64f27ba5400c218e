"""Whole implementations in C, JavaScript and awk agree with the golden vectors: the card and the vectors are enough."""
import os
import re
import shutil
import subprocess
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest

from nnlib.vectors import as_lines, vectors

PROGRAMS = Path(__file__).resolve().parents[1] / "programs"
FLAGS = ("-std=c99", "-pedantic", "-O2", "-Wall", "-Wextra", "-Werror")
# Each program, and what runs it.
RUNNERS = {"gcc": "network.c", "node": "network.js", "mawk": "network.awk", "gawk": "network.awk"}


def run(runner, source, folder, flags=FLAGS):
    """What a program prints that has read the vectors, for a runner of RUNNERS."""
    if shutil.which(runner) is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{runner} was not found")
    program = folder / RUNNERS[runner]
    program.write_text(source, encoding="utf-8")
    if runner == "gcc":
        subprocess.run(["gcc", *flags, program, "-o", folder / "network", "-lm"], check=True)
        command = [folder / "network"]
    else:
        command = [runner, program] if runner == "node" else [runner, "-f", program]
    done = subprocess.run(command, input=as_lines(), capture_output=True, text=True, check=True)
    assert runner == "gawk" or not done.stderr
    return done.stdout


@cache
def right():
    """The right numbers, and how far another one may be from each: {(vector, quantity, indices): (number, distance)}."""
    numbers = {}
    for vector in vectors():
        for quantity, expected in vector.expected.items():
            entries = [*entries_of(expected)]
            of_layer = 2 if quantity == "z" else 1
            largest = {}
            for at, number in entries:
                largest[at[:of_layer]] = max(abs(number), largest.get(at[:of_layer], 0))
            numbers |= {(vector.name, quantity, at): (number, 1e-9 * largest[at[:of_layer]]) for at, number in entries}
    return numbers


def entries_of(numbers, at=()):
    if not isinstance(numbers, list):
        yield at, numbers
        return
    for k, part in enumerate(numbers):
        yield from entries_of(part, (*at, k))


def read(printed):
    numbers = {}
    for line in printed.splitlines():
        vector, quantity, *at, number = line.split()
        key = vector, quantity, tuple(map(int, at))
        assert key not in numbers, line
        numbers[key] = float(number)
    return numbers


def wrong(numbers):
    """What differs from the vectors, as {entry: (number, right number)}. A NaN differs."""
    return {key: (numbers[key], number) for key, (number, distance) in right().items()
            if not abs(numbers[key] - number) <= distance}


def planted():
    """The bugs of planted.txt, as {(language, what is wrong): [(old text, new text), …]}, and the pairs of them."""
    bugs, pairs = {}, []
    text = re.sub("^#.*\n", "", (PROGRAMS / "planted.txt").read_text(encoding="utf-8"), flags=re.M)
    for block in re.split("\n\n+", text.strip()):
        head, *lines = block.split("\n")
        language, what = head.split(": ", 1)
        parts = [(mark, "\n".join(line[2:] for line in group)) for mark, group in groupby(lines, key=lambda line: line[0])]
        if parts[0][0] == "&":
            pairs.append((language, *parts[0][1].split("\n")))
        else:
            bugs[language, what] = [(old, new) for (_, old), (_, new) in zip(parts[::2], parts[1::2], strict=True)]
    return bugs, pairs


BUGS, PAIRS = planted()
PLANTED = [*BUGS, *PAIRS]


def broken(language, *names):
    """The source of a program with one or more of the bugs."""
    source = (PROGRAMS / f"network.{language}").read_text(encoding="utf-8")
    for name in names:
        for old, new in BUGS[language, name]:
            assert source.count(old) == 1, f"{old!r} must stand in network.{language} once"
            source = source.replace(old, new)
    return source


@pytest.mark.not_for_mutants
@pytest.mark.parametrize("runner", RUNNERS)
def test_every_number_is_that_of_the_vectors(runner, tmp_path):
    numbers = read(run(runner, (PROGRAMS / RUNNERS[runner]).read_text(encoding="utf-8"), tmp_path))
    assert numbers.keys() == right().keys()
    assert wrong(numbers) == {}
