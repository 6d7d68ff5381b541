"""What is taken out of which table when a customer is erased; tests/services/test_erasing_everywhere.py walks every column.

`:ids` are their orders. Words of people and outside systems go whole: who knows whom they name.
"""

# ruff: noqa: S608 - put together of our own words

from typing import Final

OF_CUSTOMER: Final = (
    """
    UPDATE customer SET first_name = '', last_name = '', email = '', email_folded = '', phone = '',
        language_code = NULL, search_folded = '', sort_key = '', extra_field = '{}', erased_at = now(),
        modified_at = now()
    WHERE id = :customer
    """,
    # Country and state decide the tax; the hash would find the address again for an order to come.
    """
    UPDATE address SET first_name = '', last_name = '', company = '', line1 = '', line2 = '', district = '',
        city = '', postcode = '', phone = '', email = '', tax_office = '', tax_number = '',
        content_hash = 'erased:' || id
    WHERE customer_id = :customer
    """,
    """
    UPDATE audit_personal SET changes = '{}', words = '', erased_at = now()
    WHERE customer_id = :customer AND erased_at IS NULL
    """,
)
_ANY = "ANY(CAST(:ids AS bigint[]))"
_ITS = f"order_id = {_ANY}"
OF_ORDERS: Final = (
    """
    UPDATE orders SET notes = NULL, gift_box_note = NULL, remote_addr = NULL, extra_field = '{}',
        cancellation_info = '{}', e_archive_url = NULL, version = version + 1, modified_at = now()
    WHERE id = ANY(CAST(:ids AS bigint[]))
    """,
    f"""
    UPDATE order_item SET attributes = '{{}}', attributes_kwargs = '{{}}', localized_attributes = '{{}}',
        localized_attributes_kwargs = '{{}}', extra_field = '{{}}', e_archive_url = NULL
    WHERE {_ITS}
    """,
    f"UPDATE order_note SET body = '', erased_at = now() WHERE {_ITS} AND erased_at IS NULL",
    f"UPDATE attention SET words = '', closing_words = '' WHERE {_ITS}",
    f"UPDATE cancellation_plan SET adjustment_reason = '', decision_words = NULL WHERE {_ITS}",
    f"""
    UPDATE cancellation_plan_item SET reason_text = '' FROM cancellation_plan
    WHERE cancellation_plan.id = plan_id AND {_ITS}
    """,
    f"UPDATE cancellation_request SET reason_text = '' WHERE {_ITS}",
    f"UPDATE payee SET iban = '', holder_name = '', erased_at = now() WHERE {_ITS} AND erased_at IS NULL",
    f"UPDATE payment_transaction SET extra_field = '{{}}' WHERE {_ITS}",
    f"UPDATE refund_attempt SET words = '' FROM refund WHERE refund.id = refund_id AND {_ITS}",
    f"UPDATE refund SET reason = '', evidence = '', last_error = NULL WHERE {_ITS}",
    f"UPDATE reconciliation_break SET closing_words = '' WHERE {_ITS}",
    f"UPDATE integration_action SET failure_words = NULL WHERE {_ITS}",
    f"UPDATE address_change SET words = '' WHERE {_ITS}",
    f"UPDATE cargo_errand SET words = '' WHERE {_ITS}",
    f"UPDATE vendor_order SET extra_field = '{{}}' WHERE {_ITS}",
    f"""
    UPDATE tracking_row SET cells = '[]', fact = '' WHERE {_ITS}
    """,
    f"UPDATE operation_item SET words = '' WHERE {_ITS} AND words <> ''",
    f"""
    UPDATE webhook_delivery SET answer_words = '' FROM event
    WHERE event.id = event_id AND {_ITS} AND answer_words <> ''
    """,
    f"""
    UPDATE audit_personal SET changes = '{{}}', words = '', erased_at = now() FROM audit_entry
    WHERE audit_entry.id = entry_id AND {_ITS} AND erased_at IS NULL
    """,
    f"""
    UPDATE remote_record SET payload = '{{"erased": true}}', failure_words = NULL, erased_at = now() WHERE {_ITS}
    """,
    # Kept answers to programs say which order they are about; notes and evidence are in them. The request stays done.
    f"""
    UPDATE api_idempotency SET body = NULL, headers = '{{}}', status = NULL WHERE body IS NOT NULL
        AND CAST(substring(convert_from(body, 'UTF8') FROM '"order": ?([0-9]{{1,18}})') AS bigint) = {_ANY}
    """,
    # A coupon may be made out to somebody; most are not.
    f"UPDATE discount_item SET name = '', code = '' WHERE {_ITS} AND concat_ws(' ', name, code) ~* :part_of_name",
)


