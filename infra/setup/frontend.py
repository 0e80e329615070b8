"""Node packages from the lock file, and the few of their files that the pages load."""

import json
import os
import shutil
from pathlib import Path

from infra.setup import BIN, ROOT
from infra.setup.steps import SetupError, Stamp, Step, run

FRONTEND = ROOT / "frontend"
VENDOR = FRONTEND / "vendor"
VENDOR_LIST = FRONTEND / "vendor.json"
NODE_MODULES = FRONTEND / "node_modules"
PACKAGES = Stamp("node-packages", (FRONTEND / "package.json", FRONTEND / "package-lock.json"))
PROVIDER = ROOT / "tests" / "provider"
PROVIDER_PACKAGES = Stamp("provider-packages", (PROVIDER / "package.json", PROVIDER / "package-lock.json"))


def node_packages() -> Step:
    """``npm ci`` with the Node that came as a wheel. No package's own script runs: frontend/.npmrc."""
    return Step(
        "Node packages",
        done=lambda: PACKAGES.fresh() and NODE_MODULES.is_dir() and not _missing(),
        work=_install,
    )


def provider_packages() -> Step:
    """The OpenID Connect provider that the tests sign in at."""
    return Step(
        "OpenID Connect provider for the tests",
        done=lambda: PROVIDER_PACKAGES.fresh() and (PROVIDER / "node_modules").is_dir(),
        work=_install_provider,
    )


def _install() -> None:
    _npm_ci(FRONTEND)
    copy_vendored(NODE_MODULES, VENDOR)
    PACKAGES.write()


def _install_provider() -> None:
    _npm_ci(PROVIDER)
    PROVIDER_PACKAGES.write()


def _npm_ci(folder: Path) -> None:
    run([BIN / "npm", "ci"], cwd=folder, env={"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"})


def vendored_files() -> dict[str, str]:
    """File inside its Node package -> file under frontend/vendor/, as vendor.json names them."""
    files = json.loads(VENDOR_LIST.read_text())["files"]
    return {str(source): str(target) for source, target in files.items()}


def _missing() -> list[str]:
    return [target for target in vendored_files().values() if not (VENDOR / target).is_file()]


def copy_vendored(packages: Path, vendor: Path) -> None:
    """Copies the named files, and only them: what a page can load is what vendor.json says."""
    shutil.rmtree(vendor, ignore_errors=True)
    for source, target in vendored_files().items():
        if not (packages / source).is_file():
            raise SetupError(f"{VENDOR_LIST.name} names {source}, which is in no installed package")
        (vendor / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(packages / source, vendor / target)
