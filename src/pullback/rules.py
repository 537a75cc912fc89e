"""The registry of derivatives: one place, found by identity, whoever calls the function.

The kinds of entry:

    elementwise(math.sin, "x", x="g * cos(x)")              a template, inlined into generated code
    rule(np.sum, "a, axis=None, keepdims=False", a="...")   the same, for structured functions
    constant(len, np.argmax)                                no derivative flows through
    intrinsic(map)(def map_vjp(call): ...)                  for functions that call their arguments
    stands_in(np.piecewise, piecewise)                      Python code that does the same is differentiated

and what users register (`VjpRule`, by `pullback.derivative`). A template is an expression for the
cotangent of one parameter: `g` is the cotangent of the result, `y` the result, parameters go by the
names of the signature string, and every other name is looked up in the module that registers the
rule. Only the names a template mentions are kept for the reverse sweep.

The rules of a library that need not be installed are files of their own, imported by a lookup that
finds nothing once the library has been imported by somebody else:

    when_imported("scipy.special", "pullback.rulebook.scipy_special")

Forward mode has templates of its own, under `<parameter>_dot`: the part of the result's tangent that
comes from that parameter's tangent, which the template calls `<parameter>_dot`; parts are summed.

    rule(np.sum, "a, axis=None", a="...", a_dot="sum(a_dot, axis)")
    rule(copy.copy, "x", x="g", x_dot="copy(x_parts)")         x_dot itself: zeros in containers are not written out
    rule(np.dot, "a, b", a="...", b="...", _linear="a, b")     linear in each: dot(a_dot, b) + dot(a, b_dot)

An elementwise function needs none: its cotangent template is linear in `g`, and is used with the
tangent in the place of `g`. Where that is wrong (abs of a complex number) a `_dot` template says so.
"""

from __future__ import annotations

import ast
import contextvars
import inspect
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from pullback.errors import DifferentiabilityError, RuleError
from pullback.vjp_rules import VjpRule

Active = tuple[int | str, ...]  # the differentiated operands of a call: positions and keyword names; -1 is the callee


class Template:
    """The cotangent of one parameter as an expression; compiled and analysed at its first use."""

    __slots__ = ("_function", "_names", "_tree", "namespace", "text")

    def __init__(self, text: str, namespace: dict[str, Any]) -> None:
        self.text = text
        self.namespace = namespace
        self._tree: ast.expr | None = None
        self._names: frozenset[str] | None = None
        self._function: Callable[..., Any] | None = None

    @property
    def tree(self) -> ast.expr:
        """The expression."""
        if self._tree is None:
            self._tree = ast.parse(self.text.strip(), mode="eval").body
        return self._tree

    @property
    def names(self) -> frozenset[str]:
        """The free names of the expression: `g`, `y`, parameters and helpers."""
        if self._names is None:
            self._names = frozenset(n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name))
        return self._names

    def compiled(self, parameters: tuple[str, ...]) -> Callable[..., Any]:
        """The expression as a function of (g, y, i, *parameters)."""
        if self._function is None:
            source = f"lambda g, y, i, {', '.join(parameters)}: {self.text.strip()}"
            self._function = eval(compile(source, f"<rule {self.text}>", "eval"), self.namespace)
        return self._function


@dataclass(slots=True)
class Rule:
    """The derivative of a library function: a template for each differentiable parameter."""

    function: Any
    signature_text: str
    templates: dict[str, Template]
    elementwise: bool
    returns: str
    namespace: dict[str, Any]
    alias: bool = False  # the result may share memory with an argument
    itself: int | None = None  # the operand that the result is, or a new value like it
    forward: dict[str, Template] = field(default_factory=dict)  # by parameter: its part of the result's tangent
    linear: tuple[str, ...] = ()  # parameters in each of which the function is linear
    inert: tuple[str, ...] = ()  # parameters of which only the form matters: they carry no derivative
    _signature: inspect.Signature | None = None

    @property
    def signature(self) -> inspect.Signature:
        """The parameters a call is bound to."""
        if self._signature is None:
            source = f"lambda {self.signature_text}: None"
            self._signature = inspect.signature(eval(compile(source, "<signature>", "eval"), self.namespace))
        return self._signature

    @property
    def name(self) -> str:
        """The function's name, as users write it."""
        return callable_name(self.function)


