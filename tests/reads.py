"""No test depends on a file without saying so."""

import os
import sys
from pathlib import Path

import pytest
import run_tests

ROOT = Path(__file__).resolve().parent.parent


class Reads:
    """A plugin that fails a test which opens a file on which its unit does not depend: after a change in that file,
    tools/run_tests.py would leave the test out. It sees this process alone, not a kernel, node or a browser."""

    def __init__(self):
        self.known, self.opened = {*run_tests.names(ROOT)}, set()
        sys.addaudithook(self.watch)

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
        if isinstance(collector, pytest.Module) and (fault := self.fault(run_tests.place_of(collector))):
            report.outcome, report.longrepr = "failed", fault
        if report.failed and collector.path.suffix == ".ipynb":         # nbval answers with a traceback
            report.longrepr = f"{collector.nodeid} cannot be read: `make notebooks` says what to do."
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item):
        self.opened = set()
        yield
        if fault := self.fault(run_tests.place_of(item)):      # a fixture may serve several units of the folder
            pytest.fail(fault, pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        yield
        if fault := self.fault(run_tests.unit_of(item)):
            pytest.fail(fault, pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item):
        report = yield
        report.unit = run_tests.unit_of(item)       # tools/run_tests.py stores which units passed
        return report
