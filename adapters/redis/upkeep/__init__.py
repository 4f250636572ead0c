"""What is done to the store as a whole: counting, tidying, backing up, forgetting somebody.

Nothing that an answer waits for belongs here.
"""
