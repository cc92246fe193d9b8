//! `tongguan verify`: a certificate, online by its issuer or offline by trust files alone.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tongguan_api::clearance::v1 as clearance;
use tongguan_api::clearance::v1::export_clearance_client::ExportClearanceClient;
use tongguan_certificate::verify::{Against, envelope};
use tongguan_certificate::{
    Algorithm, Live, PublicKey, Report, StatusList, Timestamp, TrustBundle, Verdict, verify,
};
use tongguan_rpc::remote;
use tongguan_vocabulary::Clock;

use super::files::{BUNDLE, ROOT, STATUS};
use super::{Failed, out};

/// Verify a certificate: QR text, picture, page, PDF or envelope.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The text of the QR code, or a file: picture (PNG), page (HTML), PDF or envelope (COSE).
    certificate: String,
    /// Ask nobody: use the files in --bundle only.
    #[arg(long, requires = "bundle")]
    offline: bool,
    /// Folder with trust-bundle.cose, root-key.hex and, where known, status-list.cose.
    #[arg(long, value_name = "FOLDER")]
    bundle: Option<PathBuf>,
    /// File with the root key in hexadecimal, obtained by another way than the server; absent means that the server's
    /// word is taken for who it is.
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// The issuer's address.
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
    bundle: TrustBundle,
    status: Option<StatusList>,
    /// Whether the root key came from the server that is to be believed.
    taken: bool,
}

/// The answer, and where the issuer was asked, its own.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    report: Report,
    /// What the issuer says of the certificate now; absent where it was not or could not be asked.
    issuer_says: Option<String>,
    root_key: &'static str,
}

