//! Clearance in process with its peers, people with tokens, and sample dossiers.

use std::time::Duration;

use tokio_stream::StreamExt as _;
use tongguan_access::{Access, Grant, Role};
use tongguan_api::clearance::v1 as pb;
use tongguan_api::clearance::v1::export_clearance_client::ExportClearanceClient;
use tongguan_api::google::r#type::Date;
use tongguan_clearance::{Config, Error, serve};
use tongguan_rpc::{Channel, Tasks};
use tongguan_storage::Database;
use tongguan_testkit::noon;
use tongguan_vocabulary::{Clock, Ids, World};
use tonic::{Request, Response, Status, Streaming};

use crate::peers::Stage;

pub(crate) const VIN: &str = "LSVWY4180KN246094";
pub(crate) const EXPORTER: &str = "91310000MA1FL0AB1X";
pub(crate) const EXPORTER_NAME: &str = "上海某某汽车贸易有限公司";
pub(crate) const CODE: &str = "8703234110";

pub(crate) type Client = ExportClearanceClient<Channel>;

/// Clearance over a database, with its clock and its peers.
pub(crate) struct House {
    pub(crate) client: Client,
    pub(crate) clock: Clock,
    pub(crate) stage: Stage,
    access: Access,
    tasks: Tasks,
}

/// A person or system that calls.
#[derive(Clone, Copy)]
pub(crate) struct Who(
    pub(crate) &'static str,
    pub(crate) Role,
    pub(crate) Option<&'static str>,
);

pub(crate) const EXPORTS: Who = Who("wang", Role::Exporter, Some(EXPORTER));
pub(crate) const OTHER_EXPORTER: Who = Who("zhao", Role::Exporter, Some("91440300MA5DA1XX2P"));
pub(crate) const AGENT: Who = Who("market", Role::MarketplaceAgent, Some("91110105MA00AAAA1C"));
pub(crate) const OFFICER: Who = Who("li", Role::LicenceOfficer, None);
pub(crate) const SECOND_OFFICER: Who = Who("chen", Role::LicenceOfficer, None);
pub(crate) const CUSTOMS: Who = Who("customs-1", Role::CustomsOfficer, None);

impl House {
    pub(crate) async fn over(db: Database) -> Self {
        let (world, access) = world(Clock::fixed(noon()));
        Self::with(db, world, access, Stage::new(VIN).0, "").await
    }

    /// A house over files: the issuer's keys outlive it.
    pub(crate) async fn at(db: Database, clock: Clock, stage: Stage, keys: &str) -> Self {
        let (world, access) = world(clock);
        Self::with(db, world, access, stage, keys).await
    }

    /// What a house of the tests is run with; its keys are in memory.
    pub(crate) fn config() -> Config {
        Config {
            keys: String::new(),
            worker_interval_ms: 5,
            watch_interval_ms: 5,
            follow_interval_ms: 5,
            pack_interval_ms: 5,
            ..Config::default()
        }
    }

    /// A house with a configuration of its own, or why it does not start.
    pub(crate) async fn configured(db: Database, config: Config) -> Result<Self, Error> {
        let (world, access) = world(Clock::fixed(noon()));
        Self::start(db, world, access, Stage::new(VIN).0, config).await
    }

    /// The same house after a restart, over the same database and the same peers.
    pub(crate) async fn again(&self, db: Database) -> Self {
        let world = World {
            clock: self.clock.clone(),
            ids: Ids::random(),
        };
        self.tasks.stop().await;
        Self::with(db, world, self.access.clone(), self.stage.clone(), "").await
    }

    async fn with(db: Database, world: World, access: Access, stage: Stage, keys: &str) -> Self {
        let config = Config {
            keys: keys.to_owned(),
            ..Self::config()
        };
        Self::start(db, world, access, stage, config).await.unwrap()
    }

    async fn start(
        db: Database,
        world: World,
        access: Access,
        stage: Stage,
        config: Config,
    ) -> Result<Self, Error> {
        let peers = stage.peers();
        let clock = world.clock.clone();
        let tasks = Tasks::new();
        let channel = serve(config, db, peers, &access, world, &tasks).await?;
        Ok(Self {
            client: ExportClearanceClient::new(channel),
            clock,
            stage,
            access,
            tasks,
        })
    }

    /// Ends its work.
    pub(crate) async fn stop(&self) {
        self.tasks.stop().await;
    }

    pub(crate) fn ask<M>(&self, who: Who, message: M) -> Request<M> {
        self.ask_in("acme", who, message)
    }

    pub(crate) fn ask_in<M>(&self, tenant: &str, who: Who, message: M) -> Request<M> {
        let Who(subject, role, organisation) = who;
        let mut grant = Grant::new(tenant.parse().unwrap(), subject).role(role);
        grant.organisation = organisation.map(str::to_owned);
        grant.person = true;
        let mut request = Request::new(message);
        request.metadata_mut().insert(
            "authorization",
            format!("Bearer {}", self.access.mint(&grant))
                .parse()
                .unwrap(),
        );
        request
    }

