//! The fact table itself: one line a fact.
//!
//! Order is identity inside one build only: facts are stored and exchanged by name, so lines may be
//! grouped as a reader expects.

use super::words::{
    BODY, CATEGORY, COLOUR, CREDIT, DAMAGE, ENTRY_MODE, EQUIPMENT, EXPORTER_KIND, FUEL,
    IMPORTER_KIND, IMPORTER_STATUS, INCOTERM, LOOKUP, ODOMETER_VERDICT, POWERTRAIN, PREVIOUS_USE,
    PROHIBITION, PURPOSE, SPECIFICATION, STANDARD, STATUS_LETTER, STEERING, TITLE_BRAND,
    USE_NATURE,
};
use super::{FactDef, Kind};
use crate::emission::Family;

macro_rules! facts {
    ($($fact:ident $name:literal $kind:expr, $en:literal, $zh:literal;)*) => {
        /// A fact of the schema; its number is its slot in [`Facts`](crate::Facts).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Fact {
            $(#[doc = concat!("`", $name, "`: ", $en, ".")] $fact,)*
        }

        /// Every fact, in the order of [`Fact`].
        pub const FACTS: &[FactDef] = &[
            $(FactDef { fact: Fact::$fact, name: $name, kind: $kind, en: $en, zh: $zh },)*
        ];
    };
}

const COUNT: Kind = Kind::Int(0, 100_000);
const KM: Kind = Kind::Int(0, 5_000_000);
const KG: Kind = Kind::Int(1, 200_000);
const MM: Kind = Kind::Int(1, 60_000);
const PERCENT: Kind = Kind::Number(0, 100);

