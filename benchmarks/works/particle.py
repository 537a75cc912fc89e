"""GradBench's particle: the derivative of a trajectory whose force is itself a gradient (nested derivatives).

A charge moves in the potential of two others, one of them placed by the control w; Euler's method to the x axis,
linear interpolation to the crossing; the square of where it crosses is differentiated by w.
"""

from __future__ import annotations

import math

from case import Case

import pullback as pb


def potential(x, y, w):
    return 1.0 / math.hypot(x - 10.0, y - (10.0 - w)) + 1.0 / math.hypot(x - 10.0, y)


def crossing(w, dt):
    x, y, vx, vy = 0.0, 8.0, 0.75, 0.0
    while True:
        d_x, d_y = pb.gradient(potential, wrt=(0, 1))(x, y, w)
        x_new, y_new = x + dt * vx, y + dt * vy
        if y_new <= 0.0:
            part = -y / vy
            end = x + part * vx
            return end * end
        vx, vy = vx - dt * d_x, vy - dt * d_y
        x, y = x_new, y_new


def with_torch(w, dt):
    import torch

    torch.set_num_threads(1)

    def of_tensors(x, y, w):
        return 1.0 / torch.hypot(x - 10.0, y - (10.0 - w)) + 1.0 / torch.hypot(x - 10.0, y)

    def step():
        control = torch.tensor(w, dtype=torch.float64, requires_grad=True)
        x, y, vx, vy = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.0, 8.0, 0.75, 0.0))
        while True:
            d_x, d_y = torch.autograd.grad(of_tensors(x, y, control), (x, y), create_graph=True)
            x_new, y_new = x + dt * vx, y + dt * vy
            if y_new <= 0.0:
                end = x - y / vy * vx
                return torch.autograd.grad(end * end, control)
            vx, vy = vx - dt * d_x, vy - dt * d_y
            x, y = x_new, y_new

    return step


def cases(quick=False):
    args = (0.3, 1.0 if quick else 0.1)
    return [Case("trajectory", crossing, args, wrt=(0,), peers={"torch": lambda: with_torch(*args)}, compiled=False)]
