"""Prices, portfolios, economies: lattices, simulations, ledgers."""

import math
from collections import defaultdict

import numpy as np

from .registry import program


@program(100.0, 0.25)
def american_put_lattice(spot, sigma, strike=105.0, rate=0.03, steps=8):
    dt = 1.0 / steps
    u = math.exp(sigma * math.sqrt(dt))
    d = 1 / u
    p = (math.exp(rate * dt) - d) / (u - d)
    values = np.zeros(steps + 1)
    for j in range(steps + 1):
        values[j] = max(strike - spot * u**j * d ** (steps - j), 0.0)
    for i in range(steps - 1, -1, -1):
        for j in range(i + 1):
            hold = math.exp(-rate * dt) * (p * values[j + 1] + (1 - p) * values[j])
            values[j] = max(hold, strike - spot * u**j * d ** (i - j))
    return values[0]


@program(100.0, 0.2)
def monte_carlo_asian(spot, sigma):
    rng = np.random.default_rng(11)
    payoff = 0.0
    for _ in range(5):
        s, total = spot, 0.0
        for _ in range(6):
            s = s * math.exp(-0.5 * sigma**2 / 6 + sigma * math.sqrt(1 / 6) * rng.normal())
            total += s
        payoff += max(total / 6 - 95.0, 0.0)
    return payoff / 5


@program(1.0, 0.3)
def monte_carlo_paths(spot, sigma):
    rng = np.random.default_rng(3)
    z = rng.standard_normal((6, 4))
    paths = np.empty((7, 4))
    paths[0] = spot
    for t in range(1, 7):
        paths[t] = paths[t - 1] * np.exp(-0.5 * sigma**2 * 0.1 + sigma * math.sqrt(0.1) * z[t - 1])
    return np.mean(np.maximum(paths[-1] - 0.9, 0.0)) + paths.max(axis=0).sum()


@program(0.05, 100.0)
def ledger(rate, deposit):
    accounts = defaultdict(float)
    accounts["cash"] = 1000.0
    for month in range(6):
        accounts["savings"] += deposit
        accounts["cash"] -= deposit
        accounts["savings"] *= 1 + rate / 12
        if month % 2:
            accounts["fees"] += 0.01 * accounts["savings"]
    return accounts["savings"] - accounts["fees"] ** 2 + accounts["cash"] * rate


class Agent:
    def __init__(self, wealth, propensity):
        self.wealth = wealth
        self.propensity = propensity

    def trade_with(self, other, price):
        amount = self.propensity * self.wealth
        self.wealth -= amount
        other.wealth += amount * price


@program(0.1, 1.1)
def agent_economy(propensity, price):
    agents = [Agent(10.0 * (i + 1), propensity * (1 + 0.1 * i)) for i in range(3)]
    for _ in range(4):
        for i, a in enumerate(agents):
            a.trade_with(agents[(i + 1) % 3], price)
    mean = sum(a.wealth for a in agents) / 3
    return sum((a.wealth - mean) ** 2 for a in agents)


@program(0.95, 0.36)
def value_function_iteration(beta, alpha):
    grid = np.linspace(0.5, 2.0, 5)
    value = np.zeros(5)
    for _ in range(4):
        new = np.empty(5)
        for i, k in enumerate(grid):
            best = -1e10
            for j, kp in enumerate(grid):
                c = k**alpha * 3.0 - kp
                if c > 0:
                    best = max(best, math.log(c) + beta * value[j])
            new[i] = best
        value[:] = new
    return value.sum()


@program(0.4, 2.0)
def fifo_cost_basis(growth, price):
    """Lots in a queue: bought at the end, sold from the front, partly."""
    lots = []
    for k in range(5):
        lots.append([10.0, price * (1 + growth * k)])
    gain, to_sell, sale_price = 0.0, 27.0, price * 3
    while to_sell > 0:
        quantity, cost = lots[0]
        sold = min(quantity, to_sell)
        gain += sold * (sale_price - cost)
        to_sell -= sold
        if sold == quantity:
            lots.pop(0)
        else:
            lots[0][0] -= sold
    return gain + sum(q * c for q, c in lots)
