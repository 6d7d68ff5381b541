"""All background work as staff see it: one page over the `operation` table, whatever kind the work is.

The rows and their life are core/operations.py; what each kind does is in the jobs.py of its area. Here they get
words (wording.py), lists (queries.py), a second chance (service.py) and pages (views.py).
"""
