"""What makes a page light and safe: it fetches what it uses and nothing else, and may do nothing more.

The theme and its kin bring a megabyte to every page. Here the style sheets become one, cut to the names that the book
uses; the scripts that earn their place become one; icons are drawn in the page; KaTeX's fonts are cut to the glyphs
that can occur; and a policy in every page lets it load from the book's own place alone. All of it happens once, when
the pages are written. A formula or an element made at run time is provided for: `LATER` lists characters, and every
name that stands in a script of the book counts as used.
"""

import hashlib
import html
import re
import shutil
from base64 import b64encode
from pathlib import Path
from posixpath import join

import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.errors import ExtensionError

# The scripts of every page, in this order; the search page adds Sphinx's search.
BUNDLE = ["documentation_options.js", "doctools.js", "sphinx_highlight.js", "scripts/pydata-sphinx-theme.js",
          "scripts/sphinx-book-theme.js", "page.js", "run.js"]
SEARCH = {"searchtools.js", "language_data.js"}
# What a search shows of a page: a formula as it is drawn, once, and the found word within the first lines.
FOUND = {'".headerlink", ': '".headerlink", ".katex-mathml", ', "actualStartPosition - 120": "actualStartPosition - 40"}
# What page.js, <details> and the site's own search replace, and the settings of these scripts.
DROPPED = re.compile(r"_static/(clipboard\.min|copybutton|togglebutton|design-tabs|scripts/\w+)\.js|"
                     r"^(let toggle|var togglebutton|DOCUMENTATION_OPTIONS\.)")
FIRST = ["basic.css", "styles/pydata-sphinx-theme.css"]
UNUSED_SHEETS = ("togglebutton.css", "copybutton.css")
# What Sphinx copies and no page asks for any more.
LEFT_OVER = ["scripts", "styles", "vendor", "locales", "images", "*.png", "*-solid.svg", "copy-button.svg", "*.html",
             "*.css", "clipboard.min.js", "copybutton*.js", "togglebutton.js", "design-tabs.js", "*/*.css", *BUNDLE]
# Characters that a formula may get while a page is read, in the upright and the italic face, and in others.
LATER = "".join(map(chr, range(32, 127))) + "−·×⋅⊙∂∇∑√∞≈≠≤≥→∈′‖…⋯⋮⋱ ΔΘΣΦδεηθλμπσφϕ"
LATER_IN = {"Main-Bold": "WbxyzgMoOuv0123456789−+.,()"}
# The classes that call for a face; the other faces may show any character.
FACES = {"Main-Bold": "mathbf|textbf", "Main-Italic": "mathit|textit", "Main-BoldItalic": "mathbfit|boldsymbol|textbf",
         "Math-BoldItalic": "boldsymbol", "AMS": "amsrm|mathbb|textbb", "Caligraphic": "mathcal",
         "Caligraphic-Bold": "mathcal", "Fraktur": "mathfrak|textfrak", "Fraktur-Bold": "mathfrak|textfrak|mathboldfrak",
         "SansSerif": "mathsf|textsf", "SansSerif-Bold": "mathboldsf|textboldsf", "SansSerif-Italic": "mathsfit|textitsf",
         "Script": "mathscr|textscr", "Typewriter": "mathtt|texttt"}
# What the theme leaves to be wished: tips without its script, landmarks, a button whose name is what it shows.
MENDS = [("data-bs-title=", "title="),
         ('<div id="pst-primary-sidebar" ', '<div id="pst-primary-sidebar" role="navigation" aria-label="Book" '),
         ('pst-js-only" title="Search" aria-label="Search" data-bs-placement="bottom" data-bs-toggle="tooltip">\n <svg',
          'pst-js-only">\n <svg')]
# The value of a variable; a ; or } inside quotes or brackets does not end it.
VALUE = r"""(?:"[^"]*"|'[^']*'|\((?:[^()]|\([^()]*\))*\)|[^;{}"'()])*"""
POLICY = ("default-src 'self'; object-src 'none'; script-src 'self' 'wasm-unsafe-eval' {hashes}; style-src 'self'; "
          "style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
          "base-uri 'none'; form-action 'self'")


# While a page is made --------------------------------------------------------------------------------------------------

def settle(app, pagename, templatename, context, doctree):
    """Note the page's style sheets, and leave it the scripts that no other file replaces."""
    sheets = app.env.lean_sheets if hasattr(app.env, "lean_sheets") else []
    app.env.lean_sheets = sheets + [name for one in context["css_files"] if (name := local(one)) not in sheets]
    context["css_files"] = []
    context["script_files"] = [one for one in context["script_files"] if kept(one)]


