"""The style sheets as they are written: a browser passes over what it does not know, and says nothing."""

import re

import pytest
from pygments.token import STANDARD_TYPES

SHEETS = ("website/theme/styles/*.css", "website/runner/*.css", "website/interactive/*.css")
# What the browser does not know. A value with var(…) passes: what it stands for is checked where it is set.
UNKNOWN = """({ declarations, selectors, features }) => {
    const refused = (selector) => { try { document.querySelector(selector); } catch { return true; } };
    return [
    ...declarations.filter(([name, value]) => !CSS.supports(name, value)).map((one) => one.join(": ")),
    ...selectors.filter(refused),
    ...features.filter((one) => !matchMedia(one).matches && !matchMedia(`not ${one}`).matches)]; }"""


def parts(text):
    """What a style sheet states, by kind."""
    text = re.sub(r"/\*.*?\*/|{[#%].*?[#%]}|{{.*?}}", " ", text, flags=re.S)
    found = {"declarations": [], "selectors": [], "features": []}
    for words, end in re.findall(r"((?:\"[^\"]*\"|[^{};\"])*)([{};])", text):
        words = " ".join(words.split())
        if words.startswith("@"):
            found["features"] += re.findall(r"\([\w-]+: [^()]+\)", words)
        elif end == "{":
            found["selectors"].append(words)
        elif words:
            name, _, value = words.partition(":")
            found["declarations"].append((name, value.replace("!important", "").strip()))
    return found


def unused(text, site_text):
    """The classes and names of which no page and no script speaks, and the variables that are not both set and used."""
    stated = parts(text)
    selectors = re.sub(r'"[^"]*"', "", " ".join(stated["selectors"]))
    names = set(re.findall(r"[.#]([a-zA-Z][\w-]*)", selectors)) - {*STANDARD_TYPES.values()}
    spoken = set(re.findall(r"[\w-]+", site_text))
    variables = {name for name, _ in stated["declarations"] if name.startswith("--")} | spoken
    return names - spoken | set(re.findall(r"var\((--[\w-]+)", text)) ^ variables & set(re.findall(r"--[\w-]+", text))


@pytest.fixture(scope="module")
def sheets(root):
    return {path.name: path.read_text(encoding="utf-8") for pattern in SHEETS for path in root.glob(pattern)
            if path.name != "katex.css"}


def test_the_browser_knows_every_property_selector_and_query(tab, address, sheets):
    page = tab(f"{address}/index.html")
    for name, text in sheets.items():
        assert page.evaluate(UNKNOWN, parts(text)) == [], name
    planted = "a:hovver, b { colour: red; color: rgb(1, 2; width: 3px } @media print and (max-wdith: 3px) {}"
    assert page.evaluate(UNKNOWN, parts(planted)) == ["colour: red", "color: rgb(1, 2", "a:hovver, b", "(max-wdith: 3px)"]


def test_a_page_or_a_script_speaks_of_every_name_in_the_styles(site, sheets):
    """A name of Pygments may wait for the code that needs it."""
    pages = [path.read_text(encoding="utf-8") for kind in ("html", "js") for path in site.rglob(f"*.{kind}")
             if "_runtime" not in path.parts]
    assert unused("\n".join(sheets.values()), "\n".join(pages)) == set()
    planted = '.cell, .cel, #boook, .k { --own: 1; color: var(--ownn); width: var(--w) }'
    assert unused(planted, '<div class="cell" style="--w: 2px">') == {"cel", "boook", "--own", "--ownn"}
