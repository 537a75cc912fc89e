"""The accepted language: every construct of Python is placed, and every refusal is marked in a program."""

from __future__ import annotations

import ast
import inspect

import pytest

import pullback as pb
from pullback import fence
from pullback.source import acquire

from .refusals import marks, programs

# Classes that are no constructs of their own: they are parts of one that is classified.
PARTS = {
    "AST", "mod", "stmt", "expr", "expr_context", "boolop", "operator", "unaryop", "cmpop", "comprehension",
    "excepthandler", "ExceptHandler", "arguments", "arg", "keyword", "alias", "withitem", "match_case", "pattern",
    "MatchValue", "MatchSingleton", "MatchSequence", "MatchMapping", "MatchClass", "MatchStar", "MatchAs", "MatchOr",
    "type_ignore", "TypeIgnore", "Module", "Interactive", "Expression", "FunctionType", "type_param", "TypeVar",
    "ParamSpec", "TypeVarTuple", "slice",
}  # fmt: skip
# What the lowering refuses in its last case, in Pythons that have it; and names kept for old programs.
REFUSED_IN_THE_LAST_CASE = {"TypeAlias", "TemplateStr", "Interpolation"}
OLD_NAMES = {
    "Num", "Str", "Bytes", "NameConstant", "Ellipsis", "Index", "ExtSlice", "Suite", "AugLoad", "AugStore", "Param",
}  # fmt: skip
ABSTRACT = (ast.boolop, ast.operator, ast.unaryop, ast.cmpop, ast.expr_context)


def node_classes() -> list[type[ast.AST]]:
    return [
        c for name, c in vars(ast).items() if isinstance(c, type) and issubclass(c, ast.AST) and name not in OLD_NAMES
    ]


@pytest.mark.parametrize("cls", node_classes(), ids=lambda c: c.__name__)
def test_every_node_class_is_classified_once(cls):
    places = [cls in fence.LOWERED, cls in fence.KEPT, cls in fence._REFUSED]
    part = cls.__name__ in PARTS or issubclass(cls, ABSTRACT)
    late = cls.__name__ in REFUSED_IN_THE_LAST_CASE
    assert sum(places) + part + late == 1


def test_nothing_is_classified_that_python_does_not_have():
    named = {c.__name__ for c in node_classes()}
    for cls in (*fence.LOWERED, *fence.KEPT, *fence._REFUSED):
        assert cls.__name__ in named
        assert issubclass(cls, (ast.stmt, ast.expr))


def test_no_class_is_named_twice():
    every = [*fence.LOWERED, *fence.KEPT, *fence._REFUSED]
    assert len(every) == len(set(every))


def test_every_refused_construct_has_a_program():
    """Each class of the fence's table occurs in a program of the folder."""
    seen = set()
    for program in programs():
        for node in ast.walk(ast.parse(inspect.getsource(inspect.getmodule(program.function)))):
            seen.add(type(node))
    assert set(fence._REFUSED) <= seen


def test_every_kept_construct_with_something_active_has_a_program():
    kinds = {e.message for p in programs() for e in marks(p.function) if e.id == "unsupported-construct"}
    for word in ("`try`", "`class`"):
        assert any(word in k for k in kinds), word


def _check(function):
    source = acquire(function)
    return fence.check(source.node, source.filename)


class TestTheFenceItself:
    """What `check` finds, also where another stage would refuse first."""

    def test_async_for_with_and_await(self):
        async def f(x):
            async with x as y:
                async for z in y:
                    await z

        found = _check(f)
        assert [d.id for d in found] == ["unsupported-syntax"]
        assert "`async` function" in found[0].message

    def test_a_generator_is_accepted_but_not_as_the_function_itself(self):
        def f(x):
            yield x

        assert _check(f) == []
        for verb in (pb.gradient, pb.pullback):
            with pytest.raises(pb.DifferentiabilityError, match="a generator cannot be differentiated"):
                verb(f)
        assert pb.gradient(lambda x: sum(f(x)) * 2.0)(1.0) == 2.0

    def test_an_async_function_is_refused_at_its_line(self):
        async def f(x):
            return x

        with pytest.raises(pb.DifferentiabilityError, match=r"`async` function cannot(.|\n)*async def f\(x\)"):
            pb.gradient(f)

    def test_bodies_of_nested_functions_are_not_looked_into(self):
        def f(x):
            def g():
                yield 1

            return [x, g, lambda: (yield)]

        assert _check(f) == []

    def test_a_jump_that_stays_inside_what_is_kept(self):
        def f(x):
            try:
                for i in range(3):
                    if i:
                        break
                    continue
                while True:
                    break

                def inner():
                    return 1
            except ValueError:
                pass
            return x

        assert _check(f) == []

    def test_a_jump_out_of_a_nested_block(self):
        def f(x):
            for i in range(3):
                try:
                    pass
                finally:
                    if i:
                        with x:
                            break
                    else:
                        while True:
                            return x

        found = _check(f)
        assert sorted(d.message.split("`")[1] for d in found) == ["break", "return"]

    def test_every_refusal_says_what_to_do(self):
        assert all(what and instead for what, instead in fence._REFUSED.values())


class TestKeptConstructsWithNothingActive:
    """They run as written, once."""

    def test_try_import_del_match_and_class(self):
        def f(x, text):
            import math as m
            from math import pi

            try:
                n = int(text)
            except ValueError:
                n = -1
            finally:
                done = True
            match n:
                case 3:
                    k = 2.0
                case [_, *_] | {"a": _}:
                    k = 5.0
                case _:
                    k = 4.0

            class Local:
                scale = 3.0

            scratch = [1]
            del scratch
            return m.sin(x) * n * k * Local.scale * pi * done

        import math

        assert pb.gradient(f)(0.0, "3") == pytest.approx(18.0 * math.pi)
        assert pb.gradient(f)(0.0, "no") == pytest.approx(-12.0 * math.pi)

    def test_try_star(self):
        def f(x):
            try:
                n = int("2")
            except* ValueError:
                n = 0
            return x * n

        assert pb.gradient(f)(1.0) == 2.0

    def test_del_of_an_active_name(self):
        def f(x):
            y = x * x
            del x
            return y

        assert pb.gradient(f)(3.0) == 6.0

    def test_an_exception_of_kept_code_passes(self):
        def f(x):
            try:
                n = int("no")
            finally:
                seen.append("finally")
            return x * n

        seen = []
        with pytest.raises(ValueError, match="invalid literal"):
            pb.gradient(f)(1.0)
        assert seen == ["finally"]
