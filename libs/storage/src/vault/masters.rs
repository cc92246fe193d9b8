//! Master keys of a vault: the first wraps, all open, each has an id; and the key of names, which outlives them.

use aws_lc_rs::hmac;
use uuid::Uuid;

use super::Vault;
use crate::seal::{KEY, Sealer};
use crate::{Database, Error, Result, Tx, execute, on, transaction};

/// Persons whose keys are wrapped anew in one transaction.
const BATCH: i64 = 256;
/// The row of the key of names, and what ties it there.
const NAMES: &str = "names";
const NAMES_BOUND: &str = "vault/names/key";

/// Tenant, person, master and wrapped key.
type Wrapped = (String, Uuid, Option<String>, Vec<u8>);

/// A master key in use.
pub(super) struct Master {
    /// Sixteen hex digits that say which key it is and nothing of it.
    pub(super) id: String,
    wrapping: Sealer,
    /// The key of names as it was derived while there was one master only.
    names: Vec<u8>,
}

impl Master {
    pub(super) fn new(key: &[u8; KEY]) -> Result<Self> {
        let master = hmac::Key::new(hmac::HMAC_SHA256, key);
        let derived = |purpose: &[u8]| hmac::sign(&master, purpose);
        let wrapping: [u8; KEY] = derived(b"tongguan vault: keys of persons")
            .as_ref()
            .try_into()
            .map_err(|_| Error::Key("the derived key has another length"))?;
        let id = derived(b"tongguan vault: id of a master key");
        Ok(Self {
            id: crate::seal::hex(&id.as_ref()[..8]),
            wrapping: Sealer::new(&wrapping)?,
            names: derived(b"tongguan vault: names of persons")
                .as_ref()
                .to_vec(),
        })
    }
}

/// The master keys of one process, the current one first.
pub(super) struct Masters(Vec<Master>);

impl Masters {
    /// At least one key; the first is the current one.
    pub(super) fn new(keys: &[[u8; KEY]]) -> Result<Self> {
        if keys.is_empty() {
            return Err(Error::Key("a vault needs a master key"));
        }
        keys.iter()
            .map(Master::new)
            .collect::<Result<_>>()
            .map(Self)
    }

    pub(super) fn current(&self) -> Result<&Master> {
        self.0
            .first()
            .ok_or(Error::Key("a vault needs a master key"))
    }

    /// The key of names of a vault that has stored none: the oldest master is the one it was derived from.
    pub(super) fn derived_names(&self) -> Result<[u8; KEY]> {
        let oldest = self
            .0
            .last()
            .ok_or(Error::Key("a vault needs a master key"))?;
        oldest
            .names
            .as_slice()
            .try_into()
            .map_err(|_| Error::Key("the derived key has another length"))
    }

    /// A key wrapped under the current master.
    pub(super) fn wrap(&self, bound: &str, key: &[u8; KEY]) -> Result<Vec<u8>> {
        self.current()?.wrapping.seal(bound, key)
    }

