"""People, grants and integrations: the use cases behind the console's commands and the API's lists.

At the server's own machine the console may do all of it; over the API, reading takes `manage_people`. Nobody gives
anything to themselves. Every change and its event commit together.
"""

from archive.identity.first_administrator import first_administrator_link, setup_link_works, use_setup_link
from archive.identity.grants import Giving, give, revoke
from archive.identity.integrations import (
    Added,
    Registering,
    RegistrationChange,
    change_integration,
    integration,
    integrations,
    register,
    revoke_integration,
    rotate,
)
from archive.identity.managing import check_manager, console
from archive.identity.people import (
    add_person,
    change_person,
    disable_person,
    enable_person,
    people,
    person,
)
from archive.identity.typed import MIN_PASSWORD

__all__ = [
    "MIN_PASSWORD",
    "Added",
    "Giving",
    "Registering",
    "RegistrationChange",
    "add_person",
    "change_integration",
    "change_person",
    "check_manager",
    "console",
    "disable_person",
    "enable_person",
    "first_administrator_link",
    "give",
    "integration",
    "integrations",
    "people",
    "person",
    "register",
    "revoke",
    "revoke_integration",
    "rotate",
    "setup_link_works",
    "use_setup_link",
]
