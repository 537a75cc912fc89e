"""Simplification keeps what code computes, every value and every call, and removes what is idle."""

from __future__ import annotations

import ast
import math
import random

import pytest

from pullback.simplify import fold_ones, simplify


def simplified(text, temporary):
    code = simplify(ast.parse(text).body, frozenset(temporary))
    return ast.unparse(ast.fix_missing_locations(ast.Module(code, [])))


def lines(text):
    return "\n".join(line.strip() for line in text.strip().split("\n"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("_g1 = d_y\nd_x = _g1 * x", "d_x = d_y * x"),
        ("_g1 = d_y * x\nd_x = _g1", "d_x = d_y * x"),
        ("_g1 = d_y\nd_x = _g1\nd_z = _g1", "d_x = d_y\nd_z = d_y"),
        ("_g1 = 1.0\nd_x = _g1 * x + _g1", "d_x = 1.0 * x + 1.0"),
        ("_g1 = d_y * x", ""),
        ("_g1 = a\n_g2 = _g1\n_g3 = _g2\nd_x = _g3", "d_x = a"),
        ("_g1 = f(x)\nd_x = _g1", "d_x = f(x)"),
        ("if d_y is not ZERO:\n    _g1 = d_y", ""),
        ("if c():\n    _g1 = d_y", "if c():\npass"),
        ("if c:\n    _g1 = d_y\nelse:\n    d_x = 2", "if c:\npass\nelse:\nd_x = 2"),
        ("for x in xs:\n    _g1 = d_y", "for x in xs:\npass"),
    ],
)
def test_temporaries_disappear(before, after):
    assert lines(simplified(before, {"_g1", "_g2", "_g3"})) == after


@pytest.mark.parametrize(
    "text",
    [
        "_g1 = d_y\nd_y = 0.0\nd_x = _g1 * x",  # its value is overwritten
        "_g1 = d_y * x\nx = 1.0\nd_x = _g1",
        "_g1 = d_y * x\nd_x = _g1\nd_z = _g1",  # used twice, and not a name
        "_g1 = f(x)\nd_z = g(x)\nd_x = _g1",  # a call does not pass another
        "_g1 = f(x)",  # a call may have effects
        "_g1 = d_y * x\nfor i in xs:\n    d_x = _g1",  # not into a loop
        "_g1 = d_y\nfor i in xs:\n    d_x = _g1\n    d_y = 2.0",
        "_g1 = d_y * x\nif c:\n    d_x = _g1\nelse:\n    d_x = 1.0",
        "_g1 = d_x\nadd_at(d_x, 0, 1.0)\nd_z = _g1 * 2.0",  # changed in place in between
        "_g1 = xs[0]\nadd_at(xs, 0, 1.0)\nd_z = _g1 * 2.0",
        "d_x = d_y\nd_z = d_x",  # not temporary
        "_g1 = t.take(x)\nd_x = f(t.total(y), _g1)",  # a method does not pass another
    ],
)
def test_what_must_stay_stays(text):
    assert lines(simplified(text, {"_g1"})) == lines(text)


def test_blocks_inside_are_cleaned():
    text = "for i in xs:\n    _g1 = d_y\n    d_x = d_x + _g1 * i\nif c:\n    _g2 = a\n    b = _g2\nelse:\n    b = 1.0"
    expected = "for i in xs:\n    d_x = d_x + d_y * i\nif c:\n    b = a\nelse:\n    b = 1.0"
    assert simplified(text, {"_g1", "_g2"}) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("d = 1.0 * y", "d = y"),
        ("d = y * 1.0", "d = y"),
        ("d = 1.0 * (1.0 * y)", "d = y"),
        ("d = g * f(x)", "d = f(x)"),
        ("d = 1.0 * 2.5", "d = 2.5"),
        ("d = 1 * y", "d = 1 * y"),  # an int is not a float
        ("d = 1.0 * n", "d = 1.0 * n"),  # n may be an int: 1.0 * n is a float
        ("d = 1.0 * 2", "d = 1.0 * 2"),
        ("d = 0.0 * y", "d = 0.0 * y"),  # not zero for infinities
        ("d = y + 0.0", "d = y + 0.0"),  # not y for -0.0
        ("d = y ** 0", "d = y ** 0"),
        ("d = y / 1.0", "d = y / 1.0"),
    ],
)
def test_ones_are_folded_where_that_is_exact(before, after):
    code = ast.parse(before).body
    fold_ones(code, frozenset({"g"}), frozenset({"y"}))
    assert ast.unparse(ast.Module(code, [])) == after


# Random programs -----------------------------------------------------------------------------------------------------

NAMES = ["a", "b", "c"]


class Programs:
    """Random straight code, branches and loops over floats, with temporaries and calls that are counted."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0

    def expression(self, names, depth=2):
        r = self.random
        if depth == 0 or r.random() < 0.35:
            return r.choice([*names, "1.0", "2.5"])
        if r.random() < 0.2:
            return f"note({self.expression(names, depth - 1)})"
        return f"({self.expression(names, depth - 1)} {r.choice('+-*')} {self.expression(names, depth - 1)})"

    def block(self, indent, names, length, depth):
        r, out, pad = self.random, [], "    " * indent
        names = list(names)
        for _ in range(length):
            kind = r.random()
            if kind < 0.45:
                self.count += 1
                temporary = f"_g{self.count}"
                out.append(f"{pad}{temporary} = {self.expression(names)}")
                names.append(temporary)
            elif kind < 0.8 or depth == 0:
                out.append(f"{pad}{r.choice(NAMES)} = {self.expression(names)}")
            elif kind < 0.9:
                out.append(f"{pad}if {self.expression(NAMES)} > 0.5:")
                out += self.block(indent + 1, names, 2, depth - 1)
                out.append(f"{pad}else:")
                out += self.block(indent + 1, names, 2, depth - 1)
            else:
                out.append(f"{pad}for i in (0.5, 1.5):")
                out += self.block(indent + 1, [*names, "i"], 2, depth - 1)
        return out or [pad + "pass"]

    def text(self):
        return "\n".join([*self.block(0, NAMES, 8, 2), "result = (a, b, c)"])


def run(text):
    """The result of a program and the values that it noted: calls of rules are pure, so their order is free."""
    noted = []

    def note(x):
        noted.append(x)
        return x / 3.0

    space = {"a": 0.3, "b": -1.7, "c": 2.9, "note": note}
    exec(compile(text, "<random program>", "exec"), space)
    return [repr(x) for x in space["result"]], sorted(repr(x) for x in noted)


@pytest.mark.parametrize("part", range(10))
def test_random_programs_keep_their_meaning(part):
    shorter = 0
    for seed in range(part * 100, (part + 1) * 100):
        programs = Programs(seed)
        text = programs.text()
        temporary = {f"_g{n}" for n in range(1, programs.count + 1)}
        made = simplified(text, temporary)
        assert run(made) == run(text), f"seed {seed}\n{text}\n\n{made}"
        shorter += len(made) < len(ast.unparse(ast.parse(text)))
    assert shorter > 50


@pytest.mark.parametrize("value", [math.inf, -0.0, math.nan, 1e308, 5e-324])
def test_folding_is_exact_for_every_float(value):
    code = ast.parse("d = 1.0 * y * 1.0").body
    fold_ones(code, frozenset(), frozenset({"y"}))
    space = {"y": value}
    exec(compile(ast.fix_missing_locations(ast.Module(code, [])), "<folded>", "exec"), space)
    assert repr(space["d"]) == repr(1.0 * value * 1.0)
