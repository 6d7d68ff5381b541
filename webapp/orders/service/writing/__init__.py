"""How a batch of drafts becomes rows: set-based, in one order, one bad draft never stopping the others.

write_orders.py beside this folder tells the story; the steps are

    batch.py      what a batch is, and a draft on its way
    incoming.py   check a draft and its amounts before anything is written; refusing.py says what is wrong
    stored.py     known orders as they are now, by the lists of columns.py
    deciding.py   what a draft changes of a known order (pure): money.py, moves.py (statuses), payments.py;
                  decision.py is what comes out of it
    reference.py  external statuses, payment options, carriers, products: found, or made
    people.py     customers and address versions; addresses.py those of known orders
    creating.py   new orders; applying.py changed ones; lines.py the rows both have
    effects.py    what both leave behind: refunds, plans, requests, attention, search, stock
    story.py      the sentences of the timeline
"""
