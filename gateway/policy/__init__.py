"""Who may see what: the decision, and the projected view that is all the rest of the gateway ever gets."""
