"""The platform beside a hand-written script, and one more day on a short and a long history."""
