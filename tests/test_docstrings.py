"""The examples in docstrings, which the reference shows, print what they say."""

import doctest
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import pullback as pb

PACKAGE = Path(pb.__file__).parent
MODULES = [
    ".".join(("pullback", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8") and "demo" not in path.parts
]


@pytest.mark.parametrize("module", MODULES)
def test_examples_print_what_they_say(module, capsys):
    found = import_module(module)
    names = {"np": np, "pb": pb}
    result = doctest.testmod(found, extraglobs=names, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert not result.failed, capsys.readouterr().out
