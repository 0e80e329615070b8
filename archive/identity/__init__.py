"""Who is asking: principals, sessions, sign-in and tokens."""
