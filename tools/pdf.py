"""Print the whole book as one tagged PDF, _build/html/book.pdf, with the browser that is here.

The pages are those of the site, put one after the other in the order of the contents: names and links get the page's
name in front, equations are numbered through the book, and a title, a contents list and running heads are added. A link
says on which page its target is; a link out of the book has a number, under which the last pages have its address. The page
numbers are learned from one print and stand in the next, until a print has the pages that its numbers say.
"""

import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from posixpath import dirname, join, normpath

import book
import lxml.html
import pikepdf
import yaml
from lxml.html import HtmlElement

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
          "/Applications/Chromium.app/Contents/MacOS/Chromium",
          r"C:\Program Files\Google\Chrome\Application\chrome.exe",
          r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--allow-file-access-from-files", "--no-pdf-header-footer",
         "--generate-pdf-document-outline", "--virtual-time-budget=20000"]
STYLE = """
html { font-size: 10.5pt; }
body { width: 176mm; margin: 0; }
main { width: auto; padding: 0; }
@page { size: A4; margin: 18mm 17mm 20mm; @bottom-center { content: counter(page); font: 9pt sans-serif; color: #444; } }
@page title { @bottom-center { content: none; } }
article { break-before: page; padding: 0; line-height: 1.45; }
article h1 { margin-top: 0; }
.title { page: title; padding-top: 60mm; }
.title h1 { font-size: 26pt; line-height: 1.15; border-top: 3px solid var(--accent); padding-top: 8mm; }
.contents { break-before: page; }
.contents ol { list-style: none; margin: 0; padding: 0; }
.contents li { display: flex; gap: 2mm; }
.contents li.sub { padding-left: 6mm; font-size: 0.92em; }
.contents a { color: inherit; text-decoration: none; }
.contents li::before { content: ""; order: 1; flex: 1; border-bottom: 1px dotted var(--muted); margin-bottom: 0.35em; }
.contents li > span { order: 2; min-width: 3ch; text-align: end; font-variant-numeric: tabular-nums; }
.contents h3 { font-size: 10pt; color: var(--muted); margin: 5mm 0 1mm; }
pre { white-space: pre-wrap !important; overflow-wrap: anywhere; orphans: 4; widows: 4; }
a[data-page]::after { content: " (p. " attr(data-page) ")"; font-size: 0.78em; color: var(--muted); white-space: nowrap; }
sup.address { font-size: 0.66em; color: var(--muted); }
.addresses li { overflow-wrap: anywhere; font-size: 0.85em; font-variant-ligatures: none; }
.formula { overflow: hidden !important; }
"""
# A formula wider than the page is made smaller, as paper does not scroll. All are measured before printing; nothing else
# is laid out for that.
FIT = """document.fonts.ready.then(() => document.querySelectorAll(".formula").forEach((box) => {
  const wide = box.scrollWidth / box.clientWidth;
  if (wide > 1) box.querySelector(".katex").style.fontSize = `${Math.floor(98 / wide) / 100}em`;
}));"""


def chromium() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None) or next((one for one in PLACES if Path(one).exists()), None)


def order(root: Path) -> list[tuple[str, list[str]]]:
    """[(part, its pages)] as the contents list them."""
    toc = yaml.safe_load((root / "book" / "_toc.yml").read_text(encoding="utf-8"))
    def files(entries):
        return [file for entry in entries for file in (entry["file"], *files(entry.get("sections", [])))]
    return [("", [toc["root"]]), *((part.get("caption", ""), files(part["chapters"])) for part in toc["parts"])]


MOST_PRINTS = 5
FORMULA = "formula: "  # in front of what a formula is called, until the printed file says so itself
# A still figure stands beside each of the interactive ones that are left out.
NOT_ON_PAPER = ".//script | .//a[@class='headerlink'] | .//p[span[@class='screen'] and not(normalize-space(text()))] | " \
    ".//span[@class='screen'] | .//figure[@data-interactive and @data-interactive != 'training']"
NAMES = ("id", "for", "aria-labelledby", "aria-describedby")
UNTOLD = re.compile(r"^(\(\d+\)|ledger)$")              # links that need no page: equations are numbered through the book
ADDRESSES = "Addresses"


