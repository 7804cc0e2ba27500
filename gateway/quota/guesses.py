"""Guessing at values: how often an organisation may verify something of one row, and of one dataset."""

from __future__ import annotations

from starlette.requests import Request

from catalog.policy.model import VerificationLimits
from gateway.problems import QuotaExceeded
from gateway.quota.admission import Admission, record_of
from gateway.quota.meter import Price, Quota

_DAY = 86_400.0
_MONTH = 30 * _DAY


async def count_guess(
    admission: Admission, request: Request, limits: VerificationLimits, *, consumer: str, dataset: str, row: bytes
) -> None:
    """Count one question before it is answered, whatever the answer and whether there is such a row.

    `consumer` is whose question it is: all keys of an organisation guess together. Raises QuotaExceeded.
    """
    for subject, most, window, about in (
        ("row", limits.row_questions_per_month, _MONTH, row),
        ("dataset", limits.dataset_questions_per_day, _DAY, dataset.encode()),
    ):
        bucket = admission.receipt_key.digest(b"\0".join((subject.encode(), consumer.encode(), about)))
        quota = Quota(most, 1, window)
        found = await admission.guesses.take(f"{subject} {bucket}", Price(requests=1), quota, admission.clock())
        if found.refused_by:
            record_of(request).denied(f"quota.verification-of-{subject}")
            raise QuotaExceeded(
                f"{most} questions about one {subject} are allowed in {window / _DAY:.0f} days.",
                headers={"Retry-After": str(found.retry_after)},
                **{"violated-policies": [f"verification-of-{subject}"]},
            )
