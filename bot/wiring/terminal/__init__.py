"""What single commands of the terminal need: the settings checked, every connection tried.

Lives here: what is put together for `check`, `doctor` and the commands beside a running bot.
May not: decide anything.
"""
