"""Every page in four views: on a desk and on a phone, light and dark. The tests read what one look has recorded."""

import re
from functools import cache

import pages
import pytest
from fontTools import ttLib

pytestmark = pytest.mark.first

PLANTED = """<html lang="en"><head><title>T</title><link rel="icon" href="data:,"><style>p { color: red }</style>
<meta http-equiv="Content-Security-Policy" content="style-src 'self'; style-src-attr 'unsafe-inline'">
<style>p { color: blue }</style></head><body><main><h1>T</h1><p id="moves">text</p>
<img src="https://example.org/x.png" alt="x"><img src="gone.svg">
<button style="width: 9px; height: 9px; padding: 0"></button>
<span class="katex-html" style="color: #ccc"><span>x</span></span>
<figure class="interactive"><div class="i-stage" style="width: 90px; overflow: hidden">
<span class="i-chip" style="display: block; width: 120px">1</span></div></figure>
<div class="formula" dir="rtl" style="overflow: auto; width: 50px"><span style="white-space: nowrap">a long one</span></div>
<p style="width: 3000px">wide</p><p style="color: #bbb">pale</p><p style="color: #bbb">as pale</p>
<div style="position: relative"><p style="color: #bbb">pale elsewhere</p></div></main><!-- NOISE --><script>
document.querySelector('.formula').scrollLeft = -20;
requestAnimationFrame(() => requestAnimationFrame(() => { document.getElementById('moves').style.height = '300px'; }));
undefined_name()</script></body></html>"""


@pytest.mark.parametrize("page", pages.PAGES)
def test_every_page_in_every_view(swept, page):
    views = [(width, scheme) for width in pages.OTHER_WIDTHS for scheme in ("light", "dark")]
    found = {view: pages.view_faults(swept[page][str(view[0])][view[1]], page != "search") for view in views}
    assert {view: faults for view, faults in found.items() if faults} == {}
    papers = {swept[page]["1280"][scheme]["paper"] for scheme in ("light", "dark")}
    assert papers == {"rgb(253, 252, 249)", "rgb(25, 24, 22)"}


@pytest.mark.parametrize("page", [page for page in pages.PAGES if page != "search"])
def test_a_page_is_whole_without_scripts(swept, page):
    """Controls aside, which could do nothing, every word is there."""
    lost = pages.words(swept[page]["390"]["light"]["text"]) - pages.words(swept[page]["without scripts"])
    assert lost == set()
    assert "∂" in swept["03_weight_derivatives"]["without scripts"]


def test_what_a_page_weighs(swept, record_property):
    for page in pages.PAGES:
        seen = swept[page]["390"]["light"]
        record_property(page, (round(seen["kilobytes"]), seen["requests"], round(seen["shift"], 4)))
        print(f"{page}: {seen['kilobytes']:.0f} KB in {seen['requests']} requests, layout shift {seen['shift']:.4f}")


# Letters that no font holds ----------------------------------------------------------------------------------------------

@cache
def characters(path):
    return set(map(chr, ttLib.TTFont(path).getBestCmap()))


def lacking(letters, fonts):
    """The letters that none of the faces holds in which the browser shows them: {"families; weight; style": letters}."""
    found = {}
    for face, text in letters.items():
        families, weight, style = face.split("; ")
        variant = {("400", "normal"): "Regular", ("700", "normal"): "Bold", ("400", "italic"): "Italic",
                   ("700", "italic"): "BoldItalic"}[weight, style]
        paths = [fonts / f"{family}-{variant}.woff2" for family in re.findall(r"KaTeX_\w+", families)]
        known = set().union(*(characters(path) for path in paths if path.exists()))
        if lost := {one for one in text if not one.isspace()} - known - {"\u200b"}:
            found[face] = sorted(lost)
    return found


def test_every_letter_of_every_formula_is_in_the_font_that_shows_it(swept, site):
    fonts, faces = site / "_static" / "fonts", set()
    for page, views in swept.items():
        letters = views["1280"]["light"]["letters"]
        faces |= letters.keys()
        assert lacking(letters, fonts) == {}, f"{page}: add them to CHARACTERS in tools/katex.py"
    assert any("700; normal" in face for face in faces) and any("KaTeX_Math" in face for face in faces)
    planted = {"KaTeX_Main, serif; 700; normal": "W漢", "KaTeX_Math; 400; italic": "z", "serif; 400; normal": "q"}
    assert lacking(planted, fonts) == {"KaTeX_Main, serif; 700; normal": ["漢"], "serif; 400; normal": ["q"]}


# The checks above must be able to fail ------------------------------------------------------------------------------

def test_every_kind_of_fault_is_found_when_it_is_planted(browser, tmp_path):
    noise = "".join(f"{i * 7919 % 1_000_003:x}{i * 104_729 % 999_983:x}" for i in range(40_000))
    (tmp_path / "page.html").write_text(PLANTED.replace("NOISE", noise))
    with pages.serving(tmp_path) as address, pages.visiting(browser, width=390) as tab:
        views = pages.look(tab, address, "page")
    for seen in views.values():
        found = "\n".join(pages.view_faults({**seen, "requests": 13}))
        for sentence in ("asks another host: https://example.org/x.png", "asks for what is not there",
                         "has an error: undefined", "breaks the policy: style-src-elem inline",
                         "is wider than the screen at: 320", "has pale letters: <span",
                         "has a figure that leaves its place: i-chip", "has a small target: <button", "weighs", "makes 13",
                         "does not show that there is more to scroll to: formula", "opens a formula at its end",
                         "has a stop for the keyboard", "moves while it loads"):
            assert sentence in found, (sentence, found)
    light, dark = ("\n".join(pages.view_faults(views[scheme])) for scheme in ("light", "dark"))
    for found in (light, dark):
        pale = re.findall(r'color-contrast: <p style="color: #bbb">([\w ]+)', found)
        assert pale == ["pale", "pale elsewhere"], "in each box, one of those that look alike"
    assert "image-alt" in light and "button-name" in light and "target-size" not in dark
