"""Reverse mode over forward mode: the pair of the function that a differential's call stands for."""

from __future__ import annotations

from typing import Any

from pullback.applying import withholding
from pullback.call_paths import ROOTS, Path, Target, regrouped, roots_of, six_operands, with_withheld
from pullback.differential_calls import resolve
from pullback.dispatch import call
from pullback.rules import Active


def call_differential_vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Any]:
    """Reverse mode over forward mode: the pair of the function that the call stands for."""
    return of_target(args, active, call, regrouped)


def of_target(args: tuple[Any, ...], active: Active, run: Any, back: Any) -> tuple[Any, Any]:
    """The function that a differential's call stands for, run by `run`; `back` takes its cotangents to the operands."""
    six = six_operands(args, {})
    target = resolve(*six)
    chosen = tuple(a for a in active if isinstance(a, int) and a >= 0)
    with withholding():
        if target.operands is None:
            return run(target.function, six, chosen)  # type: ignore[no-any-return]
        flags, paths = wanted_operands(target, chosen)
        value, inner = run(target.function, target.operands, flags, target.kwargs or None)
    unknown = [w for w in target.withheld if ROOTS.index(w[0][0]) in chosen]
    if unknown:
        inner = with_withheld, inner, [message for _, message in unknown]
        paths = [*paths, *(path for path, _ in unknown)]
    return value, (back, inner, paths, six, chosen)


def wanted_operands(target: Target, chosen: tuple[int, ...]) -> tuple[Active, list[Path]]:
    """The operands of a function whose cotangents are wanted, and where those go among the six."""
    wanted = {ROOTS[a] for a in chosen}
    flags: list[Any] = [-1] if target.callee[0] in wanted else []
    flags += [i for i, path in enumerate(target.paths) if roots_of(path) & wanted]
    flags += [k for k, path in target.kwpaths.items() if path[0] in wanted]
    paths = [target.callee if o == -1 else target.paths[o] if isinstance(o, int) else target.kwpaths[o] for o in flags]
    return tuple(flags), paths
