"""Whole implementations in C, JavaScript and awk agree with the golden vectors: the card and the vectors are enough. Where a
bug is planted in one, the diagnosis names it."""
from functools import cache

import pytest
from planted import PLANTED, RUNNERS, expected, named, run, whole

from nnlib.conformance import check
from nnlib.vectors import vectors

pytestmark = pytest.mark.not_for_mutants


@cache
def right():
    """The right numbers, and how far another one may be from each: {(vector, quantity, indices): (number, distance)}."""
    numbers = {}
    for vector in vectors():
        for quantity, nested in vector.expected.items():
            entries, largest, of_layer = [*entries_of(nested)], {}, 2 if quantity == "z" else 1
            for at, number in entries:
                largest[at[:of_layer]] = max(abs(number), largest.get(at[:of_layer], 0))
            numbers |= {(vector.name, quantity, at): (number, 1e-9 * largest[at[:of_layer]]) for at, number in entries}
    return numbers


def entries_of(numbers, at=()):
    if isinstance(numbers, list):
        for k, part in enumerate(numbers):
            yield from entries_of(part, (*at, k))
    else:
        yield at, numbers


def read(printed):
    numbers = {}
    for line in printed.splitlines():
        vector, quantity, *at, number = line.split()
        key = vector, quantity, tuple(map(int, at))
        assert key not in numbers, line
        numbers[key] = float(number)
    return numbers


@pytest.mark.parametrize("runner", RUNNERS)
def test_every_number_is_that_of_the_vectors(runner, tmp_path):
    printed = run(runner, whole(runner), tmp_path)
    numbers = read(printed)
    assert numbers.keys() == right().keys()
    far = [(key, numbers[key], number) for key, (number, distance) in right().items()
           if not abs(numbers[key] - number) <= distance]
    assert far == []
    assert check(printed).verdict == "right"


KNOWN = [case for case in PLANTED if expected(case)]


@pytest.mark.names
@pytest.mark.not_for_mutants
@pytest.mark.long
@pytest.mark.parametrize("case", [case if k % 12 == 1 else pytest.param(case, marks=pytest.mark.soak)
                                  for k, case in enumerate(KNOWN)], ids=" + ".join)
def test_a_planted_bug_is_named(case, tmp_path):
    assert expected(case) in named(case, tmp_path)
