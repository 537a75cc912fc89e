"""GradBench's saddle: min over x of max over y of (x1² + y1²) - (x2² + y1²), an argmin that contains an argmax.

What is differentiated is the outer objective: it runs a gradient ascent of its own (nested derivatives).
"""

from __future__ import annotations

from case import Case

import pullback as pb


def f(x1, x2, y1, y2):
    return (x1 * x1 + y1 * y1) - (x2 * x2 + y2 * y2)


def best_reply(x1, x2, steps):
    y1, y2 = 1.0, 1.0
    for _ in range(steps):
        d1, d2 = pb.gradient(f, wrt=(2, 3))(x1, x2, y1, y2)
        y1, y2 = y1 - 0.1 * d1, y2 + 0.1 * d2
    return f(x1, x2, y1, y2)


def with_torch(x1, x2, steps):
    import torch

    torch.set_num_threads(1)

    def step():
        a, b, y1, y2 = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x1, x2, 1.0, 1.0))
        x = (a, b)
        for _ in range(steps):
            d1, d2 = torch.autograd.grad(f(a, b, y1, y2), (y1, y2), create_graph=True)
            y1, y2 = y1 - 0.1 * d1, y2 + 0.1 * d2
        return torch.autograd.grad(f(a, b, y1, y2), x)

    return step


def cases(quick=False):
    args = (0.7, -0.4, 3 if quick else 50)
    case = Case("reply", best_reply, args, wrt=(0, 1), peers={"torch": lambda: with_torch(*args)}, compiled=False)
    return [case]
