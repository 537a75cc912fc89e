"""Prices, rates, yields."""

import math

from .registry import case, later


def normal_cdf(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


@case(100.0, 95.0, 0.5, 0.03, 0.2)
def black_scholes_call(spot, strike, maturity, rate, volatility):
    """The price of a European call; its gradient is the Greeks."""
    sqrt_t = math.sqrt(maturity)
    d1 = (math.log(spot / strike) + (rate + volatility**2 / 2) * maturity) / (volatility * sqrt_t)
    d2 = d1 - volatility * sqrt_t
    return spot * normal_cdf(d1) - strike * math.exp(-rate * maturity) * normal_cdf(d2)


@case(0.07, [-1000.0, 300.0, 420.0, 680.0])
def net_present_value(rate, flows):
    total = 0.0
    for year, flow in enumerate(flows):
        total += flow / (1 + rate) ** year
    return total


@case([-1000.0, 300.0, 420.0, 680.0])
def internal_rate_of_return(flows):
    """Newton's method: the derivative goes through the iteration."""
    rate = 0.1
    for _ in range(20):
        value = slope = 0.0
        for year, flow in enumerate(flows):
            value += flow / (1 + rate) ** year
            slope -= year * flow / (1 + rate) ** (year + 1)
        step = value / slope
        rate -= step
        if abs(step) < 1e-14:
            break
    return rate


@case(100000.0, 0.04)
def mortgage_payment(principal, annual_rate, years=30):
    monthly = annual_rate / 12
    months = years * 12
    return principal * monthly / (1 - (1 + monthly) ** -months)


@case(100.0, 0.02, 0.25)
def american_put(spot, rate, volatility, strike=105.0, steps=3, maturity=1.0):
    """A small binomial tree, by recursion."""
    dt = maturity / steps
    up = math.exp(volatility * math.sqrt(dt))
    p = (math.exp(rate * dt) - 1 / up) / (up - 1 / up)
    discount = math.exp(-rate * dt)

    def node(price, n):
        exercise = strike - price
        if n == steps:
            return exercise if exercise > 0 else 0.0
        hold = discount * (p * node(price * up, n + 1) + (1 - p) * node(price / up, n + 1))
        return exercise if exercise > hold else hold

    return node(spot, 0)


@case(1000.0, 0.05)
def savings(deposit, rate, years=10, bonus=0.002):
    balance = 0.0
    for year in range(1, years + 1):
        balance = (balance + deposit) * (1 + rate)
        if year % 5 == 0:
            balance *= 1 + bonus * year
    return balance


@case(52000.0)
def income_tax(income):
    """Progressive brackets, as an early-return chain."""
    if income <= 10000:
        return 0.0 * income
    if income <= 40000:
        return 0.2 * (income - 10000)
    if income <= 100000:
        return 6000 + 0.35 * (income - 40000)
    return 27000 + 0.45 * (income - 100000)


@case({"a": 0.4, "b": 0.6}, {"a": 0.08, "b": 0.03}, {"a": 0.2, "b": 0.07})
def sharpe(weights, returns, risks, correlation=0.25):
    r = s = 0.0
    for name in weights:
        r += weights[name] * returns[name]
        s += (weights[name] * risks[name]) ** 2
    s += 2 * correlation * weights["a"] * risks["a"] * weights["b"] * risks["b"]
    return r / math.sqrt(s)


@case(0.05, 3.0)
def bond_duration(yield_, coupon, face=100.0, periods=6):
    price = weighted = 0.0
    for t in range(1, periods + 1):
        flow = coupon if t < periods else coupon + face
        present = flow * math.exp(-yield_ * t)
        price += present
        weighted += t * present
    return weighted / price


@case(0.03, 0.3, 0.05)
def vasicek(rate, speed, level, dt=1 / 12):
    """The expected short rate after a year, from fixed shocks."""
    shocks = [0.3, -1.1, 0.7, 0.2, -0.4]
    for shock in shocks:
        rate += speed * (level - rate) * dt + 0.01 * math.sqrt(dt) * shock
    return rate


@later("comprehension", 0.07, [300.0, 420.0, 680.0])
def npv_comprehension(rate, flows):
    return sum([flow / (1 + rate) ** (k + 1) for k, flow in enumerate(flows)])


@later("setitem", 100.0, 0.2)
def european_tree(spot, volatility, strike=100.0, steps=3):
    up = math.exp(volatility)
    values = [0.0] * (steps + 1)
    for k in range(steps + 1):
        values[k] = max(spot * up ** (2 * k - steps) - strike, 0.0)
    for n in range(steps, 0, -1):
        for k in range(n):
            values[k] = 0.5 * (values[k] + values[k + 1])
    return values[0]


@later("try", [1.0, -2.0, 3.0])
def log_returns(prices):
    total = 0.0
    for price in prices:
        try:
            total += math.log(price)
        except ValueError:
            total += price * 0.1
    return total
