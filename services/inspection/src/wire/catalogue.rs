//! The catalogue on the wire.

use tongguan_api::inspection::v1 as pb;
use tongguan_rpc::wire;

use super::answers::{category, item_verdict};
use crate::domain::catalogue::{self, Catalogue, Presence, Standard};
use crate::domain::judge::words;
use crate::domain::vehicle::Category;

/// A standard's part of the catalogue; only what can apply to one category where it is given.
pub(crate) fn catalogue(
    catalogue: &Catalogue,
    standard: &Standard,
    versions: Vec<String>,
    only: Option<Category>,
) -> pb::Catalogue {
    let categories: Vec<Category> = match only {
        Some(only) => standard
            .categories
            .iter()
            .copied()
            .filter(|category| *category == only)
            .collect(),
        None => standard.categories.clone(),
    };
    let applies = |item: &&catalogue::Item| {
        categories
            .iter()
            .any(|category| item.applies.allows(*category))
    };
    pb::Catalogue {
        standard: standard.id.clone(),
        version: catalogue.version.clone(),
        title_zh: standard.title.zh.clone(),
        title_en: standard.title.en.clone(),
        items: catalogue
            .items
            .iter()
            .filter(applies)
            .map(|item| self::item(item, &catalogue.version, &categories))
            .collect(),
        categories: categories.into_iter().map(category).collect(),
        shots: catalogue.shots.clone(),
        open_questions: catalogue.open_questions.clone(),
        effective_from: Some(wire::date(catalogue.effective_from)),
        versions,
    }
}

fn item(item: &catalogue::Item, version: &str, categories: &[Category]) -> pb::CatalogueItem {
    use pb::catalogue_item::{Kind, Presence as Wire};
    let kind = match item.kind {
        catalogue::Kind::Measured => Kind::Measured,
        catalogue::Kind::Checked => Kind::Checked,
        catalogue::Kind::Recorded => Kind::Recorded,
    };
    let presence = match item.presence {
        Presence::Mandatory => Wire::Mandatory,
        Presence::Expected => Wire::Expected,
        Presence::Optional => Wire::Optional,
    };
    let limits = item.limits.iter().filter(|limit| {
        categories
            .iter()
            .any(|category| limit.when.allows(*category))
    });
    pb::CatalogueItem {
        id: item.id.clone(),
        kind: kind.into(),
        presence: presence.into(),
        text_en: item.text.en.clone(),
        text_zh: item.text.zh.clone(),
        unit: item.unit.clone(),
        place: item.place.as_str().to_owned(),
        instead: item.instead.clone(),
        applies: item.applies.words(),
        limits: limits.map(|limit| self::limit(limit, &item.unit)).collect(),
        source: item.source.clone(),
        confidence: item.confidence.as_str().to_owned(),
        nonconforming: item.nonconforming.map_or(0, item_verdict),
        since: item.since.clone().unwrap_or_else(|| version.to_owned()),
    }
}

fn limit(limit: &catalogue::Limit, unit: &str) -> pb::CatalogueLimit {
    let condition = limit.when.words();
    let dispute = limit.dispute.as_ref();
    pb::CatalogueLimit {
        condition: if condition.is_empty() {
            words(limit, unit)
        } else {
            format!("{condition}: {}", words(limit, unit))
        },
        min: limit.min,
        max: limit.max,
        confidence: limit.confidence.as_str().to_owned(),
        source: limit.source.clone(),
        breach: item_verdict(limit.breach()),
        disputed_min: dispute.and_then(|dispute| dispute.min),
        disputed_max: dispute.and_then(|dispute| dispute.max),
        dispute: dispute
            .map(|dispute| dispute.source.clone())
            .unwrap_or_default(),
    }
}