def take_away(app, pagename, templatename, context, doctree):
    """Where the chapter's notebook is: here, and as a page of Jupyter."""
    source = Path(app.srcdir, f"{pagename}.ipynb")
    if doctree and source.exists():
        owner_and_name = app.config.html_theme_options["repository_url"].rstrip("/").rpartition("github.com/")[2]
        place = f"{Path(app.srcdir).name}/{source.name}"
        context["notebook"] = {"file": f"_downloads/{source.name}",
                               "binder": f"https://mybinder.org/v2/gh/{owner_and_name}/HEAD?urlpath=lab/tree/{place}"}


def local(asset):
    """The name below _static of a style sheet or script."""
    return re.sub(r"\?.*", "", str(getattr(asset, "filename", asset))).removeprefix("_static/")


def kept(script):
    name, body = str(getattr(script, "filename", "")), getattr(script, "attributes", {}).get("body", "")
    return local(script) not in BUNDLE and not DROPPED.search(name) and not DROPPED.search(body)


# When all pages are there ----------------------------------------------------------------------------------------------

def finish(app, exception):
    if exception or app.builder.format != "html" or not hasattr(app.env, "lean_sheets"):
        return
    out, static = Path(app.outdir), Path(app.outdir, "_static")
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(out.rglob("*.html")) if static not in path.parents}
    drawn = icons((static / "scripts/fontawesome.js").read_text(encoding="utf-8"))
    pages = {path: draw(text, drawn) for path, text in pages.items()}
    mend(static / "searchtools.js", FOUND)
    bundle = "".join(without_map((static / name).read_text(encoding="utf-8")) + "\n;" for name in BUNDLE)
    scripts = bundle + "".join(path.read_text(encoding="utf-8") for path in out.rglob("*.js")
                               if path.name != "searchindex.js" and "scripts" not in path.parts
                               and path.stat().st_size < 200_000)
    sheet = re.sub(r"@font-face\s*{[^}]*Font ?Awesome[^}]*}", "", gather(static, app.env.lean_sheets))
    fonts = cut_fonts(static / "katex" / "fonts", pages.values())
    sheet = purge(re.sub(r",url\([^)]*\.(woff|ttf)\) format\(\"\w+\"\)", "", sheet), names(pages.values(), scripts))
    for old, new in fonts.items():
        face = rf"@font-face{{[^{{}}]*/{re.escape(old)}[^{{}}]*}}"
        sheet = re.sub(face, lambda match: match[0].replace(old, new) if new else "", sheet)  # noqa: B023 (called at once)
    for path in (static / "katex" / "fonts").iterdir():
        if path.name not in sheet:
            path.unlink()
    for pattern in LEFT_OVER:
        for path in (one for one in static.glob(pattern) if f"({one.name})" not in sheet):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    css, js = hashed(static, "lean", ".css", sheet.encode()), hashed(static, "lean", ".js", bundle.encode())
    policy = POLICY.format(hashes=" ".join(sorted({one for text in pages.values() for one in inline_hashes(text)})))
    ahead = [new for old, new in fonts.items() if re.match(r"KaTeX_(Main-Regular|Math-Italic)\.", old)]
    icon = b64encode((static / "favicon.svg").read_bytes()).decode()
    for path, text in pages.items():
        text = re.sub(r'(<link rel="icon" href=")[^"]*', rf"\1data:image/svg+xml;base64,{icon}", text)     # a request less
        path.write_text(finished(text, css, js, policy, ahead), encoding="utf-8")
    (static / "favicon.svg").unlink()
    copy_notebooks(Path(app.srcdir), out)


def mend(path, changes):
    """Change these words of a file that comes from elsewhere; words that are no longer there stop the build."""
    text = path.read_text(encoding="utf-8")
    for old, new in changes.items():
        if old not in text and new not in text:
            raise ExtensionError(f"{path.name} has changed: {old} is not in it, which was to become {new}")
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def finished(text, css, js, policy, ahead):
    """A page that knows its policy, its style sheet, its script, and the fonts that its formulas begin with."""
    place = re.search(r'href="([^"]*_static/)lean\.css"', text)
    if not place:
        return text
    head = f'<meta charset="utf-8">\n    <meta http-equiv="Content-Security-Policy" content="{policy}">'
    text = re.sub(r'<meta charset="utf-8" ?/?>', lambda match: head, text, count=1)
    text = re.sub(r'<script src="', '<script defer src="', text)  # Sphinx's search asks for what the one script defines
    link = f'<link rel="stylesheet" href="{place[1]}{css}">'
    if 'class="katex"' in text:
        preload = '\n  <link rel="preload" as="font" type="font/woff2" crossorigin href='
        link += "".join(f'{preload}"{place[1]}katex/fonts/{name}">' for name in ahead)
    link += f'\n  <script defer src="{place[1]}{js}"></script>'
    return re.sub(r'<link rel="stylesheet" href="[^"]*lean\.css">', lambda match: link, text, count=1)


