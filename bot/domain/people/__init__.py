"""Who can do it, who is asked, and what they were told.

Lives here: administrators, policies about them, the choice, recipients.
May not: know requests or messages.
"""
