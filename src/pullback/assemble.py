"""The sweeps put into functions: one joint function, or a pair, with guards on entry; then compiled."""

from __future__ import annotations

import ast
import types
import weakref

import numpy as np

from pullback import ir
from pullback.emit import Compiled, Helpers, again, bare_arguments, definition, guards
from pullback.generated import JOINT, Derivative, Request
from pullback.kinds import ARRAY, BOOL, COMPLEX, DICT, FLOAT, FUNC, INT, LIST, NONE, TUPLE, kind_of
from pullback.layout import FORWARD, REVERSE
from pullback.lending import alone
from pullback.outlined import as_kept
from pullback.rules import EPOCH
from pullback.source import Source
from pullback.sweeps import Sweep
from pullback.syntax import assign, assign_many, call, constant, name, substitute, tuple_of, unset


def assemble(
    derivative: Derivative,
    lowered: ir.FunctionIR,
    source: Source,
    sweep: Sweep,
    body: list[ast.stmt],
    code: list[ast.stmt],
) -> None:
    """Put the sweeps into functions and compile them."""
    request, helpers = derivative.request, sweep.helpers
    arguments = bare_arguments(lowered.arguments)
    tests = [*all_guards(derivative, helpers), *_apart(derivative, helpers)]
    stem = lowered.name if lowered.name.isidentifier() else "function"
    if request.form == JOINT:
        own = _parameter_guards(lowered, request, helpers)
        tests = own + tests if derivative.names.fields else tests + own  # (first, where others look into arguments)
        start = again(tests, lowered.arguments, derivative.redo)
        before = [*lowered.declarations, *start, *body]
        if request.with_value:
            before += _value_kept(lowered.result, code, helpers)
        tree = definition(helpers.fresh(f"gradient_of_{stem}"), arguments, [*before, *code])
        derivative.forward = compiled(derivative, tree, lowered, helpers, source, JOINT, len(before))
        return
    top = sweep.residuals.top
    reverse_name = helpers.fresh(f"{stem}_reverse")
    residual_names = helpers.fresh("_res")
    unpack: list[ast.stmt] = []
    if top.kept:
        unpack = [assign_many(["_", *top.kept], name(residual_names))]
    given = [ast.arg(residual_names), ast.arg(sweep.seed)]
    if sweep.table:
        given.append(ast.arg(sweep.table))
    reverse_arguments = ast.arguments([], given, None, [], [], None, [])
    reverse_tree = definition(reverse_name, reverse_arguments, [*unpack, *code])
    derivative.reverse = compiled(derivative, reverse_tree, lowered, helpers, source, REVERSE)
    reverse_function = derivative.reverse.make(_bare_function(derivative), {})
    helpers.values[reverse_name] = reverse_function
    start = again(tests, lowered.arguments, derivative.redo)
    if lowered.generator:
        body = still_yielding(body)
        if start:
            yield_again(start)
    if top.placeholders:
        start = [*start, unset(top.placeholders)]
    kept = [as_kept(k, top.outlines, helpers) for k in top.kept]
    residual: ast.expr = tuple_of([name(reverse_name), *kept])
    if sweep.table and not request.lent:
        residual = _alone(residual, sweep, request, helpers)
    tree = definition(
        helpers.fresh(f"{stem}_forward"),
        arguments,
        [*lowered.declarations, *start, *body, ast.Return(tuple_of([name(lowered.result), residual]))],
    )
    derivative.forward = compiled(derivative, tree, lowered, helpers, source)
    derivative.reverse.forward = weakref.ref(derivative.forward)


def yield_again(start: list[ast.stmt]) -> None:
    """Have a generator whose guards fail go on as the one that is made anew."""
    redo = start[0].body[0]  # type: ignore[attr-defined]
    redo.value = ast.YieldFrom(redo.value)


