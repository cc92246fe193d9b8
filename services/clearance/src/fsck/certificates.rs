//! The certificates, their places on the status list, and whether what is published says what their lives say.

use std::collections::{BTreeMap, BTreeSet};

use tongguan_certificate::verify::Against;
use tongguan_certificate::{Certificate, Live, Reason, TrustBundle, Verifier};

use super::{Findings, Logged, PAGE, Part};
use crate::config::Config;
use crate::domain::State;
use crate::domain::certificate::Life;
use crate::error::Error;
use crate::store::log::CertificateRow;
use crate::store::{Held, Store};

/// Every certificate verifies as of its issue, stands in the log where it says, and alone on its status index.
pub(super) async fn check(
    config: &Config,
    store: &Store,
    bundle: Option<&TrustBundle>,
    logged: &Logged,
    found: &mut Findings,
) -> Result<(), Error> {
    let verifier = bundle.cloned().map(Verifier::new);
    let (mut after, mut places) = (uuid::Uuid::nil(), BTreeMap::new());
    let mut known = BTreeSet::new();
    loop {
        let page = store.certificate_rows(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for row in page {
            known.insert(row.id);
            found.certificates += 1;
            if let Some(other) = places.insert(row.status_index, row.id) {
                let problem = format!("is that of {other} and of {}", row.id);
                found.fault(Part::Status, row.status_index, problem);
            }
            if let Some(cose) = &row.cose {
                certificate(config, &row, cose, verifier.as_ref(), logged, found);
            } else if !["PREPARED", "DISCARDED"].contains(&row.state.as_str()) {
                found.fault(Part::Certificate, row.id, "was issued and has no envelope");
            }
        }
    }
    for (id, (index, _)) in logged.iter().filter(|(id, _)| !known.contains(*id)) {
        found.fault(
            Part::Certificate,
            id,
            format!("is logged at {index} and not in the store"),
        );
    }
    let next = store
        .last_status_index()
        .await?
        .map_or(0, |last| i64::from(last) + 1);
    for (index, id) in places.range(next..) {
        found.fault(
            Part::Status,
            index,
            format!("of {id} was never drawn: it can be given twice"),
        );
    }
    lives(store, found).await
}

/// The column the status list is made of, the body verifiers are answered from, and the case say the same.
async fn lives(store: &Store, found: &mut Findings) -> Result<(), Error> {
    let mut after = uuid::Uuid::nil();
    loop {
        let page = store.lives(after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.id;
        for row in page {
            let held: Held = match serde_json::from_value(row.body.0) {
                Ok(held) => held,
                Err(error) => {
                    found.fault(Part::Certificate, row.id, format!("its body: {error}"));
                    continue;
                }
            };
            let life = held.life.as_str();
            if life != row.state {
                let problem = format!("of {} is published as {}, it is {life}", row.id, row.state);
                found.fault(Part::Status, row.status_index, problem);
            }
            if i64::from(held.status_index) != row.status_index {
                let problem = format!("its body has status index {}", held.status_index);
                found.fault(Part::Status, row.id, problem);
            }
            let case = row.case_state.as_deref().unwrap_or("gone");
            if !fits(&held.life, case) {
                let problem = format!("is {life} and its case is {case}");
                found.fault(Part::Status, row.id, problem);
            }
        }
    }
}

/// Whether a certificate that is not ended yet may have a case in this state: a revocation or a use that was lost
/// shows here. An ended one may have any: it was replaced, or its case went on.
fn fits(life: &Life, case: &str) -> bool {
    let open = [State::Certified, State::Reserved, State::Expired];
    match life {
        Life::Live | Life::Reserved { .. } | Life::Suspended { .. } => {
            State::named(case).is_some_and(|state| open.contains(&state))
        }
        Life::Used { .. } | Life::Revoked { .. } | Life::Superseded { .. } | Life::Expired => {
            case != "gone"
        }
    }
}

fn certificate(
    config: &Config,
    row: &CertificateRow,
    cose: &[u8],
    verifier: Option<&Verifier>,
    logged: &Logged,
    found: &mut Findings,
) {
    if !logged.contains_key(&row.id) {
        found.fault(Part::Certificate, row.id, "does not stand in the log");
    }
    let certificate = match Certificate::from_cose(cose) {
        Ok(certificate) => certificate,
        Err(error) => return found.fault(Part::Certificate, row.id, error),
    };
    let record = certificate.record();
    if record.id != row.id {
        let problem = format!("its envelope is that of {}", record.id);
        return found.fault(Part::Certificate, row.id, problem);
    }
    if let Some((index, entry)) = logged.get(&row.id)
        && entry.to_bytes() != certificate.log_entry()
    {
        let problem = format!("entry {index} logs other content under its id");
        found.fault(Part::Certificate, row.id, problem);
    }
    let size = i64::from(config.list_size());
    let list = format!("{}/status/{}", record.issuer, row.status_index / size);
    if i64::from(record.status.index) != row.status_index % size || record.status.list != list {
        let problem = format!(
            "states index {} of {}, its row has {}",
            record.status.index, record.status.list, row.status_index
        );
        found.fault(Part::Status, row.id, problem);
    }
    let against = Against {
        live: Some(Live::Unused),
        ..Against::default()
    };
    if let Some(verifier) = verifier {
        let report = verifier.verify(cose, &against, record.issued_at);
        if report.reason != Reason::AllChecksPassed {
            let problem = format!("does not verify as of its issue: {}", report.reason.code());
            found.fault(Part::Certificate, row.id, problem);
        }
    }
}
