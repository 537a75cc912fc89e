"""Errors that people make in derivatives, injected into syntax: each gives one wrong expression.

    injected("g * cos(x)")  ->  ("sign", "-(g * cos(x))"), ("exchange cos", "g * sin(x)"), ("drop", "g"), ...

An injection is a place and a change of it. What only speaks (messages, names of kinds), refuses (`raise`) or
annotates is left alone.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

EXCHANGED = {
    "sin": "cos", "cos": "sin", "sinh": "cosh", "cosh": "sinh", "tan": "sin", "tanh": "sinh", "exp": "expm1",
    "log": "log1p", "sqrt": "square", "cumsum": "cumprod", "maximum": "minimum", "minimum": "maximum", "max": "min",
    "min": "max", "triu": "tril", "tril": "triu", "zeros_like": "ones_like", "ones_like": "zeros_like",
    "zeros": "ones", "ones": "zeros", "ceil": "floor", "floor": "ceil", "j0": "j1", "j1": "j0", "i0": "i1",
    "argmax": "argmin", "argmin": "argmax", "erf": "erfc", "erfc": "erf", "gamma": "gammaln", "rfft": "ihfft",
    "digamma": "gammaln", "psi": "gammaln", "sign": "abs", "arange": "ones",
}  # fmt: skip
DROPPED = {  # calls that become their first argument
    "transpose": "transpose", "swapaxes": "transpose", "moveaxis": "transpose", "flip": "reversal",
    "fliplr": "reversal", "flipud": "reversal", "roll": "shift", "conj": "conjugate", "conjugate": "conjugate",
    "real": "real part", "fit": "unbroadcast", "fit_like": "unbroadcast", "restore": "unbroadcast",
    "onto": "unbroadcast", "onto_form": "unbroadcast", "restored": "axes put back", "expand_dims": "axes put back",
    "reshape": "reshape", "cumsum": "sum", "sum": "sum",
}  # fmt: skip
SYMMETRIC = frozenset(
    """
    maximum minimum max min add multiply hypot array_equal allclose isclose result_type promote_types logical_and
    logical_or broadcast_shapes broadcast_arrays
    """.split()
)
INFINITE = frozenset(("math.inf", "np.inf", "-math.inf", "-np.inf"))
Change = Callable[[ast.expr], ast.expr]


@dataclass(frozen=True)
class Injection:
    """A change of one expression: the number it has in `places`, what kind of error it is, the change."""

    place: int
    kind: str
    change: Change
    before: str
    after: str


def places(tree: ast.AST) -> list[ast.expr]:
    """The expressions that compute, in a fixed order: not annotations, messages or what is raised."""
    found: list[ast.expr] = []

    def walk(node: ast.AST) -> None:
        if isinstance(node, (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)):
            return
        if isinstance(node, ast.expr):
            if is_threshold(node):
                return
            found.append(node)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "type_params"):
                continue
            if isinstance(node, ast.arguments) and name != "defaults":
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    walk(child)

    walk(tree)
    return found


def is_threshold(node: ast.expr) -> bool:
    """Whether an expression says how small is nothing: twice as small is as good."""
    return isinstance(node, (ast.BinOp, ast.Compare)) and ".eps" in ast.unparse(node) and "finfo" in ast.unparse(node)


def roots(tree: ast.AST) -> set[int]:
    """The numbers, in `places`, of what a function returns or adds up, or an expression is."""
    if isinstance(tree, ast.expr):
        return {0}
    every = places(tree)
    nested = {id(n) for f in ast.walk(tree) if isinstance(f, (ast.FunctionDef, ast.Lambda)) and f is not tree
              for n in ast.walk(f)}  # fmt: skip
    returned = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Return) and n.value and id(n) not in nested}
    returned |= {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.AugAssign)}
    return {k for k, node in enumerate(every) if id(node) in returned}


def injections(tree: ast.AST) -> list[Injection]:
    """Every injection into an expression or a function."""
    own = roots(tree)
    found: list[Injection] = []
    for k, node in enumerate(places(tree)):
        before = ast.unparse(node)
        for kind, change in (*(_whole(node) if k in own else ()), *_within(node)):
            after = ast.unparse(change(copy.deepcopy(node)))
            if not any(i.place == k and i.after == after for i in found):
                found.append(Injection(k, kind, change, before, after))
    return found


def inject(tree: ast.AST, injection: Injection) -> ast.AST:
    """The syntax with the error in it; the tree given is left alone."""
    copied = copy.deepcopy(tree)
    node = places(copied)[injection.place]
    changed = ast.copy_location(injection.change(node), node)
    if node is copied:
        return ast.fix_missing_locations(changed)
    for parent in ast.walk(copied):
        for name, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, name, changed)
            elif isinstance(value, list) and any(v is node for v in value):
                setattr(parent, name, [changed if v is node else v for v in value])
    return ast.fix_missing_locations(copied)


def _whole(node: ast.expr) -> Iterator[tuple[str, Change]]:
    """Errors of a whole derivative."""
    if isinstance(node, ast.Tuple):  # of several tangents: each is a derivative
        for k, item in enumerate(node.elts):
            for kind, change in _whole(item):
                yield f"{kind} of item {k}", _of_item(k, change)
        return
    if isinstance(node, ast.IfExp):
        yield from (_in_arm(name, kind, change) for name in ("body", "orelse") for kind, change in
                    _whole(getattr(node, name)))  # fmt: skip
        return
    if isinstance(node, (ast.Constant, ast.Compare, ast.BoolOp, ast.Lambda, ast.List, ast.Dict, ast.JoinedStr)):
        return
    if isinstance(node, ast.Name) and node.id in ("ZERO", "NO_TANGENT"):
        return
    if isinstance(node, ast.Starred) or is_nan(node) or ast.unparse(node).startswith("withheld("):  # (it refuses)
        return
    if ast.unparse(node) in INFINITE:
        yield "sign", lambda n: ast.UnaryOp(ast.USub(), n)  # (twice that, and one more, are the same)
        return
    if not is_zero(node) and not is_truth(node):
        yield "sign", lambda n: ast.UnaryOp(ast.USub(), n)
        yield "factor 2", lambda n: ast.BinOp(n, ast.Mult(), ast.Constant(2))
    yield "offset", lambda n: ast.BinOp(n, ast.Add(), ast.Constant(1))


def is_zero(node: ast.expr) -> bool:
    """Whether an expression is zero whatever its operands: twice that is the same."""
    text = ast.unparse(node)
    starts = ("0.0 * ", "zero(", "zeros_of(", "np.zeros", "restore(np.zeros")
    return text.startswith(starts) or text in ("0.0", "0", "0j", "zeros")


def is_nan(node: ast.expr) -> bool:
    """Whether an expression is not a number: nor is any other made of it."""
    return ast.unparse(node) in ("math.nan", "np.nan", "g * math.nan", "g * np.nan")


def is_truth(node: ast.expr) -> bool:
    """Whether an expression is true or false: so is twice that, and its negative."""
    known = ("bool", "all", "any", "isinstance", "np.any", "np.all")
    return isinstance(node, ast.Call) and ast.unparse(node.func) in known


def _of_item(k: int, change: Change) -> Change:
    def changed(n: ast.expr) -> ast.expr:
        assert isinstance(n, ast.Tuple)
        return ast.Tuple([change(e) if j == k else e for j, e in enumerate(n.elts)], ast.Load())

    return changed


def _in_arm(name: str, kind: str, change: Change) -> tuple[str, Change]:
    def changed(n: ast.expr) -> ast.expr:
        assert isinstance(n, ast.IfExp)
        arms = {"body": n.body, "orelse": n.orelse, name: change(getattr(n, name))}
        return ast.IfExp(n.test, arms["body"], arms["orelse"])

    return f"{kind} of {name}", changed


def _within(node: ast.expr) -> Iterator[tuple[str, Change]]:
    """Errors of one operation inside a derivative."""
    match node:
        case ast.BinOp(op=ast.Add() | ast.Sub(), right=right) if is_zero(right):  # (it only gives a shape or a dtype)
            return
        case ast.BinOp(op=ast.Add()):
            yield "minus for plus", lambda n: ast.BinOp(n.left, ast.Sub(), n.right)  # type: ignore[attr-defined]
            yield "drop the left term", lambda n: n.right  # type: ignore[attr-defined]
            yield "drop the right term", lambda n: n.left  # type: ignore[attr-defined]
        case ast.BinOp(op=ast.Sub()):
            yield "plus for minus", lambda n: ast.BinOp(n.left, ast.Add(), n.right)  # type: ignore[attr-defined]
            yield "drop the left term", lambda n: n.right  # type: ignore[attr-defined]
            yield "drop the right term", lambda n: n.left  # type: ignore[attr-defined]
        case ast.BinOp(op=ast.Mult()) if not is_zero(node):
            yield "drop the left factor", lambda n: n.right  # type: ignore[attr-defined]
            yield "drop the right factor", lambda n: n.left  # type: ignore[attr-defined]
        case ast.BinOp(op=ast.Div() | ast.MatMult() | ast.Pow() as op):
            yield "swapped operands", lambda n: ast.BinOp(n.right, op, n.left)  # type: ignore[attr-defined]
            if isinstance(op, ast.Div):
                yield "drop the divisor", lambda n: n.left  # type: ignore[attr-defined]
        case ast.UnaryOp(op=ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
            yield "drop the minus", lambda n: n.operand  # type: ignore[attr-defined]
        case ast.Attribute(attr="T" | "mT" | "H"):
            yield "drop the transpose", lambda n: n.value  # type: ignore[attr-defined]
        case ast.Attribute(attr="real" | "imag"):
            yield f"drop .{node.attr}", lambda n: n.value  # type: ignore[attr-defined]
        case ast.Call():
            yield from _of_call(node)


def _of_call(node: ast.Call) -> Iterator[tuple[str, Change]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    is_module = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    if name in DROPPED and (node.args or isinstance(node.func, ast.Attribute)):
        is_method = isinstance(node.func, ast.Attribute) and not (is_module and _is_module_name(node.func.value))
        yield f"drop {name} ({DROPPED[name]})", lambda n: n.func.value if is_method else n.args[0]  # type: ignore[attr-defined]
    if name in EXCHANGED and is_module:
        yield f"{EXCHANGED[name]} for {name}", _renamed
    plain = [a for a in node.args if not isinstance(a, ast.Starred)]
    if name not in SYMMETRIC and len(plain) == len(node.args) == 2 and ast.dump(plain[0]) != ast.dump(plain[1]):
        yield "swapped arguments", lambda n: ast.Call(n.func, n.args[::-1], n.keywords)  # type: ignore[attr-defined]
    for k, keyword in enumerate(node.keywords):
        if keyword.arg in ("axis", "axes", "axis1", "axis2"):
            step = _next_axis(keyword.value)
            if step is not None:
                yield f"wrong {keyword.arg}", _with_keyword(k, step)
    if name in ("expand_dims", "sum", "cumsum", "flip", "take", "repeat", "concatenate") and len(node.args) == 2:
        step = _next_axis(node.args[1])
        if step is not None:
            yield "wrong axis", lambda n: ast.Call(n.func, [n.args[0], step], n.keywords)  # type: ignore[attr-defined]


def _is_module_name(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in (
        "np", "linalg", "special", "math", "fft", "signal", "ndimage", "stats", "operator", "sc", "integrate"
    )  # fmt: skip


def _renamed(n: ast.expr) -> ast.expr:
    assert isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
    return ast.Call(ast.Attribute(n.func.value, EXCHANGED[n.func.attr], ast.Load()), n.args, n.keywords)


def _next_axis(value: ast.expr) -> ast.expr | None:
    """Another axis than a literal one."""
    try:
        axis = ast.literal_eval(value)
    except ValueError:
        return None
    return ast.Constant({0: -1, -1: -2, -2: -1, 1: 0}.get(axis, 0)) if isinstance(axis, int) else None


def _with_keyword(k: int, value: ast.expr) -> Change:
    def changed(n: ast.expr) -> ast.expr:
        assert isinstance(n, ast.Call)
        keywords = [ast.keyword(w.arg, value if j == k else w.value) for j, w in enumerate(n.keywords)]
        return ast.Call(n.func, n.args, keywords)

    return changed
