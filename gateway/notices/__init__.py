"""Notices to programs: events about datasets, kept in an outbox, sent to subscribers and shown in feeds."""
