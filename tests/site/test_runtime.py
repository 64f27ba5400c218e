"""Python for the page: where its files come from, and what is accepted."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO

import pytest
import runtime
from pages import barriers, serving

CHAPTER = "03_weight_derivatives"


@pytest.fixture
def small(monkeypatch):
    """A pinned set of two small files, so that sources can be tried quickly."""
    files = {"one": b"first", "two": b"second"}
    monkeypatch.setattr(runtime, "FILES", {name: {"sha256": runtime.digest(content), "bytes": len(content)}
                                           for name, content in files.items()})
    return files


def test_a_file_is_accepted_by_its_sha256_alone(tmp_path, small):
    messages = []
    tampered = {"one": b"firsT", "two": small["two"]}
    assert runtime.fetch(tmp_path, messages.append, {"a mirror": lambda names, tell: tampered.items()}) == {"one"}
    assert [path.name for path in tmp_path.iterdir()] == ["two"] and "sha256 differs" in messages[-1]
    asked = []
    good = {"another": lambda names, tell: (asked.append(set(names)), [("one", small["one"])])[1]}
    assert runtime.fetch(tmp_path, messages.append, good) == set() and asked == [{"one"}]
    (tmp_path / "two").write_bytes(b"damaged")
    assert runtime.missing(tmp_path) == {"two"}


def test_sources_are_asked_in_order_and_one_that_breaks_off_is_passed_over(tmp_path, small, monkeypatch):
    def breaks(names, tell):
        yield "one", small["one"]
        raise ConnectionResetError

    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "two").write_bytes(small["two"])
    monkeypatch.setenv(runtime.FOLDER, str(tmp_path / "folder"))
    never = {"never asked": lambda names, tell: pytest.fail("everything is there")}
    assert runtime.fetch(tmp_path / "store", sources={"x": breaks, "y": runtime.from_folder, **never}) == set()
    assert list(runtime.SOURCES.values()) == [runtime.from_folder, runtime.from_cdn, runtime.from_npm, runtime.from_pypi]


def test_a_source_tells_how_far_it_is(tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    files = {"one": b"1" * 300_000, "two": b"2" * 600_000}
    for name, content in files.items():
        (tmp_path / "there" / name).write_bytes(content)
    messages = []
    monkeypatch.setattr(runtime, "FILES", {name: {"sha256": runtime.digest(content), "bytes": len(content)}
                                           for name, content in files.items()})
    with serving(tmp_path / "there") as address:
        monkeypatch.setattr(runtime, "CDN", f"{address}/")
        assert runtime.fetch(tmp_path / "store", messages.append, {"a server": runtime.from_cdn}) == set()
    assert messages[0].endswith("2 files, from a server") and messages[-1].endswith(": 0.9 of 0.9 MB")
    far = [float(re.search(r": ([\d.]+) of 0\.9 MB", one)[1]) for one in messages[1:]]
    assert far == sorted(far) and {0.3, 0.9} < {*far}


def test_what_is_pinned_is_closed_and_agrees(root):
    packages = runtime.PINNED["packages"]
    assert {one for package in packages.values() for one in package["depends"]} <= set(packages)
    for package in packages.values():
        assert runtime.FILES[package["file_name"]]["sha256"] == package["sha256"]
    name, content = runtime.wheel(root)
    assert runtime.wheel(root) == (name, content)
    with zipfile.ZipFile(BytesIO(content)) as packed:
        for path in (root / "nnlib").glob("*.py"):
            assert packed.read(f"nnlib/{path.name}") == path.read_bytes()
        assert "nnlib/digits.npz" in packed.namelist()


def test_without_any_source_the_book_reads_and_says_so(tab, site, root, tmp_path):
    """For real: a folder that is not there, and a network where nobody answers."""
    shutil.copytree(site, tmp_path / "_build" / "html", ignore=shutil.ignore_patterns("_runtime", "_downloads"))
    for name in ("nnlib", "pyproject.toml"):
        (tmp_path / name).symlink_to(root / name)
    nobody = "http://127.0.0.1:9"
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("PIP_")}
    environment |= {runtime.FOLDER: str(tmp_path / "nowhere"), "https_proxy": nobody, "HTTPS_PROXY": nobody, "no_proxy": "",
              "npm_config_registry": nobody, "PIP_INDEX_URL": nobody, "PIP_CONFIG_FILE": os.devnull}
    code = "import runtime, sys; from pathlib import Path; sys.exit(runtime.publish_and_report(Path(sys.argv[1])))"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root / "tools", env=environment, text=True,
                          check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 0 and "reads but does not run" in done.stdout and "Traceback" not in done.stdout, done.stdout
    with serving(tmp_path / "_build" / "html") as address:
        page = tab(f"{address}/{CHAPTER}.html", 390)
        assert "can only be read" in page.inner_text("p.run-reason") and page.locator(".run-bar").count() == 0
        assert barriers(page) == [] and page.wrong == []
    runtime.mark_pages(tmp_path / "_build" / "html", "")
    assert (tmp_path / "_build" / "html" / f"{CHAPTER}.html").read_bytes() == (site / f"{CHAPTER}.html").read_bytes()
