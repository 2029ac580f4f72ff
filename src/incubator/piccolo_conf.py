"""What Piccolo's migration commands read: the engine, and every table in one chain of migrations."""

from piccolo.conf.apps import AppConfig, AppRegistry, table_finder

from incubator.foundation.database import DB
from incubator.settings import asset_folder

__all__ = ["APP_CONFIG", "APP_REGISTRY", "DB"]

MODULES = [
    "incubator.foundation.jobs",
    "incubator.foundation.files",
    "incubator.foundation.uploads",
    *(f"incubator.{feature}.tables" for feature in (
        "journal", "people", "installation", "notifications", "programmes", "teams", "stages", "moderation", "exchange", "jury",
    )),
    "incubator.jury.pitch.tables",
    "incubator.jury.minutes.tables",
]  # fmt: skip

APP_CONFIG = AppConfig(
    app_name="incubator",
    migrations_folder_path=str(asset_folder("migrations")),
    table_classes=table_finder(modules=MODULES),
    migration_dependencies=[],
)

APP_REGISTRY = AppRegistry(apps=["incubator.piccolo_conf"])
