"""What the tests share: where things are, the site, and which tests run."""

import os
import re
import shutil
from importlib.metadata import version
from pathlib import Path

import book
import pages
import pytest
import run_tests
import runtime
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
    items.sort(key=lambda item: not item.get_closest_marker("first"))
    chapters = config.getoption("--chapters")
    if chapters is not None:
        others = [item for item in items if item.get_closest_marker("chapter")
                  and run_tests.unit_of(item) not in chapters.split()]
        items[:] = [item for item in items if item not in others]
        config.hook.pytest_deselected(items=others)


def pytest_configure(config):
    config.pluginmanager.register(Reads())


# Pages in a browser --------------------------------------------------------------------------------------------------

def skip_or_fail(missing):
    """What this machine lacks is no fault of the book; where everything must be there, it fails."""
    pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)


@pytest.fixture(scope="session")
def browser():
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        skip_or_fail("no Chromium was found, so no page was opened in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=pages.FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def address(site):
    with pages.serving(site) as address:
        yield address


@pytest.fixture(scope="session")
def python(site):
    """The site with Python; where no source can be reached, there is nothing to test."""
    if not runtime.publish(ROOT):
        skip_or_fail("Pyodide could not be fetched from any source, so no cell was run in a page")
    return site


@pytest.fixture
def tab(browser):
    """Open a page: tab(address, width=…, scheme=…), as pages.opened says; it is closed when the test ends."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda url, width=1280, scheme="light", **more: stack.enter_context(
            pages.opened(browser, url, width, scheme, **more))


@pytest.fixture(scope="session")
def swept(browser, site):
    """What the one look at every page in every view has found."""
    return pages.sweep(browser, site)
