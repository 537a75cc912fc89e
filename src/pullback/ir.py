"""The intermediate representation: structured A-normal form.

    y = x * f(x) + 1          t1 = f(x)         Bind("t1", Apply(Var("f"), (Var("x"),)))
                              t2 = x * t1       Bind("t2", Operation("*", (Var("x"), Var("t1"))))
                              y = t2 + 1        Bind("y", Operation("+", (Var("t2"), Lit(1))))

Operands are atoms (names and literals); control flow is nested blocks; there are no jumps but one
`BreakIf` at the end of a loop body. Every statement knows its span. The analyses write what they
find into the `facts` of each statement.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pullback.kinds import UNKNOWN, Kind
from pullback.spans import Span


@dataclass(frozen=True, slots=True)
class Var:
    """A name: local, captured, global or builtin."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Lit:
    """A literal constant. `1`, `1.0` and `True` are different ones, as are `0.0` and `-0.0`."""

    value: Any

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Lit):
            return False
        return type(self.value) is type(other.value) and repr(self.value) == repr(other.value)

    def __hash__(self) -> int:
        return hash((type(self.value), repr(self.value)))


Atom = Var | Lit


@dataclass(frozen=True, slots=True)
class Copy:
    """`y = x`."""

    source: Atom


@dataclass(frozen=True, slots=True)
class Operation:
    """An arithmetic, bitwise or unary operator; `inplace` for augmented assignment."""

    op: str
    args: tuple[Atom, ...]
    inplace: bool = False


@dataclass(frozen=True, slots=True)
class Compare:
    """A chain of comparisons, identity or membership tests."""

    ops: tuple[ast.cmpop, ...]
    args: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Apply:
    """A call. `stars` are the positions of `*args`; a keyword named None is `**kwargs`.

    With `method`, the callee is that attribute of `callee`, looked up and called.
    """

    callee: Atom
    args: tuple[Atom, ...]
    keywords: tuple[tuple[str | None, Atom], ...] = ()
    stars: frozenset[int] = frozenset()
    method: str | None = None


@dataclass(frozen=True, slots=True)
class Attr:
    """`obj.name`."""

    obj: Atom
    name: str


@dataclass(frozen=True, slots=True)
class Item:
    """`obj[index]`."""

    obj: Atom
    index: Atom


@dataclass(frozen=True, slots=True)
class Build:
    """A display: tuple, list, set, dict (keys and values alternate) or slice."""

    kind: str
    items: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Closure:
    """A lambda or nested function, with the local names it captures."""

    node: ast.Lambda | ast.FunctionDef
    captures: tuple[str, ...]
    defaults: tuple[tuple[str, Atom], ...] = ()  # parameters whose default is computed when it is made
    group: frozenset[str] = frozenset()  # functions made after it that it calls: `captures` holds theirs too


@dataclass(frozen=True, slots=True)
class Inert:
    """An expression kept as written, whose value has no derivative: conditions, f-strings."""

    node: ast.expr
    reads: frozenset[str]


Expr = Copy | Operation | Compare | Apply | Attr | Item | Build | Closure | Inert


@dataclass(slots=True)
class Facts:
    """What the analyses know of a statement's operands and result."""

    kinds: tuple[Kind, ...] = ()
    kind: Kind = UNKNOWN
    active: tuple[bool, ...] = ()
    callee: Any = None  # the resolved callee, where it is known when code is generated
    known: bool = False
    varied: bool = False  # whether the result is
    new: bool = False  # whether it is a call of a class whose constructor only stores, to be written in place
    method: bool = False  # whether the callee is a function of the object's class, which is its first argument
    lazily: bool = False  # whether it makes an iterator of pairs: values and tangents, drawn when they are asked for
    asks: bool = False  # whether it reads something differentiated that a method which Python calls could change
    stores: bool = False  # whether its callee may store a differentiated value in what a module holds: it is looked at
    inside: tuple[Any, ...] = ()  # the operations (`conditions.Operation`) whose classes are looked at as they run


