//! Status lists as they are published: signed when they change, and again before they grow stale.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use tongguan_certificate::{Status, StatusList};

use super::Issuer;
use crate::error::Error;
use crate::keys::Key;

/// A signed status list.
pub(crate) struct Published {
    /// The list as certificates name it.
    pub(crate) list: StatusList,
    /// The signed token.
    pub(crate) token: Vec<u8>,
    /// How long verifiers may use it, seconds.
    pub(crate) ttl: u64,
    /// When it was signed.
    pub(crate) at: OffsetDateTime,
}

impl Issuer {
    /// A status list as the store has it now. An empty name means the newest; `None` where there is no such list.
    ///
    /// Every change shows at once: what was signed before is answered only while it says the same and half its time
    /// is not over, so that whoever keeps a list has at least the other half.
    pub(crate) async fn status_list(
        &self,
        name: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Arc<Published>>, Error> {
        self.standing()?;
        let last = self.store.last_status_index().await?.unwrap_or(0);
        let number = if name.is_empty() {
            last / self.list_size
        } else {
            let prefix = format!("{}/status/", self.name);
            match name
                .strip_prefix(&prefix)
                .and_then(|number| number.parse().ok())
                .filter(|number| *number <= last / self.list_size)
            {
                Some(number) => number,
                None => return Ok(None),
            }
        };
        let list = self.marked(number, now).await?;
        // Held while it signs: who asks meanwhile for any list waits for the token as well, and finds it signed.
        let mut lists = self.lists.lock().await;
        if let Some(held) = lists.get(&number) {
            let half = Duration::seconds(i64::try_from(held.ttl / 2).unwrap_or(i64::MAX));
            let fresh = held.at <= now && now - held.at <= half;
            if fresh && held.list == list.clone().reissued(held.list.issued_at()) {
                return Ok(Some(held.clone()));
            }
        }
        let unsigned = list.clone();
        let signing = move |key: &Key| unsigned.sign(key);
        let published = Arc::new(Published {
            token: self.keys.issuer.signing(signing).await?,
            list,
            ttl: self.list_ttl,
            at: now,
        });
        lists.insert(number, published.clone());
        Ok(Some(published))
    }

    /// The list of this number with everything that is not plain valid.
    async fn marked(&self, number: u32, now: OffsetDateTime) -> Result<StatusList, Error> {
        let name = format!("{}/status/{number}", self.name);
        let mut list = StatusList::new(&name, self.list_size, now.into(), self.list_ttl)?;
        for (index, state) in self.store.marked().await? {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            if index / self.list_size == number {
                let status = match state.as_str() {
                    "USED" => Status::Used,
                    "SUSPENDED" => Status::Suspended,
                    _ => Status::Revoked,
                };
                list.set(index % self.list_size, status)?;
            }
        }
        Ok(list)
    }
}
