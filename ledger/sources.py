"""What a page prints: the equations of its text, read as Sphinx reads them, without Sphinx.

A chapter has two halves, NAME.md, which an author edits, and NAME.ipynb, from which the site is built. Here the .md is
read. The build of the site compares what it read itself with what is read here (website/equations.py).
"""

import json
import re
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from mdit_py_plugins.attrs import attrs_block_plugin, attrs_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

LABEL = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Directives whose content is not text of the book; that of all others is read.
VERBATIM = {"code-cell", "code-block", "code", "raw", "literalinclude", "eval-rst", "ledger"}


@dataclass
class Found:
    """What stands on one page, or in one half of it; a line of a notebook is the number of a cell."""

    displayed: list = field(default_factory=list)   # [(label, LaTeX, line)]
    inline: list = field(default_factory=list)      # [(LaTeX, line)]
    faults: list = field(default_factory=list)      # [(sentence, line)]
    path: object = None
    other: object = None                            # the half that prints other equations and was edited earlier

    def add_displayed(self, label, latex, line):
        if LABEL.fullmatch(label or ""):
            self.displayed.append((label, latex, line))
        else:
            self.faults.append((f"an equation without a label: $$ {shortened(latex)} $$ needs (a-label) behind it", line))

    def add_inline(self, latex, line):
        if "=" in latex or r"\leftarrow" in latex:
            self.inline.append((latex, line))

    def add_text(self, text, line):
        if "\\begin{" in text:
            self.faults.append(("an equation outside $$ … $$ (a-label), which nothing would read", line))

    def place(self, line):
        return f"{self.path}, cell {line}" if self.path.suffix == ".ipynb" else f"{self.path}:{line}"

    def printed(self):
        """The same without lines."""
        return [one[:2] for one in self.displayed], [one[0] for one in self.inline]


def shortened(latex):
    return latex if len(latex) <= 60 else latex[:57] + " …"


def one_line(latex):
    return " ".join(latex.split())


@cache
def parser():
    """MyST's Markdown with the extensions that _config.yml names."""
    markdown = MarkdownIt("commonmark").enable("table").use(front_matter_plugin).use(myst_block_plugin)
    markdown.use(myst_role_plugin).use(dollarmath_plugin, double_inline=False).use(colon_fence_plugin)
    markdown.use(deflist_plugin).use(attrs_block_plugin)
    return markdown.use(attrs_plugin, after=("image", "code_inline", "link_close", "span_close"), spans=True)


def read_text(text, found=None, place=lambda line: line + 1):
    """What stands in a text, added to what was found; place(line), line counted from 0, is where it stands."""
    found = found or Found()
    for token in parser().parse(text):
        line = token.map[0] if token.map else 0
        if token.type in ("math_block", "math_block_label"):
            found.add_displayed(token.info, one_line(token.content), place(line))
        elif token.type in ("fence", "colon_fence"):
            name = re.match(r"\{([\w:-]+)\}", token.info.strip())
            if name and name[1] not in VERBATIM:
                read_text(token.content, found, lambda inner, line=line: place(line + 1 + inner))
        elif token.type == "inline":
            for child in token.children:
                if child.type == "math_inline":
                    found.add_inline(one_line(child.content), place(line))
                elif child.type == "text":
                    found.add_text(child.content, place(line))
                line += child.type in ("softbreak", "hardbreak")
    return found


def read_page(path):
    return read_text(path.read_text(encoding="utf-8"), Found(path=path))


def read_notebook(path):
    """What stands in the markdown cells of a notebook."""
    found = Found(path=path)
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], 1):
        if cell["cell_type"] == "markdown":
            read_text("".join(cell["source"]), found, lambda line, number=number: number)
    return found


def pages_of(folder, suffix="md"):
    """The file of every page of a book, by the page's name; the other file is `toml`."""
    paths = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob(f"*.{suffix}"))}
    return {name: path for name, path in paths.items() if not re.search(r"(^|/)[._]", name)}


def damages(pages):
    """(file, sentence) for each half of these pages that cannot be read."""
    for path in pages.values():
        yield from ((half, fault) for half in (path, path.with_suffix(".ipynb")) if (fault := damage(half)))


def damage(path):
    """Why a half cannot be read, in a sentence, or None."""
    try:
        text = path.read_text(encoding="utf-8")
        if re.search(r"^<{7} .*^>{7} ", text, re.M | re.S):
            return "it has the conflict marks of a merge: `make notebooks` says what to do"
        if path.suffix == ".ipynb":
            json.loads(text)["cells"][0]
    except FileNotFoundError:
        return None
    except (ValueError, LookupError, TypeError) as error:
        return f"it is damaged ({str(error):.100}): `make notebooks` says what to do"


def read_halves(path):
    """What stands in the half of a page that was edited last, as `make notebooks` has it; the page is named by its .md."""
    notebook, found = path.with_suffix(".ipynb"), read_page(path)
    if notebook.exists():
        other = read_notebook(notebook)
        if other.printed() != found.printed():
            is_newer = path.stat().st_mtime < notebook.stat().st_mtime
            found.other, other.other = notebook, path
            return other if is_newer else found
    return found
