"""Robustness: processes are killed in the middle of their work, `make chaos` counts the damage.

Each module registers figures, such as "acknowledged writes lost: 0".
No part of `make test`; `make drills` shows that each still runs.
"""
