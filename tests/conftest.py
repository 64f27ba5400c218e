"""What the tests share: where things are, and the site, built once if it is stale."""

import os
from contextlib import suppress
from pathlib import Path

import book
import pytest

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
    (ROOT / "_build").mkdir(exist_ok=True)
    with (ROOT / "_build" / "test.lock").open("w") as waiting:  # two processes test, one of them builds
        with suppress(ImportError):
            import fcntl
            fcntl.flock(waiting, fcntl.LOCK_EX)
        assert book.build(ROOT, quiet=True), "the strict build failed"
    return ROOT / "_build" / "html"
