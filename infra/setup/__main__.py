"""``python3 -m infra.setup serve|demo|develop|test`` brings about what that needs.

Exit codes: 0 done, 1 failed, 2 something is yours to do first, or wrong usage.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit("The call archive needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ...")

from infra.setup import environment, frontend, minio, system
from infra.setup.steps import SetupError, Step, run_steps


def profiles() -> dict[str, list[Step]]:
    """What each purpose needs, in order."""
    develop = _installed(system.TO_TEST, environment.development_packages())
    return {
        "serve": _installed(system.TO_SERVE, environment.product_packages()),
        "demo": _installed(system.TO_SHOW, environment.product_packages()),
        "develop": develop,
        "test": [*develop, frontend.provider_packages(), minio.minio()],
    }


def _installed(programs: tuple[system.Program, ...], packages: Step) -> list[Step]:
    return [
        system.system_packages(programs),
        environment.virtual_environment(),
        packages,
        frontend.node_packages(),
        environment.command(),
    ]


def main(arguments: list[str]) -> int:
    """Runs the one profile that the arguments name."""
    known = profiles()
    if len(arguments) != 1 or arguments[0] not in known:
        print(f"usage: python3 -m infra.setup {'|'.join(known)}", file=sys.stderr)
        return 2
    try:
        run_steps(known[arguments[0]])
    except SetupError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
