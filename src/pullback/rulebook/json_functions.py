"""The functions of `json` that write: the text of a value has no derivative, as that of `str` has none."""

from __future__ import annotations

import json

from pullback.rules import constant

constant(json.dumps, json.JSONEncoder.encode, returns="str")
constant(json.dump)
