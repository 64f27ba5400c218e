"""Run the chapters that changed, and write both halves of each pair: `make notebooks`, or `make notebooks ALL=1`.

An author edits `book/NAME.md` (or `NAME.ipynb`, in JupyterLab); the other half is made from the one that was edited
(tools/pairs.py says which that is), and the notebook gets its outputs. A chapter is stale

- if its notebook is not, to the letter, what this tool writes for its text: each cell's id is a hash of its source, and
  the cells are numbered in the order in which they ran, so any edit shows, in either half and in any clone;
- or if nnlib, or a recorded file that it opens, is not what the chapter last ran with, which _build/notebooks.json knows.
  Where that file knows nothing, as in a fresh clone, the commit is trusted, whose outputs its tests compared: the chapter is
  stale if one of them or the chapter differs from it.

What is written says nothing of the machine or the hour.
"""

import argparse
import asyncio
import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import files
import nbformat
import pairs
from install import one_at_a_time
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from pairs import ROOT, Failed, chapters, other, read, shown, tidy, to_text


async def execute(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Run every cell in a fresh kernel, or raise Failed with one sentence and the end of the traceback."""
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", record_timing=False, coalesce_streams=True,
                            shutdown_kernel="immediate",
                            extra_arguments=["--IPKernelApp.log_level=40"],
                            resources={"metadata": {"path": str(path.parent)}})
    cells = [number for number, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code"]
    running = 0

    def started(cell, cell_index):
        nonlocal running
        running = cell_index + 1

    client.on_cell_start = started
    try:
        await client.async_execute()
    except CellExecutionError as error:
        where = re.sub(r"\x1b\[[0-9;]*m", "", error.traceback).rstrip().splitlines()
        what = f"{shown(path)}, cell {running}: {error.ename}: {error.evalue}"
        raise Failed("\n    ".join([what, *where[-12:]])) from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise Failed(f"{shown(path)}, cell {running}: {error}") from None
    for number in cells:
        for output in notebook.cells[number - 1].outputs:
            # a warning, or a figure whose formatter failed: Jupyter goes on, the book does not
            if output.get("name") == "stderr":
                raise Failed(f"{shown(path)}, cell {number} writes to stderr:\n\n{output.text}")


async def refresh(path: Path, root: Path) -> tuple[int, float]:
    """Run one chapter and write its pair; the number of its code cells and the seconds it took."""
    start, before = time.perf_counter(), pairs.snapshot(path)
    notebook = tidy(pairs.source_of(path, root))
    await execute(notebook, path)
    pairs.write(path, tidy(notebook), before, root)
    return sum(cell.cell_type == "code" for cell in notebook.cells), time.perf_counter() - start


# Which chapters are stale ---------------------------------------------------------------------------------------------

def untouched(path: Path) -> bool:
    """Whether both halves are what `refresh` writes, apart from the outputs."""
    if not (path.exists() and other(path).exists()):
        return False
    try:
        content, notebook = path.read_text(encoding="utf-8"), read(path)
    except (Failed, ValueError):
        return False
    numbers = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    return (numbers == [*range(1, len(numbers) + 1)] and content == nbformat.writes(tidy(notebook)) + "\n"
            and other(path).read_text(encoding="utf-8", errors="replace") == to_text(notebook))


def code(root: Path) -> bytes:
    """A hash of nnlib."""
    digest = hashlib.sha256()
    for file in sorted((root / "nnlib").rglob("*")):
        if file.suffix in {".py", ".npz", ".json"}:
            digest.update(file.name.encode() + file.read_bytes())
    return digest.digest()


def recorded(path: Path) -> list[Path]:
    """The files of recorded numbers that a chapter opens."""
    text = other(path).read_text(encoding="utf-8", errors="replace") if other(path).exists() else ""
    return [path.parent / file for file in re.findall(r'open\("(\S+\.json)"', text)]


def fingerprint(path: Path, nnlib: bytes) -> str:
    """What a chapter's outputs depend on, and they themselves: its two halves, what it opens, and nnlib."""
    opened = [file.read_bytes() for file in recorded(path) if file.exists()]
    return hashlib.sha256(b"".join([*pairs.snapshot(path), *opened, nnlib])).hexdigest()


def committed(path: Path, root: Path) -> bool:
    """Whether nnlib, a chapter and what it opens are what the last commit says."""
    git = subprocess.run(["git", "status", "--porcelain", "--", "nnlib", path, other(path), *recorded(path)], cwd=root,
                         capture_output=True, check=False)
    return git.returncode == 0 and not git.stdout


def current(path: Path, root: Path, ran: dict[str, str]) -> bool:
    """Whether a chapter need not run."""
    known = ran.get(name(path, root))
    return untouched(path) and (committed(path, root) if known is None else known == fingerprint(path, code(root)))


def name(path: Path, root: Path) -> str:
    return path.relative_to(root / "book").as_posix()


# The run --------------------------------------------------------------------------------------------------------------

class Run:
    """The stale chapters, two at a time. Each is written and remembered as soon as it has run."""

    def __init__(self, root: Path, everything: bool):
        self.root, self.memory, self.nnlib, self.failures = root, root / "_build" / "notebooks.json", code(root), []
        before = {}
        with suppress(FileNotFoundError, ValueError):
            before = json.loads(self.memory.read_text(encoding="utf-8"))
        self.paths = chapters(root / "book")
        self.stale = [path for path in self.paths if everything or not current(path, root, before)]
        self.ran = {name(path, root): "stale" for path in self.stale}
        for path in self.paths:
            if path not in self.stale:
                self.remember(path)

    def remember(self, path: Path) -> None:
        self.ran[name(path, self.root)] = fingerprint(path, self.nnlib)
        pairs.agree_on(path, other(path).read_text(encoding="utf-8"), self.root)

    def save(self) -> None:
        files.write({self.memory: json.dumps(self.ran, indent=1, sort_keys=True)})

    async def chapter(self, path: Path, two: asyncio.Semaphore) -> None:
        async with two:
            try:
                cells, seconds = await refresh(path, self.root)
                self.remember(path)
                self.save()
                print(f"· {name(path, self.root)}: {cells} cells, {seconds:.1f} s", flush=True)
            except (Failed, OSError) as failure:
                self.failures.append(failure)

    async def all(self) -> None:
        self.save()
        two = asyncio.Semaphore(2)
        await asyncio.gather(*(self.chapter(path, two) for path in self.stale))


def until_interrupted(work: Coroutine) -> None:
    """Do the work in another thread, as nbclient takes over the signals of a main thread. An interrupt cancels the work,
    which shuts down its kernels."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)

    def to_the_end() -> None:
        try:
            loop.run_until_complete(task)
        finally:
            for left in asyncio.all_tasks(loop):        # nbclient watches its kernels in tasks of its own
                left.cancel()
                with suppress(asyncio.CancelledError):
                    loop.run_until_complete(left)
            loop.close()

    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(to_the_end)
        try:
            done.result()
        except KeyboardInterrupt:
            loop.call_soon_threadsafe(task.cancel)
            raise


def main(root: Path = ROOT, everything: bool = False) -> int:
    with one_at_a_time(root / "book", "Another run of the chapters is under way; this one waits for it"):
        run = Run(root, everything)
        until_interrupted(run.all())
    for failure in run.failures:
        print(f"✗ {failure}", file=sys.stderr)
    if not run.failures:
        print(f"{len(run.stale)} of {len(run.paths)} chapters were stale and have run." if run.stale else
              "No chapter is stale.")
    return bool(run.failures)


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def command(root: Path = ROOT, arguments: list[str] | None = None) -> None:
    options = argparse.ArgumentParser(description="Run the chapters that changed, and write both halves of each pair.")
    options.add_argument("--all", action="store_true", help="run every chapter")
    everything = options.parse_args(arguments).all
    signal.signal(signal.SIGTERM, interrupted)
    try:
        sys.exit(main(root, everything))
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. The chapters named above are written; `make notebooks` runs the rest.")
    except OSError as error:
        sys.exit(f"✗ {error.strerror}: {error.filename}")


if __name__ == "__main__":
    command()
