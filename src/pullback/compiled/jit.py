"""`pb.jit(g)`: a function, or its derivative, as machine code.

    slope = pb.jit(pb.gradient(f));  slope(2.0, tank)      compiled at the first call with these types

For each combination of argument types one function is generated and compiled; a few lines of Python in
front of it test the types, take the arguments apart and put the results together.
"""

from __future__ import annotations

import ast
import functools
import inspect
import threading
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback import ir
from pullback.arguments import active_operands
from pullback.compiled.flatten import Flattener
from pullback.compiled.kernel import Kernel, gradient, primal
from pullback.compiled.layout import Arguments, Layout, Results, active_leaves, key_of, layout_of
from pullback.compiled.machine import compiled, need_numba
from pullback.compiled.unit import Unit
from pullback.compiled.values import Arr, Known, Num, State, Value, describe, leaves, refuse
from pullback.errors import ArgumentError, PullbackError
from pullback.locating import locate
from pullback.rules import EPOCH, callable_name, lookup, scope
from pullback.source import Source
from pullback.spans import Span

_LOCK = threading.RLock()
_VERBS = ("gradient", "value_with_gradient")


def jit(function: Callable[..., Any] | None = None, /, *, cache: bool = False) -> Any:
    """The same function, compiled to machine code by Numba.

    `function` is an ordinary function, or one that `gradient`, `value_with_gradient`, `differential`,
    `jacobian` or `hvp` returned. With `cache` the machine code is kept on disk. Needs the extra
    `numba`. What cannot be compiled raises `DifferentiabilityError` at the user's line when it is
    first called: nothing falls back to slow code.

    >>> import pullback as pb
    >>> pb.jit(pb.gradient(lambda x: x * x * x))(2.0)
    12.0
    """
    if function is None:
        return functools.partial(jit, cache=cache)
    if not callable(function):
        raise ArgumentError(f"jit takes a function, not {function!r}")
    need_numba()
    return Jitted(function, cache)


