"""Statements that raise, and imports inside functions.

    assert x > 0, "positive"      if not t: raise AssertionError("positive")
    from math import sin          nothing: the name is known
"""

from __future__ import annotations

import ast

from pullback import ir
from pullback.compiled.recursion import Recursions
from pullback.compiled.values import Known, refuse
from pullback.spans import Span


class Raising(Recursions):
    """`raise`, `assert` and `import`."""

    def importing(self, node: ast.Import | ast.ImportFrom, span: Span) -> None:
        """An import inside the function: what it gives is known."""
        import importlib

        for alias in node.names:
            if isinstance(node, ast.Import):
                module = importlib.import_module(alias.name)
                name = alias.asname or alias.name.split(".")[0]
                self.frames[-1].state.env[name] = Known(module if alias.asname else importlib.import_module(name))
            else:
                if node.module is None or node.level:
                    raise refuse("a relative import inside the function", span)
                found = getattr(importlib.import_module(node.module), alias.name)
                self.frames[-1].state.env[alias.asname or alias.name] = Known(found)

    def raising(self, stmt: ir.Raise) -> None:
        """`raise` and `assert`: the class of the exception, and its message where that is a literal."""
        node = stmt.node
        if isinstance(node, ast.Assert):
            test = self.truth(self.value_of(node.test, stmt.span), stmt.span)
            message = _text(node.msg) if node.msg is not None else ""
            failing = self.unit.nested(lambda: self.unit.append(self.raised(AssertionError, message, stmt.span)))
            if isinstance(test, ir.Lit):
                if not test.value:
                    self.unit.block.extend(failing)
                return
            self.unit.append(ir.If(test, [], failing, stmt.span))
            return
        assert isinstance(node, ast.Raise)
        made_by = node.exc
        message = ""
        if isinstance(made_by, ast.Call):
            message = " ".join(_text(a) for a in made_by.args)
            made_by = made_by.func
        if made_by is None:
            raise refuse("`raise` without an exception is not compiled", stmt.span)
        cls = self.value_of(made_by, stmt.span)
        if not (isinstance(cls, Known) and isinstance(cls.value, type) and issubclass(cls.value, BaseException)):
            raise refuse(
                "what is raised here is not compiled", stmt.span, help="raise an exception class with a message"
            )
        self.unit.append(self.raised(cls.value, message, stmt.span))

    def raised(self, cls: type, message: str, span: Span) -> ir.Raise:
        """The statement that raises an exception, whose message is a literal."""
        callee = self.unit.function(cls, cls.__name__)
        call = ast.Call(ast.Name(callee.name, ast.Load()), [ast.Constant(message)] if message else [], [])
        return ir.Raise(ast.Raise(call, None), frozenset(), span)


def _text(node: ast.expr) -> str:
    """The literal parts of a message."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(v) if isinstance(v, ast.Constant) else "…" for v in node.values)
    return "…"
