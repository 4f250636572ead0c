"""The forms of sentences that are understood without a command, a subject a module.

Lives here: what each form says. May not: decide in which order they are tried (that is in
`bot.chat.typed.understanding`).
"""
