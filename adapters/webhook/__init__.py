"""What happens, told to another system: one signed POST for each event, in order.

What is told comes from the audit, so nothing is told that was not written, and nothing written is
missed. No chat platform, no store of its own.
"""
