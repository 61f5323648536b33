"""Tenants, users, keys, projects, agents, prices and the audit log, on SQLite or PostgreSQL."""

from turnwise.model.tenancy import ProjectChanges, ProjectDetails
from turnwise.store.catalog.agents import AgentDetails, AgentFields
from turnwise.store.catalog.audit import COMMAND_LINE, SERVER, Actor
from turnwise.store.catalog.bootstrap import Defaults, DemoLogin
from turnwise.store.catalog.database import catalog_url
from turnwise.store.catalog.keys import NewKey
from turnwise.store.catalog.prices import Kept, OwnedPrice, Owner
from turnwise.store.catalog.secrets import KeyStyle
from turnwise.store.catalog.sql import SqlCatalog

__all__ = [
    "COMMAND_LINE",
    "SERVER",
    "Actor",
    "AgentDetails",
    "AgentFields",
    "Defaults",
    "DemoLogin",
    "Kept",
    "KeyStyle",
    "NewKey",
    "OwnedPrice",
    "Owner",
    "ProjectChanges",
    "ProjectDetails",
    "SqlCatalog",
    "catalog_url",
]