@dataclass(slots=True)
class Entry:
    """Everything known of one function. The function is held, so that its id stays its own."""

    function: Any
    rule: Rule | None = None
    vjps: list[VjpRule] = field(default_factory=list)
    intrinsic: Callable[..., Any] | None = None
    stand_in: Callable[..., Any] | None = None  # Python code that does the same, and is differentiated instead
    changes: bool = False  # whether that code changes what it is given, or hands out a part of it
    forward: Callable[..., Any] | None = None  # the intrinsic's counterpart in forward mode
    of_iterators: Callable[..., Any] | None = None  # the same, of iterators whose items have tangents
    constant: bool = False
    returns: str = "unknown"
    protocol: Callable[..., Any] | None = None  # asks the operands' classes for a method of their own, such as __abs__


class Epoch:
    """A counter that generated code compares on entry: it changes whenever a lookup could."""

    __slots__ = ("now", "scopes")

    def __init__(self) -> None:
        self.now = 0
        self.scopes = 0  # how many scopes of overrides are open, in any thread


EPOCH = Epoch()
_ENTRIES: dict[int, Entry] = {}
_OVERRIDES: contextvars.ContextVar[tuple[dict[int, Entry], ...]] = contextvars.ContextVar("overrides", default=())
_next_epoch = 0
_WAITING: dict[str, tuple[str, ...]] = {}  # a library's module -> the modules with its rules, not yet imported
_ROOTS: set[str] = {"jax", "jaxlib"}  # the libraries whose modules these are, and such as have no rules
_modules_seen = 0  # how many modules there were when _WAITING was last gone through


def _advance() -> None:
    global _next_epoch
    _next_epoch += 1
    EPOCH.now = _next_epoch


def canonical(function: Any) -> Any:
    """The object a derivative of `function` is stored under: the function of a method or property."""
    if inspect.ismethod(function):
        return function.__func__
    if isinstance(function, property) and function.fget is not None:
        return function.fget
    if isinstance(function, (staticmethod, classmethod)):
        return function.__func__
    return function


def lookup(function: Any) -> Entry | None:
    """The entry of `function` in the present scope, or None."""
    key = id(function)
    for overrides in _OVERRIDES.get():
        if key in overrides:
            return overrides[key]
    found = _ENTRIES.get(key)
    if found is None and len(sys.modules) != _modules_seen and _load_waiting():
        return _ENTRIES.get(key)
    return found


def when_imported(library: str, *rulebooks: str) -> None:
    """Have modules with rules imported once the module `library` is; nothing is imported before."""
    global _modules_seen
    _WAITING[library] = rulebooks
    _ROOTS.add(library.partition(".")[0])
    _modules_seen = 0


def is_library_code(value: Any) -> bool:
    """Whether a function or class belongs to a library whose source is not read."""
    return (getattr(value, "__module__", None) or "").partition(".")[0] in _ROOTS


def refuse_library_code(function: Any) -> None:
    """Refuse to read the source of a function of such a library: what has no rule there has no derivative.

    Library code hands arrays to compiled functions that fill them, which its source does not show.
    """
    module = getattr(function, "__module__", None) or ""
    if is_library_code(function):
        name = f"{module}.{function.__qualname__}"
        raise DifferentiabilityError(
            f"no derivative is known for `{name}`; register one with @pb.derivative(of=...), "
            "or wrap its differentiated arguments in pb.without_derivative"
        )


def _load_waiting() -> bool:
    """Import the rules of every library that has been imported since; whether there were any.

    A function of a library exists only once the library is in `sys.modules`, so no lookup of it can
    have come before. Reading the number of modules first keeps a lookup that finds nothing cheap.
    """
    global _modules_seen
    seen = len(sys.modules)
    present = [library for library in _WAITING if library in sys.modules]
    failed: list[str] = []
    for library in present:
        for rulebook in _WAITING.get(library, ()):
            try:
                import_module(rulebook)
            except (ImportError, AttributeError) as error:  # a version of the library that lacks a function
                failed.append(f"the rules in {rulebook} do not fit this version of {library}: {error}")
        _WAITING.pop(library, None)  # (after the import: another thread may be waiting for it)
    if present:
        _advance()
    _modules_seen = seen  # (what the rules import makes it look once more)
    for message in failed:
        warnings.warn(message, stacklevel=3)
    return bool(present)


