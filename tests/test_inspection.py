"""Looking inside: derivative sources, activity, residuals, and how values are shown."""

import ast
import gc
import html.parser
import math
import os
import subprocess
import sys
import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest

import pullback as pb
from pullback import nn, optim
from pullback.inspection import differential_source

# --- derivative_source ------------------------------------------------------------------------------------


@dataclass
class Point:
    x: float
    y: float

    def norm(self):
        return math.hypot(self.x, self.y)


class Counter:
    def __init__(self, w):
        self.w = w
        self.total = 0.0

    def push(self, x):
        self.total += self.w * x


class Net(nn.Layer):
    def __init__(self):
        self.hidden = nn.Dense(2, 3, nn.relu, rng=0)
        self.out = nn.Dense(3, 1, rng=1)

    def __call__(self, x):
        return self.out(self.hidden(x))


def loop(xs):
    total = 0.0
    for x in xs:
        if x < 0:
            continue
        total += math.sqrt(x)
    return total


def helper(x, k=2.0):
    return k * x**2


def calls(x):
    y = helper(x)
    return y * helper(y, k=3.0)


def method(p):
    return p.norm() * p.x


def mutation(a):
    b = a.copy()
    b[0] = b[1] * 2.0
    b[1:] += b[:-1]
    return b.sum()


def of_dict(params, x):
    h = np.tanh(x @ params["w"] + params["b"])
    return np.mean(h**2)


def closures(x):
    def inner(y):
        return x * y

    scale = lambda t: t + x
    return inner(3.0) + scale(2.0)


def while_loop(x):
    n = 0
    while abs(x) > 0.1:
        x = x / 2.0
        n += 1
    return x * n


def structures(x, y):
    return x * y, {"s": x + y, "d": [x - y, y]}


def attempt(x):
    try:
        y = math.log(x)
    except ValueError:
        y = 0.0
    return y * x


def generator(xs):
    return sum(x * i for i, x in enumerate(xs))


def comprehension(xs):
    return [x**2 for x in xs if x > 0]


def recursion(x, n):
    return x if n == 0 else recursion(x * x, n - 1)


def stack(items):
    held = []
    for i in items:
        held.append(i * 2.0)
    while held:
        a = held.pop()
        if not held:
            return a
        held[-1] = held[-1] * a
    return 0.0


def matching(x):
    match x:
        case (a, b):
            return a * b
        case _:
            return x


def variadic(x, *rest, scale=1.0, **options):
    for r in rest:
        x = x * r
    return x * scale * options.get("k", 1.0)


def objects(w, xs):
    c = Counter(w)
    for x in xs:
        c.push(x)
    return c.total


def unpacking(x):
    y = z = x * 2.0
    a, (b, *c) = y + z, (x, y, z)
    return a * b + sum(c) if a > b else a


def surgery(x):
    return max(x, 0.0) * pb.with_derivative(x, print)


def context(x):
    with np.errstate(all="ignore"):
        y = np.log(x)
    return np.sum(y)


SOURCES = [
    (loop, [1.0, -2.0, 3.0]), (calls, 2.0), (method, Point(1.0, 2.0)), (mutation, np.ones(3)),
    (of_dict, {"w": np.ones((2, 2)), "b": np.zeros(2)}, np.ones((3, 2))), (closures, 2.0), (while_loop, 3.0),
    (structures, 1.0, 2.0), (attempt, 2.0), (generator, [1.0, 2.0]), (comprehension, [1.0, 2.0]), (recursion, 2.0, 3),
    (stack, [1.0, 2.0]), (Net(), np.ones((1, 2), np.float32)), (matching, (1.0, 2.0)), (variadic, 1.0, 2.0),
    (objects, 2.0, [1.0, 2.0]), (unpacking, 2.0), (surgery, 2.0), (context, np.ones(2)), (Point(1.0, 2.0).norm,),
    (Counter(2.0).push, 3.0),
]  # fmt: skip


@pytest.mark.parametrize("case", [c for c in SOURCES if len(c) > 1], ids=lambda c: getattr(c[0], "__name__", "object"))
def test_every_printed_source_compiles(case):
    f, *args = case
    text = pb.derivative_source(f, *args)
    tree = ast.parse(text)
    assert all(isinstance(node, ast.FunctionDef) for node in tree.body)
    assert "# " in text or f is context  # (all of it is in its `return`)
    body = getattr(f, "__func__", f)
    if body not in (mutation, stack, objects, attempt, variadic) and f.__class__ is not type(Counter(1.0).push):
        ast.parse(differential_source(f, *args))


