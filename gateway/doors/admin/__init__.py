"""/v1/admin: what a steward does to the control store, the same acts as `civiclake access`."""

from gateway.doors.admin import accounts, credentials, grants

ROUTERS = (accounts.router, credentials.router, grants.router)
