"""How the book becomes pages: one Sphinx extension, a file or a folder for each duty. README.md says which does what."""

from pathlib import Path

from sphinx.util.fileutil import copy_asset_file

from . import equations, figures, interactive, links, math, misprints_page, page, policy, results_page, runner

HERE = Path(__file__).parent
# In this order: runner reads the cells that figures takes apart.
PARTS = (math, runner, figures, links, page, equations, misprints_page, results_page, interactive, policy)
# What a page fetches when it needs it; what every page has is in theme/static/site.css.jinja and site.js.jinja.
FETCHED = ("runner/worker.js", "runner/cells.py", "runner/results.js", "interactive/*.js")
# What Sphinx and MyST-NB copy beside the theme's own files; no page asks for it.
UNUSED = ("basic.css", "pygments.css", "mystnb.*.css", "sphinx_highlight.js", "*.png")


def find_templates(app, config):
    """Let site.css.jinja and site.js.jinja include files of the runner and the interactive figures, and every script."""
    config.templates_path = [*config.templates_path, str(HERE)]
    scripts = sorted(path.relative_to(HERE).as_posix() for path in HERE.glob("theme/scripts/*.js"))
    config.html_context = {**config.html_context, "scripts": scripts}


def copy_and_tidy(app, exception):
    if app.builder.format != "html" or exception:
        return
    static = Path(app.outdir, "_static")
    for path in (path for pattern in FETCHED for path in HERE.glob(pattern)):
        (static / path.parent.name).mkdir(exist_ok=True)
        copy_asset_file(path, static / path.parent.name)
    for path in (path for pattern in UNUSED for path in static.glob(pattern)):
        path.unlink()


def setup(app):
    app.add_html_theme("book", str(HERE / "theme"))
    app.add_js_file("site.js", loading_method="defer")
    app.add_config_value("comments_config", {}, "")     # Jupyter Book always sets it, for sphinx-comments, not loaded here
    app.connect("config-inited", find_templates)
    app.connect("build-finished", copy_and_tidy)
    for part in PARTS:
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
