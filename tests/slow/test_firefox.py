"""A real Firefox opens every page, and runs cells of a chapter."""

import json

import firefox
import pytest
from conftest import skip_or_fail
from pages import PAGES
from test_runner import HELP, stored

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("firefox")]


@pytest.fixture(scope="module")
def fox(tmp_path_factory):
    executable = firefox.find()
    if executable is None:
        skip_or_fail("no Firefox was found, so no page was opened in it")
    with firefox.running(executable, tmp_path_factory.mktemp("firefox")) as page:
        yield page


def test_every_page_in_firefox(fox, python, address):
    for name in PAGES:
        fox.open(f"{address}/{name}.html" + ("?q=weight" if name == "search" else ""))
        fox.evaluate("document.fonts.ready.then(() => null)")
        if name == "search":
            fox.evaluate("""new Promise((done) => { const look = () => document.querySelectorAll("p.context").length > 5
                ? done() : requestAnimationFrame(look); look(); })""")
        assert fox.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
        assert (fox.evaluate("window.refused"), fox.wrong) == ([], []), name
        if fox.evaluate("document.querySelectorAll('figure.interactive').length"):      # a pressed button of it answers
            assert fox.evaluate("""new Promise((done) => { const figure = document.querySelector("figure.interactive");
                const press = () => [...figure.querySelectorAll("button.i-chip:not([aria-pressed=true]), "
                    + "button:is([data-do=back], [data-do=once]):enabled")].at(-1)?.click();
                const before = figure.textContent, look = () => { press();
                    if (figure.textContent !== before) done(true); else requestAnimationFrame(look); };
                look(); })"""), name
    assert [one for one in fox.asked if not one.startswith((address, "data:", "about:"))] == []


def test_a_chapter_in_firefox(fox, python, address):
    name = "04_bias_derivatives"
    fox.open("about:blank")
    fox.wrong.clear()           # leaving the page before may have cut a fetch of it off, which Firefox calls a NetworkError
    fox.open(f"{address}/{name}.html")
    fox.evaluate(f"(() => {{ {HELP} }})()")
    cells = [(number, printed) for number, (tags, printed, drawn) in enumerate(stored(name))
             if not drawn and "desktop" not in tags]
    for number, printed in cells:
        fox.evaluate(f"ran({number})")
        said = fox.evaluate(f"[says({number}), output({number})]")
        assert said[0].startswith("Done") and said[1].rstrip() == printed, (number, said)
    assert fox.evaluate("window.refused") == [] and fox.wrong == []
    assert [one for one in fox.asked if not one.startswith((address, "data:", "about:"))] == []
    assert any("pyodide.asm.wasm" in one for one in fox.asked)
    fox.evaluate("fetch('https://example.org/').catch(() => {})")
    assert fox.evaluate("window.refused") == ["connect-src https://example.org/"] or "connect-src" in json.dumps(
        fox.evaluate("window.refused")), "a planted request is seen"
