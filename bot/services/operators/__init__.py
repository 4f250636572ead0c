"""The operators' own pages: who may read them (`enter`), and what stands there (`read`).

Nothing here changes a record; what operators do, they do in chat.
"""
