"""What is only looks in what people type: marks around words, spelling, please and thank you.

May not: know a command.
"""
