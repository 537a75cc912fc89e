"""Machine code on disk: a later process finds it, and whatever it depends on is part of its name."""

import os
import subprocess
import sys

import pytest

import pullback as pb

pytest.importorskip("numba")

PROGRAM = """
import math
import numpy as np
import pullback as pb

def damped(x):
    return {body}

@pb.derivative(of=damped)
def damped_vjp(x):
    y = damped(x)
    return y, lambda g: g * {slope}

def f(x, a):
    total = 0.0
    for i in range(len(a)):
        total += damped(x * a[i]) ** 2
    return total

slope = pb.jit(pb.gradient(f, wrt="x"), cache=True)
found = slope(0.5, np.arange(4.0))
assert pb.jit(pb.jacobian(lambda x: x**3), cache=True)(2.0) == 12.0
machine = next(v for k, v in slope.entry((0.5, np.arange(4.0)), {{}}).unit.constants.items() if k.startswith("machine"))
print(found == pb.gradient(f, wrt="x")(0.5, np.arange(4.0)), sum(machine.stats.cache_hits.values()))
"""


def run(folder, body="math.sin(x)", slope="math.cos(x)"):
    text = PROGRAM.format(body=body, slope=slope)
    program = folder.parent / f"program_{len(list(folder.parent.glob('program_*')))}.py"
    program.write_text(text)
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True,
        env={**os.environ, "PULLBACK_CACHE_DIR": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_later_process_finds_the_machine_code(tmp_path):
    folder = tmp_path / "cache"
    assert run(folder) == ["True", "0"]
    kept = sorted(folder.rglob("*.nbc"))
    assert run(folder) == ["True", "1"]
    assert sorted(folder.rglob("*.nbc")) == kept
    assert run(folder, slope="(2.0 * math.cos(x))") == ["True", "0"]  # (another rule is other code)


def test_a_decorator_with_the_option(tmp_path, monkeypatch):
    monkeypatch.setenv("PULLBACK_CACHE_DIR", str(tmp_path))

    @pb.jit(cache=True)
    def square(x):
        return x * x

    assert square(3.0) == 9.0
    assert list(tmp_path.glob("square_compiled_*.py"))


def test_a_folder_that_cannot_be_written_to(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PULLBACK_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(pb.ArgumentError, match=r"cannot write to .*cache .*set PULLBACK_CACHE_DIR"):
        pb.jit(lambda x: x * x, cache=True)(3.0)
