"""Alembic's entry: one transaction per migration, one process at a time."""

from alembic import context
from sqlalchemy import create_engine, pool, text

import webapp.auth.models
import webapp.cargo.models
import webapp.catalog.models
import webapp.channels.models
import webapp.core.audit
import webapp.core.breaker
import webapp.core.operations
import webapp.core.typed_words
import webapp.core.worklist
import webapp.customers.models
import webapp.events.models
import webapp.orders.models
import webapp.payments.models  # noqa: F401 - importing fills the metadata
from webapp.core.db import Base

# Any fixed number: two processes that migrate at once wait for each other on it.
MIGRATION_LOCK = 20261123

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as connection:
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.commit()
    context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
    connection.commit()
