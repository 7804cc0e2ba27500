"""/v1/requests, /v1/demands, /v1/corrections, /v1/break-glass: asking for access, and answering."""

from gateway.doors.requests import applications, break_glass, corrections, demands

ROUTERS = (applications.router, demands.router, corrections.router, break_glass.router)
