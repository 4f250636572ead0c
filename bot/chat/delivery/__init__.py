"""What operators are told when messages do not get through.

Lives here: alarms.
May not: decide whom to tell.
"""
