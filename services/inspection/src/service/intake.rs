//! The way of a report: body, vehicle, completeness, verdict, evidence; then one commit.

use tongguan_access::Caller;
use tongguan_rpc::{Invalid, Violation};
use tongguan_storage::Once;
use uuid::Uuid;

use super::{Service, speaks_for};
use crate::config::Signatures;
use crate::domain::Wrong;
use crate::domain::assess::{Assessment, Unfit, assess};
use crate::domain::body::Body;
use crate::domain::catalogue::Standard;
use crate::domain::inspection::{Inspection, State};
use crate::domain::report::{Report, Sent, sha256};
use crate::domain::signature::{Cause, Refused, Signature, Signed, verify};
use crate::error::Error;
use crate::store::Draft;

/// How often a report is judged anew because its body changed meanwhile.
const ATTEMPTS: usize = 3;

impl Service {
    /// Judges a report and stores it; a dry run stores nothing and needs no signature.
    pub(crate) async fn submit(
        &self,
        caller: &Caller,
        request_id: &str,
        sent: Sent,
        validate_only: bool,
    ) -> Result<Inspection, Error> {
        if validate_only {
            let draft = self.judge(caller, &sent, None, true).await?;
            let mut judged = draft.inspection;
            judged.id = Uuid::nil();
            return Ok(judged);
        }
        let once = self.once(
            caller,
            "SubmitInspection",
            request_id,
            &(&sent.report, &sent.signed.jws),
        );
        self.keep(caller, &once, &sent, None).await
    }

    /// Judges a corrected report and stores it in place of a current one.
    pub(crate) async fn supersede(
        &self,
        caller: &Caller,
        request_id: &str,
        id: Uuid,
        sent: Sent,
        reason: String,
    ) -> Result<Inspection, Error> {
        let once = self.once(
            caller,
            "SupersedeInspection",
            request_id,
            &(id, &sent.report, &sent.signed.jws, &reason),
        );
        self.keep(caller, &once, &sent, Some((id, reason))).await
    }

    async fn keep(
        &self,
        caller: &Caller,
        once: &Once,
        sent: &Sent,
        replaces: Option<(Uuid, String)>,
    ) -> Result<Inspection, Error> {
        // A repeated request is answered from the store, also while the registry is down.
        if let Some(answer) = self.store.replayed(once).await? {
            return Ok(answer);
        }
        let mut attempt = 1;
        loop {
            let old = replaces.as_ref().map(|(id, _)| *id);
            let mut draft = self.judge(caller, sent, old, false).await?;
            if let Some((_, reason)) = &replaces {
                draft.reason.clone_from(reason);
            }
            let stored = self
                .store
                .submit(once.clone(), self.entry(caller), draft)
                .await;
            match stored {
                Err(Error::BodyChanged) if attempt < ATTEMPTS => attempt += 1,
                finished => {
                    if let Ok(inspection) = &finished {
                        let verdict = inspection.verdict.as_str();
                        tracing::info!(inspection = %inspection.id, verdict, "a report is stored");
                    }
                    return finished;
                }
            }
        }
    }

    /// Everything that is checked of a report, in the order in which it can be answered best: fields first,
    /// then the body, the vehicle and the verdict.
    async fn judge(
        &self,
        caller: &Caller,
        sent: &Sent,
        replaces: Option<Uuid>,
        dry: bool,
    ) -> Result<Draft, Error> {
        let (report, signed) = (&sent.report, &sent.signed);
        let unread: Vec<Violation> = sent.wrong.iter().cloned().map(named).collect();
        let body = match self.get_body(caller, report.body).await {
            Err(Error::BodyNotFound { .. }) if !unread.is_empty() => {
                return Err(Invalid(unread).into());
            }
            found => found?,
        };
        speaks_for(caller, &body)?;
        let mut wrong = Vec::new();
        if report.day() > self.world.clock.today_in_china() {
            wrong.push(Wrong::new(
                "date",
                format!("{} is in the future", report.date),
            ));
        }
        self.check_chain(caller, report, replaces, &mut wrong)
            .await?;
        let stored = self.stored(caller, report, &mut wrong).await?;
        if self.config.shots_must_be_complete {
            for shot in self.missing_shots(report) {
                wrong.push(Wrong::new("evidence", format!("nothing shows {shot}")));
            }
        }
        let assessment = self.assessed(report, unread, wrong)?;
        let accreditations = body
            .accredited(&report.standard, report.vehicle.category, report.day())
            .map_err(|why| Error::NotAccredited { why })?;
        let signature = self.signature(&body, signed, dry)?;

        let registered = self
            .registry
            .find(&caller.tenant, report.vehicle.vin)
            .await?;
        let registered = registered.ok_or(Error::VehicleNotRegistered)?;
        let at = self.world.clock.now();
        let mut inspection = Inspection {
            id: self.world.ids.next(),
            report: report.clone(),
            state: State::Current,
            verdict: assessment.verdict,
            notices: self.notices(report, &stored),
            assessment,
            differences: Vec::new(),
            report_sha256: sha256(&signed.canonical),
            signature,
            stored,
            accreditations,
            supersedes: replaces,
            superseded_by: None,
            reason: String::new(),
            under_review: false,
            version: 1,
            created_at: at,
            updated_at: at,
        };
        let mut seen = Vec::new();
        self.compare_vehicle(&mut inspection, &registered, &mut seen)?;
        self.compare_verdict(&mut inspection, &mut seen)?;
        Ok(Draft {
            inspection,
            body_version: body.version,
            seen,
            readings: registered.readings,
            thresholds: self.config.anomalies.clone(),
            reason: String::new(),
        })
    }