    /// The event stream of a case, from its beginning.
    pub(crate) async fn events(&self, case_id: &str) -> Streaming<pb::CaseEvent> {
        let watch = pb::WatchCasesRequest {
            resume_token: String::new(),
            case_id: case_id.into(),
        };
        let answer = self
            .client
            .clone()
            .watch_cases(self.ask(EXPORTS, watch))
            .await;
        answer.unwrap().into_inner()
    }

    /// Waits for a case to come into a state, on its event stream.
    pub(crate) async fn until(&self, case_id: &str, state: pb::CaseState) -> pb::Case {
        let mut events = self.events(case_id).await;
        let reached = async {
            while let Some(event) = events.next().await {
                if self.get(case_id).await.state() == state {
                    return;
                }
                event.unwrap();
            }
        };
        let waited = tokio::time::timeout(Duration::from_mins(1), reached).await;
        let case = self.get(case_id).await;
        assert!(
            waited.is_ok(),
            "{case_id} is {:?}, not {state:?}",
            case.state()
        );
        case
    }

    /// Waits for the nth try of a parked case.
    pub(crate) async fn until_attempt(&self, case_id: &str, attempts: usize) -> pb::Case {
        let mut events = self.events(case_id).await;
        let mut seen = 0;
        while seen < attempts {
            let event = tokio::time::timeout(Duration::from_mins(1), events.next())
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            seen += usize::from(event.kind == "PARKED");
        }
        self.get(case_id).await
    }

