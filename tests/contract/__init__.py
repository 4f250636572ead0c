"""What each port promises, shown on its real implementation over loopback.

One suite per adapter.
Whole journeys are in `scenario/`.
"""
