"""How the book becomes pages: one Sphinx extension, and the look in theme/. _config.yml names both."""

from pathlib import Path

from . import equations, figures, hidden_cells, interactive, links, math, page, policy

# In this order: hidden_cells reads the cells that figures takes apart.
PARTS = (math, hidden_cells, figures, links, page, equations, interactive, policy)
# What Sphinx and MyST-NB copy beside the theme's own files; no page asks for it.
LEFT_OVER = ("basic.css", "pygments.css", "mystnb.*.css", "sphinx_highlight.js", "*.png")


def tidy(app, exception):
    if app.builder.format == "html" and not exception:
        for path in (path for pattern in LEFT_OVER for path in Path(app.outdir, "_static").glob(pattern)):
            path.unlink()


def setup(app):
    app.add_html_theme("book", str(Path(__file__).parent / "theme"))
    app.add_js_file("site.js", loading_method="defer")
    app.add_config_value("comments_config", {}, "")     # Jupyter Book always sets it, for sphinx-comments, not loaded here
    app.connect("build-finished", tidy)
    for part in PARTS:
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
