"""`kontor up`: one process that starts all the others, starts again what dies, and leaves nothing behind.

run.py tells the story; plan.py says which processes there are; child.py keeps one of them alive; warden.py ends them
all when the supervisor itself is killed.
"""
