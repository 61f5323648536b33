"""Opening: from nothing, from this version, from a newer one, and what cannot be opened."""

from pathlib import Path
from stat import S_IMODE

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tests.contract.store.catalog.conftest import Place
from tests.contract.store.catalog.together import in_threads
from turnwise.model.errors import Misconfigured
from turnwise.store.catalog import SqlCatalog, catalog_url
from turnwise.store.catalog.database import Database, open_database
from turnwise.store.catalog.tables import metadata


@pytest.fixture
def database(place: Place, catalog: SqlCatalog) -> Database:
    return catalog._database


def test_migrations_make_the_tables_of_the_code(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_second_opening_keeps_everything(place: Place, catalog: SqlCatalog) -> None:
    made = catalog.ensure_defaults()
    with place.open() as again:
        assert again.ensure_defaults() == made
        assert again.health() == catalog.health()


def test_a_newer_schema_is_refused(place: Place, database: Database) -> None:
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Misconfigured, match="schema 9999, which a newer version"):
        place.open()


def test_a_migration_that_fails_leaves_nothing_behind(place: Place) -> None:
    database = open_database(place.address)
    # The first schema cannot be made where a table of one of its names stands.
    with database.writing() as connection:
        connection.execute(sa.text("CREATE TABLE users (x INTEGER)"))
    with pytest.raises(Misconfigured):
        place.open()
    with database.writing() as connection:
        assert sa.inspect(connection).get_table_names() == ["users"]
        connection.execute(sa.text("DROP TABLE users"))
    database.close()
    place.open().close()


def test_threads_migrate_at_once(place: Place) -> None:
    for catalog in in_threads(place.open):
        assert catalog.health().facts["schema"] == "0009"
        catalog.close()


def test_sqlite_is_set_up_to_last(tmp_path: Path) -> None:
    with SqlCatalog.open(catalog_url(tmp_path)) as catalog:
        with catalog._database.reading() as connection:
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        full = 2
        assert found == {
            "journal_mode": "wal",
            "synchronous": full,
            "foreign_keys": 1,
            "busy_timeout": 10_000,
        }
        modes = {S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        assert modes == {0o600}


@pytest.mark.parametrize(
    "url",
    [
        "mysql://someone:hush@host/name",
        "someone:hush@host",
        "sqlite://",
        "postgresql://someone:hush@127.0.0.1:1/name",
    ],
)
def test_other_addresses_stop_the_start_without_the_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        SqlCatalog.open(catalog_url(tmp_path, url))
    assert "hush" not in refused.value.message
    assert "\n" not in refused.value.message


def test_every_spelling_of_postgresql_works(postgres_url: str) -> None:
    rest = postgres_url.removeprefix("postgresql")
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        SqlCatalog.open(scheme + rest).close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_text("something else " * 100)
    with pytest.raises(Misconfigured, match="not a database"):
        SqlCatalog.open(catalog_url(tmp_path))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="cannot be made"):
        SqlCatalog.open(catalog_url(tmp_path / "file"))
