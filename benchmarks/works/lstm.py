"""ADBench's LSTM: a character model with small arrays and a long loop, in NumPy form and as plain loops."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from case import Case

import pullback as pb

DATA = Path(__file__).parents[1] / "data" / "lstm"
REFERENCE = (0.666665179558852, 0.0294391248909, 0.0900514687923)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def cell(weight, bias, hidden, state, x):
    """One cell, all of it element by element."""
    bits = hidden.shape[0]
    gates = np.concatenate((x, hidden, x, hidden)) * weight + bias
    forget = sigmoid(gates[0:bits])
    into = sigmoid(gates[bits : 2 * bits])
    out = sigmoid(gates[2 * bits : 3 * bits])
    change = np.tanh(gates[3 * bits :])
    state = state * forget + into * change
    return out * np.tanh(state), state


def predicted(main, extra, state, x):
    x = x * extra[0]
    new = []
    for i in range(0, len(state), 2):
        x, c = cell(main[i], main[i + 1], state[i], state[i + 1], x)
        new.append(x)
        new.append(c)
    return x * extra[1] + extra[2], new


def loss(main, extra, state, sequence):
    total = 0.0
    count = 0
    state = [state[i] for i in range(state.shape[0])]
    for t in range(sequence.shape[0] - 1):
        y, state = predicted(main, extra, state, sequence[t])
        gold = sequence[t + 1]
        total = total + np.sum(gold * (y - np.log(2.0 + np.sum(np.exp(y)))))
        count += gold.shape[0]
    return -total / count


def as_loops(main, extra, state, sequence):
    """The same, entry by entry."""
    bits = state.shape[1]
    layers = state.shape[0] // 2
    h = state.copy()
    x = np.zeros(bits)
    total = 0.0
    for t in range(sequence.shape[0] - 1):
        for b in range(bits):
            x[b] = sequence[t, b] * extra[0, b]
        for layer in range(layers):
            i = 2 * layer
            for b in range(bits):
                forget = 1.0 / (1.0 + math.exp(-(x[b] * main[i, b] + main[i + 1, b])))
                into = 1.0 / (1.0 + math.exp(-(h[i, b] * main[i, bits + b] + main[i + 1, bits + b])))
                out = 1.0 / (1.0 + math.exp(-(x[b] * main[i, 2 * bits + b] + main[i + 1, 2 * bits + b])))
                change = math.tanh(h[i, b] * main[i, 3 * bits + b] + main[i + 1, 3 * bits + b])
                h[i + 1, b] = h[i + 1, b] * forget + into * change
                h[i, b] = out * math.tanh(h[i + 1, b])
                x[b] = h[i, b]
        sum_of_exp = 2.0
        for b in range(bits):
            sum_of_exp += math.exp(x[b] * extra[1, b] + extra[2, b])
        log_sum = math.log(sum_of_exp)
        for b in range(bits):
            total += sequence[t + 1, b] * (x[b] * extra[1, b] + extra[2, b] - log_sum)
    return -total / ((sequence.shape[0] - 1) * bits)


def arguments(chars=None):
    lines = (DATA / "lstm_l2_c1024.txt").read_text().split("\n")
    layers = int(lines[0].split()[0])
    rows = [np.array(line.split(), float) for line in lines[1:] if line.strip()]
    main, rows = np.array(rows[: 2 * layers]), rows[2 * layers :]
    extra, rows = np.array(rows[:3]), rows[3:]
    state, rows = np.array(rows[: 2 * layers]), rows[2 * layers :]
    sequence = np.array(rows)
    return main, extra, state, sequence if chars is None else sequence[:chars]


def check():
    args = arguments()
    for f in (loss, as_loops):
        value, tangents = pb.value_with_gradient(f, wrt=(0, 1))(*args)
        seen = (value, *map(np.linalg.norm, tangents))
        assert np.allclose(seen, REFERENCE, rtol=1e-9), (f.__name__, seen)


def cases(quick=False):
    found = []
    for chars in (8,) if quick else (64, 1024):
        args = arguments(chars)
        case = Case(
            f"{chars:,} characters, NumPy", loss, args, wrt=(0, 1), auto="torch autograd", compiled=False, size=chars,
            seconds=6.0, check=check if chars == 1024 else None,
        )  # fmt: skip

        def torch(case=case):
            from peers import torch_gradient

            return torch_gradient(case)

        found += [case, Case(
            f"{chars:,} characters, loops", as_loops, args, wrt=(0, 1), peers={"torch": torch}, size=chars,
            interpreted=chars <= 64,
        )]  # fmt: skip
    return found
