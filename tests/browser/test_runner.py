"""Python in the page: what a reader does with it: change, run, stop, reset; by mouse, keyboard and finger."""

import json
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pairs
import pytest
import runtime
import server
from pages import NO_STORAGE, SETTLED, barriers, opened, parse, serving

BOOK = Path(__file__).resolve().parents[2] / "book"
CHAPTER = "03_weight_derivatives"
HELP = """window.cellCount = document.querySelectorAll('.cell:not(.run-scratch) > .run-bar').length;
    window.bar = i => document.querySelectorAll('.run-bar')[i];
    window.says = i => bar(i).querySelector('.run-status').textContent;
    window.runs = i => bar(i).querySelector('.run-run')?.dataset.does === 'stop';
    window.press = i => bar(i).querySelector('.run-run').click();
    window.output = i => bar(i).parentElement.querySelector('.run-output')?.textContent ?? '';
    window.ran = i => new Promise(done => { const start = performance.now();
      const look = () => { if (!runs(i)) { watch.disconnect(); done(performance.now() - start); } };
      const watch = new MutationObserver(look);
      watch.observe(bar(i), { subtree: true, attributes: true, attributeFilter: ['data-does'] }); press(i); });
    window.area = i => bar(i).parentElement.querySelector('textarea');
    window.change = (i, change) => { if (!area(i)) bar(i).querySelector('.run-edit').click();
      area(i).value = change(area(i).value); area(i).dispatchEvent(new Event('input')); };
    window.drawn = i => bar(i).parentElement.previousElementSibling?.querySelector('img.drawing')?.src.startsWith('data:');
    window.frame = () => new Promise(done => { const times = []; const next = time => {
      if (times.push(time) < 30) requestAnimationFrame(next); else done((time - times[0]) / 29); };
      requestAnimationFrame(next); });
    window.fits = () => document.documentElement.scrollWidth <= document.documentElement.clientWidth; 0"""


@pytest.fixture
def chapter(tab, python, address):
    """Open a chapter: chapter(name, …) → the page, with HELP; what went wrong, and what it asked for, stand in it."""
    def open_chapter(name=CHAPTER, width=1280, **more):
        page = tab(f"{address}/{name}.html", width, **more)
        page.evaluate(HELP)
        page.home = (address, "data:", "blob:")
        return page
    return open_chapter


@contextmanager
def shared(browser, address, name):
    with opened(browser, f"{address}/{name}.html") as page:
        page.evaluate(HELP)
        page.home = (address, "data:", "blob:")
        yield page


@pytest.fixture(scope="module")
def notation(browser, python, address):
    """One page for several tests, as Python takes seconds to start."""
    with shared(browser, address, "01_notation") as page:
        yield page


@pytest.fixture(scope="module")
def weights(browser, python, address):
    """The same, with Matplotlib. The last of its tests lets axe look at it; then it is no longer whole."""
    with shared(browser, address, CHAPTER) as page:
        yield page


def stored(name):
    """[(tags, what the cell prints, whether it draws)] of a chapter's code cells."""
    for cell in pairs.read(BOOK / f"{name}.ipynb").cells:
        if cell.cell_type == "code":
            drawn = any("image/svg+xml" in output.get("data", {}) for output in cell.outputs)
            texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
            yield cell.metadata.get("tags", []), "" if drawn else "".join(texts).rstrip(), drawn


def well(page):
    """Nothing was asked of another host, nothing broke the policy, nothing went wrong."""
    foreign = [one for one in page.asked if not one.startswith(page.home)]
    return foreign == [] and page.evaluate("refused") == [] and page.wrong == []


def test_cells_and_figures_run_as_they_are_stored(weights):
    """The wiring from a press on Run to output and picture. The whole book's cells run in tests/chapters, under node."""
    page, cells, sizes = weights, list(stored(CHAPTER)), "[...document.images].map((one) => one.style.cssText)"
    before = page.evaluate(sizes)
    assert page.evaluate("cellCount") == len(cells)
    for number, (tags, _, _) in enumerate(cells):
        assert "desktop" not in tags or page.evaluate(f"says({number})") == "runs in Jupyter only"
    runs = [(number, printed, drawn) for number, (tags, printed, drawn) in enumerate(cells) if "desktop" not in tags]
    figure = next(one for one in runs if one[2])
    text = [one for one in runs if not one[2]]
    for number, printed, drawn in (text[0], text[-1], figure):
        page.evaluate(f"ran({number})")
        assert page.evaluate(f"says({number})").startswith("Done"), (number, page.evaluate(f"output({number})"))
        assert page.evaluate(f"output({number})").rstrip() == printed, number
        assert bool(page.evaluate(f"drawn({number})")) == drawn
    assert page.evaluate(sizes) == before, "a drawing of the page takes the room that the stored one had"
    assert well(page), (page.asked, page.wrong)


