//! Owners: which person in the vault owned which vehicle, and what is done with their data.

use tongguan_storage::vault::{Found, Look, Looked, looks};
use tongguan_storage::{self as storage, Once, Tx, Vault, execute, on, transaction};
use tongguan_vocabulary::{Tenant, Vin};
use uuid::Uuid;

use super::{Entry, Store};
use crate::domain::Owner;
use crate::error::Error;

/// An owner on the way into the vault.
pub(crate) struct Owned {
    person: Uuid,
    plain: Vec<u8>,
    pub(super) fingerprint: Vec<u8>,
}

impl Owned {
    /// The same paper is the same person; without a paper it is a new one.
    pub(super) async fn new(
        vault: &Vault,
        tenant: &Tenant,
        owner: &Owner,
        fresh: Uuid,
    ) -> Result<Self, storage::Error> {
        let person = match owner.paper() {
            Some(paper) => vault.person(tenant, &paper).await?,
            None => fresh,
        };
        let text = serde_json::json!(owner).to_string();
        Ok(Self {
            person,
            fingerprint: vault.digest(&text).await?,
            plain: text.into_bytes(),
        })
    }
}

/// Puts an owner into the vault and notes whose vehicle it is since which version.
pub(super) async fn keep(
    vault: &Vault,
    tx: &mut Tx,
    entry: &Entry,
    vin: Vin,
    version: i64,
    owned: &Owned,
) -> Result<(), storage::Error> {
    const OWNS: &str =
        "insert into owners (tenant_id, vin, version, person) values ($1, $2, $3, $4)";
    vault
        .put(tx, &entry.tenant, owned.person, &owned.plain, entry.at)
        .await?;
    execute!(&mut *tx, |c| sqlx::query(OWNS)
        .bind(entry.tenant.as_str())
        .bind(vin.as_str())
        .bind(version)
        .bind(owned.person)
        .execute(&mut **c))?;
    Ok(())
}

impl Store {
    /// The latest owner of a vehicle; the look is stored before the answer leaves.
    pub(crate) async fn read_owner(
        &self,
        tenant: &Tenant,
        vin: Vin,
        look: &Look,
    ) -> Result<(Uuid, Result<Owner, time::OffsetDateTime>), Error> {
        const OWNER: &str = "select person from owners where tenant_id = $1 and vin = $2 order by version desc limit 1";
        transaction!(self.db, Error, |tx| {
            let person: Option<Uuid> = on!(&mut *tx, |c| sqlx::query_scalar(OWNER)
                .bind(tenant.as_str())
                .bind(vin.as_str())
                .fetch_optional(&mut **c)
                .await)?;
            let person = person.ok_or(Error::NoOwner { vin })?;
            match self.vault.read(tx, tenant, person, look).await? {
                Found::Data(plain) => {
                    let owner = serde_json::from_slice(&plain).map_err(|_| {
                        storage::Error::corrupt("vault_records.sealed", "not an owner")
                    })?;
                    Ok((person, Ok(owner)))
                }
                Found::Erased(at) => Ok((person, Err(at))),
                Found::Nothing => Err(Error::NoOwner { vin }),
            }
        })
    }

    /// Erases a person; answers when.
    pub(crate) async fn erase_person(
        &self,
        once: &Once,
        tenant: &Tenant,
        person: Uuid,
        look: &Look,
    ) -> Result<time::OffsetDateTime, Error> {
        transaction!(self.db, Error, |tx| {
            if let Some(micros) = once.replay::<i64>(tx).await? {
                let at =
                    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000);
                return at.map_err(|error| {
                    storage::Error::corrupt("idempotency.response", error).into()
                });
            }
            if !self.vault.erase(tx, tenant, person, look).await? {
                return Err(Error::PersonNotFound);
            }
            let micros = (look.at.unix_timestamp_nanos() / 1_000) as i64;
            once.remember(tx, &micros).await?;
            Ok(look.at)
        })
    }

    /// Looks into the vault and erasures, oldest first.
    pub(crate) async fn looks(
        &self,
        tenant: &Tenant,
        person: Option<Uuid>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Looked>, storage::Error> {
        looks(&self.db, tenant, person, after, limit).await
    }
}
