"""The demo's own login and key: made once, kept in the data folder for its owner alone."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from turnwise.store.catalog import SqlCatalog

_FILE = "demo-access.json"
EMAIL = "demo@turnwise.local"


@dataclass(frozen=True, slots=True)
class DemoAccess:
    """What a person needs to look at the demo."""

    email: str
    password: str
    public_key: str
    secret_key: str


def ensure_demo_access(catalog: SqlCatalog, data_dir: Path) -> DemoAccess:
    """The demo's login and key, made at the first call and the same at every later one."""
    file = data_dir / _FILE
    if file.exists():
        access = DemoAccess(**json.loads(file.read_text()))
        if catalog.caller_by_secret(access.secret_key, access.public_key) is not None:
            return access
    login = catalog.ensure_demo(EMAIL)
    access = DemoAccess(EMAIL, login.password, login.key.public_key, login.secret_key)
    file.touch(mode=0o600)
    file.write_text(json.dumps(asdict(access)))
    return access
