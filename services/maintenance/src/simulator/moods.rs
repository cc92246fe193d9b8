//! The moods a province can be in: what the field is known to do.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Response, StatusCode};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::forms::{Operation, text_response};

/// How a province behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Mood {
    /// It answers.
    #[default]
    Well,
    /// It answers after so many milliseconds.
    Slow(u64),
    /// Every path answers 503.
    Down,
    /// It takes the question and never answers.
    Hang,
    /// It says that the quota is used up.
    Quota,
    /// It says that it is closed.
    OffHours,
    /// It refuses the first token it gave.
    ExpiredToken,
    /// HTTP 200 with a page of HTML.
    Html,
    /// HTTP 200 with noise.
    Garbage,
    /// The connection breaks after half the answer.
    HalfBody,
    /// A row of another car stands among the rows.
    RandomVin,
    /// It names more rows than it sends.
    MissingRows,
    /// The authorisation is still examined.
    AuthPending,
    /// The owner gave no authorisation.
    NotAuthorised,
    /// It does not serve the vehicle.
    Unsupported,
    /// It does not accept the question.
    BadInput,
    /// An empty list that does not say that there is nothing.
    EmptyWithoutTotal,
    /// Of a hundred questions half hang, twenty get 503 and ten get noise; which ones follows from the seed.
    Storm,
}

/// The name of every mood, as control requests spell it.
pub(super) const NAMES: [&str; 18] = [
    "well",
    "slow",
    "down",
    "hang",
    "quota",
    "off_hours",
    "expired_token",
    "html",
    "garbage",
    "half_body",
    "random_vin",
    "missing_rows",
    "auth_pending",
    "not_authorised",
    "unsupported",
    "bad_input",
    "empty_without_total",
    "storm",
];

/// What happens before an answer is made; an answer where the mood ends it there.
pub(super) async fn before(
    mood: Mood,
    operation: &Operation,
    dice: u64,
    stopping: &CancellationToken,
) -> Option<Response<Body>> {
    let mood = match (mood, dice % 100) {
        (Mood::Storm, 0..50) => Mood::Hang,
        (Mood::Storm, 50..70) => Mood::Down,
        (Mood::Storm, 70..80) => Mood::Garbage,
        (mood, _) => mood,
    };
    match mood {
        Mood::Down => {
            return Some(text_response(
                StatusCode::SERVICE_UNAVAILABLE,
                "text/html",
                "<html>503 服务不可用 (simulated)</html>".into(),
            ));
        }
        Mood::Hang => {
            stopping.cancelled().await;
            return Some(text_response(
                StatusCode::SERVICE_UNAVAILABLE,
                "text/plain",
                Vec::new(),
            ));
        }
        Mood::Slow(millis) => tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(millis)) => {}
            () = stopping.cancelled() => {}
        },
        _ => {}
    }
    let form = operation.question_form()?;
    Some(match mood {
        Mood::Quota => form.refuse("今日查询次数已用完"),
        Mood::OffHours => form.refuse("非服务时间，服务时间为08:00-20:00"),
        Mood::AuthPending => form.refuse("车主授权待审核"),
        Mood::NotAuthorised => form.refuse("车主未授权"),
        Mood::Unsupported => form.refuse("暂不支持该品牌车辆"),
        Mood::BadInput => form.refuse("车辆识别代码格式不正确"),
        Mood::EmptyWithoutTotal => form.empty(),
        Mood::Html => text_response(
            StatusCode::OK,
            "text/html",
            "<html><head><title>系统维护</title></head><body>系统维护中 (simulated)</body></html>"
                .into(),
        ),
        Mood::Garbage => {
            let noise = (0..64_u64)
                .map(|n| (dice.rotate_left(n as u32 % 64) >> 3) as u8 | 0x80)
                .collect();
            text_response(StatusCode::OK, "application/json", noise)
        }
        _ => return None,
    })
}

/// What happens to an answer on its way.
pub(super) fn after(mood: Mood, operation: &Operation, answer: Response<Body>) -> Response<Body> {
    if mood != Mood::HalfBody || !operation.is_question() {
        return answer;
    }
    let (parts, _) = answer.into_parts();
    let half: Result<Bytes, std::io::Error> = Ok(Bytes::from_static(
        b"{\"code\":\"0\",\"items\":[{\"basicInfo\":{\"vin\"",
    ));
    // The break comes a moment later, or nothing at all would be sent.
    let broken = futures::stream::once(async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(std::io::Error::other("the connection breaks (simulated)"))
    });
    let body = futures::stream::iter([half]).chain(broken);
    Response::from_parts(parts, Body::from_stream(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_mood() {
        for name in NAMES {
            let told = if name == "slow" {
                serde_json::json!({"slow": 100})
            } else {
                serde_json::json!(name)
            };
            assert!(serde_json::from_value::<Mood>(told).is_ok(), "{name}");
        }
        let error = serde_json::from_str::<Mood>("\"sunny\"").unwrap_err();
        assert_eq!(
            error.to_string().matches('`').count(),
            2 * (NAMES.len() + 1),
            "{error}"
        );
    }
}
