"""Context managers that hold differentiated values; calls that change something inside conditions and the like."""

import contextlib

from .cases import case


class Scale:
    def __init__(self, k):
        self.k = k
        self.log = []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.log.append(self.k)
        return False

    def __call__(self, v):
        return self.k * v


@case(2.0)
def null_context(x):
    with contextlib.nullcontext((x, x * x)) as (a, b):
        return a * b


@case(2.0)
def made_in_place(x):
    with Scale(x * x) as s:
        y = s(x)
    return y + s.log[0]


@case(2.0)
def changed_inside(x):
    s = Scale(x * x)
    with s:
        s.k = s.k * x
        y = s(x)
    return y + s.log[0]


@case(2.0)
def left_by_return(x):
    def f(s):
        with s as t:
            if t.k > 1.0:
                return t(x) * x
            return 0.0

    s = Scale(x)
    return f(s) * s.log[0]


@case(2.0)
def left_by_continue(x):
    total = 0.0
    s = Scale(x)
    for i in range(3):
        with s as t:
            if i == 1:
                continue
            total += t(total + x)
    return total * sum(s.log)


@case(2.0)
def two_at_once(x):
    with Scale(x) as a, Scale(x * x) as b:
        y = a(x) * b(1.0)
    return y


class Swallows:
    def __init__(self, v):
        self.v = v

    def __enter__(self):
        return self.v

    def __exit__(self, kind, error, place):
        if kind is not None:
            self.v = self.v * 2.0
        return kind is ZeroDivisionError


@case(2.0)
def one_that_swallows(x):
    s = Swallows(x)
    y = x
    with s as v:
        y = y * v
        y = y / 0.0
    return y * s.v


class Restoring:
    def __init__(self, owner, name, value):
        self.owner, self.name, self.new = owner, name, value

    def __enter__(self):
        self.old = getattr(self.owner, self.name)
        setattr(self.owner, self.name, self.new)
        return self.owner

    def __exit__(self, *exception):
        setattr(self.owner, self.name, self.old)


class Settings:
    pass


@case(2.0)
def restored(x):
    settings = Settings()
    settings.factor = x * 3.0
    with Restoring(settings, "factor", x * x) as inside:
        y = inside.factor * x
    return y + settings.factor * x


class Log:
    def __init__(self):
        self.items = []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.total = sum(self.items)


@case(2.0)
def summed_at_the_end(x):
    with Log() as log:
        log.items.append(x)
        log.items.append(x * x)
    return log.total


@contextlib.contextmanager
def squared(k):
    yield k * k


@case(2.0)
def made_by_a_generator(x):
    with squared(x) as k:
        y = k * x
    return y


class Tally:
    def __init__(self):
        self.t = 0.0
        self.seen = []

    def add(self, v):
        self.t += v
        return self.t > 3.0

    def put(self, v):
        self.seen.append(v)
        return len(self.seen)


@case(2.0)
def call_under_not(x):
    a = Tally()
    if not a.add(x):
        a.t = a.t * 2.0
    y = x if not a.add(x * x) else 2.0 * x
    return a.t * y


@case(2.0)
def call_in_comparisons(x):
    a = Tally()
    if a.put(x) in (1, 2):
        a.t += x
    if 0 < a.put(x * x) < 5:
        a.t += x
    if 7 < a.put(x) < a.put(5.0):
        a.t += 100.0
    while not a.put(x) > 6:
        pass
    return a.t * sum(a.seen)


@case(2.0)
def call_in_assert(x):
    a = Tally()
    assert a.put(x) == 1
    assert not a.add(x), "too much"
    return a.t * sum(a.seen)


@case(2.0)
def call_in_text(x):
    a = Tally()
    print(f"{a.put(x)} of {a.add(x)!r:>10}")
    return a.t * sum(a.seen)


@case(2.0)
def call_in_any_and_all(x):
    a = Tally()
    if any(a.add(v) for v in [x, x * x, 3.0] if a.put(v) > 0):
        a.t *= x
    if all(not a.add(v) for v in [x, x * x, 3.0]):
        a.t *= 5.0
    return a.t * sum(a.seen)


@case(2.0)
def call_in_raise(x):
    a = Tally()
    try:
        raise ValueError(a.add(x))
    except ValueError:
        pass
    return a.t * x


@case([1.5, 0.5, 2.0])
def keys_and_maps_that_change_nothing(xs):
    class Scorer:
        def score(self, v):
            return -v

    q = Scorer()
    ordered = sorted(xs, key=lambda v: q.score(v))
    chosen = max(xs, key=q.score)
    mapped = list(map(q.score, xs))
    kept = list(filter(lambda v: q.score(v) < -1.0, xs))
    return ordered[0] * chosen * mapped[0] * len(kept)
