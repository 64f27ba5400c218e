"""Print the whole book as one tagged PDF, _build/html/book.pdf, with the browser that is here.

The pages are those of the site, put one after the other in the order of the contents: names and links get the page's
name in front, equations are numbered through the book, and a title, a contents list and running heads are added. The
contents learn their page numbers from the first print: then they alone are printed again, and take their own place.
"""

import html
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from posixpath import dirname, join, normpath

import book
import pikepdf
import yaml

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
pre { white-space: pre-wrap !important; overflow-wrap: anywhere; }
.formula { overflow: hidden !important; }
@media screen { .contents, article :is(h1, h2, h3, p, pre, ul, dl, figure) { display: none; } }
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


FORMULA = "formula: "  # in front of what a formula is called, until the printed file says so itself
KATEX = re.compile(r'<span class="katex"><span class="katex-mathml"><math\b(?:(?!</math>).)*?<annotation[^>]*>(.*?)'
                   r'</annotation></semantics></math></span><span class="katex-html" aria-hidden="true">', re.S)
NAMED = rf'<span class="katex" role="img" aria-label="{FORMULA}\1"><span class="katex-html">'


def article(text: str) -> str:
    """A page's article as it goes to paper; a formula is a picture there, and its LaTeX is what it is called."""
    body = re.search(r'<article class="[^"]*">(.*)</article>', text, re.S)[1]
    body = re.sub(r"<script\b.*?</script>|<a class=\"headerlink\".*?</a>", "", body, flags=re.S)
    body = re.sub(r' href="(?:\.\./)*_(?:images|downloads)/[^"]*"', "", body)  # a file of the site is not on paper
    body = re.sub(r' src="(?:\.\./)+', ' src="', body)              # the printed page stands beside the front page
    body = KATEX.sub(NAMED, body)
    body = re.sub(r'<span class="(?:n|nn|p|w)">([^<]*)</span>', r"\1", body)  # code in the colour of text needs no mark
    return re.sub(r"<details\b(?! open)", "<details open", body)


def renamed(text: str, page: str, pages: set[str]) -> str:
    """The page with its name in front of its own names, and every link within the book as a link within the file."""
    def link(match: re.Match) -> str:
        target, _, name = match[1].partition("#")
        target = normpath(join(dirname(page), target.removesuffix(".html"))) if target else page
        return f'href="#{target}{"--" + name if name else ""}"' if target in pages else match[0]
    text = re.sub(r'(?<=\s)(id|for|aria-labelledby|aria-describedby)="([^"]+)"', rf'\1="{page}--\2"', text)
    text = re.sub(r"url\(#", f"url(#{page}--", text)
    return re.sub(r'href="((?:[\w./-]+\.html)?(?:#[^"]*)?)"', link, text)


def numbered(text: str) -> str:
    """Equations counted through the book, and so wherever they are cited."""
    numbers: dict[str, str] = {}

    def block(match: re.Match) -> str:
        numbers[match[1]] = f"({len(numbers) + 1})"
        return f"{match[0][:match.start(2) - match.start()]}{numbers[match[1]]}"
    display = r'<div class="math[^"]*" id="([^"]+)">(?:(?!<div class="math).)*?<span class="eqno">(\(\d+\))'
    text = re.sub(display, block, text, flags=re.S)
    return re.sub(r'(<a [^>]*href="#([^"]+)"[^>]*>(?:<[^>]*>)*)\(\d+\)',
                  lambda match: match[1] + numbers[match[2]] if match[2] in numbers else match[0], text)


def headings(text: str) -> list[tuple[int, str, str]]:
    """[(level, name, text)] of a page's title and sections."""
    found = re.findall(r'<section [^>]*id="([^"]+)"[^>]*>\s*(?:<span [^>]*></span>\s*)*<h([12])>(.*?)</h\2>', text, re.S)
    return [(int(level), name, " ".join(shown.split())) for name, level, shown in found]


def contents(parts: list, sections: dict, numbers: dict[str, int]) -> str:
    lines = []
    for part, pages in parts:
        lines.append(f"</ol><h3>{html.escape(part)}</h3><ol>" if part else "")
        for page in pages:
            for level, name, shown in sections[page]:
                sub, place = ' class="sub"' if level == 2 else "", name if level == 2 else page
                lines.append(f'<li{sub}><a href="#{place}">{shown}</a><span>{numbers.get(place, 0)}</span></li>')
    return f'<section class="contents"><h2>Contents</h2><ol>{"".join(lines)}</ol></section>'


