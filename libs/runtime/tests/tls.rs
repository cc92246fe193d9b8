//! TLS and mutual TLS between processes.

use std::fs;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tongguan_rpc::{PeerTls, remote_with};
use tongguan_runtime::{Health, Server, ServerConfig, Shutdown, TlsConfig};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::{soon, tiny};

/// An authority and a folder with what it signed.
struct Issued {
    authority: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

impl Issued {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let folder =
            std::env::temp_dir().join(format!("tongguan-tls-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(folder.join("authority.pem"), authority.pem()).unwrap();
        Self { authority, folder }
    }

    /// Certificate and key for a process on this machine.
    fn identity(&self) -> (Vec<u8>, Vec<u8>) {
        self.identity_until(2100)
    }

    /// The same with a certificate whose last year is named.
    fn identity_until(&self, year: i32) -> (Vec<u8>, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 12, 31);
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        (
            certificate.pem().into_bytes(),
            key.serialize_pem().into_bytes(),
        )
    }

    fn server(&self) -> TlsConfig {
        let (certificate, key) = self.identity();
        fs::write(self.folder.join("server.pem"), certificate).unwrap();
        fs::write(self.folder.join("server.key"), key).unwrap();
        TlsConfig {
            certificate: self.folder.join("server.pem"),
            key: self.folder.join("server.key"),
            client_authorities: self.folder.join("authority.pem"),
        }
    }
}

impl Drop for Issued {
    fn drop(&mut self) {
        let _left_behind = fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn only_a_caller_with_a_certificate_of_ours_is_served() {
    let (ours, foreign) = (Issued::new("ours"), Issued::new("foreign"));
    let profile = ServerConfig {
        tls: ours.server(),
        ..tiny()
    };
    let server = Server::bind(&profile).await.unwrap();
    let uri = format!("https://localhost:{}", server.address().port());
    let stop = Shutdown::new();
    let health = Health::new().await;
    health.set("role", true).await;
    let served = server.serve(
        tongguan_rpc::Routes::new([("grpc.health.v1.Health".to_owned(), health.channel())]),
        stop.clone(),
    );

    let check = async |(certificate, key): (Vec<u8>, Vec<u8>)| {
        let tls = PeerTls {
            authorities: ours.authority.pem().into_bytes(),
            certificate,
            key,
        };
        let mut client = HealthClient::new(remote_with(&uri, Some(&tls)).unwrap());
        soon(client.check(HealthCheckRequest::default()))
            .await
            .map_err(|status| status.code())
    };
    let calls = async {
        assert!(check(ours.identity()).await.is_ok(), "a peer of ours");
        for (identity, whose) in [
            (foreign.identity(), "a certificate of someone else"),
            (ours.identity_until(2020), "a certificate past its end"),
            ((Vec::new(), Vec::new()), "no certificate"),
        ] {
            let refused = check(identity).await.unwrap_err();
            assert_eq!(refused, Code::Unavailable, "{whose}");
        }
        assert!(check(ours.identity()).await.is_ok(), "and again ours");
        stop.abandon();
    };
    soon(Box::pin(async { tokio::join!(served, calls) })).await;
}

#[tokio::test]
async fn a_certificate_that_is_missing_is_named_before_the_port_is_taken() {
    let profile = ServerConfig {
        tls: TlsConfig {
            certificate: PathBuf::from("/nowhere/server.pem"),
            ..TlsConfig::default()
        },
        ..tiny()
    };
    let refused = Server::bind(&profile).await.err().unwrap();
    assert!(
        refused.to_string().contains("/nowhere/server.pem"),
        "{refused}"
    );
}
