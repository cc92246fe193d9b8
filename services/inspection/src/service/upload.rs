//! Evidence on its way in: refused as early as it shows, stored under its hash once it is whole.

use aws_lc_rs::digest::{SHA256, digest};
use tokio::sync::OwnedSemaphorePermit;
use tongguan_access::Caller;

use super::Service;
use crate::domain::evidence::{Media, inspect};
use crate::domain::report::hex;
use crate::error::Error;
use crate::store::Stored;

/// The longest signature that tells the types apart.
const SIGNATURE: usize = 8;

/// An upload in progress.
pub(crate) struct Upload {
    media: Media,
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
        let unseen = self.bytes.len() < SIGNATURE;
        self.bytes.extend_from_slice(chunk);
        if unseen && self.bytes.len() >= SIGNATURE && Media::begins(&self.bytes) != Some(self.media)
        {
            return Err(refused(format!(
                "the bytes do not begin as {}",
                self.media.as_str()
            )));
        }
        Ok(())
    }

    /// The whole, checked: its hash in lower-case hexadecimal.
    fn finish(&self) -> Result<String, Error> {
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
        inspect(&self.bytes, self.media).map_err(refused)?;
        let sha256 = hex(digest(&SHA256, &self.bytes).as_ref());
        if !self.expected.is_empty() && self.expected != sha256 {
            return Err(refused(format!(
                "the SHA-256 of the bytes is {sha256}, not the one expected"
            )));
        }
        Ok(sha256)
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
            announced,
            expected,
            limit,
            bytes: Vec::new(),
        })
    }

    /// Ends an upload: the bytes first, then the row that says they are safe.
    pub(crate) async fn finish_upload(
        &self,
        caller: &Caller,
        upload: Upload,
    ) -> Result<Stored, Error> {
        let entry = self.entry(caller);
        let (files, store, unique) = (
            self.files.clone(),
            self.store.clone(),
            self.world.ids.next(),
        );
        let tenant = caller.tenant.clone();
        let work = async move {
            let media = upload.media;
            let written = tokio::task::spawn_blocking(move || {
                let sha256 = upload.finish()?;
                files
                    .put(&tenant, &sha256, &upload.bytes, unique)
                    .map_err(Error::Files)?;
                Ok::<_, Error>((sha256, upload.bytes.len() as u64))
            });
            let (sha256, size) = written
                .await
                .map_err(|error| Error::Files(std::io::Error::other(error)))??;
            store.record_evidence(&entry, &sha256, media, size).await
        };
        self.tasks.shield(work).await
    }
}
