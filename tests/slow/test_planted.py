"""Where the diagnosis does not know a planted bug, it names no other. tests/nnlib/test_programs.py has those that it knows;
one that it has learned since gets a line `= NAME` in planted.txt.
"""
import pytest
from planted import PLANTED, expected, named


@pytest.mark.soak
@pytest.mark.parametrize("case", [case for case in PLANTED if not expected(case)], ids=" + ".join)
def test_an_unknown_bug_gets_no_name(case, tmp_path):
    assert named(case, tmp_path) == []
