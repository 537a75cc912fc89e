"""Views of dicts that change while they are in use: refused, since the generated code reads them at once.

    vs = d.values(); d["a"] = x; sum(vs)            a live view would see the new item
    for k, v in d.items(): d[other] = v * x         ... or the next iteration would

A loop that replaces the item it has just read (`d[k] = ...`) is what it seems.
"""

from __future__ import annotations

from pullback import ir
from pullback.sharing import Sharing
from pullback.spans import Diagnostic

_HELP = "go through a list of the items: `list(d.items())`"


def kept_views(function: ir.FunctionIR, sharing: Sharing) -> list[Diagnostic]:
    """Diagnostics for views of dicts whose items are replaced while the view is in use."""
    found: list[Diagnostic] = []
    views: dict[str, str] = {}
    stores = [
        s for s in ir.walk(function.body)
        if isinstance(s, ir.Store) and not s.attribute and isinstance(s.obj, ir.Var)
    ]  # fmt: skip
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Apply) and stmt.expr.method in ("values", "items"):
            owner = stmt.expr.callee
            if not isinstance(owner, ir.Var) or stmt.expr.args:
                continue
            views[stmt.target] = owner.name
            later = [s for s in stores if s.pos > stmt.pos and _same(sharing, s, owner.name)]
            if not stmt.target.startswith("_") and later:
                found.append(_diagnostic(owner.name, stmt))
        elif isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Copy) and isinstance(stmt.expr.source, ir.Var):
            name = views.get(stmt.expr.source.name)
            if name is not None and any(s.pos > stmt.pos and _same(sharing, s, name) for s in stores):
                found.append(_diagnostic(name, stmt))
        elif isinstance(stmt, ir.For) and isinstance(stmt.iterable, ir.Var):
            name = _source(function, stmt.iterable.name, views)
            if name is None:
                continue
            own = {stmt.target}
            own |= {t for s in stmt.body if isinstance(s, ir.Unpack) for t in s.targets}
            inside = {id(s) for s in ir.walk(stmt.body)}
            for store in stores:
                replaced = isinstance(store.key, ir.Var) and store.key.name in own
                if id(store) in inside and not replaced and _same(sharing, store, name):
                    found.append(_diagnostic(name, store))
    return found


def _same(sharing: Sharing, store: ir.Store, name: str) -> bool:
    """Whether a store may be into the dict of this name itself."""
    assert isinstance(store.obj, ir.Var)
    return store.obj.name == name


def _source(function: ir.FunctionIR, iterable: str, views: dict[str, str]) -> str | None:
    """The dict that a loop goes through a view of, directly or by `<iterated>`."""
    if iterable in views:
        return views[iterable]
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.Bind) and stmt.target == iterable and isinstance(stmt.expr, ir.Apply):
            given = [a.name for a in stmt.expr.args if isinstance(a, ir.Var)]
            return next((views[n] for n in given if n in views), None)
    return None


def _diagnostic(name: str, stmt: ir.Stmt) -> Diagnostic:
    return Diagnostic(
        "unsupported-construct",
        f"the items of `{name}` are replaced while a view of it is in use, which is not differentiated",
        stmt.span,
        "",
        (),
        (),
        _HELP,
    )