impl Verify {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let presented = presented(&self.certificate)?;
        let now = Timestamp::from(self.instant()?);
        let online = !self.offline && self.bundle.is_none();
        let (trust, issuer_says) = if let Some(folder) = &self.bundle {
            (self.of_folder(folder)?, None)
        } else {
            self.ask(&presented, now).await?
        };
        let against = Against {
            status: trust.status.as_ref(),
            // The issuer's word is newer than its list; what it says against the certificate is told beside.
            live: (issuer_says.as_deref() == Some("VALID")).then_some(Live::Unused),
            ..Against::default()
        };
        let answer = Answer {
            report: verify(&presented, &trust.bundle, &against, now),
            issuer_says,
            root_key: if trust.taken {
                "taken from the server"
            } else {
                "given"
            },
        };
        if self.json {
            out::json(&answer);
        } else {
            print(&answer, online);
        }
        let agreed = answer
            .issuer_says
            .as_deref()
            .is_none_or(|says| says == "VALID");
        if answer.report.verdict == Verdict::Valid && agreed {
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

    fn pinned(&self) -> Result<Option<PublicKey>, Failed> {
        self.root.as_deref().map(root_key).transpose()
    }

    fn of_folder(&self, folder: &Path) -> Result<Trust, Failed> {
        let at = |name: &str| folder.join(name);
        let failed = |name: &str, error: &dyn std::error::Error| {
            Failed::Input(format!("{}: {error}", at(name).display()))
        };
        let read = |name: &str| std::fs::read(at(name)).map_err(|error| failed(name, &error));
        let root = match self.pinned()? {
            Some(root) => root,
            None => root_key(&at(ROOT))?,
        };
        let bundle = TrustBundle::open(&read(BUNDLE)?, &[root]);
        let bundle = bundle.map_err(|error| failed(BUNDLE, &error))?;
        let status = match std::fs::read(at(STATUS)) {
            Ok(bytes) => {
                let list = StatusList::open(&bytes, &bundle);
                Some(list.map_err(|error| failed(STATUS, &error))?)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(STATUS, &error)),
        };
        Ok(Trust {
            bundle,
            status,
            taken: false,
        })
    }

    /// The trust anchors, the status list the certificate names, and what the issuer says of it now.
    async fn ask(
        &self,
        presented: &[u8],
        now: Timestamp,
    ) -> Result<(Trust, Option<String>), Failed> {
        let channel = remote(&self.server).map_err(|error| Failed::input(&error))?;
        let mut client = ExportClearanceClient::new(channel);
        let unreachable = |status: &tonic::Status| {
            Failed::Unreachable(format!("{}: {}", self.server, status.message()))
        };
        let published = client.get_trust_bundle(clearance::GetTrustBundleRequest {});
        let published = published.await.map_err(|status| unreachable(&status))?;
        let published = published.into_inner();
        let pinned = self.pinned()?;
        let taken = pinned.is_none();
        let root = match pinned {
            Some(root) => root,
            None => PublicKey::new(Algorithm::Es256, &published.root_key)
                .map_err(|error| Failed::input(&error))?,
        };
        let bundle = TrustBundle::open(&published.bundle, &[root]);
        let bundle = bundle.map_err(|error| Failed::Input(format!("{}: {error}", self.server)))?;
        let mut trust = Trust {
            bundle,
            status: None,
            taken,
        };
        let shown = verify(presented, &trust.bundle, &Against::default(), now);
        let (Some(record), Ok(cose)) = (shown.record, envelope(presented)) else {
            // Not shown to be a certificate of this issuer: there is nothing to ask about.
            return Ok((trust, None));
        };
        let list = clearance::GetStatusListRequest {
            list: record.status.list,
        };
        // An outage is not a verdict: what could not be asked is reported as not known.
        if let Ok(list) = client.get_status_list(list).await {
            trust.status = StatusList::open(&list.into_inner().token, &trust.bundle).ok();
        }
        let shown = clearance::verify_certificate_request::Presented::Cose(cose.into());
        let asked = client.verify_certificate(clearance::VerifyCertificateRequest {
            presented: Some(shown),
            seen: None,
        });
        let says = match asked.await {
            Ok(answer) => Some(answer.into_inner().verdict().as_str_name().to_owned()),
            Err(_) => None,
        };
        let says = says.map(|says| says.trim_start_matches("VERDICT_").to_owned());
        Ok((trust, says))
    }
}

/// What was given: a text as it is, or what a file holds; a text in a file may end in a line break.
fn presented(text: &str) -> Result<Vec<u8>, Failed> {
    let path = Path::new(text);
    if text.starts_with("TG") && text.contains(':') && !(text.len() < 4_096 && path.is_file()) {
        return Ok(text.as_bytes().to_vec());
    }
    let shown: String = text.chars().take(80).collect();
    let read = std::fs::read(path)
        .map_err(|error| Failed::Input(format!("{shown}: no QR text, and no file: {error}")))?;
    if read.starts_with(b"TG") {
        return Ok(read.trim_ascii_end().to_vec());
    }
    Ok(read)
}

fn root_key(file: &Path) -> Result<PublicKey, Failed> {
    let failed = |problem: String| Failed::Input(format!("{}: {problem}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    let raw = from_hex(text.trim()).ok_or_else(|| failed("holds no hexadecimal key".to_owned()))?;
    PublicKey::new(Algorithm::Es256, &raw).map_err(|error| failed(error.to_string()))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.is_ascii() && text.len().is_multiple_of(2);
    let pairs = (0..text.len())
        .step_by(2)
        .map(|index| u8::from_str_radix(&text[index..index + 2], 16).ok());
    if digits { pairs.collect() } else { None }
}

fn print(answer: &Answer, online: bool) {
    let report = &answer.report;
    let verdict = serde_json::to_value(report.verdict).unwrap_or_default();
    out::line(&format!(
        "{} ({})",
        verdict.as_str().unwrap_or_default(),
        report.reason.code()
    ));
    match answer.issuer_says.as_deref() {
        Some("VALID") => {}
        Some(says) => out::line(&format!("the issuer says now: {says}")),
        None if online && report.record.is_some() => {
            out::line("the issuer could not be asked about this certificate now");
        }
        None => {}
    }
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
    for line in freshness(report) {
        out::line(&format!("  {line}"));
    }
    if online && answer.root_key != "given" {
        out::line(
            "  root key taken from the server itself: pin it with --root to know whose it is",
        );
    }
    for field in &report.compare_with_car {
        out::line(&format!(
            "  compare with the car: {} {}",
            field.field, field.stated
        ));
    }
}

/// How old what was relied on is, in words.
fn freshness(report: &Report) -> Vec<String> {
    let fresh = &report.freshness;
    let status = match (
        fresh.asked_online,
        fresh.status_age,
        fresh.status_fresh_until,
    ) {
        (true, _, _) => "status asked of the issuer now".to_owned(),
        (false, Some(age), Some(until)) => {
            format!("status list {} old, fresh until {until}", age_in_words(age))
        }
        _ => "no status: revoked, used or reserved is not known".to_owned(),
    };
    vec![
        format!("checked for {}", fresh.checked_at),
        status,
        format!(
            "trust bundle edition {}, {} old, to be renewed by {}",
            fresh.bundle_version,
            age_in_words(fresh.bundle_age),
            fresh.bundle_expires_at
        ),
    ]
}

fn age_in_words(seconds: i64) -> String {
    match seconds {
        ..0 => format!("{} s in the future", -seconds),
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
