"""Calls: Python functions are put in place, classes make objects, built-in functions become what they compute.

step(tank, dt)        the statements of `step`, on the numbers that `tank` is made of
max(a, b)             if b > a: t = b  else: t = a
math.sin(x)           stays a call: it has a rule
"""

from __future__ import annotations

import ast
import ctypes
import dataclasses
import functools
import inspect
import math
import types
from collections.abc import Callable
from typing import Any

from pullback import ir
from pullback.compiled.builtin_calls import BuiltinCalls, special_calls
from pullback.compiled.operators import literal
from pullback.compiled.replaced import REPLACED
from pullback.compiled.values import (
    BOOL,
    FLOAT,
    INT,
    Arr,
    Clo,
    Known,
    Maybe,
    Method,
    Num,
    Obj,
    Partial,
    Seq,
    Super,
    Tup,
    Value,
    describe,
    refuse,
)  # fmt: skip
from pullback.compiled.written_out import OF_SEQUENCES, not_compiled
from pullback.recompute import Recomputed, recomputed, with_recomputation_in_pullbacks
from pullback.rules import callable_name, lookup
from pullback.source import Source, acquire
from pullback.spans import Span
from pullback.surgery import with_derivative, without_derivative

_C_FUNCTION = type(ctypes.CFUNCTYPE(None)())