# What a reader does --------------------------------------------------------------------------------------------------

def test_on_a_phone_a_weight_is_changed_and_the_assert_below_fails(chapter):
    page = chapter(width=390, has_touch=True, is_mobile=True)
    code = page.locator("div.cell:not(.run-hidden) > .cell_input pre").filter(has_text="def y_hat(w0)")
    before = code.inner_text()
    code.tap()
    page.evaluate("change(2, (code) => code.replace('w0 * 3', 'w0 * 4'))")
    assert page.evaluate("says(2)") == "edited"
    page.locator(".run-run").nth(2).tap()
    page.wait_for_function("() => !runs(2)", timeout=60_000)
    assert page.evaluate("says(2)") == "AssertionError, line 8"
    assert "assert abs(slope - (-1440))" in page.inner_text(".run-error")
    colour = page.evaluate("getComputedStyle(document.querySelector('.run-error')).color")
    red, green, blue = map(int, re.findall(r"\d+", colour)[:3])
    assert red > 2 * max(green, blue)
    assert page.evaluate("fits()") and page.evaluate("parseFloat(getComputedStyle(area(2)).fontSize)") >= 16
    page.locator(".run-reset").nth(2).tap()
    assert code.inner_text() == before and page.locator(".run-error, .run-output, textarea:not(.run-scratch *)").count() == 0
    assert well(page)


def test_a_change_above_reaches_the_assert_below_and_what_is_older_says_so(weights):
    page, (define, between, check) = weights, cells_with("net, x = pencil_network()", "print(dy_dW(net, x, m=0, i=1, j=0))",
                                                         "np.outer([0, 1, 0], [1, 0])")
    page.evaluate(f"ran({check})")
    assert page.evaluate(f"says({check})").startswith("Done")
    page.evaluate(f"change({define}, (code) => code.replace('work()', 'work().replace(0, b=[-3, -4, 0])'))")
    assert page.evaluate(f"says({check})") == "older than a change above"
    page.locator(".run-status a:visible").first.click()
    assert page.evaluate(f"document.querySelector(':target') === bar({define}).parentElement"), "a link leads there"
    took = page.evaluate(f"ran({check})")
    print(f"an edited cell and all above it, again: {took:.0f} ms")
    assert page.evaluate(f"says({check})").startswith("AssertionError") and "rtol=1e-06" in page.evaluate(f"output({check})")
    assert "[102272.  49920.  50688.]" in page.evaluate(f"output({between})"), "what cells above print is renewed as well"
    page.evaluate(f"ran({check + 1})")
    assert page.evaluate(f"says({check + 1})").startswith("AssertionError")


def test_what_was_changed_outlives_a_reload(chapter):
    page = chapter()
    page.evaluate("change(2, (code) => code.replace('w0 * 3', 'w0 * 4'))")
    for kept in (True, False):
        page.reload(wait_until="load")
        page.evaluate(HELP)
        assert page.evaluate("says(2)") == ("edited" if kept else "")
        assert page.evaluate("bar(2).parentElement.querySelector('pre').textContent.includes('w0 * 4')") == kept
        assert page.evaluate("says(3)") == ("not run since a change above" if kept else "")
        page.evaluate("bar(2).querySelector('.run-reset').click()")
    page.evaluate("change(1, () => '1')")
    page.goto(page.url.replace("03_", "04_").replace("weight", "bias"))
    page.evaluate(HELP)
    assert page.evaluate("Array.from({length: cellCount}, (_, i) => says(i)).join('')") == "", "another page has its own"
    assert well(page)


