"""The command line: parsing, printing, logging to the terminal.

Lives here: commands and how their results look in a terminal.
May not: wire anything; what a command does is handed in.
"""
