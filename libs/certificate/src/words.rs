//! The words of the printed page and the PDF in English, Chinese, Russian, Arabic, French and Spanish.
//!
//! To add a language: append a [`Language`] to [`ALL`]; the page prints them in this order.

use crate::record::{Outcome, Record};
use crate::values::Timestamp;

pub(crate) const TITLE: (&str, &str) = ("Export decision certificate", "出口决定证明");
pub(crate) const NOTICE: &str = "Not an official permit. It does not replace the export licence or any document of an authority. · 本证明不是官方许可，不能代替出口许可证或任何主管机关文件。";
pub(crate) const SIMULATED: &str = "SIMULATED: rests on simulated authorities, for demonstration only · 模拟：依据模拟机关数据，仅供演示";
/// Behind the text of a certificate that rests on simulated authorities.
pub(crate) const WATERMARK: &str = "SIMULATED 模拟";
pub(crate) const PHOTOGRAPH: &str = "Photograph · 照片";
/// Under the code.
pub(crate) const SCAN: &str = "Scan to check, online or offline · 扫码核验";
/// Over the fields of the record.
pub(crate) const RECORD: &str =
    "The record as it is signed and logged; the code carries all of it · 签名并入日志的完整记录";

pub(crate) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Permitted => "PERMITTED · 允许",
        Outcome::Conditional => "CONDITIONAL · 有条件允许",
        Outcome::PermittedByOverride => "PERMITTED BY OVERRIDE · 经人工复核允许",
    }
}