def test_room_for_ones_own_code_after_the_exercises(chapter):
    page = chapter()
    own = page.evaluate("cellCount")
    assert page.locator("section#exercises .run-scratch textarea").count() == 1
    page.evaluate(f"change({own}, () => 'print(dy_dW(net, x, 0, 1, 0))')")
    page.evaluate(f"ran({own})")
    assert page.evaluate(f"output({own})") == "[-576.  480.  384.]\n"
    page.reload(wait_until="load")
    page.evaluate(HELP)
    assert page.evaluate(f"area({own}).value").startswith("print(dy_dW"), "it is seen again after a reload"
    page.evaluate(f"bar({own}).querySelector('.run-reset').click()")
    assert page.evaluate(f"area({own}).value + output({own})") == ""
    page.get_by_role("button", name="Undo").click()
    assert page.evaluate(f"area({own}).value").startswith("print(dy_dW"), "one tap too many loses nothing"
    assert page.get_by_role("button", name="Undo").count() == 0
    page.reload(wait_until="load")
    page.evaluate(HELP)
    assert page.evaluate(f"area({own}).value").startswith("print(dy_dW") and well(page)


def test_a_copy_without_python_says_so_and_keeps_what_was_typed(chapter):
    page = chapter(width=390)
    page.route("**/runtime.json", lambda route: route.fulfill(status=404))
    page.evaluate("change(0, (code) => code + '\\n1')")
    page.evaluate("ran(0)")
    said = page.locator(".run-trouble")
    assert "has no Python" in said.inner_text() and page.evaluate("fits()") and page.evaluate("says(0)") == "edited"
    assert said.evaluate("(one) => one.scrollWidth <= one.clientWidth"), "it is not cut off"
    page.unroute("**/runtime.json")
    page.route("**/runtime.json", lambda route: route.fulfill(json={"none": "The disk is full."}))
    page.evaluate("ran(0)")
    assert said.inner_text() == "The disk is full."
    page.unroute("**/runtime.json")
    page.evaluate("ran(0)")
    assert said.count() == 0 and page.evaluate("output(0)") == "1\n"


def test_a_network_that_is_lost_is_told_and_run_tries_again(chapter):
    """Whichever file is missing: Pyodide would wait for one for ever, and blame the cell for another."""
    page = chapter()
    page.evaluate("change(0, () => 'import matplotlib\\nprint(1)')")
    for lost in ("worker.js", "cells.py", "pyodide.asm.js", "pyodide.asm.wasm", "numpy", "matplotlib-"):
        page.evaluate("caches.keys().then((names) => Promise.all(names.map((name) => caches.delete(name))))")
        page.route(re.compile(re.escape(lost)), lambda route: route.abort())
        page.evaluate("ran(0)")
        said = page.locator(".run-trouble").inner_text()
        assert "Python could not be reached: is the book still being served?" in said, lost
        assert page.evaluate("output(0)") == ""
        page.unroute_all()
    page.evaluate("ran(0)")
    assert page.locator(".run-trouble").count() == 0 and page.evaluate("output(0)") == "1\n"


def test_what_is_missing_or_damaged_once_is_not_kept(tab, python, tmp_path, monkeypatch):
    """Where the book is served by others, who let browsers keep every answer for a year, errors too."""
    class Forever(server.PageHandler):
        def send_header(self, name, value):
            super().send_header(name, "max-age=31536000, immutable" if name == "Cache-Control" else value)

    monkeypatch.setattr(server, "PageHandler", Forever)
    shutil.copytree(python, tmp_path / "site", copy_function=os.link)
    folder = tmp_path / "site" / "_runtime" / runtime.VERSION
    with serving(tmp_path / "site") as address:
        page = tab(f"{address}/01_notation.html")
        page.evaluate(HELP)
        page.evaluate("change(0, () => 'import numpy\\nprint(6 * 7)')")
        for name in ("numpy", "pyodide.asm.js"):        # the others are right, and kept already
            file = next(path for path in folder.iterdir() if path.name.startswith(name))
            right = file.read_bytes()
            for wrong in (None, right[:-1] + b"?"):
                file.unlink()
                if wrong:
                    file.write_bytes(wrong)
                page.evaluate("ran(0)")
                said = page.locator(".run-trouble").inner_text()
                assert f"{file.name} is missing or damaged" in said and page.evaluate("output(0)") == "", said
                file.touch()
            file.write_bytes(right)
        page.evaluate("ran(0)")
        assert page.locator(".run-trouble").count() == 0 and page.evaluate("output(0)") == "42\n"


def cells_with(*texts):
    sources = [cell.source for cell in pairs.read(BOOK / f"{CHAPTER}.ipynb").cells if cell.cell_type == "code"]
    return [next(i for i, source in enumerate(sources) if text in source) for text in texts]


