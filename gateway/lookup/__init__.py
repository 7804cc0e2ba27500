"""The look-up store: questions that an index answers, without the engine."""
