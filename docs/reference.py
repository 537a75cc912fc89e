"""The page of the API: every public name, its signature, and its docstring with the examples set as code.

gradient(f, wrt=None)        ->      ### `gradient(f, wrt=None)`
\"\"\"The gradient of ...                The gradient of ...
"""

from __future__ import annotations

import inspect
import re
from importlib import import_module

VERBS = (
    "gradient", "value_with_gradient", "pullback", "value_with_pullback", "differential", "value_with_differential",
    "jacobian", "hessian", "hvp",
)  # fmt: skip
GROUPS = {
    "Differentiation": VERBS,
    "Custom derivatives": ("derivative", "derivatives", "differentiable_function", "differentiable"),
    "Derivative surgery": ("with_derivative", "without_derivative"),
    "Recomputation": ("recomputed", "with_recomputation_in_pullbacks"),
    "Values and their tangents": (
        "zero_tangent", "move", "no_derivative", "Differentiable", "register_differentiable", "TangentVector", "ZERO",
        "NO_TANGENT",
    ),
    "Looking inside": (
        "derivative_source", "activity", "residuals", "debug_nans", "show_internal_frames", "check_derivative", "audit",
    ),
}  # fmt: skip


def page(package) -> str:
    """The whole page, as MyST Markdown."""
    out = ["# API reference", "", "`import pullback as pb`. Every name below is public; nothing else is.", ""]
    named = {n for names in GROUPS.values() for n in names}
    modules = [n for n in package.__all__ if inspect.ismodule(getattr(package, n))]
    rest = [n for n in package.__all__ if n not in named and n not in modules]
    errors = [n for n in rest if _is_error(getattr(package, n))]
    groups = {**GROUPS, "Other names": [n for n in rest if n not in errors], "Errors and warnings": errors}
    for title, names in groups.items():
        present = [n for n in names if n in package.__all__]
        if present:
            out += [f"## {title}", ""]
            for name in present:
                out += _entry("pb", name, getattr(package, name))
    for name in sorted(modules):
        module = import_module(f"pullback.{name}")
        out += [f"## `pb.{name}`", "", _prose(module.__doc__ or "").split("\n\n")[0], ""]
        for public in _public(module):
            out += _entry(f"pb.{name}", public, getattr(module, public))
    return "\n".join(out) + "\n"


def _public(module) -> list[str]:
    """The public names of a module: its `__all__`, or what it defines itself."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return [n for n in listed if not n.startswith("_")]
    own = [n for n, x in vars(module).items() if getattr(x, "__module__", None) == module.__name__ and n[0] != "_"]
    return [n for n in own if callable(getattr(module, n))]


def _is_error(x) -> bool:
    return isinstance(x, type) and issubclass(x, BaseException)


def _entry(prefix: str, name: str, x) -> list[str]:
    out = [f"### `{prefix}.{name}{_signature(x)}`", ""]
    if isinstance(x, type) or callable(x):
        out += [_prose(inspect.getdoc(x) or ""), ""]
    else:
        out += [f"{_prose(inspect.getdoc(type(x)) or '')}", ""]
    if isinstance(x, type) and not _is_error(x):
        for member, value in vars(x).items():
            documented = isinstance(value, property) or (inspect.isfunction(value) and value.__doc__)
            if not member.startswith("_") and documented:
                shown = "" if isinstance(value, property) else _signature(value, bound=True)
                out += [f"`.{member}{shown}`", "", _quoted(_prose(inspect.getdoc(value) or "")), ""]
    return out


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _signature(x, bound: bool = False) -> str:
    if _is_error(x) or not callable(x):
        return ""
    try:
        signature = inspect.signature(x)
    except (TypeError, ValueError):
        return ""
    parameters = list(signature.parameters.values())[1 if bound else 0 :]
    plain = [p.replace(annotation=p.empty) for p in parameters]
    return str(inspect.Signature([p if p.default is p.empty else p.replace(default=_Shown(p.default)) for p in plain]))


class _Shown:
    """A default as people write it: functions by name."""

    def __init__(self, value) -> None:
        self.value = value

    def __repr__(self) -> str:
        return getattr(self.value, "__name__", None) or repr(self.value)


def _prose(doc: str) -> str:
    """A docstring as Markdown: doctests and indented code in fences."""
    out: list[str] = []
    lines = inspect.cleandoc(doc).split("\n")
    while lines:
        if lines[0].startswith(">>>"):
            block = []
            while lines and lines[0].strip():
                block.append(lines.pop(0))
            out += ["```pycon", *block, "```"]
        elif re.match(r" {4}\S", lines[0]):
            block = []
            while lines and (lines[0][:4] == "    " or (not lines[0] and "".join(lines[1:2])[:4] == "    ")):
                block.append(lines.pop(0)[4:])
            out += ["```text", *block, "```"]
        else:
            out.append(lines.pop(0))
    return "\n".join(out)
