"""Outbound HTTP: the one seam through which adapters call other people's servers.

Clients, time limits, retries and the errors they end in.
No knowledge of Okta, Microsoft, Slack or Teams.
"""
