"""What tests of several files use."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def small_heap() -> Iterator[None]:
    """Garbage collections look at what is made from here on alone: what thousands of tests left costs seconds each."""
    gc.freeze()
    yield
    gc.unfreeze()