/// A label in English and Chinese, and its value.
pub(crate) type Field = (&'static str, String);

fn known<const N: usize>(fields: [(&'static str, Option<String>); N]) -> Vec<Field> {
    let known = fields.into_iter();
    known
        .filter_map(|(label, value)| Some((label, value?)))
        .collect()
}

/// What is decided, for where, until when: what an officer reads first.
pub(crate) fn decision(record: &Record) -> Vec<Field> {
    known([
        (
            "Decision · 结论",
            Some(outcome(record.decision.outcome).to_owned()),
        ),
        ("Destination · 目的国", Some(record.destination.to_string())),
        (
            "Ship by · 最迟装运日",
            record.decision.ship_by.map(|day| day.to_string()),
        ),
        ("Valid until · 有效期至", Some(minute(record.expires_at))),
    ])
}

/// What is compared with the car.
pub(crate) fn car(record: &Record) -> Vec<Field> {
    let car = &record.vehicle;
    let tail = |tail: &Option<String>| tail.as_ref().map(|tail| format!("…{tail}"));
    known([
        ("VIN · 车辆识别代号", Some(car.vin.as_str().to_owned())),
        (
            "Make, model · 品牌型号",
            Some(format!("{} {}", car.make, car.model)),
        ),
        ("Colour · 颜色", Some(car.colour.clone())),
        (
            "Model year · 车型年份",
            car.model_year.map(|year| year.to_string()),
        ),
        (
            "First registration · 初次登记日期",
            Some(car.first_registration.to_string()),
        ),
        (
            "Engine no. ends with · 发动机号末位",
            tail(&car.engine_tail),
        ),
        (
            "Battery no. ends with · 电池编号末位",
            tail(&car.battery_tail),
        ),
    ])
}

/// Who exports, who issued, under which licence.
pub(crate) fn papers(record: &Record) -> Vec<Field> {
    known([
        ("Exporter · 出口企业代码", Some(record.exporter.clone())),
        (
            "Licence recorded · 已登记的许可证号",
            record.licence_number.clone(),
        ),
        ("Issuer · 签发方", Some(record.issuer.clone())),
        ("Issued · 签发时间", Some(minute(record.issued_at))),
    ])
}

/// The label of the certificate's number.
pub(crate) const NUMBER: &str = "Certificate no. · 证明编号";

/// An instant as people read it, to the minute; the record below states it to the second.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('T') {
        Some((day, time)) => format!("{day} {} UTC", time.get(..5).unwrap_or(time)),
        None => text,
    }
}

/// One language of the summary.
pub(crate) struct Language {
    pub(crate) code: &'static str,
    /// Its name in itself.
    pub(crate) name: &'static str,
    pub(crate) direction: &'static str,
    /// With `{car}`, `{vin}`, `{destination}`, `{outcome}`, `{until}`.
    text: &'static str,
    ship_by: &'static str,
    outcomes: [&'static str; 3],
}

impl Language {
    /// The summary of a record; `value` makes each of its values safe for the form it goes into.
    pub(crate) fn summary(&self, record: &Record, value: &dyn Fn(&str) -> String) -> String {
        let (car, decision) = (&record.vehicle, &record.decision);
        let outcome = match decision.outcome {
            Outcome::Permitted => self.outcomes[0],
            Outcome::Conditional => self.outcomes[1],
            Outcome::PermittedByOverride => self.outcomes[2],
        };
        let mut values = vec![
            (
                "car",
                value(&format!("{} {}, {}", car.make, car.model, car.colour)),
            ),
            ("vin", value(car.vin.as_str())),
            ("destination", value(record.destination.as_str())),
            ("outcome", outcome.to_owned()),
            ("until", value(&minute(record.expires_at))),
        ];
        let mut summary = fill(self.text, &values);
        if let Some(day) = decision.ship_by {
            values = vec![("day", value(&day.to_string()))];
            summary.push(' ');
            summary.push_str(&fill(self.ship_by, &values));
        }
        summary
    }
}

/// Fills the placeholders in one pass, so that a value never acts as a placeholder.
fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let value = values.iter().find(|(known, _)| *known == name);
        filled.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

pub(crate) const ALL: [Language; 6] = [
    Language {
        code: "en",
        name: "English",
        direction: "ltr",
        text: "The used vehicle {vin} ({car}) was checked against China's export rules and the import rules of {destination}: {outcome}. Valid until {until}. Not an official permit. Compare VIN, colour and photograph with the car, then scan the code.",
        ship_by: "Ship by {day}.",
        outcomes: [
            "every rule is met",
            "permitted with conditions",
            "permitted by the decision of two people",
        ],
    },
    Language {
        code: "zh",
        name: "中文",
        direction: "ltr",
        text: "二手车 {vin}（{car}）已按中国出口规定和 {destination} 进口规定核查：{outcome}。有效期至 {until}。本证明不是官方许可。请将车辆识别代号、颜色和照片与实车核对，然后扫描二维码。",
        ship_by: "最迟装运日：{day}。",
        outcomes: ["全部规定均已满足", "有条件允许", "经两人复核决定允许"],
    },
    Language {
        code: "ru",
        name: "Русский",
        direction: "ltr",
        text: "Подержанный автомобиль {vin} ({car}) проверен по правилам вывоза Китая и правилам ввоза {destination}: {outcome}. Действительно до {until}. Не является официальным разрешением. Сверьте VIN, цвет и фотографию с автомобилем, затем отсканируйте код.",
        ship_by: "Отгрузить не позднее {day}.",
        outcomes: [
            "все правила выполнены",
            "разрешено с условиями",
            "разрешено решением двух лиц",
        ],
    },
    Language {
        code: "ar",
        name: "العربية",
        direction: "rtl",
        text: "تم فحص المركبة المستعملة {vin} ({car}) وفق قواعد التصدير الصينية وقواعد الاستيراد في {destination}: {outcome}. صالحة حتى {until}. هذه ليست رخصة رسمية. قارن رقم الهيكل واللون والصورة بالمركبة ثم امسح الرمز.",
        ship_by: "آخر موعد للشحن {day}.",
        outcomes: [
            "جميع القواعد مستوفاة",
            "مسموح بشروط",
            "مسموح بقرار من شخصين",
        ],
    },
    Language {
        code: "fr",
        name: "Français",
        direction: "ltr",
        text: "Le véhicule d'occasion {vin} ({car}) a été contrôlé selon les règles d'exportation de la Chine et les règles d'importation de {destination} : {outcome}. Valable jusqu'au {until}. Ceci n'est pas une autorisation officielle. Comparez le VIN, la couleur et la photographie avec le véhicule, puis scannez le code.",
        ship_by: "À expédier au plus tard le {day}.",
        outcomes: [
            "toutes les règles sont respectées",
            "autorisé sous conditions",
            "autorisé par décision de deux personnes",
        ],
    },
    Language {
        code: "es",
        name: "Español",
        direction: "ltr",
        text: "El vehículo usado {vin} ({car}) se comprobó según las normas de exportación de China y las normas de importación de {destination}: {outcome}. Válido hasta {until}. No es un permiso oficial. Compare el VIN, el color y la fotografía con el vehículo y luego escanee el código.",
        ship_by: "Embarcar a más tardar el {day}.",
        outcomes: [
            "se cumplen todas las normas",
            "permitido con condiciones",
            "permitido por decisión de dos personas",
        ],
    },
];
