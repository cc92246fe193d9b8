//! The vault: what identifies a person, sealed under a key of the person's own, which is sealed under the master key.
//!
//! Destroying the person's key erases the person in every table and every backup made after the key was stored apart;
//! the rows are deleted as well. Every look and every erasure is a row of `vault_looks`, which the database itself
//! refuses to change. Nothing of the vault belongs into events, lists, logs or idempotency rows.
//!
//! Master keys rotate: the current one wraps, older ones only open, and [`Vault::rewrap`] ends the need for them. The key
//! that names persons outlives them all; it lies in the database, wrapped like a person's.

mod masters;

use std::sync::Arc;

use aws_lc_rs::hmac;
use time::OffsetDateTime;
use tokio::sync::OnceCell;
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use crate::seal::{KEY, Sealer, fresh_key};
use crate::{Database, Instant, Result, Tx, built, execute, on};
use masters::Masters;

/// Seals and opens persons' data; cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Keys>);

struct Keys {
    masters: Masters,
    /// Where the key of names lies; none where it is derived from the one master.
    database: Option<Database>,
    names: OnceCell<Names>,
}

/// The key that names persons.
struct Names {
    key: [u8; KEY],
    sign: hmac::Key,
}

impl Names {
    fn new(key: [u8; KEY]) -> Self {
        let sign = hmac::Key::new(hmac::HMAC_SHA256, &key);
        Self { key, sign }
    }
}

/// Who looks into the vault, for what, and when.
#[derive(Debug, Clone)]
pub struct Look {
    /// Identity of the look; rises with time.
    pub id: Uuid,
    /// The token's subject.
    pub actor: String,
    /// What the data is needed for.
    pub purpose: String,
    /// What it is looked up for, such as a VIN; may be empty.
    pub about: String,
    /// When.
    pub at: OffsetDateTime,
}

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The data as it was stored.
    Data(Vec<u8>),
    /// The person was erased.
    Erased(OffsetDateTime),
    /// There never was any.
    Nothing,
}

/// A look or an erasure that happened.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Looked {
    /// Identity.
    pub id: Uuid,
    /// Whose data.
    pub person: Uuid,
    /// What it was looked up for; empty for an erasure.
    pub about: String,
    /// `READ`, `READ_ERASED` or `ERASED`.
    pub action: String,
    /// The token's subject.
    pub actor: String,
    /// What the data was needed for.
    pub purpose: String,
    /// When.
    pub looked_at: Instant,
}

impl Vault {
    /// A vault of one master key that leaves nothing behind: for a key that ends with the process.
    pub fn new(master: &[u8; KEY]) -> Result<Self> {
        Ok(Self::over(
            Masters::new(std::slice::from_ref(master))?,
            None,
        ))
    }

    /// The vault of a database under its master keys, the current one first; see
    /// [`configured_key`](crate::seal::configured_key). The database is asked when it is first needed.
    pub fn open(database: &Database, masters: &[[u8; KEY]]) -> Result<Self> {
        Ok(Self::over(Masters::new(masters)?, Some(database.clone())))
    }

    fn over(masters: Masters, database: Option<Database>) -> Self {
        Self(Arc::new(Keys {
            masters,
            database,
            names: OnceCell::new(),
        }))
    }

    /// Whether the keys are those of the database: [`MasterKey`](crate::Error::MasterKey) where it is sealed under one that
    /// is not among them, [`Key`](crate::Error::Key) where one of them does not open what it should.
    pub async fn check(&self) -> Result<()> {
        self.names().await.map(drop)
    }

    async fn names(&self) -> Result<&Names> {
        let Keys {
            masters,
            database,
            names,
        } = &*self.0;
        names
            .get_or_try_init(async || {
                let key = match database {
                    Some(database) => masters::names(database, masters).await?,
                    None => masters.derived_names()?,
                };
                Ok(Names::new(key))
            })
            .await
    }

