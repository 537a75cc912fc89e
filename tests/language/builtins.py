"""Built-in functions and modules over values and containers."""

import collections
import math
import operator
import random
import statistics

from .cases import case


@case([1.0, -2.0, 4.0])
def sorted_key(a):
    return sorted(a, key=abs)[1] * a[0]


@case([1.0, -2.0, 4.0])
def sorted_rev(a):
    s = sorted(a, reverse=True)
    return s[0] * s[1]


@case([(1.0, 2.0), (0.5, 3.0)])
def sorted_tuples(ps):
    s = sorted(ps, key=lambda p: p[0])
    return s[0][1] * s[1][0]


@case([(1.0, 2.0), (0.5, 3.0)])
def min_key(ps):
    p = min(ps, key=lambda p: p[0] * p[1])
    return p[0] * p[0] * p[1]


@case([1.0, 2.0, 4.0])
def max_default(a):
    return max([v for v in a if v > 10], default=a[0])


@case(1.0, 2.0)
def min_max_args(a, b):
    return max(a, b) * min(a, b, 3.0)


@case([1.0, 2.0, 4.0])
def any_all(a):
    if all(v > 0 for v in a) and any(v > 3 for v in a):
        return a[0] * a[2]
    return a[1]


@case([1.0, 2.0, 4.0])
def math_prod(a):
    return math.prod(a) + math.fsum(a) * math.hypot(*a) + math.dist(a, [0.0, 0.0, 1.0])


@case([1.0, 2.0, 4.0], [2.0, 3.0, 1.0])
def sumprod(a, b):
    return sum(map(operator.mul, a, b))


@case([1.0, 2.0, 4.0])
def stat_mean(a):
    return statistics.mean(a) * statistics.fmean(a)


@case([1.0, 2.0, 4.0])
def stat_std(a):
    return statistics.stdev(a) + statistics.variance(a) + statistics.pstdev(a) + statistics.pvariance(a)


@case([1.0, 5.0, 4.0])
def stat_median(a):
    return statistics.median(a) ** 2


@case(1.3)
def rand(x):
    rng = random.Random(3)
    return sum(x * rng.random() for _ in range(5)) + rng.gauss(0, 1) * x


@case(1.3)
def rand_uniform(x):
    rng = random.Random(3)
    return rng.uniform(0.0, x)


@case("abca", 1.5)
def counter(s, x):
    c = collections.Counter(s)
    return sum(n * x for k, n in c.items()) + c["a"] * x


@case(1.5)
def defaultd(x):
    c = collections.defaultdict(int)
    for ch in "hello":
        c[ch] += 1
    return x * c["l"]


@case([1.0, 2.0, 3.0])
def len_idx(a):
    t = 0.0
    for i in range(len(a) - 1):
        t += a[i] * a[i + 1]
    return t / len(a)


@case([1.0, 2.0, 3.0])
def slices(a):
    return sum(a[1:]) * a[-1] + a[::2][1]


@case({"a": 1.0, "b": 2.0})
def dict_methods(d):
    t = 0.0
    for k in d:
        t += d[k] * len(k)
    for k, v in d.items():
        t += v * v
    for v in d.values():
        t *= v
    return t + d.get("a", 0.0) + d.get("z", 3.0) + sum(d[k] for k in sorted(d))


@case({"a": [1.0, 2.0], "b": [3.0]})
def dict_of_lists(d):
    return sum(sum(v * v for v in vs) for vs in d.values())


@case([{"w": 1.0, "n": "x"}, {"w": 2.0, "n": "y"}])
def list_of_dicts(l):
    return sum(d["w"] ** 2 for d in l if d["n"] != "z")


@case(1.7)
def num_builtins(x):
    return abs(-x) + pow(x, 2) + float(x) + complex(x, 1).real + divmod(x, 1.0)[1] + x % 1.0 + x.real


@case(1.7)
def round_mixed(x):
    return x * round(x) + round(x, 1) * x + x // 1 * x


@case(1.7)
def isclose(x):
    if math.isclose(x * x, 2.89, rel_tol=1e-1):
        return x * x
    return x


@case(1.7)
def tuple_compare(x):
    a, b = (x, 1.0), (1.0, x)
    return x * x if a > b else x


@case(1.7)
def string_fmt(x):
    print("%.3f" % x, "{:.2f}".format(x), f"{x!r}", str(x), repr(x))
    return x * x


@case(1.7)
def float_methods(x):
    return x * x if not x.is_integer() else x


@case([3.0, 1.0, 2.0])
def bubble(a):
    a = list(a)
    return sorted(a)[0] * a[0]


@case(1.7)
def complex_ops(x):
    z = complex(x, 2.0)
    w = z * z.conjugate() + abs(z)
    return w.real + z.imag


@case(1.7)
def type_check(x):
    if type(x) is float and x.__class__ is float:
        return x * x
    return x


@case("1.5", 2.0)
def parse_const(s, x):
    return float(s) * x


@case([1.0, 5.0, 4.0, 2.5])
def stats(a):
    return (
        statistics.median(a) ** 2
        + statistics.geometric_mean(a) * statistics.harmonic_mean(a)
        + statistics.median_low(a)
    )


@case(1.5, 2.0)
def gauss(m, s):
    rng = random.Random(4)
    return rng.gauss(m, s) * rng.normalvariate(m, s) + rng.expovariate(s)


@case(1.5)
def flag_value(x):
    big = x > 1.0
    small = x * x < 2.0
    return x * (1.0 if big and not small else 0.0) + x * big
