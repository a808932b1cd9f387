"""The relay in the cloud: takes webhooks, keeps them per gym, hands them to its box. Not of the daemon."""
