"""The server and the way to it: connections, addresses, the gate at start, the embedded one.

What is kept there is `records`. Nothing here knows what a record means.
"""
