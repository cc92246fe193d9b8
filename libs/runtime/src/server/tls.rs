//! TLS of a listener from PEM files that may be replaced while the process runs.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::Error;

/// How old what was read may get: certificates of a service mesh live an hour.
const FRESH: Duration = Duration::from_mins(1);

/// TLS 1.2 and 1.3 of one listener; without a certificate it speaks plaintext.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file of our certificate and its chain; empty is plaintext, for loopback and behind a proxy.
    pub certificate: PathBuf,
    /// PEM file of its private key.
    pub key: PathBuf,
    /// PEM file of the authorities whose certificates callers must show (mutual TLS); empty asks for none.
    pub client_authorities: PathBuf,
}

/// A socket, encrypted or not.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

/// Does the handshakes of a listener; cheap to clone.
#[derive(Clone)]
pub(super) struct Tls(Option<Arc<Files>>);

struct Files {
    config: TlsConfig,
    read: Mutex<Read>,
}

struct Read {
    acceptor: TlsAcceptor,
    at: Instant,
}

impl Tls {
    /// Reads the files once, so that a listener without a usable certificate never starts.
    pub(super) fn new(config: &TlsConfig) -> Result<Self, Error> {
        if config.certificate.as_os_str().is_empty() {
            return Ok(Self(None));
        }
        let read = Read {
            acceptor: acceptor(config)?,
            at: Instant::now(),
        };
        Ok(Self(Some(Arc::new(Files {
            config: config.clone(),
            read: Mutex::new(read),
        }))))
    }

    /// The socket as its client wants to be spoken to.
    pub(super) async fn accept(&self, socket: TcpStream) -> io::Result<Box<dyn Socket>> {
        match &self.0 {
            Some(files) => Ok(Box::new(files.current().accept(socket).await?)),
            None => Ok(Box::new(socket)),
        }
    }
}

impl Files {
    /// Reads again what has grown old; files that are half replaced leave the old ones in force.
    fn current(&self) -> TlsAcceptor {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.at.elapsed() > FRESH {
            read.at = Instant::now();
            match acceptor(&self.config) {
                Ok(fresh) => read.acceptor = fresh,
                Err(error) => tracing::warn!(%error, "the certificate could not be read again"),
            }
        }
        read.acceptor.clone()
    }
}

fn acceptor(config: &TlsConfig) -> Result<TlsAcceptor, Error> {
    let refused = |file: &PathBuf, cause: String| Error::Tls {
        file: file.clone(),
        cause,
    };
    let certificates =
        certificates(&config.certificate).map_err(|cause| refused(&config.certificate, cause))?;
    let key = PrivateKeyDer::from_pem_file(&config.key)
        .map_err(|error| refused(&config.key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(&config.certificate, error.to_string()))?;
    let authorities = &config.client_authorities;
    let builder = if authorities.as_os_str().is_empty() {
        builder.with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        for authority in
            self::certificates(authorities).map_err(|cause| refused(authorities, cause))?
        {
            roots
                .add(authority)
                .map_err(|error| refused(authorities, error.to_string()))?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| refused(authorities, error.to_string()))?;
        builder.with_client_cert_verifier(verifier)
    };
    let mut server = builder
        .with_single_cert(certificates, key)
        .map_err(|error| refused(&config.certificate, error.to_string()))?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(server)))
}

fn certificates(path: &PathBuf) -> Result<Vec<CertificateDer<'static>>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let found: Vec<_> = CertificateDer::pem_reader_iter(file)
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    if found.is_empty() {
        Err("no certificate is in it".to_owned())
    } else {
        Ok(found)
    }
}
