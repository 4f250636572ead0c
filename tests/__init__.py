"""The tests mirror the tree; a test's name is a sentence and its docstring the behaviour.

Real servers on loopback, no network beyond it, no mocks of our own code, no blind sleeps.
`drills/` takes minutes, and runs apart (`make drills`). `bench/` and `chaos/` hold figures
(`make bench`, `make chaos`), not tests.
"""
