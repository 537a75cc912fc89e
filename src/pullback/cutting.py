"""Values that `without_derivative` returned and that are changed afterwards: what they hold then has two meanings.

    c = without_derivative(b)        c is b itself
    b[0] = x                         now c[0] is x, and c[1] is still without derivative
    return c[0] * c[1]               refused: the memory of b and c has one adjoint

Where nothing reads `c` after the change, there is nothing to refuse. A change of `c` itself is refused: it is one
of `b`, too.
"""

from __future__ import annotations

from pullback import ir
from pullback.rules import callable_name
from pullback.sharing import Sharing
from pullback.solitary import makes_anew
from pullback.spans import Diagnostic

# ("cut", name): holds such a value; ("own", name): and it varied; ("stale", name): it was changed since
State = frozenset[tuple[str, str]]
_HELP = "copy it first: pb.without_derivative(x).copy()"


def changed_cuts(function: ir.FunctionIR, sharing: Sharing, changes: set[int]) -> list[Diagnostic]:
    """Diagnostics for reads of such values; `changes` are the statements that change a differentiated value."""
    analysis = _Analysis(sharing, changes)
    analysis.block(function.body, frozenset())
    return list(analysis.found.values())


class _Analysis:
    def __init__(self, sharing: Sharing, changes: set[int]) -> None:
        self.sharing = sharing
        self.changes = changes
        self.found: dict[int, Diagnostic] = {}

    def block(self, block: list[ir.Stmt], state: State) -> State:
        for stmt in block:
            state = self.stmt(stmt, state)
        return state

    def stmt(self, stmt: ir.Stmt, state: State) -> State:
        read = _read(stmt)
        if any(("stale", n) in state for n in read):
            what = "has been changed in place, and holds a differentiated value here"
            self.found.setdefault(id(stmt), _diagnostic(stmt, what))
        match stmt:
            case ir.If():
                body, orelse = self.block(stmt.body, state), self.block(stmt.orelse, state)
                if ir.always_raises(stmt.body):
                    return orelse
                return body if ir.always_raises(stmt.orelse) else body | orelse
            case ir.For() | ir.While():
                while True:
                    head = self.bound(stmt, read, state)
                    end = state | self.block(stmt.body, head)
                    if end == state:
                        return state
                    state = end
            case ir.With() | ir.Try():
                for inner in ir.blocks(stmt):  # (any of them may have been left in the middle)
                    state |= self.block(inner, state)
                return state
        return self.changed(stmt, self.bound(stmt, read, state))

    def bound(self, stmt: ir.Stmt, read: list[str], state: State) -> State:
        """The state after a statement's own assignments."""
        for target in ir.assigned(stmt):
            if not isinstance(stmt, ir.Append):
                state -= {(word, target) for word in ("cut", "own", "stale")}
            if self.sharing.is_fixed(target) or (isinstance(stmt, ir.Bind) and makes_anew(stmt)):
                continue
            shared = self.sharing.with_(target)
            state |= {(word, target) for word in ("cut", "own") for n in read if (word, n) in state and n in shared}
            if _is_cut(stmt):
                assert isinstance(stmt, ir.Bind)
                state |= {(word, target) for word in (("cut", "own") if any(stmt.facts.active) else ("cut",))}
        return state

    def changed(self, stmt: ir.Stmt, state: State) -> State:
        """The state after what a statement changes."""
        name = stmt.obj.name if isinstance(stmt, ir.Store) and isinstance(stmt.obj, ir.Var) else ""
        name = name or self.sharing.points.get(id(stmt), "")
        active, surely = id(stmt) in self.changes, isinstance(stmt, ir.Store) or id(stmt) in self.sharing.likely
        if ("cut", name) in state and (active or (surely and ("own", name) in state)):
            self.found.setdefault(id(stmt), _diagnostic(stmt, "is changed in place"))
            return state
        if not active:
            return state
        shared = self.sharing.with_(name) if name else frozenset()
        return state | {("stale", n) for n in shared if ("cut", n) in state}


def _is_cut(stmt: ir.Stmt) -> bool:
    return isinstance(stmt, ir.Bind) and stmt.facts.known and callable_name(stmt.facts.callee) == "without_derivative"


def _read(stmt: ir.Stmt) -> list[str]:
    atoms: tuple[ir.Atom | None, ...] = ()
    match stmt:
        case ir.Bind(expr=expr):
            atoms = ir.atoms(expr)
        case ir.Unpack(source=source):
            atoms = (source,)
        case ir.Append(target=target, item=item):
            atoms = (ir.Var(target), item)
        case ir.Store(obj=obj, key=key, value=value):
            atoms = (obj, value, *((key,) if not isinstance(key, str) else ()))
        case ir.For(iterable=iterable):
            atoms = (iterable,)
        case ir.With(context=context):
            atoms = (context,)
    return [a.name for a in atoms if isinstance(a, ir.Var)]


def _diagnostic(stmt: ir.Stmt, what: str) -> Diagnostic:
    return Diagnostic("mutation", f"what `without_derivative` returned {what}", stmt.span, "", (), (), _HELP)
