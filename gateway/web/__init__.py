"""HTTP as such: request ids, problems, content negotiation, conditional and range requests; no data in here."""
