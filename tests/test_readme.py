"""The README: it opens with the two commands, its code runs and prints what it says."""

import re

import pytest

import pullback
from documents import ROOT, blocks, normal, outputs

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = blocks(TEXT, "README.md")


@pytest.fixture(scope="module")
def printed_by():
    return outputs(ROOT / "README.md")


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_it_shows_what_is_printed(printed_by, number):
    assert printed_by[number] == normal(BLOCKS[number].shown or ""), f"README.md:{BLOCKS[number].line}"


def test_it_opens_with_the_two_commands():
    first, second = re.findall(r"^```sh\n(.*?)^```", TEXT, re.M | re.S)[:2]
    assert first == "pip install . && python -m pullback demo\n"
    assert second == "pip install '.[test]' && python -m pytest -n auto\n"
    fences = [line for line in TEXT.splitlines() if line.startswith("```") and line != "```"]
    assert fences[:2] == ["```sh", "```sh"]
    assert TEXT.index("```sh") < 20


def test_the_continuous_check_runs_the_second_command():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "README.md" in script and script.startswith("#!/usr/bin/env bash\n")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_every_verb_of_the_table_exists():
    rows = re.findall(r"^\| `(?:@|with )?pb\.(\w+)", TEXT, re.M)
    assert len(rows) >= 12
    for name in rows:
        assert hasattr(pullback, name), name


def test_there_is_a_place_for_the_benchmarks_and_a_licence():
    assert TEXT.count("<!-- benchmarks -->") == 1
    assert "## Licence" in TEXT and (ROOT / "LICENSE").exists()
