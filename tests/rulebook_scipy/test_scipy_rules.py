"""Every rule for SciPy against finite differences, and its forward form against the cotangents.

A case file `cases_*.py` beside this one has `MODULES`, the rule modules that it covers, and `CASES`:
(function, args, kwargs, differentiated operands), as in `tests/rulebook`.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy", reason="SciPy is not installed")

from differences import callable_rule, check_rule, random_like  # noqa: E402
from other_forms import check_other_forms, selected  # noqa: E402

import pullback.rulebook  # noqa: E402
from pullback.applying import apply_rule, bind, parameter_of  # noqa: E402
from pullback.rules import _ENTRIES, Rule, callable_name, lookup  # noqa: E402
from pullback.tangents import ZERO  # noqa: E402
from pullback.trees import flatten, inner, leaves  # noqa: E402

Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
HELPERS = {"scipy_callables", "scipy_linear"}  # imported by the others
HERE = Path(__file__).parent


def case_files() -> dict[str, Any]:
    """The case files, loaded, by name."""
    loaded = {}
    for path in sorted(HERE.glob("cases_*.py")):
        spec = importlib.util.spec_from_file_location(f"scipy_{path.stem}", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        loaded[path.stem] = module
    return loaded


FILES = case_files()
CASES = [(name, k, case) for name, module in FILES.items() for k, case in enumerate(module.CASES)]
IDS = [f"{name[6:]}-{k}-{callable_name(case[0])}" for name, k, case in CASES]
SELECTED = {id(case) for case in selected(case for _, _, case in CASES)}
MODULES = sorted({m for f in FILES.values() for m in f.MODULES})


@pytest.mark.parametrize("case", [c for _, _, c in CASES], ids=IDS)
def test_rule(case: Case) -> None:
    check_rule(*case)


def tangent_of(rule: Rule, args: tuple[Any, ...], kwargs: dict[str, Any], wrt: tuple[Any, ...], dots: Any) -> Any:
    """The tangent of a result by the rule's forward templates, as forward mode makes it."""
    y = rule.function(*args, **kwargs)
    values = bind(rule, args, kwargs).arguments
    parameters = tuple(rule.signature.parameters)
    total: Any = ZERO
    for operand, dot in zip(wrt, dots, strict=True):
        name, index = parameter_of(rule, operand)
        if name in rule.forward:
            template = rule.forward[name]
            source = f"lambda y, i, {name}_dot, {', '.join(parameters)}: {template.text}"
            part = eval(source, template.namespace)(y, index, dot, *values.values())
        elif name in rule.linear:
            moved_args, moved = list(args), dict(kwargs)
            if isinstance(operand, str):
                moved[operand] = dot
            else:
                moved_args[operand] = dot
            part = rule.function(*moved_args, **moved)
        else:
            assert rule.elementwise, f"{rule.name} has no forward form for `{name}`"
            part = rule.templates[name].compiled(parameters)(dot, y, index, *values.values())
        total = part if total is ZERO else summed(total, part)
    return y, total


def summed(a: Any, b: Any) -> Any:
    if isinstance(a, (tuple, list)):
        return tuple(summed(p, q) for p, q in zip(a, b, strict=True))
    if a is ZERO or b is ZERO:
        return b if a is ZERO else a
    return a + b


@pytest.mark.parametrize("case", [c for _, _, c in CASES], ids=IDS)
def test_forward_form(case: Case) -> None:
    """A cotangent and a tangent pair equally on both sides of the derivative."""
    function, args, kwargs, wrt = case
    rule = callable_rule(function)
    operands = [kwargs[o] if isinstance(o, str) else args[o] for o in wrt]
    dots = [random_like(x, 5 + k) for k, x in enumerate(operands)]
    y, y_dot = tangent_of(rule, args, kwargs, wrt, dots)
    g = random_like(y)
    _, residual = apply_rule(rule, args, kwargs, wrt)
    tangents = residual[0](residual, g)
    back = sum(inner(t, d, x) for t, d, x in zip(tangents, dots, operands, strict=True))
    ahead = inner(g, y_dot, y)
    rtol = 1e-4 if any(np.asarray(v).dtype.char in "fF" for v in leaves((y, *args, *kwargs.values()))) else 1e-9
    scale = max(1.0, abs(back), float(np.max(np.abs(flatten(g)[0]), initial=0.0)))
    assert np.isclose(ahead, back, rtol=rtol, atol=rtol * scale), (ahead, back)


@pytest.mark.parametrize("file", FILES)
def test_other_forms(file: str) -> None:
    """A list in an array's place, and single precision among double."""
    for k, case in enumerate(FILES[file].CASES):
        if id(case) in SELECTED:
            try:
                check_other_forms(*case)
            except AssertionError as error:
                raise AssertionError(f"case {k}, {case[0]}: {error}") from error


@pytest.mark.parametrize("module", MODULES)
def test_every_rule_has_cases(module: str) -> None:
    importlib.import_module(module)
    covered: set[tuple[int, str]] = set()
    for file in FILES.values():
        for function, _, _, wrt in file.CASES:
            entry = lookup(function)
            if entry is not None and entry.rule is not None:
                covered.update((id(entry.rule.function), parameter_of(entry.rule, operand)[0]) for operand in wrt)
    elsewhere = {p for f in FILES.values() if module in f.MODULES for p in getattr(f, "ELSEWHERE", ())}
    missing = [
        f"{callable_name(entry.function)}, argument `{name}`"
        for entry in list(_ENTRIES.values())
        if entry.rule is not None and entry.rule.namespace.get("__name__") == module
        for name in entry.rule.templates
        if (id(entry.rule.function), name) not in covered and name not in elsewhere
    ]
    assert not missing, "no test inputs for: " + "; ".join(missing)


def test_every_lazy_file_is_listed() -> None:
    folder = Path(pullback.rulebook.__file__).parent
    listed = {f for files in pullback.rulebook.LAZY.values() for f in files}
    others = {f for f in listed if not f.startswith("scipy_")}
    assert listed - others | HELPERS == {p.stem for p in folder.glob("scipy_*.py")}
    assert all((folder / f"{f}.py").exists() for f in others)
