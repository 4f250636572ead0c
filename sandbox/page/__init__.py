"""The page to play in, the walk of the main job, and reading what was said.

Lives here: what a person at the sandbox sees.
May not: answer in a cloud's place.
"""
