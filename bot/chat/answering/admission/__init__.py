"""Before anything is answered: who may use which command, how often, and how a refusal reads.

Lives here: permissions, the limit of how much anybody may say, refusals.
May not: answer a command.
"""