def still_yielding(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a generator, which is one even where no `yield` is reached."""
    if any(isinstance(n, (ast.Yield, ast.YieldFrom)) for s in body for n in ast.walk(s)):
        return body
    return [ast.If(constant(False), [ast.Expr(ast.Yield())], []), *body]


def _value_kept(result: str, code: list[ast.stmt], helpers: Helpers) -> list[ast.stmt]:
    """The value under another name, where the reverse sweep binds that of the result to what it was before."""
    stored = {n.id for s in code for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    if result not in stored:
        return []
    kept, end = helpers.fresh("_value"), code[-1]
    assert isinstance(end, ast.Return) and isinstance(end.value, ast.Tuple)
    end.value.elts[0] = name(kept)
    return [assign(kept, name(result))]


def _alone(residual: ast.expr, sweep: Sweep, request: Request, helpers: Helpers) -> ast.expr:
    """The residual of a function that changes values, for callers that have no shadows."""
    captured: ast.expr = constant(None)
    if request.captures:
        keys = sorted(request.captures)
        captured = ast.Dict([constant(k) for k in keys], [name(k) for k in keys])
    return tuple_of([name(helpers(alone, "alone")), residual, captured, tuple_of(sweep.originals)])


def _bare_function(derivative: Derivative) -> types.FunctionType:
    """A stand-in that lends the reverse function its globals: it reads no captured variable."""
    function = derivative.function
    assert function is not None
    return types.FunctionType((lambda: None).__code__, function.__globals__)


def all_guards(derivative: Derivative, helpers: Helpers) -> list[ast.expr]:
    """The tests of what a derivative was generated from; that of generated code holds while its own tests do."""
    assert derivative.function is not None
    inherited: list[ast.expr] = getattr(derivative.function, "_pullback_guards", [])
    return [
        *(substitute(test, {}) for test in inherited),
        *guards(derivative.names, helpers, EPOCH, derivative.epoch, derivative.function),
    ]


def _apart(derivative: Derivative, helpers: Helpers) -> list[ast.expr]:
    """The test that arrays which change share no memory with others."""
    changed, others = derivative.apart
    tests: list[ast.expr] = []
    if changed and (others or len(changed) > 1):
        both = (tuple_of([name(n) for n in names]) for names in (changed, others))
        tests.append(call(helpers(derivative.shares, derivative.shares.__name__), *both))
    return [*tests, *read_as_well(derivative, helpers)]


def read_as_well(derivative: Derivative, helpers: Helpers) -> list[ast.expr]:
    """The test that what changes is not read as a value of a module, too."""
    if derivative.module_data is None:
        return []
    names = tuple_of([name(n) for n in derivative.module_data.changed])
    return [call(helpers(derivative.module_data, "read_as_well"), names)]


def compiled(
    derivative: Derivative, tree: ast.FunctionDef, lowered: ir.FunctionIR, helpers: Helpers, source: Source,
    sweep: str = FORWARD, reverse_from: int = 0,
) -> Compiled:  # fmt: skip
    """A generated function, compiled under the user's file name; a reverse function under that of its own text."""
    helpers.values.setdefault(derivative.redo, None)
    return Compiled(tree, lowered, helpers, source.filename, sweep, reverse_from)


def _parameter_guards(lowered: ir.FunctionIR, request: Request, helpers: Helpers) -> list[ast.expr]:
    """Tests that the arguments are still of the kinds that a joint function was made for."""
    tests: list[ast.expr] = []
    for parameter, (mask, cls, *_) in request.kinds:
        found = _GUARD_CLASSES.get(mask, cls)
        if found is None:
            of = call(helpers(kind_of, "kind_of"), name(parameter))
            tests.append(ast.Compare(ast.Attribute(of, "mask", ast.Load()), [ast.NotEq()], [constant(mask)]))
            continue
        known = helpers(found, found.__name__)
        attribute = ast.Attribute(name(parameter), "__class__", ast.Load())
        tests.append(ast.Compare(attribute, [ast.IsNot()], [name(known)]))
        if found.__name__ == "ndarray":
            kind = ast.Attribute(ast.Attribute(name(parameter), "dtype", ast.Load()), "kind", ast.Load())
            tests.append(ast.Compare(kind, [ast.NotIn()], [constant("fc" if mask == ARRAY else "iubOSUVMm")]))
    return tests


_GUARD_CLASSES: dict[int, type] = {
    BOOL: bool, INT: int, FLOAT: float, COMPLEX: complex, ARRAY: np.ndarray, NONE: type(None), TUPLE: tuple,
    LIST: list, DICT: dict, FUNC: types.FunctionType,
}  # fmt: skip
