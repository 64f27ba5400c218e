"""A chapter is a pair, NAME.ipynb and NAME.md. Either half may be edited; which one was, and what may be overwritten?

What a half says is one text: of the .md its own, of the .ipynb the one that jupytext makes of it. Halves agree if they say
the same. Of some texts it is known that both halves once said them:

- the text on which they agreed when they were last written or looked at, which _build/agreed keeps;
- the text of the newest commit whose two halves agree, and the same of a branch that is being merged.

If exactly one half still says such a text, then the other half is the one that was edited, and it is carried over.
Otherwise both were edited, or nobody knows, and nothing is written. So a text is overwritten only if both halves once said
it and the other half was edited since, or if git holds it: nothing is lost that only one file holds. The dates of files
decide nothing, as a clone, a checkout, a merge and an unpacked archive set them as they like.

What a text cannot say (a pasted picture, metadata of a cell) is refused and not dropped. Outputs are made anew.
"""

import copy
import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import files
import jupytext
import nbformat

ROOT = Path(__file__).resolve().parent.parent
FORMAT = "md:myst"
# Each pair states what its text keeps of the notebook: jupytext compares halves by what they state, and not by settings.
JUPYTEXT = {
    "cell_metadata_filter": "tags,-all",
    "formats": f"ipynb,{FORMAT}",
    "notebook_metadata_filter": "myst,-jupytext.text_representation.jupytext_version",
    "text_representation": {"extension": ".md", "format_name": "myst"},
}
HEADER = {"jupytext", "kernelspec", "language_info", "myst"}
# What editors write into a cell of their own accord.
EDITORS = {"collapsed", "colab", "editable", "execution", "ExecuteTime", "id", "jupyter", "outputId", "pycharm", "scrolled",
           "slideshow", "trusted", "vscode"}


class Failed(Exception):
    """A chapter that cannot be read, run or written; the message is a sentence that names the file."""


# What a half says -----------------------------------------------------------------------------------------------------

def chapters(book: Path) -> list[Path]:
    """The notebooks of the book, by the path of their .ipynb: those that exist, and every .md that is to be one."""
    texts = [path for path in book.rglob("*.md")
             if "\njupytext:" in path.read_text(encoding="utf-8", errors="replace")[:400]]
    found = {*book.rglob("*.ipynb"), *(path.with_suffix(".ipynb") for path in texts)}
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def shown(path: Path) -> str:
    """A path as the author's folder has it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def read(path: Path) -> nbformat.NotebookNode:
    """The notebook that a half is, whichever half; Failed where it is none."""
    try:
        text = path.read_text(encoding="utf-8")
        if re.search(r"^<{7} .*^>{7} ", text, re.M | re.S):
            raise Failed(f"{shown(path)} has the conflict marks of a merge: edit an .md until it says what it shall say, "
                         "take one side of an .ipynb with `git checkout --ours FILE`, and run `make notebooks`.")
        if path.suffix == ".md" and len(re.findall("^```", text, re.M)) % 2:
            raise Failed(f"{shown(path)} ends within a block that ``` opens: close the block, or bring back the rest.")
        return parse(text, path.suffix)
    except FileNotFoundError:
        raise Failed(f"{shown(path)} is missing: run `make notebooks`.") from None
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0][:120]
        raise Failed(f"{shown(path)} cannot be read ({reason}): bring back the last commit's with `git checkout "
                     f"{shown(path)}`, or delete it, and `make notebooks` makes it of {other(path).name}.") from None


def parse(text: str, suffix: str) -> nbformat.NotebookNode:
    """The notebook that a text is, or ValueError."""
    invalid = {}
    try:
        if suffix == ".ipynb":
            notebook = nbformat.reads(text, as_version=4, capture_validation_error=invalid)
        else:
            notebook = jupytext.reads(text, fmt=FORMAT)
    except Exception as error:          # json, jsonschema, yaml and jupytext: each has errors of its own
        raise ValueError(str(error) or type(error).__name__) from None
    if invalid or not notebook.cells:
        raise ValueError(invalid["ValidationError"].message if invalid else "it has no cells")
    return notebook


def other(path: Path) -> Path:
    """The other half."""
    return path.with_suffix(".ipynb" if path.suffix == ".md" else ".md")


def to_text(notebook: nbformat.NotebookNode) -> str:
    """The chapter's text, exactly as the .md half must hold it."""
    return jupytext.writes(notebook, fmt=FORMAT)


def tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without traces of machine, time and editor; cell ids follow from the text, so diffs stay small."""
    for extra in set(notebook.metadata) - HEADER:
        del notebook.metadata[extra]
    notebook.metadata["jupytext"] = nbformat.from_dict(JUPYTEXT)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags} if tags else {}
        if "remove-input" in tags:
            cell.metadata["jupyter"] = {"source_hidden": True}    # JupyterLab folds it; the site leaves it out
        cell.pop("attachments", None)
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell["id"] = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def says(notebook: nbformat.NotebookNode) -> str:
    """What a half says, however its editor has written it."""
    return to_text(tidy(copy.deepcopy(notebook)))


def refuse_metadata(path: Path) -> None:
    """Failed where a half has metadata that `tidy` would drop and that no editor has put there by itself."""
    notebook = read(path)
    for key in set(notebook.metadata) - HEADER if path.suffix == ".md" else ():
        raise Failed(f"{shown(path)}: its header has `{key}`, which the notebook does not keep: remove it.")
    for number, cell in enumerate(notebook.cells, 1):
        for key in set(cell.metadata) - EDITORS - {"tags"}:
            raise Failed(f"{shown(path)}, cell {number} has the metadata `{key}`, which nothing keeps: remove it.")


def refuse_pictures(path: Path, notebook: nbformat.NotebookNode) -> None:
    """Failed where a cell shows a picture that was pasted into the notebook: the other half cannot hold it."""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "markdown" and "](attachment:" in cell.source:
            raise Failed(f"{shown(path)}, cell {number} shows a pasted picture, which a text cannot hold: save the picture "
                         "as a file in book/images and write ![what it shows](images/NAME.png) in its place.")


# Which half was edited ------------------------------------------------------------------------------------------------

def place(path: Path, root: Path) -> Path:
    """Where the text is kept on which a pair agreed last."""
    return (root / "_build" / "agreed" / path.relative_to(root / "book")).with_suffix(".md")


def agree_on(path: Path, text: str, root: Path) -> None:
    """Keep the text that both halves say now."""
    kept = place(path, root)
    if not kept.exists() or kept.read_text(encoding="utf-8") != text:
        files.write({kept: text})


def agreed(path: Path, root: Path) -> set[str]:
    """The texts that both halves are known to have said."""
    kept = place(path, root)
    return {*committed(path), *([kept.read_text(encoding="utf-8")] if kept.exists() else [])}


def committed(path: Path) -> Iterator[str]:
    """What both halves say in the newest commit where they agree, of this branch and of one that is being merged."""
    for branch in ("HEAD", "MERGE_HEAD"):
        for commit in git(path, "log", "-20", "--format=%H", branch, "--", path.name, other(path).name).split():
            with suppress(ValueError):
                texts = [says(parse(git(path, "show", f"{commit}:./{half.name}"), half.suffix))
                         for half in (path, other(path))]
                if texts[0] == texts[1]:
                    yield texts[0]
                    break


def git(path: Path, *words: str) -> str:
    """What git prints, asked beside a file; nothing where git, or what it is asked for, is missing."""
    with suppress(FileNotFoundError):
        return subprocess.run(["git", *words], cwd=path.parent, capture_output=True, encoding="utf-8", check=False).stdout
    return ""


def edited(path: Path, root: Path) -> Path | None:
    """The half that was edited since both agreed, by the path of the .ipynb. None if they agree; Failed if nobody knows."""
    half, text = path, other(path)
    if not (half.exists() and text.exists()):
        return half if half.exists() else text
    in_notebook, in_text = says(read(half)), says(read(text))
    if in_notebook == in_text:
        return None
    known = agreed(path, root)
    if (in_notebook in known) == (in_text in known):
        raise Failed(f"{shown(text)} and {shown(half)} have both changed since they last agreed, so neither is overwritten: "
                     f"compare them with `.venv/bin/jupytext --diff {shown(text)} {shown(half)}`, bring one of them to say "
                     "all that you want to keep, delete the other, and run `make notebooks`.")
    return text if in_notebook in known else half


def source_of(path: Path, root: Path) -> nbformat.NotebookNode:
    """The chapter as the half has it that was edited last."""
    source = edited(path, root) or path
    for half in filter(Path.exists, (path, other(path))):
        refuse_metadata(half)
    notebook = read(source)
    refuse_pictures(source, notebook)
    return notebook


def snapshot(path: Path) -> list[bytes]:
    """What both halves hold, byte by byte."""
    return [half.read_bytes() if half.exists() else b"" for half in (path, other(path))]


def write(path: Path, notebook: nbformat.NotebookNode, before: list[bytes], root: Path) -> None:
    """Write both halves, or Failed and neither, where one of them is no longer what it was `before` or cannot be written."""
    halves = {path: nbformat.writes(notebook) + "\n", other(path): to_text(notebook)}
    if snapshot(path) != before:
        raise Failed(f"{shown(path)} or its .md has changed while the chapter ran: run `make notebooks` once more.")
    try:
        files.write({half: text for half, text in halves.items()
                     if not half.exists() or half.read_text(encoding="utf-8") != text})
        agree_on(path, halves[other(path)], root)
    except OSError as error:
        where = shown(Path(error.filename))
        raise Failed(f"{shown(path)} and its .md stand as they were: {error.strerror} ({where}).") from None


# In JupyterLab --------------------------------------------------------------------------------------------------------
# jupytext opens the .md with the outputs of the .ipynb, and refuses where the .ipynb is the newer file and says something
# else. A save writes both.

def prepare(root: Path) -> None:
    """Before JupyterLab starts: carry over what a notebook alone says, and have jupytext refuse a pair that Failed."""
    for path in chapters(root / "book"):
        try:
            source = edited(path, root)
            if source == path and other(path).exists():
                files.write({other(path): says(read(path))})
                print(f"· {shown(other(path))} now says what {shown(path)} says.")
            elif source and path.exists():
                os.utime(other(path))
            if source in (None, path):
                agree_on(path, says(read(path)), root)
        except Failed as failure:
            print(f"✗ {failure}")
            if path.exists() and other(path).exists():
                later = other(path).stat().st_mtime + 60
                os.utime(path, (later, later))


def before_save(model: dict, path: str, contents_manager: object, **_: object) -> None:
    """A hook of Jupyter's: refuse a save that overwrites what nothing else holds."""
    from tornado.web import HTTPError

    half = Path(contents_manager.root_dir, path).resolve()
    if model["type"] != "notebook" or half not in chapters(ROOT / "book") or not (half.exists() and other(half).exists()):
        return
    saved, here = nbformat.from_dict(model["content"]), read(half)
    for cell in here.cells:
        for name in cell.get("attachments", {}):
            if any(f"](attachment:{name})" in one.source and name not in one.get("attachments", {}) for one in saved.cells):
                raise HTTPError(409, f"The picture {name} would be lost: open {half.name} again, and save it as a file.")
    if says(here) not in (says(saved), says(read(other(half)))) and says(here) not in agreed(half, ROOT):
        raise HTTPError(409, f"{half.name} was changed by another program, and no other file has that change: "
                             "run `make notebooks`, which says what to do, and open the notebook again.")


def after_save(os_path: str, **_: object) -> None:
    """A hook of Jupyter's: keep what both halves say from now on."""
    half = Path(os_path).resolve()
    if half.suffix == ".md" and (path := other(half)) in chapters(ROOT / "book"):
        with suppress(Failed, OSError):
            if edited(path, ROOT) is None:
                agree_on(path, says(read(path)), ROOT)


if __name__ == "__main__":
    prepare(ROOT)
