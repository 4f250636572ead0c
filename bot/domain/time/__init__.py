"""Days and hours: working hours, days off and zones of the people who are reminded.

Lives here: the calendar.
May not: know what is reminded of; it knows people only by their zone and their week.
"""