facts! {
    // the vehicle: what it is
    Category "vehicle.category" Kind::Code(CATEGORY), "vehicle category", "车辆类别";
    Body "vehicle.body" Kind::Code(BODY), "body type", "车身形式";
    UseNature "vehicle.use_nature" Kind::Code(USE_NATURE), "use nature", "使用性质";
    Make "vehicle.make" Kind::Text, "make", "品牌";
    Model "vehicle.model" Kind::Text, "model", "车型";
    TypeCode "vehicle.type_code" Kind::Text, "manufacturer's type code", "车辆型号";
    Wmi "vehicle.wmi" Kind::Text, "world manufacturer identifier", "世界制造厂识别代号";
    OriginCountry "vehicle.origin_country" Kind::Country, "country of manufacture", "制造国";
    LastRegistrationCountry "vehicle.last_registration_country" Kind::Country, "country of last registration", "最后注册国";
    HsHeading "vehicle.hs_heading" Kind::Int(8401, 9710), "HS heading", "税则品目";
    HsSubheading "vehicle.hs_subheading" Kind::Int(840_000, 971_099), "HS subheading", "税则子目";
    Colour "vehicle.colour" Kind::Code(COLOUR), "colour", "颜色";
    Steering "vehicle.steering" Kind::Code(STEERING), "steering side", "方向盘位置";
    ConvertedSteering "vehicle.converted_steering" Kind::Flag, "steering converted", "方向盘改装";
    Specifications "vehicle.specifications" Kind::Set(SPECIFICATION), "approved specifications", "认证规格";
    Seats "vehicle.seats" Kind::Int(1, 400), "seats including the driver", "座位数";
    Doors "vehicle.doors" Kind::Int(0, 12), "doors", "车门数";
    Axles "vehicle.axles" Kind::Int(1, 20), "axles", "轴数";
    GrossMassKg "vehicle.gross_mass_kg" KG, "gross mass (kg)", "总质量（kg）";
    CurbMassKg "vehicle.curb_mass_kg" KG, "curb mass (kg)", "整备质量（kg）";
    PayloadKg "vehicle.payload_kg" Kind::Int(0, 200_000), "payload (kg)", "核定载质量（kg）";
    LengthMm "vehicle.length_mm" MM, "length (mm)", "车长（mm）";
    // the vehicle: dates and age
    Manufactured "vehicle.manufactured" Kind::Date, "manufactured", "出厂日期";
    FirstRegistered "vehicle.first_registered" Kind::Date, "first registered", "初次登记日期";
    ModelYear "vehicle.model_year" Kind::Int(1886, 2199), "model year", "车型年份";
    TitleModelYear "vehicle.title_model_year" Kind::Int(1886, 2199), "model year on the title", "权证车型年份";
    LastModified "vehicle.last_modified" Kind::Date, "last significant modification", "最近重大改装日期";
    EverRegistered "vehicle.ever_registered" Kind::Flag, "has been registered", "曾注册登记";
    // the vehicle: drive
    Powertrain "vehicle.powertrain" Kind::Code(POWERTRAIN), "powertrain", "动力类型";
    Fuel "vehicle.fuel" Kind::Code(FUEL), "fuel", "燃料种类";
    EngineCc "vehicle.engine_cc" Kind::Int(0, 60_000), "engine displacement (cc)", "排量（cc）";
    PowerKw "vehicle.power_kw" Kind::Number(0, 5_000), "peak power (kW)", "峰值功率（kW）";
    Power30MinKw "vehicle.power_30min_kw" Kind::Number(0, 5_000), "30-minute power (kW)", "30分钟功率（kW）";
    EmissionChina "vehicle.emission_standard.china" Kind::Stage(Family::China), "emission stage (China)", "排放阶段（国标）";
    EmissionEuro "vehicle.emission_standard.euro" Kind::Stage(Family::Euro), "emission stage (Euro)", "排放阶段（欧标）";
    EmissionJapan "vehicle.emission_standard.japan" Kind::Stage(Family::Japan), "emission stage (Japan)", "排放阶段（日本）";
    EmissionUs "vehicle.emission_standard.us" Kind::Stage(Family::Us), "emission stage (US)", "排放阶段（美国）";
    FuelKmPerLitre "vehicle.fuel_km_per_litre" Kind::Number(0, 200), "fuel economy (km/l)", "燃油经济性（km/l）";
    Co2GPerKm "vehicle.co2_g_per_km" Kind::Int(0, 3_000), "CO2 (g/km)", "二氧化碳排放（g/km）";
    BatteryKwh "vehicle.battery_kwh" Kind::Number(0, 5_000), "battery capacity (kWh)", "电池容量（kWh）";
    BatterySoh "vehicle.battery_soh_percent" PERCENT, "battery state of health (%)", "电池健康度（%）";
    RangeKm "vehicle.range_km" Kind::Int(0, 5_000), "electric range (km)", "续航里程（km）";
    GroundClearanceMm "vehicle.ground_clearance_mm" Kind::Int(0, 2_000), "ground clearance (mm)", "离地间隙（mm）";
    // the vehicle: equipment
    Equipment "vehicle.equipment" Kind::Set(EQUIPMENT), "equipment", "配置";
    Airbags "vehicle.airbags" Kind::Int(0, 40), "airbags", "安全气囊数";
    TintPercent "vehicle.tint_percent" PERCENT, "window tint (%)", "车窗着色（%）";
    // the vehicle: condition and history
    OdometerKm "vehicle.odometer_km" KM, "odometer (km)", "行驶里程（km）";
    Damage "vehicle.damage" Kind::Set(DAMAGE), "damage suffered", "受损类型";
    TitleBrand "vehicle.title_brand" Kind::Set(TITLE_BRAND), "title brands", "权证标注";
    PreviousUse "vehicle.previous_use" Kind::Set(PREVIOUS_USE), "previous uses", "曾用性质";
    Runs "vehicle.runs" Kind::Flag, "runs by itself", "可自行行驶";
    Roadworthy "vehicle.roadworthy" Kind::Flag, "roadworthy", "适于上路";
    Clean "vehicle.clean" Kind::Flag, "free of soil and pests", "无泥土及有害生物";
    VinIntact "vehicle.vin_intact" Kind::Flag, "VIN intact", "车架号完好";
    EngineNumberPresent "vehicle.engine_number_present" Kind::Flag, "engine number present", "有发动机号";
    OriginalCondition "vehicle.original_condition" Kind::Flag, "in original condition", "保持原厂状态";
    Stolen "vehicle.stolen" Kind::Flag, "reported stolen", "被盗抢";
    OdometerTampered "vehicle.odometer_tampered" Kind::Flag, "odometer tampered with", "里程表被篡改";
    CirculationRestricted "vehicle.circulation_restricted" Kind::Flag, "may not circulate where it comes from", "来源国限制上路";
    AuctionGrade "vehicle.auction_grade" Kind::Number(0, 10), "auction grade", "拍卖评级";
    ConditionPercent "vehicle.condition_percent" PERCENT, "condition score (%)", "车况评分（%）";
    Owners "vehicle.owners" Kind::Int(0, 100), "owners so far", "历任车主数";
    ModelApproved "vehicle.model_approved" Kind::Flag, "model already approved at destination", "车型已获目的国认可";
    ModelRegularlyImported "vehicle.model_regularly_imported" Kind::Flag, "model regularly imported at destination", "车型在目的国常规进口";
    Disassembled "vehicle.disassembled" Kind::Flag, "in disassembled form", "拆散状态";
    // the trip
    Destination "trip.destination" Kind::Country, "destination", "目的国";
    Region "trip.region" Kind::Text, "region of the destination", "目的地区";
    DispatchCountry "trip.dispatch_country" Kind::Country, "country of dispatch", "启运国";
    ViaCountry "trip.via_country" Kind::Country, "country passed through", "途经国";
    EntryMode "trip.entry_mode" Kind::Code(ENTRY_MODE), "mode of entry", "入境方式";
    EntryPort "trip.entry_port" Kind::Text, "port of entry", "入境口岸";
    Incoterm "trip.incoterm" Kind::Code(INCOTERM), "Incoterm", "贸易术语";
    ApplicationDate "trip.application_date" Kind::Date, "export licence applied for", "出口许可证申请日期";
    ContractDate "trip.contract_date" Kind::Date, "contract", "合同日期";
    PaymentDate "trip.payment_date" Kind::Date, "payment", "付款日期";
    CreditOpened "trip.credit_opened" Kind::Date, "letter of credit opened", "信用证开立日期";
    PermitApplied "trip.permit_applied" Kind::Date, "import permit applied for", "进口许可申请日期";
    ExportClearance "trip.export_clearance" Kind::Date, "export clearance", "出口放行日期";
    Loading "trip.loading" Kind::Date, "loading", "装运日期";
    BillOfLading "trip.bill_of_lading" Kind::Date, "bill of lading", "提单日期";
    Departure "trip.departure" Kind::Date, "departure", "启运日期";
    Arrival "trip.arrival" Kind::Date, "arrival", "到港日期";
    Entry "trip.entry" Kind::Date, "entry into the country", "入境日期";
    Declaration "trip.declaration" Kind::Date, "import declaration", "进口申报日期";
    Clearance "trip.clearance" Kind::Date, "import clearance", "进口放行日期";
    InspectionAtDestination "trip.inspection_at_destination" Kind::Date, "inspection at destination", "目的国检验日期";
    RegistrationAtDestination "trip.registration_at_destination" Kind::Date, "registration at destination", "目的国注册日期";
    RecordedAtCustoms "trip.recorded_at_customs" Kind::Date, "recorded at customs", "海关登记日期";
    VinPreregistered "trip.vin_preregistered" Kind::Date, "VIN pre-registered", "车架号预登记日期";
    QuotaOpen "trip.quota_open" Kind::Flag, "national quota still open", "国家配额尚有余额";
    DutyPaidInUnion "trip.duty_paid_in_union" Kind::Flag, "duty paid inside the customs union", "关税同盟内已缴税";
    ContractAfterSales "trip.contract_after_sales" Kind::Flag, "contract has after-sales terms", "合同含售后条款";
    GoodsStatedUsed "trip.goods_stated_used" Kind::Flag, "goods state declared as used", "申报为旧货";
    LicenceQuantity "trip.licence_quantity" COUNT, "vehicles on the export licence", "许可证数量";
    DeclaredQuantity "trip.declared_quantity" COUNT, "vehicles on the declaration", "报关数量";
    // the importer
    ImporterKind "importer.kind" Kind::Code(IMPORTER_KIND), "kind of importer", "进口人类型";
    ImporterStatus "importer.status" Kind::Set(IMPORTER_STATUS), "standing of the importer", "进口人身份";
    Purpose "importer.purpose" Kind::Code(PURPOSE), "purpose of import", "进口目的";
    ImporterNationality "importer.nationality" Kind::Country, "importer's nationality", "进口人国籍";
    ImporterAge "importer.age" Kind::Int(0, 130), "importer's age in years", "进口人年龄";
    ImportsThisPeriod "importer.imports_this_period" COUNT, "vehicles imported in the quota period", "配额期内进口数";
    ImportsLifetime "importer.imports_lifetime" COUNT, "vehicles ever imported under the scheme", "累计进口数";
    MonthsAbroad "importer.months_abroad" COUNT, "months lived abroad", "境外居住月数";
    MonthsOwned "importer.months_owned" COUNT, "months the importer owned the vehicle", "进口人持有月数";
    FirstOwner "importer.first_owner" Kind::Flag, "importer is the first owner", "进口人为首任车主";
    HoldsDocuments "importer.holds_documents" Kind::Flag, "documents name the importer", "单证持有人为进口人";
    LicenceExpires "importer.licence_expires" Kind::Date, "import licence expires", "进口许可有效期至";
    // the exporter
    ExporterKind "exporter.kind" Kind::Code(EXPORTER_KIND), "kind of exporter", "出口企业类型";
    ExporterFiled "exporter.filed" Kind::Flag, "exporter is filed", "已备案";
    FilingExpires "exporter.filing_expires" Kind::Date, "filing valid until", "备案有效期至";
    CreditState "exporter.credit_state" Kind::Code(CREDIT), "credit state", "信用状态";
    UnrectifiedViolations "exporter.unrectified_violations" Kind::Flag, "unrectified violations", "有未整改违规";
    Appraisers "exporter.appraisers" COUNT, "appraisal staff", "鉴定评估人员数";
    OwnerIsExporter "exporter.is_owner" Kind::Flag, "certificate names the exporter as owner", "登记证书所有人为出口企业";
    ExporterIsApplicant "exporter.is_applicant" Kind::Flag, "the exporter applies in its own name", "出口企业自行申领";
    // the inspection in China
    InspectionPassed "inspection.passed" Kind::Flag, "inspection passed", "检测合格";
    InspectionStandard "inspection.standard" Kind::Code(STANDARD), "inspection standard", "检测标准";
    InspectionPerformed "inspection.performed" Kind::Date, "inspected", "检测日期";
    BodyAccredited "inspection.body_accredited" Kind::Flag, "inspection body accredited on that day", "检测机构具备资质";
    BodyDeclared "inspection.body_declared" Kind::Flag, "inspection body's declaration given", "检测机构已出具声明";
    ReportClientIsExporter "inspection.client_is_exporter" Kind::Flag, "report names the exporter", "报告委托人为出口企业";
    ReportSealed "inspection.sealed" Kind::Flag, "report sealed", "报告已盖章";
    // the maintenance records
    LookupOutcome "maintenance.outcome" Kind::Code(LOOKUP), "maintenance look-up", "维修记录查询结果";
    OdometerVerdict "maintenance.odometer_verdict" Kind::Code(ODOMETER_VERDICT), "odometer verdict", "里程判定";
    MinimumTrueKm "maintenance.minimum_true_km" KM, "least true distance (km)", "最低真实里程（km）";
    StructuralDamage "maintenance.structural_damage" Kind::Flag, "structural damage on record", "有结构性损伤记录";
    FloodOnRecord "maintenance.flood" Kind::Flag, "flood damage on record", "有泡水记录";
    FireOnRecord "maintenance.fire" Kind::Flag, "fire damage on record", "有火烧记录";
    // the registry
    StatusLetters "registry.status" Kind::Set(STATUS_LETTER), "police status letters", "机动车状态";
    Prohibitions "registry.prohibited" Kind::Set(PROHIBITION), "prohibited situations found", "禁止出口情形";
    Encumbered "registry.encumbered" Kind::Flag, "mortgaged or pledged", "抵押或质押";
    CustomsSupervision "registry.customs_supervision" Kind::Flag, "under customs supervision", "海关监管";
    TransferPendingExport "registry.transfer_pending_export" Kind::Date, "transfer pending export", "转让待出口日期";
    ScrapLimitDate "registry.scrap_limit_date" Kind::Date, "service-life limit", "强制报废期止";
    ScrapLimitApplies "registry.scrap_limit_applies" Kind::Flag, "service-life limit in years applies", "适用使用年限";
    ScrapMileageKm "registry.scrap_mileage_km" KM, "reference mileage for scrapping (km)", "报废参考里程（km）";
    CertificateMatches "registry.certificate_matches" Kind::Flag, "vehicle matches its certificate", "与登记证书相符";
    CertificatesComplete "registry.certificates_complete" Kind::Flag, "legal certificates complete", "合法凭证齐全";
    Deregistered "registry.deregistered" Kind::Flag, "deregistered", "已注销登记";
    DeregistrationDate "registry.deregistration_date" Kind::Date, "deregistration", "注销日期";
    Modified "registry.modified" Kind::Flag, "modified vehicle", "改装车";
    ModificationProved "registry.modification_proved" Kind::Flag, "modification proved genuine", "改装真实性已证明";
    InMiitAnnouncement "registry.in_miit_announcement" Kind::Flag, "in the MIIT Announcement", "列入工信部公告";
    CccValid "registry.ccc_valid" Kind::Flag, "valid CCC certificate", "CCC认证有效";
    // the case
    Reconciled "case.reconciled" Kind::Flag, "documents agree field by field", "单证一致";
    ScheduleComplete "case.schedule_complete" Kind::Flag, "licence schedule complete", "许可证附表完整";
    BatchSize "case.batch_size" COUNT, "vehicles in the licence batch", "批次车辆数";
    BatchOneCode "case.batch_one_code" Kind::Flag, "one commodity code in the batch", "批次同一商品编码";
    LetterNamesVin "case.letter_names_vin" Kind::Flag, "confirmation names VIN and destination", "确认书列明车架号和目的国";
    LetterByManufacturer "case.letter_by_manufacturer" Kind::Flag, "confirmation issued by the manufacturer itself", "确认书由生产企业出具";
}