def _named(text: str) -> str:
    """Whether a text names the person: by what nobody else has, or by first and last name both."""
    return f"(({text}) ~* :sure OR (({text}) ~* :first AND ({text}) ~* :last))"


_ROW = "concat_ws(' ', cells::text, order_number, tracking_number, item, tracking_url, fact)"
# What belongs to no order is known by what it says; there are few of each.
BY_WORDS: Final = (
    f"""
    UPDATE remote_record SET payload = '{{"erased": true}}', failure_words = NULL, erased_at = now()
    WHERE order_id IS NULL AND channel_id = :channel AND {_named("concat_ws(' ', payload::text, failure_words)")}
    """,
    # The request stays known as done, so that nobody does it twice; its answer is lost.
    f"""
    UPDATE api_idempotency SET body = NULL, headers = '{{}}', status = NULL
    WHERE body IS NOT NULL AND {_named("convert_from(body, 'UTF8')")}
    """,
    f"UPDATE api_idempotency SET key = 'erased:' || claim WHERE {_named('key')}",
    f"""
    UPDATE tracking_row SET cells = '[]', item = '', fact = '', tracking_url = '',
        order_number = CASE WHEN {_named("order_number")} THEN '' ELSE order_number END,
        tracking_number = CASE WHEN {_named("tracking_number")} THEN '' ELSE tracking_number END
    WHERE order_id IS NULL AND {_named(_ROW)}
    """,
    f"""
    UPDATE tracking_upload SET titles = CASE WHEN {_named("titles::text")} THEN '[]' ELSE titles END,
        refusal = CASE WHEN {_named("refusal::text")} THEN '{{}}' ELSE refusal END,
        file_name = CASE WHEN {_named("file_name")} THEN 'file' ELSE file_name END
    WHERE {_named("concat_ws(' ', file_name, titles::text, refusal::text)")}
    """,
    f"""
    UPDATE operation SET last_error = NULL, progress_note = '',
        result = CASE WHEN {_named("result::text")} THEN '{{}}' ELSE result END
    WHERE {_named("concat_ws(' ', last_error, progress_note, result::text)")}
    """,
    f"UPDATE operation_words SET words = '' WHERE {_named('words')}",
    f"UPDATE circuit_breaker SET last_error = NULL WHERE {_named('last_error')}",
    f"UPDATE pull_cursor SET last_error = NULL WHERE {_named('last_error')}",
    f"UPDATE reconciliation_break SET closing_words = '' WHERE order_id IS NULL AND {_named('closing_words')}",
    f"UPDATE operation_item SET words = '' WHERE order_id IS NULL AND {_named('words')}",
    f"UPDATE attention SET words = '', closing_words = '' WHERE order_id IS NULL AND {_named('closing_words')}",
    f"""
    UPDATE audit_personal SET changes = '{{}}', words = '', erased_at = now() FROM audit_entry
    WHERE audit_entry.id = entry_id AND order_id IS NULL AND customer_id IS NULL AND erased_at IS NULL
        AND {_named("concat_ws(' ', audit_personal.words, audit_personal.changes::text)")}
    """,
)
