"""Who is asking: API keys, access tokens of systems and sessions of people, each resolved to one actor."""
