"""The credit office: register of legal entities, penalties, repairs and credit records, and the files it drops."""
