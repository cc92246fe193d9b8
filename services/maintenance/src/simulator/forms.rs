//! The wire forms of the simulated system: which operation a request is, and how answers look in each profile.

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};

use super::records::Visit;
use crate::upstream::im_station_signed::sign;

/// The secret every simulated account has.
const SECRET: &str = "simulated";

/// A wire form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Flat,
    Portal,
    Chengdu,
    Foshan,
    Stations,
}

/// What a request asks for.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Clock,
    Token {
        form: Form,
    },
    Add {
        vin: String,
        visit: Box<Visit>,
    },
    List {
        form: Form,
        vin: String,
        plate: String,
        token: Option<String>,
        page: u32,
    },
    Detail {
        form: Form,
        id: String,
        token: Option<String>,
    },
}

impl Operation {
    /// Reads a request by its path, as each real system does.
    pub(super) fn read(path: &str, query: &str, headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let sent: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let header = |name: &str| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
                .to_owned()
        };
        Some(match path {
            "restservices/lcipprodatarest/lcipprogetaccesstoken/query" => {
                Self::Token { form: Form::Flat }
            }
            "restservices/lcipprodatarest/lcipprocarfixrecordquery/query" => list(
                Form::Flat,
                &sent["basicInfo"],
                Some(text(&sent["access_token"])),
                &sent,
            ),
            "restservices/lcipprodatarest/lcipprocarfixrecordadd/query" => Self::Add {
                vin: text(&sent["basicInfo"]["vin"]),
                visit: Box::new(uploaded(&sent)),
            },
            "vehicle/carfile/query" => {
                list(Form::Portal, &sent, Some(header("accesstoken")), &sent)
            }
            "vehicle/carfile/queryDetail" => Self::Detail {
                form: Form::Portal,
                id: text(&sent["repairbasicinfoId"]),
                token: Some(header("accesstoken")),
            },
            "time" => Self::Clock,
            "carhealth/token" => Self::Token {
                form: Form::Chengdu,
            },
            "carhealth/query" => {
                let info = &sent["transaction"]["body"]["reqInfo"];
                list(
                    Form::Chengdu,
                    &info["basicInfo"],
                    Some(text(&info["access_token"])),
                    info,
                )
            }
            "api/getAccessToken.ashx" => Self::Token { form: Form::Foshan },
            "api/getRepairInfo.ashx" => {
                let sent = parameter(query, "repairdata");
                list(
                    Form::Foshan,
                    &sent["body"],
                    Some(text(&sent["access_token"])),
                    &sent["body"],
                )
            }
            "repair/order/query" => {
                let expected = sign(
                    &header("companyidentity"),
                    &header("nonce"),
                    &header("timestamp"),
                    SECRET,
                );
                // A wrong signature is treated like an unknown token.
                let token = (header("sign") != expected).then(String::new);
                list(Form::Stations, &sent, token, &sent)
            }
            _ => return None,
        })
    }

    /// Whether it asks for a list of records.
    pub(super) fn is_question(&self) -> bool {
        matches!(self, Self::List { .. })
    }

    pub(super) fn question_form(&self) -> Option<Form> {
        match self {
            Self::List { form, .. } => Some(*form),
            _ => None,
        }
    }

    pub(super) fn vin(&self) -> Option<&str> {
        match self {
            Self::List { vin, .. } => Some(vin),
            Self::Detail { id, .. } => id.split('-').next(),
            _ => None,
        }
    }
}

