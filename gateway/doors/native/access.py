"""/v1/datasets/{id}/access: what the caller sees of each column, under which rule, and how to get more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from fastapi import APIRouter, Request, Response

from catalog.contract.options import Title
from catalog.policy.model import Action, Tier
from gateway.answers.json_rows import dumps
from gateway.doors.deps import CallerDep, DescribedDep, ReleaseDep, ServicesDep, only_parameters
from gateway.doors.native.describe import release_document
from gateway.policy.actor import Actor
from gateway.policy.decision import OPENNESS, Decision
from gateway.release.opened import OpenRelease
from gateway.web.answers import document_answer

router = APIRouter()

_ASKED: tuple[Action, ...] = ("read", "aggregate", "verify", "describe")  # from the most to the least that is seen
_REGISTER = Title(zh="注册为开发者并同意条款", en="Register as a developer and accept the terms")
_APPLY = Title(zh="说明用途、数据项与范围，申请授权", en="Apply for a grant: say the purpose, the columns and the rows")
_STEWARD = Title(zh="咨询数据管理员", en="Ask the data steward")
_PURPOSE = Title(
    zh="在请求头 CivicLake-Purpose 中写明授权的用途", en="State the purpose of a grant in the header CivicLake-Purpose"
)
_VERIFY = Title(
    zh="只需核对手中的值是否一致时，申请核验授权",
    en="Where it is enough to know whether a value you have is right, apply for verification (POST …/verify)",
)
_MORE: dict[Tier, tuple[Title, ...]] = {
    "T0": (_REGISTER, _STEWARD),
    "T1": (_APPLY, _PURPOSE, _STEWARD),
    "T1R": (_APPLY, _PURPOSE, _STEWARD),
    "T2": (_APPLY, _VERIFY, _PURPOSE, _STEWARD),
    "T3": (_PURPOSE, _APPLY, _VERIFY, _STEWARD),
    "T4": (Title(zh="须有理由与第二人方可应急开启", en="Cell values need break-glass: a reason and a second person"),),
}


@router.api_route("/v1/datasets/{dataset}/access", methods=["GET", "HEAD"])
async def access(
    request: Request,
    view: DescribedDep,
    release: ReleaseDep,
    caller: CallerDep,
    services: ServicesDep,
) -> Response:
    """The decision about one dataset, explained to whom it is about."""
    only_parameters(request)
    body = dumps(explain(release, view.dataset, caller.actor, caller.purpose))
    return await document_answer(request, body, cache=services.cache_control(caller.actor))


def explain(release: OpenRelease, dataset: str, actor: Actor, purpose: str | None) -> dict[str, Any]:
    """What an actor sees of a dataset and why. A column of which nothing is let through is not mentioned.

    `more` depends on the actor's tier only, so that it does not tell whether there is more.
    """
    decisions = {action: release.decision(dataset, actor, purpose, action) for action in get_args(Action)}
    entry = release.datasets[dataset]
    columns = [
        {"name": column.name, "title": _plain(column.title), **told}
        for column in entry.entry.columns
        if column.name in entry.stored and (told := _column(column.name, decisions)) is not None
    ]
    read = decisions["read"]
    everything = any(rows.all_rows for rows in read.by_rows)
    return {
        "dataset": dataset,
        "release": release_document(release),
        "tier": actor.tier,
        "purpose": purpose,
        "actions": [action for action, decision in decisions.items() if decision.allow],
        "rows": "all" if everything else "some" if read.allow else "none",
        "columns": columns,
        "more": [_plain(title) for title in _MORE[actor.tier]],
    }


def _column(name: str, decisions: dict[Action, Decision]) -> dict[str, Any] | None:
    """The most open way a column is seen, with every rule that opens it so or less; None when nothing opens it."""
    for action in _ASKED:
        rules = list(_rules(name, decisions[action]))
        if rules:
            best = max((rule["seen"] for rule in rules), key=OPENNESS.__getitem__)
            only = {"verify": "verify", "describe": "described"}.get(action)  # nothing is seen, however it is opened
            if only is None:
                return {"seen": best, "rules": rules}
            return {"seen": only, "rules": [rule | {"seen": only} for rule in rules]}
    return None


def _rules(name: str, decision: Decision) -> Iterator[dict[str, Any]]:
    titles = {reason.code: reason.title for reason in decision.reasons if reason.told}
    for branch in decision.branches if decision.allow else ():
        seen = branch.columns.get(name)
        if seen is not None and branch.source in titles:
            rows = "all" if branch.rows.all_rows else "some"
            yield {"id": branch.source, "reason": _plain(titles[branch.source]), "seen": seen, "rows": rows}


def _plain(title: Title) -> dict[str, str]:
    return {"zh": title.zh, "en": title.en}
