"""What replicas share that is no record: limits, marks, queues, sessions, conversations.

Each module is one port, with keys of its own.
"""
