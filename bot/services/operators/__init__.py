"""The operators' own pages: who may read them (`sign_in`), and what stands there (`read`).

Nothing here changes a record; what operators do, they do in chat.
"""
