"""Claims to work that one process at a time should do; one whose holder has died runs out."""

from sqlalchemy import delete, or_, select, update

from turnwise.store.catalog.database import Database
from turnwise.store.catalog.tables import claims


class Claims:
    """Keeps them, by the name of the work."""

    def __init__(self, database: Database):
        self._database = database

    def take(self, name: str, holder: str, lease_ns: int) -> bool:
        """Hold it from now on for a time, also when it was held already; False: another one does."""
        now_ns = self._database.now()
        row = {"name": name, "holder": holder, "until_ns": now_ns + lease_ns}
        is_free = or_(claims.c.holder == holder, claims.c.until_ns <= now_ns)
        with self._database.writing() as connection:
            self._database.insert_new(connection, claims, [row])
            connection.execute(update(claims).where(claims.c.name == name, is_free).values(row))
            held_by = select(claims.c.holder).where(claims.c.name == name)
            # Gone when another one has let go of it just now: then it is there for the next look.
            found: str | None = connection.execute(held_by).scalar_one_or_none()
        return found == holder

    def release(self, name: str, holder: str) -> None:
        """Let go of it, if it is still held."""
        is_own = (claims.c.name == name) & (claims.c.holder == holder)
        with self._database.writing() as connection:
            connection.execute(delete(claims).where(is_own))
