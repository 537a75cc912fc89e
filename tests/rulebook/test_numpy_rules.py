"""Every rule of the rulebook against finite differences, on the calls that the case files list.

A case file `cases_*.py` beside this one has `MODULE`, the rule module that it covers, and `CASES`:
(function, args, kwargs, differentiated operands). A rule with a parameter that no case
differentiates fails by name.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import pytest
from differences import check_rule

import pullback.rulebook
from forward import check_forward
from pullback.applying import parameter_of
from pullback.rules import _ENTRIES, callable_name, lookup
from pullback.template_functions import AttributeOf

Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
HERE = Path(__file__).parent
RULEBOOK = Path(pullback.rulebook.__file__).parent
MODULES = sorted(f"pullback.rulebook.{p.stem}" for p in RULEBOOK.glob("*.py") if p.stem.startswith(("numpy_", "math_")))


def case_files() -> dict[str, Any]:
    """The case files, loaded, by name."""
    loaded = {}
    for path in sorted(HERE.glob("cases_*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        loaded[path.stem] = module
    return loaded


FILES = case_files()
CASES = [(name, k, case) for name, module in FILES.items() for k, case in enumerate(module.CASES)]


def title(name: str, k: int, case: Case) -> str:
    return f"{name[6:]}-{k}-{callable_name(case[0])}"


@pytest.mark.parametrize(("file", "case"), [(n, c) for n, _, c in CASES], ids=[title(*c) for c in CASES])
def test_rule(file: str, case: Case) -> None:
    importlib.import_module(FILES[file].MODULE)
    check_rule(*case)


@pytest.mark.parametrize(("file", "case"), [(n, c) for n, _, c in CASES], ids=[title(*c) for c in CASES])
def test_forward(file: str, case: Case) -> None:
    importlib.import_module(FILES[file].MODULE)
    check_forward(*case)


@pytest.mark.parametrize("module", sorted({*MODULES, *(f.MODULE for f in FILES.values())}))
def test_every_rule_has_cases(module: str) -> None:
    importlib.import_module(module)
    covered: set[tuple[int, str]] = set()
    for file in FILES.values():
        for function, _, _, wrt in file.CASES:
            entry = lookup(function)
            if entry is not None and entry.rule is not None:
                covered.update((id(entry.rule.function), parameter_of(entry.rule, operand)[0]) for operand in wrt)
    missing = [
        f"{callable_name(entry.function)}, argument `{name}`"
        for entry in list(_ENTRIES.values())
        if entry.rule is not None and entry.rule.namespace.get("__name__") == module
        # forward mode makes functions of attributes as it meets them, which have the attribute's rule
        if not isinstance(entry.function, AttributeOf)
        for name in entry.rule.templates
        if (id(entry.rule.function), name) not in covered
    ]
    assert not missing, "no test inputs for: " + "; ".join(missing)
