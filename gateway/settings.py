"""What can be set about the gateway: one typed record, read from CIVICLAKE_GATEWAY_* and refused when unknown."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import Field, IPvAnyNetwork, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "CIVICLAKE_GATEWAY_"


class GatewaySettings(BaseSettings):
    """Settings of one gateway process. Times are seconds, sizes are bytes unless the name says otherwise.

    Every field can be given as `CIVICLAKE_GATEWAY_<FIELD>`; a variable with that prefix and no such field is
    refused at start, so that a slip of the pen cannot leave a limit switched off.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    home: Path = Field(description="Workspace of the city: the folder that holds `releases/`.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(1, ge=1, le=64, description="Server processes; they share the release files.")
    cursor_secret: SecretStr | None = Field(
        None,
        min_length=16,
        description="Signs page cursors. Unset: a secret file, so that cursors outlive the server.",
    )
    join_key_secret: SecretStr | None = Field(
        None,
        min_length=32,
        description="Join keys of consumers are made from it; a change changes them all. Unset: a secret file.",
    )
    control_url: SecretStr | None = Field(
        None,
        description="Control store: `postgresql+psycopg://…` or `sqlite:///…`. Unset: a SQLite file in the workspace.",
    )
    secrets_dir: Path | None = Field(
        None, description="Folder of the secret files. Unset: `control/` of the workspace, where they are made."
    )
    key_pepper: SecretStr | None = Field(
        None, min_length=16, description="Keys the hashes of stored secrets; a change makes every key invalid."
    )
    token_secrets: SecretStr | None = Field(
        None, min_length=16, description="Sign access tokens, one a line: the first signs, all verify."
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#]+$",
        description="Address under which callers reach the gateway, without a path; logins need it.",
    )
    access_token_lifetime: float = Field(600.0, gt=0, le=3600, description="Access tokens end after this time.")
    session_lifetime: float = Field(28_800.0, gt=0, le=86_400, description="A person signs in again after this time.")
    longest_key_days: int = Field(366, ge=1, le=1100, description="Longest lifetime of a key or OAuth client, in days.")
    terms_version: str | None = Field(
        None, description="Version of the terms of use a registered developer must have signed. Unset: any."
    )
    oidc_issuer: str | None = Field(
        None, description="OpenID provider by its issuer URL; its discovery document tells the rest."
    )
    oidc_client_id: str | None = Field(None, description="Our client id at the OpenID provider.")
    oidc_client_secret: SecretStr | None = Field(None, description="Our secret at the OpenID provider, if it gave one.")
    oidc_claim: str = Field("sub", description="Claim that says who a person is: `sub`, or `email` once verified.")
    max_body: int = Field(262_144, ge=1024, description="Largest request body.")
    default_page_rows: int = Field(100, ge=1, description="Rows of a JSON page when `limit` is not given.")
    max_page_rows: int = Field(10_000, ge=1, description="Largest `limit` of one page.")
    max_offset: int = Field(10_000_000, ge=0, description="Largest offset of a page, where pages go by offsets.")
    max_conditions: int = Field(50, ge=1, description="Most filter conditions of one request.")
    max_set_values: int = Field(500, ge=1, description="Most values of one `in` list.")
    max_facets: int = Field(20, ge=1, le=100, description="Most columns of one request for facets.")
    max_protected_groups: int = Field(
        1_000, ge=1, le=10_000, description="Most groups of an answer over columns seen in aggregates only."
    )
    count_timeout: float = Field(
        2.0, gt=0, le=60, description="A total that is not counted after this time is estimated, and says so."
    )
    statement_timeout: float = Field(30.0, gt=0, description="A page query is interrupted after this time.")
    export_timeout: float = Field(900.0, gt=0, description="A streamed answer is broken off after this time.")
    concurrent_statements: int = Field(4, ge=1, le=256, description="Statements that run at the same time.")
    concurrent_exports: int = Field(8, ge=1, le=1024, description="Streamed answers that may be open at a time.")
    sandboxes: int = Field(
        2, ge=1, le=64, description="Questions in SQL that run at the same time, each in a process of its own."
    )
    memory_limit: str = Field("1GB", pattern=r"^\d+(\.\d+)?\s?([KMGT]i?B)$", description="Engine memory per process.")
    engine_threads: int = Field(2, ge=1, le=256, description="Engine threads per process.")
    earlier_releases: int = Field(4, ge=1, le=100, description="Earlier releases that stay open once asked for.")
    release_poll: float = Field(0.25, gt=0, le=60, description="How often CURRENT and the policy are looked at.")
    withdrawal_poll: float = Field(1.0, gt=0, le=30, description="How often it is looked for withdrawn rows.")
    max_age: int = Field(
        0, ge=0, le=60, description="Seconds a cache may answer without asking; 0 asks each time (304 is cheap)."
    )
    document_cache: int = Field(
        32 << 20,
        ge=0,
        le=1 << 30,
        description="Bytes of catalogue documents (DCAT and others) that are kept in memory.",
    )
    answer_cache: int = Field(
        64 << 20, ge=0, le=1 << 34, description="Bytes of pages that are kept in memory for who asks the same; 0: none."
    )
    audit_url: SecretStr | None = Field(
        None,
        description="Audit log: `postgresql+psycopg://…` or `sqlite:///…`. Unset: a SQLite file in the workspace.",
    )
    audit_queue: int = Field(
        20_000, ge=100, description="Accesses that may wait to be recorded; then only the public is served."
    )
    seals_dir: Path | None = Field(
        None,
        description="Folder of the keys that seal the audit log and sign receipts, and of the log's anchor; best on "
        "another disk than the log. Unset: `seals/` of the workspace.",
    )
    quota_url: SecretStr | None = Field(
        None,
        description="PostgreSQL that counts quotas of several machines. Unset: memory, or a file for several workers.",
    )
    notice_poll: float = Field(1.0, gt=0, le=60, description="How often it is looked for events, and for due ones.")
    webhook_networks: tuple[IPvAnyNetwork, ...] = Field(
        (),
        description='Private networks into which webhooks may go, as JSON: `["10.2.0.0/16"]`. Loopback among them, for '
        "trials, may be reached without TLS.",
    )
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        (), description='Networks of our own proxies, as JSON: `["10.0.0.0/8"]`. Their X-Forwarded-For is believed.'
    )
    cors_origins: tuple[str, ...] = Field(("*",), description="Web origins that may read answers in a browser.")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_variables(cls, values: Any) -> Any:
        known = {PREFIX + name.upper() for name in cls.model_fields}
        unknown = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
        if unknown:
            allowed = ", ".join(sorted(known))
            raise ValueError(f"unknown setting {', '.join(unknown)}; remove it or use one of: {allowed}")
        return values

    @model_validator(mode="after")
    def _default_page_fits(self) -> GatewaySettings:
        if self.default_page_rows > self.max_page_rows:
            raise ValueError("default_page_rows must not exceed max_page_rows")
        return self
