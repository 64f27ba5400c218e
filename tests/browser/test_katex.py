"""KaTeX's fonts and style sheet, which tools/katex.py has cut: they are of the release that renders the formulas, and hold
every letter of every formula."""

import re
from functools import cache

import pytest
from sphinxcontrib.katex import katex_version

ttLib = pytest.importorskip("fontTools.ttLib", reason="fontTools is not installed")


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


def test_the_sheet_is_of_the_release_that_renders(site, root):
    assert f'"{katex_version}"' in (root / "website" / "theme" / "styles" / "katex.css").read_text(encoding="utf-8")
    assert ".katex .mathbf{" in (site / "_static" / "site.css").read_text(encoding="utf-8").replace("\n", "")


def test_what_is_cut_again_has_the_same_bytes(tmp_path):
    import katex

    for path in sorted(katex.FONTS.glob("*.woff2")):
        katex.cut_font(path, tmp_path / path.name)
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
    sheet = katex.SHEET.read_text(encoding="utf-8")
    assert katex.cut_sheet(sheet) == sheet and max(map(len, sheet.splitlines())) <= 125
    other = 'src:url(a.woff2) format("woff2"),url(a.woff) format("woff"),url(a.ttf) format("truetype")}'
    assert katex.cut_sheet(other) == 'src:url(a.woff2) format("woff2")}\n'
