"""A sample of the errors that can be injected into the rulebook is seen by its tests; `run.py` tries them all."""

from __future__ import annotations

import ast
import random
import re

import pytest

from .equivalent import reason
from .injections import inject, injections
from .killing import checks, chosen, first_failure, killed
from .mutants import Mutant, mutants

SAMPLE = 20
MODULES = [f"pullback.rulebook.{n}" for n in ("numpy_elementwise", "numpy_linear", "math_functions", "numpy_joining")]


def shown(text: str) -> dict[str, str]:
    tree = ast.parse(text, mode="eval").body
    return {f"{i.kind}: {i.before}": ast.unparse(inject(tree, i)) for i in injections(tree)}


def test_errors_of_an_expression() -> None:
    assert shown("-g * sin(x)") == {
        "sign: -g * sin(x)": "-(-g * sin(x))",
        "factor 2: -g * sin(x)": "-g * sin(x) * 2",
        "offset: -g * sin(x)": "-g * sin(x) + 1",
        "drop the left factor: -g * sin(x)": "sin(x)",
        "drop the right factor: -g * sin(x)": "-g",
        "drop the minus: -g": "g * sin(x)",
    }
    found = shown("fit(np.sum(g.T @ b, axis=1), x) - np.cos(a) / n")
    for part in (
        "np.sum(g.T @ b, axis=1) - ", "fit(np.sum(g.T @ b, axis=0), x)", "g @ b", "b @ g.T", "np.sin(a) / n",
        "n / np.cos(a)", "fit(x, np.sum(g.T @ b, axis=1))", "+ np.cos(a) / n",
    ):  # fmt: skip
        assert any(part in text for text in found.values()), part
    assert not shown("x + 1000.0 * np.finfo(float).eps"), "a threshold is no derivative"
    assert set(shown("0.0 * g")) == {"offset: 0.0 * g"}, "twice zero is zero"
    assert not shown("math.nan") and set(shown("math.inf")) == {"sign: math.inf"}, "one more is the same"


def test_errors_of_a_function() -> None:
    text = "def f(g, x: -int):\n    'text'\n    if g is None:\n        raise ValueError(1 + 1)\n    return g - x\n"
    function = ast.parse(text).body[0]
    changed = [ast.unparse(inject(function, i)).splitlines()[-1].strip() for i in injections(function)]
    assert changed == [
        "return -(g - x)", "return (g - x) * 2", "return g - x + 1", "return g + x", "return x", "return g"
    ]  # fmt: skip


@pytest.fixture(scope="module")
def sample() -> list[Mutant]:
    every = [m for name in MODULES for m in mutants(name)]
    return random.Random(7).sample(every, SAMPLE)


def test_a_sample_is_seen(sample: list[Mutant]) -> None:
    outcomes = {m.name: killed(m, lambda m=m: first_failure(chosen(m, checks(scipy=False))), 30.0) for m in sample}
    survived = [name for name, outcome in outcomes.items() if outcome is None and not reason(name)]
    assert len(survived) <= 0.2 * SAMPLE, survived  # (the case files alone: other tests see more)


@pytest.mark.parametrize(
    ("module", "pattern"),
    [
        ("numpy_linear", r"^matmul_left: drop the transpose"),
        ("numpy_linear", r"^matmul_right: swapped operands"),
        ("numpy_elementwise", r"^np\.sin x=.*: sin for cos|^np\.sin x=.*: sign: "),
        ("numpy_reductions", r"^sum_pullback: drop restored|^restored: drop expand_dims"),
        ("numpy_comparisons", r"^np\.maximum x1=.*: sign"),
        ("math_functions", r"^math\.exp x=.*: offset"),
    ],
)
def test_the_plainest_errors_are_seen(module: str, pattern: str) -> None:
    found = [m for m in mutants(f"pullback.rulebook.{module}") if re.search(pattern, m.name)]
    assert found
    for mutant in found[:1]:
        outcome = killed(mutant, lambda m=mutant: first_failure(chosen(m, checks(scipy=False))), 30.0)
        assert outcome is not None, mutant.name
