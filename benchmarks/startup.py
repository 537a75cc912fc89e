"""What a fresh process pays: the import, and the first gradient of a small function."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

FIRST = """\
import math
from time import perf_counter
import pullback as pb

def f(x, y):
    z = math.sin(x) * y
    for i in range(3):
        z = z + x * i if z > 0 else z * y
    return z

start = perf_counter()
first = pb.gradient(f)(0.7, 1.3)
middle = perf_counter()
pb.gradient(lambda x: math.exp(x) * x)(0.5)
print((middle - start) * 1e3, (perf_counter() - middle) * 1e3)
"""
IMPORT = """\
from time import perf_counter
start = perf_counter()
import numpy
middle = perf_counter()
import pullback
print((middle - start) * 1e3, (perf_counter() - middle) * 1e3)
"""


def run(text: str) -> list[float]:
    """The numbers that a fresh process prints."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "fresh.py"
        file.write_text(text)
        done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def first_gradients(processes: int = 15) -> tuple[list[float], list[float]]:
    """Milliseconds of the first gradient of a process, and of the second function's first."""
    rows = [run(FIRST) for _ in range(processes)]
    return [r[0] for r in rows], [r[1] for r in rows]


def imports(processes: int = 15) -> tuple[list[float], list[float]]:
    """Milliseconds of `import numpy`, and of `import pullback` after it."""
    rows = [run(IMPORT) for _ in range(processes)]
    return [r[0] for r in rows], [r[1] for r in rows]
