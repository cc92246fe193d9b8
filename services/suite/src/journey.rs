//! Takes one dossier the whole way: register, inspect, file, decide, license, certify, verify offline.

mod steps;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Serialize;
use tongguan_access::{Grant, Role as Actor};
use tongguan_api::clearance::v1 as clearance;
use tongguan_certificate::Report;
use tongguan_rpc::Channel;
use tongguan_vocabulary::{Clock, Tenant};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::Suite;
use crate::dossier::Dossier;

/// What came of a dossier.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Name of the dossier.
    pub name: String,
    /// Title in English and Chinese.
    pub title: [String; 2],
    /// VIN of the car.
    pub vin: String,
    /// Destination market.
    pub destination: String,
    /// The car in a few words.
    pub car: String,
    /// Where it ended: a case state such as `CERTIFIED`, or `NOT_FILED` where no case could be opened.
    pub state: String,
    /// Steps that were refused on the way.
    pub refusals: Vec<Refusal>,
    /// The case as it stands at the end.
    pub case: Option<clearance::Case>,
    /// The certificate, where one was issued.
    pub certificate: Option<Issued>,
}

/// A step that was refused, with everything the refusal says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The RPC.
    pub step: &'static str,
    /// gRPC code.
    pub code: String,
    /// Reason of the public catalogue.
    pub reason: String,
    /// Message.
    pub message: String,
    /// Every wrong field.
    pub fields: Vec<String>,
}

/// An issued certificate and its offline verification.
#[derive(Debug, Clone, Serialize)]
pub struct Issued {
    /// The certificate with its renderings.
    #[serde(skip)]
    pub certificate: clearance::Certificate,
    /// Its id.
    pub certificate_id: String,
    /// The text of its QR code.
    pub qr_text: String,
    /// Bytes of the envelope.
    pub bytes: usize,
    /// Index in the transparency log.
    pub log_index: u64,
    /// The verification with trust bundle and status list alone, without asking the service.
    pub offline: Report,
    /// The trust bundle it was checked with.
    #[serde(skip)]
    pub trust: clearance::TrustBundle,
    /// The signed status list it was checked with.
    #[serde(skip)]
    pub status_list: Vec<u8>,
    /// Files it was written to.
    pub files: Vec<String>,
}

