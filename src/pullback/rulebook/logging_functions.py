"""Logging looks at values and hands none on: what is logged has no derivative, and is not changed."""

from __future__ import annotations

import logging

from pullback.rules import constant

for _name in ("debug", "info", "warning", "error", "exception", "critical", "log"):
    constant(getattr(logging, _name), getattr(logging.Logger, _name), getattr(logging.LoggerAdapter, _name))
