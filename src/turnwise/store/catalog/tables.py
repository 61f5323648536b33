"""The catalog's tables. Instants are nanoseconds since the epoch, ids are canonical UUID texts.

UUIDs are text on both databases, so that an id of any other form is simply not found instead of
being an error of one of them.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Uuid = String(36)

tenants = Table(
    "tenants",
    metadata,
    Column("id", _Uuid, primary_key=True),
    Column("slug", String(63), nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("uid", _Uuid, nullable=False, unique=True),
    Column("tenant_id", _Uuid, ForeignKey("tenants.id"), nullable=False),
    Column("email", String(254), nullable=False),
    # The address in lower case: the same person however it was typed.
    Column("email_key", String(254), nullable=False),
    # Null: cannot log in.
    Column("password_hash", Text),
    Column("role", String(16), nullable=False),
    Column("is_staff", Boolean, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    UniqueConstraint("tenant_id", "email_key"),
    CheckConstraint("role IN ('owner', 'admin', 'member')", name="role"),
    Index(None, "email_key"),
    # A number once given to a person is never given to another.
    sqlite_autoincrement=True,
)

projects = Table(
    "projects",
    metadata,
    Column("id", _Uuid, primary_key=True),
    Column("tenant_id", _Uuid, ForeignKey("tenants.id"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("description", Text),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger),
    Column("extra", JSON, nullable=False),
    Column("default_dataset_id", _Uuid),
    Column("reference_dataset_id", _Uuid),
    Column("trace_tier", String(32)),
    Column("test_run_number", Integer),
    Column("last_run_start_ns", BigInteger),
    # Null: what the server's setting says.
    Column("retention_days", Integer),
    Column("keeps_recordings", Boolean, nullable=False, server_default=true()),
    Column("created_ns", BigInteger, nullable=False),
    UniqueConstraint("tenant_id", "name"),
)

erasures = Table(
    "erasures",
    metadata,
    # No foreign key: the project is gone, and what it had elsewhere is still to be erased.
    Column("project_id", _Uuid, primary_key=True),
    Column("created_ns", BigInteger, nullable=False),
)

agents = Table(
    "agents",
    metadata,
    Column("id", _Uuid, primary_key=True),
    Column("public_id", String(38), nullable=False, unique=True),
    Column("object_id", String(24), nullable=False, unique=True),
    Column("tenant_id", _Uuid, ForeignKey("tenants.id"), nullable=False),
    Column("project_id", _Uuid, ForeignKey("projects.id"), nullable=False),
    Column("slug", String(256), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_by", Integer, ForeignKey("users.id")),
    Column("config", JSON, nullable=False),
    Column("allowed_origins", JSON, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    UniqueConstraint("project_id", "slug"),
    Index(None, "tenant_id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", _Uuid, primary_key=True),
    Column("tenant_id", _Uuid, ForeignKey("tenants.id"), nullable=False),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("project_id", _Uuid, ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("style", String(16), nullable=False),
    Column("public_key", String(128), nullable=False, unique=True),
    Column("secret_hash", LargeBinary(32), nullable=False, unique=True),
    Column("preview", String(16), nullable=False),
    # Names joined by commas, in alphabetical order.
    Column("scopes", String(64), nullable=False),
    # True for the one key that TURNWISE_API_KEY names; null, not false, so that it is unique.
    Column("is_bootstrap", Boolean, unique=True),
    Column("created_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger),
    Column("last_used_ns", BigInteger),
    Column("revoked_ns", BigInteger),
    # A key at rest holds as little as a revoked one, and can be woken again.
    Column("is_paused", Boolean, nullable=False, server_default=false()),
    CheckConstraint("is_bootstrap", name="is_bootstrap"),
    Index(None, "tenant_id"),
)

prices = Table(
    "prices",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", _Uuid, nullable=False, unique=True),
    # Empty: everyone's, or all of the tenant's projects. Here and below nothing is null that names
    # the price, because nulls are never equal in a unique constraint.
    Column("tenant_id", _Uuid, nullable=False),
    Column("project_id", _Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("stage", String(16), nullable=False),
    Column("provider", String(128), nullable=False),
    Column("match", Text, nullable=False),
    Column("unit", String(32), nullable=False),
    Column("above_input_tokens", BigInteger, nullable=False),
    Column("valid_from_ns", BigInteger, nullable=False),
    Column("valid_until_ns", BigInteger),
    # A decimal's text: a database's number may be a binary float.
    Column("usd", Text, nullable=False),
    Column("per", BigInteger, nullable=False),
    Column("source_url", Text, nullable=False),
    Column("checked_on", String(10), nullable=False),
    UniqueConstraint(
        "tenant_id", "project_id", "stage", "provider", "match", "unit", "above_input_tokens",
        "valid_from_ns", name="uq_prices_what_is_priced",
    ),
    # Rows never change, and a number once given never stands for another: see Prices.stamp.
    sqlite_autoincrement=True,
)  # fmt: skip

session_numbers = Table(
    "session_numbers",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("project_id", _Uuid, nullable=False),
    Column("session_id", _Uuid, nullable=False),
    UniqueConstraint("project_id", "session_id"),
    # A number once shown never stands for another session.
    sqlite_autoincrement=True,
)

form_responses = Table(
    "form_responses",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("agent_id", _Uuid, ForeignKey("agents.id"), nullable=False),
    Column("form_id", String(255), nullable=False),
    Column("session_id", _Uuid, nullable=False),
    Column("values", JSON, nullable=False),
    Column("created_by", Integer, ForeignKey("users.id"), nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Index(None, "agent_id", "id"),
    sqlite_autoincrement=True,
)

integrations = Table(
    "integrations",
    metadata,
    Column("id", _Uuid, primary_key=True),
    Column("project_id", _Uuid, ForeignKey("projects.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("key", String(255), nullable=False),
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    # A signature leads to one project.
    UniqueConstraint("kind", "key"),
    Index(None, "project_id"),
)

audit_log = Table(
    "audit_log",
    metadata,
    # On SQLite only an INTEGER column counts up by itself.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at_ns", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("actor_user_id", Integer),
    Column("action", String(64), nullable=False),
    # No foreign keys: the log outlives what it speaks of.
    Column("tenant_id", _Uuid),
    Column("target", Text, nullable=False),
    Column("details", JSON, nullable=False),
    Index(None, "tenant_id", "id"),
)

alert_rules = Table(
    "alert_rules",
    metadata,
    Column("id", _Uuid, primary_key=True),
    Column("project_id", _Uuid, ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("metric", String(128), nullable=False),
    Column("comparison", String(8), nullable=False),
    Column("threshold", Double, nullable=False),
    Column("agent", String(256)),
    Column("window_minutes", Integer),
    Column("min_sessions", Integer, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("sealed_url", LargeBinary, nullable=False),
    Column("url_hint", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("firing_since_ns", BigInteger),
    Index(None, "project_id"),
)

alert_deliveries = Table(
    "alert_deliveries",
    metadata,
    Column("id", _Uuid, primary_key=True),
    Column("rule_id", _Uuid, ForeignKey("alert_rules.id"), nullable=False),
    Column("project_id", _Uuid, nullable=False),
    Column("state", String(16), nullable=False),
    Column("body", JSON, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("next_ns", BigInteger, nullable=False),
    Column("done_ns", BigInteger),
    Column("status", Integer),
    Column("error", Text),
    Index(None, "state", "next_ns"),
    Index(None, "rule_id", "created_ns"),
)

browser_sessions = Table(
    "browser_sessions",
    metadata,
    Column("id", _Uuid, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger, nullable=False),
    Index(None, "user_id"),
)

case_labels = Table(
    "case_labels",
    metadata,
    Column("project_id", _Uuid, ForeignKey("projects.id"), primary_key=True),
    Column("session_id", _Uuid, primary_key=True),
    # The turn and the instant of the case, as model.labels.Moment writes them.
    Column("case_id", String(40), primary_key=True),
    Column("label", String(16), nullable=False),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("holder", _Uuid, nullable=False),
    # In the past where whoever held it has died.
    Column("until_ns", BigInteger, nullable=False),
)
