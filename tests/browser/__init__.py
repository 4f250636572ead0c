"""The pages, in a real Chromium.

Left out, saying so, where there is none; never in CI.
What can be shown without a browser is elsewhere.
"""
