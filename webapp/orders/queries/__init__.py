"""What pages and the API read of orders: plain rows, keyset paging, a fixed number of statements whatever is on them.

criteria: what a list is asked for. listing: one page of it, by walking an index or by gathering what matches.
search: words in the folded text. totals: how many there are. surroundings: counts of the tabs, and the menus.
detail: one order and what belongs to it. timeline: notes and what happened.
"""
