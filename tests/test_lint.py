"""The linter and the type checker, as tests."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command):
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, cwd=ROOT, timeout=600)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("folder", ["src", "tests", "examples", "benchmarks", "docs"])
def test_ruff(folder):
    if (ROOT / folder).exists():
        run("ruff", "check", folder)


def test_mypy():
    run("mypy")
