"""`EntraClient`, over real HTTP, against a small scripted Microsoft and against the sandbox.

One file per part of the adapter; `microsoft.py` is the pretend Microsoft.
Nothing in here looks into the client.
"""
