"""The settings, for the type checker: it imports them but reaches no service and opens no sealed column."""

import os

for name in ("EPITOME_SECRET_KEY", "EPITOME_MASTER_KEY"):
    os.environ.setdefault(name, "A" * 43 + "=")

from clinical.settings import *  # noqa: E402, F403