    pub(crate) async fn get(&self, case_id: &str) -> pb::Case {
        let get = pb::GetCaseRequest {
            case_id: case_id.into(),
        };
        self.client
            .clone()
            .get_case(self.ask(EXPORTS, get))
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn open(&self) -> String {
        self.client
            .clone()
            .open_case(self.ask(EXPORTS, opening(VIN)))
            .await
            .unwrap()
            .into_inner()
            .case_id
    }

    /// A case with all its papers.
    pub(crate) async fn prepared(&self) -> String {
        let case_id = self.open().await;
        for document in dossier() {
            self.attach(&case_id, document).await.unwrap();
        }
        case_id
    }

    pub(crate) async fn attach(
        &self,
        case_id: &str,
        document: pb::Document,
    ) -> Result<Response<pb::Document>, Status> {
        let attach = pb::AttachDocumentRequest {
            case_id: case_id.into(),
            document: Some(document),
            ..Default::default()
        };
        self.client
            .clone()
            .attach_document(self.ask(EXPORTS, attach))
            .await
    }

    pub(crate) async fn submit(&self, case_id: &str) -> tongguan_api::common::v1::Operation {
        let submit = pb::SubmitCaseRequest {
            case_id: case_id.into(),
            ..Default::default()
        };
        self.client
            .clone()
            .submit_case(self.ask(EXPORTS, submit))
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn ready(&self) -> String {
        let case_id = self.prepared().await;
        self.submit(&case_id).await;
        self.until(&case_id, pb::CaseState::Ready).await;
        case_id
    }

    pub(crate) async fn batch(&self, case_ids: Vec<String>) -> String {
        let create = pb::CreateLicenceBatchRequest {
            commodity_code: CODE.into(),
            destination: "KZ".into(),
            declared_quantity: case_ids.len() as u32,
            case_ids,
            ..Default::default()
        };
        self.client
            .clone()
            .create_licence_batch(self.ask(EXPORTS, create))
            .await
            .unwrap()
            .into_inner()
            .batch_id
    }

    /// A batch of one case, handed in.
    pub(crate) async fn handed_in(&self, case_id: &str) -> String {
        let batch_id = self.batch(vec![case_id.into()]).await;
        let submit = pb::SubmitLicenceBatchRequest {
            batch_id: batch_id.clone(),
            ..Default::default()
        };
        self.client
            .clone()
            .submit_licence_batch(self.ask(EXPORTS, submit))
            .await
            .unwrap();
        batch_id
    }

    pub(crate) async fn license(
        &self,
        batch_id: &str,
    ) -> Result<Response<pb::LicenceBatch>, Status> {
        self.client
            .clone()
            .record_licence(self.ask(OFFICER, licence(batch_id)))
            .await
    }

    /// A certified case: its id and its certificate's.
    pub(crate) async fn certified(&self) -> (String, String) {
        let case_id = self.ready().await;
        let batch_id = self.handed_in(&case_id).await;
        self.license(&batch_id).await.unwrap();
        let case = self.until(&case_id, pb::CaseState::Certified).await;
        (case_id, case.certificate_id)
    }

    pub(crate) async fn certificate(&self, certificate_id: &str) -> pb::Certificate {
        let get = pb::GetCertificateRequest {
            certificate_id: certificate_id.into(),
            with_html: true,
        };
        self.client
            .clone()
            .get_certificate(self.ask(EXPORTS, get))
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn reserve(
        &self,
        certificate_id: &str,
        movement: &str,
    ) -> Result<pb::Reservation, Status> {
        let reserve = pb::ReserveCertificateRequest {
            certificate_id: certificate_id.into(),
            movement: movement.into(),
            ..Default::default()
        };
        self.client
            .clone()
            .reserve_certificate(self.ask(CUSTOMS, reserve))
            .await
            .map(Response::into_inner)
    }

    /// A case whose car left on 10 March 2026.
    pub(crate) async fn exited(&self) -> String {
        let (case_id, certificate_id) = self.certified().await;
        let held = self.reserve(&certificate_id, "D-1").await.unwrap();
        let consume = pb::ConsumeCertificateRequest {
            certificate_id,
            reservation_id: held.reservation_id,
            ..Default::default()
        };
        self.client
            .clone()
            .consume_certificate(self.ask(CUSTOMS, consume))
            .await
            .unwrap();
        let exit = pb::RecordExitRequest {
            case_id: case_id.clone(),
            date: Some(date(2026, 3, 10)),
            declaration_number: "D-1".into(),
            ..Default::default()
        };
        self.client
            .clone()
            .record_exit(self.ask(CUSTOMS, exit))
            .await
            .unwrap();
        case_id
    }

    /// The status list as it is published now.
    pub(crate) async fn status_list(
        &self,
        bundle: &tongguan_certificate::TrustBundle,
    ) -> tongguan_certificate::StatusList {
        let fetched = self
            .client
            .clone()
            .get_status_list(pb::GetStatusListRequest::default())
            .await
            .unwrap()
            .into_inner();
        tongguan_certificate::StatusList::open(&fetched.token, bundle).unwrap()
    }

    pub(crate) async fn verify(&self, qr_text: &str) -> pb::Verification {
        let shown = pb::verify_certificate_request::Presented::QrText(qr_text.into());
        let verify = pb::VerifyCertificateRequest {
            presented: Some(shown),
            seen: None,
        };
        // Public: no token.
        self.client
            .clone()
            .verify_certificate(verify)
            .await
            .unwrap()
            .into_inner()
    }
}

/// A world at a time, and who may call in it.
fn world(clock: Clock) -> (World, Access) {
    let ids = Ids::random();
    let world = World { clock, ids };
    let key = tongguan_access::generate_key().unwrap();
    let access = Access::embedded(&key, world.clock.clone()).unwrap();
    (world, access)
}

pub(crate) fn date(year: i32, month: i32, day: i32) -> Date {
    Date { year, month, day }
}

pub(crate) fn opening(vin: &str) -> pb::OpenCaseRequest {
    pb::OpenCaseRequest {
        vin: vin.into(),
        destination: "KZ".into(),
        exporter: Some(pb::Exporter {
            code: EXPORTER.into(),
            name: EXPORTER_NAME.into(),
            kind: pb::exporter::Kind::Trading.into(),
            filing_valid_until: Some(date(2026, 12, 31)),
        }),
        trip: Some(pb::Trip {
            arrival: Some(date(2026, 4, 10)),
            entry_mode: "land".into(),
            commodity_code: CODE.into(),
            value_usd: 9_800,
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub(crate) fn licence(batch_id: &str) -> pb::RecordLicenceRequest {
    pb::RecordLicenceRequest {
        batch_id: batch_id.into(),
        licence_number: "26-AB-100001".into(),
        issuer: "上海市商务委员会".into(),
        issued: Some(date(2026, 3, 2)),
        quantity: 1,
        simulated: true,
        ..Default::default()
    }
}

pub(crate) fn paper(kind: pb::document::Kind) -> pb::Document {
    pb::Document {
        kind: kind.into(),
        sha256: "0a".repeat(32),
        issued: Some(date(2026, 2, 20)),
        sealed: true,
        ..Default::default()
    }
}

/// The five papers every application needs, agreeing with the registry.
pub(crate) fn dossier() -> Vec<pb::Document> {
    use pb::document::Kind;
    let car = pb::Statements {
        owner_name: EXPORTER_NAME.into(),
        vins: vec![VIN.into()],
        brand: "大众".into(),
        model: "SVW71811".into(),
        ..Default::default()
    };
    let contract = pb::Statements {
        after_sales_terms: Some(true),
        destination: "KZ".into(),
        language: "zh".into(),
        ..car.clone()
    };
    let certificate = pb::Statements {
        first_registered: Some(date(2021, 3, 15)),
        transfer_pending_export: Some(date(2026, 2, 20)),
        engine_number: "CLS123456".into(),
        ..car.clone()
    };
    vec![
        pb::Document {
            statements: Some(contract),
            ..paper(Kind::Contract)
        },
        pb::Document {
            statements: Some(certificate),
            ..paper(Kind::RegistrationCertificate)
        },
        pb::Document {
            number: "R-2026-1".into(),
            statements: Some(car),
            ..paper(Kind::InspectionReport)
        },
        paper(Kind::InspectionBodyDeclaration),
        paper(Kind::DestinationStandardDeclaration),
    ]
}
