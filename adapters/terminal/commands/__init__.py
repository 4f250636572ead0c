"""The commands, by subject: each adds itself to the command line.

What they share (options, drawing, logs) is one folder up.
"""
