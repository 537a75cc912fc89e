"""Tests of adjoints in reverse code: each made once, stores that nobody reads gone, and the same paths taken."""

import ast

import pytest

from pullback.tangents import ZERO
from pullback.threaded import threaded

CASES = {
    "a chain": (
        "if a is not ZERO:\n d_t = a\nelse:\n d_t = ZERO\nif d_t is not ZERO:\n d_x = d_t + a\nelse:\n d_x = ZERO",
        "if a is not ZERO:\n    d_t = a\n    d_x = d_t + a\nelse:\n    d_x = ZERO",
    ),
    "what an arm does not assign stays unknown": (
        "if a is not ZERO:\n d_x = a\nif d_x is not ZERO:\n d_y = d_x\nelse:\n d_y = ZERO",
        "if a is not ZERO:\n    d_x = a\nif d_x is not ZERO:\n    d_y = d_x\nelse:\n    d_y = ZERO",
    ),
    "an adjoint that is known": (
        "d_x = 1.0\nif d_x is not ZERO:\n d_y = d_x\nelse:\n d_y = ZERO",
        "d_x = 1.0\nd_y = d_x",
    ),
    "what the next iteration reads": (
        "d_x = 1.0\nd_y = ZERO\nfor i in range(3):\n d_y = d_x\n d_x = d_y\n d_z = d_y",
        "d_x = 1.0\nd_y = ZERO\nfor i in range(3):\n    d_y = d_x\n    d_x = d_y",
    ),
    "a loop may run no iteration": (
        "d_x = 1.0\nfor i in range(n):\n d_x = ZERO\nif d_x is not ZERO:\n d_y = d_x\nelse:\n d_y = 0.0",
        "d_x = 1.0\nfor i in range(n):\n    d_x = ZERO\nif d_x is not ZERO:\n    d_y = d_x\nelse:\n    d_y = 0.0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("before", CASES)
def test_text(before: str) -> None:
    code, wanted = CASES[before]
    made = threaded(ast.parse(code + "\nreturned = (d_x, d_y)").body, "ZERO", lambda n: n.startswith("d_"))
    assert ast.unparse(made[:-1]) == wanted


@pytest.mark.parametrize("code", [c for c, _ in CASES.values()])
@pytest.mark.parametrize("a", [2.0, ZERO])
@pytest.mark.parametrize("n", [0, 2])
def test_the_same_values(code: str, a: object, n: int) -> None:
    whole = code + "\nreturned = (d_x, d_y)"
    made = threaded(ast.parse(whole).body, "ZERO", lambda name: name.startswith("d_"))
    found = []
    for text in (whole, ast.unparse(made)):
        scope = {"ZERO": ZERO, "a": a, "n": n, "d_x": 5.0, "d_y": 7.0}
        exec(text, scope)
        found.append(scope["returned"])
    assert found[0] == found[1]
