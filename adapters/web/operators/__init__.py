"""The operators' own pages, under `/operators`: read-only, behind a sign-in at Microsoft.

Each page is drawn from what `bot.services.operators` reads. Nothing here decides who may read.
"""