    /// A key opened under the master that wrapped it; each is tried where that is not known.
    pub(super) fn unwrap(
        &self,
        bound: &str,
        master: Option<&str>,
        wrapped: &[u8],
    ) -> Result<[u8; KEY]> {
        let of = |one: &&Master| master.is_none_or(|id| id == one.id);
        let mut candidates = self.0.iter().filter(of).peekable();
        if candidates.peek().is_none() {
            return Err(self.missing(master.unwrap_or_default()));
        }
        let mut refused = Error::Key("sealed bytes do not open");
        for candidate in candidates {
            match candidate.wrapping.open(bound, wrapped) {
                Ok(key) => {
                    return key
                        .try_into()
                        .map_err(|_| Error::corrupt("vault_persons.wrapped_key", "not a key"));
                }
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    fn missing(&self, needed: &str) -> Error {
        let known: Vec<&str> = self.0.iter().map(|master| master.id.as_str()).collect();
        Error::MasterKey {
            needed: needed.to_owned(),
            known: known.join(", "),
        }
    }
}

/// The key of names as the database keeps it; the first vault that is opened over the database stores it.
pub(super) async fn names(database: &Database, masters: &Masters) -> Result<[u8; KEY]> {
    const STORE: &str = "insert into vault_keys (name, master, wrapped_key) values ($1, $2, $3) on conflict (name) do nothing";
    const READ: &str = "select master, wrapped_key from vault_keys where name = $1";
    type Row = (String, Vec<u8>);
    let stored: Option<Row> = on!(database, |pool| sqlx::query_as(READ)
        .bind(NAMES)
        .fetch_optional(pool)
        .await)?;
    let (master, wrapped) = if let Some(stored) = stored {
        stored
    } else {
        is_theirs(database, masters).await?;
        let wrapped = masters.wrap(NAMES_BOUND, &masters.derived_names()?)?;
        execute!(database, |pool| sqlx::query(STORE)
            .bind(NAMES)
            .bind(&masters.current()?.id)
            .bind(&wrapped)
            .execute(pool))?;
        // Another process may have been first.
        on!(database, |pool| sqlx::query_as(READ)
            .bind(NAMES)
            .fetch_one(pool)
            .await)?
    };
    masters.unwrap(NAMES_BOUND, Some(&master), &wrapped)
}

/// Whether the masters open what a vault without a key of names holds: a wrong key must not become its key.
async fn is_theirs(database: &Database, masters: &Masters) -> Result<()> {
    const ANY: &str = "select tenant_id, person, master, wrapped_key from vault_persons where wrapped_key is not null limit 1";
    let any: Option<Wrapped> = on!(database, |pool| sqlx::query_as(ANY)
        .fetch_optional(pool)
        .await)?;
    if let Some((tenant, person, master, wrapped)) = any {
        let bound = super::bound(&tenant, person, "key");
        masters
            .unwrap(&bound, master.as_deref(), &wrapped)
            .map_err(|_| Error::Key("the vault's keys open nothing of what the vault holds"))?;
    }
    Ok(())
}

impl Vault {
    /// Wraps every person's key that stands under an older master anew under the current one, and the key of names last;
    /// answers how many. After it ended in all processes that write, older masters are not needed any more.
    ///
    /// A vault made with [`Vault::new`] has nothing to wrap anew. It can run beside reads, writes, erasures and another of itself, and be broken off and begun again.
    pub async fn rewrap(&self, database: &Database) -> Result<u64> {
        let mut wrapped = 0;
        loop {
            let done: Result<u64> = transaction!(database, |tx| { self.rewrap_some(tx).await });
            match done? {
                0 => break,
                some => wrapped += some,
            }
        }
        self.rewrap_names(database).await?;
        Ok(wrapped)
    }

    async fn rewrap_some(&self, tx: &mut Tx) -> Result<u64> {
        const OLDER: &str = "select tenant_id, person, master, wrapped_key from vault_persons \
                             where wrapped_key is not null and (master is null or master <> $1) limit $2";
        // Only what was read is replaced: who was erased meanwhile stays erased.
        const KEEP: &str = "update vault_persons set wrapped_key = $4, master = $5 \
                            where tenant_id = $1 and person = $2 and wrapped_key = $3";
        let current = &self.0.masters.current()?.id;
        let rows: Vec<Wrapped> = on!(&mut *tx, |c| sqlx::query_as(OLDER)
            .bind(current)
            .bind(BATCH)
            .fetch_all(&mut **c)
            .await)?;
        for (tenant, person, master, wrapped) in &rows {
            let bound = super::bound(tenant, *person, "key");
            let key = self.0.masters.unwrap(&bound, master.as_deref(), wrapped)?;
            let anew = self.0.masters.wrap(&bound, &key)?;
            execute!(&mut *tx, |c| sqlx::query(KEEP)
                .bind(tenant)
                .bind(*person)
                .bind(wrapped)
                .bind(&anew)
                .bind(current)
                .execute(&mut **c))?;
        }
        Ok(rows.len() as u64)
    }

    async fn rewrap_names(&self, database: &Database) -> Result<()> {
        const KEEP: &str =
            "update vault_keys set master = $2, wrapped_key = $3 where name = $1 and master <> $2";
        let current = &self.0.masters.current()?.id;
        let wrapped = self.0.masters.wrap(NAMES_BOUND, &self.names().await?.key)?;
        execute!(database, |pool| sqlx::query(KEEP)
            .bind(NAMES)
            .bind(current)
            .bind(&wrapped)
            .execute(pool))?;
        Ok(())
    }
}
