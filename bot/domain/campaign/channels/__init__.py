"""What channels see: the board, the weekly report, and when the next ones are posted.

Lives here: what they are made of, and the same looked ahead.
May not: decide what one person is told.
"""
