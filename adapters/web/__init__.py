"""The web app: personal links, the chat platforms' webhooks, health, metrics.

Routes, pages and their headers.
What a click means is decided in `bot.services`.
"""
