"""What comes due with time: reminders, digests, boards, and looking ahead.

Lives here: the tick's work, and what operators start.
May not: hold rules; those are in `bot.domain.campaign`.
"""
