//! The vault: what identifies a person, sealed under a key of the person's own, which is sealed under the master key.
//!
//! Destroying the person's key erases the person in every table and every backup made after the key was stored apart;
//! the rows are deleted as well. Every look and every erasure is a row of `vault_looks`, which the database itself
//! refuses to change. Nothing of the vault belongs into events, lists, logs or idempotency rows.

use std::sync::Arc;

use aws_lc_rs::hmac;
use time::OffsetDateTime;
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use crate::seal::{KEY, Sealer, fresh_key};
use crate::{Database, Error, Instant, Result, Tx, built, execute, on};

/// Seals and opens persons' data; cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Keys>);

struct Keys {
    wrapping: Sealer,
    names: hmac::Key,
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
    /// The vault under a master key; see [`configured_key`](crate::seal::configured_key).
    pub fn new(master: &[u8; KEY]) -> Result<Self> {
        let master = hmac::Key::new(hmac::HMAC_SHA256, master);
        let derived = |purpose: &[u8]| hmac::sign(&master, purpose);
        let wrapping: [u8; KEY] = derived(b"tongguan vault: keys of persons")
            .as_ref()
            .try_into()
            .map_err(|_| Error::Key("the derived key has another length"))?;
        let names = derived(b"tongguan vault: names of persons");
        Ok(Self(Arc::new(Keys {
            wrapping: Sealer::new(&wrapping)?,
            names: hmac::Key::new(hmac::HMAC_SHA256, names.as_ref()),
        })))
    }

    /// The identity of a person within a tenant, from what names them (such as type and number of a paper): the same
    /// text is the same person, and without the master key the text cannot be guessed from the identity.
    pub fn person(&self, tenant: &Tenant, name: &str) -> Uuid {
        let mut bytes = [0_u8; 16];
        let digest = self.digest(&format!("{tenant}\n{name}"));
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// A digest that says whether two texts are equal and nothing else; for idempotency keys over personal data.
    pub fn digest(&self, text: &str) -> Vec<u8> {
        hmac::sign(&self.0.names, text.as_bytes()).as_ref().to_vec()
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
                              on conflict (tenant_id, person) do update set created_at = vault_persons.created_at returning wrapped_key";
        const KEEP: &str = "update vault_persons set wrapped_key = $3, erased_at = null where tenant_id = $1 and person = $2";
        const STORE: &str = "insert into vault_records (tenant_id, person, sealed, stored_at) values ($1, $2, $3, $4) \
                             on conflict (tenant_id, person) do update set sealed = excluded.sealed, stored_at = excluded.stored_at";
        let wrapped: Option<Vec<u8>> = on!(&mut *tx, |c| sqlx::query_scalar(PERSON)
            .bind(tenant.as_str())
            .bind(person)
            .bind(Instant(at))
            .fetch_one(&mut **c)
            .await)?;
        let key = if let Some(wrapped) = wrapped {
            self.unwrap(tenant, person, &wrapped)?
        } else {
            let key = fresh_key()?;
            let wrapped = self.0.wrapping.seal(&bound(tenant, person, "key"), &key)?;
            execute!(&mut *tx, |c| sqlx::query(KEEP)
                .bind(tenant.as_str())
                .bind(person)
                .bind(&wrapped)
                .execute(&mut **c))?;
            key
        };
        let sealed = Sealer::new(&key)?.seal(&bound(tenant, person, "record"), plain)?;
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
        const READ: &str = "select p.wrapped_key, r.sealed, p.erased_at from vault_persons p left join vault_records r \
                            on r.tenant_id = p.tenant_id and r.person = p.person where p.tenant_id = $1 and p.person = $2";
        type Row = (Option<Vec<u8>>, Option<Vec<u8>>, Option<Instant>);
        let row: Option<Row> = on!(&mut *tx, |c| sqlx::query_as(READ)
            .bind(tenant.as_str())
            .bind(person)
            .fetch_optional(&mut **c)
            .await)?;
        let found = match row {
            Some((Some(wrapped), Some(sealed), _)) => {
                let key = self.unwrap(tenant, person, &wrapped)?;
                let plain = Sealer::new(&key)?.open(&bound(tenant, person, "record"), &sealed)?;
                Found::Data(plain)
            }
            Some((_, _, Some(at))) => Found::Erased(at.0),
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

    fn unwrap(&self, tenant: &Tenant, person: Uuid, wrapped: &[u8]) -> Result<[u8; KEY]> {
        let key = self
            .0
            .wrapping
            .open(&bound(tenant, person, "key"), wrapped)?;
        key.try_into()
            .map_err(|_| Error::corrupt("vault_persons.wrapped_key", "not a key"))
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

fn bound(tenant: &Tenant, person: Uuid, what: &str) -> String {
    format!("{tenant}/{person}/{what}")
}
