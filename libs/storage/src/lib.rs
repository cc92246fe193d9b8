//! One SQL text, two databases; idempotency, outbox, inbox, leases, group commit and the vault.
//!
//! Rules of portable SQL, which every store keeps:
//!
//! 1. `$1` placeholders, lower-case SQL, one statement per constant in the method that runs it.
//! 2. `on conflict (columns) do update set x = excluded.x`; never `on constraint name`.
//! 3. `select *` only from one table into its row struct.
//! 4. Lists with [`built!`] and `… in (`; never `= any($1)`, `unnest`, `json_each`. Bulk rows with
//!    `push_values` in [`chunks`] (SQLite takes 32,766 binds, PostgreSQL 65,535).
//! 5. `cast(sum(x) as bigint)`; `count(column)`; no division in SQL.
//! 6. No `now()`: the `Clock` binds time.
//! 7. Instants through [`Instant`] (`timestamptz` on PostgreSQL, microsecond integer on SQLite).
//! 8. `strict` tables on SQLite. Ids `blob`/`uuid`, JSON `text`/`jsonb` bound as `Json<T>`, never queried inside.
//! 9. Hot and bulk writes through one [`Writer`] per store, the others in [`transaction!`], which says `begin immediate` on SQLite: plain `begin` in WAL mode loses
//!    contended transactions.
//! 10. SQLite: WAL, `synchronous = full`, one file per service.
//! 11. In-memory SQLite: one connection that never ends.
//! 12. Errors are classified once, in [`Error`].
//! 13. A forgotten `.bind` is NULL on SQLite and an error on PostgreSQL: every method is tested on both.
//! 14. A row is locked by the read itself, with [`locking!`]. Where else the engines truly differ write the `match` on [`On`]
//!     out with a sentence; three per service at most.
//! 15. PostgreSQL: no advisory locks, no reliance on `LISTEN/NOTIFY`, no sequences whose gaps or order matter.

pub mod backup;
mod built;
mod database;
mod error;
pub mod examine;
mod instant;
pub mod invariants;
pub mod lease;
mod migrate;
mod once;
pub mod outbox;
pub mod probe;
mod savepoint;
pub mod seal;
pub mod vault;
mod writer;

pub use built::{CHUNK, chunks};
pub use database::{
    Config, Database, On, Pool, Tx, begin, commit, connect, is_contended, ping, pool,
};
pub use error::{Error, Result};
pub use instant::Instant;
pub use migrate::{Migrations, migrate};
pub use once::Once;
pub use savepoint::{mark, release, settle, undo};
#[doc(hidden)]
pub use sqlx;
pub use vault::Vault;
pub use writer::{Answers, Committer, Group, Writer};
