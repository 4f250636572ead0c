"""What takes long: figures at their tiny size, starts that wait, an installation from nothing.

`make drills` runs it, and CI after `make test`. Lives here: tests that need minutes for what they
show. May not: hold what a faster test could.
"""
