"""From what a request presents to its caller: looked up in the control store, remembered while nothing changes there.

An answer is remembered for one revision of the store and until the first moment at which time alone could change it
(an expiry, the start of a grant), and never longer than a minute. So a revocation holds from the next request on, in
every process, at the cost of one small read.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from catalog.policy.divisions import DivisionTree
from gateway.control.actors import NotInForceError, actor_for
from gateway.control.errors import ControlError
from gateway.control.store import ControlStore
from gateway.control.tables.identity import ApiKey, LoginSession, OAuthClient
from gateway.identity.presented import Presented, unauthenticated
from gateway.identity.scope import Scope, from_words, narrowed
from gateway.identity.secret_text import Hasher, public_id
from gateway.identity.tokens import BadTokenError, TokenSigner
from gateway.policy.actor import PUBLIC, Actor, TokenScope
from gateway.problems import AccountNotInForce, Problem

log = logging.getLogger("gateway.identity")

_REMEMBERED = timedelta(minutes=1)
_MOST = 10_000
_UNKNOWN = "The credential is unknown, expired or revoked."

Method = Literal["public", "key", "token", "session"]


@dataclass(frozen=True)
class Identified:
    """Who is asking, by which credential (its public id), and whether it may use the administration routes."""

    actor: Actor
    method: Method
    credential: str | None = None
    admin: bool = False


ANYBODY = Identified(PUBLIC, "public")


@dataclass(frozen=True)
class _Found:
    """What a credential opens: its holder, scope, end, and the row to note its use in."""

    principal: str
    credential: str
    scope: TokenScope | None
    admin: bool
    until: datetime
    row: ApiKey | OAuthClient | None = None


class Callers:
    """Finds callers. `tree` gives the divisions of the policy in force, `terms` the version T1 must have signed."""

    def __init__(
        self,
        store: ControlStore,
        hasher: Hasher,
        signer: TokenSigner,
        *,
        clock: Callable[[], datetime],
        tree: Callable[[], DivisionTree],
        terms: str | None = None,
    ) -> None:
        self._store, self._hasher, self._signer = store, hasher, signer
        self._clock, self._tree, self._terms = clock, tree, terms
        self._known: OrderedDict[bytes, tuple[int, DivisionTree, datetime, Identified]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, presented: Presented) -> Identified:
        """The caller. Raises Unauthenticated or AccountNotInForce, never gives less than was asked for in silence."""
        now, revision, tree = self._clock(), self._store.revision(), self._tree()
        place = hashlib.sha256(f"{presented.kind} {presented.text}".encode()).digest()
        with self._lock:
            known = self._known.get(place)
        if known is not None and known[:2] == (revision, tree) and now < known[2]:
            return known[3]
        with self._store.read() as session:
            found = self._look_up(session, presented, now, tree)
            try:
                held = actor_for(session, found.principal, now, tree=tree, scope=found.scope, terms=self._terms)
            except NotInForceError as error:
                raise _proven(AccountNotInForce(str(error)), found.credential) from None
        self._note_use(found, now)
        caller = Identified(held.actor, presented.kind, found.credential, found.admin and held.actor.tier == "T4")
        with self._lock:
            self._known[place] = (revision, tree, min(found.until, held.until, now + _REMEMBERED), caller)
            self._known.move_to_end(place)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return caller

    def _look_up(self, session: Session, presented: Presented, now: datetime, tree: DivisionTree) -> _Found:
        if presented.kind == "key":
            return self._by_key(session, presented.text, now)
        if presented.kind == "token":
            return self._by_token(session, presented.text, now, tree)
        return self._by_session(session, presented.text, now)

    def _by_key(self, session: Session, text: str, now: datetime) -> _Found:
        key = public_id("clk", text)
        row = session.get(ApiKey, key) if key else None
        # A hash is compared for unknown keys too, so that the time taken does not tell which ids exist.
        matches = self._hasher.matches(text, row.hash if row else "0" * 64)
        if row is None or not matches:
            raise unauthenticated(_UNKNOWN)
        state = "revoked" if row.revoked_at is not None else "expired" if row.expires_at <= now else None
        if state is not None:
            raise _proven(unauthenticated(f"The key is {state}."), row.id)
        scope = Scope.stored(row.scope)
        return _Found(row.principal, row.id, scope.token, scope.admin, row.expires_at, row)

    def _by_token(self, session: Session, text: str, now: datetime, tree: DivisionTree) -> _Found:
        try:
            access = self._signer.read_access(text, now)
        except BadTokenError:
            raise unauthenticated(_UNKNOWN) from None
        row = session.get(OAuthClient, access.client)
        if row is None or row.revoked_at is not None or row.expires_at <= now:
            raise _proven(unauthenticated(_UNKNOWN), access.client)
        registered = Scope.stored(row.scope)
        try:
            asked = from_words(access.scope, registered)
        except ControlError:
            raise unauthenticated(_UNKNOWN) from None
        scope = narrowed([registered.token, asked.token], tree)
        until = min(access.expires_at, row.expires_at)
        return _Found(row.principal, row.id, scope, registered.admin and asked.admin, until, row)

    def _by_session(self, session: Session, text: str, now: datetime) -> _Found:
        row = session.get(LoginSession, self._hasher.hash(text))
        if row is None or row.revoked_at is not None or row.expires_at <= now:
            raise unauthenticated("The session has ended; sign in again.")
        return _Found(row.principal, f"session-{row.hash[:12]}", None, True, row.expires_at)

    def _note_use(self, found: _Found, now: datetime) -> None:
        """Note the last use, true to the minute; a store too busy for it must not fail the request."""
        row = found.row
        if row is None or (row.last_used_at is not None and now - row.last_used_at < _REMEMBERED):
            return
        table = type(row)
        try:
            with self._store.note() as session:
                session.execute(update(table).where(table.id == row.id).values(last_used_at=now))
        except SQLAlchemyError as error:
            log.warning("the use of %s could not be noted: %s", row.id, type(error).__name__)


def _proven(problem: Problem, credential: str) -> Problem:
    """The refusal of a credential that was not guessed: whoever sent it holds it."""
    problem.credential = credential
    return problem
