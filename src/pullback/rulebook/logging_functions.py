"""The functions of `logging`: they tell somebody about a value, as `print` does, and no derivative flows into them.

    log.info("step %d: loss %g", i, loss)       is called; what handlers and records keep of `loss` is for people
"""

from __future__ import annotations

import logging

from pullback.rules import constant

_LEVELS = ("debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log")

for _owner in (logging, logging.Logger, logging.LoggerAdapter):
    for _function in {getattr(_owner, name) for name in _LEVELS if hasattr(_owner, name)}:
        constant(_function)