def article(site: Path, page: str, pages: list[str]) -> HtmlElement:
    """A page's article as it goes to paper: its names begin with the page's name, and its links lead within the file."""
    body = lxml.html.fromstring((site / f"{page}.html").read_text(encoding="utf-8")).find(".//article")
    for one in body.xpath(NOT_ON_PAPER):
        one.drop_tree()
    for one in body.xpath(".//span[@class='n' or @class='nn' or @class='p' or @class='w']"):
        one.drop_tag()                                  # code in the colour of text needs no mark
    for one in body.iter("details"):
        one.set("open", "")
    for formula in body.find_class("katex"):            # a picture on paper, whose LaTeX is what it is called
        mathml, drawn = formula
        formula.attrib.update({"role": "img", "aria-label": FORMULA + mathml.findtext(".//annotation")})
        mathml.drop_tree()
        del drawn.attrib["aria-hidden"]
    for one in body.xpath(".//code[string-length() < 32][not(ancestor::table)]"):
        one.set("style", "white-space: nowrap")
    for section in body.xpath(".//section[@id][h1 or h2 or h3 or h4]"):     # it may begin a page before its heading
        heading = section.xpath("h1 | h2 | h3 | h4")[0]
        for one in heading.itersiblings(preceding=True):
            heading.append(one)
        heading.set("id", section.attrib.pop("id"))
        for way_back in section.xpath("p[normalize-space() = 'Exercise'][a]"):
            heading.addnext(way_back)
    for one in body.xpath(".//*[not(self::pattern)]"):
        one.attrib.update({name: f"{page}--{one.get(name)}" for name in NAMES if name in one.attrib})
    for one, attribute, address, _ in list(body.iterlinks()):
        path, _, name = address.partition("#")
        target = normpath(join(dirname(page), path.removesuffix(".html"))) if path else page
        if target in pages:
            one.set(attribute, f"#{target}--{name}" if name else f"#{target}")
        elif attribute == "src":
            one.set("src", target)                      # the printed page stands beside the front page
        elif target.startswith("_"):
            del one.attrib[attribute]                   # a file of the site is not on paper
    return body


def number_equations(bodies: Iterable[HtmlElement]) -> None:
    """Count the equations through the book, and so wherever they are cited."""
    numbers: dict[str, str] = {}
    for place in (place for body in bodies for place in body.find_class("eqno")):
        place.text = numbers[place.getparent().get("id")] = f"({len(numbers) + 1})"
    for link in (link for body in bodies for link in body.iter("a")):
        number = numbers.get(link.get("href", "").removeprefix("#"))
        for one in link.iter() if number else ():
            one.text = re.sub(r"^\(\d+\)", number, one.text or "")


def tell_targets(bodies: dict[str, HtmlElement], title: str) -> HtmlElement:
    """Mark the links that get a page number, and number those that lead out of the book; an article of their addresses."""
    addresses: dict[str, int] = {}
    for link in [link for body in bodies.values() for link in body.iter("a")]:
        target = link.get("href", "")
        if re.match("https?://", target):
            number = addresses.setdefault(target, len(addresses) + 1)
            after = lxml.html.fragment_fromstring(f'<sup class="address">[{number}]</sup>')
            after.tail, link.tail = link.tail, None
            link.addnext(after)
        elif target.startswith("#") and not UNTOLD.search(link.text_content()) and not target.startswith("#api--"):
            link.set("data-page", "000")
    rows = "".join(f'<li value="{number}">{html.escape(address)}</li>' for address, number in addresses.items())
    return lxml.html.fragment_fromstring(f'<article><section><h1 id="addresses--">{title}</h1>'
                                         f'<ol class="addresses">{rows}</ol></section></article>')


def contents(parts: list, bodies: dict[str, HtmlElement]) -> str:
    """The list of contents; its page numbers are not yet known."""
    lines = []
    for part, pages in parts:
        lines.append(f"</ol><h3>{html.escape(part)}</h3><ol>" if part else "")
        for page in pages:
            for one in bodies[page].xpath(".//section/*[self::h1 or self::h2]"):
                kind, place = ("sub", one.get("id")) if one.tag == "h2" else ("", page)
                lines.append(f'<li class="{kind}"><a href="#{place}">{inside(one, ids=False)}</a><span>0</span></li>')
    return f'<section class="contents"><h2>Contents</h2><ol>{"".join(lines)}</ol></section>'


def inside(element: HtmlElement, ids: bool = True) -> str:
    """What is in an element, with or without the names of its parts."""
    element = deepcopy(element)
    for one in () if ids else element.xpath(".//*[@id]"):
        del one.attrib["id"]
    return html.escape(element.text or "") + "".join(lxml.html.tostring(one, encoding="unicode") for one in element)


def compose(root: Path, site: Path) -> HtmlElement:
    """The whole book as one page."""
    settings, parts = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8")), order(root)
    pages = [page for _, some in parts for page in some]
    bodies = {page: article(site, page, pages) for page in pages}
    number_equations(bodies.values())
    bodies["addresses"] = tell_targets(bodies, ADDRESSES)
    parts[-1][1].append("addresses")
    title, author = html.escape(settings["title"]), html.escape(settings["author"])
    heads = "".join(running_head(kind(page), body.find(".//h1").text_content()) for page, body in bodies.items())
    text = "".join(f'<article class="page-{page}" style="page: {kind(page)}"><div id="{page}">{inside(body)}</div></article>'
                   for page, body in bodies.items())
    return lxml.html.document_fromstring(
        f'<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{title}</title>'
        f'<link rel="stylesheet" href="_static/site.css"><style>{STYLE}{heads}</style></head><body>'
        f'<section class="title"><h1>{title}</h1><p>{author}</p>'
        "<p>On the book’s site the cells can be changed and run, and some figures are interactive.</p></section>"
        f"{contents(parts, bodies)}<main>{text}</main><script>{FIT}</script></body></html>")


