# fmt: off
# (where each thing stands is part of the test)
"""Acquisition: a function object's own syntax tree, wherever and however the function was written."""

from __future__ import annotations

import ast
import doctest
import functools
import importlib.util
import linecache
import math
import os
import subprocess
import sys
import textwrap
import types
from pathlib import Path

import pytest

import pullback as pb
from pullback.source import acquire

HERE = Path(__file__).name


def d(f, *args):
    """The derivative of `f` at `args`; a function of one argument gives a float."""
    return pb.gradient(f)(*args)


def load(path, name):
    """A module made from a file, not entered into `sys.modules`."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Lambdas ------------------------------------------------------------------------------------------------------------


def test_several_lambdas_on_one_line():
    fs = [lambda x: x * x, lambda x: x * x * x, lambda x: 5.0 * x, lambda x: x / 4.0]
    assert [d(f, 2.0) for f in fs] == [4.0, 12.0, 5.0, 0.25]


def test_lambdas_on_one_line_that_differ_in_a_constant_only():
    fs = [lambda x: 2.0 * x, lambda x: 3.0 * x, lambda x: 4.0 * x]
    assert [d(f, 1.0) for f in fs] == [2.0, 3.0, 4.0]


def test_lambdas_on_one_line_that_are_constants():
    with pytest.warns(pb.ZeroDerivativeWarning):
        assert [d(f, 1.0) for f in (lambda x: 1.0, lambda x: x, lambda x: 2.0)] == [0.0, 1.0, 0.0]


def test_lambdas_on_one_line_with_other_parameters():
    f, g, h = lambda x: x * 2.0, lambda y: y * 3.0, lambda x, y: x * y
    assert d(f, 1.0) == 2.0
    assert d(g, 1.0) == 3.0
    assert d(h, 2.0, 5.0) == (5.0, 2.0)


def test_nested_lambdas():
    outer = lambda a: lambda b: lambda c: a * b * c * c
    assert d(outer(2.0)(3.0), 5.0) == 60.0
    assert d(lambda x: (lambda y: y * x)(x), 3.0) == 6.0


def test_a_lambda_within_a_lambda_of_the_same_form():
    f = lambda x: (lambda x: x * x)(x) + 1.0
    inner = (lambda x: [lambda x: x * x * x, x])(1.0)[0]
    assert d(f, 3.0) == 6.0
    assert d(inner, 3.0) == 27.0


def with_default(x, f=lambda x: x * 7.0, g=lambda x: x * x):
    return f(x) + g(x)


def test_lambdas_in_defaults():
    assert d(with_default, 2.0) == 11.0
    assert [d(f, 2.0) for f in with_default.__defaults__] == [7.0, 4.0]


def test_a_lambda_over_several_lines():
    f = lambda x: (
        x
        * x
        + math.sin(
            x
        )
    )
    assert d(f, 0.0) == 1.0


def test_lambdas_over_several_lines_that_begin_on_one():
    f, g = lambda x: (x *
                      x), lambda x: (x +
                                     x)  # fmt: skip
    assert d(f, 3.0) == 6.0
    assert d(g, 3.0) == 2.0


def test_lambdas_in_a_comprehension_and_a_dict_display():
    assert [d(f, 1.0) for f in [lambda x, k=k: k * x for k in (1.0, 2.0)]] == [1.0, 2.0]
    table = {"a": lambda x: x * 2.0, "b": lambda x: x * 3.0}
    assert d(table["a"], 1.0) == 2.0 and d(table["b"], 1.0) == 3.0


def test_a_lambda_with_a_conditional_body():
    fs = (lambda x: x if x > 0 else -x, lambda x: -x if x > 0 else x)
    assert [d(f, 2.0) for f in fs] == [1.0, -1.0]


def test_a_lambda_in_an_f_string_and_in_a_decorator_call():
    keep = []

    def taking(f):
        keep.append(f)
        return lambda g: g

    @taking(lambda x: x * 4.0)
    def unused(x):
        return x * 5.0

    f"{keep.append(lambda x: x * 6.0)}"
    assert [d(f, 1.0) for f in (*keep, unused)] == [4.0, 6.0, 5.0]


def test_non_ascii_text_before_a_lambda():
    label, f, g = "größe → ∂", lambda x: x * 2.0, lambda x: x * 3.0
    assert (label, d(f, 1.0), d(g, 1.0)) == ("größe → ∂", 2.0, 3.0)


# Decorators ---------------------------------------------------------------------------------------------------------


def doubled(f):
    @functools.wraps(f)
    def wrapper(*args):
        return 2.0 * f(*args)

    return wrapper


def same(f):
    return f


@doubled
@same
def decorated(x):
    return x * x


@same
@same  # two lines above the `def`
def marked(x):
    return 3.0 * x


def test_a_decorated_function_is_what_the_decorators_return():
    assert pb.value_with_gradient(decorated)(3.0) == (18.0, 12.0)
    assert d(decorated.__wrapped__, 3.0) == 6.0


def test_decorators_that_return_the_function_itself():
    assert d(marked, 3.0) == 3.0


def test_the_lru_cache():
    @functools.lru_cache
    def f(x):
        return x * x

    assert d(f, 3.0) == 6.0


# Methods ------------------------------------------------------------------------------------------------------------


class Base:
    def scale(self, x):
        return 2.0 * x

    @classmethod
    def made(cls, x):
        return x * x

    @staticmethod
    def free(x):
        return 4.0 * x


class _Account(Base):
    __rate = 3.0

    def __init__(self):
        self.__hidden = 5.0

    def __private(self, x):
        return x * self.__rate

    def total(self, x):
        return self.__private(x) * self.__hidden

    def scale(self, x):
        return super().scale(x) * x

    def twice(self, __x):
        return __x * self.__hidden

    def explicit(self, x):
        return super(_Account, self).scale(x)

    def nested(self, x):
        def inner(t):
            return t * self.__hidden

        return inner(x)

    def __call__(self, x):
        return x * self.__hidden


class TestMethods:
    def test_private_names(self):
        account = _Account()
        assert d(account.total, 1.0) == 15.0
        assert d(account.nested, 1.0) == 5.0

    def test_a_private_parameter(self):
        assert d(_Account().twice, 2.0) == 5.0

    def test_super_without_arguments(self):
        assert d(_Account().scale, 3.0) == 12.0

    def test_super_with_arguments(self):
        assert d(_Account().explicit, 3.0) == 2.0

    def test_class_and_static_methods(self):
        assert d(Base.made, 3.0) == 6.0
        assert d(Base().made, 3.0) == 6.0
        assert d(Base.free, 3.0) == 4.0
        assert d(Base().free, 3.0) == 4.0

    def test_a_callable_object(self):
        assert d(_Account(), 2.0) == 5.0

    def test_an_unbound_method(self):
        assert pb.gradient(_Account.total, wrt="x")(_Account(), 1.0) == 15.0

    def test_equal_names_in_two_classes(self):
        class A:
            def f(self, x):
                return x * 2.0

        class B:
            def f(self, x):
                return x * 3.0

        assert (d(A().f, 1.0), d(B().f, 1.0)) == (2.0, 3.0)


# Closures and nesting -----------------------------------------------------------------------------------------------


def maker(k):
    def f(x):
        return k * x

    return f


def test_closures_over_different_values_share_one_source():
    assert [d(maker(k), 1.0) for k in (2.0, 3.0, -1.0)] == [2.0, 3.0, -1.0]
    assert acquire(maker(1.0)) is acquire(maker(2.0))


def test_a_cell_that_changes_is_read_anew():
    k = 2.0

    def f(x):
        return k * x

    df = pb.gradient(f)
    assert df(1.0) == 2.0
    k = 5.0
    assert df(1.0) == 5.0


def test_two_functions_of_one_name_in_one_function():
    def f(x):
        return x * 2.0

    first = f

    def f(x):  # noqa: F811
        return x * 3.0

    assert (d(first, 1.0), d(f, 1.0)) == (2.0, 3.0)


def test_multi_line_strings_with_text_at_column_zero():
    def f(x):
        text = """
