"""The store: the ledger, the once-only marks and the Teams conversations, on Redis or Valkey.

Lives here: connecting and the start gate, key names, records as JSON, the embedded server.
May not: decide anything; a change is computed by the domain and only written here.
"""
