"""Every service that locks an order says who acts, or stands here with the reason why nobody has to read first."""

import ast
from pathlib import Path

ONE = {"lock_order", "locked_refund"}
WEBAPP = Path(__file__).parents[2] / "webapp"
# (file, function): machines and bookkeeping. What a person does to an order is not among them.
NOBODY_ACTS = {
    ("orders/service/notes.py", "add_note"): "a note is how colleagues speak, also about a note",
    ("orders/service/assigning.py", "assign"): "who looks after an order is no act upon it",
    ("orders/service/address_changes.py", "_locked"): "the channel's answer",
    ("orders/service/errands.py", "_claim"): "work that a carrier is asked to do",
    ("orders/service/errands.py", "_settle"): "the carrier's answer",
    ("orders/service/refunds/rechecking.py", "_apply"): "the bank's answer",
    (
        "orders/service/refunds/transferred.py",
        "_settle",
    ): "the bank has carried the batch out; gathering it has asked",
    ("orders/service/write_orders.py", "_decided_under_lock"): "what a channel says",
    ("orders/service/order_item_service.py", "split_off"): "a part of an act that has asked",
    ("orders/service/vendor_order_service.py", "create"): "mirrors what is there",
    ("api/preconditions.py", "_check"): "compares versions; the service behind it asks",
    ("channels/delivering.py", "_locked"): "what channels are told",
    ("channels/delivering.py", "_answer"): "the channel's answer",
    ("orders/service/refunds/settling.py", "settle"): "the refund machine",
    ("orders/service/refunds/settling.py", "keep_late_answer"): "the refund machine",
    ("orders/service/refunds/claims.py", "claim_refund"): "the refund machine",
}


def test_order_locks_when_taken_by_a_service_then_they_name_who_acts() -> None:
    silent = set()
    for path in sorted(WEBAPP.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                silent |= {(str(path.relative_to(WEBAPP)), function.name) for _ in _silent_locks(function)}
    assert silent == set(NOBODY_ACTS)


def _silent_locks(function: ast.FunctionDef) -> list[ast.Call]:
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    return [
        call
        for call in calls
        if isinstance(call.func, ast.Name)
        and (
            (call.func.id in ONE and "acting" not in {keyword.arg for keyword in call.keywords})
            # Who locks many asks which of them are held up.
            or (call.func.id == "lock_orders" and not names & {"held_up", "require_read"})
        )
    ]
