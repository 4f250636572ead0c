"""Boards, rounds, digests, plans and reports in words.

Lives here: messages of the campaign.
May not: decide what is due.
"""
