"""What machines ask: probes, health, figures, and whether the address can be reached.

No page for people belongs here.
"""
