"""The whole book on paper: the PDF that `make pdf` prints."""

import re
import shutil
import subprocess
import sys
from collections import Counter

import pdf
import pikepdf
import pytest
from pages import parse
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Link
from pypdf.generic import NameObject, TextStringObject

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("paper")]       # one process prints


def paper_faults(path):
    """What is wrong with a PDF, one sentence each."""
    reader = PdfReader(path)
    found, catalogue, places = [], reader.trailer["/Root"], reader.named_destinations
    if not (catalogue.get("/MarkInfo", {}).get("/Marked") and "/StructTreeRoot" in catalogue and catalogue.get("/Lang")):
        found.append("is not tagged, or has no language")
    if not reader.outline:
        found.append("has no outline")
    for number, page in enumerate(reader.pages, 1):
        if number > 1 and not re.search(rf"\b{number}\b", page.extract_text()):
            found.append(f"does not number page {number}")
        for note in (one.get_object() for one in page.get("/Annots", [])):
            to, url = note.get("/Dest"), str(note.get("/A", {}).get("/URI", ""))
            if isinstance(to, str) and to not in places or url and not re.match(r"https?://|mailto:", url):
                found.append(f"leads to {to or url} on page {number}, which is not there")
    return found


@pytest.fixture(scope="module")
def printed(browser, site, root, tmp_path_factory):      # browser: so that a missing one is told in its words
    """The PDF of a copy of the site, as printing writes into the pages that the PDF is there."""
    there = tmp_path_factory.mktemp("paper")
    shutil.copytree(site, there / "_build" / "html")
    (there / "book").mkdir()
    shutil.copy(root / "book" / "_toc.yml", there / "book")
    shutil.copy(root / "_config.yml", there)
    return pdf.make(there, pdf.chromium())[0]


def test_the_book_on_paper(printed, site, root):
    reader = PdfReader(printed)
    assert paper_faults(printed) == []
    titles = [one.title for one in reader.outline if not isinstance(one, list)]
    pages = [page for _, some in pdf.order(root) for page in some]
    for page in pages[1:]:
        title = parse(site / f"{page}.html").h1.find(string=True, recursive=True)
        assert any(title.strip(". #") in one for one in titles), (page, titles)
    assert "Mathematics for Neural Network implementation" in titles, "a heading of two lines keeps its space"
    assert 40 <= len(reader.pages) <= 420
    with pikepdf.open(printed) as whole:
        places = pdf.places(whole)
        kinds = Counter((str(one.S), str(one.Alt)) for one in whole.objects
                        if isinstance(one, pikepdf.Dictionary) and "/S" in one and "/Alt" in one)
    assert set(pages) <= set(places), "every chapter is led to by the contents"
    first = min(places[page] for page in pages)
    contents = "\n".join(page.extract_text().partition("\n")[2] for page in reader.pages[1:first - 1])
    listed = [int(one) for one in re.findall(r"(?<= )\d+$", contents, re.M)]
    text = pdf.compose(root, site)
    entries = text.xpath("//section[@class='contents']//li/a/@href")
    sections = sum(len(parse(site / f"{page}.html").select("section > h1, section > h2")) for page in pages)
    assert len(entries) == sections + 1, "the contents lack a section, or the addresses"
    assert listed == [places[one.removeprefix("#")] for one in entries], "a number is not its section's page"
    pressed = ["".join(page.extract_text().split()) for page in reader.pages]
    for one, number in zip(entries, listed):
        heading = text.xpath(f"//*[@id='{one[1:]}']//descendant-or-self::*[self::h1 or self::h2]")[0]
        assert re.sub(r"\W", "", heading.text or "") in re.sub(r"\W", "", pressed[number - 1]), (one, number)
    told = text.xpath("//a[@data-page]")
    assert len(told) > 500 and {one.get("href")[1:] for one in told} <= set(places)
    assert f"(p.{places['solutions/03_weight_derivatives--sol-induction']})" in "".join(pressed)
    addresses = text.xpath("//ol[@class='addresses']/li")
    assert len(addresses) > 50 and all(one.text in "".join(pressed[places["addresses"] - 1:]) for one in addresses)
    shown = text.xpath("//article//span[@class='katex']")
    assert sum(kinds[one] for one in kinds if one[0] == "/Formula") == len(shown) > 500
    assert not [text for _, text in kinds if text.startswith(pdf.FORMULA)]
    assert kinds["/Formula", r"\mathbf{x} = (2, 3)"] > 0
    assert 'href="book.pdf"' in (printed.parent / "index.html").read_text(encoding="utf-8")


def test_equations_are_counted_through_the_book(site, root):
    text = pdf.compose(root, site)
    counted = {f"#{one.getparent().get('id')}": one.text for one in text.find_class("eqno")}
    assert [*counted.values()] == [f"({one})" for one in range(1, len(counted) + 1)] and len(counted) > 20
    cited = [(one.get("href"), one.text_content()) for one in text.iter("a") if re.fullmatch(r"\(\d+\)", one.text_content())]
    assert len(cited) > 3 and all(counted[place] == number for place, number in cited)
    assert not {*text.xpath("//a[starts-with(@href, '#')]/@href")} - {f"#{one}" for one in text.xpath("//@id")}, \
        "a link within leads nowhere"


def test_contents_that_move_the_pages_are_refused(site, root, tmp_path, monkeypatch):
    """Here each print has one page more than the one before it."""
    (tmp_path / "_build").mkdir()
    (tmp_path / "_build" / "html").symlink_to(site)
    prints = []

    def print_page(browser, page, out):
        prints.append(out)
        with pikepdf.new() as blank:
            for _ in prints:
                blank.add_blank_page()
            blank.Root.Dests = pikepdf.Dictionary({f"/{name}": [blank.pages[-1].obj] for name in names})
            blank.save(out)

    for name in ("_config.yml", "book/_toc.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(root / name, tmp_path / name)
    names = pdf.compose(tmp_path, site).xpath("//@id")
    monkeypatch.setattr(pdf, "print_page", print_page)
    with pytest.raises(ValueError, match="move the pages that they number"):
        pdf.make(tmp_path, "chromium")
    assert len(prints) == pdf.MOST_PRINTS and not (site / "print.html").exists()


def test_faults_on_paper_are_found(tmp_path):
    writer = PdfWriter()
    for _ in range(2):
        writer.add_blank_page(100, 100)
    note = Link(rect=(0, 0, 9, 9), target_page_index=0)
    note[NameObject("/Dest")] = TextStringObject("gone")
    writer.add_annotation(0, note)
    writer.write(tmp_path / "bad.pdf")
    found = " ".join(paper_faults(tmp_path / "bad.pdf"))
    assert all(one in found for one in ("tagged", "outline", "number page 2", "leads to gone"))


def test_without_a_browser_one_sentence_is_said(root):
    done = subprocess.run([sys.executable, "tools/pdf.py"], cwd=root, env={"PATH": "", "PYTHONPATH": "tools"}, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr == ("The PDF is printed by Chromium or Chrome, and neither was found; "
                           "everything else works without it.\n")


def test_the_card_prints_on_both_sides_of_two_sheets(tab, address, tmp_path):
    """The derivatives of the outputs on the first sheet, backpropagation on the second."""
    path = tmp_path / "card.pdf"
    path.write_bytes(tab(f"{address}/card.html").pdf(prefer_css_page_size=True))
    card = PdfReader(path)
    assert len(card.pages) == 4 and card.pages[2].extract_text().strip().startswith("Backpropagation")
