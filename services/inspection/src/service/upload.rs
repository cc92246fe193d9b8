//! Evidence on its way in: refused as early as it shows, stored under its hash once it is whole.

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tongguan_access::Caller;

use super::Service;
use crate::domain::evidence::{Media, Watch, inspect};
use crate::domain::picture::Look;
use crate::domain::report::sha256;
use crate::error::Error;
use crate::store::Stored;

/// Pictures that are unpacked at once: each may take 256 MB for a moment, whatever its upload takes.
pub(super) const UNPACKED_AT_ONCE: usize = 2;

/// An upload in progress.
pub(crate) struct Upload {
    media: Media,
    watch: Watch,
    announced: Option<u64>,
    expected: String,
    limit: usize,
    bytes: Vec<u8>,
    /// Its place among the uploads that may run at once.
    _place: OwnedSemaphorePermit,
}

fn refused(why: impl Into<String>) -> Error {
    Error::EvidenceRefused { why: why.into() }
}

impl Upload {
    /// Takes the next bytes; refuses what is too long or begins as something else.
    pub(crate) fn take(&mut self, chunk: &[u8]) -> Result<(), Error> {
        let total = self.bytes.len() + chunk.len();
        let most = self.announced.map_or(self.limit as u64, |announced| {
            announced.min(self.limit as u64)
        });
        if total as u64 > most {
            return Err(refused(format!(
                "more than the {most} bytes announced or allowed"
            )));
        }
        self.bytes.extend_from_slice(chunk);
        self.watch.look(&self.bytes).map_err(refused)?;
        Ok(())
    }

    /// The whole, checked: its hash in lower-case hexadecimal, and what it looks like. Blocks.
    fn finish(&self) -> Result<(String, Option<Look>), Error> {
        if self
            .announced
            .is_some_and(|announced| announced != self.bytes.len() as u64)
        {
            let text = format!(
                "{} bytes came, {} were announced",
                self.bytes.len(),
                self.announced.unwrap_or_default()
            );
            return Err(refused(text));
        }
        let sha256 = sha256(&self.bytes);
        if !self.expected.is_empty() && self.expected != sha256 {
            return Err(refused(format!(
                "the SHA-256 of the bytes is {sha256}, not the one expected"
            )));
        }
        inspect(&self.bytes, self.media).map_err(refused)?;
        let look = Look::at(&self.bytes, self.media).map_err(refused)?;
        Ok((sha256, look))
    }
}

impl Service {
    /// Begins an upload; refuses a length that will not be taken before any byte comes.
    pub(crate) fn begin_upload(
        &self,
        media: Media,
        announced: Option<u64>,
        expected: String,
    ) -> Result<Upload, Error> {
        let limit = self.config.max_evidence_bytes;
        if let Some(size) = announced.filter(|size| *size > limit as u64) {
            return Err(refused(format!(
                "{size} bytes are announced, at most {limit} are taken"
            )));
        }
        let place = self.uploads.clone().try_acquire_owned();
        Ok(Upload {
            _place: place.map_err(|_| Error::Busy)?,
            media,
            watch: Watch::new(media),
            announced,
            expected,
            limit,
            // What is announced is not believed beyond one message.
            bytes: Vec::with_capacity(announced.unwrap_or(0).min(1 << 20) as usize),
        })
    }

    /// Ends an upload: the bytes first, then the row that says they are safe.
    pub(crate) async fn finish_upload(
        &self,
        caller: &Caller,
        upload: Upload,
    ) -> Result<Stored, Error> {
        let entry = self.entry(caller);
        let (objects, store) = (self.objects.clone(), self.store.clone());
        let (pictures, tenant) = (self.pictures.clone(), caller.tenant.clone());
        let work = async move {
            let media = upload.media;
            let turn = pictures.acquire_owned().await.map_err(|_| Error::Busy)?;
            let checked = tokio::task::spawn_blocking(move || {
                let (sha256, look) = upload.finish()?;
                drop(turn);
                Ok::<_, Error>((upload, sha256, look))
            });
            let (mut upload, sha256, look) = checked
                .await
                .map_err(|error| Error::Objects(Box::new(error)))??;
            let bytes = Bytes::from(std::mem::take(&mut upload.bytes));
            let size = bytes.len() as u64;
            objects.put(&tenant, &sha256, media.as_str(), bytes).await?;
            store
                .record_evidence(&entry, &sha256, media, size, look)
                .await
        };
        self.tasks.shield(work).await
    }
}