@dataclass(slots=True)
class Bind:
    """`target = expr`."""

    target: str
    expr: Expr
    span: Span
    facts: Facts = field(default_factory=Facts)
    pos: int = 0


@dataclass(slots=True)
class Unpack:
    """`a, b = source`, of a known number of targets."""

    targets: tuple[str, ...]
    source: Atom
    span: Span
    facts: Facts = field(default_factory=Facts)
    pos: int = 0


@dataclass(slots=True)
class Append:
    """`target.append(item)` on a list that only this function holds."""

    target: str
    item: Atom
    span: Span
    facts: Facts = field(default_factory=Facts)
    pos: int = 0


@dataclass(slots=True)
class Store:
    """`obj[key] = value` or `obj.key = value` (`attribute`)."""

    obj: Atom
    key: Any
    value: Atom
    attribute: bool
    span: Span
    facts: Facts = field(default_factory=Facts)
    pos: int = 0


@dataclass(slots=True)
class Opaque:
    """Statements kept as written, which nothing differentiated may enter: imports, classes, `del`.

    One that `observes` only looks at what it reads: the `match` that decides which case holds.
    """

    node: ast.stmt
    reads: frozenset[str]
    writes: frozenset[str]
    span: Span
    observes: bool = False
    facts: Facts = field(default_factory=Facts)
    pos: int = 0


@dataclass(slots=True)
class If:
    """A conditional; the test is an atom computed before."""

    test: Atom
    body: list[Stmt]
    orelse: list[Stmt]
    span: Span
    facts: Facts = field(default_factory=Facts, kw_only=True)
    pos: int = 0
    attempted: bool = field(default=False, kw_only=True)  # an exception may leave it in the middle, and be caught
    taken: bool | None = field(default=None, kw_only=True)  # which arm runs, where that is known from kinds


@dataclass(slots=True)
class For:
    """`for target in iterable`: the body runs to its end, where a `BreakIf` may stand."""

    target: str
    iterable: Atom
    body: list[Stmt]
    span: Span
    facts: Facts = field(default_factory=Facts)
    pos: int = 0
    attempted: bool = False


@dataclass(slots=True)
class While:
    """`while test`: the test is kept as written, or is a name that the body sets."""

    test: Inert
    body: list[Stmt]
    span: Span
    facts: Facts = field(default_factory=Facts)
    pos: int = 0
    attempted: bool = False


@dataclass(slots=True)
class With:
    """`with context as target`: runs as written; the context manager has no derivative."""

    context: Atom
    target: str | None
    body: list[Stmt]
    span: Span
    facts: Facts = field(default_factory=Facts)
    pos: int = 0
    swallows: bool = False  # whether its manager is there to swallow exceptions: its body is steps


@dataclass(slots=True)
class Step(If):
    """A part of a `try` that may not have run (to its end): reversed only if it has. Its test is not read."""

    partial: tuple[str, ...] = ()  # names it may have assigned, and that are read later, if it was left in the middle
    at_start: bool = False  # whether it counts from its start, as a loop around other steps does


@dataclass(slots=True)
class Handler:
    """`except type as name: block`; the type is kept as written."""

    type: ast.expr | None
    name: str | None
    step: Step
    carries: bool = False  # whether the exception may hold differentiated values that the handler reads


@dataclass(slots=True)
class Try:
    """`try`: the steps of its body, of which an exception leaves out the last ones, and what follows them."""

    body: list[Step]
    handlers: list[Handler]
    orelse: Step | None
    final: list[Stmt]
    span: Span
    facts: Facts = field(default_factory=Facts)
    pos: int = 0
    manager: bool = False  # whether it stands for a `with`
    in_steps: bool = False  # whether each of its changes is a step of its own

    @property
    def steps(self) -> list[Step]:
        """Body, handlers and `else`, in program order."""
        return [*self.body, *(h.step for h in self.handlers), *([self.orelse] if self.orelse is not None else [])]


