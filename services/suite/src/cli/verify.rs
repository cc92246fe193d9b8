//! `tongguan verify`: a certificate, online by its issuer or offline by trust files alone.

use std::path::{Path, PathBuf};

use clap::Args;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tongguan_api::clearance::v1 as clearance;
use tongguan_api::clearance::v1::export_clearance_client::ExportClearanceClient;
use tongguan_certificate::verify::Against;
use tongguan_certificate::{
    Algorithm, PublicKey, Report, StatusList, Timestamp, TrustBundle, Verdict, verify,
};
use tongguan_rpc::remote;
use tongguan_vocabulary::Clock;

use super::files::{BUNDLE, ROOT, STATUS};
use super::{Failed, out};

/// Verify a certificate: QR text, picture, page or envelope.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The text of the QR code, or a file: picture (PNG), page (HTML) or envelope (COSE).
    certificate: String,
    /// Ask nobody: use the files in --bundle only.
    #[arg(long, requires = "bundle")]
    offline: bool,
    /// Folder with trust-bundle.cose, root-key.hex and, where known, status-list.cose.
    #[arg(long, value_name = "FOLDER")]
    bundle: Option<PathBuf>,
    /// The issuer's address, for trust files that are not given.
    #[arg(long, default_value = "http://127.0.0.1:7070")]
    server: String,
    /// The instant to verify for (RFC 3339); absent means now.
    #[arg(long, value_name = "INSTANT")]
    at: Option<String>,
    /// Machine-readable result only.
    #[arg(long)]
    json: bool,
}

struct Trust {
    bundle: Vec<u8>,
    root: Vec<u8>,
    status: Option<Vec<u8>>,
}

impl Verify {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let presented = presented(&self.certificate)?;
        let trust = match &self.bundle {
            Some(folder) => from_folder(folder)?,
            None => self.fetch().await?,
        };
        let report =
            check(&presented, &trust, self.instant()?).map_err(|error| Failed::input(&error))?;
        if self.json {
            out::json(&report);
        } else {
            print(&report);
        }
        if report.verdict == Verdict::Valid {
            Ok(())
        } else {
            Err(Failed::No)
        }
    }

    fn instant(&self) -> Result<OffsetDateTime, Failed> {
        match &self.at {
            Some(text) => OffsetDateTime::parse(text, &Rfc3339)
                .map_err(|error| Failed::Input(format!("--at {text}: {error}"))),
            None => Ok(Clock::system().now()),
        }
    }

    async fn fetch(&self) -> Result<Trust, Failed> {
        let channel = remote(&self.server).map_err(|error| Failed::input(&error))?;
        let mut client = ExportClearanceClient::new(channel);
        let unreachable = |status: tonic::Status| {
            Failed::Unreachable(format!("{}: {}", self.server, status.message()))
        };
        let bundle = client
            .get_trust_bundle(clearance::GetTrustBundleRequest {})
            .await
            .map_err(unreachable)?
            .into_inner();
        let status = client
            .get_status_list(clearance::GetStatusListRequest::default())
            .await
            .map_err(unreachable)?
            .into_inner();
        Ok(Trust {
            bundle: bundle.bundle.to_vec(),
            root: bundle.root_key.to_vec(),
            status: Some(status.token.to_vec()),
        })
    }
}

fn presented(text: &str) -> Result<Vec<u8>, Failed> {
    let path = Path::new(text);
    if text.len() < 4_096 && path.is_file() {
        return std::fs::read(path).map_err(|error| Failed::Input(format!("{text}: {error}")));
    }
    Ok(text.as_bytes().to_vec())
}

fn from_folder(folder: &Path) -> Result<Trust, Failed> {
    let read = |name: &str| {
        std::fs::read(folder.join(name))
            .map_err(|error| Failed::Input(format!("{}: {error}", folder.join(name).display())))
    };
    let root = String::from_utf8(read(ROOT)?).map_err(|error| Failed::input(&error))?;
    let root = from_hex(root.trim())
        .ok_or_else(|| Failed::Input(format!("{ROOT} holds no hexadecimal key")))?;
    Ok(Trust {
        bundle: read(BUNDLE)?,
        root,
        status: read(STATUS).ok(),
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.is_ascii() && text.len().is_multiple_of(2);
    let pairs = (0..text.len())
        .step_by(2)
        .map(|index| u8::from_str_radix(&text[index..index + 2], 16).ok());
    if digits { pairs.collect() } else { None }
}

fn check(
    presented: &[u8],
    trust: &Trust,
    at: OffsetDateTime,
) -> Result<Report, tongguan_certificate::Error> {
    let root = PublicKey::new(Algorithm::Es256, &trust.root)?;
    let bundle = TrustBundle::open(&trust.bundle, &[root])?;
    let status = trust
        .status
        .as_ref()
        .map(|signed| StatusList::open(signed, &bundle))
        .transpose()?;
    let against = Against {
        status: status.as_ref(),
        ..Against::default()
    };
    let now = Timestamp::from(at);
    Ok(verify(presented, &bundle, &against, now))
}

fn print(report: &Report) {
    out::line(&format!(
        "{} ({})",
        format!("{:?}", report.verdict).to_uppercase(),
        report.reason.code()
    ));
    if report.simulated {
        out::line("SIMULATED issuer: never act on it");
    }
    for check in &report.checks {
        let reason = check
            .reason
            .map(|reason| format!(": {}", reason.code()))
            .unwrap_or_default();
        out::line(&format!("  {:?} {:?}{reason}", check.name, check.outcome));
    }
    for field in &report.compare_with_car {
        out::line(&format!(
            "  compare with the car: {} {}",
            field.field, field.stated
        ));
    }
}