def test_an_endless_loop_is_stopped_and_the_page_answers_meanwhile(chapter):
    page = chapter()
    took = page.evaluate("ran(4)")
    page.evaluate("change(4, (code) => code + '\\nwhile True: print(m)')")
    page.evaluate("press(4)")
    page.wait_for_function("() => output(4).includes('The rest is not shown')")
    frame = page.evaluate("frame()")
    assert page.evaluate("runs(4)") and page.evaluate("output(4).length") < 110_000
    stop = page.evaluate("""new Promise((done) => { const start = performance.now(); press(4);
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - start))); })""")
    assert page.evaluate("says(4)") == "Stopped" and not page.evaluate("runs(4)")
    page.evaluate("change(4, (code) => code.replace('while True:', 'if m == 2:'))")
    again = page.evaluate("ran(4)")
    assert page.evaluate("output(4)").endswith("2\n") and page.evaluate("output(4)").startswith("layer 0")
    page.evaluate("change(4, (code) => code.replace('if m == 2:', 'while True:'))")
    page.evaluate("press(6)")
    page.wait_for_function("() => says(6) === 'Running 5 of 6 above'")
    page.evaluate("press(6)")
    assert page.evaluate("[says(6), says(4)]") == ["Stopped in a cell above", "Stopped here"]
    page.locator(".run-status a", has_text="a cell above").click()
    assert page.evaluate("document.querySelector(':target') === bar(4).parentElement"), "which one is a link away"
    print(f"first NumPy result {took:.0f} ms; in an endless loop a frame {frame:.1f} ms; Stop {stop:.0f}; anew {again:.0f}")
    assert well(page)


