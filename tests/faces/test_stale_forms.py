"""Every form by which staff change something says which state it was filled in on, or stands here with the reason why not.

What then happens (409, who did what and when, nothing typed lost) is tested beside each form; here the forms are walked,
so that a new one cannot forget to ask.
"""

import re
from pathlib import Path

import pytest
from flask import Flask

from webapp.admin import VIEWS

TEMPLATES = Path(__file__).parents[2] / "webapp" / "templates"

# endpoint → the fragment of its form, and what in it carries the state that was looked at.
CHECKED = {
    "orders.cancel": ("orders/_cancel.html", "form.version"),
    "orders.approve_plan": ("orders/_plan_deeds.html", 'name="version"'),
    "orders.confirm_plan": ("orders/_plan_deeds.html", 'name="version"'),
    "orders.reject_plan": ("orders/_reject.html", "form.version"),
    "orders.enter_evidence": ("orders/_evidence.html", "form.version"),
    "orders.change": ("orders/_address_form.html", "form.version"),
    "orders.move": ("orders/_move.html", "form.version"),
    "orders.pack": ("orders/_pack.html", "form.version"),
    "orders.map_stock": ("orders/_stock.html", "form.version"),
    "orders.do_deed": ("orders/_deeds.html", 'name="version"'),
    "orders.ask_label": ("orders/_delivery.html", 'name="version"'),
    "orders.vendor_says": ("orders/_vendor.html", "form.version"),
    "orders.post_assign": ("orders/_assign.html", "form.version"),
    "orders.post_tags": ("orders/_tag_menu.html", 'name="shown"'),
    "orders.post_view_change": ("orders/_view_form.html", "form.view_version"),
    "orders.post_view_delete": ("orders/_view_form.html", "form.view_version"),
    "cancellations.approve": ("cancellations/_row.html", "row.version"),
    "cancellations.reject": ("cancellations/_row.html", "row.version"),
    "cancellations.decide": ("cancellations/_decide.html", "version-"),
    "channels.save": ("channels/_form.html", "form.version"),
    "approval_limits.save": ("settings/_limit_row.html", 'name="seen"'),
    "carriers.save": ("carriers/edit.html", "form.version"),
    "webhooks.save": ("webhooks/_form.html", "form.version"),
    "tracking.apply": ("tracking/_buttons.html", 'name="version"'),
    "tracking.undo": ("tracking/_buttons.html", 'name="version"'),
    "tracking.choose_columns": ("tracking/_columns.html", "form.version"),
    **{f"{view.endpoint_name}.edit_view": ("admin/form.html", "seen[1]") for view in VIEWS},
}
# endpoint → the test that has a colleague be faster and reads who, what and when on the answer.
PROVEN = {
    "orders.cancel": ("test_cancel_dialog", "open_when_the_order_changed_meanwhile"),
    "orders.approve_plan": ("test_overtaken_forms", "plan_when_a_colleague_has_decided"),
    "orders.confirm_plan": ("test_overtaken_forms", "plan_when_a_colleague_has_decided"),
    "orders.reject_plan": ("test_overtaken_forms", "plan_when_a_colleague_has_decided"),
    "orders.change": ("test_addresses", "save_when_a_colleague_was_faster"),
    "orders.move": ("test_move_dialog", "form_when_somebody_was_faster"),
    "orders.pack": ("test_pack_dialog", "form_when_somebody_was_faster"),
    "orders.map_stock": ("test_stock_dialog", "form_when_somebody_was_faster"),
    "orders.do_deed": ("test_overtaken_forms", "button_when_the_order_has_changed"),
    "orders.ask_label": ("test_overtaken_forms", "button_when_the_order_has_changed"),
    "orders.vendor_says": ("test_vendors", "word_when_a_colleague_was_faster"),
    "orders.post_assign": ("test_teamwork", "assignment_when_a_colleague_was_faster"),
    "orders.post_view_change": ("test_saved_views", "shared_view_when_a_colleague_was_faster"),
    "orders.post_view_delete": ("test_saved_views", "shared_view_when_a_colleague_was_faster"),
    "cancellations.decide": ("test_cancellation_requests", "deciding_when_a_colleague_has_checked_meanwhile"),
    "channels.save": ("test_channel_settings", "edit_when_a_colleague_was_faster"),
    "approval_limits.save": ("test_approval_limits", "save_when_a_colleague_was_faster"),
    "carriers.save": ("test_carriers", "saving_when_a_colleague_was_faster"),
    "webhooks.save": ("test_webhooks", "saving_when_somebody_was_faster"),
    "tracking.apply": ("test_tracking_uploads", "a_stale_page_when_it_applies"),
    # One function tells all deeds on an upload.
    "tracking.undo": ("test_tracking_uploads", "a_stale_page_when_it_applies"),
    "tracking.choose_columns": ("test_tracking_uploads", "a_stale_page_when_it_applies"),
    # One view serves every table of reference data, staff and tokens.
    **dict.fromkeys(
        (f"{view.endpoint_name}.edit_view" for view in VIEWS),
        ("test_admin", "edit_when_a_colleague_was_faster"),
    ),
}
# Evidence is refused by the refund's own state; tags merge, so nobody is overtaken; lists have a verdict for each.
OTHERWISE = {
    "orders.enter_evidence",
    "orders.post_tags",
    "cancellations.approve",
    "cancellations.reject",
}
_MAKES = "makes something new; a second click is the same by the form's own number, or a taken name"
_ASKS = "shows or computes, changes nothing"
_LIST = "acts on each of a list under its lock, with a verdict each"
_ONCE = "what it acts on can be done once: its state is the guard, and who was faster is named"
_OWN = "the reader's own settings"
_WORK = "starts work that changes nothing twice; a second click joins the first"
_GONE = "takes away or ends; what is gone already is said so"
EXEMPT = {
    **dict.fromkeys(
        ("orders.post_note", "orders.post_view", "carriers.create", "channels.create", "webhooks.create", "tokens.create",
         "finance.gather_batch", "tracking.hand_in", "orders.export"), _MAKES),
    **dict.fromkeys(
        ("orders.preview_cancel", "orders.offer_move", "orders.one_more_parcel", "orders.ask_assign_many",
         "orders.ask_cancel_many", "orders.ask_move_many", "orders.ask_tag_many", "cancellations.ask_approve", "cancellations.ask_reject",
         "finance.download_file", "orders.print_chosen"), _ASKS),
    **dict.fromkeys(
        ("orders.post_assign_many", "orders.post_tag_many", "orders.open_many", "orders.move_all"), _LIST),
    **dict.fromkeys(
        ("attention.close", "finance.close_difference", "finance.close_transfers", "finance.enter_payee",
         "finance.enter_returned", "finance.export", "finance.remove", "orders.confirm_notes",
         "mentions.mark_read", "orders.tell_again", "orders.withdraw_address", "orders.told_by_hand", "orders.try_refund_again",
         "channels.mend", "channels.mean", "channels.make_products", "customers.post_erase",
         "carriers.switch_off", "carriers.switch_on", "webhooks.pause", "webhooks.resume", "webhooks.rotate", "orders.post_view_move"), _ONCE),
    **dict.fromkeys(
        ("auth.save_profile", "auth.change_password", "auth.end_session", "auth.set_theme", "auth.do_sign_in",
         "auth.sign_out", "orders.choose_columns", "second_step.begin", "second_step.confirm",
         "second_step.enter_code", "second_step.renew_codes", "second_step.turn_off"), _OWN),
    **dict.fromkeys(
        ("carriers.check", "channels.apply_backfill", "channels.check", "channels.pull", "channels.replay", "channels.reread",
         "channels.start_backfill", "channels.tell_all_again", "finance.reconcile_now", "operations.retry",
         "orders.ask_payment_history", "orders.check_refund", "orders.pull", "orders.refresh",
         "orders.refresh_chosen", "orders.count_stock", "tracking.check_again", "webhooks.replay", "webhooks.replay_failed",
         "webhooks.test"), _WORK),
    **dict.fromkeys(("tokens.revoke", "webhooks.delete", "staff.sign_out_view", "staff.reset_second_step_view"), _GONE),
    **{f"{view.endpoint_name}.create_view": _MAKES for view in VIEWS},
    **{f"{view.endpoint_name}.{deed}_view": _GONE for view in VIEWS for deed in ("delete", "action")},
}  # fmt: skip
# Written to by machines, with signatures or tokens.
MACHINES = re.compile(r"/api/|/channels/<int:channel_id>/webhooks/|/payments/<account>/webhooks")


