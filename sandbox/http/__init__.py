"""What the pretend clouds serve by: ports, pages, filter expressions, rate limits.

Lives here: what knows no cloud. May not: know which one it serves.
"""
