//! Documents: the common ones every pack may name, and those a pack declares.

use serde::Serialize;

use super::rule::Bilingual;

/// A document that rules may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentDef {
    /// Lower-case code with hyphens; a market's own documents begin with its code, as in `ke-cor`.
    pub code: String,
    /// Its name.
    pub name: Bilingual,
    /// Who produces it; see [`crate::words::WHO`].
    pub who: String,
    /// By which step it is needed; see [`crate::words::WHEN`].
    pub when: String,
}

/// Common documents: code, English, Chinese, who, when.
pub const COMMON: &[(&str, &str, &str, &str, &str)] = &[
    (
        "commercial-invoice",
        "commercial invoice",
        "商业发票",
        "exporter",
        "before_shipment",
    ),
    (
        "packing-list",
        "packing list",
        "装箱单",
        "exporter",
        "before_shipment",
    ),
    (
        "sales-contract",
        "sales contract",
        "销售合同",
        "exporter",
        "before_licence",
    ),
    (
        "bill-of-lading",
        "bill of lading or other transport document",
        "提单或其他运输单据",
        "carrier",
        "on_arrival",
    ),
    (
        "certificate-of-origin",
        "certificate of origin",
        "原产地证书",
        "exporter",
        "before_clearance",
    ),
    (
        "certificate-of-conformity",
        "certificate of conformity (CoC)",
        "符合性证书",
        "manufacturer",
        "before_clearance",
    ),
    (
        "registration-certificate",
        "registration certificate or title",
        "机动车登记证书",
        "seller",
        "before_licence",
    ),
    (
        "foreign-registration",
        "registration paper of the last country",
        "最后注册国登记文件",
        "seller",
        "before_clearance",
    ),
    (
        "deregistration-certificate",
        "deregistration certificate",
        "注销登记证明",
        "exporter",
        "before_clearance",
    ),
    (
        "export-certificate",
        "export certificate",
        "出口证明",
        "exporter",
        "before_clearance",
    ),
    (
        "export-licence",
        "Chinese export licence",
        "出口许可证",
        "exporter",
        "before_loading",
    ),
    (
        "export-declaration",
        "Chinese export declaration",
        "出口货物报关单",
        "exporter",
        "before_loading",
    ),
    (
        "inspection-report",
        "export inspection report",
        "出口检测报告",
        "inspection_body",
        "before_licence",
    ),
    (
        "pre-shipment-inspection",
        "pre-shipment inspection certificate",
        "装运前检验证书",
        "inspection_body",
        "before_shipment",
    ),
    (
        "roadworthiness-certificate",
        "certificate of roadworthiness",
        "车辆适路性证书",
        "inspection_body",
        "before_shipment",
    ),
    (
        "emission-certificate",
        "certificate of emission compliance",
        "排放合规证明",
        "manufacturer",
        "before_clearance",
    ),
    (
        "manufacture-date-proof",
        "proof of the date of manufacture",
        "生产日期证明",
        "manufacturer",
        "before_clearance",
    ),
    (
        "vehicle-history-report",
        "vehicle history report",
        "车辆历史报告",
        "exporter",
        "before_clearance",
    ),
    (
        "import-permit",
        "import permit or licence",
        "进口许可",
        "importer",
        "before_shipment",
    ),
    (
        "import-declaration",
        "import declaration",
        "进口报关单",
        "importer",
        "before_clearance",
    ),
    (
        "type-approval",
        "type approval",
        "型式认证",
        "manufacturer",
        "before_clearance",
    ),
    (
        "individual-approval",
        "individual vehicle approval",
        "单车认证",
        "importer",
        "before_registration",
    ),
    (
        "conformity-assessment",
        "destination conformity certificate",
        "目的国合格证书",
        "importer",
        "before_registration",
    ),
    (
        "technical-inspection",
        "technical inspection at destination",
        "目的国技术检验",
        "inspection_body_destination",
        "before_registration",
    ),
    (
        "identity-document",
        "importer's identity document",
        "进口人身份证件",
        "importer",
        "before_clearance",
    ),
    (
        "residence-proof",
        "proof of residence",
        "居留证明",
        "importer",
        "before_clearance",
    ),
    (
        "tax-number",
        "importer's tax number",
        "进口人税号",
        "importer",
        "before_clearance",
    ),
    (
        "payment-proof",
        "proof of payment",
        "付款证明",
        "importer",
        "before_clearance",
    ),
    (
        "letter-of-credit",
        "letter of credit",
        "信用证",
        "bank",
        "before_shipment",
    ),
    (
        "insurance",
        "motor insurance",
        "机动车保险",
        "importer",
        "before_registration",
    ),
    (
        "power-of-attorney",
        "power of attorney",
        "授权委托书",
        "importer",
        "before_clearance",
    ),
    (
        "translation",
        "sworn translation of the papers",
        "文件公证翻译",
        "translator",
        "before_clearance",
    ),
    (
        "battery-health-report",
        "battery health report",
        "电池健康检测报告",
        "inspection_body",
        "before_clearance",
    ),
    (
        "battery-safety-certificate",
        "battery safety certificate",
        "电池安全认证",
        "manufacturer",
        "before_clearance",
    ),
    (
        "biosecurity-certificate",
        "cleaning or biosecurity certificate",
        "清洁或生物安全证明",
        "carrier",
        "before_arrival",
    ),
    (
        "not-stolen-proof",
        "proof that the vehicle is not stolen",
        "非被盗证明",
        "seller",
        "before_clearance",
    ),
    (
        "no-lien-proof",
        "proof that no lien stands",
        "无抵押证明",
        "seller",
        "before_clearance",
    ),
    (
        "police-clearance",
        "police clearance",
        "警方核查证明",
        "importer",
        "before_clearance",
    ),
    (
        "diplomatic-exemption",
        "confirmation of diplomatic exemption",
        "外交豁免证明",
        "importer",
        "before_clearance",
    ),
    (
        "returning-resident-proof",
        "proof of returning residence",
        "归国居民证明",
        "importer",
        "before_clearance",
    ),
    (
        "disability-proof",
        "proof of disability",
        "残疾证明",
        "importer",
        "before_clearance",
    ),
    (
        "classic-certificate",
        "certificate of a historic vehicle",
        "古董车证明",
        "importer",
        "before_clearance",
    ),
    (
        "cargo-tracking-note",
        "cargo tracking note",
        "货物跟踪单",
        "exporter",
        "before_shipment",
    ),
    (
        "after-sales-confirmation",
        "manufacturer's after-sales confirmation",
        "售后维修服务确认书",
        "manufacturer",
        "before_licence",
    ),
    (
        "modification-proof",
        "proof that a modification is genuine",
        "改装真实性证明",
        "exporter",
        "before_licence",
    ),
    (
        "licence-application",
        "export licence application form",
        "出口许可证申请表",
        "exporter",
        "before_licence",
    ),
    (
        "inspection-body-declaration",
        "inspection body's declaration",
        "检测机构声明",
        "inspection_body",
        "before_licence",
    ),
    (
        "exporter-declaration",
        "exporter's declaration on the destination standard",
        "出口企业符合目的国标准声明",
        "exporter",
        "before_licence",
    ),
];

impl DocumentDef {
    /// The common documents.
    pub(crate) fn common() -> Vec<Self> {
        let make = |(code, en, zh, who, when): &(&str, &str, &str, &str, &str)| Self {
            code: (*code).to_owned(),
            name: Bilingual {
                en: (*en).to_owned(),
                zh: (*zh).to_owned(),
            },
            who: (*who).to_owned(),
            when: (*when).to_owned(),
        };
        COMMON.iter().map(make).collect()
    }
}
