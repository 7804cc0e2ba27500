"""The housing bureau's register of residential communities, their property companies and buildings."""
