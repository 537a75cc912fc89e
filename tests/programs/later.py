"""The programs that are refused today, and why: one list. A name that leaves it must be right from then on.

python -m tests.programs --update    takes out of it what has become right
"""

LATER: dict[str, str] = {
    "algorithms.memo_by_lru_cache": "a cache around an inner function",
    "algorithms.queue_simulation": "list popped",
    "algorithms.time_steps_from_a_generator": "list appended to and read back",
    "chemistry.batch_reactor": "attribute stores in methods",
    "control.circuit_nodes": "dict stores",
    "control.motor_with_inner_objects": "attribute stores in methods",
    "control.moving_average_filter": "deque changed",
    "games.enemy_state_machine": "attribute stores in methods",
    "games.rigid_body_quaternion": "attribute stores in methods",
}
