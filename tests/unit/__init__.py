"""Pure code: no server, no socket, no file beyond a temporary one.

Fast enough to run at every save.
What needs a store or a platform is in `contract/` or `scenario/`.
"""