def forms(app: Flask) -> set[str]:
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and not MACHINES.match(rule.rule)
    }


def test_forms_when_walked_then_each_says_what_it_was_filled_in_on_or_why_it_need_not(app: Flask) -> None:
    assert sorted(forms(app) - CHECKED.keys() - EXEMPT.keys()) == []
    assert sorted(CHECKED.keys() & EXEMPT.keys()) == []


@pytest.mark.parametrize("endpoint", sorted(CHECKED))
def test_form_when_drawn_then_carries_the_state_that_was_looked_at(endpoint: str) -> None:
    template, carrier = CHECKED[endpoint]
    assert carrier in (TEMPLATES / template).read_text()


def test_forms_when_overtaken_then_each_is_proven_to_say_who_what_and_when() -> None:
    assert PROVEN.keys() | OTHERWISE == CHECKED.keys()
    assert not PROVEN.keys() & OTHERWISE
    for endpoint, (file, name) in PROVEN.items():
        source = (Path(__file__).parent / f"{file}.py").read_text()
        _, found, rest = source.partition(f"def test_{name}")
        assert found, f"{endpoint}: there is no such test in {file}"
        body = re.split(r"^(?:def |@)", rest, maxsplit=1, flags=re.MULTILINE)[0]
        assert "says_who_what_when(" in body, f"{endpoint}: {file} does not read who, what and when"