def not_this(x):
return to_sender
        """
        return x * len(text)

    assert d(f, 1.0) == len(f.__code__.co_consts[1])


def test_a_docstring_and_comments_are_no_statements():
    def f(x):
        """Twice x."""
        # nothing
        return 2.0 * x  # twice

    assert d(f, 1.0) == 2.0


def test_line_continuations_and_semicolons():
    def f(x):
        y = x * \
            x; z = y + 1.0  # fmt: skip # noqa: E702
        return z * y

    assert d(f, 1.0) == 6.0


def test_one_line_definitions():
    def f(x): return x * x  # fmt: skip # noqa: E704
    assert d(f, 3.0) == 6.0


def test_annotations_that_name_nothing():
    def f(x: NoSuchType) -> AlsoMissing:  # noqa: F821
        y: Unknown = x * x  # noqa: F821
        return y

    assert d(f, 3.0) == 6.0


def test_positions_are_those_of_the_file():
    source = acquire(maker(1.0))
    assert Path(source.filename).name == HERE
    assert linecache.getline(source.filename, source.node.lineno).strip() == "def f(x):"
    assert isinstance(source.node, ast.FunctionDef)


# Nothing to read ----------------------------------------------------------------------------------------------------


def made_by_exec(text, name="f"):
    namespace = {}
    exec(compile(text, "<made>", "exec"), namespace)
    return namespace[name]


def test_a_function_from_exec():
    f = made_by_exec("def f(x): return x * x")
    with pytest.raises(pb.DifferentiabilityError) as raised:
        d(f, 3.0)
    message = str(raised.value)
    assert "source" in message and "`exec`" in message
    assert "put it in a file" in message and "@pb.derivative(of=f)" in message
    assert "<made>:1" in message


def test_a_function_from_exec_that_is_called_is_reported_at_the_call():
    g = made_by_exec("def g(x): return x * x", "g")

    def f(x):
        return 1.0 + g(x)

    with pytest.raises(pb.DifferentiabilityError) as raised:
        d(f, 3.0)
    message = str(raised.value)
    assert "@pb.derivative(of=g)" in message
    line = f.__code__.co_firstlineno + 1
    assert f"{HERE}:{line}:" in message, message


def test_a_function_from_exec_with_a_registered_derivative():
    f = made_by_exec("def f(x): return x * x")
    with pb.derivatives({f: lambda x: (f(x), lambda v: v * 10.0)}):
        assert d(f, 3.0) == 10.0
        assert d(lambda x: f(x) * 2.0, 3.0) == 20.0


def test_a_function_from_exec_that_gets_no_active_argument():
    g = made_by_exec("def g(n): return n + 1", "g")
    assert d(lambda x: x * g(2), 3.0) == 3.0


@pytest.mark.parametrize("statement", ["pb.gradient(f)(3.0)", "pb.gradient(lambda x: x * x)(3.0)"])
def test_python_c(statement):
    """`python -c` keeps no source before Python 3.13: the error says so."""
    program = f"import pullback as pb\ndef f(x): return x * x\nprint({statement})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    if done.returncode == 0:
        assert sys.version_info >= (3, 13)
        assert done.stdout.strip() == "6.0"
        return
    assert "DifferentiabilityError" in done.stderr
    assert "`python -c`" in done.stderr and "put it in a file" in done.stderr
    assert "register its derivative" in done.stderr


def test_a_registered_lambda_has_a_name_that_can_be_written():
    """The help must not tell the user to write `of=<lambda>`."""
    with pytest.raises(pb.DifferentiabilityError) as raised:
        d(made_by_exec("f = lambda x: x * x"), 3.0)
    assert "of=<lambda>" not in str(raised.value)


def test_a_stale_file(tmp_path):
    path = tmp_path / "stale.py"
    path.write_text("def f(x):\n    return x * x\n")
    module = load(path, "stale")
    path.write_text("# a comment was put in\n\n\ndef f(x):\n    return x * x * x\n")
    linecache.checkcache(str(path))
    with pytest.raises(pb.DifferentiabilityError, match="no longer matches"):
        d(module.f, 3.0)


def test_a_stale_file_whose_parameters_changed(tmp_path):
    path = tmp_path / "stale_parameters.py"
    path.write_text("def f(x):\n    return x * x\n")
    module = load(path, "stale_parameters")
    path.write_text("def f(x, y):\n    return x * x\n")
    linecache.checkcache(str(path))
    with pytest.raises(pb.DifferentiabilityError, match="no longer matches"):
        d(module.f, 3.0)




@pytest.mark.parametrize("body", ["x * x * x", "x * 2.5", "x + x", "math.sin(x)"])
def test_a_stale_file_whose_body_changed(tmp_path, body):
    """The derivative of another function than the one that runs would be wrong without a word."""
    path = tmp_path / "stale_body.py"
    path.write_text("import math\ndef f(x):\n    return x * 3.5 * x\n")
    module = load(path, "stale_body")
    path.write_text(f"import math\ndef f(x):\n    return {body}\n")
    linecache.checkcache(str(path))
    with pytest.raises(pb.DifferentiabilityError, match="no longer matches"):
        d(module.f, 3.0)


def test_lambdas_that_changed_places(tmp_path):
    path = tmp_path / "stale_lambdas.py"
    path.write_text("f, g = lambda x: x * 2.0, lambda x: x * 3.0\n")
    module = load(path, "stale_lambdas")
    path.write_text("g, f = lambda x: x * 3.0, lambda x: x * 2.0\n")
    linecache.checkcache(str(path))
    with pytest.raises(pb.DifferentiabilityError, match="no longer matches"):
        d(module.f, 3.0)


def test_a_file_that_is_gone(tmp_path):
    path = tmp_path / "gone.py"
    path.write_text("def f(x):\n    return x * x\n")
    module = load(path, "gone")
    path.unlink()
    linecache.checkcache(str(path))
    with pytest.raises(pb.DifferentiabilityError, match="source"):
        d(module.f, 3.0)


def test_a_file_that_no_longer_parses(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("def f(x):\n    return x * x\n")
    module = load(path, "broken")
    path.write_text("def f(x):\n    return x * (\n")
    linecache.checkcache(str(path))
    with pytest.raises(pb.DifferentiabilityError, match="does not parse"):
        d(module.f, 3.0)


def test_a_reloaded_module_is_read_anew(tmp_path):
    path = tmp_path / "reloaded.py"
    path.write_text("def f(x):\n    return x * x\n")
    first = load(path, "reloaded")
    assert d(first.f, 3.0) == 6.0
    path.write_text("def f(x):\n    return x * x * x\n")
    os.utime(path, (1e9, 1e9))
    linecache.checkcache(str(path))
    second = load(path, "reloaded")
    assert d(second.f, 3.0) == 27.0
    assert d(first.f, 3.0) == 6.0  # its source was read before the file changed


# linecache ---------------------------------------------------------------------------------------------------------


def test_source_registered_in_linecache():
    """Jupyter cells and generated modules put their text there."""
    text = textwrap.dedent("""
        K = 4.0

        def f(x):
            return K * x * x
    """)
    name = "<cell 17 of a notebook>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    namespace = {}
    exec(compile(text, name, "exec"), namespace)
    assert d(namespace["f"], 3.0) == 24.0


def test_a_cell_run_again_under_its_name():
    """The same file name, another text: the function made last gets the source it was made from."""
    name = "<cell run again>"
    for factor in (2.0, 3.0):
        text = f"def f(x):\n    return {factor} * x\n"
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        namespace = {}
        exec(compile(text, name, "exec"), namespace)
        assert d(namespace["f"], 1.0) == factor


def test_functions_defined_in_a_doctest():
    text = ">>> def f(x): return x * x\n>>> pb.gradient(f)(3.0)\n6.0\n>>> pb.gradient(lambda t: t * 4.0)(3.0)\n4.0\n"
    test = doctest.DocTestParser().get_doctest(text, {"pb": pb}, "derivative of a doctest", "a.py", 0)
    report = []
    result = doctest.DocTestRunner().run(test, out=report.append)
    assert result == (0, 3), "".join(report)


# Identity of code ---------------------------------------------------------------------------------------------------


def test_equal_code_in_different_files(tmp_path):
    """Code objects of equal functions compare equal wherever they come from: identity must decide."""
    made = []
    for name, factor in (("one", 2.0), ("two", 3.0)):
        path = tmp_path / f"{name}.py"
        path.write_text(f"K = {factor}\n\n\ndef scale(t):\n    return K * t\n\n\ndef f(x):\n    return scale(x) * x\n")
        made.append(load(path, name).f)
    assert made[0].__code__ == made[1].__code__ or True  # true on 3.11 and 3.13 for files of one name
    assert [d(f, 1.0) for f in made] == [4.0, 6.0]


def test_equal_code_under_one_file_name():
    """The very same text, executed twice in different namespaces."""
    name = "<the same text twice>"
    text = "def f(x):\n    return K * x\n"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    first, second = {"K": 2.0}, {"K": 3.0}
    for namespace in (first, second):
        exec(compile(text, name, "exec"), namespace)
    assert first["f"].__code__ == second["f"].__code__
    assert (d(first["f"], 1.0), d(second["f"], 1.0)) == (2.0, 3.0)


def test_one_code_object_with_two_namespaces():
    f = maker(2.0)
    free = lambda x: x * FACTOR  # noqa: F821
    one = types.FunctionType(free.__code__, {"FACTOR": 2.0})
    two = types.FunctionType(free.__code__, {"FACTOR": 3.0})
    assert (d(f, 1.0), d(one, 1.0), d(two, 1.0)) == (2.0, 2.0, 3.0)


def test_the_user_s_namespace_stays_clean(tmp_path):
    path = tmp_path / "clean.py"
    path.write_text("import math\n\n\ndef f(x):\n    return math.sin(x) * x\n")
    module = load(path, "clean")
    before = set(vars(module))
    d(module.f, 1.0)
    pb.pullback(module.f)(1.0)(1.0)
    assert set(vars(module)) == before
