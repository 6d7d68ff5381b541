"""CargoService: what carriers are asked, written in the caller's transaction and run afterwards, in order per order."""

import uuid
from typing import Final

from sqlalchemy.orm import Session

from webapp.cargo.carrier import ErrandKind
from webapp.cargo.models import CargoErrand
from webapp.core.audit import AuditContext
from webapp.core.operations import NewOperation, Queue, create

ERRANDS_KIND: Final = "cargo.errands"
ATTEMPTS: Final = 8


class CargoService:
    """Leaves errands for carriers. The caller holds the order's lock, so that none is overlooked by a run that ends."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def label(
        self, order_id: int, cargo_company_id: int, package_id: int, address_id: int, context: AuditContext
    ) -> CargoErrand:
        """Have a label made for this package."""
        errand = self._errand(ErrandKind.LABEL, order_id, cargo_company_id, context)
        errand.package_id, errand.address_id = package_id, address_id
        return self._leave(errand, context)

    def update_address(
        self, order_id: int, cargo_company_id: int, package_id: int, address_id: int, context: AuditContext
    ) -> CargoErrand:
        """Have the carrier send a package that it has not collected yet to another address."""
        errand = self._errand(ErrandKind.UPDATE, order_id, cargo_company_id, context)
        errand.package_id, errand.address_id = package_id, address_id
        return self._leave(errand, context)

    def redirect(
        self,
        order_id: int,
        cargo_company_id: int,
        tracking_number: str,
        address_change_id: int,
        address_id: int,
        context: AuditContext,
    ) -> CargoErrand:
        """Ask the carrier to bring a parcel on its way to another address; it may say no, or say so later."""
        errand = self._errand(ErrandKind.REDIRECT, order_id, cargo_company_id, context)
        errand.tracking_number, errand.address_id = tracking_number, address_id
        errand.address_change_id = address_change_id
        return self._leave(errand, context)

    def cancel(
        self, order_id: int, cargo_company_id: int, tracking_number: str, context: AuditContext
    ) -> CargoErrand:
        """Tell the carrier that this parcel will not come."""
        errand = self._errand(ErrandKind.CANCEL, order_id, cargo_company_id, context)
        errand.tracking_number = tracking_number
        return self._leave(errand, context)

    def _errand(
        self, kind: ErrandKind, order_id: int, cargo_company_id: int, context: AuditContext
    ) -> CargoErrand:
        return CargoErrand(
            kind=kind.value,
            order_id=order_id,
            cargo_company_id=cargo_company_id,
            reference=str(uuid.uuid4()),
            requested_by_id=context.staff_id,
        )

    def _leave(self, errand: CargoErrand, context: AuditContext) -> CargoErrand:
        self.session.add(errand)
        self.session.flush()
        create(
            self.session,
            NewOperation(
                kind=ERRANDS_KIND,
                queue=Queue.FILES,
                dedupe_key=f"order:{errand.order_id}",
                args={"order_id": errand.order_id},
                order_id=errand.order_id,
                requested_by_id=context.staff_id,
                request_id=context.request_id,
                max_attempts=ATTEMPTS,
            ),
        )
        return errand