@dataclass(slots=True)
class BreakIf:
    """`if flag: break`, the last statement of a loop body."""

    flags: tuple[str, ...]
    span: Span
    pos: int = 0


@dataclass(slots=True)
class Raise:
    """`raise` or a failing `assert`, kept as written."""

    node: ast.stmt
    reads: frozenset[str]
    span: Span
    facts: Facts = field(default_factory=Facts)
    pos: int = 0


Stmt = Bind | Unpack | Append | Store | Opaque | If | For | While | With | Try | BreakIf | Raise


@dataclass(slots=True)
class FunctionIR:
    """A lowered function."""

    name: str
    qualname: str
    arguments: ast.arguments
    parameters: tuple[str, ...]
    body: list[Stmt]
    result: str
    locals: frozenset[str]
    captured: tuple[str, ...]  # free variables held in the function's closure
    declarations: list[ast.stmt]  # `nonlocal` and `global` lines
    filename: str
    span: Span
    names: set[str]  # every name in use, so that new ones can be chosen
    generator: bool = False  # its result is the list of what it yields
    made: tuple[str, ...] = ()  # the parameters that hold a new object, which a constructor fills in


def blocks(stmt: Stmt) -> Iterator[list[Stmt]]:
    """The nested blocks of a statement."""
    if isinstance(stmt, If):
        yield stmt.body
        yield stmt.orelse
    elif isinstance(stmt, (For, While, With)):
        yield stmt.body
    elif isinstance(stmt, Try):
        yield list(stmt.steps)
        yield stmt.final


def walk(body: list[Stmt]) -> Iterator[Stmt]:
    """Every statement of a block, nested ones included, in program order."""
    for stmt in body:
        yield stmt
        for block in blocks(stmt):
            yield from walk(block)


def assigned(stmt: Stmt) -> tuple[str, ...]:
    """The names that a statement itself assigns (not those of its blocks)."""
    match stmt:
        case Bind(target=target):
            return (target,)
        case Unpack(targets=targets):
            return targets
        case For(target=target):
            return (target,)
        case With(target=str() as target):
            return (target,)
        case Try(handlers=handlers):
            return tuple(h.name for h in handlers if h.name is not None)
        case Opaque(writes=writes):
            return tuple(writes)
        case Append(target=target):
            return (target,)
    return ()


def reads(stmt: Stmt) -> list[str]:
    """The names that a statement itself reads."""
    match stmt:
        case Bind():
            operands = atoms(stmt.expr)
        case Unpack():
            operands = (stmt.source,)
        case Append():
            operands = (stmt.item,)
        case Store():
            operands = (stmt.obj, stmt.value)
        case For():
            operands = (stmt.iterable,)
        case With():
            operands = (stmt.context,)
        case Opaque() | Raise():
            return sorted(stmt.reads)
        case _:
            return []
    return [a.name for a in operands if isinstance(a, Var)]


def atoms(expr: Expr) -> tuple[Atom, ...]:
    """The operands of an expression, in evaluation order."""
    match expr:
        case Copy(source=source):
            return (source,)
        case Operation(args=args) | Compare(args=args):
            return args
        case Apply():
            return (expr.callee, *expr.args, *(a for _, a in expr.keywords))
        case Attr(obj=obj):
            return (obj,)
        case Item(obj=obj, index=index):
            return (obj, index)
        case Build(items=items):
            return items
        case Closure(captures=captures):
            return (*(Var(c) for c in captures), *(a for _, a in expr.defaults))
        case Inert(reads=reads):
            return tuple(Var(r) for r in sorted(reads))


def always_raises(block: list[Stmt]) -> bool:
    """Whether control never leaves a block at its end: what follows it need not be reversed."""
    return bool(block) and isinstance(block[-1], Raise) and isinstance(block[-1].node, ast.Raise)
