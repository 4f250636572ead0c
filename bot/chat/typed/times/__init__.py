"""Days, times and spans as people type them, in English and German.

Lives here: what a word says of a day or a moment. May not: read a clock.
"""
