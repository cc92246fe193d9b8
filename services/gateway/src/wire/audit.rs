//! The audit log ↔ proto.

use time::OffsetDateTime;
use tongguan_api::gateway::v1 as pb;
use tongguan_rpc::{Invalid, Violations, wire};

use crate::audit::{Ledger, Proof};
use crate::domain::{Basis, Sealed, Visit};

/// Which entries are asked for.
pub(crate) struct Query {
    pub(crate) after: u64,
    pub(crate) subject: String,
    pub(crate) limit: u32,
}

pub(crate) fn query(request: pb::ListAuditEntriesRequest) -> Result<Query, Invalid> {
    let mut bad = Violations::default();
    let subject = bad.optional_text("subject", &request.subject, 100);
    let size = request.page_size;
    bad.check(size <= 1_000, "page_size", || {
        format!("is {size}, at most 1000 entries are listed at once")
    });
    bad.finish()?;
    Ok(Query {
        after: request.after,
        subject,
        limit: if size == 0 { 100 } else { size },
    })
}

pub(crate) fn entries(limit: u32, mut found: Vec<(Sealed, Visit)>) -> pb::ListAuditEntriesResponse {
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().map_or(0, |(entry, _)| entry.sequence);
    pb::ListAuditEntriesResponse {
        entries: found.into_iter().map(entry).collect(),
        next_after: if more { last } else { 0 },
    }
}

fn entry((sealed, visit): (Sealed, Visit)) -> pb::AuditEntry {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(visit.micros) * 1_000);
    pb::AuditEntry {
        sequence: sealed.sequence,
        time: at.ok().map(wire::timestamp),
        caller: visit.caller,
        organisation: visit.organisation,
        on_behalf_of: visit.on_behalf_of,
        method: visit.method,
        write: visit.write,
        subjects: visit.subjects,
        purpose: visit.purpose,
        network: visit.network,
        region: visit.region,
        code: visit.code,
        previous_sha256: sealed.previous,
        sha256: sealed.sha256,
        legal_basis: to_basis(visit.basis),
    }
}

pub(crate) fn proof(proof: Proof) -> pb::AuditProof {
    pb::AuditProof {
        entries: proof.entries,
        whole: proof.broken_at == 0,
        broken_at: proof.broken_at,
        head_sha256: proof.head,
    }
}

/// The year, and the ground where one is named.
pub(crate) fn ledger(request: pb::GetDisclosuresRequest) -> Result<(i32, Option<Basis>), Invalid> {
    let year = request.year;
    let mut bad = Violations::default();
    bad.check(year == 0 || (2020..=2200).contains(&year), "year", || {
        format!("is {year}, must be 0 or from 2020 to 2200")
    });
    let named = pb::LegalBasis::try_from(request.legal_basis);
    bad.check(named.is_ok(), "legal_basis", || {
        format!("{} is none of the schema", request.legal_basis)
    });
    bad.finish()?;
    Ok((year, named.ok().and_then(of_basis)))
}

fn of_basis(basis: pb::LegalBasis) -> Option<Basis> {
    let name = basis.as_str_name().strip_prefix("LEGAL_BASIS_")?;
    name.to_ascii_lowercase().parse().ok()
}

fn to_basis(basis: Option<Basis>) -> i32 {
    let named = |basis: Basis| {
        let name = format!("LEGAL_BASIS_{}", basis.name().to_ascii_uppercase());
        pb::LegalBasis::from_str_name(&name)
    };
    basis.and_then(named).unwrap_or_default().into()
}

pub(crate) fn disclosures(ledger: Ledger) -> pb::Disclosures {
    let counts = ledger.shown.into_iter().map(|one| pb::DisclosureCount {
        region: one.region,
        answers: one.answers,
        subjects: one.subjects,
        vin_fields: one.vin_fields,
        personal_fields: one.personal_fields,
        without_purpose: one.without_purpose,
        legal_basis: to_basis(one.basis),
    });
    pb::Disclosures {
        year: ledger.year,
        counts: counts.collect(),
        subjects: ledger.subjects,
        contract_threshold: ledger.thresholds.contract,
        assessment_threshold: ledger.thresholds.assessment,
        warnings: ledger.warnings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ground_stands_in_the_schema() {
        for basis in Basis::ALL {
            let sent = pb::LegalBasis::try_from(to_basis(Some(basis))).unwrap();
            assert_eq!(of_basis(sent), Some(basis));
        }
        assert_eq!(to_basis(None), 0);
    }
}
