"""Simulated lives of apps with a hidden truth: is what o365bot says of them true?

`world` is made from what Okta and Microsoft publish, and imports nothing of the rules: it shows the
product only what the two would show. `measure` asks the product, day by day, and compares.
"""
