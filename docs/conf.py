"""Sphinx: `sphinx-build -W docs OUT`. The page of the API is written from the docstrings when the pages are built."""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

import reference  # noqa: E402  # the file beside this one

import pullback  # noqa: E402

project = "pullback"
copyright = "the authors of pullback"
release = version = "0.1.0"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "pullback"
html_show_sphinx = False
myst_heading_anchors = 3
# A link to a source file leads into the repository; tests/test_docs.py looks that each is there.
suppress_warnings = ["myst.xref_missing"]
exclude_patterns = ["_build"]
html_theme_options = {"navigation_with_keys": True}


def setup(app):
    """Write the page of the API into the sources that are about to be read."""
    (Path(app.srcdir) / "api.md").write_text(reference.page(pullback), encoding="utf-8")
    app.connect("source-read", without_absent_pages)


def without_absent_pages(app, docname, source):
    """Pages that other commands write may be absent from the table of contents."""
    if docname == "index":
        absent = [p for p in re.findall(r"^[a-z/]+\*$", source[0], re.MULTILINE) if not any(HERE.glob(f"{p}.md"))]
        source[0] = "\n".join(line for line in source[0].split("\n") if line not in absent)
