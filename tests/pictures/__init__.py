"""Pictures of what people read, for the docs: `make pictures`.

Lives here: the commonest messages with data that never changes and what draws them as the
platforms do, and the pages in a browser.
May not: be what decides whether a message is right: that is checked by schema and by limits.
"""
