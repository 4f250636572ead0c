"""Who is answered, and by whom: operators, whoever was asked, everybody else.

Lives here: the conversation, and what each kind of person may say. May not: word the answers
(those are beside it, by subject), or draw them.
"""
