"""Likelihoods, moments, distributions, small estimators."""

import math

from .registry import case, later


@case([2.1, 3.4, 1.9, 4.2])
def mean(values):
    return sum(values) / len(values)


@case([2.1, 3.4, 1.9, 4.2])
def variance(values):
    m = sum(values) / len(values)
    total = 0
    for v in values:
        total += (v - m) ** 2
    return total / (len(values) - 1)


@case([2.1, 3.4, 1.9, 4.2])
def welford(values):
    """Mean and variance in one pass."""
    m = s = 0.0
    for n, x in enumerate(values, start=1):
        previous = m
        m += (x - m) / n
        s += (x - m) * (x - previous)
    return m, s / (len(values) - 1)


@case(0.3, 0.1, 1.4)
def normal_logpdf(x, mu, sigma):
    z = (x - mu) / sigma
    return -0.5 * z * z - math.log(sigma) - 0.5 * math.log(2 * math.pi)


@case(0.3, 1.4)
def normal_cdf(x, sigma):
    return 0.5 * (1 + math.erf(x / (sigma * math.sqrt(2))))


@case(2.5, 3.0, 1.5)
def gamma_logpdf(x, shape, rate):
    return shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * math.log(x) - rate * x


@case(2.0, 3.0)
def beta_function(a, b):
    return math.gamma(a) * math.gamma(b) / math.gamma(a + b)


@case(0.3)
def binomial_likelihood(p, n=10, k=4):
    return math.comb(n, k) * p**k * (1 - p) ** (n - k)


@case([0.2, 0.5, 0.3], [0.25, 0.25, 0.5])
def kl_divergence(p, q):
    total = 0.0
    for a, b in zip(p, q):
        if a > 0:
            total += a * math.log(a / b)
    return total


@case([1.2, 0.3, -0.8])
def logsumexp(xs):
    top = max(xs)
    total = 0.0
    for x in xs:
        total += math.exp(x - top)
    return top + math.log(total)


@case([1.0, 2.0, 3.0, 4.0], [1.1, 1.9, 3.2, 3.8])
def pearson(xs, ys):
    n = len(xs)
    mx, my = sum(xs) / n, sum(ys) / n
    sxy = sxx = syy = 0.0
    for x, y in zip(xs, ys):
        sxy += (x - mx) * (y - my)
        sxx += (x - mx) ** 2
        syy += (y - my) ** 2
    return sxy / math.sqrt(sxx * syy)


@case([0.5, 2.5, -1.7], 1.0)
def huber(residuals, delta):
    total = 0.0
    for r in residuals:
        if abs(r) <= delta:
            total += 0.5 * r * r
        else:
            total += delta * (abs(r) - 0.5 * delta)
    return total


@case(0.4, [0.5, 1.5, 0.7, 2.2])
def exponential_smoothing_error(alpha, series):
    """One-step-ahead squared error of simple exponential smoothing."""
    level, error = series[0], 0.0
    for x in series[1:]:
        error += (x - level) ** 2
        level = alpha * x + (1 - alpha) * level
    return error


@case([0.6, 0.4], [[0.7, 0.3], [0.2, 0.8]], [0.9, 0.2])
def hmm_likelihood(start, transition, emission, observed=(0, 1, 1, 0)):
    """The forward algorithm of a hidden Markov model with two states."""
    a, b = start
    for symbol in observed:
        pa = emission[0] if symbol == 0 else 1 - emission[0]
        pb = emission[1] if symbol == 0 else 1 - emission[1]
        a, b = a * pa, b * pb
        a, b = a * transition[0][0] + b * transition[1][0], a * transition[0][1] + b * transition[1][1]
    return math.log(a + b)


@case(1.3, 0.7)
def metropolis_ratio(x, proposal):
    """A log acceptance ratio, capped at zero by the branch."""
    ratio = -0.5 * proposal**2 + 0.5 * x**2 - 1.5
    if ratio >= 0.0:
        return x - x
    return ratio


@later("comprehension", [2.1, 3.4, 1.9, 4.2])
def stdev(values):
    m = sum(values) / len(values)
    return math.sqrt(sum([(v - m) ** 2 for v in values]) / (len(values) - 1))


@later("generator", [2.1, 3.4, 1.9, 4.2])
def geometric_mean(values):
    return math.exp(sum(math.log(v) for v in values) / len(values))


@later("sorted", [2.1, 3.4, 1.9, 4.2])
def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


@later("append", [2.1, 3.4, 1.9, 4.2], 0.5)
def cumulative(values, factor):
    result = []
    total = 0.0
    for v in values:
        total = factor * total + v
        result.append(total)
    return result
