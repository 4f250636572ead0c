"""Pictures for messages.

Lives here: drawing what the domain computed, as PNG.
May not: compute it, or hold words that people read.
"""
