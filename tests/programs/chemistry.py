"""Reaction kinetics, equilibria, chromatography."""

import math

import numpy as np

from .registry import program


@program(1.2, 0.4)
def kinetics_in_a_dict(k1, k2):
    species = {"A": 1.0, "B": 0.0, "C": 0.2}
    reactions = [(k1, ["A"], ["B"]), (k2, ["B", "C"], ["A", "A"])]
    for _ in range(10):
        rates = {name: 0.0 for name in species}
        for k, left, right in reactions:
            rate = k
            for s in left:
                rate *= species[s]
            for s in left:
                rates[s] -= rate
            for s in right:
                rates[s] += rate
        for s, r in rates.items():
            species[s] += 0.05 * r
    return species["B"] * 3 + species["C"] ** 2


@program(np.array([1.0, 0.5, 0.0]), np.array([0.3, 0.7]))
def stoichiometric_rates(c, k):
    s = np.array([[-1.0, 0.0], [1.0, -2.0], [0.0, 1.0]])
    for _ in range(8):
        rates = np.zeros(2)
        rates[0] = k[0] * c[0]
        rates[1] = k[1] * c[1] ** 2
        c += 0.1 * s @ rates
    return c[2] * c[0]


@program(np.array([1.0, 0.0, 0.0, 0.0, 0.0]), 0.6)
def plug_flow_column(c, retention):
    """Upwind transport cell by cell, from the last to the first."""
    for _ in range(6):
        for i in range(len(c) - 1, 0, -1):
            c[i] += retention * (c[i - 1] - c[i])
        c[0] *= 1 - retention
    return np.dot(c, np.arange(5.0))


@program(1e-3, 0.1)
def buffer_ph(ka, concentration):
    h = 1e-4
    for _ in range(30):
        f = h * h + ka * h - ka * concentration
        h = h - f / (2 * h + ka)
    return -math.log10(h)


@program(300.0, 1.5)
def batch_reactor(temperature, heat):
    class Reactor:
        R = 8.314

        def __init__(self):
            self.conversion, self.temperature = 0.0, temperature
            self.history = {"T": [], "X": []}

        def advance(self, dt):
            k = 1e3 * math.exp(-2.5e4 / (self.R * self.temperature))
            rate = k * (1 - self.conversion)
            self.conversion += rate * dt
            self.temperature += heat * rate * dt * 10
            self.history["T"].append(self.temperature)
            self.history["X"].append(self.conversion)

    reactor = Reactor()
    for _ in range(8):
        reactor.advance(0.1)
    return reactor.history["T"][-1] / 100 + sum(reactor.history["X"])
