"""Facts and decisions: frozen data and pure functions over it.

Lives here: apps, evidence, people, consent requests, reminders, deliveries, notices.
May not: import anything but the standard library and `bot.errors`, read a clock, or do I/O.
"""
