"""Mechanics, waves, heat, spins: simulations that update their state in place."""

import math
from dataclasses import dataclass

import numpy as np

from .registry import program

G = 9.81


@program(
    np.array([[0.0, 0.0], [1.0, 0.2], [-0.3, 0.9]]),
    np.array([[0.1, 0.0], [0.0, 0.3], [-0.2, 0.1]]),
)
def n_body_leapfrog(pos, vel, dt=0.02, steps=8):
    """`pos += vel*dt` on the arguments themselves, as every tutorial has it."""
    mass = np.array([1.0, 0.5, 0.3])

    def accelerations():
        acc = np.zeros_like(pos)
        for i in range(3):
            for j in range(3):
                if i != j:
                    d = pos[j] - pos[i]
                    acc[i] += mass[j] * d / (d @ d + 0.05) ** 1.5
        return acc

    vel += 0.5 * dt * accelerations()
    for _ in range(steps):
        pos += vel * dt
        vel += accelerations() * dt
    return np.sum(mass[:, None] * vel**2) + pos[0, 0]


class Particle:
    def __init__(self, x, y, vx, vy, mass=1.0):
        self.x, self.y, self.vx, self.vy = x, y, vx, vy
        self.mass = mass
        self.trail = []

    def kick(self, fx, fy, dt):
        self.vx += fx / self.mass * dt
        self.vy += fy / self.mass * dt

    def drift(self, dt):
        self.trail.append((self.x, self.y))
        self.x += self.vx * dt
        self.y += self.vy * dt

    @property
    def energy(self):
        return 0.5 * self.mass * (self.vx**2 + self.vy**2) + self.mass * G * self.y


@program(10.0, 0.8, 0.05)
def projectile_with_drag(speed, angle, drag):
    ball = Particle(0.0, 1.0, speed * math.cos(angle), speed * math.sin(angle), mass=0.5)
    dt = 0.02
    while ball.y > 0.0 and len(ball.trail) < 40:
        v = math.hypot(ball.vx, ball.vy)
        ball.kick(-drag * v * ball.vx, -drag * v * ball.vy - ball.mass * G, dt)
        ball.drift(dt)
    return ball.x + 0.1 * ball.energy + ball.trail[5][1]


@program(np.sin(np.linspace(0, 3, 12)), 0.3)
def heat_equation_in_place(u, alpha):
    """The update on a slice of the grid; the right-hand side reads the old values."""
    for _ in range(5):
        u[1:-1] += alpha * (u[2:] - 2 * u[1:-1] + u[:-2])
        u[0] = u[1]
        u[-1] = 0.0
    return (u**2).sum()


@program(np.sin(np.linspace(0, 3, 10)), 0.4)
def wave_with_swapped_buffers(u0, c):
    """Three buffers whose names are rotated in every step."""
    n = len(u0)
    previous, current, new = u0.copy(), u0.copy(), np.zeros(n)
    for _ in range(6):
        for i in range(1, n - 1):
            new[i] = 2 * current[i] - previous[i] + c**2 * (current[i + 1] - 2 * current[i] + current[i - 1])
        previous, current, new = current, new, previous
    return float(np.sum(current * np.arange(n)))


@program(np.linspace(0.1, 1.0, 25).reshape(5, 5), 1.5)
def poisson_gauss_seidel(rho, omega):
    """Successive over-relaxation: each cell reads cells that were just written."""
    phi = np.zeros((5, 5))
    for _ in range(4):
        for i in range(1, 4):
            for j in range(1, 4):
                new = 0.25 * (phi[i - 1, j] + phi[i + 1, j] + phi[i, j - 1] + phi[i, j + 1] + rho[i, j])
                phi[i, j] = (1 - omega) * phi[i, j] + omega * new
    return np.sum(phi**2)


@program(0.9, 0.1, 0.7)
def double_pendulum_rk4(a, b, length):
    """RK4 on a list of four floats, with `state[i] += ...`."""

    def rates(state):
        t1, t2, w1, w2 = state
        delta = t1 - t2
        den = 3 - math.cos(2 * delta)
        d = [0.0] * 4
        d[0] = w1
        d[1] = w2
        s, c = 2 * math.sin(delta), math.cos(delta)
        d[2] = -3 * G * math.sin(t1) - G * math.sin(t1 - 2 * t2) - s * (w2**2 + w1**2 * c) * length
        d[3] = s * (2 * w1**2 * length + 2 * G * math.cos(t1) + w2**2 * length * c)
        d[2] /= length * den
        d[3] /= length * den
        return d

    state = [a, b, 0.0, 0.0]
    h = 0.02
    for _ in range(10):
        k1 = rates(state)
        k2 = rates([s + h / 2 * k for s, k in zip(state, k1)])
        k3 = rates([s + h / 2 * k for s, k in zip(state, k2)])
        k4 = rates([s + h * k for s, k in zip(state, k3)])
        for i in range(4):
            state[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i])
    return math.sin(state[0]) + state[3]


