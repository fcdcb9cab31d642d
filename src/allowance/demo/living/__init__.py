"""What does a day look like? The living shop behind a running Allowance, a past behind both, and a guided tour."""
