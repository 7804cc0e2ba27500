"""Questions in SQL: checked, and then run in a process of their own that holds nothing but the caller's rows."""
