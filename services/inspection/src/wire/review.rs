//! Anomalies with their reviews, and stored evidence: domain → proto.

use tongguan_api::inspection::v1 as pb;
use tongguan_rpc::wire;
use uuid::Uuid;

use crate::domain::anomaly::{Anomaly, Figure, Kind};
use crate::domain::review::{Review, Standing};
use crate::store::Stored;

fn standing(standing: Standing) -> i32 {
    let wire = match standing {
        Standing::Open => pb::anomaly::State::Open,
        Standing::Confirmed => pb::anomaly::State::Confirmed,
        Standing::Dismissed => pb::anomaly::State::Dismissed,
    };
    wire.into()
}

impl From<Figure> for pb::anomaly::Figure {
    fn from(figure: Figure) -> Self {
        Self {
            name: figure.name,
            value: figure.value,
            limit: figure.limit,
            unit: figure.unit,
        }
    }
}

impl From<Review> for pb::anomaly::Review {
    fn from(review: Review) -> Self {
        Self {
            verdict: standing(review.verdict),
            reviewer: review.reviewer,
            reason: review.reason,
            create_time: Some(wire::timestamp(review.at)),
        }
    }
}

impl From<Anomaly> for pb::Anomaly {
    fn from(anomaly: Anomaly) -> Self {
        use pb::anomaly::Kind as Wire;
        let kind = match anomaly.seen.kind {
            Kind::ImpossiblePace => Wire::ImpossiblePace,
            Kind::AllPass => Wire::AllPass,
            Kind::ClonedValues => Wire::ClonedValues,
            Kind::OdometerWentBack => Wire::OdometerWentBack,
            Kind::EvidenceReused => Wire::EvidenceReused,
            Kind::VerdictMismatch => Wire::VerdictMismatch,
            Kind::VehicleMismatch => Wire::VehicleMismatch,
            Kind::BodySuspended => Wire::BodySuspended,
            Kind::PhotoDuplicate => Wire::PhotoDuplicate,
        };
        Self {
            id: anomaly.id.to_string(),
            kind: kind.into(),
            inspection: anomaly.inspection.to_string(),
            vin: anomaly.vin.to_string(),
            body: anomaly.body.to_string(),
            related: anomaly.seen.related.iter().map(Uuid::to_string).collect(),
            explanation: anomaly.seen.explanation,
            create_time: Some(wire::timestamp(anomaly.at)),
            figures: anomaly.seen.figures.into_iter().map(Into::into).collect(),
            evidence: anomaly.seen.evidence,
            state: standing(anomaly.standing),
            reviews: anomaly.reviews.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Stored> for pb::UploadEvidenceResponse {
    fn from(stored: Stored) -> Self {
        Self {
            sha256: stored.sha256,
            size: stored.size,
            media_type: stored.media.as_str().to_owned(),
            already_stored: stored.before,
        }
    }
}
