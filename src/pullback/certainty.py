"""Which varied values certainly have a tangent, whatever the arguments turn out to be.

    def f(x: float, table):
        y = x * 2.0             y: numbers
        k = table["name"]       k: not sure; it may be a string
        return g(y) + h(k)      that `g` has no derivative is an error now; of `h` a call will tell

The other analyses ask what *may* vary, as a derivative must not be lost. What is reported when a function is
defined must not be a false alarm: it needs both.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback import ir
from pullback.evidence import NEUTRAL, NUMBERS, UNSURE, WHOLE, field_described
from pullback.kinds import ARRAY, COMPLEX, CONSTANT_MASK, FLOAT, NPFLOAT
from pullback.names import Names
from pullback.rules import lookup
from pullback.structs import is_struct_class

ResultOf = Callable[[ir.Bind, list[int]], int]  # how sure the result of a known function is
Env = dict[str, int]

_ARRAY_RESULTS = frozenset({"float", "array", "view", "numeric", "like"})
_HANDED_ON = (sum, min, max, abs, pow, list, tuple, sorted, reversed, np.array, np.asarray, np.stack, np.concatenate)
_ARRAY_METHODS = frozenset({
    "sum", "mean", "dot", "reshape", "ravel", "flatten", "copy", "transpose", "cumsum", "prod", "max", "min", "std",
    "var", "item", "tolist", "squeeze", "trace", "diagonal", "conj", "clip", "repeat", "take",
})  # fmt: skip
_NOT_OF_LISTS = frozenset({"-", "/", "**", "@", "neg", "pos"})
_FLOATING = FLOAT | COMPLEX | NPFLOAT | ARRAY


class Certainty:
    """How sure each operand of each statement is; read by statement."""

    def __init__(
        self, function: ir.FunctionIR, names: Names, given: Env, classes: dict[str, type], result_of: ResultOf
    ) -> None:
        self.function = function
        self.names = names
        self.classes = classes  # of parameters that are never assigned
        self.result_of = result_of
        self.at: dict[int, Env] = {}  # by statement: the names that vary there
        self.end = self.block(function.body, dict(given))

    @property
    def result(self) -> int:
        """How sure the result is."""
        return self.end.get(self.function.result, NEUTRAL)

    def sure(self, stmt: ir.Stmt) -> list[str]:
        """The operands of a statement that vary, and certainly have a tangent."""
        env = self.at.get(id(stmt), {})
        return [n for n in ir.reads(stmt) if env.get(n, NEUTRAL) in (NUMBERS, WHOLE)]

    def block(self, block: list[ir.Stmt], env: Env) -> Env:
        """Go through a block; what is known at its end."""
        for stmt in block:
            self.at[id(stmt)] = dict(env)
            env = self.stmt(stmt, env)
        return env

    def stmt(self, stmt: ir.Stmt, env: Env) -> Env:
        """What is known after a statement."""
        match stmt:
            case ir.Bind():
                env[stmt.target] = self.bind(stmt, env) if stmt.facts.varied else NEUTRAL
            case ir.Unpack():
                env.update(dict.fromkeys(stmt.targets, self.part(self.of(stmt.source, env))))
            case ir.Append():
                env[stmt.target] = max(env.get(stmt.target, NEUTRAL), self.of(stmt.item, env))
            case ir.Store() if isinstance(stmt.obj, ir.Var):
                env[stmt.obj.name] = max(self.of(stmt.obj, env), self.of(stmt.value, env))
            case ir.Opaque():
                env.update(dict.fromkeys(stmt.writes, UNSURE))
            case ir.If():
                arms = [(b, self.block(b, dict(env))) for b in (stmt.body, stmt.orelse)]
                return joined([e for b, e in arms if not ir.always_raises(b)] or [env])
            case ir.For():
                return self.loop(stmt.body, env, {stmt.target: self.part(self.of(stmt.iterable, env))})
            case ir.While():
                return self.loop(stmt.body, env, {})
            case ir.With():
                return self.block(stmt.body, {**env, **({stmt.target: UNSURE} if stmt.target else {})})
            case ir.Try():
                return self.attempt(stmt, env)
        return env

    def attempt(self, stmt: ir.Try, env: Env) -> Env:
        """A `try`: a handler may find what any step of its body has left."""
        seen = [env]
        for step in stmt.body:
            seen.append(self.block(step.body, dict(seen[-1])))
        caught = joined(seen)
        ends = [self.block(stmt.orelse.body, dict(seen[-1])) if stmt.orelse is not None else seen[-1]]
        for handler in stmt.handlers:
            named = {handler.name: UNSURE} if handler.name is not None else {}
            end = self.block(handler.step.body, {**caught, **named})
            if not ir.always_raises(handler.step.body):
                ends.append(end)
        return self.block(stmt.final, joined(ends))

    def loop(self, body: list[ir.Stmt], env: Env, bound: Env) -> Env:
        """A loop, gone through until nothing changes."""
        head = dict(env)
        while True:
            new = joined([head, self.block(body, {**head, **bound})])
            if new == head:
                return head
            head = new

    def of(self, atom: ir.Atom, env: Env) -> int:
        """How sure an operand is."""
        return env.get(atom.name, NEUTRAL) if isinstance(atom, ir.Var) else NEUTRAL

    @staticmethod
    def part(whole: int) -> int:
        """How sure a part of a value is."""
        return whole if whole in (NEUTRAL, NUMBERS) else UNSURE

    def bind(self, stmt: ir.Bind, env: Env) -> int:
        """How sure the result of an expression is."""
        expr, facts = stmt.expr, stmt.facts
        flags = [self.of(a, env) for a in ir.atoms(expr)]
        mask = facts.kind.mask
        if mask and not mask & ~(_FLOATING | CONSTANT_MASK):
            return NUMBERS
        match expr:
            case ir.Copy():
                return flags[0]
            case ir.Operation(op=op, args=args):
                by_float = any(isinstance(a, ir.Lit) and isinstance(a.value, float) for a in args)  # no list is
                return self.operation("-" if by_float and op in "+*" else op, flags)
            case ir.Apply():
                return self.call(stmt, expr, flags)
            case ir.Attr(obj=obj, name=name):
                return self.attribute(obj, name, flags[0])
            case ir.Item():
                return self.part(flags[0])
            case ir.Build():
                return max(flags, default=NEUTRAL)
        return UNSURE

    def operation(self, op: str, flags: list[int]) -> int:
        """Of an operator: on numbers numbers; a list's are `+` and `*`."""
        if op in ("//", "%"):
            return UNSURE
        top = max(flags)
        if top == WHOLE and op in _NOT_OF_LISTS:
            return NUMBERS
        return WHOLE if top == UNSURE and NUMBERS in flags else top

    def attribute(self, obj: ir.Atom, name: str, flag: int) -> int:
        """Of a field, from the annotation in its class."""
        if flag == NUMBERS and name in ("T", "real", "imag"):
            return NUMBERS
        cls = self.classes.get(obj.name) if isinstance(obj, ir.Var) else None
        return UNSURE if cls is None else field_described(cls, name, self.names)

    def call(self, stmt: ir.Bind, expr: ir.Apply, flags: list[int]) -> int:
        """Of a call, from its rule or from the function that is called."""
        callee: Any = stmt.facts.callee if stmt.facts.known else None
        if callee is None:
            return NUMBERS if flags[0] == NUMBERS and expr.method in _ARRAY_METHODS else UNSURE
        entry = lookup(callee)
        if any(callee is f for f in _HANDED_ON):
            return max(flags[1:], default=NEUTRAL)
        if entry is not None and not entry.vjps:
            returns = entry.rule.returns if entry.rule is not None else entry.returns
            return NUMBERS if returns in _ARRAY_RESULTS else UNSURE
        if entry is None and isinstance(callee, types.FunctionType):
            return self.result_of(stmt, flags if stmt.facts.method else flags[1:])
        return WHOLE if isinstance(callee, type) and is_struct_class(callee) else UNSURE


def joined(envs: list[Env]) -> Env:
    """What is known where several paths meet: for each name the least sure."""
    merged: Env = {}
    for env in envs:
        for name, flag in env.items():
            merged[name] = max(merged.get(name, NEUTRAL), flag)
    return merged
