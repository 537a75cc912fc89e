"""The text of generated derivatives is what `golden/` holds, and says what it does.

When the generator is changed on purpose:

    PULLBACK_UPDATE_GOLDEN=1 python -m pytest tests/engine/test_golden.py
    git diff tests/engine/golden            (read every change)
"""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

import pullback as pb

from .goldens import GOLDEN

FOLDER = Path(__file__).parent / "golden"
UPDATE = os.environ.get("PULLBACK_UPDATE_GOLDEN", "") not in ("", "0")


def text_of(name):
    """The derivative's source, without the number of registrations so far."""
    f, args = GOLDEN[name]
    return re.sub(r"EPOCH\.now != \d+", "EPOCH.now != N", pb.derivative_source(f, *args))


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name):
    path = FOLDER / f"{name}.txt"
    got = text_of(name)
    if UPDATE:
        path.write_text(got)
    assert path.exists(), f"no {path.name}: run with PULLBACK_UPDATE_GOLDEN=1"
    assert got == path.read_text(), "the generated text changed: see the head of this file"


@pytest.mark.parametrize("name", GOLDEN)
def test_the_derivative_that_is_shown_is_right(name):
    f, args = GOLDEN[name]
    pb.check_derivative(f, *args, modes=("reverse",))


@pytest.mark.parametrize("name", GOLDEN)
def test_the_text_is_python_and_the_same_every_time(name):
    first, second = text_of(name), text_of(name)
    assert first == second
    assert all(isinstance(s, ast.FunctionDef) for s in ast.parse(first).body)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_user_s_lines_stand_as_comments(name):
    f, _ = GOLDEN[name]
    lines = Path(f.__code__.co_filename).read_text().split("\n")
    comments = [line.strip()[2:] for line in text_of(name).split("\n") if line.strip().startswith("# ")]
    assert comments
    mine = {line.strip() for line in lines}
    assert set(comments) <= mine


def test_no_file_without_a_function():
    assert {p.stem for p in FOLDER.glob("*.txt")} == set(GOLDEN)


def test_the_text_does_not_depend_on_what_was_generated_before():
    """Two fresh interpreters give the same text, whatever the hash seed."""
    import subprocess
    import sys

    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from engine.test_golden import text_of, GOLDEN\n"
        "print('\\n'.join(text_of(n) for n in GOLDEN))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program, str(Path(__file__).parents[1])],
            capture_output=True, text=True, check=True, timeout=120, env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(texts) == 1
