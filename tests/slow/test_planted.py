"""Where the diagnosis does not know a planted bug, it names no other. tests/nnlib/test_programs.py has those that it knows;
one that it has learned since gets a line `= NAME` in planted.txt.
"""
import pytest
from planted import PLANTED, expected, named

# Gradients of 0 where a batch has several points: no two of the bugs that this pair puts together are in the program.
FALSELY_NAMED = {("c", "1 / N is an integer division")}


@pytest.mark.parametrize("case", [case for case in PLANTED if not expected(case)], ids=" + ".join)
def test_an_unknown_bug_gets_no_name(case, tmp_path, request):
    if case in FALSELY_NAMED:
        request.applymarker(pytest.mark.xfail(strict=True, reason="a pair of other bugs is named"))
    assert named(case, tmp_path) == []
