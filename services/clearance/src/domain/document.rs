//! The papers of a case: what each is, who issued it, how long it holds, and what it says.

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use tongguan_vocabulary::{Country, Odometer, PartialDate, Vin};
use uuid::Uuid;

/// What a paper is (No. 6 of 2024 and the licence guides list them).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DocumentKind {
    /// Export contract with after-sales terms.
    Contract,
    /// Registration certificate (机动车登记证书).
    RegistrationCertificate,
    /// Report after WM/T 8-2022 or WM/T 9-2022.
    InspectionReport,
    /// The inspection body's declaration on its standing.
    InspectionBodyDeclaration,
    /// The exporter's declaration on the destination's access standard.
    DestinationStandardDeclaration,
    /// Manufacturer's after-sales confirmation (售后维修服务确认书).
    AfterSalesConfirmation,
    /// Proof that a modification is genuine.
    ModificationProof,
    /// Mandate of the exporter to an agent.
    Mandate,
    /// Commercial invoice.
    Invoice,
    /// Chinese translation of the contract.
    ContractTranslation,
    /// Any other paper a rule asks for.
    Other,
}

impl DocumentKind {
    /// The code of the rule packs; empty for [`Self::Other`], whose documents carry their own.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Contract => "sales-contract",
            Self::RegistrationCertificate => "registration-certificate",
            Self::InspectionReport => "inspection-report",
            Self::InspectionBodyDeclaration => "inspection-body-declaration",
            Self::DestinationStandardDeclaration => "exporter-declaration",
            Self::AfterSalesConfirmation => "after-sales-confirmation",
            Self::ModificationProof => "modification-proof",
            Self::Mandate => "exporter-mandate",
            Self::Invoice => "commercial-invoice",
            Self::ContractTranslation => "contract-translation",
            Self::Other => "",
        }
    }

    /// The name of the source in differences.
    pub const fn source(self) -> &'static str {
        match self {
            Self::Contract => "CONTRACT",
            Self::RegistrationCertificate => "REGISTRATION_CERTIFICATE",
            Self::InspectionReport => "INSPECTION_REPORT",
            Self::InspectionBodyDeclaration => "INSPECTION_BODY_DECLARATION",
            Self::DestinationStandardDeclaration => "DESTINATION_STANDARD_DECLARATION",
            Self::AfterSalesConfirmation => "AFTER_SALES_CONFIRMATION",
            Self::ModificationProof => "MODIFICATION_PROOF",
            Self::Mandate => "MANDATE",
            Self::Invoice => "INVOICE",
            Self::ContractTranslation => "CONTRACT_TRANSLATION",
            Self::Other => "OTHER_DOCUMENT",
        }
    }
}

/// What kind of body issued a paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IssuerKind {
    /// Not stated.
    Unstated,
    /// A manufacturer listed in the MIIT Announcement.
    Manufacturer,
    /// A manufacturer's sales subsidiary or overseas department.
    SalesSubsidiary,
    /// A dealer, at home or abroad.
    Dealer,
    /// A maker of modified vehicles.
    Modifier,
    /// The exporter.
    Exporter,
    /// An inspection body.
    InspectionBody,
    /// An authority.
    Authority,
    /// Anybody else.
    Other,
}

/// A document of a case; the file stays with the exporter, its hash binds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Identity.
    pub id: Uuid,
    /// What the paper is.
    pub kind: DocumentKind,
    /// Code in the words of the rule packs.
    pub code: String,
    /// Number on the paper; empty where it has none.
    pub number: String,
    /// Exact name of the issuing organisation; empty where not stated.
    pub issuer: String,
    /// What kind of body that is.
    pub issuer_kind: IssuerKind,
    /// Date of issue.
    pub issued: Option<Date>,
    /// Last day it is valid.
    pub valid_until: Option<Date>,
    /// SHA-256 of the file, 64 lower-case hex characters.
    pub sha256: String,
    /// Media type of the file.
    pub media_type: String,
    /// Size of the file in bytes.
    pub size_bytes: u64,
    /// Whether it bears the issuer's official seal.
    pub sealed: bool,
    /// What it says.
    pub statements: Statements,
    /// When it was attached.
    pub attached_at: OffsetDateTime,
    /// Who attached it.
    pub attached_by: String,
    /// The document that replaced it.
    pub replaced_by: Option<Uuid>,
}

/// What stands on a paper; what is absent is not on it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Statements {
    /// Owner's or client's name, an organisation.
    pub owner_name: String,
    /// Every VIN on the paper.
    pub vins: Vec<Vin>,
    /// Brand.
    pub brand: String,
    /// Model.
    pub model: String,
    /// First registration.
    pub first_registered: Option<PartialDate>,
    /// Date of the annotation 转让待出口.
    pub transfer_pending_export: Option<PartialDate>,
    /// Destination.
    pub destination: Option<Country>,
    /// Engine or motor number.
    pub engine_number: String,
    /// Colour letters of GA/T 24, or a word.
    pub colour: String,
    /// Ex-factory date.
    pub manufactured: Option<PartialDate>,
    /// Odometer.
    pub odometer: Option<Odometer>,
    /// Whether a contract has after-sales terms.
    pub after_sales_terms: Option<bool>,
    /// Overseas service outlets.
    pub service_outlets: Vec<ServiceOutlet>,
    /// Traction battery number.
    pub battery_id: String,
    /// Manufacturer's name.
    pub manufacturer: String,
    /// Language of the paper (BCP 47); empty where not stated.
    pub language: String,
    /// Standard named in an inspection report.
    pub standard: String,
    /// What a mandate says.
    pub mandate: Option<super::mandate::Mandate>,
}

/// An overseas service outlet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceOutlet {
    /// Who provides the service.
    pub provider: String,
    /// Address.
    pub address: String,
    /// Country.
    pub country: Option<Country>,
}

impl Document {
    /// Whether it counts: nothing replaced it.
    pub fn counts(&self) -> bool {
        self.replaced_by.is_none()
    }

    /// Whether it is valid on a day: issued by then, and not past its last day.
    pub fn valid_on(&self, day: Date) -> bool {
        self.issued.is_none_or(|issued| issued <= day)
            && self.valid_until.is_none_or(|last| day <= last)
    }
}
