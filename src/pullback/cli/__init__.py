"""The commands of `python -m pullback`, one file each.

    python -m pullback check src/        what `@differentiable` definitions are wrong, without importing them
    python -m pullback explain ID        what a diagnostic means, and what to do
    python -m pullback show FILE:NAME    a function, stage by stage
"""
