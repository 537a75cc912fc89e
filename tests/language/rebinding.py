"""Variables that nested functions bind again, or that are bound again after a nested function captured them."""

import functools

import numpy as np

from .cases import case


@case(2.0)
def accumulator(x):
    total = 0.0

    def add(v):
        nonlocal total
        total = total + v * v

    add(x)
    add(3.0 * x)
    return total


@case(2.0)
def two_variables(x):
    a, b = x, 1.0

    def step():
        nonlocal a, b
        a, b = b, a * b + x

    for _ in range(3):
        step()
    return a * b


@case(2.0)
def read_and_written_by_two(x):
    v = x

    def get():
        return v

    def put(w):
        nonlocal v
        v = w

    put(get() * x)
    put(get() + x)
    return get() * v


@case(2.0)
def written_two_levels_down(x):
    t = 0.0

    def outer(a):
        def inner(b):
            nonlocal t
            t += a * b

        inner(a)
        inner(x)

    outer(x)
    outer(2.0)
    return t


def make_counter(start):
    t = start

    def grow(v):
        nonlocal t
        t = t + v * t
        return t

    return grow


@case(2.0)
def made_by_a_factory(x):
    c, d = make_counter(x), make_counter(2.0 * x)
    c(x)
    d(3.0)
    return c(x) * d(1.0)


@case(1.5)
def callback(x):
    log = 0.0

    def on(value):
        nonlocal log
        log = log + value

    def simulate(tell):
        y = x
        for _ in range(3):
            y = y * y * 0.5
            tell(y)
        return y

    return simulate(on) * log


@case(0.5)
def none_at_first(x):
    before = None

    def difference(v):
        nonlocal before
        d = 0.0 if before is None else v - before
        before = v
        return d

    return difference(x) + difference(x * x) * difference(x**3)


@case(np.array([1.0, 2.0, 3.0]))
def array_bound_again(a):
    acc = np.zeros(3)

    def add(v):
        nonlocal acc
        acc = acc + v * a

    add(a)
    add(2.0)
    return np.sum(acc * acc)


@case(np.array([1.0, 2.0, 3.0]))
def array_changed_in_place(a):
    acc = np.zeros(3)

    def add(v):
        nonlocal acc
        acc += v * a

    add(a)
    add(2.0)
    return np.sum(acc * acc)


@case(2.0)
def state_machine(x):
    state, energy, log = "idle", x, []

    def go(to, cost):
        nonlocal state, energy
        state = to
        energy -= cost
        log.append(energy)

    go("run", 0.1 * x)
    while energy > 0.5:
        go("rest", 0.5 * energy)
    return sum(log) * energy if state == "rest" else 0.0


@case(2.0)
def target_of_a_loop(x):
    last = 0.0

    def follow(vs):
        nonlocal last
        for last in vs:
            pass

    follow([x, x * x])
    return last * x


@case(2.0)
def bound_again_after_capture(x):
    k = x
    f = lambda v: v * k
    a = f(2.0)
    k = k * x
    return a + f(3.0)


@case(2.0)
def parameter_bound_again(x):
    f = lambda t: x * t
    y = f(1.0)
    x = x * x
    return y + f(2.0) + x


@case(2.0)
def kept_in_a_list(x):
    fs = []
    for i in range(3):
        y = x * (i + 1)
        fs.append(lambda v: v * y)
    return sum(f(2.0) * f(1.0) for f in fs)


@case(2.0)
def loop_variable_captured(x):
    fs = []
    for v in [x, x * x, 3.0 * x]:
        fs.append(lambda t: t * v)
    return sum([f(1.0) for f in fs])


@case(2.0)
def several_on_one_line(x):
    y = x
    ops = {"a": lambda v: v * y, "b": lambda v: v + y, "c": lambda v: v * y}
    y = x * x
    return ops["a"](x) * ops["b"](3.0) * ops["c"](1.0)


def twice(f):
    return lambda v: f(f(v))


@case(2.0)
def inside_another_function(x):
    y = x
    h = twice(lambda v: v * y)
    y = y * x
    return h(x)


@case(2.0)
def inside_a_partial(x):
    y = x
    f = functools.partial(lambda a, b, c=1.0: a * b * c * y, 2.0, c=x)
    y = x * x
    return f(x)


@case(2.0)
def default_taken_before(x):
    k = x
    f = lambda v, s=k: v * s * k
    k = x * x
    return f(1.0)


@case(2.0)
def deleted_and_bound_again(x):
    t = x
    f = lambda: t * x
    y = f()
    del t
    t = x * x
    return y + f()


@case([3.0, 1.0, 2.0])
def in_a_comprehension(xs):
    t = 1.0

    def times(v):
        nonlocal t
        t = t * v
        return t

    return sum([times(v) for v in xs])