def copy_notebooks(source, out):
    """The chapters as files of the site, to be taken away; one that needs files beside it finds them in the checkout."""
    (out / "_downloads").mkdir(exist_ok=True)
    for path in source.glob("*.ipynb"):
        shutil.copy(path, out / "_downloads" / path.name)


def hashed(folder, stem, suffix, content):
    """Write a file whose name changes with its content, so that it can be kept for ever."""
    name = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}{suffix}"
    (folder / name).write_bytes(content)
    return name


def without_map(script):
    return re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.M)


def inline_hashes(text):
    """The policy's names for the scripts that stand in a page itself."""
    for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", text, re.S):
        if " src=" not in attributes and body:
            yield f"'sha256-{b64encode(hashlib.sha256(body.encode()).digest()).decode()}'"


# Icons -----------------------------------------------------------------------------------------------------------------

def icons(script):
    """{name: (width, height, path)} of the theme's solid icons; an outlined twin stands before them in the file."""
    pattern = r'[,{]"?([a-z][a-z-]*)"?:\[(\d+),(\d+),\[[^\]]*\],"\w+","(M[^"]*)"\]'
    return {name: (width, height, path) for name, width, height, path in re.findall(pattern, script)}


def draw(text, drawn):
    """Put the drawing where the theme names an icon, in an element that a script was to fill."""
    def picture(match):
        classes, rest = match[2].split(), " ".join(re.sub(r'\btitle="[^"]*"', "", match[3]).split())
        name = next(one[3:] for one in classes if one.startswith("fa-") and one not in ("fa-solid", "fa-lg"))
        width, height, path = drawn[name]
        shown = " ".join(["glyph", *(one for one in classes if one == "fa-lg" or not one.startswith("fa"))])
        return f'<svg class="{shown}" {rest} viewBox="0 0 {width} {height}" aria-hidden="true"><path d="{path}"/></svg>'
    text = re.sub(r'<(i|span) class="([^"]*\bfa-solid [^"]*)"([^>]*)></\1>', picture, text)
    for old, new in MENDS:
        text = text.replace(old, new)
    return text


# Style -----------------------------------------------------------------------------------------------------------------

def gather(static, listed):
    """All style sheets as one text, with addresses as seen from _static."""
    listed = [*FIRST, *(name for name in listed if name not in FIRST and not name.endswith(UNUSED_SHEETS))]
    texts = []
    for name in listed:
        text, folder = (static / name).read_text(encoding="utf-8"), str(Path(name).parent)
        texts.append(re.sub(r"url\((['\"]?)(?!data:|#|['\"])", rf"url(\1{join(folder, '')}", text))
    return re.sub(r"url\(\./", "url(", "\n".join(texts))


def names(pages, scripts):
    """Every name that a selector can hang on: elements, classes, ids, and every word of the scripts."""
    found = set(re.findall(r"[\w-]+", scripts)) | {"html", "body", "root"}
    for text in pages:
        found.update(name for value in re.findall(r'\s(?:class|id)="([^"]*)"', text) for name in value.split())
        found.update(re.findall(r"<([a-z][\w-]*)", text))
        found.update(re.findall(r"var\((--[\w-]+)", text))
    return found


def purge(text, used):
    """The style sheet without rules that cannot match, and without variables and faces that nothing names."""
    whole, before = text, None
    while whole != before:
        before = whole
        rules = tinycss2.parse_stylesheet(whole, skip_comments=True, skip_whitespace=True)
        whole = "".join(map(written, alive(rules, used)))
        asked = set(re.findall(r"var\(\s*(--[\w-]+)", whole)) | used
        for name in set(re.findall(r"(?<=[{;])--[\w-]+(?=:)", whole)) - asked:
            whole = re.sub(rf"(?<=[{{;]){name}:{VALUE}(?:;|(?=\}}))", "", whole)
        for rule in re.findall(r"@(?:font-face|keyframes [\w-]+)\{(?:[^{}]|\{[^{}]*\})*\}", whole):
            whole = whole if named(rule, whole) else whole.replace(rule, "")
    return whole


