"""What is written to the person who was asked, and to whoever asked.

Lives here: letters, answers about codes and links, the words of `send`.
May not: send anything.
"""