def test_what_is_printed_comes_in_pieces_and_ends_somewhere(monkeypatch):
    """The page's side of Python, without the page: at most twenty messages a second, and the limit holds for their sum."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.syspath_prepend(BOOK.parent / "website" / "runner")
    import cells

    now, sent = [100.0], []
    monkeypatch.setattr(cells, "time", SimpleNamespace(monotonic=lambda: now[0]))
    stream = cells.Stream("out", lambda kind, text: sent.append((kind, text)))
    for later, text in ((0, "a"), (0.01, "b"), (0.03, "c"), (0.02, "d"), (0.01, "e")):
        now[0] += later
        assert stream.write(text) == 1
    assert sent == [("out", "a"), ("out", "bcd")] and stream.waiting == ["e"]
    stream.write("x" * 60_000), stream.write("y" * 60_000), stream.write("z")
    printed = "".join(text for _, text in sent)
    assert printed == "abcde" + "x" * 60_000 + "y" * 39_995 + "\n… The rest is not shown, after 100,000 characters.\n"


def test_an_error_shows_the_readers_lines_and_no_others(notation):
    page = notation
    page.evaluate("change(2, () => 'def turn(a):\\n    return a.reshape(3)\\n')")
    page.evaluate("change(3, () => 'turn(np.zeros((2, 2)))')")
    page.evaluate("ran(3)")
    assert page.evaluate("output(3)").split("\n") == [
        "Line 1", "    turn(np.zeros((2, 2)))", "A cell above, line 2, in turn", "    return a.reshape(3)",
        "ValueError: cannot reshape array of size 4 into shape (3,)"]
    page.evaluate("change(3, () => 'x = 1\\nx ==')")
    page.evaluate("ran(3)")
    assert page.evaluate("says(3)") == "SyntaxError, line 2" and page.evaluate("output(3)").startswith("Line 2\n    x ==")
    page.evaluate("change(3, () => 'import nowhere')")
    page.evaluate("ran(3)")
    assert page.evaluate("says(3)") == "ModuleNotFoundError, line 1"
    assert "has NumPy, Matplotlib, nnlib and its own library, and not nowhere." in page.evaluate("output(3)")
    page.evaluate("change(3, () => 'input()')")
    page.evaluate("ran(3)")
    assert "write the value into the code" in page.evaluate("output(3)")
    page.evaluate("change(3, () => 'net[0].W[1, 0] = 2')")
    page.evaluate("ran(3)")
    assert page.evaluate("output(3)").endswith("net.replace(0, W=…) is a new network.")
    page.evaluate("change(3, () => '[1, \"a\"]')")
    page.evaluate("ran(3)")
    assert page.evaluate("output(3)") == "[1, 'a']\n"


def test_what_jupyter_has_and_a_long_error_are_told_shortly(notation):
    page = notation
    for line in ("%timeit f()", "%%time", "!pip install numpy", "print?", "?print"):
        page.evaluate("(line) => change(3, () => `x = 1\n${line}`)", line)
        page.evaluate("ran(3)")
        assert page.evaluate("says(3)") == "SyntaxError, line 2"
        assert page.evaluate("output(3)").endswith("the chapter’s notebook has them, this page has not."), line
    page.evaluate("change(3, () => 'raise ValueError(\"x\" * 10_000_000)')")
    page.evaluate("ran(3)")
    assert page.evaluate("says(3)") == "ValueError, line 1" and 100_000 < page.evaluate("output(3).length") < 100_100
    page.evaluate("change(3, () => 'class Figure:\\n    def _repr_svg_(self): return \"<svg/>\" * 10**6\\nFigure()')")
    page.evaluate("ran(3)")
    assert page.evaluate("output(3)").startswith("The figure is not shown, as its drawing has 6.0 MB")


TOUCHED = """import builtins, os, sys, nnlib, numpy as np
nnlib.pencil_network = nnlib.Layer = np.array = builtins.abs = None
np.set_printoptions(precision=1)
np.seterr(all="raise")
sys.path.clear(), os.environ.clear()
sys.stdout = builtins.print = None"""


def test_python_that_ends_for_good_is_told_and_reset_begins_with_a_fresh_one(notation):
    page, (_, printed, _) = notation, list(stored("01_notation"))[2]
    page.evaluate("change(2, () => 'print(\"old\")')")
    page.evaluate("ran(2)")
    page.evaluate("change(2, () => 'import os\\nprint(\"last\")\\nos._exit(3)')")
    page.evaluate("ran(2)")
    said = page.evaluate("output(2)")
    assert page.evaluate("says(2)") == "Python ended" and "old" not in said, said
    assert said.startswith("last") and said.endswith("The next Run starts it again."), said
    page.evaluate("change(2, () => 'eval(\"-\" * 100_000 + \"1\")')          // the parser falls into its own depth")
    page.evaluate("ran(3)")
    assert page.evaluate("[says(3), says(2)]") == ["Python ended in a cell above", "Python ended here"]
    page.evaluate("(code) => change(2, () => code)", TOUCHED)
    page.evaluate("ran(2)")
    page.evaluate("ran(3)")
    assert "Error" in page.evaluate("says(3)")
    page.wrong.clear()
    page.evaluate("for (const i of [2, 3]) bar(i).querySelector('.run-reset').click()")
    page.evaluate("ran(2)")
    assert page.evaluate("[says(2), output(2).trimEnd()]") == ["Done", printed]
    assert well(page)


def test_code_reaches_no_other_host(notation):
    page = notation
    assert well(page)
    page.evaluate("change(0, () => 'from pyodide.http import open_url\\nopen_url(\"https://example.org/\")')")
    page.evaluate("ran(0)")
    assert page.evaluate("says(0)") == "JsException, line 2"
    page.wait_for_function("() => output(0).includes('nothing outside the book, and not https://example.org')")


def test_by_keyboard_alone(notation):
    page = notation
    page.evaluate("bar(0).querySelector('.run-reset').click()")
    page.locator(".run-edit").first.focus()
    page.keyboard.press("Enter")
    focus = "document.activeElement.className"
    assert page.evaluate(focus) == "run-area"
    page.keyboard.press("Tab")
    assert page.evaluate(focus) != "run-area", "Tab moves on until something is typed"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Control+End")
    page.keyboard.type("\nfor i in range(2):\nprint(i)")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("# in")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("# on")
    value = page.evaluate("document.activeElement.value")
    assert value.endswith("for i in range(2):\n    print(i)\n    # on\n        # in")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate(focus) != "run-area", "after Escape, Tab leaves"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Enter")
    page.wait_for_function("() => output(0) === '0\\n1\\n'", timeout=60_000)
    assert page.evaluate("document.activeElement.value") == value, "Shift and Enter run, and type nothing"
    stop = "(() => { const box = bar(0).parentElement.querySelector('.run-output pre'); return [box.tabIndex, " \
           "box.scrollWidth - box.clientWidth]; })()"
    assert page.evaluate(stop) == [-1, 0], "output that fits is no stop for the keyboard"
    page.keyboard.press("Control+z")
    assert page.evaluate("document.activeElement.value") != value, "what was typed can be taken back"
    page.evaluate("change(0, () => 'print(\\'=\\' * 300)')")
    page.evaluate("ran(0)")
    page.wait_for_function(f"() => {{ const [here, over] = {stop}; return here === 0 && over > 100; }}")   # too wide: it is


def test_the_open_runner_has_no_barrier(weights):
    page = weights
    page.evaluate("document.querySelectorAll('.run-open')[1].click()")
    page.evaluate("change(2, (code) => code.replace('w0 * 3', 'w0 * 4'))")
    page.evaluate("ran(4)")
    page.evaluate("ran(3)")
    assert page.evaluate("drawn(3)") and page.locator(".run-output").count() > 1
    assert page.locator(".run-error").count() and page.locator(".run-stale").count()
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("(scheme) => { document.documentElement.dataset.theme = scheme; }", scheme)
        page.evaluate(SETTLED)
        assert page.evaluate("fits()") and barriers(page) == [], (width, scheme)
    assert well(page)


def test_python_is_kept_for_the_next_visit(chapter):
    page = chapter("01_notation")
    page.evaluate("ran(2)")
    first = [one for one in page.asked if "/_runtime/" in one]
    assert any("numpy" in one for one in first) and not any("matplotlib" in one for one in first)
    page.asked.clear()
    page.reload()
    page.evaluate(HELP)
    took = page.evaluate("ran(2)")
    print(f"first result on the second visit: {took:.0f} ms")
    assert [one for one in page.asked if one.endswith((".wasm", ".whl", ".zip"))] == []


def test_python_runs_where_storage_is_closed(chapter):
    page = chapter("01_notation", before=NO_STORAGE)
    page.evaluate("change(0, (code) => code + '\\nprint(6 * 7)')")
    page.evaluate("ran(0)")
    assert page.evaluate("output(0)").endswith("42\n") and well(page)


def test_without_scripts_and_from_a_file_the_code_is_read(tab, python, address):
    page = tab(f"{address}/{CHAPTER}.html", java_script_enabled=False)
    assert "def y_hat(w0):" in page.inner_text("main") and "plotting.tangent(" not in page.inner_text("main")
    assert page.locator(".run-bar").count() == 0
    page = tab((python / f"{CHAPTER}.html").as_uri())
    assert "From a file it can only be read" in page.inner_text("p.run-reason") and page.locator(".run-bar").count() == 0
    assert not any("_runtime" in reply.url for reply in page.got)


def test_nothing_of_python_is_fetched_before_it_is_asked_for(chapter):
    page = chapter()
    page.evaluate(SETTLED)
    page.locator(".run-run").first.hover()
    page.locator(".run-run").first.focus()
    page.evaluate(SETTLED)
    assert not any("_runtime" in one or "/runner/" in one for one in page.asked)


def test_while_python_is_fetched_the_page_tells_how_far_it_is(chapter, python):
    """At most ten times a second, out of the bytes that runtime.json states; and no file is fetched twice."""
    page, stated = chapter(), json.loads((python / "_runtime" / "runtime.json").read_text())
    sizes = {name: known["bytes"] for name, known in stated["files"].items()}
    core = sum(size for name, size in sizes.items() if re.match(r"pyodide\.|python_stdlib|numpy|nnlib|lock", name))
    rest = sum(sizes.values()) - core
    page.evaluate("""() => { window.told = [];
        const watch = new MutationObserver(() => told.push([performance.now(), says(0)]));
        watch.observe(bar(0), { subtree: true, childList: true, characterData: true });
        change(0, () => 'import matplotlib.pyplot\\nprint(1)'); }""")
    page.evaluate("ran(0)")
    assert page.evaluate("output(0)") == "1\n"
    for what, total in (("Python", core), ("Matplotlib", rest)):
        far = [(time, re.fullmatch(rf"Fetching {what}: (-?[\d.]+) of (-?[\d.]+) MB", one))
               for time, one in page.evaluate("told")]
        far = [(time, float(one[1]), float(one[2])) for time, one in far if one]
        times, parts, wholes = zip(*far, strict=True)
        assert {*wholes} == {round(total / 1e6, 1)}, far
        assert [*parts] == sorted(parts) and 0 < parts[-1] <= wholes[-1]
        assert times[-1] - times[0] >= 80 * (len(times) - 1), "ten times a second, give or take"
    fetched = [one for one in page.asked if "_runtime" in one and not one.endswith(".js")]     # scripts: checked, then run
    assert len(fetched) == len({*fetched}) > 5


def test_figures_offer_their_code(python):
    soup = parse(python / f"{CHAPTER}.html")
    hidden = [tags for tags, _, _ in stored(CHAPTER) if "remove-input" in tags]
    assert len(soup.select("template.run-code")) == len(hidden) > 3
