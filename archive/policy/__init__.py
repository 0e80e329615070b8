"""Who may do what: actions, roles, grants and scopes. The only place that decides."""
