"""Every rule of the rulebook, as forward mode applies it, against finite differences along the tangents."""

from __future__ import annotations

import copy
import importlib
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pullback.differential_calls import call_differential
from pullback.differential_objects import attribute_differential
from pullback.tangents import ZERO
from pullback.trees import leaves

RULEBOOK = Path(__file__).parent.parent / "rulebook"
sys.path.insert(0, str(RULEBOOK))

from differences import TOLERANCE, callable_rule, plain, same  # noqa: E402
from test_numpy_rules import CASES, FILES, title  # noqa: E402

from forward import along_differences, assert_tangent, direction, value_of  # noqa: E402


def applied(function: Any, args: Any, kwargs: Any, dots: dict[Any, Any]) -> tuple[Any, Any]:
    """The value and tangent of a call, by the run-time call of forward mode."""
    if isinstance(function, types.GetSetDescriptorType):
        return attribute_differential(args[0], dots[0], function.__name__)
    along = tuple(dots.get(k, ZERO) for k in range(len(args)))
    return call_differential(function, ZERO, args, along, kwargs, {k: dots[k] for k in kwargs if k in dots})


@pytest.mark.parametrize(("file", "case"), [(n, c) for n, _, c in CASES], ids=[title(*c) for c in CASES])
def test_tangents_of_rules(file: str, case: Any) -> None:
    importlib.import_module(FILES[file].MODULE)
    function, args, kwargs, wrt = case
    rule = callable_rule(function)
    tangents = tuple(direction(value_of(args, kwargs, operand), k) for k, operand in enumerate(wrt))
    before = copy.deepcopy((args, kwargs, tangents))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, y_dot = applied(function, args, kwargs, dict(zip(wrt, tangents, strict=True)))
    assert same((args, kwargs, tangents), before), "an operand or tangent was changed"
    expected = plain(function)(*args, **kwargs)
    assert same(value, expected), "the value differs from the primal's"
    assert_tangent(y_dot, value)
    operands = [value_of(args, kwargs, operand) for operand in wrt]
    narrowest = max((TOLERANCE[np.asarray(v).dtype.char] for v in leaves((operands, value))), default=1e-7)
    along_differences(rule, args, kwargs, wrt, tangents, y_dot, narrowest)
