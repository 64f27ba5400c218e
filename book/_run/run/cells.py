"""Runs the cells of a page one after another, inside Pyodide; worker.js hands them over and shows what is sent."""

import ast
import json
import linecache
import logging
import os
import pprint
import re
import sys
import time
import traceback
import warnings
from io import BytesIO, TextIOBase
from types import ModuleType

LIMIT = 100_000                         # characters that one cell may print
os.environ["MPLBACKEND"] = "agg"        # there is no window in a worker
logging.getLogger("matplotlib").setLevel(logging.ERROR)     # it tells of its font cache, which the book's outputs do not
warnings.filterwarnings("ignore", message=".*non-interactive", category=UserWarning)


# What an error's own words leave open here: its kind, some of its words, and a line for the reader.
HINTS = (
    (ModuleNotFoundError, "No module named '([^'.]+)",
     "Python in the page has NumPy, Matplotlib, nnlib and its own library, and not {}. The chapter’s notebook, for "
     "a Python that has it, is behind the arrow at the top of the page."),
    (AssertionError, "", "An assert compares with the book’s own numbers: after a change that is meant, it is right to fail."),
    (EOFError, "reading a line", "Nothing can be typed in while a cell runs: write the value into the code."),
    (ValueError, "read-only", "A network and its trace are never changed in place: net.replace(0, W=…) is a new network."),
)


class Stream(TextIOBase):
    """What is printed, sent in pieces: not at every write, so that a flood of lines does not drown the page."""

    def __init__(self, kind, send):
        self.kind, self.send, self.waiting, self.size, self.sent = kind, send, [], 0, 0.0

    def write(self, text):
        room = LIMIT - self.size
        if room > 0:
            self.size += len(text)
            full = len(text) >= room
            self.waiting.append(text[:room] + f"\n… The rest is not shown, after {LIMIT:,} characters.\n" if full else text)
            if full or time.monotonic() > self.sent + 0.05:
                self.pass_on()
        return len(text)

    def pass_on(self):
        if self.waiting:
            self.send(self.kind, "".join(self.waiting))
        self.waiting, self.sent = [], time.monotonic()


class Runner:
    def __init__(self, send):
        self.send, self.main = send, None
        self.streams = sys.stdout, sys.stderr = Stream("out", send), Stream("err", send)

    def forget(self):
        """Begin again: the next cell finds no name of the ones before it."""
        self.main = sys.modules["__main__"] = ModuleType("__main__")

    def run(self, number, source, drawn):
        """Run one cell; `drawn`: with its figure. The answer, as JSON: {}, or the error's name and line, or a module that
        is not there."""
        file = f"<cell {number}>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        answer = {}
        for stream in self.streams:
            stream.size, stream.sent = 0, 0.0
        try:
            self.execute(ast.parse(source, file), file, drawn, source.rstrip().endswith(";"))
        except BaseException as error:
            if isinstance(error, ModuleNotFoundError) and error.name:
                answer["missing"] = error.name.partition(".")[0]
            answer["error"], text = told(error, number)
            answer["line"] = line_in(error, file)
            self.pass_on()
            self.send("error", text)
        self.pass_on()
        return json.dumps(answer)

    def pass_on(self):
        for stream in self.streams:
            stream.pass_on()

    def execute(self, tree, file, drawn, silent):
        """As a notebook does: the value of a last expression is shown. A figure that nobody waits for is not drawn."""
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        if last and not drawn and draws(last.value):
            last = None
        names = self.main.__dict__
        exec(compile(tree, file, "exec"), names)
        if last:
            value = eval(compile(ast.Expression(last.value), file, "eval"), names)
            if value is not None and not silent:
                self.show(value, drawn)
        if plots := sys.modules.get("matplotlib.pyplot"):
            for figure in map(plots.figure, plots.get_fignums()):
                self.show(figure, drawn)
            plots.close("all")

    def show(self, value, drawn):
        if hasattr(value, "_repr_svg_"):
            if drawn:
                self.send("svg", value._repr_svg_())
        elif type(value).__module__ == "matplotlib.figure":
            if drawn:
                file = BytesIO()
                value.savefig(file, format="svg", transparent=True, bbox_inches="tight")
                self.send("svg", file.getvalue().decode())
        else:
            plain = isinstance(value, (list, tuple, dict, set))
            print(pprint.pformat(value, sort_dicts=False) if plain else repr(value))


def draws(node):
    """Whether an expression is a call of nnlib.plotting, as every hidden cell of the book ends in one."""
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Attribute) and getattr(called.value, "id", "") == "plotting"


def told(error, number):
    """(name, text) of an error; of its way here, only what stands in the reader's cells."""
    report = traceback.TracebackException.from_exception(error, compact=True)
    trim(report)
    text = "".join(report.format()).replace("Traceback (most recent call last):\n", "")
    for name, words, hint in HINTS:
        if isinstance(error, name) and (found := re.search(words, str(error))):
            text += hint.format(*found.groups())
    place = r'  File "<cell (\d+)>", line (\d+)(?:, in <module>)?'
    text = re.sub(place, lambda found: f"{'Line' if int(found[1]) == number else 'A cell above, line'} {found[2]}", text)
    return type(error).__name__, text.strip("\n")


def trim(report):
    """Leave out the steps through libraries, in this error and in those that led to it."""
    while report:
        own = [step for step in report.stack if step.filename.startswith("<cell ")]
        for step in own:
            step.colno = None           # no row of ^^^^ under the line: on a phone it stands anywhere
        report.stack = traceback.StackSummary.from_list(own)
        report = report.__cause__ or report.__context__


def line_in(error, file):
    """The line of a cell that an error came through or, where it is none of Python's words, the line of that."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    return next((step.lineno for step in traceback.extract_tb(error.__traceback__) if step.filename == file), None)
