"""What people typed: words, markup, moments and names, as commands.

Lives here: reading what was typed, alike on every platform.
May not: answer.
"""
