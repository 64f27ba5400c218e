"""KaTeX's fonts and style sheet, which tools/katex.py has cut: they are of the release that renders the formulas. (That they
hold every letter of every formula, the sweep sees.)"""

import pytest
from sphinxcontrib.katex import katex_version

pytest.importorskip("fontTools.ttLib", reason="fontTools is not installed")

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
