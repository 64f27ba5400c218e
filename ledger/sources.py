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

from .inline import is_equality

LABEL = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Directives whose content is not text of the book; that of all others is read.
VERBATIM = {"code-cell", "code-block", "code", "raw", "literalinclude", "eval-rst", "ledger"}


@dataclass
class Found:
    """What stands on one page: [(label, LaTeX, line)], [(LaTeX, line)], [(sentence, line)]."""

    displayed: list = field(default_factory=list)
    inline: list = field(default_factory=list)
    faults: list = field(default_factory=list)

    def add_displayed(self, label, latex, line):
        if LABEL.fullmatch(label or ""):
            self.displayed.append((label, latex, line))
        else:
            self.faults.append((f"an equation without a label: $$ {shortened(latex)} $$ needs (a-label) behind it", line))

    def add_inline(self, latex, line):
        if is_equality(latex):
            self.inline.append((latex, line))

    def add_text(self, text, line):
        if "\\begin{" in text:
            self.faults.append(("an equation outside $$ … $$ (a-label), which nothing would read", line))

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


def read_text(text, first=1, found=None):
    """What stands in the text of a page, whose first line has the number `first`."""
    found = found or Found()
    for token in parser().parse(text):
        line = first + (token.map[0] if token.map else 0)
        if token.type in ("math_block", "math_block_label"):
            found.add_displayed(token.info, one_line(token.content), line)
        elif token.type in ("fence", "colon_fence"):
            name = re.match(r"\{([\w:-]+)\}", token.info.strip())
            if name and name[1] not in VERBATIM:
                read_text(token.content, line + 1, found)
        elif token.type == "inline":
            read_inline(token, line, found)
    return found


def read_inline(token, line, found):
    for child in token.children:
        if child.type == "math_inline":
            found.add_inline(one_line(child.content), line)
        elif child.type == "text":
            found.add_text(child.content, line)
        line += child.type in ("softbreak", "hardbreak")


def read_page(path):
    return read_text(path.read_text(encoding="utf-8"))


def read_notebook(path):
    """What stands in the markdown cells of a notebook; a cell's number, from 1, is the line of what stands in it."""
    found = Found()
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], 1):
        if cell["cell_type"] == "markdown":
            part = read_text("".join(cell["source"]))
            found.displayed += [(label, latex, number) for label, latex, _ in part.displayed]
            found.inline += [(latex, number) for latex, _ in part.inline]
            found.faults += [(sentence, number) for sentence, _ in part.faults]
    return found


def pages_of(folder):
    """The .md of every page of a book, by the page's name."""
    paths = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.md"))}
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


@dataclass(frozen=True)
class Source:
    """The half of a page that was edited last, as `make notebooks` has it, and whether its other half says the same."""

    path: object
    found: Found
    other: object = None        # the other half, where its equations differ

    def place(self, line):
        return f"{self.path}, cell {line}" if self.path.suffix == ".ipynb" else f"{self.path}:{line}"


def read_halves(path):
    """The Source of a page, by its .md."""
    notebook, found = path.with_suffix(".ipynb"), read_page(path)
    if notebook.exists():
        other = read_notebook(notebook)
        if other.printed() != found.printed():
            if path.stat().st_mtime >= notebook.stat().st_mtime:
                return Source(path, found, notebook)
            return Source(notebook, other, path)
    return Source(path, found)
