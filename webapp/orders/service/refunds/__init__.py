"""The refund machine: a refund happens at the gateway exactly once, whatever dies when.

    claims.py     take the refund, its payment and its order of turns; write what is needed before anything is sent
    machine.py    look, send, look again: the only place that calls a gateway, with no transaction open
    settling.py   write what came of it: refund, ledger, plan, items, order, in one transaction fenced by the lease

What comes next is decided in payments/deciding.py from facts alone. The row and its key are committed before the
call; the key never changes; only the gateway's word, or a person's with evidence, makes a refund succeeded.
"""