    /// The identity of a person within a tenant, from what names them (such as type and number of a paper): the same
    /// text is the same person, and without the vault's keys the text cannot be guessed from the identity.
    pub async fn person(&self, tenant: &Tenant, name: &str) -> Result<Uuid> {
        let mut bytes = [0_u8; 16];
        let digest = self.digest(&format!("{tenant}\n{name}")).await?;
        bytes.copy_from_slice(&digest[..16]);
        Ok(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// A digest that says whether two texts are equal and nothing else; for idempotency keys over personal data.
    pub async fn digest(&self, text: &str) -> Result<Vec<u8>> {
        let names = self.names().await?;
        Ok(hmac::sign(&names.sign, text.as_bytes()).as_ref().to_vec())
    }

    /// Stores what is known of a person, replacing what was known before.
    pub async fn put(
        &self,
        tx: &mut Tx,
        tenant: &Tenant,
        person: Uuid,
        plain: &[u8],
        at: OffsetDateTime,
    ) -> Result<()> {
        // The update takes the row's lock, so that two writers of one new person agree on its key.
        const PERSON: &str = "insert into vault_persons (tenant_id, person, created_at) values ($1, $2, $3) \
                              on conflict (tenant_id, person) do update set created_at = vault_persons.created_at returning wrapped_key, master";
        const KEEP: &str = "update vault_persons set wrapped_key = $3, master = $4, erased_at = null where tenant_id = $1 and person = $2";
        const STORE: &str = "insert into vault_records (tenant_id, person, sealed, stored_at) values ($1, $2, $3, $4) \
                             on conflict (tenant_id, person) do update set sealed = excluded.sealed, stored_at = excluded.stored_at";
        let stored: (Option<Vec<u8>>, Option<String>) = on!(&mut *tx, |c| sqlx::query_as(PERSON)
            .bind(tenant.as_str())
            .bind(person)
            .bind(Instant(at))
            .fetch_one(&mut **c)
            .await)?;
        let named = bound(tenant.as_str(), person, "key");
        let masters = &self.0.masters;
        let key = if let (Some(wrapped), master) = stored {
            masters.unwrap(&named, master.as_deref(), &wrapped)?
        } else {
            let key = fresh_key()?;
            let wrapped = masters.wrap(&named, &key)?;
            execute!(&mut *tx, |c| sqlx::query(KEEP)
                .bind(tenant.as_str())
                .bind(person)
                .bind(&wrapped)
                .bind(&masters.current()?.id)
                .execute(&mut **c))?;
            key
        };
        let sealed = Sealer::new(&key)?.seal(&bound(tenant.as_str(), person, "record"), plain)?;
        execute!(&mut *tx, |c| sqlx::query(STORE)
            .bind(tenant.as_str())
            .bind(person)
            .bind(&sealed)
            .bind(Instant(at))
            .execute(&mut **c))?;
        Ok(())
    }

    /// Opens what is known of a person; that it was done is stored in the same transaction.
    pub async fn read(
        &self,
        tx: &mut Tx,
        tenant: &Tenant,
        person: Uuid,
        look: &Look,
    ) -> Result<Found> {
        const READ: &str = "select p.wrapped_key, p.master, r.sealed, p.erased_at from vault_persons p left join vault_records r \
                            on r.tenant_id = p.tenant_id and r.person = p.person where p.tenant_id = $1 and p.person = $2";
        type Row = (
            Option<Vec<u8>>,
            Option<String>,
            Option<Vec<u8>>,
            Option<Instant>,
        );
        let row: Option<Row> = on!(&mut *tx, |c| sqlx::query_as(READ)
            .bind(tenant.as_str())
            .bind(person)
            .fetch_optional(&mut **c)
            .await)?;
        let found = match row {
            Some((Some(wrapped), master, Some(sealed), _)) => {
                let named = bound(tenant.as_str(), person, "key");
                let key = self.0.masters.unwrap(&named, master.as_deref(), &wrapped)?;
                let record = bound(tenant.as_str(), person, "record");
                let plain = Sealer::new(&key)?.open(&record, &sealed)?;
                Found::Data(plain)
            }
            Some((_, _, _, Some(at))) => Found::Erased(at.0),
            _ => return Ok(Found::Nothing),
        };
        let action = match found {
            Found::Data(_) => "READ",
            _ => "READ_ERASED",
        };
        note(tx, tenant, person, action, look).await?;
        Ok(found)
    }

    /// Destroys the person's key and data; `false` where there is no such person. A second erasure stands beside the first.
    pub async fn erase(
        &self,
        tx: &mut Tx,
        tenant: &Tenant,
        person: Uuid,
        look: &Look,
    ) -> Result<bool> {
        const SHRED: &str = "update vault_persons set wrapped_key = null, erased_at = $3 where tenant_id = $1 and person = $2";
        const DELETE: &str = "delete from vault_records where tenant_id = $1 and person = $2";
        let known = execute!(&mut *tx, |c| sqlx::query(SHRED)
            .bind(tenant.as_str())
            .bind(person)
            .bind(Instant(look.at))
            .execute(&mut **c))?;
        if known == 0 {
            return Ok(false);
        }
        execute!(&mut *tx, |c| sqlx::query(DELETE)
            .bind(tenant.as_str())
            .bind(person)
            .execute(&mut **c))?;
        note(tx, tenant, person, "ERASED", look).await?;
        Ok(true)
    }
}

/// At most `limit` looks of a tenant after one, of one person or of all, oldest first.
pub async fn looks(
    database: &Database,
    tenant: &Tenant,
    person: Option<Uuid>,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Looked>> {
    const READ: &str = "select id, person, about, action, actor, purpose, looked_at from vault_looks where tenant_id = ";
    built!(
        database,
        READ,
        |query| {
            query.push_bind(tenant.as_str());
            if let Some(person) = person {
                query.push(" and person = ").push_bind(person);
            }
            if let Some(after) = after {
                query.push(" and id > ").push_bind(after);
            }
            query
                .push(" order by id limit ")
                .push_bind(i64::from(limit));
        },
        |pool| query.build_query_as().fetch_all(pool).await
    )
}

async fn note(tx: &mut Tx, tenant: &Tenant, person: Uuid, action: &str, look: &Look) -> Result<()> {
    const NOTE: &str = "insert into vault_looks (tenant_id, id, person, about, action, actor, purpose, looked_at) \
                        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    execute!(&mut *tx, |c| sqlx::query(NOTE)
        .bind(tenant.as_str())
        .bind(look.id)
        .bind(person)
        .bind(&look.about)
        .bind(action)
        .bind(&look.actor)
        .bind(&look.purpose)
        .bind(Instant(look.at))
        .execute(&mut **c))?;
    Ok(())
}

fn bound(tenant: &str, person: Uuid, what: &str) -> String {
    format!("{tenant}/{person}/{what}")
}