def compose(site: Path, parts: list, numbers: dict[str, int] | None = None) -> str:
    """The whole book as one page; with the page `numbers` of its sections, the title and the contents alone."""
    pages = {page: (site / f"{page}.html").read_text(encoding="utf-8") for _, some in parts for page in some}
    bodies = {page: renamed(article(text), page, set(pages)) for page, text in pages.items()}
    sections = {page: headings(body) for page, body in bodies.items()}
    front = pages[parts[0][1][0]]
    title = re.search(r"<title>(.*?)</title>", front, re.S)[1]
    author = re.search(r"<p>© \d+ (.*?)\. <!--", front)[1]
    sheet = re.search(r'<link rel="stylesheet"[^>]*>', front)[0]
    heads = "".join(running_head(page, found[0][2]) for page, found in sections.items() if found)
    text = "".join(f'<article class="page-{page} {name(page)}"><div id="{page}">{body}</div></article>'
                   for page, body in bodies.items())
    main = f"<main>{numbered(text)}</main>" if numbers is None else ""
    return (f'<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
            f"<title>{title}</title>{sheet}<style>{STYLE}{heads}</style></head><body>"
            f'<section class="title"><h1>{title}</h1><p>{author}</p>'
            "<p>On the book’s site the cells can be changed and run, and some figures are interactive.</p></section>"
            f"{contents(parts, sections, numbers or {})}{main}<script>{FIT}</script></body></html>")


def running_head(page: str, title: str) -> str:
    """The chapter's title on top of each of its pages: they are pages of a kind of their own."""
    return (f'@page {name(page)} {{ @top-left {{ content: "{text_of(title)}"; font: 9pt sans-serif; color: #444; }} }}'
            f".{name(page)} {{ page: {name(page)}; }}")


def name(page: str) -> str:
    return "of-" + re.sub(r"\W", "-", page)


def text_of(shown: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", shown)).replace('"', "”").replace("\\", "")


def print_page(browser: str, page: Path, out: Path) -> None:
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run([browser, *FLAGS, f"--user-data-dir={profile}", f"--print-to-pdf={out}", page.as_uri()], check=True,
                       timeout=300, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def places(pdf: pikepdf.Pdf) -> dict[str, int]:
    """{name: page number} of everything in the file that is linked to."""
    pages = {page.objgen: number for number, page in enumerate(pdf.pages, 1)}
    return {name.lstrip("/"): pages[to[0].objgen] for name, to in pdf.Root.Dests.items()}


def marks(page: pikepdf.Page) -> list[str]:
    """The marked pieces of a page, in order, by which its structure knows what is what."""
    return [str(one.operands) for one in pikepdf.parse_content_stream(page, "BDC") if str(one.operator) == "BDC"]


def exchange(whole: pikepdf.Pdf, front: pikepdf.Pdf) -> None:
    """Let the first pages look as they do in `front`; their structure and links stay."""
    for old, new in zip(whole.pages, front.pages):
        if marks(old) != marks(new):
            raise ValueError("the contents, printed with their page numbers, are no longer the same pages")
        new = whole.copy_foreign(new.obj)
        old.Contents, old.Resources = new.Contents, new.Resources


def name_formulas(whole: pikepdf.Pdf) -> None:
    """A formula is tagged as one, with its LaTeX for those who cannot see it."""
    for one in whole.objects:
        if isinstance(one, pikepdf.Dictionary) and "/S" in one and str(one.get("/Alt", "")).startswith(FORMULA):
            one.S, one.Alt = pikepdf.Name.Formula, pikepdf.String(str(one.Alt).removeprefix(FORMULA))


def link(site: Path, pages: int) -> None:
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
    site, parts = root / "_build" / "html", order(root)
    page, out = site / "print.html", site / "book.pdf"
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder, "whole.pdf"), Path(folder, "front.pdf")
        try:
            page.write_text(compose(site, parts), encoding="utf-8")
            print_page(browser, page, printed[0])
            with pikepdf.open(printed[0]) as whole:
                page.write_text(compose(site, parts, places(whole)), encoding="utf-8")
                print_page(browser, page, printed[1])
                with pikepdf.open(printed[1]) as front:
                    exchange(whole, front)
                name_formulas(whole)
                whole.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
                pages = len(whole.pages)
        finally:
            page.unlink(missing_ok=True)
    link(site, pages)
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
