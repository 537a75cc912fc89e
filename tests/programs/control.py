"""Controllers, circuits, signal processing: objects with memory, buffers, nodes in dicts."""

import math
from collections import deque

import numpy as np

from .registry import program


class PID:
    def __init__(self, kp, ki, kd):
        self.kp, self.ki, self.kd = kp, ki, kd
        self.integral = 0.0
        self.previous = None

    def __call__(self, error, dt):
        self.integral += error * dt
        derivative = 0.0 if self.previous is None else (error - self.previous) / dt
        self.previous = error
        return self.kp * error + self.ki * self.integral + self.kd * derivative


@program(2.0, 0.5, 0.1)
def pid_loop(kp, ki, kd):
    controller = PID(kp, ki, kd)
    x = v = cost = 0.0
    for _ in range(20):
        u = max(-3.0, min(3.0, controller(1.0 - x, 0.05)))
        v += (u - 0.5 * v) * 0.05
        x += v * 0.05
        cost += (1.0 - x) ** 2
    return cost


@program(np.array([[1.0, 0.1], [0.0, 1.0]]), 0.5)
def riccati_gains(a, r):
    b = np.array([[0.0], [0.1]])
    q = np.eye(2)
    p = np.eye(2)
    gains = np.zeros((5, 2))
    for k in range(5):
        s = r + (b.T @ p @ b)[0, 0]
        gains[k] = (b.T @ p @ a)[0] / s
        p[:] = q + a.T @ p @ a - np.outer(a.T @ p @ b, gains[k])
    return gains.sum() + np.trace(p)


@program(0.3, 1.2)
def moving_average_filter(gain, frequency):
    window = deque(maxlen=4)
    out = 0.0
    for k in range(12):
        window.append(gain * math.sin(frequency * k) + k * 0.1)
        out += (sum(window) / len(window)) ** 2
    return out


@program(1.0, 2.0, 0.5)
def circuit_nodes(r1, r2, c):
    """RC ladder; the nodes are a dict of voltages, the currents a dict of sums."""
    voltage = {"in": 1.0, "a": 0.0, "out": 0.0}
    edges = [("in", "a", r1), ("a", "out", r2)]
    for _ in range(10):
        current = dict.fromkeys(voltage, 0.0)
        for p, q, r in edges:
            i = (voltage[p] - voltage[q]) / r
            current[p] -= i
            current[q] += i
        for name in voltage:
            if name != "in":
                voltage[name] += 0.1 * current[name] / c
    return voltage["out"] + voltage["a"] ** 2


@program([0.2, 0.5, 0.3], 0.7)
def fir_with_ring_buffer(taps, amplitude):
    buffer = [0.0] * 3
    position = 0
    energy = 0.0
    for n in range(8):
        buffer[position] = amplitude * math.cos(0.7 * n)
        y = 0.0
        for k in range(3):
            y += taps[k] * buffer[(position - k) % 3]
        energy += y * y
        position = (position + 1) % 3
    return energy


@program(0.8, 0.2)
def biquad(a1, a2):
    y1 = y2 = 0.0
    total = 0.0
    for n in range(12):
        x = 1.0 if n == 0 else 0.0
        y1, y2 = x + a1 * y1 - a2 * y2, y1
        total += abs(y1) * 0.9**n
    return total


@program(0.6, 1.1)
def extended_kalman(q, r):
    x = np.array([0.5, 0.1])
    p = np.eye(2)
    loss = 0.0
    for z in (0.6, 0.8, 0.7, 1.1):
        f = np.array([[1.0, 0.1], [-0.1 * math.cos(x[0]), 1.0]])
        x = np.array([x[0] + 0.1 * x[1], x[1] - 0.1 * math.sin(x[0])])
        p = f @ p @ f.T
        p[0, 0] += q
        p[1, 1] += q
        innovation = z - x[0]
        s = p[0, 0] + r
        k = p[:, 0] / s
        x += k * innovation
        p -= np.outer(k, p[0])
        loss += innovation**2 / s + math.log(s)
    return loss


@program(0.5, 2.0)
def motor_with_inner_objects(resistance, inertia):
    class Coil:
        def __init__(self):
            self.current = 0.0

        def step(self, voltage, back, dt):
            self.current += (voltage - resistance * self.current - back) * dt

    class Motor:
        def __init__(self):
            self.coil = Coil()
            self.omega = 0.0

        def step(self, voltage, dt=0.05):
            self.coil.step(voltage, 0.3 * self.omega, dt)
            self.omega += self.coil.current * 0.8 / inertia * dt
            return self

    motor = Motor()
    for k in range(10):
        motor.step(1.0 + 0.1 * k).step(0.5)
    return motor.omega * motor.coil.current
