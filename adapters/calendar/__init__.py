"""Public holidays, and in which country a time zone lies.

Lives here: what a library or CLDR knows of calendars, as plain data for the domain.
May not: decide when anybody is told anything.
"""
