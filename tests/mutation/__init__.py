"""Errors injected into the rulebook: see `run.py`."""

import os
import sys

if "numpy" not in sys.modules:  # small matrices, in a process of its own each: threads would only wait for each other
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
