"""The Django application."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ClinicalConfig(AppConfig):
    """The one app of the project."""

    name = "clinical"
    verbose_name = "Epitome"

    def ready(self) -> None:
        """Register checks, the audit of log-ins, and the grants that follow a migration."""
        from clinical import accounts, checks, database_roles  # noqa: F401 - registers checks and receivers

        post_migrate.connect(database_roles.after_migrate, sender=self)
