"""Prettier and its XML plugin, as package-lock.json pins them."""

import shutil
from pathlib import Path

from dev.paths import ROOT, digest_of
from dev.steps import step

MANIFESTS = (ROOT / "dev" / "package.json", ROOT / "dev" / "package-lock.json")


def node_modules(cache: Path) -> Path:
    """Return the folder with ``node_modules`` in it, made when missing."""
    folder = cache / f"node-{digest_of(*MANIFESTS)}"
    if folder.is_dir():
        return folder
    with step("prettier", cache / "logs" / "node.log") as making:
        unfinished = folder.with_name(folder.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for manifest in MANIFESTS:
            shutil.copy(manifest, unfinished)
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        making.run(install, directory=unfinished, advice="is there a network?")
        unfinished.rename(folder)
    return folder
