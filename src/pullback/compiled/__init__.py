"""Machine code: functions and their derivatives compiled by Numba.

f(x, tank)  ->  numbers and arrays alone  ->  both sweeps, typed  ->  Numba
"""
