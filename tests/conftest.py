"""What the tests share: where things are, the site, and which tests run."""

import os
import re
from importlib.metadata import version
from pathlib import Path

import book
import pytest
import run_tests
from reads import Reads

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


def pytest_configure(config):
    config.pluginmanager.register(Reads())
