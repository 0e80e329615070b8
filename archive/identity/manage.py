"""People, grants and integrations: the use cases behind the console's commands and the API's lists.

At the server's own machine the console may do all of it; over the API, reading takes `manage_people`. Nobody gives
anything to themselves. Every change and its event commit together.
"""

from archive.identity.first_administrator import first_administrator_link, setup_link_works, use_setup_link
from archive.identity.grants import Giving, give, revoke
from archive.identity.integrations import add_integration, integrations, revoke_integration, rotate
from archive.identity.managing import check_manager, console
from archive.identity.people import add_person, change_person, disable_person, enable_person, people
from archive.identity.typed import MIN_PASSWORD

__all__ = [
    "MIN_PASSWORD",
    "Giving",
    "add_integration",
    "add_person",
    "change_person",
    "check_manager",
    "console",
    "disable_person",
    "enable_person",
    "first_administrator_link",
    "give",
    "integrations",
    "people",
    "revoke",
    "revoke_integration",
    "rotate",
    "setup_link_works",
    "use_setup_link",
]
