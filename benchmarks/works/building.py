"""The building simulation of PassiveLogic's benchmark of differentiable Swift: with dataclasses, and with floats.

The gradient is with respect to every field of every struct.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from case import Case
from peers import njit

DT, PI, TARGET, SLAB_AFTER_20 = 0.1, 3.14159265359, 27.344767, 37.979742130094


@dataclass
class Tube:
    spacing: float = 0.50292
    diameter: float = 0.019
    thickness: float = 0.001588
    resistivity: float = 2.43


@dataclass
class Slab:
    area: float = 100.0
    Cp: float = 0.2
    density: float = 2242.58
    thickness: float = 0.101
    temperature: float = 33.3


@dataclass
class Quanta:
    temperature: float = 60.0
    flow: float = 0.0006309
    density: float = 1000.0
    Cp: float = 4180.0


@dataclass
class Tank:
    temperature: float = 70.0
    volume: float = 0.0757082
    Cp: float = 4180.0
    density: float = 1000.0


def tank_to_quanta(tank, quanta):
    power = (tank.temperature - quanta.temperature) * quanta.flow * quanta.density * quanta.Cp
    heated = quanta.temperature + power * DT / quanta.Cp / (quanta.flow * DT * quanta.density)
    cooled = tank.temperature + power * DT / tank.Cp / (tank.volume * tank.density)
    return (
        Tank(cooled, tank.volume, tank.Cp, tank.density),
        Quanta(heated, quanta.flow, quanta.density, quanta.Cp),
    )


def resistance(tube, slab):
    return 10.0 * tube.resistivity * tube.thickness / ((slab.area / tube.spacing) * PI * tube.diameter)


def quanta_to_slab(slab, quanta, r):
    power = (slab.temperature - quanta.temperature) / r
    left = quanta.temperature + power * DT / quanta.Cp / (quanta.flow * DT * quanta.density)
    reached = slab.temperature - power * DT / slab.Cp / (slab.area * slab.thickness * slab.density)
    return (
        Slab(slab.area, slab.Cp, slab.density, slab.thickness, reached),
        Quanta(left, quanta.flow, quanta.density, quanta.Cp),
    )


def simulated(tube, slab, quanta, tank, steps):
    for _ in range(steps):
        tank, quanta = tank_to_quanta(tank, quanta)
        slab, quanta = quanta_to_slab(slab, quanta, resistance(tube, slab))
    return slab.temperature


def loss(tube, slab, quanta, tank, steps):
    return abs(simulated(tube, slab, quanta, tank, steps) - TARGET)


def of_floats(
    spacing, diameter, tube_thickness, resistivity, area, Cp, density, thickness, t_slab,
    t, flow, water, c, t_tank, volume, c_tank, density_tank, steps,
):  # fmt: skip
    for _ in range(steps):
        power = (t_tank - t) * flow * water * c
        t_tank = t_tank + power * DT / c_tank / (volume * density_tank)
        t = t + power * DT / c / (flow * DT * water)
        r = 10.0 * resistivity * tube_thickness / ((area / spacing) * PI * diameter)
        power = (t_slab - t) / r
        t = t + power * DT / c / (flow * DT * water)
        t_slab = t_slab - power * DT / Cp / (area * thickness * density)
    return abs(t_slab - TARGET)


FLOATS = (
    0.50292, 0.019, 0.001588, 2.43, 100.0, 0.2, 2242.58, 0.101, 33.3, 60.0, 0.0006309, 1000.0, 4180.0, 70.0, 0.0757082,
    4180.0, 1000.0,
)  # fmt: skip


def with_jax(steps):
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    def scanned(p):
        (spacing, diameter, thin, rho, area, Cp, density, thick, t_slab, t, flow, water, c, t_tank, volume, ct, dt) = p

        def step(state, _):
            t_slab, t, t_tank = state
            power = (t_tank - t) * flow * water * c
            t_tank = t_tank + power * DT / ct / (volume * dt)
            t = t + power * DT / c / (flow * DT * water)
            r = 10.0 * rho * thin / ((area / spacing) * PI * diameter)
            power = (t_slab - t) / r
            t = t + power * DT / c / (flow * DT * water)
            return (t_slab - power * DT / Cp / (area * thick * density), t, t_tank), None

        (t_slab, _, _), _ = jax.lax.scan(step, (t_slab, t, t_tank), None, length=steps)
        return abs(t_slab - TARGET)

    g, p = jax.jit(jax.grad(scanned)), [jnp.float64(x) for x in FLOATS]
    return lambda: jax.block_until_ready(g(p))


def with_torch(steps):
    import torch

    torch.set_num_threads(1)
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in FLOATS]
    return lambda: torch.autograd.grad(of_floats(*leaves, steps), leaves)


def check():
    reached = simulated(Tube(), Slab(), Quanta(), Tank(), 20)
    assert abs(reached - SLAB_AFTER_20) < 1e-11, reached
    assert abs(of_floats(*FLOATS, 20) - abs(SLAB_AFTER_20 - TARGET)) < 1e-11


def cases(quick=False):
    found = []
    structs = (Tube(), Slab(), Quanta(), Tank())
    for steps in (20,) if quick else (20, 1000, 100_000):
        small = steps <= 1000
        peers = {"jax, scan": lambda steps=steps: with_jax(steps)}
        if small:
            peers["torch"] = lambda steps=steps: with_torch(steps)
        found.append(
            Case(
                f"dataclasses, {steps:,} steps", loss, (*structs, steps), wrt=(0, 1, 2, 3), peers=peers,
                auto="", size=steps, check=check,
            )
        )  # fmt: skip
        found.append(
            Case(
                f"floats, {steps:,} steps", of_floats, (*FLOATS, steps), wrt=tuple(range(17)), peers=peers, size=steps,
                auto="autograd" if steps == 20 else "", numba=njit(_by_hand, *FLOATS, steps),
            )
        )  # fmt: skip
    return found


def _by_hand(
    spacing, diameter, thin, rho, area, Cp, density, thick, t_slab, t, flow, water, c, t_tank, volume, ct, dt, steps
):
    """The reverse sweep by hand, for Numba: the state of each step is kept, all else is constant."""
    kept = np.empty((steps, 3))
    a = flow * water * c
    b = DT / ct / (volume * dt)
    k = DT / c / (flow * DT * water)
    r = 10.0 * rho * thin / ((area / spacing) * PI * diameter)
    m = DT / Cp / (area * thick * density)
    for i in range(steps):
        kept[i, 0], kept[i, 1], kept[i, 2] = t_slab, t, t_tank
        power = (t_tank - t) * a
        t_tank = t_tank + power * b
        t = t + power * k
        power = (t_slab - t) / r
        t = t + power * k
        t_slab = t_slab - power * m
    d_slab = 1.0 if t_slab > TARGET else -1.0
    d_t = d_tank = d_a = d_b = d_k = d_r = d_m = 0.0
    for i in range(steps - 1, -1, -1):
        t_slab, t, t_tank = kept[i, 0], kept[i, 1], kept[i, 2]
        first = (t_tank - t) * a
        between = t + first * k
        second = (t_slab - between) / r
        d_second = d_t * k - d_slab * m
        d_k += d_t * second
        d_m -= d_slab * second
        d_slab += d_second / r
        d_between = d_t - d_second / r
        d_r -= d_second * second / r
        d_first = d_between * k + d_tank * b
        d_k += d_between * first
        d_b += d_tank * first
        d_a += d_first * (t_tank - t)
        d_tank += d_first * a
        d_t = d_between - d_first * a
    whole = d_k * -k
    return (
        d_r * r / spacing, d_r * -r / diameter, d_r * r / thin, d_r * r / rho, d_r * -r / area + d_m * -m / area,
        d_m * -m / Cp, d_m * -m / density, d_m * -m / thick, d_slab, d_t, d_a * a / flow + whole / flow,
        d_a * a / water + whole / water, d_a * a / c + whole / c, d_tank, d_b * -b / volume, d_b * -b / ct,
        d_b * -b / dt,
    )  # fmt: skip