/// Why a journey could not be carried on: an outage or a fault, never a decision.
#[derive(Debug, thiserror::Error)]
pub enum JourneyError {
    /// The suite failed.
    #[error("{step} failed with {:?}: {}", .status.code(), .status.message())]
    Failed {
        /// The RPC.
        step: &'static str,
        /// What it answered.
        status: Box<Status>,
    },
    /// The case did not come to rest in time.
    #[error("the case is still {state} after {} s", .waited.as_secs())]
    Restless {
        /// Where it stands.
        state: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The suite lacks a role that a journey calls.
    #[error("the suite lacks a role that a journey calls")]
    RoleMissing,
    /// The certificate can not be checked at all.
    #[error("the certificate can not be checked: {0}")]
    Certificate(#[from] tongguan_certificate::Error),
}

/// The people and systems of a journey, all of one tenant.
#[derive(Clone)]
pub struct Actors {
    suite: Channels,
    clock: Clock,
    exporter: String,
    body: String,
    officer: String,
    /// The body's id, once it is registered.
    body_id: Arc<OnceLock<String>>,
}

/// Channels to the four services a journey calls.
#[derive(Clone)]
pub(crate) struct Channels {
    pub(crate) registry: Channel,
    pub(crate) inspection: Channel,
    pub(crate) clearance: Channel,
}

impl Channels {
    /// The channels of a suite; nothing where it lacks one.
    fn of(suite: &Suite) -> Option<Self> {
        let channel = |role: crate::Role| suite.routes.get(role.services()[0]).cloned();
        Some(Self {
            registry: channel(crate::Role::Registry)?,
            inspection: channel(crate::Role::Inspection)?,
            clearance: channel(crate::Role::Clearance)?,
        })
    }
}

impl Actors {
    /// An exporter, an inspection body and a licence officer, with tokens of the suite's own issuer.
    pub fn of(suite: &Suite, tenant: &Tenant, dossier: &Dossier, clock: &Clock) -> Option<Self> {
        let grant = |subject: &str, role: Actor| {
            Grant::new(tenant.clone(), subject)
                .role(role)
                .lifetime(Duration::from_hours(12))
        };
        let exporter = grant("exporter", Actor::Exporter).organisation(&dossier.exporter.code);
        let body = dossier
            .inspection_body
            .as_ref()
            .map(|body| body.organisation.as_str());
        let body =
            grant("inspection-body", Actor::InspectionBody).organisation(body.unwrap_or_default());
        let officer = grant("licence-officer", Actor::LicenceOfficer).person();
        Some(Self {
            suite: Channels::of(suite)?,
            clock: clock.clone(),
            exporter: suite.access.mint(&exporter),
            body: suite.access.mint(&body),
            officer: suite.access.mint(&officer),
            body_id: Arc::default(),
        })
    }

    /// The same people, calling through what is put before each channel.
    #[must_use]
    pub fn measured(mut self, before: impl Fn(Channel) -> Channel) -> Self {
        for channel in [
            &mut self.suite.registry,
            &mut self.suite.inspection,
            &mut self.suite.clearance,
        ] {
            *channel = before(channel.clone());
        }
        self
    }

    /// A request of the exporter.
    pub fn as_exporter<M>(&self, message: M) -> Request<M> {
        bearing(&self.exporter, message)
    }

    fn journey<'a>(&'a self, dossier: &'a Dossier) -> Journey<'a> {
        Journey {
            actors: self,
            dossier,
            refusals: Vec::new(),
        }
    }

    /// Takes cars of one exporter, destination and commodity code the whole way, in one licence batch; the state each
    /// came to, as [`Outcome::state`].
    pub async fn run_group(&self, dossiers: &[Dossier]) -> Result<Vec<String>, JourneyError> {
        let mut filed = Vec::with_capacity(dossiers.len());
        for dossier in dossiers {
            filed.push(self.journey(dossier).filed().await?);
        }
        let Some(first) = dossiers.first() else {
            return Ok(Vec::new());
        };
        let mut journey = self.journey(first);
        let mut ends = Vec::with_capacity(filed.len());
        let mut ready = Vec::new();
        for (place, case_id) in filed.iter().enumerate() {
            let mut state = "NOT_FILED";
            if let Some(case_id) = case_id {
                let case = journey.decided(case_id).await?;
                state = state_name(case.state());
                if case.state() == clearance::CaseState::Ready {
                    ready.push((place, case));
                }
            }
            ends.push(state.to_owned());
        }
        let (places, cases): (Vec<usize>, Vec<clearance::Case>) = ready.into_iter().unzip();
        if !cases.is_empty() && journey.license(&cases).await? {
            for (place, case) in places.into_iter().zip(&cases) {
                let case = journey.certified(&case.case_id).await?;
                state_name(case.state()).clone_into(&mut ends[place]);
            }
        }
        Ok(ends)
    }

    /// Takes a dossier the whole way.
    pub async fn run(&self, dossier: &Dossier) -> Result<Outcome, JourneyError> {
        let mut journey = self.journey(dossier);
        let (case, certificate) = journey.walk().await?;
        let state = case
            .as_ref()
            .map_or("NOT_FILED", |case| state_name(case.state()));
        let vehicle = &dossier.vehicle;
        Ok(Outcome {
            name: dossier.name.clone(),
            title: [dossier.title.en.clone(), dossier.title.zh.clone()],
            vin: vehicle.vin.clone(),
            destination: dossier.destination.clone(),
            car: format!("{} {}", vehicle.brand, vehicle.model),
            state: state.to_owned(),
            refusals: journey.refusals,
            case,
            certificate,
        })
    }
}

/// The bare name of a case state, such as `CERTIFIED`.
pub fn state_name(state: clearance::CaseState) -> &'static str {
    let name = state.as_str_name();
    name.strip_prefix("CASE_STATE_").unwrap_or(name)
}

struct Journey<'a> {
    actors: &'a Actors,
    dossier: &'a Dossier,
    refusals: Vec<Refusal>,
}

impl Journey<'_> {
    /// The answer of a step; `None` where it was refused, which is noted.
    fn note<T>(
        &mut self,
        step: &'static str,
        answer: Result<tonic::Response<T>, Status>,
    ) -> Result<Option<T>, JourneyError> {
        match answer {
            Ok(answer) => Ok(Some(answer.into_inner())),
            Err(status) if is_refusal(status.code()) => {
                self.refusals.push(Refusal::of(step, &status));
                Ok(None)
            }
            Err(status) => Err(JourneyError::Failed {
                step,
                status: Box::new(status),
            }),
        }
    }
}

/// Whether a code says that the request is at fault, not the suite.
fn is_refusal(code: Code) -> bool {
    use Code::{
        Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, OutOfRange,
        PermissionDenied,
    };
    matches!(
        code,
        InvalidArgument
            | FailedPrecondition
            | NotFound
            | AlreadyExists
            | PermissionDenied
            | Aborted
            | OutOfRange
    )
}

impl Refusal {
    fn of(step: &'static str, status: &Status) -> Self {
        let violations = status
            .get_details_bad_request()
            .map(|bad| bad.field_violations)
            .unwrap_or_default();
        Self {
            step,
            code: format!("{:?}", status.code()),
            reason: status
                .get_details_error_info()
                .map(|info| info.reason)
                .unwrap_or_default(),
            message: status.message().to_owned(),
            fields: violations
                .into_iter()
                .map(|wrong| format!("{}: {}", wrong.field, wrong.description))
                .collect(),
        }
    }
}

/// A request that bears a token.
fn bearing<M>(token: &str, message: M) -> Request<M> {
    let mut request = Request::new(message);
    if let Ok(value) = format!("Bearer {token}").parse() {
        request.metadata_mut().insert("authorization", value);
    }
    request
}
