"""What somebody typed about a person or a program: tidied, or refused with the name of its field."""

from archive.errors import Invalid

MIN_PASSWORD, MAX_PASSWORD = 10, 1024
"""Characters. No rule on their kinds: length is what resists guessing (NIST SP 800-63B, 3.1.1.2)."""

MAX_NAME, MAX_EMAIL = 200, 254


def clean_name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise Invalid(f"A name has 1 to {MAX_NAME} characters.", field="name")
    return name


def clean_email(email: str) -> str:
    email = email.strip().lower()
    local, at, domain = email.rpartition("@")
    if not (local and at and domain) or len(email) > MAX_EMAIL or not email.isprintable() or " " in email:
        raise Invalid("That is not an e-mail address.", field="email")
    return email


def checked_password(password: str, field: str = "password") -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.", field=field)
    return password