def named(rule, whole):
    """Whether a declaration elsewhere names this face or animation."""
    found = re.match(r"@keyframes ([\w-]+)", rule) or re.search(r"font-family:\s*['\"]?([^'\";}]+)", rule)
    rest = re.sub(r"@font-face\{[^}]*\}", "", whole.replace(rule, ""))
    return bool(found) and found[1].strip() in rest


def alive(rules, used):
    """Rules as (prelude, content) pairs of text or of further rules; only those that can match something."""
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [tidy(one) for one in split(rule.prelude) if can_match(one, used)]
            if selectors and (body := declarations(rule.content)):
                yield ",".join(selectors), body
        elif rule.type == "at-rule" and rule.content is not None:
            prelude = f"@{rule.at_keyword} {tidy(rule.prelude)}".strip()
            if rule.lower_at_keyword in ("media", "supports", "layer", "container"):
                inner = list(alive(tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True), used))
                if inner:
                    yield prelude, inner
            else:
                yield prelude, tidy(rule.content)


def written(rule):
    prelude, body = rule
    return prelude + "{" + (body if isinstance(body, str) else "".join(map(written, body))) + "}"


def tidy(tokens):
    """Tokens as text, with no comment and no space that says nothing."""
    text = "".join(" " if token.type == "whitespace" else token.serialize() for token in tokens if token.type != "comment")
    return text.strip()


def declarations(tokens):
    """What a rule says, without the spaces around it; a rule inside a rule is not used here, and refused."""
    parts = []
    for one in tinycss2.parse_blocks_contents(tokens, skip_comments=True, skip_whitespace=True):
        if one.type == "declaration":
            parts.append(f"{one.name}:{tidy(one.value)}{'!important' if one.important else ''}")
        elif one.type == "qualified-rule":
            raise ValueError("a rule inside a rule: write it out, the purge does not follow it")
    return ";".join(parts)


def split(prelude):
    """The selectors of a list; a comma inside brackets separates nothing here, as it stands in a token of its own."""
    selector = []
    for token in prelude:
        if token == ",":
            yield selector
            selector = []
        else:
            selector.append(token)
    yield selector


def can_match(selector, used):
    """Whether every element, class and id that the selector asks for occurs somewhere in the book."""
    before = None
    for token in selector:
        if token.type == "hash" and token.value not in used:
            return False
        if token.type == "ident" and before != ":" and token.value not in used:
            return False
        if token.type == "function" and token.lower_name in ("is", "where", "has") and not any(
                can_match(one, used) for one in split(token.arguments)):
            return False
        before = token.value if token.type == "literal" else None
    return True


# Fonts -----------------------------------------------------------------------------------------------------------------

def characters(font, pages):
    """The characters that can occur in a font: what stands in its class, or anywhere, and what may come later."""
    face = font.removeprefix("KaTeX_").removesuffix("-Regular")
    if face in FACES:
        return {one for text in pages for part in within(text, FACES[face]) for one in part} | set(LATER_IN.get(face, ""))
    return set(html.unescape("".join(pages))) | set(LATER)


def within(text, classes):
    """The text of every span that has one of these classes."""
    for match in re.finditer(rf'<span class="(?:[^"]* )?(?:{classes})(?: [^"]*)?"[^>]*>', text):
        depth, end = 1, match.end()
        for tag in re.compile(r"<(/?)span\b").finditer(text, match.end()):
            depth, end = depth + (-1 if tag[1] else 1), tag.start()
            if not depth:
                break
        yield html.unescape(re.sub(r"<[^>]*>", "", text[match.end():end]))


def cut_fonts(folder, pages):
    """Cut every font to what the pages need; {old name: new name, which changes with the content, or None}."""
    renamed = {}
    for path in sorted(folder.glob("*.woff2")):
        wanted = characters(path.stem, pages)
        if wanted:
            font = TTFont(path)
            cutter = subset.Subsetter(subset.Options(layout_features=["*"]))
            cutter.populate(unicodes=map(ord, wanted))
            cutter.subset(font)
            font.flavor = "woff2"
            font.save(path)
        renamed[path.name] = hashed(folder, path.stem, ".woff2", path.read_bytes()) if wanted else None
        path.unlink()
    return renamed


def setup(app):
    app.connect("html-page-context", take_away, priority=400)  # before the theme looks which buttons there are
    app.connect("html-page-context", settle, priority=900)
    app.connect("build-finished", finish, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
