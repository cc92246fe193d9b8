//! Owners: read with a purpose, erased for good, and every look told to the auditor.

use time::OffsetDateTime;
use tongguan_access::Caller;
use tongguan_rpc::PageToken;
use tongguan_vocabulary::Vin;
use uuid::Uuid;

use super::{Page, Service};
use crate::domain::Owner;
use crate::error::Error;
use crate::store::{Look, Looked};

/// A look into the vault and what it found.
pub(crate) struct OwnerRead {
    pub(crate) look: Uuid,
    pub(crate) person: Uuid,
    /// The owner, or when the person was erased.
    pub(crate) found: Result<Owner, OffsetDateTime>,
}

impl Service {
    /// Reads the owner of a vehicle; who asked and why is stored first.
    pub(crate) async fn read_owner(
        &self,
        caller: &Caller,
        vin: Vin,
        purpose: String,
    ) -> Result<OwnerRead, Error> {
        self.get(caller, vin, None).await?;
        let look = self.look(caller, purpose, vin.as_str());
        let (person, found) = self.store.read_owner(&caller.tenant, vin, &look).await?;
        Ok(OwnerRead {
            look: look.id,
            person,
            found,
        })
    }

    /// Erases a person; answers when.
    pub(crate) async fn erase_person(
        &self,
        caller: &Caller,
        request_id: &str,
        person: Uuid,
        reason: String,
    ) -> Result<OffsetDateTime, Error> {
        let once = self.once(caller, "ErasePerson", request_id, &(person, &reason));
        let look = self.look(caller, reason, "");
        let (store, tenant) = (self.store.clone(), caller.tenant.clone());
        let work = async move { store.erase_person(&once, &tenant, person, &look).await };
        self.tasks.shield(work).await
    }

    /// Looks into the vault and erasures, oldest first.
    pub(crate) async fn looks(
        &self,
        caller: &Caller,
        person: Option<Uuid>,
        page_token: &str,
        page_size: i32,
    ) -> Result<Page<Looked>, Error> {
        let of = person.map(|person| person.to_string()).unwrap_or_default();
        let tokens = PageToken::of(&[caller.tenant.as_str(), "ListOwnerReads", &of]);
        let after = tokens.decode(page_token)?.and_then(|key| key.parse().ok());
        let size = PageToken::size(page_size, 100, 1_000);
        let read = self
            .store
            .looks(&caller.tenant, person, after, size + 1)
            .await?;
        let (items, next) = tokens.page(read, size, |look| look.id.to_string());
        Ok(Page { items, next })
    }

    fn look(&self, caller: &Caller, purpose: String, about: &str) -> Look {
        Look {
            id: self.world.ids.next(),
            actor: caller.subject.clone(),
            purpose,
            about: about.to_owned(),
            at: self.world.clock.now(),
        }
    }
}
