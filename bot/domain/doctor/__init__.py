"""Whether an installation works: what was seen of each part, and what that says of it.

Lives here: what a probe sees (`seen`), and the checks, one function each, a module for each part.
May not: ask anybody anything, or know a platform's protocol.
"""