class Jitted:
    """A compiled function: one machine code for each combination of argument types."""

    def __init__(self, function: Callable[..., Any], cache: bool) -> None:
        self.__wrapped__ = function
        self.verb, self.function, self.wrt = verb_of(function)
        self.cache = cache
        self._entries: dict[Any, Entry] = {}
        self._current: Callable[..., Any] = self._again
        functools.update_wrapper(self, function, updated=())
        self.__name__ = f"jit({getattr(function, '__name__', 'function')})"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value, computed by machine code."""
        if kwargs:
            return self._again(*args, **kwargs)
        return self._current(*args)

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        return self if owner is None else types.MethodType(self, owner)

    def _again(self, *args: Any, **kwargs: Any) -> Any:
        """Find or make the machine code for these arguments."""
        try:
            entry = self.entry(args, kwargs)
        except PullbackError as error:
            raise locate(error)  # noqa: B904  # the same error, with the user's line
        if not kwargs and not EPOCH.scopes:
            self._current = entry.call
        return entry.call(*args, *kwargs.values())

    def entry(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        """The machine code for arguments of these types, made if there is none that holds."""
        layouts = [layout_of(a, f"argument {i + 1}") for i, a in enumerate(args)]
        layouts += [layout_of(v, f"argument `{k}`") for k, v in kwargs.items()]
        key = (tuple(map(key_of, layouts)), tuple(kwargs), tuple(map(id, scope())))
        with _LOCK:
            found = self._entries.get(key)
            if found is None or not found.holds():
                found = self._entries[key] = Entry(self, args, kwargs, layouts)
            return found

    def source(self, *args: Any, **kwargs: Any) -> str:
        """The text that was compiled for arguments of these types."""
        return self.entry(args, kwargs).text

    def __repr__(self) -> str:
        return f"<{self.__name__}>"


def verb_of(function: Any) -> tuple[str, Any, Any]:
    """What a function is: "value" for an ordinary one, or the verb that made it, with what it was given."""
    found = getattr(function, "_pullback_of", None) or getattr(function, "_pullback_verb", None)
    if found is None:
        return "value", function, None
    verb, inner, wrt = found
    return str(verb), inner, wrt


class Entry:
    """The machine code for one combination of argument types."""

    def __init__(self, owner: Jitted, args: tuple[Any, ...], kwargs: dict[str, Any], layouts: list[Layout]) -> None:
        self.owner = owner
        self.unit = Unit()
        self.epoch = EPOCH.now
        self.relied: dict[int, tuple[Any, Any]] = {}
        function = owner.function
        title = getattr(function, "__name__", "function")
        title = title if title.isidentifier() else "function"
        span = span_of(function)
        call = Call(self.unit, function, args, kwargs, layouts, span)
        self.unit.names.add(title)
        result = call.result
        parts = list(leaves(result, call.state))
        self._name_results(parts, call.state, result, span)
        parts = self.parts
        if owner.verb == "value":
            kernel = primal(self.unit, f"{title}_compiled", call.parameters, parts, span)
            results = Results(self.unit, "r")
            shown = results.value(result, call.state, span)
        elif owner.verb in _VERBS:
            kernel, results, shown = self._gradient(call, result, parts, title, span)
        else:
            raise refuse(f"jit of `{owner.verb}` is not compiled", None)
        self.text = ast.unparse(kernel.tree) + "\n"
        self._boundary(call, kernel, results, shown)

    def _name_results(self, parts: list[Num | Arr], state: State, result: Value, span: Span) -> None:
        """Give each part of the result a name that nothing assigns again."""
        self.parts: list[Num | Arr] = []
        for part in parts:
            if isinstance(part, Num) and isinstance(part.atom, ir.Var):
                self.parts.append(self.unit.number("_result", ir.Copy(part.atom), part.type, span))
            elif isinstance(part, Arr):
                made = self.unit.array("_result", ir.Copy(part.atom), part, span)
                self.unit.share(made.name, part.name)
                self.parts.append(made)
            else:
                self.parts.append(part)

    def _gradient(
        self, call: Call, result: Value, parts: list[Num | Arr], title: str, span: Span
    ) -> tuple[Kernel, Results, str]:
        owner = self.owner
        if not isinstance(result, Num):
            raise ArgumentError(
                f"gradient needs a function with a real scalar result; {callable_name(owner.function)} returns "
                f"{describe(result)}"
            )
        active = active_operands(owner.function, owner.wrt, call.args, call.kwargs)
        chosen = [call.layouts[call.position(a)] for a in active]
        names = [
            n
            for a in active
            for n in active_leaves(call.values[call.position(a)], call.layouts[call.position(a)], call.state)
        ]
        kernel = gradient(self.unit, f"gradient_of_{title}", call.parameters, parts, names, span, False)
        results = Results(self.unit, "r")
        value = results.value(result, call.state, span)
        tangents = [results.tangent(layout) for layout in chosen]
        bare = tangents[0] if len(tangents) == 1 else f"({', '.join(tangents)},)"
        return kernel, results, f"({value}, {bare})" if owner.verb == "value_with_gradient" else bare

    def _boundary(self, call: Call, kernel: Kernel, results: Results, shown: str) -> None:
        """The Python function in front of the machine code."""
        unit = self.unit
        self.machine = compiled(kernel, self.text, self.owner.cache)
        tests = [*call.arguments.tests, *(f"{path} is not {name}" for path, name in unit.guards.items() if name)]
        state = unit.constant(self, "entry")
        tests.append(f"{unit.constant(EPOCH, 'EPOCH')}.now != {state}.epoch")
        again = unit.constant(self.owner._again, "again")
        tests += self._overlaps(call)
        names = [f"a{i}" for i in range(len(call.layouts))]
        reads = [*call.arguments.reads, *(path for path in unit.inputs)]
        lines = [
            f"def call({', '.join(names)}):" if names else "def call():",
            f"    if {' or '.join(tests)}:",
            f"        return {again}({', '.join(names)})",
            f"    r = {unit.constant(self.machine, 'machine')}({', '.join(reads)})",
            *(f"    {line}" for line in results.lines),
            f"    return {shown}",
        ]
        if call.kwargs:  # (arguments by name come here sorted out already)
            lines[2] = "        pass"
        names_in_scope = dict(unit.constants)
        self.boundary = "\n".join(lines) + "\n"
        exec(compile(self.boundary, f"<boundary of {self.owner.__name__}>", "exec"), names_in_scope)
        self.call: Callable[..., Any] = names_in_scope["call"]
        self.relied = call.relied

    def _overlaps(self, call: Call) -> list[str]:
        """Tests that arrays which are stored into share no memory with others: each has an adjoint of its own."""
        unit = self.unit
        given = dict(zip(call.arguments.parameters, call.arguments.reads, strict=True))
        given |= {name: path for path, (_, name) in unit.inputs.items()}
        arrays = {n: path for n, path in given.items() if n in unit.arrays}
        stores = [s for s in ir.walk(unit.block) if isinstance(s, ir.Store)]
        stored = {unit.root(s.obj.name) for s in stores if isinstance(s.obj, ir.Var)}
        apart = unit.constant(must_be_apart, "must_be_apart")
        names = list(arrays)
        return [
            f"{apart}({arrays[a]}, {arrays[b]})"
            for i, a in enumerate(names) for b in names[i + 1 :] if {unit.root(a), unit.root(b)} & stored
        ]  # fmt: skip

    def holds(self) -> bool:
        """Whether everything this was made from is still so."""
        for text, name in self.unit.guards.items():
            try:
                found = eval(text, dict(self.unit.constants))
            except Exception:
                return False
            if found is not self.unit.constants[name]:
                return False
        if self.epoch != EPOCH.now:
            for callee, vjps in self.relied.values():
                entry = lookup(callee)
                if (tuple(entry.vjps) if entry is not None else ()) != vjps:
                    return False
            self.epoch = EPOCH.now
        return True


class Call:
    """A function put in place for arguments of known types."""

    def __init__(
        self,
        unit: Unit,
        function: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        layouts: list[Layout],
        span: Span,
    ) -> None:
        self.unit = unit
        self.args, self.kwargs, self.layouts = args, kwargs, layouts
        self.arguments = Arguments(unit)
        self.state = State()
        stems = self._stems(function, len(args), tuple(kwargs))
        self.values = [
            self.arguments.taken(layout, f"a{i}", stem, self.state)
            for i, (layout, stem) in enumerate(zip(layouts, stems, strict=True))
        ]
        flattener = Flattener(unit)
        self.relied = flattener.relied
        count = len(args)
        named = dict(zip(kwargs, self.values[count:], strict=True))
        self.result, self.state = flattener.outermost(Known(function), self.values[:count], named, self.state, span)
        self.parameters = [*self.arguments.parameters, *(name for _, name in unit.inputs.values())]

    def _stems(self, function: Any, count: int, keywords: tuple[str, ...]) -> list[str]:
        inner = function.__func__ if isinstance(function, types.MethodType) else function
        code = getattr(inner, "__code__", None)
        names = list(code.co_varnames[: code.co_argcount]) if code is not None else []
        if isinstance(function, types.MethodType):
            names = names[1:]
        names += [f"argument{i}" for i in range(len(names), count)]
        return [*names[:count], *keywords]

    def position(self, operand: int | str) -> int:
        """The place of an argument, given by position or name."""
        return operand if isinstance(operand, int) else len(self.args) + list(self.kwargs).index(operand)


def must_be_apart(a: Any, b: Any) -> bool:
    """Raise where two arrays share memory, one of which is stored into."""
    if np.may_share_memory(a, b):
        raise ArgumentError(
            "two arrays given to a compiled function share memory, and one of them is changed in place; pass a copy"
        )
    return False


def span_of(function: Any) -> Span:
    """Where a function stands."""
    inner = inspect.unwrap(function.__func__ if isinstance(function, types.MethodType) else function)
    called = inspect.getattr_static(type(inner), "__call__", None)
    code = getattr(inner, "__code__", None) or getattr(called, "__code__", None)
    if code is None:
        return Span("<unknown>", 1, 0, 1, 1)
    return Span(code.co_filename, code.co_firstlineno, 0, code.co_firstlineno, 1)


__all__ = ["Entry", "Jitted", "Source", "jit"]