class Calls(BuiltinCalls):
    """Finds out what a call does."""

    def call(self, callee: Value, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """The value of a call."""
        match callee:
            case Known(value=functools.partial() as partial):
                inner = [literal(a) for a in partial.args]
                given = {k: literal(v) for k, v in partial.keywords.items()}
                return self.call(Known(partial.func), [*inner, *args], {**given, **keywords}, stem, span)
            case Known(value=value):
                return self.known_call(value, args, keywords, stem, span)
            case Partial(function=inner_function, args=first, keywords=named):
                return self.call(inner_function, [*first, *args], {**named, **keywords}, stem, span)
            case Method(function=function, owner=owner):
                return self.known_call(function, [owner, *args], keywords, stem, span)
            case Clo():
                return self.closure_call(callee, args, keywords, span)
            case Obj(cls=cls):
                function = inspect.getattr_static(cls, "__call__", None)
                if isinstance(function, types.FunctionType):
                    return self.known_call(function, [callee, *args], keywords, stem, span)
            case Maybe():
                return self.call(self.present(callee, "this", span), args, keywords, stem, span)
        raise refuse(f"{describe(callee)} is called, which is not compiled", span)

    def closure_call(self, callee: Clo, args: list[Value], keywords: dict[str, Value], span: Span) -> Value:
        """A lambda or nested function of code that is being compiled."""
        node = callee.node
        code: Any = types.SimpleNamespace(co_qualname=callee.name, co_freevars=())
        source = Source(node, callee.frame.lowered.filename, code)
        signature = _signature_of(node.args)
        env = self.bound(signature, callee.name, args, keywords, span, lambda p: self._closure_default(callee, p, span))
        return self.run(callee.frame.function, source, callee.name, env, callee.frame, span)

    def _closure_default(self, callee: Clo, parameter: str, span: Span) -> Value:
        if parameter in callee.defaults:
            return callee.defaults[parameter]
        a = callee.node.args
        positional = [*a.posonlyargs, *a.args]
        pairs = [
            *zip(reversed(positional), reversed(a.defaults), strict=False),
            *zip(a.kwonlyargs, a.kw_defaults, strict=True),
        ]
        node = next(d for p, d in pairs if p.arg == parameter and d is not None)
        return self.value_of(node, span)

    def known_call(self, callee: Any, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """A call of an object that is known when code is generated."""
        if isinstance(callee, types.MethodType):
            return self.known_call(
                callee.__func__, [self.outer_object(callee.__self__, span), *args], keywords, stem, span
            )
        entry = lookup(callee)
        self.relied[id(callee)] = (callee, tuple(entry.vjps) if entry is not None else ())
        if entry is not None and entry.vjps and not self.plain:
            return self.custom(callee, entry, args, keywords, stem, span)
        written = OF_SEQUENCES.get(_key(callee))
        if written is not None:
            return self.list_call(written, args, span, keywords)
        special = _SPECIAL.get(_key(callee))
        if special is not None:
            if callee in _READING:
                args = [self.frozen(a) for a in args]
            args = [self.present(a, "an argument", span) if isinstance(a, Maybe) else a for a in args]
            found: Value = special(self, args, keywords, stem, span)
            return found
        if callee is without_derivative:
            return self.cut(args[0], span)
        if callee is not_compiled:
            assert isinstance(args[0], Known)
            raise refuse(f"{args[0].value} is not compiled", span)
        if callee is functools.partial and args:
            return Partial(args[0], tuple(args[1:]), keywords)
        if callee is super:
            return self.super_of(args, span)
        if callee is object.__init__ and len(args) == 1:
            return Known(None)
        if callee is with_derivative:
            given = dict(zip(("x", "callback"), args, strict=False)) | keywords
            return self.hooked(given["x"], given["callback"], stem, span)
        if callee is recomputed and len(args) == 1:  # (machine code keeps what it needs: the values are the same)
            return args[0]
        if callee is with_recomputation_in_pullbacks and len(args) == 2:
            return self.call(args[1], args[:1], {}, stem, span)
        if isinstance(callee, Recomputed):
            return self.known_call(callee.function, args, keywords, stem, span)
        if isinstance(callee, type):
            return self.construct(callee, args, keywords, stem, span)
        if hasattr(callee, "_pullback_verb"):
            return self.verb_call(callee, args, keywords, stem, span)
        if entry is not None and entry.stand_in is not None:
            return self.known_call(entry.stand_in, args, keywords, stem, span)
        if entry is not None and (entry.rule is not None or entry.constant):
            args = [self.as_array(a, span) for a in args]
            return self.library_call(callee, entry, args, keywords, stem, span)
        if isinstance(callee, types.FunctionType):
            module = callee.__module__ or ""
            callee = REPLACED.get(id(callee), callee)
            own = ("pullback.nn", "pullback.demo", "pullback.compiled.", "pullback.rulebook.math")

            if module.startswith("pullback.") and not callee.__module__.startswith(own):
                raise refuse(f"`{callable_name(callee)}` is not compiled", span)
            return self.python_call(callee, args, keywords, span)
        if isinstance(callee, _C_FUNCTION) or type(callee).__name__ == "_FuncPtr":
            return self.c_call(callee, args, stem, span)
        raise refuse(
            f"`{callable_name(callee)}` is not compiled", span,
            help="write it with functions that are (docs/compiling.md lists them), or take pb.jit away",
        )  # fmt: skip

    def verb_call(self, callee: Any, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """A derivative inside compiled code."""
        raise refuse(f"`{callee.__name__}` inside compiled code is not compiled", span)

    def outer_object(self, value: Any, span: Span) -> Value:
        """An object that a known bound method holds."""
        path = self.unit.constant(value, "owner")
        return self.unit.outside(value, path, "owner", self.frames[-1].state.heap, span)

    def python_call(
        self, callee: types.FunctionType, args: list[Value], keywords: dict[str, Value], span: Span, rule: bool = False
    ) -> Value:
        """A Python function: its body is put in place. A `rule` may call the function that it is the rule of."""
        if callee.__code__.co_flags & 0x2A0:
            raise refuse(f"`{callee.__name__}` is a generator or coroutine", span)
        name = self.unit.constant(callee, "function")
        self.unit.guard(f"{name}.__code__", callee.__code__)

        def default(parameter: str) -> Value:
            positional = callee.__code__.co_varnames[: callee.__code__.co_argcount]
            defaults = callee.__defaults__ or ()
            at = {p: i for i, p in enumerate(positional[len(positional) - len(defaults) :])}
            value, path = (
                (defaults[at[parameter]], f"{name}.__defaults__[{at[parameter]}]") if parameter in at
                else ((callee.__kwdefaults__ or {})[parameter], f"{name}.__kwdefaults__[{parameter!r}]")
            )  # fmt: skip
            if value.__class__ in (float, int, bool, str) or value is None:
                self.unit.guard(path, value)
                return literal(value)
            return self.unit.outside(value, path, parameter, self.frames[-1].state.heap, span)

        env = self.bound(_plain_signature(callee), callee.__name__, args, keywords, span, default)
        found = None if rule else self.recursive_call(callee, env, span)
        if found is not None:
            return found
        return self.run(callee, acquire(callee), callee.__name__, env, None, span)

    def bound(
        self, signature: inspect.Signature, name: str, args: list[Value], keywords: dict[str, Value], span: Span,
        default: Callable[[str], Value],
    ) -> dict[str, Value]:  # fmt: skip
        """The parameters of a call."""
        try:
            arguments = signature.bind(*args, **keywords).arguments
        except TypeError as error:
            raise refuse(f"{name}: {error}", span) from None
        env: dict[str, Value] = {}
        for parameter in signature.parameters.values():
            given = parameter.name in arguments
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                env[parameter.name] = Tup(tuple(arguments.get(parameter.name, ())))
            elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
                env[parameter.name] = self.new_dict(dict(arguments.get(parameter.name, {})))
            else:
                env[parameter.name] = arguments[parameter.name] if given else default(parameter.name)
        return env

    # --- objects ----------------------------------------------------------------------------------

    def super_of(self, args: list[Value], span: Span) -> Value:
        """`super()`, in a method."""
        frame: Any = self.frames[-1]
        function = frame.function
        if not args and isinstance(function, types.FunctionType) and frame.lowered.parameters:
            cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
            if "__class__" in cells:
                return Super(self.read(frame.lowered.parameters[0], span), cells["__class__"].cell_contents)
        if len(args) == 2 and isinstance(args[0], Known) and isinstance(args[0].value, type):
            return Super(args[1], args[0].value)
        raise refuse("this `super()` is not compiled", span)

    def hooked(self, x: Value, callback: Value, stem: str, span: Span) -> Value:
        """`pb.with_derivative(x, callback)`."""
        raise NotImplementedError

    def construct(self, cls: type, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`cls(...)`."""
        if issubclass(cls, tuple) and hasattr(cls, "_fields"):
            fields: tuple[str, ...] = cls._fields
            defaults = getattr(cls, "_field_defaults", {})
            parameters = [
                inspect.Parameter(
                    f, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=defaults.get(f, inspect.Parameter.empty)
                )
                for f in fields
            ]
            env = self.bound(
                inspect.Signature(parameters), cls.__name__, args, keywords, span, lambda p: literal(defaults[p])
            )
            return Tup(tuple(env[f] for f in fields), cls)
        if (
            cls.__module__ in ("builtins", "numpy", "collections")
            or inspect.getattr_static(cls, "__new__", None) is not object.__new__
        ):
            raise refuse(f"`{cls.__name__}` is not compiled", span)
        heap = self.frames[-1].state.heap
        new = Obj(self.unit.identity(), cls)
        heap[new.id] = {}
        init = inspect.getattr_static(cls, "__init__", None)
        if (
            dataclasses.is_dataclass(cls)
            and isinstance(init, types.FunctionType)
            and init.__code__.co_filename == "<string>"
        ):
            self._dataclass(new, cls, args, keywords, span)
        elif isinstance(init, types.FunctionType):
            self.known_call(init, [new, *args], keywords, stem, span)
        elif args or keywords:
            raise refuse(f"`{cls.__name__}` is not compiled", span)
        return new

    def _dataclass(self, new: Obj, cls: type, args: list[Value], keywords: dict[str, Value], span: Span) -> None:
        fields = dataclasses.fields(cls)
        parameters = []
        for f in sorted((f for f in fields if f.init), key=lambda f: bool(f.kw_only)):
            has_default = f.default is not dataclasses.MISSING or f.default_factory is not dataclasses.MISSING
            kind = inspect.Parameter.KEYWORD_ONLY if f.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
            parameters.append(inspect.Parameter(f.name, kind, default=None if has_default else inspect.Parameter.empty))
        by_name = {f.name: f for f in fields}

        def default(name: str) -> Value:
            f = by_name[name]
            if f.default_factory is not dataclasses.MISSING:
                return self.known_call(f.default_factory, [], {}, name, span)
            if f.default.__class__ in (float, int, bool, str) or f.default is None:
                return literal(f.default)
            path = f"{self.unit.constant(f, 'field')}.default"
            return self.unit.outside(f.default, path, name, self.frames[-1].state.heap, span)

        env = self.bound(inspect.Signature(parameters), cls.__name__, args, keywords, span, default)
        heap = self.frames[-1].state.heap[new.id]
        for f in fields:
            if f.init:
                heap[f.name] = env[f.name]
            elif f.default is not dataclasses.MISSING or f.default_factory is not dataclasses.MISSING:
                heap[f.name] = default(f.name)
        post = inspect.getattr_static(cls, "__post_init__", None)
        if isinstance(post, types.FunctionType):
            self.known_call(post, [new], {}, "_t", span)

    def replace(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`dataclasses.replace(obj, field=value)`."""
        owner = args[0]
        if not isinstance(owner, Obj):
            raise refuse(f"`replace` of {describe(owner)}", span)
        fields = self.frames[-1].state.heap[owner.id]
        given = {f.name: fields[f.name] for f in dataclasses.fields(owner.cls) if f.init}
        return self.construct(owner.cls, [], {**given, **keywords}, stem, span)

    def set_attribute(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`object.__setattr__(self, "field", value)` and `setattr`."""
        owner, name, value = args
        if not (isinstance(owner, Obj) and isinstance(name, Known) and isinstance(name.value, str)):
            raise refuse("`setattr` with a variable name", span)
        self.set_field(owner, name.value, value, span)
        return Known(None)

    # --- library functions ------------------------------------------------------------------------

    def cut(self, value: Value, span: Span) -> Value:
        """`pb.without_derivative(x)`: the same numbers, with no derivative."""
        function = self.unit.function(without_derivative, "without_derivative")
        match value:
            case Num(atom=ir.Var()):
                return self.unit.number("_t", ir.Apply(function, (value.atom,)), value.type, span)
            case Arr():
                made = self.unit.array("_t", ir.Apply(function, (value.atom,)), value, span)
                self.unit.share(made.name, value.name)
                return made
            case Tup(items=items, cls=cls):
                return Tup(tuple(self.cut(i, span) for i in items), cls)
            case Obj(id=identity, cls=cls):
                new = self.unit.copied_identity(cls)
                heap = self.frames[-1].state.heap
                heap[new] = {k: self.cut(v, span) for k, v in heap[identity].items()}
                self.shared_objects |= {new, identity}  # they are one: what is stored in one, the other has
                return Obj(new, cls)
            case Maybe(value=inner, flag=flag, unset=unset):
                return Maybe(self.cut(inner, span), flag, unset)
            case Clo() | Method() | Seq() | Partial() | Super():
                raise refuse(f"`without_derivative` of {describe(value)} is not compiled", span)
        return value

    def library_call(
        self, callee: Any, entry: Any, args: list[Value], keywords: dict[str, Value], stem: str, span: Span
    ) -> Value:
        """A function with a rule, of numbers or arrays."""
        values = [*args, *keywords.values()]
        ufunc = hasattr(callee, "nin") and all(isinstance(v, Num) for v in values)
        if any(isinstance(v, (Arr, Tup)) for v in values) or (not ufunc and _module(callee).startswith("numpy")):
            return self.array_call(callee, args, keywords, stem, span)
        if not all(isinstance(v, Num) for v in values) or keywords:
            raise refuse(f"`{callable_name(callee)}` of {', '.join(map(describe, values))} is not compiled", span)
        numbers = [v for v in values if isinstance(v, Num)]
        if _module(callee) != "math" and not ufunc:
            raise refuse(f"`{callable_name(callee)}` is not compiled", span)
        type_ = _RESULTS.get(callable_name(callee), INT if entry.constant else FLOAT)
        call = ir.Apply(
            self.unit.function(callee, callable_name(callee).split(".")[-1]), tuple(n.atom for n in numbers)
        )
        return self.unit.number(stem, call, type_, span)

    def c_call(self, callee: Any, args: list[Value], stem: str, span: Span) -> Value:
        """A C function, called through ctypes."""
        if callee.argtypes is None or callee.restype not in (ctypes.c_double, ctypes.c_float, ctypes.c_int):
            raise refuse("a C function needs its argtypes and restype to be compiled", span)
        numbers = [a for a in args if isinstance(a, Num)]
        if len(numbers) != len(args):
            raise refuse("a C function is compiled for numbers only", span)
        name = getattr(callee, "__name__", "c_function")
        call = ir.Apply(self.unit.function(callee, name), tuple(n.atom for n in numbers))
        return self.unit.number(stem, call, INT if callee.restype is ctypes.c_int else FLOAT, span)


def _module(callee: Any) -> str:
    return getattr(callee, "__module__", None) or ""


def _key(callee: Any) -> Any:
    try:
        hash(callee)
    except TypeError:
        return None
    return callee


def _plain_signature(function: types.FunctionType) -> inspect.Signature:
    bare = types.FunctionType(function.__code__, {}, function.__name__, function.__defaults__, function.__closure__)
    bare.__kwdefaults__ = function.__kwdefaults__
    return inspect.signature(bare)


def _signature_of(a: ast.arguments) -> inspect.Signature:
    kinds = inspect.Parameter
    made = []
    positional = [
        *((p, kinds.POSITIONAL_ONLY) for p in a.posonlyargs),
        *((p, kinds.POSITIONAL_OR_KEYWORD) for p in a.args),
    ]
    for i, (p, kind) in enumerate(positional):
        has = i >= len(positional) - len(a.defaults)
        made.append(kinds(p.arg, kind, default=None if has else kinds.empty))
    if a.vararg:
        made.append(kinds(a.vararg.arg, kinds.VAR_POSITIONAL))
    for p, d in zip(a.kwonlyargs, a.kw_defaults, strict=True):
        made.append(kinds(p.arg, kinds.KEYWORD_ONLY, default=kinds.empty if d is None else None))
    if a.kwarg:
        made.append(kinds(a.kwarg.arg, kinds.VAR_KEYWORD))
    return inspect.Signature(made)


_RESULTS = {
    "math.isclose": BOOL, "math.isfinite": BOOL, "math.isinf": BOOL, "math.isnan": BOOL, "math.ulp": FLOAT,
    "np.isfinite": BOOL, "np.isnan": BOOL, "np.isinf": BOOL, "np.sign": FLOAT, "np.floor": FLOAT, "np.ceil": FLOAT,
}  # fmt: skip


_SPECIAL = special_calls()
_READING = (sum, max, min, len, tuple, list, isinstance, divmod, math.hypot, math.dist, math.prod)
