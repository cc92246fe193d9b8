//! Where the bytes of evidence are: a folder, or a bucket of an S3-compatible store; by their SHA-256, written once.
//!
//! Both through `object_store`: its folder writes a draft, syncs it and renames it, and its S3 client signs with the one
//! cryptography provider of the tree.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, ObjectStore, ObjectStoreExt, PutOptions, PutPayload,
    RetryConfig,
};
use tongguan_vocabulary::Tenant;

use crate::config::Config;
use crate::error::Error;

/// How long one request to a bucket may take, and all its repetitions together.
const PATIENCE: Duration = Duration::from_secs(20);

/// The store of evidence.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    place: Place,
    prefix: String,
}

#[derive(Debug, Clone)]
enum Place {
    Folder(PathBuf),
    Bucket(Arc<AmazonS3>),
}

impl Objects {
    /// The store that the configuration names; nothing is made or asked yet.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let bucket = &config.evidence_bucket;
        if bucket.name.is_empty() {
            return Ok(Self {
                place: Place::Folder(config.evidence_folder.clone()),
                prefix: String::new(),
            });
        }
        let client = ClientOptions::new()
            .with_allow_http(bucket.endpoint.starts_with("http://"))
            .with_connect_timeout(Duration::from_secs(5))
            .with_timeout(PATIENCE);
        let retry = RetryConfig {
            max_retries: 3,
            retry_timeout: PATIENCE,
            ..RetryConfig::default()
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&bucket.name)
            .with_region(&bucket.region)
            .with_client_options(client)
            .with_retry(retry)
            // The store checks what it keeps against the same hash that names it.
            .with_checksum_algorithm(Checksum::SHA256);
        if !bucket.endpoint.is_empty() {
            builder = builder.with_endpoint(&bucket.endpoint);
        }
        if !bucket.access_key_id.is_empty() {
            builder = builder
                .with_access_key_id(&bucket.access_key_id)
                .with_secret_access_key(&bucket.secret_key);
        }
        let store = builder
            .build()
            .map_err(|error| Error::Objects(Box::new(error)))?;
        Ok(Self {
            place: Place::Bucket(Arc::new(store)),
            prefix: bucket.prefix.clone(),
        })
    }

    /// Stores bytes under their hash, durably; the same bytes twice are one object.
    ///
    /// Tenants have folders of their own: whether another tenant holds the same photograph must not show.
    pub(crate) async fn put(
        &self,
        tenant: &Tenant,
        sha256: &str,
        media_type: &'static str,
        bytes: Bytes,
    ) -> Result<(), Error> {
        let parts = [self.prefix.as_str(), tenant.as_str(), &sha256[..2], sha256];
        let path = Path::from(parts.map(|part| part.trim_matches('/')).join("/"));
        let size = bytes.len() as u64;
        let store = self.open()?;
        match store.head(&path).await {
            // What is there under this name is the same, unless it is half of it.
            Ok(known) if known.size == size => return Ok(()),
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(Error::Objects(Box::new(error))),
        }
        let mut options = PutOptions::default();
        if matches!(self.place, Place::Bucket(_)) {
            let typed = [(Attribute::ContentType, media_type)];
            options.attributes = Attributes::from_iter(typed);
        }
        let put = store
            .put_opts(&path, PutPayload::from(bytes), options)
            .await;
        put.map(drop)
            .map_err(|error| Error::Objects(Box::new(error)))
    }

    fn open(&self) -> Result<Arc<dyn ObjectStore>, Error> {
        match &self.place {
            Place::Bucket(store) => Ok(store.clone()),
            Place::Folder(folder) => {
                std::fs::create_dir_all(folder).map_err(|error| Error::Objects(Box::new(error)))?;
                let store = LocalFileSystem::new_with_prefix(folder)
                    .map_err(|error| Error::Objects(Box::new(error)))?;
                Ok(Arc::new(store.with_fsync(true)))
            }
        }
    }
}
