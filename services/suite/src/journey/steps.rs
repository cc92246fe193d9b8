//! The steps of a journey, in order; each asks the service as any caller would.

use std::time::Duration;

use pbjson_types::Struct;
use tongguan_api::clearance::v1 as clearance;
use tongguan_api::clearance::v1::CaseState;
use tongguan_api::clearance::v1::export_clearance_client::ExportClearanceClient;
use tongguan_api::inspection::v1 as inspection;
use tongguan_api::inspection::v1::inspection_intake_client::InspectionIntakeClient;
use tongguan_api::registry::v1 as registry;
use tongguan_api::registry::v1::vehicle_registry_client::VehicleRegistryClient;
use tongguan_certificate::verify::Against;
use tongguan_certificate::{Algorithm, PublicKey, StatusList, Timestamp, TrustBundle, verify};
use tongguan_rpc::Channel;
use tonic::Code;

use super::{Issued, Journey, JourneyError, bearing};

/// How long a case is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

type Clearance = ExportClearanceClient<Channel>;

impl Journey<'_> {
    pub(super) async fn walk(
        &mut self,
    ) -> Result<(Option<clearance::Case>, Option<Issued>), JourneyError> {
        let Some(case_id) = self.filed().await? else {
            return Ok((None, None));
        };
        let mut case = self.decided(&case_id).await?;
        if case.state() == CaseState::Ready && self.license(std::slice::from_ref(&case)).await? {
            case = self.certified(&case_id).await?;
        }
        let certificate = match case.certificate_id.as_str() {
            "" => None,
            id => self.certificate(id).await?,
        };
        Ok((Some(case), certificate))
    }

    /// From registering to submitting; the case's id, where one was opened.
    pub(super) async fn filed(&mut self) -> Result<Option<String>, JourneyError> {
        if !self.register().await? {
            return Ok(None);
        }
        self.inspect().await?;
        self.file().await
    }

    /// The case once its evidence is gathered and judged.
    pub(super) async fn decided(&mut self, case_id: &str) -> Result<clearance::Case, JourneyError> {
        self.settled(case_id, &[CaseState::Submitted, CaseState::Gathering])
            .await
    }

    /// The case once its licence has become a certificate.
    pub(super) async fn certified(
        &mut self,
        case_id: &str,
    ) -> Result<clearance::Case, JourneyError> {
        self.settled(case_id, &[CaseState::Ready, CaseState::Licensed])
            .await
    }

    /// Registers the car with everything that burdens it; false where it is refused.
    async fn register(&mut self) -> Result<bool, JourneyError> {
        let dossier = self.dossier;
        let vin = || dossier.vehicle.vin.clone();
        let mut client = VehicleRegistryClient::new(self.actors.suite.registry.clone());
        let token = self.actors.exporter.clone();
        let request = registry::RegisterVehicleRequest {
            request_id: format!("{}-register", dossier.name),
            vehicle: Some(dossier.vehicle.clone()),
            ..Default::default()
        };
        let answer = client.register_vehicle(bearing(&token, request)).await;
        if self.note("RegisterVehicle", answer)?.is_none() {
            return Ok(false);
        }
        for reading in &dossier.odometer_readings {
            let request = registry::RecordOdometerRequest {
                vin: vin(),
                reading: Some(reading.clone()),
                ..Default::default()
            };
            let answer = client.record_odometer(bearing(&token, request)).await;
            self.note("RecordOdometer", answer)?;
        }
        for burden in &dossier.encumbrances {
            let request = registry::RecordEncumbranceRequest {
                vin: vin(),
                encumbrance: Some(burden.clone()),
                ..Default::default()
            };
            let answer = client.record_encumbrance(bearing(&token, request)).await;
            self.note("RecordEncumbrance", answer)?;
        }
        if !dossier.status_letters.is_empty() {
            let request = registry::RecordStatusRequest {
                vin: vin(),
                letters: dossier.status_letters.clone(),
                ..Default::default()
            };
            let answer = client.record_status(bearing(&token, request)).await;
            self.note("RecordStatus", answer)?;
        }
        if let Some(transfer) = &dossier.transfer {
            let request = registry::RecordTransferPendingExportRequest {
                request_id: format!("{}-transfer", dossier.name),
                vin: vin(),
                transfer: Some(transfer.clone()),
                document: dossier.vehicle.certificate_number.clone(),
                ..Default::default()
            };
            let answer = client
                .record_transfer_pending_export(bearing(&token, request))
                .await;
            self.note("RecordTransferPendingExport", answer)?;
        }
        Ok(true)
    }

    /// Submits the report, with the body registered before where it is new.
    async fn inspect(&mut self) -> Result<(), JourneyError> {
        let (Some(body), Some(report)) = (
            self.dossier.inspection_body.clone(),
            self.dossier.inspection.clone(),
        ) else {
            return Ok(());
        };
        let mut client = InspectionIntakeClient::new(self.actors.suite.inspection.clone());
        let Some(id) = self.body(&mut client, body).await? else {
            return Ok(());
        };
        let request = inspection::SubmitInspectionRequest {
            request_id: format!("{}-inspection", self.dossier.name),
            report: Some(inspection::InspectionReport { body: id, ..report }),
            ..Default::default()
        };
        let answer = client
            .submit_inspection(bearing(&self.actors.body, request))
            .await;
        self.note("SubmitInspection", answer)?;
        Ok(())
    }

    async fn body(
        &mut self,
        client: &mut InspectionIntakeClient<Channel>,
        body: inspection::InspectionBody,
    ) -> Result<Option<String>, JourneyError> {
        if let Some(id) = self.actors.body_id.get() {
            return Ok(Some(id.clone()));
        }
        let id = self.register_body(client, body).await?;
        if let Some(id) = &id {
            // Another car of the same body may have been first; the id is the same.
            let _known = self.actors.body_id.set(id.clone());
        }
        Ok(id)
    }

    async fn register_body(
        &mut self,
        client: &mut InspectionIntakeClient<Channel>,
        body: inspection::InspectionBody,
    ) -> Result<Option<String>, JourneyError> {
        let organisation = body.organisation.clone();
        let request = inspection::RegisterBodyRequest {
            body: Some(body),
            ..Default::default()
        };
        let answer = client
            .register_body(bearing(&self.actors.officer, request))
            .await;
        let known = answer
            .as_ref()
            .is_err_and(|status| status.code() == Code::AlreadyExists);
        if !known {
            return Ok(self.note("RegisterBody", answer)?.map(|body| body.id));
        }
        let list = inspection::ListBodiesRequest {
            organisation,
            ..Default::default()
        };
        let answer = client
            .list_bodies(bearing(&self.actors.officer, list))
            .await;
        let bodies = self
            .note("ListBodies", answer)?
            .map(|page| page.bodies)
            .unwrap_or_default();
        Ok(bodies.into_iter().next().map(|body| body.id))
    }

    /// Opens the case, attaches the papers and submits; the case's id, where one was opened.
    async fn file(&mut self) -> Result<Option<String>, JourneyError> {
        let dossier = self.dossier;
        let mut client = self.clearance();
        let token = self.actors.exporter.clone();
        let facts = serde_json::to_value(&dossier.facts).and_then(serde_json::from_value::<Struct>);
        let request = clearance::OpenCaseRequest {
            request_id: format!("{}-open", dossier.name),
            vin: dossier.vehicle.vin.clone(),
            destination: dossier.destination.clone(),
            exporter: Some(dossier.exporter.clone()),
            trip: dossier.trip.clone(),
            declared_facts: facts.ok(),
            ..Default::default()
        };
        let answer = client.open_case(bearing(&token, request)).await;
        let Some(case) = self.note("OpenCase", answer)? else {
            return Ok(None);
        };
        for (number, document) in dossier.documents.iter().enumerate() {
            let request = clearance::AttachDocumentRequest {
                request_id: format!("{}-document-{number}", dossier.name),
                case_id: case.case_id.clone(),
                document: Some(document.clone()),
                replaces: String::new(),
            };
            let answer = client.attach_document(bearing(&token, request)).await;
            self.note("AttachDocument", answer)?;
        }
        let request = clearance::SubmitCaseRequest {
            request_id: format!("{}-submit", dossier.name),
            case_id: case.case_id.clone(),
            ..Default::default()
        };
        let answer = client.submit_case(bearing(&token, request)).await;
        self.note("SubmitCase", answer)?;
        Ok(Some(case.case_id))
    }

    /// The case once it has left the states given.
    async fn settled(
        &mut self,
        case_id: &str,
        passing: &[CaseState],
    ) -> Result<clearance::Case, JourneyError> {
        let mut client = self.clearance();
        let started = tokio::time::Instant::now();
        loop {
            let request = clearance::GetCaseRequest {
                case_id: case_id.to_owned(),
            };
            let answer = client
                .get_case(bearing(&self.actors.exporter, request))
                .await;
            let case = answer
                .map_err(|status| JourneyError::Failed {
                    step: "GetCase",
                    status: Box::new(status),
                })?
                .into_inner();
            if !passing.contains(&case.state()) {
                return Ok(case);
            }
            if started.elapsed() > PATIENCE {
                return Err(JourneyError::Restless {
                    state: super::state_name(case.state()).to_owned(),
                    waited: PATIENCE,
                });
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    /// A batch of the cases, and the licence the simulated authority gives for it; false where a step is refused.
    pub(super) async fn license(
        &mut self,
        cases: &[clearance::Case],
    ) -> Result<bool, JourneyError> {
        let Some(case) = cases.first() else {
            return Ok(false);
        };
        let quantity = cases.len() as u32;
        let name = self.dossier.name.clone();
        let mut client = self.clearance();
        let trip = case.trip.clone().unwrap_or_default();
        let request = clearance::CreateLicenceBatchRequest {
            request_id: format!("{name}-batch"),
            commodity_code: trip.commodity_code,
            destination: case.destination.clone(),
            declared_quantity: quantity,
            case_ids: cases.iter().map(|case| case.case_id.clone()).collect(),
        };
        let answer = client
            .create_licence_batch(bearing(&self.actors.exporter, request))
            .await;
        let Some(batch) = self.note("CreateLicenceBatch", answer)? else {
            return Ok(false);
        };
        let request = clearance::SubmitLicenceBatchRequest {
            request_id: format!("{name}-batch-submit"),
            batch_id: batch.batch_id.clone(),
        };
        let answer = client
            .submit_licence_batch(bearing(&self.actors.exporter, request))
            .await;
        if self.note("SubmitLicenceBatch", answer)?.is_none() {
            return Ok(false);
        }
        let issued = tongguan_rpc::wire::date(self.actors.clock.today_in_china().into());
        let request = clearance::RecordLicenceRequest {
            request_id: format!("{name}-licence"),
            batch_id: batch.batch_id,
            licence_number: format!(
                "SIMULATED-{}",
                case.case_id.rsplit('-').next().unwrap_or_default()
            ),
            issuer: "SIMULATED licence authority".to_owned(),
            issued: Some(issued),
            valid_until: None,
            quantity,
            simulated: true,
        };
        let answer = client
            .record_licence(bearing(&self.actors.officer, request))
            .await;
        Ok(self.note("RecordLicence", answer)?.is_some())
    }

    /// Fetches the certificate, and checks it with nothing but trust bundle and status list.
    async fn certificate(&mut self, id: &str) -> Result<Option<Issued>, JourneyError> {
        let mut client = self.clearance();
        let request = clearance::GetCertificateRequest {
            certificate_id: id.to_owned(),
            with_html: true,
        };
        let answer = client
            .get_certificate(bearing(&self.actors.exporter, request))
            .await;
        let Some(certificate) = self.note("GetCertificate", answer)? else {
            return Ok(None);
        };
        let answer = client
            .get_trust_bundle(clearance::GetTrustBundleRequest {})
            .await;
        let trust = self.note("GetTrustBundle", answer)?.unwrap_or_default();
        let answer = client
            .get_status_list(clearance::GetStatusListRequest::default())
            .await;
        let list = self.note("GetStatusList", answer)?.unwrap_or_default();

        let root = PublicKey::new(Algorithm::Es256, &trust.root_key)?;
        let bundle = TrustBundle::open(&trust.bundle, &[root])?;
        let status = StatusList::open(&list.token, &bundle)?;
        let now = Timestamp::from(self.actors.clock.now());
        let against = Against {
            status: Some(&status),
            ..Against::default()
        };
        let offline = verify(certificate.qr_text.as_bytes(), &bundle, &against, now);
        Ok(Some(Issued {
            certificate_id: certificate.certificate_id.clone(),
            qr_text: certificate.qr_text.clone(),
            bytes: certificate.cose.len(),
            log_index: certificate.log_index,
            offline,
            files: Vec::new(),
            status_list: list.token.to_vec(),
            trust,
            certificate,
        }))
    }

    fn clearance(&self) -> Clearance {
        ExportClearanceClient::new(self.actors.suite.clearance.clone())
            .max_decoding_message_size(16 << 20)
    }
}
