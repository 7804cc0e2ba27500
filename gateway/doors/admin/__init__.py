"""/v1/admin: what a steward does to the control store, the same acts as `civiclake access`."""

from gateway.doors.admin import access, accounts, credentials, grants, overview

ROUTERS = (access.router, accounts.router, credentials.router, grants.router, overview.router)
