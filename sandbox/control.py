"""The part of /_control that both servers share: faults, switches and the request journal."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.faults import FaultKind, FaultPlan
from sandbox.journal import Journal
from sandbox.settings import Settings


def shared_control(faults: FaultPlan, settings: Settings, journal: Journal) -> Blueprint:
    control = Blueprint("shared_control", __name__, url_prefix="/_control")
    _add_fault_routes(control, faults)
    _add_switch_routes(control, settings)
    _add_journal_routes(control, journal)
    return control


def _add_fault_routes(control: Blueprint, faults: FaultPlan) -> None:
    @control.get("/faults")
    def list_faults() -> Response:
        rules = [rule.as_json() for rule in faults.rules()]
        return jsonify({"rules": rules, "kinds": [kind.value for kind in FaultKind]})

    @control.post("/faults")
    def add_faults() -> tuple[Response, int]:
        """One rule, or `rules`: a plan whose rules are matched in this order."""
        wanted: dict[str, Any] = request.get_json()
        plan = wanted.get("rules", [wanted])
        return jsonify([faults.add(rule).as_json() for rule in plan]), 201

    @control.delete("/faults")
    def clear_faults() -> tuple[str, int]:
        faults.clear()
        return "", 204

    @control.delete("/faults/<int:rule_id>")
    def clear_fault(rule_id: int) -> tuple[str, int]:
        faults.clear(rule_id)
        return "", 204


def _add_switch_routes(control: Blueprint, settings: Settings) -> None:
    @control.get("/settings")
    def show_settings() -> Response:
        return jsonify(settings.all())

    @control.put("/settings")
    def change_settings() -> Response:
        settings.change(request.get_json())
        return jsonify(settings.all())


def _add_journal_routes(control: Blueprint, journal: Journal) -> None:
    @control.get("/requests")
    def list_requests() -> Response:
        entries = journal.read(after=request.args.get("after", 0, int), path=request.args.get("path", ""))
        return jsonify([entry.as_json() for entry in entries])

    @control.delete("/requests")
    def clear_requests() -> tuple[str, int]:
        journal.clear()
        return "", 204
