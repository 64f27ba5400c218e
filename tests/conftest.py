"""What the tests share: where things are, the site, and that no test depends on a file without saying so."""

import os
import re
import sys
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import book
import pytest
import run_tests

ROOT = Path(__file__).resolve().parent.parent
# Jupyter warns of its own transport and of frozen modules; chapters run in processes of their own, one thread each
os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def site():
    """_build/html, strictly built from what is in the tree: the same build, and the same stamp, as `make book`."""
    assert book.build(ROOT, quiet=True), "the strict build failed"
    return ROOT / "_build" / "html"


@pytest.fixture
def pinned_matplotlib():
    """Letters stand a little elsewhere in another Matplotlib, so stored figures are compared with the locked one alone."""
    pinned = re.search(r"^matplotlib==(\S+)", (ROOT / "requirements" / "all.txt").read_text(encoding="utf-8"), re.M)[1]
    if version("matplotlib") != pinned:
        pytest.skip(f"the stored figures are those of Matplotlib {pinned}, and this is {version('matplotlib')}")


# Which tests run ------------------------------------------------------------------------------------------------------

def pytest_addoption(parser):
    parser.addoption("--chapters", help="of the tests with the marker `chapter`, run those of these alone: book/NAME …")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "slow"):
            item.add_marker("slow")
    chapters = config.getoption("--chapters")
    if chapters is not None:
        others = [item for item in items if item.get_closest_marker("chapter")
                  and run_tests.unit_of(item) not in chapters.split()]
        items[:] = [item for item in items if item not in others]
        config.hook.pytest_deselected(items=others)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    report.unit = run_tests.unit_of(item)           # tools/run_tests.py stores which units passed
    return report


# What a test reads ----------------------------------------------------------------------------------------------------

class Reads:
    """A plugin that fails a test which opens a file on which its unit does not depend: after a change in that file,
    tools/run_tests.py would leave the test out. It sees this process alone, not a kernel, node or a browser."""

    def __init__(self):
        self.opened = set()
        sys.addaudithook(self.watch)

    @cached_property
    def known(self):
        return {*run_tests.names(ROOT)}

    def watch(self, event, arguments):
        if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(f"{ROOT}{os.sep}"):
            self.opened.add(arguments[0])

    def fault(self, unit):
        """A sentence about what was opened since the last test, or None."""
        opened, self.opened, names = self.opened, set(), set()
        for path in map(Path, opened):
            if path.suffix == ".pyc":               # Python opens the compiled copy of a module
                path = path.parent.parent / f"{path.name.partition('.')[0]}.py"
            names.add(path.relative_to(ROOT).as_posix())
        strange = sorted(name for name in names if name in self.known and not run_tests.depends(unit, name))
        return strange and (f"{unit} reads {', '.join(strange)}, and READS in tools/run_tests.py does not say so: after a "
                            "change there the test would be left out. Add the file or its folder.")

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector):
        self.opened = set()
        report = yield
        if isinstance(collector, pytest.Module) and (fault := self.fault(run_tests.folder_of(collector))):
            report.outcome, report.longrepr = "failed", fault
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item):
        self.opened = set()
        yield
        if fault := self.fault(run_tests.folder_of(item)):      # a fixture may serve several units of the folder
            pytest.fail(fault, pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        yield
        if fault := self.fault(run_tests.unit_of(item)):
            pytest.fail(fault, pytrace=False)


def pytest_configure(config):
    config.pluginmanager.register(Reads())
