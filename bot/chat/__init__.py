"""The conversation, for any platform: words in, messages out, and the catalogue of words.

Lives here: parsing commands, composing messages, the texts per language.
May not: know a platform's markup, call a cloud or the store other than through services.
"""
