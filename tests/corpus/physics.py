"""Mechanics, thermodynamics, optics, electricity: formulas and small simulations."""

import math
from dataclasses import dataclass

from .registry import case

G = 9.81
BOLTZMANN = 1.380649e-23


@case(45.0, 0.9)
def projectile_range(speed, angle):
    """Range of a projectile over flat ground."""
    return speed**2 * math.sin(2 * angle) / G


@case(1.2, 0.35)
def pendulum_period(length, amplitude):
    """Period with the first two corrections for large swings."""
    t0 = 2 * math.pi * math.sqrt(length / G)
    return t0 * (1 + amplitude**2 / 16 + 11 * amplitude**4 / 3072)


@case(0.4, 0.0, 0.5, 0.1)
def damped_pendulum(angle, velocity, length, damping, dt=0.01, steps=100):
    """Angle after a second of semi-implicit Euler steps."""
    for _ in range(steps):
        acceleration = -G / length * math.sin(angle) - damping * velocity
        velocity += acceleration * dt
        angle += velocity * dt
    return angle


@case(1.0, 0.0, 0.0, 1.1)
def orbit_energy(x, y, vx, vy):
    """Energy after leapfrog steps around a unit mass: nearly the one at the start."""
    dt = 0.02
    for _ in range(50):
        r3 = (x * x + y * y) ** 1.5
        vx, vy = vx - 0.5 * dt * x / r3, vy - 0.5 * dt * y / r3
        x, y = x + dt * vx, y + dt * vy
        r3 = (x * x + y * y) ** 1.5
        vx, vy = vx - 0.5 * dt * x / r3, vy - 0.5 * dt * y / r3
    kinetic = 0.5 * (vx**2 + vy**2)
    return kinetic - 1.0 / math.hypot(x, y)


@case(3.7, 1.0)
def lennard_jones(r, epsilon, sigma=3.4):
    """The Lennard-Jones potential."""
    s6 = (sigma / r) ** 6
    return 4 * epsilon * (s6 * s6 - s6)


@case(300.0, 1.0e-3)
def van_der_waals(temperature, volume, n=0.04, a=0.1382, b=3.19e-5):
    """Pressure of a real gas, in Pa."""
    R = 8.314462618
    return n * R * temperature / (volume - n * b) - a * n**2 / volume**2


@case(0.6, 1.0, 1.5)
def snell(theta, n1, n2):
    """The angle of refraction; total reflection gives the angle of incidence."""
    s = n1 / n2 * math.sin(theta)
    if abs(s) >= 1:
        return theta
    return math.asin(s)


@case(1.2, 1.5, 1.0)
def snell_reflected(theta, n1, n2):
    """The same beyond the critical angle: the other branch."""
    s = n1 / n2 * math.sin(theta)
    if abs(s) >= 1:
        return theta * 1.0
    return math.asin(s)


@case(0.8, 300.0)
def fermi(energy, temperature, level=0.75):
    """Occupation of a state; energies in eV."""
    kt = BOLTZMANN * temperature / 1.602176634e-19
    x = (energy - level) / kt
    if x > 40:
        return math.exp(-x)
    return 1 / (math.exp(x) + 1)


@case(5e-7, 5800.0)
def planck(wavelength, temperature):
    """Spectral radiance of a black body."""
    h, c = 6.62607015e-34, 299792458.0
    exponent = h * c / (wavelength * BOLTZMANN * temperature)
    return 2 * h * c**2 / wavelength**5 / (math.exp(exponent) - 1)


@case(0.8, 2.0)
def lorentz_boost(beta, t, x=1.0):
    """Interval before minus after a boost: zero, whatever the speed."""
    gamma = 1 / math.sqrt(1 - beta**2)
    t2, x2 = gamma * (t - beta * x), gamma * (x - beta * t)
    return (t2, x2)


@dataclass(frozen=True)
class Body:
    mass: float
    x: float
    v: float

    @property
    def momentum(self):
        return self.mass * self.v

    def kinetic(self):
        return 0.5 * self.mass * self.v**2


@case(Body(2.0, 0.0, 1.5), Body(0.5, 1.0, -1.0), 0.8)
def collision_loss(a, b, restitution):
    """Kinetic energy lost when two bodies collide on a line."""
    total = a.mass + b.mass
    p = a.momentum + b.momentum
    dv = restitution * (b.v - a.v)
    after_a = Body(a.mass, a.x, (p + b.mass * dv) / total)
    after_b = Body(b.mass, b.x, (p - a.mass * dv) / total)
    return a.kinetic() + b.kinetic() - after_a.kinetic() - after_b.kinetic()


@case([100.0, 220.0, 47.0], 12.0)
def parallel_current(resistances, voltage):
    """The current through resistors in parallel."""
    conductance = 0.0
    for r in resistances:
        conductance += 1 / r
    return voltage * conductance


@case(2.0, 10.0, 3e-3)
def rlc_impedance(resistance, inductance, capacitance, frequency=5.0):
    """Magnitude of the impedance of a series circuit."""
    w = 2 * math.pi * frequency
    reactance = w * inductance - 1 / (w * capacitance)
    return math.sqrt(resistance**2 + reactance**2)


@case(20.0, 100.0, 0.3)
def cooling(ambient, start, rate):
    """Temperature after Newtonian cooling with a heater that switches off on its own."""
    temperature = start
    minutes = 0
    while minutes < 20:
        heating = 2.0 if temperature < 40 else 0.0
        temperature = temperature + rate * (ambient - temperature) * 0.5 + heating
        minutes += 1
        if temperature < ambient + 1:
            break
    return temperature


@case(0.5, 1.2, 0.8)
def double_well_crossings(x, v, barrier):
    """A particle in a double well; leaves as soon as it has crossed the middle twice."""
    crossings = 0
    for step in range(300):
        previous = x
        v += 0.02 * (4 * barrier * x * (1 - x * x))
        x += 0.02 * v
        if previous * x < 0:
            crossings += 1
        if crossings == 2:
            return x + v * step * 0.001
    else:
        return x
