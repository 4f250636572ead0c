"""Mail: personal messages to people who are in no chat.

Draws and sends; reads what came back undelivered.
No conversation: a mail cannot be pressed or answered, its links lead to the pages.
"""
