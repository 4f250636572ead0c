"""The Office 365 apps: what they are, how they stand, and when they are looked at again.

Lives here: apps, their records, scanning, waivers, names of the clouds.
May not: know who is asked about them.
"""
