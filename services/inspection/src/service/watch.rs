//! What happens to inspections and bodies, in the order of commits.

use tongguan_access::Caller;
use tongguan_rpc::{PageToken, Tasks};

use super::Service;
use crate::error::Error;
use crate::store::Told;

/// Events read at once.
const PAGE: u32 = 256;

impl Service {
    /// Events after a resume token, each with the token that resumes after it.
    pub(crate) async fn watch(
        &self,
        caller: &Caller,
        after: &str,
    ) -> Result<Vec<(String, Told)>, Error> {
        let tokens = PageToken::of(&[caller.tenant.as_str(), "WatchInspections"]);
        let seq = tokens
            .decode(after)?
            .and_then(|key| key.parse().ok())
            .unwrap_or(0);
        let told = self.store.told(&caller.tenant, seq, PAGE).await?;
        Ok(told
            .into_iter()
            .map(|told| (tokens.encode(&told.seq.to_string()), told))
            .collect())
    }

    /// The tasks a watch runs in.
    pub(crate) fn tasks(&self) -> &Tasks {
        &self.tasks
    }
}
