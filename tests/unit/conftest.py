"""Lets unit tests import the core under a name of its own: ``mgp_core``.

The addon's ``__init__`` imports Odoo, which takes seconds and is not there at all with
``-p no:odoo``. The core imports itself relatively only (test_core_is_pure.py), so it
can be a top-level package as well. In a run with Odoo its classes exist twice then,
as ``odoo.addons.mail_gateway_plus.core`` too: harmless, as it registers nothing.
"""

import importlib.util
import os
import sys
from pathlib import Path

from hypothesis import settings

CORE = Path(__file__).resolve().parents[2] / "mail_gateway_plus" / "core"
NAME = "mgp_core"


def _make_core_importable():
    spec = importlib.util.spec_from_file_location(
        NAME, CORE / "__init__.py", submodule_search_locations=[str(CORE)]
    )
    sys.modules[NAME] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


# A busy machine is no finding, hence no deadline. Whoever merges a change shall not be
# stopped by an example that fails without it too: new ones are looked for elsewhere.
settings.register_profile("anywhere", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "anywhere")

_make_core_importable()