def scope() -> tuple[dict[int, Entry], ...]:
    """The overrides in force, innermost first; the same ones mean equal lookups at one epoch."""
    return _OVERRIDES.get()


def _entry(function: Any) -> Entry:
    return _ENTRIES.setdefault(id(function), Entry(function))


def rule(
    function: Any,
    signature: str,
    /,
    *,
    _returns: str = "numeric",
    _alias: bool = False,
    _itself: int | None = None,
    _linear: str = "",
    _inert: str = "",
    **templates: str,
) -> None:
    """Register the cotangents of a library function's parameters, as templates.

    `_returns` names the kind of the result: "float", "array", "view" (an array, or a NumPy scalar of a
    scalar), "numeric", "like" (of the operands), "list", "tuple", "container" (of the first operand's class, where that
    is a list or dict) or "unknown". `_alias` says that the
    result may be a view of an argument;
    `_itself` is the place of the one that it is, if it is none but that or a new value.
    `_linear` names parameters in each of which the function is linear, whatever the others are;
    `_inert` those of which only the form matters, such as the value that another is brought to the shape of.
    """
    made = _register(function, signature, templates, False, _returns, sys._getframe(1).f_globals)
    made.alias = _alias or _itself is not None
    made.itself = _itself
    made.linear = tuple(p.strip() for p in _linear.split(",") if p.strip())
    made.inert = tuple(p.strip() for p in _inert.split(",") if p.strip())


def elementwise(
    function: Any, signature: str, /, *, _returns: str = "like", _alias: Any = False, **templates: str
) -> None:
    """Register a function applied entry by entry, with broadcasting: templates need not undo it."""
    made = _register(function, signature, templates, True, _returns, sys._getframe(1).f_globals)
    made.alias = _alias


def _register(
    function: Any,
    signature: str,
    templates: dict[str, str],
    is_elementwise: bool,
    returns: str,
    namespace: dict[str, Any],
) -> Rule:
    entry = _entry(function)
    if entry.rule is not None or entry.constant:
        raise RuleError(f"{callable_name(function)} has a rule already")
    compiled = {name: Template(text, namespace) for name, text in templates.items()}
    forward = {name.removesuffix("_dot"): compiled.pop(name) for name in templates if name.endswith("_dot")}
    entry.rule = Rule(function, signature, compiled, is_elementwise, returns, namespace, forward=forward)
    return entry.rule


def alias(function: Any, known: Rule) -> None:
    """Let another object that does the same have a rule."""
    _entry(function).rule = known


def constant(*functions: Any, returns: str = "constant") -> None:
    """Declare functions whose result has no derivative: ints, flags, shapes, printed text."""
    for function in functions:
        entry = _entry(function)
        entry.constant = True
        entry.returns = returns


