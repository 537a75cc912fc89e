"""`iter`, `next`, `zip`, `map` and the functions of itertools."""

import itertools
import math
import operator

from .cases import case


@case([1.0, 2.0], [3.0, 4.0])
def zip_for(a, b):
    t = 0.0
    for p, q in zip(a, b):
        t += p * q
    return t


@case([1.0, 2.0], [3.0, 4.0])
def zip_star(a, b):
    pairs = list(zip(a, b))
    p, q = zip(*pairs)
    return p[0] * q[1]


@case([1.0, 2.0], [3.0, 4.0])
def zip_strict(a, b):
    return sum(p * q for p, q in zip(a, b, strict=True))


@case([1.0, 2.0, 4.0])
def enum_start(a):
    return sum(i * v for i, v in enumerate(a, start=1))


@case([1.0, 2.0, 4.0])
def reversed_for(a):
    t = 0.0
    for v in reversed(a):
        t = t * 0.5 + v
    return t


@case([1.0, 2.0, 4.0])
def map_lambda(a):
    return sum(map(lambda v: v * v, a))


@case([1.0, 2.0, 4.0])
def map_two(a):
    return sum(map(operator.mul, a, a[1:]))


@case([1.0, 2.0, 4.0])
def map_math(a):
    return sum(map(math.sin, a))


@case([1.0, 2.0, 4.0], 2.0)
def map_capture(a, k):
    return list(map(lambda v: v * k, a))[1]


@case([1.0, 2.0, 4.0])
def filter_lambda(a):
    return sum(filter(lambda v: v > 1.5, a))


@case([1.0, 2.0, 4.0])
def accumulate(a):
    return sum(itertools.accumulate(a))


@case([1.0, 2.0, 4.0])
def accumulate_mul(a):
    return list(itertools.accumulate(a, operator.mul))[2]


@case([1.0, 2.0, 4.0])
def accumulate_init(a):
    return sum(v * v for v in itertools.accumulate(a, lambda p, q: p * q, initial=0.5))


@case([1.0, 2.0], [3.0])
def chain(a, b):
    return sum(v * v for v in itertools.chain(a, b))


@case([[1.0, 2.0], [3.0]])
def chain_iter(a):
    return sum(v * v for v in itertools.chain.from_iterable(a))


@case([1.0, 2.0], [3.0, 5.0])
def product(a, b):
    return sum(p * q for p, q in itertools.product(a, b))


@case([1.0, 2.0])
def product_repeat(a):
    return sum(p * q * q for p, q in itertools.product(a, repeat=2))


@case(1.3)
def repeat(x):
    return sum(v * i for i, v in enumerate(itertools.repeat(x, 3)))


@case(1.3)
def repeat_zip(x):
    return sum(v * i for i, v in zip(range(4), itertools.repeat(x)))


@case([1.0, 2.0, 3.0, 4.0])
def islice(a):
    return sum(itertools.islice(a, 1, 3))


@case([1.0, 2.0, 3.0, 4.0])
def pairwise(a):
    return sum((q - p) ** 2 for p, q in itertools.pairwise(a))


@case([1.0, 2.0, 3.0, 4.0])
def combinations(a):
    return sum(p * q for p, q in itertools.combinations(a, 2))


@case([1.0, 2.0, 3.0])
def permutations(a):
    return sum(p * q * q for p, q in itertools.permutations(a, 2))


@case([(1.0, 2.0), (3.0, 4.0)])
def starmap(a):
    return sum(itertools.starmap(lambda p, q: p * q, a))


@case([1.0, 2.0, 3.0, 1.0])
def takewhile(a):
    return sum(itertools.takewhile(lambda v: v < 2.5, a))


@case([1.0, 2.0, 3.0, 1.0])
def dropwhile(a):
    return sum(v * v for v in itertools.dropwhile(lambda v: v < 2.5, a))


@case([1.0, 2.0, 3.0, 1.0])
def count_zip(a):
    return sum(i * v for i, v in zip(itertools.count(1), a))


@case([("a", 1.0), ("a", 2.0), ("b", 3.0)])
def groupby(a):
    t = 0.0
    for k, g in itertools.groupby(a, key=lambda p: p[0]):
        s = sum(v for _, v in g)
        t += s * s
    return t


@case([1.0, 2.0, 3.0])
def zip_longest(a):
    return sum(p * q for p, q in itertools.zip_longest(a, [2.0], fillvalue=1.0))


@case([1.0, 2.0, 3.0])
def cycle_zip(a):
    return sum(p * q for p, q in zip(a, itertools.cycle([1.0, -1.0])))


@case([1.0, 2.0, 3.0])
def cycle_active(a):
    return sum(p * i for i, p in zip(range(5), itertools.cycle(a)))


@case([1.0, 2.0, 3.0])
def compress(a):
    return sum(itertools.compress(a, [1, 0, 1]))


@case([1.0, 2.0, 3.0])
def tee(a):
    p, q = itertools.tee(a)
    next(q)
    return sum(u * v for u, v in zip(p, q))


@case([1.0, 2.0, 3.0])
def iter_next(a):
    it = iter(a)
    first = next(it)
    return first * sum(it)


@case([[1.0, 2.0], [3.0, 4.0]])
def zip_transpose(m):
    return sum(math.prod(c) for c in zip(*m))


@case([1.0, 2.0, -1.0])
def lazy_map_break(xs):
    t = 0.0
    for v in map(math.sqrt, xs):
        t += v
        if v > 1.1:
            break
    return t


@case([1.0, 2.0])
def consumed_once(xs):
    m = map(lambda v: v * v, xs)
    return sum(m) + sum(m) + xs[0]


@case([1.0, 2.0, 3.0])
def zip_next(xs):
    z = zip(xs, xs[1:])
    a, b = next(z)
    c, d = next(z)
    return a * b + c * d


@case([1.0, 2.0, 3.0, 4.0])
def iter_pairs(xs):
    it = iter(xs)
    return sum(a * b for a, b in zip(it, it))


@case([1.0, 2.0, 3.0, 4.0])
def iter_resume(xs):
    it = iter(xs)
    t = next(it) * 3.0
    for v in it:
        if v > 2.5:
            break
        t += v * v
    for v in it:
        t *= v
    return t


@case([1.0, 2.0, 3.0])
def filter_gen(xs):
    return list(filter(lambda v: v > 2, (v * v for v in xs)))[0]


@case([[1.0, 2.0], [3.0]])
def map_sum(m):
    return max(map(math.prod, m))


@case([3.0, 1.0, 2.0])
def takewhile_count(xs):
    return sum(itertools.takewhile(lambda v: v < 20, (xs[0] * k * k for k in itertools.count(1))))


@case([1.0, 2.0, 3.0])
def tee_pair(xs):
    a, b = itertools.tee(v * v for v in xs)
    next(b)
    return sum(p * q for p, q in zip(a, b))


@case([1.0, 2.0, 3.0, 4.0, 5.0])
def groupby_sum(xs):
    t = 0.0
    for k, grp in itertools.groupby(enumerate(xs), key=lambda p: p[0] // 2):
        t += k * sum(v for _, v in grp) ** 2
    return t