    /// The body's signature, checked; `None` where there is none and none is needed.
    ///
    /// The key must be valid on the day the report comes: when it was signed is known from nobody but the signer.
    fn signature(
        &self,
        body: &Body,
        signed: &Signed,
        dry: bool,
    ) -> Result<Option<Signature>, Error> {
        let today = self.world.clock.today_in_china();
        let needed = match self.config.signatures {
            Signatures::Optional => false,
            Signatures::BodiesWithKeys => body.can_sign(today),
            Signatures::Everybody => true,
        };
        let checked = if !signed.jws.is_empty() {
            verify(&signed.jws, &signed.canonical, &body.keys, today).map(Some)
        } else if needed && !dry {
            let why = "this body has to sign its reports";
            Err(Refused::new(Cause::Missing, why))
        } else {
            Ok(None)
        };
        checked.map_err(|refused| Error::SignatureRefused {
            cause: refused.cause.as_str(),
            why: refused.why,
            report_sha256: sha256(&signed.canonical),
        })
    }

    /// The inspections a report refers to must be of the same vehicle, and be what it says they are.
    async fn check_chain(
        &self,
        caller: &Caller,
        report: &Report,
        replaces: Option<Uuid>,
        wrong: &mut Vec<Wrong>,
    ) -> Result<(), Error> {
        if let Some(id) = replaces {
            let old = self.get(caller, id).await?;
            if old.state != State::Current {
                return Err(Error::NotCurrent {
                    id,
                    state: old.state.as_str(),
                    legal: old.state.legal(),
                });
            }
            if old.report.body != report.body {
                wrong.push(Wrong::new("body", "differs from the report it replaces"));
            }
            if old.report.vehicle.vin != report.vehicle.vin {
                wrong.push(Wrong::new(
                    "vehicle.vin",
                    "differs from the report it replaces",
                ));
            }
        }
        let Some(id) = report.reinspection_of else {
            return Ok(());
        };
        let text = match self.store.find(&caller.tenant, id).await? {
            None => "is not known".to_owned(),
            Some(first) if first.report.vehicle.vin != report.vehicle.vin => {
                "is of another vehicle".to_owned()
            }
            Some(first) if first.verdict.is_pass() => {
                "passed: there is nothing to repeat".to_owned()
            }
            Some(first) if first.report.day() > report.day() => {
                format!("is of {}, after this one", first.report.date)
            }
            Some(_) => return Ok(()),
        };
        wrong.push(Wrong::new("reinspection_of", text));
        Ok(())
    }

    /// Which of the report's evidence is stored here.
    async fn stored(
        &self,
        caller: &Caller,
        report: &Report,
        wrong: &mut Vec<Wrong>,
    ) -> Result<Vec<String>, Error> {
        let hashes: Vec<String> = report
            .evidence
            .iter()
            .map(|evidence| evidence.sha256.clone())
            .collect();
        let stored = self.store.stored_evidence(&caller.tenant, &hashes).await?;
        if self.config.evidence_must_be_stored {
            for (index, hash) in hashes
                .iter()
                .enumerate()
                .filter(|(_, hash)| !stored.contains(hash))
            {
                let text = format!("{hash} is not stored here: upload it first");
                wrong.push(Wrong::new(format!("evidence[{index}].sha256"), text));
            }
        }
        Ok(stored)
    }

    fn assessed(
        &self,
        report: &Report,
        unread: Vec<Violation>,
        mut wrong: Vec<Wrong>,
    ) -> Result<Assessment, Error> {
        let catalogue = self.catalogues.on(report.day());
        let standard = catalogue.standard(&report.standard).map_or_else(
            || {
                let known: Vec<_> = catalogue
                    .standards
                    .iter()
                    .map(|standard| standard.id.as_str())
                    .collect();
                wrong.push(Wrong::new(
                    "standard",
                    format!("is not one of {}", known.join(", ")),
                ));
                // A stand-in, so that every other field is still looked at.
                Standard::unknown(report.vehicle.category)
            },
            Standard::clone,
        );
        let unfit = match assess(catalogue, &standard, report) {
            Ok(assessment) if wrong.is_empty() && unread.is_empty() => return Ok(assessment),
            Ok(_) => Unfit::default(),
            Err(unfit) => unfit,
        };
        wrong.extend(unfit.wrong);
        let only_missing = wrong.is_empty() && unread.is_empty();
        let judged = wrong.into_iter().chain(unfit.missing).map(violation);
        // A field that could not be read is named once, by the reason why.
        let more: Vec<Violation> = judged
            .filter(|judged| unread.iter().all(|unread| unread.field != judged.field))
            .collect();
        let violations: Vec<Violation> = unread.into_iter().chain(more).collect();
        Err(if only_missing {
            Error::Incomplete {
                missing: violations,
            }
        } else {
            Invalid(violations).into()
        })
    }
}

fn violation(wrong: Wrong) -> Violation {
    let field = format!("report.{}", wrong.field);
    named(Wrong { field, ..wrong })
}

fn named(wrong: Wrong) -> Violation {
    Violation {
        field: wrong.field,
        description: wrong.description,
    }
}