def test_the_source_for_some_parameters():
    text = pb.derivative_source(structures, 1.0, 2.0, wrt="y")
    assert "d_y" in text and "return (d_y,)" in text and "d_x" not in text
    assert "d_x" in pb.derivative_source(structures, 1.0, 2.0, wrt=0)


def test_what_has_no_source_says_so():
    for f in (math.sin, np.sum, pb.gradient(loop)):
        with pytest.raises(pb.ArgumentError):
            pb.derivative_source(f, 1.0)
    with pytest.raises(TypeError):
        pb.derivative_source(calls, 1.0, 2.0)


# --- activity ---------------------------------------------------------------------------------------------


def mixed(x, n):
    k = n + 1
    y = x * k
    z = y * y  # noqa: F841
    for i in range(n):
        y += x * i
    return y


FIRST = mixed.__code__.co_firstlineno


def test_activity_by_line():
    marked = pb.activity(mixed, 2.0, 3)
    assert marked.wrt == ("x",)
    assert marked.varied[FIRST + 2] == marked.active[FIRST + 2] | {"x"} == {"x", "y"}
    assert (marked.useful[FIRST + 1], marked.varied[FIRST + 1]) == ({"k", "n"}, set())
    assert (marked.varied[FIRST + 3], marked.active[FIRST + 3]) == ({"y", "z"}, set())
    assert marked.active[FIRST + 5] == {"x", "y"} and "i" in marked.useful[FIRST + 5]
    assert marked.active[FIRST + 6] == {"y"}
    assert marked[FIRST + 6].text == "    return y"
    with pytest.raises(KeyError):
        marked[1]


def test_activity_without_examples():
    assert pb.activity(mixed).wrt == ("x", "n")
    assert pb.activity(mixed, wrt="x").active == pb.activity(mixed, 2.0, 3).active
    assert pb.activity(mixed, wrt=("n",)).wrt == ("n",)

    def annotated(x: float, n: int):
        return x * n

    assert pb.activity(annotated).wrt == ("x",)
    for wrt in ("q", 7):
        with pytest.raises(pb.ArgumentError, match="no parameter"):
            pb.activity(mixed, wrt=wrt)


def test_activity_marks_stand_under_the_names():
    lines = pb.activity(mixed, 2.0, 3).text().split("\n")
    for line, marks in zip(lines, lines[1:], strict=False):
        if marks.lstrip().startswith("|") and set(marks) <= set("|^~. "):
            for start in range(len(marks)):
                if marks[start] in "^~." and not marks[start - 1].strip("| "):
                    continue
                if marks[start] in "^~.":
                    assert line[start].isidentifier() or line[start].isdigit()
    assert sum("~" in line for line in lines) == 2  # the line of z, and the legend


def test_activity_under_letters_of_several_bytes():
    def wide(α, n):
        return "é" * n, α * 2.0

    marked = pb.activity(wide, 2.0, 3)
    [line] = [line for line in marked.lines if "return" in line.text]
    assert [line.text[a:b] for a, b, what in line.marks if what == "active"] == ["α"]


def test_activity_of_every_kind_of_function():
    for f, *args in SOURCES:
        if args:
            marked = pb.activity(f, *args)
            assert any(marked.active.values()), f
            repr(marked), marked._repr_html_()


def test_colours_go_to_terminals_alone():
    program = (
        "import os, pty, sys; import pullback as pb\n"
        "from test_inspection import mixed\n"
        "print(pb.activity(mixed, 2.0, 3))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"}
    environment["PYTHONPATH"] = os.pathsep.join([os.path.dirname(__file__), os.environ.get("PYTHONPATH", "")])
    piped = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=60)
    assert "activity of mixed" in piped.stdout and "\x1b[" not in piped.stdout, piped.stderr
    if hasattr(os, "openpty"):
        for no_color in (False, True):
            given = environment | ({"NO_COLOR": "1"} if no_color else {})
            parent, child = os.openpty()
            subprocess.run([sys.executable, "-c", program], stdout=child, env=given, timeout=60, check=True)
            os.close(child)
            shown = os.read(parent, 65536).decode()
            os.close(parent)
            assert ("\x1b[" in shown) is not no_color


# --- residuals --------------------------------------------------------------------------------------------


def layer(x, w):
    h = np.tanh(x @ w)
    return h * 2.0


def network(x, ws):
    for w in ws:
        x = layer(x, w)
    return np.sum(x**2)


