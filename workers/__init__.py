"""arq workers: the doorbell rings, a use case runs."""
