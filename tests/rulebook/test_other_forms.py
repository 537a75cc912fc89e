"""Every rule for a list in an array's place, and for single precision among double: see other_forms.py."""

from __future__ import annotations

import importlib

import pytest
from other_forms import check_other_forms, selected
from test_numpy_rules import CASES, FILES

SELECTED = {id(case) for case in selected(case for _, _, case in CASES)}


@pytest.mark.parametrize("file", FILES)
def test_other_forms(file: str) -> None:
    importlib.import_module(FILES[file].MODULE)
    for k, case in enumerate(FILES[file].CASES):
        if id(case) in SELECTED:
            try:
                check_other_forms(*case)
            except AssertionError as error:
                raise AssertionError(f"case {k}, {case[0]}: {error}") from error
