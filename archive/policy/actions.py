"""The closed list of things that somebody may do, and the roles that bundle them."""

from enum import StrEnum


class Action(StrEnum):
    FIND = "find"
    READ_CALL = "read_call"
    READ_TRANSCRIPT = "read_transcript"
    LISTEN = "listen"
    DOWNLOAD = "download"
    UPLOAD = "upload"
    EDIT = "edit"
    COMMENT = "comment"
    REVIEW = "review"
    EXPORT = "export"
    GRANT = "grant"
    APPROVE = "approve"
    SEAL = "seal"
    HOLD = "hold"
    DELETE = "delete"
    REDACT = "redact"
    READ_AUDIT = "read_audit"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_SYSTEM = "manage_system"


class Role(StrEnum):
    PARTNER_MANAGER = "partner_manager"
    TEAM_LEAD = "team_lead"
    AGENT = "agent"
    COMPLIANCE = "compliance"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


A = Action
HEAR = frozenset({A.FIND, A.READ_CALL, A.READ_TRANSCRIPT, A.LISTEN})

ROLE_ACTIONS: dict[Role, frozenset[Action]] = {
    Role.PARTNER_MANAGER: HEAR | {A.UPLOAD, A.COMMENT, A.GRANT},
    Role.TEAM_LEAD: HEAR | {A.EDIT, A.COMMENT, A.REVIEW},
    Role.AGENT: HEAR | {A.COMMENT},
    Role.COMPLIANCE: HEAR
    | {A.DOWNLOAD, A.EXPORT, A.APPROVE, A.SEAL, A.HOLD, A.REDACT, A.DELETE, A.READ_AUDIT},
    Role.AUDITOR: frozenset({A.READ_AUDIT}),
    Role.ADMINISTRATOR: frozenset({A.MANAGE_PEOPLE, A.MANAGE_SYSTEM, A.GRANT}),
}