@dataclass
class Spring:
    x: float
    v: float
    k: float

    def step(self, dt):
        a = -self.k * self.x - 0.1 * self.v
        self.v += a * dt
        self.x += self.v * dt
        return self.x


@program(Spring(1.0, 0.0, 4.0))
def spring_passed_in(spring):
    """The caller's dataclass is updated; its fields are the differentiated numbers."""
    return sum(spring.step(0.05) ** 2 for _ in range(15))


@program(1.0, 0.2, 4.0)
def spring_chain(x, v, k):
    """A list of objects, each of which pulls its neighbours."""
    springs = [Spring(x * (i + 1), v, k) for i in range(4)]
    for _ in range(6):
        forces = [0.0] * len(springs)
        for i in range(len(springs) - 1):
            f = 2.0 * (springs[i + 1].x - springs[i].x)
            forces[i] += f
            forces[i + 1] -= f
        for spring, f in zip(springs, forces):
            spring.v += f * 0.05
            spring.step(0.05)
    return sum(s.x * s.v for s in springs)


@program(np.cos(np.linspace(0, 2, 8)), 0.7)
def shallow_water_1d(h, g):
    """Lax-Friedrichs with the fluxes in preallocated arrays and `out=`."""
    n = h.size
    h = 1.0 + 0.1 * h
    hu = np.zeros(n)
    flux = np.empty((2, n))
    lam = 0.1
    for _ in range(4):
        flux[0] = hu
        np.divide(hu**2, h, out=flux[1])
        flux[1] += 0.5 * g * h**2
        h_new, hu_new = h.copy(), hu.copy()
        h_new[1:-1] = 0.5 * (h[2:] + h[:-2]) - 0.5 * lam * (flux[0, 2:] - flux[0, :-2])
        hu_new[1:-1] = 0.5 * (hu[2:] + hu[:-2]) - 0.5 * lam * (flux[1, 2:] - flux[1, :-2])
        h, hu = h_new, hu_new
    return np.sum(h * hu) + h[3]


@program(np.array([1.0, 0.0, 0.0, 0.9]), 1.0)
def kepler_orbit(state, mu):
    """RK4 that builds a new array in every stage."""

    def f(s):
        r3 = (s[0] ** 2 + s[1] ** 2) ** 1.5
        return np.array([s[2], s[3], -mu * s[0] / r3, -mu * s[1] / r3])

    h = 0.05
    for _ in range(10):
        k1 = f(state)
        k2 = f(state + h / 2 * k1)
        k3 = f(state + h / 2 * k2)
        k4 = f(state + h * k3)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state[0] * state[3] - state[1] * state[2] + state[0]


@program(0.3, 2.0)
def radioactive_chain(l1, l2):
    """Histories in lists, the last item read as the state."""
    a, b, c = [1.0], [0.0], [0.0]
    dt = 0.1
    for _ in range(12):
        da = l1 * a[-1] * dt
        db = l2 * b[-1] * dt
        a.append(a[-1] - da)
        b.append(b[-1] + da - db)
        c.append(c[-1] + db)
    return max(b) + c[-1] ** 2 + sum(a)


@program(np.array([0.2, -0.4, 0.9, 0.1, 0.5, -0.7]), 0.8)
def xy_model_sweep(theta, coupling):
    """Relaxation of angles, one after the other, with periodic neighbours by negative index."""
    n = len(theta)
    for _ in range(3):
        for i in range(n):
            left, right = theta[i - 1], theta[(i + 1) % n]
            theta[i] = theta[i] - coupling * 0.1 * (math.sin(theta[i] - left) + math.sin(theta[i] - right))
    energy = 0.0
    for i in range(n):
        energy -= math.cos(theta[i] - theta[i - 1])
    return energy


@program(np.linspace(0.5, 1.5, 6), np.linspace(0.0, 0.5, 6))
def molecular_dynamics(x, v):
    """Velocity Verlet in a Lennard-Jones chain, forces accumulated pairwise into one reused array."""
    x = np.cumsum(x)
    forces = np.zeros(6)

    def compute_forces():
        forces.fill(0.0)
        potential = 0.0
        for i in range(6):
            for j in range(i + 1, 6):
                r = x[j] - x[i]
                s6 = 1.0 / r**6
                potential += 4 * (s6 * s6 - s6)
                f = 24 * (2 * s6 * s6 - s6) / r
                forces[i] -= f
                forces[j] += f
        return potential

    compute_forces()
    dt = 0.001
    for _ in range(4):
        v += 0.5 * dt * forces
        x += dt * v
        energy = compute_forces()
        v += 0.5 * dt * forces
    return energy + 0.5 * np.dot(v, v)
