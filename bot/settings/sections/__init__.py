"""The parts of the settings, one a module: what each may hold, and what is wrong with it otherwise.

May not: read files or the environment (`bot.settings.files`), or know how the parts fit together
(`bot.settings.settings`).
"""
