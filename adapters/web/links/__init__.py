"""The pages behind personal links: the question, the sign-in, the steps, the news.

What all pages share is one folder up (`context`, `pages`).
"""
