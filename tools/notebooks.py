"""Run the chapters that changed, and write both halves of each pair: `make notebooks`, or `make notebooks ALL=1`.

An author edits `book/NAME.md` (or `NAME.ipynb`, in JupyterLab); the other half is made from the one that was edited,
and the notebook gets its outputs. A chapter is stale

- if its notebook is not, to the letter, what this tool writes for its text: each cell's id is a hash of its source, and
  the cells are numbered in the order in which they ran, so any edit shows, in either half and in any clone;
- or if nnlib is not what the chapter last ran with, which _build/notebooks.json knows. Where that file knows nothing, as
  in a fresh clone, the commit is trusted, whose outputs its tests compared: the chapter is stale if nnlib or the chapter
  differs from it.

What is written says nothing of the machine or the hour.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import jupytext
import nbformat
from jupytext.config import load_jupytext_config
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
FORMAT = "md:myst"


class Failed(Exception):
    """A chapter that cannot be run; the message names notebook and cell."""


def chapters(book: Path) -> list[Path]:
    """The notebooks of the book, by the path of their .ipynb: those that exist, and every .md that is to be one."""
    texts = [path for path in book.rglob("*.md") if "\njupytext:" in path.read_text(encoding="utf-8")[:400]]
    found = {*book.rglob("*.ipynb"), *(path.with_suffix(".ipynb") for path in texts)}
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def to_text(notebook: nbformat.NotebookNode, path: Path) -> str:
    """The chapter's text, exactly as the .md half must hold it."""
    return jupytext.writes(notebook, fmt=FORMAT, config=load_jupytext_config(str(path)))


def tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without traces of machine, time and editor; cell ids follow from the text, so diffs stay small."""
    for extra in set(notebook.metadata) - {"jupytext", "kernelspec", "language_info", "myst"}:
        del notebook.metadata[extra]
    notebook.metadata["jupytext"] = {
        "formats": "ipynb,md:myst",
        "text_representation": {"extension": ".md", "format_name": "myst"},
    }
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags} if tags else {}
        if "remove-input" in tags:
            cell.metadata["jupyter"] = {"source_hidden": True}    # JupyterLab folds it; the site leaves it out
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell["id"] = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def source_of(path: Path) -> nbformat.NotebookNode:
    """The chapter from the half that was edited last. Halves that agree are equal, whatever their dates say."""
    text_path = path.with_suffix(".md")
    if not path.exists():
        return jupytext.read(text_path, fmt=FORMAT)
    if not text_path.exists():
        return read(path)
    notebook = read(path)
    if to_text(notebook, path) == text_path.read_text(encoding="utf-8"):
        return notebook
    newer_text = text_path.stat().st_mtime >= path.stat().st_mtime
    return jupytext.read(text_path, fmt=FORMAT) if newer_text else notebook


def execute(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Run every cell in a fresh kernel, or raise Failed with one sentence and the end of the traceback."""
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", record_timing=False, coalesce_streams=True,
                            extra_arguments=["--IPKernelApp.log_level=40"],
                            resources={"metadata": {"path": str(path.parent)}})
    cells = [number for number, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code"]
    running = 0

    def started(cell, cell_index):
        nonlocal running
        running = cell_index + 1

    client.on_cell_start = started
    try:
        client.execute()
    except CellExecutionError as error:
        where = re.sub(r"\x1b\[[0-9;]*m", "", error.traceback).rstrip().splitlines()
        what = f"cell {running}: {error.ename}: {error.evalue}"
        raise Failed("\n    ".join([what, *where[-12:]])) from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise Failed(f"cell {running}: {error}") from None
    for number in cells:
        for output in notebook.cells[number - 1].outputs:
            # a warning, or a figure whose formatter failed: Jupyter goes on, the book does not
            if output.get("name") == "stderr":
                raise Failed(f"cell {number} writes to stderr:\n\n{output.text}")


def write(path: Path, text: str) -> None:
    """Write only what differs, so that dates mean something."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def refresh(path: Path) -> tuple[int, float]:
    """Run one chapter and write its pair; the number of its code cells and the seconds it took."""
    start = time.perf_counter()
    notebook = tidy(source_of(path))
    execute(notebook, path)
    tidy(notebook)
    # the .ipynb first: if anything stops us between the two, the text is the older half and nothing is lost
    write(path, nbformat.writes(notebook) + "\n")
    write(path.with_suffix(".md"), to_text(notebook, path))
    return sum(cell.cell_type == "code" for cell in notebook.cells), time.perf_counter() - start


# Which chapters are stale ---------------------------------------------------------------------------------------------

def untouched(path: Path) -> bool:
    """Whether both halves are what `refresh` writes, apart from the outputs."""
    if not (path.exists() and path.with_suffix(".md").exists()):
        return False
    content, notebook = path.read_text(encoding="utf-8"), read(path)
    numbers = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    return (numbers == [*range(1, len(numbers) + 1)] and content == nbformat.writes(tidy(notebook)) + "\n"
            and path.with_suffix(".md").read_text(encoding="utf-8") == to_text(notebook, path))


def fingerprint(path: Path, root: Path) -> str:
    """What a chapter's outputs depend on, and they themselves: its two halves and nnlib."""
    digest = hashlib.sha256()
    nnlib = (file for file in sorted((root / "nnlib").rglob("*")) if file.suffix in {".py", ".npz"})
    for file in (path, path.with_suffix(".md"), *nnlib):
        digest.update(file.name.encode() + (file.read_bytes() if file.exists() else b""))
    return digest.hexdigest()


def committed(path: Path, root: Path) -> bool:
    """Whether nnlib and a chapter are what the last commit says."""
    places = ["nnlib", str(path.relative_to(root)), str(path.with_suffix(".md").relative_to(root))]
    git = subprocess.run(["git", "status", "--porcelain", "--", *places], cwd=root, capture_output=True, check=False)
    return git.returncode == 0 and not git.stdout


def current(path: Path, root: Path, ran: dict[str, str]) -> bool:
    """Whether a chapter need not run."""
    known = ran.get(name(path, root))
    return untouched(path) and (committed(path, root) if known is None else known == fingerprint(path, root))


def name(path: Path, root: Path) -> str:
    return path.relative_to(root / "book").as_posix()


def main(root: Path = ROOT, everything: bool = False) -> int:
    memory = root / "_build" / "notebooks.json"
    ran = json.loads(memory.read_text()) if memory.exists() else {}
    paths = chapters(root / "book")
    stale = [path for path in paths if everything or not current(path, root, ran)]
    ran = {name(path, root): fingerprint(path, root) for path in paths if path not in stale}
    failures = []
    with ProcessPoolExecutor(max_workers=2) as pool:
        work = {pool.submit(refresh, path): path for path in stale}
        for done in as_completed(work):
            path = work[done]
            try:
                cells, seconds = done.result()
                ran[name(path, root)] = fingerprint(path, root)
                print(f"· {name(path, root)}: {cells} cells, {seconds:.1f} s", flush=True)
            except Failed as failure:
                ran[name(path, root)] = "failed"
                failures.append(f"{name(path, root)}, {failure}")
    memory.parent.mkdir(exist_ok=True)
    memory.write_text(json.dumps(ran, indent=1, sort_keys=True))
    for failure in failures:
        print(f"✗ {failure}", file=sys.stderr)
    if not failures:
        print(f"{len(stale)} of {len(paths)} chapters were stale and have run." if stale else "No chapter is stale.")
    return bool(failures)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="Run the chapters that changed, and write both halves of each pair.")
    options.add_argument("--all", action="store_true", help="run every chapter")
    sys.exit(main(everything=options.parse_args().all))
