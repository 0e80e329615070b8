"""What weighs so much that one person alone doesn't give it."""

from collections.abc import Collection

from archive.policy.actions import ROLE_ACTIONS, Action, Role

SPEECH = frozenset(
    {
        Action.READ_TRANSCRIPT,
        Action.LISTEN,
        Action.DOWNLOAD,
        Action.EXPORT,
        Action.APPROVE,
        Action.SEAL,
        Action.EDIT,
    }
)
"""What lets somebody read or hear what was said, take it away, or open it to others: whoever edits a call says whose it
is, and so who hears it."""


def opens_speech(role: Role | None, actions: Collection[Action]) -> bool:
    """Whether a grant of the role, or of the actions, opens what was said."""
    return not SPEECH.isdisjoint(ROLE_ACTIONS[role] if role else actions)