def heat(u, dt, steps):
    for _ in range(steps):
        lap = np.roll(u, 1) + np.roll(u, -1) - 2 * u
        u = u + dt * lap
    return np.sum(u**2)


def scalars(x, n):
    for _ in range(n):
        x = math.sin(x) * x
    return x


def views(x):
    rows = [x[i] for i in range(len(x))]
    big = np.exp(x)
    parts = [big[i] * rows[i] for i in range(len(x))]
    return sum(np.sum(p * p) for p in parts)


def shared(x):
    y = np.exp(x)
    for _ in range(10):
        z = y[::2] * y[1::2] * y[::2]  # views of one array, kept ten times
    return y * np.sum(z)


def changing(x, n):
    y = np.zeros(n)
    for i in range(1, n):
        y[i] = y[i - 1] * x + 1.0
    return y * y


def structs(p, xs):
    q = Point(p.x * 2.0, p.y)
    return np.sum(np.exp(xs * q.norm()) ** 2)


KEPT = [
    (network, np.ones((64, 32)), [np.ones((32, 32)) for _ in range(4)]), (heat, np.ones(1000), 0.1, 10),
    (scalars, 0.3, 1000), (views, np.ones((10, 100))),
    (shared, np.ones(10_000)), (changing, 0.5, 500), (structs, Point(0.1, 0.2), np.ones(2000)),
    (Net(), np.ones((500, 2), np.float32)), (pb.recomputed(heat), np.ones(1000), 0.1, 10),
]  # fmt: skip


@pytest.mark.parametrize("case", KEPT, ids=lambda c: getattr(c[0], "__name__", "object"))
def test_the_bytes_are_those_that_are_allocated(case, small_heap):
    f, *args = case
    found = pb.residuals(f, *args)
    pb.value_with_pullback(f)(*args)
    gc.collect()
    tracemalloc.start()
    try:
        value, pull = pb.value_with_pullback(f)(*args)
        del value
        gc.collect()
        allocated = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert pull is not None
    assert abs(found.bytes - allocated) <= 0.05 * allocated + 1500, (found.bytes, allocated)


def test_rows_tell_the_line_the_name_and_the_form():
    found = pb.residuals(heat, np.ones(1000), 0.1, 10)
    first = heat.__code__.co_firstlineno
    [lap] = [row for row in found if row.name == "lap"]
    assert (lap.line, lap.form, lap.count, lap.function) == (first + 2, "float64[1000]", 10, "heat")
    assert 80_000 <= lap.bytes < 84_000 and lap.recomputable and not lap.shared
    assert lap.source == "lap = np.roll(u, 1) + np.roll(u, -1) - 2 * u"
    assert len(found) == len(list(found)) and found.recomputable_bytes <= found.bytes


def test_arguments_are_told_and_not_counted():
    x = np.ones(10_000)
    found = pb.residuals(lambda x: np.sum(x * x), x)
    assert any(row.shared == "argument" and row.form == "float64[10000]" for row in found)
    assert sum(row.bytes for row in found if row.shared == "argument") == 0
    assert found.argument_bytes >= x.nbytes


def test_callees_have_rows_of_their_own():
    found = pb.residuals(*KEPT[0])
    assert {row.function for row in found} == {"network", "layer"}
    [activation] = [row for row in found if row.name == "h"]
    assert activation.count == 4 and activation.line == layer.__code__.co_firstlineno + 1


def test_recomputation_shows():
    plain, again = pb.residuals(*KEPT[1]), pb.residuals(*KEPT[-1])
    assert again.bytes < plain.bytes / 3


def noisy(x):
    print(end="")
    y = np.exp(x)
    LOG.append(1)
    return np.sum(y)


LOG = []


def test_what_has_effects_is_not_said_to_be_recomputable():
    found = pb.residuals(noisy, np.ones(100))
    assert not any(row.recomputable for row in found)


BIG = np.ones(1000)


def test_what_the_function_holds_is_told_and_not_counted():
    captured = np.ones(1000)

    def f(x):
        return np.sum(x * captured) + np.sum(x * BIG)

    found = pb.residuals(f, 2.0)
    assert sorted(row.shared for row in found if row.form == "float64[1000]" and not row.bytes) == ["function"] * 2
    model = nn.Dense(300, 3, rng=0)
    found = pb.residuals(model, np.ones((2, 300), np.float32))
    assert found.bytes < 3000 and {row.function for row in found} == {"Dense", "Dense.__call__"}
    assert repr(found).count("\n") < 20


