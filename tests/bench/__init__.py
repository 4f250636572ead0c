"""Speed: each module registers figures, `make bench` measures them.

A figure is a ratio or a count within one run, or has a bound with room to spare.
No part of `make test`; `make drills` shows that each still runs.
"""
