"""A carrier's spreadsheet: bytes → rows of text → columns with a meaning → a verdict for every row. Pure.

reading: the bytes, in a child process of their own (child.py). columns: which column means what. cells: what a cell
may say. judging: which of verdicts.py's verdicts a row gets, given the orders it names.
"""