def kind(page: str) -> str:
    """The pages of a chapter are pages of a kind of their own, as its title stands on top of each."""
    return "of-" + re.sub(r"\W", "-", page)


def running_head(kind: str, title: str) -> str:
    words = json.dumps(title, ensure_ascii=False)
    return f"@page {kind} {{ @top-left {{ content: {words}; font: 9pt sans-serif; color: #444; }} }}"


def print_page(browser: str, page: Path, out: Path) -> None:
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run([browser, *FLAGS, f"--user-data-dir={profile}", f"--print-to-pdf={out}", page.as_uri()], check=True,
                       timeout=300, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def places(pdf: pikepdf.Pdf) -> dict[str, int]:
    """{name: page number} of everything in the file that is linked to."""
    pages = {page.objgen: number for number, page in enumerate(pdf.pages, 1)}
    return {name.lstrip("/"): pages[to[0].objgen] for name, to in pdf.Root.Dests.items()}


def name_formulas(whole: pikepdf.Pdf) -> None:
    """A formula is tagged as one, with its LaTeX for those who cannot see it."""
    for one in whole.objects:
        if isinstance(one, pikepdf.Dictionary) and "/S" in one and str(one.get("/Alt", "")).startswith(FORMULA):
            one.S, one.Alt = pikepdf.Name.Formula, pikepdf.String(str(one.Alt).removeprefix(FORMULA))


def part_words(whole: pikepdf.Pdf, text: HtmlElement) -> None:
    """Where a heading goes on in a second line, Chromium's outline leaves the space out between its two words."""
    headings = [" ".join(one.text_content().split()).rstrip(" #") for one in text.iter("h1", "h2", "h3", "h4")]
    titles = {one.replace(" ", ""): one for one in headings}

    def mend(items):
        for one in items:
            one.title = titles.get("".join(one.title.split()).rstrip("#"), one.title)
            mend(one.children)

    with whole.open_outline() as outline:
        mend(outline.root)


def say_where(site: Path, pages: int) -> None:
    """Say on every page where the PDF is."""
    size = (site / "book.pdf").stat().st_size / 1e6
    for page in site.rglob("*.html"):
        up = "../" * (len(page.relative_to(site).parts) - 1)
        link = f'<a class="whole-book" href="{up}book.pdf">The whole book as PDF</a> ({pages} pages, {size:.1f} MB)'
        text = page.read_text(encoding="utf-8")
        page.write_text(re.sub(r"<!-- whole book -->.*?<!-- / -->", f"<!-- whole book -->{link}<!-- / -->", text),
                        encoding="utf-8")


def make(root: Path, browser: str) -> tuple[Path, int]:
    """The printed book and the number of its pages."""
    site, numbers = root / "_build" / "html", None
    text, page, out = compose(root, site), site / "print.html", site / "book.pdf"
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder, "book.pdf")
        try:
            for _ in range(MOST_PRINTS):
                before = numbers
                page.write_text(lxml.html.tostring(text, encoding="unicode", doctype="<!DOCTYPE html>"), encoding="utf-8")
                print_page(browser, page, printed)
                with pikepdf.open(printed) as whole:
                    numbers, pages = places(whole), len(whole.pages)
                if numbers == before:
                    break
                for link, number in text.xpath("//section[@class='contents']//li"):
                    number.text = str(numbers[link.get("href")[1:]])
                for link in text.xpath("//a[@data-page]"):
                    link.set("data-page", str(numbers[link.get("href")[1:]]))
            else:
                raise ValueError("the page numbers, printed, move the pages that they number")
        finally:
            page.unlink(missing_ok=True)
        with pikepdf.open(printed) as whole:
            name_formulas(whole)
            part_words(whole, text)
            whole.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    say_where(site, pages)
    return out, pages


if __name__ == "__main__":
    if not book.build():
        sys.exit(1)
    book.runtime.publish_and_report()
    found = chromium()
    if not found:
        sys.exit("The PDF is printed by Chromium or Chrome, and neither was found; everything else works without it.")
    made, pages = make(book.ROOT, found)
    print(f"The book is in {made.relative_to(book.ROOT)}: {pages} pages, {made.stat().st_size / 1e6:.1f} MB.")
