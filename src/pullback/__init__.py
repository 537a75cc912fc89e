"""Differentiable programming for Python, done the compiler's way."""