def intrinsic(function: Any, returns: str = "unknown") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the derivative of a function that calls its arguments, as code.

    The decorated function takes (args, kwargs, active) and returns (value, reverse), where
    `reverse(g)` is the tuple of the active operands' tangents.
    """

    def register(vjp: Callable[..., Any]) -> Callable[..., Any]:
        entry = _entry(function)
        entry.intrinsic = vjp
        entry.returns = returns
        return vjp

    return register


def protocol(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: what a function does with objects whose class defines the operation (`abs(v)`: `__abs__`).

    The decorated function takes (function, args, kwargs, active) and returns (value, residual), or None
    where no operand's class has such a method: then the function's rule holds.
    """

    def register(ask: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            _entry(function).protocol = ask
        return ask

    return register


def forward_intrinsic(function: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the forward mode of a function that calls its arguments, or has containers for them.

    The decorated function takes (fn, fn_dot, args, dots, kwargs, kwdots): the callee, operands and
    their tangents; it returns (value, tangent). It is written in the language that can be
    differentiated, so that derivatives of any order follow from it.
    """

    def register(differential: Callable[..., Any]) -> Callable[..., Any]:
        _entry(function).forward = differential
        return differential

    return register


def of_iterators(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: their forward mode where an operand is an iterator over values and tangents."""

    def register(differential: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            _entry(function).of_iterators = differential
        return differential

    return register


def stands_in(function: Any, python: Callable[..., Any], returns: str = "unknown", changes: bool = False) -> None:
    """Differentiate a Python function in the place of a library function that computes the same.

    One that `changes` what it is given, or hands out a part of it, is run on its caller's shadows, or mirrors.
    """
    entry = _entry(function)
    entry.stand_in = python
    entry.returns = returns
    entry.changes = changes


def register_vjp(new: VjpRule) -> None:
    """Add a user's derivative. A second one for the same function and parameters is an error."""
    function = canonical(new.function)
    lookup(function)  # (the library's own rule is registered first, so that this one joins it)
    entry = _entry(function)
    for old in entry.vjps:
        if old.wrt == new.wrt and old.forward == new.forward:
            place = getattr(old.vjp, "__code__", None)
            where = f" at {place.co_filename}:{place.co_firstlineno}" if place is not None else ""
            raise RuleError(
                f"a derivative of {callable_name(function)} "
                f"{'with respect to ' + ', '.join(old.wrt) + ' ' if old.wrt else ''}is registered already{where}; "
                f"to replace it inside a scope, use `with pb.derivatives({{{callable_name(function)}: vjp}}):`",
                id="duplicate-derivative",
            )
    entry.vjps.append(new)
    _advance()


def in_scope(rule: VjpRule) -> VjpRule:
    """A user's rule as the present scope has it: in an audit, one that is checked when it is used."""
    for overrides in _OVERRIDES.get():
        rule = overrides.audited(rule) if isinstance(overrides, Audit) else rule
    return rule


class Audit(dict[int, Entry]):
    """A scope in which users' rules are others that do the same, and more (`pullback.auditing`)."""

    def audited(self, rule: VjpRule) -> VjpRule:
        """What stands for a rule."""
        return rule


def audit_everywhere(audit: Audit) -> None:
    """Put a scope around everything, in every thread and task, for good."""
    global _OVERRIDES
    _OVERRIDES = contextvars.ContextVar("overrides", default=(audit,))
    EPOCH.scopes += 1
    _advance()


@contextmanager
def overriding(rules: dict[Any, Callable[..., Any]]) -> Iterator[None]:
    """A scope, of this thread or task, in which the given derivatives replace all others."""
    entries: dict[int, Entry] = {}
    for function, vjp in rules.items():
        key = canonical(function)
        entries[id(key)] = Entry(key, vjps=[in_scope(VjpRule(key, vjp, None))])
    with pushed(entries):
        yield


_entered: dict[tuple[int, int], int] = {}


@contextmanager
def pushed(entries: dict[int, Entry], lasting: bool = False) -> Iterator[None]:
    """A scope, of this thread or task, in which these entries come first.

    What was generated in a scope of `lasting` entries holds when it is entered again.
    """
    before, outer = EPOCH.now, _OVERRIDES.get()
    known = _entered.get((id(entries), before)) if lasting and not outer else None
    token = _OVERRIDES.set((entries, *outer))
    EPOCH.scopes += 1
    if known is None:
        _advance()
    else:
        EPOCH.now = known
    entered, newest = EPOCH.now, _next_epoch
    if lasting and not outer:
        _entered[id(entries), before] = entered
    try:
        yield
    finally:
        _OVERRIDES.reset(token)
        EPOCH.scopes -= 1
        if EPOCH.now == entered and _next_epoch == newest and not _OVERRIDES.get():
            EPOCH.now = before  # nothing else changed: what was generated outside is valid again
        else:
            _advance()


def callable_name(function: Any) -> str:
    """The name users know a callable by, such as `math.sin` or `Tank.step`."""
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    if name is None:
        return repr(function)
    module = getattr(function, "__module__", None)
    if type(function).__name__ in ("builtin_function_or_method", "ufunc", "_ArrayFunctionDispatcher"):
        if type(function).__name__ == "ufunc":  # (which does not know where it is from)
            module = "scipy.special" if getattr(sys.modules.get("scipy.special"), name, None) is function else "numpy"
        if module and module.startswith("_") and getattr(sys.modules.get(module[1:]), name, None) is function:
            module = module[1:]  # `_struct.pack` is `struct.pack` to everybody
        if module not in (None, "builtins"):
            return f"{'np' + module[5:] if module.startswith('numpy') else module}.{name}"
    return str(name)


def shown_name(function: Any) -> str:
    """The same on one line: an object that is called goes by its class."""
    has_name = hasattr(function, "__qualname__") or hasattr(function, "__name__")
    return callable_name(function).rpartition("<locals>.")[2] if has_name else type(function).__name__
