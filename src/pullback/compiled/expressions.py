"""Expressions of known structure: what dissolves at compile time, and what is left to be computed.

tank.volume        the number that the field holds: no code
(a, b)[1]          b: no code
a * b              one product of numbers; of objects, their class's own `__mul__`
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import types
from typing import Any

from pullback import ir
from pullback.compiled.dicts import is_dict
from pullback.compiled.lists import ARRAY_INSTEAD, is_list
from pullback.compiled.operators import literal, own_method
from pullback.compiled.replaced import named_tuple_as_dict, named_tuple_replaced
from pullback.compiled.sequences import Sequences
from pullback.compiled.shapes import GROWING, Clash
from pullback.compiled.values import (
    BOOL,
    COMPUTED,
    FLOAT,
    Arr,
    Clo,
    Cut,
    Known,
    Maybe,
    Method,
    Num,
    Obj,
    Rng,
    State,
    Super,
    Tup,
    Value,
    describe,
    refuse,
)  # fmt: skip
from pullback.names import INTERNAL
from pullback.spans import Span


class Expressions(Sequences):
    """Evaluates expressions; what must be computed is put into the unit."""

    # --- names ------------------------------------------------------------------------------------

    def raw(self, name: str, span: Span) -> Value:
        """What a name stands for, which may be None or nothing on some path."""
        frame: Any = self.frames[-1]
        first = frame
        while frame is not None:
            found: Value | None = frame.state.env.get(name)
            if found is not None:
                if isinstance(found, Known) and isinstance(found.value, Clash):
                    if found.value.text == GROWING:  # (of a comprehension, the name is not the user's)
                        raise refuse("a list that grows is not compiled", span, help=ARRAY_INSTEAD)
                    raise refuse(f"`{name}` is {found.value.text} here: compiled code needs one type", span)
                return found
            if frame is first and name in frame.lowered.locals:
                raise refuse(f"`{name}` has no value here", span)
            if frame.outer is None:
                break
            frame = frame.outer
        assert frame is not None
        return self.outer_name(name, frame, span)

    def tested(self, atom: ir.Atom, span: Span) -> Value:
        """An operand of which only the truth is asked."""
        found = self.frames[-1].state.env.get(atom.name) if isinstance(atom, ir.Var) else None
        if isinstance(found, Known) and isinstance(found.value, Clash) and found.value.truth:
            return Num(ir.Var(found.value.truth), BOOL)
        return self.raw_atom(atom, span)

    def going(self, atom: ir.Atom, span: Span) -> Value:
        """The condition of a `while`: of a list its truth, as another name of it would keep it from being changed."""
        found = self.tested(atom, span)
        is_a_list = isinstance(found, (Obj, Tup)) and found.cls is list
        return Num(self.truth(found, span), BOOL) if is_a_list else found

    def outer_name(self, name: str, frame: Any, span: Span) -> Value:
        """A captured variable, global or builtin."""
        if name in INTERNAL:
            return Known(INTERNAL[name])
        function = frame.function
        heap = self.frames[-1].state.heap
        key = ""
        if function is not None:
            cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
            if name in cells:
                key = f"{self.unit.constant(cells[name], 'cell')}.cell_contents"
                value = cells[name].cell_contents
            elif name in function.__globals__:
                key = f"{self.unit.constant(function.__globals__, 'globals')}[{name!r}]"
                value = function.__globals__[name]
        if key:
            known = self.outer_values.get(key)
            if known is None:
                known = self.outer_values[key] = self.unit.outside(value, key, name, self.outer_heap, span)
            for identity, fields in self.outer_heap.items():
                heap.setdefault(identity, dict(fields))
            return known
        if hasattr(builtins, name):
            return Known(getattr(builtins, name))
        if name == "<iterated>":
            return Known(_iterated)
        raise refuse(f"`{name}` is not defined", span)

    def read(self, name: str, span: Span) -> Value:
        """A name's value, which must be there: if it may not be, that is tested."""
        found = self.raw(name, span)
        if isinstance(found, Maybe):
            env = self.frames[-1].state.env
            found = self.present(found, name, span)
            if name in env:
                env[name] = found
        return found

    def present(self, value: Maybe, name: str, span: Span) -> Value:
        """A value that must be there: if it may not be, that is tested."""
        shown = "the result" if name.startswith("_result") else f"`{name}`"
        cls: type = UnboundLocalError if value.unset else TypeError
        message = f"{shown} {'has no value' if value.unset else 'is None'} here"
        raising = self.unit.nested(lambda: self.unit.append(self.raised(cls, message, span)))
        self.unit.append(ir.If(ir.Var(value.flag), raising, [], span))
        return value.value

    def raw_atom(self, atom: ir.Atom, span: Span) -> Value:
        """An operand, which may be None or nothing on some path."""
        if isinstance(atom, ir.Var):
            return self.raw(atom.name, span)
        return literal(atom.value)

    def read_atom(self, atom: ir.Atom, span: Span) -> Value:
        """An operand."""
        return self.read(atom.name, span) if isinstance(atom, ir.Var) else literal(atom.value)

    def value_of(self, node: ast.expr, span: Span) -> Value:
        """A name, attribute or literal in syntax that was kept."""
        match node:
            case ast.Name():
                return self.read(node.id, span)
            case ast.Attribute():
                return self.attribute(self.value_of(node.value, span), node.attr, span)
            case ast.Constant():
                return literal(node.value)
        raise refuse("this expression is not compiled", span)

    # --- expressions ------------------------------------------------------------------------------

    def expression(self, stmt: ir.Bind) -> Value:
        """The value of an assignment's right side."""
        span, stem = stmt.span, stmt.target
        match stmt.expr:
            case ir.Copy(source=source):
                return self.going(source, span) if stem.startswith("_go") else self.raw_atom(source, span)
            case ir.Operation(op=op, args=args, inplace=inplace):
                values = [self.read_atom(a, span) for a in args]
                if len(values) == 1:
                    return self.unary(op, values[0], stem, span)
                return self.binary(op, values[0], values[1], stem, span, inplace)
            case ir.Compare(ops=ops, args=args):
                return self.comparison(ops, [self.raw_atom(a, span) for a in args], span)
            case ir.Attr(obj=obj, name=name):
                return self.attribute(self.read_atom(obj, span), name, span)
            case ir.Item(obj=obj, index=index):
                return self.item(self.read_atom(obj, span), self.read_atom(index, span), stem, span)
            case ir.Build(kind=kind, items=items):
                return self.display(kind, [self.read_atom(i, span) for i in items], stem, span)
            case ir.Closure(node=node, defaults=defaults):
                made = {parameter: self.read_atom(a, span) for parameter, a in defaults}
                return Clo(node, self.frames[-1], getattr(node, "name", "<lambda>"), made)
            case ir.Inert(node=node):
                return self.condition(node, span)
            case ir.Apply() as expr:
                return self.applied(expr, stem, span)
        raise refuse("this expression is not compiled", span)

    def applied(self, expr: ir.Apply, stem: str, span: Span) -> Value:
        """A call, with its operands."""
        if expr.callee == ir.Var("<iterated>"):
            return self.read_atom(expr.args[0], span)
        args: list[Value] = []
        for position, atom in enumerate(expr.args):
            value = self.raw_atom(atom, span)
            if position in expr.stars:
                args.extend(self.items(value, span))
            else:
                args.append(value)
        keywords: dict[str, Value] = {}
        for keyword, atom in expr.keywords:
            given = {keyword: self.raw_atom(atom, span)} if keyword is not None else self._spread(atom, span)
            if given.keys() & keywords.keys():
                raise refuse("a keyword is given twice here", span)
            keywords.update(given)
        callee = self.read_atom(expr.callee, span)
        if expr.method is not None:
            if isinstance(callee, Arr):
                return self.array_method(callee, expr.method, args, keywords, stem, span)
            if is_dict(callee):
                return self.dict_method(callee, expr.method, args, keywords, span)
            if is_list(callee) or (isinstance(callee, Tup) and callee.cls is list):
                return self.list_method(callee, expr.method, args, keywords, span)
            callee = self.attribute(callee, expr.method, span)
        return self.call(callee, args, keywords, stem, span)

    def _spread(self, atom: ir.Atom, span: Span) -> dict[str, Value]:
        """`**d` in a call."""
        value = self.read_atom(atom, span)
        if not is_dict(value):
            raise refuse(f"`**` of {describe(value)} in a call is not compiled", span)
        return dict(self.entries(value, span))

    def display(self, kind: str, items: list[Value], stem: str, span: Span) -> Value:
        """A tuple, list or slice."""
        if kind == "tuple":
            return Tup(tuple(items))
        if kind == "list":
            return self.new_list(items, stem, span)
        if kind == "slice":
            parts = [None if isinstance(i, Known) and i.value is None else i for i in items]
            return Cut(*parts)
        if kind == "dict":
            return self.dict_display(items, span)
        raise refuse(f"a {kind} is not compiled", span, help="use a tuple, a dataclass or an array")

    def condition(self, node: ast.expr, span: Span) -> Value:
        """`not a`, `not (a or b)`, of names that hold conditions."""
        match node:
            case ast.UnaryOp(op=ast.Not()):
                inner = self.truth(self.condition(node.operand, span), span)
                if isinstance(inner, ir.Lit):
                    return Num(ir.Lit(not inner.value), BOOL)
                negated = ast.UnaryOp(ast.Not(), ast.Name(inner.name, ast.Load()))
                return self.unit.number("_t", ir.Inert(negated, frozenset({inner.name})), BOOL, span)
            case ast.BoolOp(op=op):
                parts = [self.truth(self.condition(v, span), span) for v in node.values]
                decides = isinstance(op, ast.Or)
                if any(isinstance(p, ir.Lit) and bool(p.value) is decides for p in parts):
                    return Num(ir.Lit(decides), BOOL)
                names = [p.name for p in parts if isinstance(p, ir.Var)]
                if not names:
                    return Num(ir.Lit(not decides), BOOL)
                if len(names) == 1:
                    return Num(ir.Var(names[0]), BOOL)
                both = ast.BoolOp(op, [ast.Name(n, ast.Load()) for n in names])
                return self.unit.number("_t", ir.Inert(both, frozenset(names)), BOOL, span)
            case ast.JoinedStr():
                return Known(COMPUTED)
            case ast.Name() | ast.Constant() | ast.Attribute():
                return self.tested(ir.Var(node.id), span) if isinstance(node, ast.Name) else self.value_of(node, span)
        raise refuse(f"this condition (`{ast.unparse(node)}`) is not compiled", span)

    def truth(self, value: Value, span: Span) -> ir.Atom:
        """The truth of a value: a literal where it is known."""
        match value:
            case Num(atom=ir.Lit(value=known)):
                return ir.Lit(bool(known))
            case Num(atom=atom, type="b"):
                return atom
            case Num(atom=atom):
                zero = ir.Lit(0.0 if value.type == FLOAT else 0)
                return self.unit.number("_t", ir.Compare((ast.NotEq(),), (atom, zero)), BOOL, span).atom
            case Known(value=known) if known is not COMPUTED:
                return ir.Lit(bool(known))
            case Obj() if is_dict(value):
                return ir.Lit(bool(self.entries(value, span)))
            case Obj() if is_list(value):
                items = self.fixed_items(value)
                return self.truth(self.list_length(value), span) if items is None else ir.Lit(bool(items))
            case Tup() if own_method(value, "__bool__") is not None or own_method(value, "__len__") is not None:
                raise refuse(f"the truth of {describe(value)} is not compiled", span)
            case Tup(items=items):
                return ir.Lit(bool(items))
            case Maybe(unset=False, flag=flag) if isinstance(value.value, (Obj, Clo)):
                node = ast.UnaryOp(ast.Not(), ast.Name(flag, ast.Load()))
                return self.unit.number("_t", ir.Inert(node, frozenset({flag})), BOOL, span).atom
            case Obj(cls=cls) if hasattr(cls, "__bool__"):
                result = self.call(Method(cls.__bool__, value), [], {}, "_t", span)
                return self.truth(result, span)
            case Obj(cls=cls) if not hasattr(cls, "__len__"):
                return ir.Lit(True)
            case Clo() | Method():
                return ir.Lit(True)
            case Maybe():
                return self.truth(self.present(value, "this", span), span)
        raise refuse(f"the truth of {describe(value)} is not compiled", span)

    # --- attributes and items ---------------------------------------------------------------------

    def attribute(self, owner: Value, name: str, span: Span) -> Value:
        """`owner.name`."""
        match owner:
            case Maybe():
                return self.attribute(self.present(owner, "this", span), name, span)
            case Obj(id=identity, cls=cls):
                fields = self.frames[-1].state.heap[identity]
                static = inspect.getattr_static(cls, name, None)
                if isinstance(static, (property, functools.cached_property)):
                    function = static.fget if isinstance(static, property) else static.func
                    return self.call(Method(function, owner), [], {}, name, span)
                if name in fields:
                    return self._field(fields[name], name, span)
                if isinstance(static, types.FunctionType):
                    return Method(static, owner)
                if isinstance(static, staticmethod):
                    return Known(static.__func__)
                if isinstance(static, classmethod):
                    return Method(static.__func__, Known(cls))
                if name == "__class__":
                    return Known(cls)
                if static is not None and not inspect.isdatadescriptor(static):
                    path = f"{self.unit.constant(cls, 'cls')}.{name}"
                    return self.unit.outside(static, path, name, self.frames[-1].state.heap, span)
                raise refuse(f"{describe(owner)} has no field `{name}` here", span)
            case Tup(items=items, cls=cls) if hasattr(cls, "_fields"):
                if name in cls._fields:
                    at: int = cls._fields.index(name)
                    return items[at]
                static = inspect.getattr_static(cls, name, None)
                if isinstance(static, property):
                    return self.call(Method(static.fget, owner), [], {}, name, span)
                if name in ("_replace", "_asdict"):
                    return Method(named_tuple_replaced if name == "_replace" else named_tuple_as_dict, owner)
                if isinstance(static, types.FunctionType):
                    return Method(static, owner)
                if isinstance(static, staticmethod):
                    return Known(static.__func__)
                if isinstance(static, classmethod) and name not in ("_make",):
                    return Method(static.__func__, Known(cls))
                if static is not None and not inspect.isdatadescriptor(static) and not callable(static):
                    path = f"{self.unit.constant(cls, 'cls')}.{name}"
                    return self.unit.outside(static, path, name, self.frames[-1].state.heap, span)
            case Super(owner=inner, cls=base):
                return self._of_super(inner, base, name, span)
            case Arr():
                return self.array_attribute(owner, name, span)
            case Num() if name == "real":
                return owner
            case Known(value=value):
                if not hasattr(value, name):
                    raise refuse(f"{describe(owner)} has no attribute `{name}`", span)
                found = getattr(value, name)
                if isinstance(value, types.ModuleType) and value.__name__.split(".")[0] in ("math", "numpy", "sys"):
                    return literal(found)
                if isinstance(value, type) and inspect.ismethod(found):
                    return Method(found.__func__, owner)
                path = f"{self.unit.constant(value, 'owner')}.{name}"
                return self.unit.outside(found, path, name, self.frames[-1].state.heap, span)
        raise refuse(f"the attribute `{name}` of {describe(owner)} is not compiled", span)

    def _of_super(self, owner: Value, base: type, name: str, span: Span) -> Value:
        """An attribute of `super()`."""
        cls = owner.value if isinstance(owner, Known) else owner.cls if isinstance(owner, (Obj, Tup)) else None
        order = list(cls.__mro__) if isinstance(cls, type) else []
        for later in order[order.index(base) + 1 :] if base in order else []:
            static = vars(later).get(name)
            if isinstance(static, property):
                return self.call(Method(static.fget, owner), [], {}, name, span)
            if isinstance(static, staticmethod):
                return Known(static.__func__)
            if isinstance(static, classmethod):
                return Method(static.__func__, owner if isinstance(owner, Known) else Known(cls))
            if isinstance(static, types.FunctionType) or (later is object and static is not None):
                return Method(static, owner)
            if static is not None:
                break
        raise refuse(f"`super().{name}` is not compiled", span)

    def _field(self, value: Value, name: str, span: Span) -> Value:
        if isinstance(value, Known) and isinstance(value.value, Clash):
            raise refuse(f"the field `{name}` is {value.value.text} here", span)
        return value

    def item(self, owner: Value, index: Value, stem: str, span: Span) -> Value:
        """`owner[index]`."""
        if isinstance(owner, Tup) and own_method(owner, "__getitem__") is None:
            if isinstance(index, Num) and isinstance(index.atom, ir.Lit):
                try:
                    return owner.items[int(index.atom.value)]
                except IndexError:
                    raise refuse(f"index {index.atom.value} of {describe(owner)}", span) from None
            if isinstance(index, Cut):
                bounds = [self._static(p, span) for p in (index.start, index.stop, index.step)]
                part = owner.items[slice(*bounds)]
                return self.new_list(list(part), stem, span) if owner.cls is list else Tup(part)
            if isinstance(index, Num) and index.type != FLOAT and owner.items:
                return self._chosen(owner, index, 0, stem, span)
        if isinstance(owner, Arr):
            return self.array_item(owner, index, stem, span)
        if is_dict(owner):
            return self.dict_item(owner, index, span)
        if isinstance(owner, Obj) and is_list(owner):
            return self.list_item(owner, index, stem, span)
        if isinstance(owner, (Obj, Tup)):
            method = own_method(owner, "__getitem__")
            if method is not None:
                return self.call(Method(method, owner), [index], {}, stem, span)
        raise refuse(f"an item of {describe(owner)} at {describe(index)} is not compiled", span)

    def _chosen(self, owner: Tup, index: Num, position: int, stem: str, span: Span) -> Value:
        """`(a, b, c)[i]` for a variable i: one of them is chosen."""
        target = f"{stem} "  # a name that no program has
        count = len(owner.items)
        if count > 32:
            raise refuse(f"a variable index into {describe(owner)}", span, help="use an array")
        env = self.frames[-1].state.env

        def choose(at: int) -> None:
            def take() -> None:
                self.frames[-1].state.env[target] = owner.items[at]

            if at == count:
                self.unit.append(self.raised(IndexError, "index out of range", span))
                return
            low = self.unit.number("_t", ir.Compare((ast.Eq(),), (index.atom, ir.Lit(at))), BOOL, span)
            high = self.unit.number("_t", ir.Compare((ast.Eq(),), (index.atom, ir.Lit(at - count))), BOOL, span)
            names = [low.atom.name, high.atom.name]  # type: ignore[union-attr]
            either = ast.BoolOp(ast.Or(), [ast.Name(n, ast.Load()) for n in names])
            test = self.unit.number("_t", ir.Inert(either, frozenset(names)), BOOL, span)
            self.branch(test.atom, take, lambda: choose(at + 1), span)

        choose(position)
        found: Value = self.frames[-1].state.env.pop(target)
        env.pop(target, None)
        if isinstance(found, Known) and isinstance(found.value, Clash):
            raise refuse(f"a variable index into a tuple of {found.value.text}", span)
        return found

    def _static(self, value: Value | None, span: Span) -> int | None:
        if value is None:
            return None
        if isinstance(value, Num) and isinstance(value.atom, ir.Lit):
            return int(value.atom.value)
        raise refuse("a tuple's slice must have literal bounds", span)

    def store(self, stmt: ir.Store) -> None:
        """`obj.field = value` and `array[index] = value`."""
        owner, value = self.read_atom(stmt.obj, stmt.span), self.raw_atom(stmt.value, stmt.span)
        if isinstance(owner, Obj) and stmt.attribute:
            self.set_field(owner, stmt.key, value, stmt.span)
            return
        if isinstance(owner, Arr) and not stmt.attribute:
            if isinstance(value, Maybe):
                value = self.present(value, "the value", stmt.span)
            self.array_store(owner, self.read_atom(stmt.key, stmt.span), value, stmt.span)
            return
        if is_dict(owner) and not stmt.attribute:
            self.dict_store(owner, self.read_atom(stmt.key, stmt.span), value, stmt.span)
            return
        if (is_list(owner) or (isinstance(owner, Tup) and owner.cls is list)) and not stmt.attribute:
            value = self.present(value, "the value", stmt.span) if isinstance(value, Maybe) else value
            self.list_store(owner, self.read_atom(stmt.key, stmt.span), value, stmt.span)
            return
        raise refuse(f"storing into {describe(owner)} is not compiled", stmt.span)

    def set_field(self, owner: Obj, name: str, value: Value, span: Span) -> None:
        """Assign a field, of an object that only this code holds."""
        static = inspect.getattr_static(owner.cls, name, None)
        if isinstance(static, property):
            if static.fset is None:
                raise refuse(f"`{name}` of {describe(owner)} cannot be set", span)
            self.call(Method(static.fset, owner), [value], {}, name, span)
            return
        if owner.id in self.unit.given:
            raise refuse(
                f"`{name}` of an argument is assigned, which compiled code does not do to its caller's objects", span,
                help="make a new object, as with dataclasses.replace, and return it",
            )  # fmt: skip
        if owner.id in self.shared_objects:
            raise refuse(f"`{name}` is assigned to {describe(owner)} that may have another name", span)
        self.unit.assigned.append((owner.id, span))
        self.frames[-1].state.heap[owner.id][name] = value


def _iterated(x: Any) -> Any:
    return x


__all__ = ["Expressions", "Rng", "State", "literal"]