fn list(form: Form, asked: &Value, token: Option<String>, paging: &Value) -> Operation {
    let plate = ["vehicleplatenumber", "licensePlate"]
        .iter()
        .map(|name| text(&asked[*name]))
        .find(|text| !text.is_empty());
    Operation::List {
        form,
        vin: text(&asked["vin"]),
        plate: plate.unwrap_or_default(),
        token,
        page: paging["pageNo"].as_u64().unwrap_or(1) as u32,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn parameter(query: &str, name: &str) -> Value {
    let url = reqwest::Url::parse(&format!("http://simulated/?{query}")).ok();
    let value = url.and_then(|url| {
        url.query_pairs()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    });
    value
        .and_then(|value| serde_json::from_str(&value).ok())
        .unwrap_or(Value::Null)
}

fn uploaded(sent: &Value) -> Visit {
    let basic = &sent["basicInfo"];
    let pair = |value: &Value, names: [&str; 2]| (text(&value[names[0]]), text(&value[names[1]]));
    Visit {
        shop: text(&basic["companyname"]),
        list: text(&basic["costlistcode"]),
        intake: text(&basic["repairdate"]),
        settled: text(&basic["settledate"]),
        mileage: text(&basic["repairmileage"]),
        fault: text(&basic["faultdescription"]),
        plate: text(&basic["vehicleplatenumber"]),
        jobs: sent["repairprojectlist"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|job| pair(job, ["repairproject", "workinghours"]))
            .collect(),
        parts: sent["vehiclepartslist"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|part| {
                (
                    text(&part["partsname"]),
                    text(&part["partsquantity"]),
                    text(&part["partscode"]),
                )
            })
            .collect(),
        ..Visit::default()
    }
}

impl Form {
    pub(super) fn token(self, token: &str) -> Response<Body> {
        self.respond(match self {
            Self::Flat | Self::Foshan | Self::Stations | Self::Portal => {
                json!({"code": "1", "status": "获取成功", "access_token": token})
            }
            Self::Chengdu => json!({"respInfo": {"code": "1", "access_token": token}}),
        })
    }

    /// A refusal: HTTP 200 and Chinese free text, as in the field.
    pub(super) fn refuse(self, status: &str) -> Response<Body> {
        self.respond(match self {
            Self::Flat | Self::Portal | Self::Foshan => json!({"code": "9", "status": status}),
            Self::Chengdu => json!({"respInfo": {"code": "9", "status": status}}),
            Self::Stations => json!({"code": 9, "msg": status}),
        })
    }

    pub(super) fn empty(self) -> Response<Body> {
        self.respond(match self {
            Self::Flat | Self::Portal => json!({"code": "0", "items": []}),
            Self::Foshan => json!({"code": "1", "repairList": []}),
            Self::Chengdu => json!({"respInfo": {"code": "1", "records": []}}),
            Self::Stations => json!({"code": 0, "data": {"list": []}}),
        })
    }

    pub(super) fn list(
        self,
        vin: &str,
        visits: &[Visit],
        total: usize,
        page: u32,
    ) -> Response<Body> {
        let first = (page.saturating_sub(1) as usize) * 50;
        let shown = visits.iter().enumerate().skip(first).take(50);
        self.respond(match self {
            Self::Portal => {
                let item = |(number, visit): (usize, &Visit)| json!({"repairbasicinfoId": format!("{vin}-{number}"), "vin": visit.vin, "vehicleplatenumber": visit.plate, "repairdate": visit.intake, "companyname": visit.shop});
                json!({"code": "0", "status": "查询成功", "total": total, "items": shown.map(item).collect::<Vec<_>>()})
            }
            Self::Flat => json!({"code": "0", "status": "查询成功", "total": total, "items": shown.map(|(_, visit)| self.visit(visit)).collect::<Vec<_>>()}),
            Self::Chengdu => json!({"respInfo": {"code": "1", "total": total, "records": shown.map(|(_, visit)| self.visit(visit)).collect::<Vec<_>>()}}),
            Self::Foshan => json!({"code": "1", "status": "查询成功", "total": total, "repairList": shown.map(|(_, visit)| self.visit(visit)).collect::<Vec<_>>()}),
            Self::Stations => json!({"code": 0, "msg": "成功", "data": {"total": total, "list": shown.map(|(_, visit)| self.visit(visit)).collect::<Vec<_>>()}}),
        })
    }

    pub(super) fn detail(self, visit: &Visit) -> Response<Body> {
        self.respond(json!({"code": "0", "status": "查询成功", "item": self.visit(visit)}))
    }

    fn visit(self, visit: &Visit) -> Value {
        let flag = if visit.headquarters { "1" } else { "0" };
        let jobs: Vec<Value> = visit
            .jobs
            .iter()
            .map(|(name, hours)| json!({"repairproject": name, "workinghours": hours}))
            .collect();
        let parts: Vec<Value> = visit.parts.iter().map(|(name, count, code)| json!({"partsname": name, "partsquantity": count, "partscode": code})).collect();
        let basic = json!({"vehicleplatenumber": visit.plate, "companyname": visit.shop, "companycode": visit.shop_code, "vin": visit.vin, "repairdate": visit.intake,
            "repairmileage": visit.mileage, "settledate": visit.settled, "faultdescription": visit.fault, "costlistcode": visit.list, "minister": flag});
        match self {
            Self::Flat | Self::Chengdu => {
                json!({"basicInfo": basic, "repairprojectlist": jobs, "vehiclepartslist": parts})
            }
            // A later release drifts to camel case.
            Self::Portal => {
                let basic = json!({"plateNumber": visit.plate, "companyName": visit.shop, "companyCode": visit.shop_code, "vin": visit.vin, "repairDate": visit.intake,
                    "repairMileage": visit.mileage, "settleDate": visit.settled, "faultDescription": visit.fault, "costlistcode": visit.list, "minister": flag});
                json!({"repairBasicinfo": basic, "repairprojectlist": jobs, "vehiclepartslist": parts})
            }
            Self::Foshan => {
                let mut flat = basic;
                flat["vehicleplatecolor"] = json!("蓝");
                flat["repairProjectList"] = json!(jobs);
                flat["vehiclePartsList"] = json!(parts);
                flat
            }
            Self::Stations => {
                let items: Vec<Value> = visit.jobs.iter().enumerate().map(|(seq, (name, hours))| json!({"itemSeq": seq + 1, "itemName": name, "settlementTime": hours})).collect();
                let parts: Vec<Value> = visit.parts.iter().enumerate().map(|(seq, (name, count, code))| json!({"partSeq": seq + 1, "partName": name, "partUnitNumber": count, "partNo": code})).collect();
                json!({"licensePlate": visit.plate, "vin": visit.vin, "stationName": visit.shop, "stationCode": visit.shop_code, "incomingDate": dashed(&visit.intake), "settlementDate": dashed(&visit.settled),
                    "repairMileage": visit.mileage, "settlementSeq": visit.list, "entrustRepair": visit.fault,
                    "repairItems": {"items": items, "subtotal": 0}, "repairParts": {"parts": parts, "subtotal": 0}})
            }
        }
    }

    fn respond(self, mut value: Value) -> Response<Body> {
        value["simulated"] = json!(true);
        if self == Self::Foshan {
            let bytes = encoding_rs::GBK.encode(&value.to_string()).0.into_owned();
            return text_response(StatusCode::OK, "text/plain; charset=GBK", bytes);
        }
        json_response(&value)
    }
}

/// `yyyyMMdd` as `yyyy-MM-dd`; anything else stays.
fn dashed(day: &str) -> String {
    let plain = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
    if plain {
        format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..])
    } else {
        day.to_owned()
    }
}

pub(super) fn json_response(value: &Value) -> Response<Body> {
    text_response(
        StatusCode::OK,
        "application/json;charset=UTF-8",
        value.to_string().into_bytes(),
    )
}

pub(super) fn text_response(
    status: StatusCode,
    content_type: &'static str,
    bytes: Vec<u8>,
) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        "content-type",
        axum::http::HeaderValue::from_static(content_type),
    );
    headers.insert("x-simulated", axum::http::HeaderValue::from_static("true"));
    response
}
