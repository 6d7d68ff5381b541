"""A carrier's spreadsheet: bytes → rows of text → columns with a meaning → a verdict for every row. Pure.

reading: the bytes, in a child process of their own (child.py). columns: which column means what. cells: what a cell
may say. verdicts: what becomes of a row, given the orders it names.
"""
