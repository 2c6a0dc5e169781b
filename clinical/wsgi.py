"""The web application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinical.settings")
application = get_wsgi_application()

from clinical.checks import refuse_faulty_word_lists, refuse_owner_role  # noqa: E402 - after Django is set up

refuse_owner_role()
refuse_faulty_word_lists()
