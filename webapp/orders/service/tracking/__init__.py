"""Uploads of tracking numbers: taken in, read by a guarded child, judged, applied exactly once, undone within a day.

uploads.py is what pages and the API call. reading.py, checking.py, applying.py, undoing.py are what workers do;
shipping.py writes many shipments at once; facts.py reads what decides.
"""

from webapp.orders.service.tracking.uploads import (
    UploadStatus,
    bulk_tracking_number_update,
    bulk_tracking_number_update_status,
    check_again,
    choose_columns,
    store_upload,
    undo_upload,
    visible_upload,
)

__all__ = [
    "UploadStatus",
    "bulk_tracking_number_update",
    "bulk_tracking_number_update_status",
    "check_again",
    "choose_columns",
    "store_upload",
    "undo_upload",
    "visible_upload",
]
