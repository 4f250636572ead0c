"""Robustness: processes are killed in the middle of their work, `make chaos` counts the damage.

Its modules register figures, such as "acknowledged writes lost: 0"; `chat_server` and `mutants`
serve them.
No part of `make test`; `make drills` shows that each still runs.
"""