def test_the_table():
    found = pb.residuals(heat, np.ones(1000), 0.1, 10)
    text = repr(found)
    assert "10 × float64[1000]" in text and "79." in text and "total" in text
    assert "10 × float64[1000]" in found._repr_html_()


# --- representations --------------------------------------------------------------------------------------


class Checked(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open = []
        self.tags = set()
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def shown():
    model, x = Net(), np.ones((4, 2), np.float32)
    gradient = pb.gradient(lambda m: np.sum(m(x)))(model)
    optimizer = optim.Adam()
    optimizer.update(model, along=gradient)
    return {
        "pullback": pb.pullback(lambda m, x: m(x))(model, x), "differential": pb.differential(lambda x: x * x)(x),
        "tangent": gradient, "layer": model, "optimizer": optimizer, "summary": nn.summary(model, x),
        "activity": pb.activity(mixed, 2.0, 3), "residuals": pb.residuals(heat, np.ones(1000), 0.1, 2),
    }  # fmt: skip


@pytest.mark.parametrize("what", shown())
def test_html_is_well_formed_and_escaped(what):
    value = shown()[what]
    text = value._repr_html_()
    tags = Checked(text).tags
    assert tags <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "code", "div", "span", "b", "pre"}
    assert "<lambda>" not in text
    assert len(repr(value)) < 3000


def test_markup_in_names_and_sources_is_escaped():
    def f(x):
        y = x * len("<script>alert('&')</script>")
        return y

    marked = pb.activity(f, 2.0)
    assert "<script>" not in marked._repr_html_() and "&lt;script&gt;" in marked._repr_html_()
    assert "&amp;" in marked._repr_html_()

    @dataclass
    class Named:
        d: dict

    t = pb.zero_tangent(Named({"<b>": 1.0}))
    assert "<b>" not in t._repr_html_()


def test_forms_and_no_walls_of_numbers():
    x = np.ones((100, 50), np.float32)
    assert repr(pb.pullback(lambda a: a * 2.0)(x)) == ("<pullback of <lambda>: float32[100, 50] -> float32[100, 50]>")
    assert repr(pb.pullback(structures)(1.0, 2.0)) == (
        "<pullback of structures: (float, {'s': float, 'd': [float, float]}) -> (float, float)>"
    )
    assert repr(pb.differential(structures)(1.0, 2.0)).startswith("<differential of structures: (float, float) -> (")
    assert "weight=float32[2, 3]" in repr(shown()["tangent"]) or "weight=array" in repr(shown()["tangent"])
    wide = nn.Dense(100, 50, rng=0)
    t = pb.gradient(lambda m: np.sum(m(np.ones((4, 100), np.float32))))(wide)
    assert repr(t) == "Dense.TangentVector(weight=float32[100, 50], bias=float32[50])"
    assert repr(pb.zero_tangent(Point(1.0, 2.0))) == "Point.TangentVector(x=0.0, y=0.0)"


def test_summary():
    found = nn.summary(Net(), np.ones((4, 2), np.float32))
    assert [(path, kind, outputs, n) for path, kind, outputs, n, _ in found.rows] == [
        ("hidden", "Dense", ["float32[4, 3]"], 9), ("out", "Dense", ["float32[4, 1]"], 4),
    ]  # fmt: skip
    assert (found.parameters, found.bytes) == (13, 52)
    assert "total" in repr(found) and "float32[4, 3]" in repr(found)


def test_summary_counts_shared_layers_once():
    dense = nn.Dense(3, 3, rng=0)
    found = nn.summary(nn.Sequential(dense, nn.relu, dense), np.ones((2, 3), np.float32))
    assert [(row[0], row[2]) for row in found.rows] == [("layers[0]", ["float32[2, 3]"] * 2)]
    assert found.parameters == 12 and "float32[2, 3] × 2" in repr(found)


def test_summary_of_one_layer_and_of_what_is_not_called():
    assert nn.summary(nn.Dense(2, 3, rng=0), np.ones((1, 2), np.float32)).rows[0][0] == "(model)"

    class Half(nn.Layer):
        def __init__(self):
            self.used, self.spare = nn.Dense(2, 2, rng=0), nn.Dense(2, 2, rng=1)

        def __call__(self, x):
            return self.used(x)

    assert "(not called)" in repr(nn.summary(Half(), np.ones((1, 2), np.float32)))


def test_summary_leaves_the_profiler_as_it_was():
    before = sys.getprofile()
    with pytest.raises(ValueError):
        nn.summary(Net(), np.ones((4, 5), np.float32))
    assert sys.getprofile() is before
