"""Puts admission together: the audit log, the meter, the places for exports and the keys, as the settings say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_network

from sqlalchemy import URL, make_url

from catalog.workspace import Workspace
from gateway.audit.keys import load_or_make
from gateway.audit.store import AuditStore
from gateway.audit.writer import AuditLog
from gateway.quota.admission import Admission
from gateway.quota.exports import ExportPlaces
from gateway.quota.meter import MemoryMeter, Meter
from gateway.quota.sql_meter import PostgresMeter, SqliteMeter
from gateway.settings import GatewaySettings

RECEIPT_KEY_FILE = "receipts.pem"


def open_admission(settings: GatewaySettings, workspace: Workspace, clock: Callable[[], datetime]) -> Admission:
    """Everything made, nothing started: keys are made when missing, the stores are opened on `start`."""
    seals, meter = settings.seals_dir or workspace.seals, _meter(settings, workspace)
    return Admission(
        log=AuditLog(AuditStore(audit_url(settings, workspace)), seals, capacity=settings.audit_queue, clock=clock),
        meter=meter,
        guesses=meter if settings.quota_url is not None else SqliteMeter(workspace.control.with_name("guesses.sqlite")),
        exports=ExportPlaces(workspace.control.with_name("exports.lock")),
        receipt_key=load_or_make(seals / RECEIPT_KEY_FILE),
        trusted=tuple(ip_network(str(network)) for network in settings.trusted_proxies),
        clock=lambda: clock().timestamp(),
    )


def audit_url(settings: GatewaySettings, workspace: Workspace) -> URL:
    """Where the audit log is."""
    if settings.audit_url is not None:
        return make_url(settings.audit_url.get_secret_value())
    return URL.create("sqlite", database=str(workspace.audit))


def _meter(settings: GatewaySettings, workspace: Workspace) -> Meter:
    """One process counts in memory, several on one machine in a file, several machines where the URL says."""
    if settings.quota_url is not None:
        return PostgresMeter(settings.quota_url.get_secret_value())
    if settings.workers > 1:
        return SqliteMeter(workspace.control.with_name("quota.sqlite"))
    return MemoryMeter()
