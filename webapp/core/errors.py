"""Refusals of the domain: each says what is wrong and what to do next.

A `DomainError` is an answer, not a bug: pages show its message, the API turns it into problem details.
What a person must decide is a value on the plan (`Problem`), never an exception.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal with a stable `code`, a sentence for people, and facts (`details`) for programs."""

    code: ClassVar[str] = "refused"
    http_status: ClassVar[int] = 400

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        http_status: int | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = code or self.code
        self.status = http_status or self.http_status
        self.details: dict[str, Any] = dict(details or {})


class NotFound(DomainError):
    """There is no such thing, or the asker may not know of it (both answer alike)."""

    code = "not_found"
    http_status = 404


class PermissionDenied(DomainError):
    """The asker is known but not allowed; the message names the permission in words."""

    code = "permission_denied"
    http_status = 403


class Conflict(DomainError):
    """The state does not allow it (any more); the message says who or what was faster."""

    code = "conflict"
    http_status = 409


class TransitionNotAllowed(Conflict):
    """A status may not move there; the message says what it is and what would be allowed."""

    code = "transition_not_allowed"


class OrderDuplicatedFieldException(Conflict):
    """The channel already has an order with this number."""

    code = "order_duplicated_field"


class InvalidInput(DomainError):
    """Input that cannot be taken; `fields` maps a field's name to its sentences."""

    code = "invalid_input"
    http_status = 422

    def __init__(
        self,
        message: str,
        *,
        fields: Mapping[str, list[str]] | None = None,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, details={**(details or {}), "fields": dict(fields or {})})
        self.fields: dict[str, list[str]] = dict(fields or {})


class IntegrationError(DomainError):
    """A channel did not do what was asked; `permanent` says that asking again cannot help."""

    code = "integration_error"
    http_status = 502

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, details=details)
        self.permanent = permanent


class IntegrationUnauthorizedException(IntegrationError):
    """The channel refused our credentials."""

    code = "integration_unauthorized"

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, permanent=True, details=details)


class IntegrationNotDefineResponseProcess(IntegrationError):
    """An adapter has no way to process the answer to this method and action."""

    code = "integration_not_define_response_process"

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, permanent=True, details=details)


class PaymentError(DomainError):
    """A gateway said no (`permanent`) or could not be asked; never used for an unknown outcome of a refund."""

    code = "payment_error"
    http_status = 502

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, details=details)
        self.permanent = permanent
