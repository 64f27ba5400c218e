"""The ledger beside a book of its own, in a folder of its own."""

import contextlib
import io
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Copy:
    """A copy of ledger/ beside an empty book, and `python -m ledger` in it, run in this process."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(ROOT / "ledger", folder / "ledger", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "book").mkdir()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *arguments):
        """(exit code, what it prints, its errors) of `python -m ledger`, with the modules as the copy has them now."""
        without_ledger()
        printed, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
            import ledger.__main__ as command
            assert command.__file__ == str(self.folder / "ledger" / "__main__.py")
            try:
                code = command.main(list(arguments))
            except SystemExit as stop:
                code = stop.code
        return code, printed.getvalue(), errors.getvalue()


def without_ledger():
    """Take the modules of the ledger out of those that are imported, and return them."""
    names = [name for name in sys.modules if name == "ledger" or name.startswith("ledger.")]
    return {name: sys.modules.pop(name) for name in names}


@pytest.fixture
def copy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)       # it tells versions apart by their second and their length
    modules = without_ledger()
    yield Copy(tmp_path)
    without_ledger()
    sys.modules.update(modules)
