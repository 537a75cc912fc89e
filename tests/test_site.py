"""The documentation as a site: built without a warning, with every page and every public name."""

import html
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module

import pytest

import pullback as pb
from documents import ROOT

PAGES = {p.stem for p in (ROOT / "docs").glob("*.md")} | {"api"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    place = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", place / "docs", ignore=shutil.ignore_patterns("_build", "api.md", "__pycache__"))
    os.symlink(ROOT / "src", place / "src", target_is_directory=True)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", "out"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=place)
    assert done.returncode == 0, done.stderr
    return place / "out"


def test_every_page_is_there_and_in_the_contents(site):
    index = (site / "index.html").read_text(encoding="utf-8")
    for page in PAGES - {"index"}:
        assert (site / f"{page}.html").exists(), page
        assert f'href="{page}.html"' in index, page
    assert "0.5 * v * v" in html.unescape(re.sub(r"<[^>]+>", "", index))


@pytest.mark.parametrize("module", ["pullback", "pullback.nn", "pullback.optim", "pullback.testing"])
def test_every_public_name_is_in_the_reference(site, module):
    text = html.unescape(re.sub(r"<[^>]+>", "", (site / "api.html").read_text(encoding="utf-8")))
    prefix = module.replace("pullback", "pb")
    for name in getattr(import_module(module), "__all__", []):
        assert re.search(rf"\b{re.escape(prefix)}\.{name}\b", text), f"{prefix}.{name}"


def test_links_between_pages_lead_somewhere(site):
    for page in PAGES:
        for target in re.findall(r'href="([^"#:]+\.html)', (site / f"{page}.html").read_text(encoding="utf-8")):
            assert (site / target).exists(), f"{page}: {target}"


def test_the_reference_shows_docstrings():
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import reference
    finally:
        sys.path.remove(str(ROOT / "docs"))
    page = reference.page(pb)
    assert "### `pb.gradient(f, wrt=None)`" in page
    assert ">>> gradient(lambda x, y: x * x * y)(3.0, 2.0)" in page
    assert all(f"`pb.{name}" in page for name in pb.__all__)
