//! Inspection bodies: what they are accredited for and when, and when they were suspended.

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use tongguan_vocabulary::PartialDate;
use uuid::Uuid;

use super::key::Key;
use super::vehicle::Category;

/// Who accredits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scheme {
    /// Mandatory approval of inspection bodies.
    Cma,
    /// China National Accreditation Service.
    Cnas,
    /// Import and export commodity inspection qualification.
    CommodityInspection,
}

/// A standard and the categories it is covered for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scope {
    /// The standard.
    pub(crate) standard: String,
    /// The categories.
    pub(crate) categories: Vec<Category>,
}

/// An accreditation; both days are known to the day and inclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Accreditation {
    /// Who accredits.
    pub(crate) scheme: Scheme,
    /// Number on the certificate.
    pub(crate) number: String,
    /// First day.
    pub(crate) valid_from: PartialDate,
    /// Last day.
    pub(crate) valid_until: PartialDate,
    /// What it covers.
    pub(crate) scopes: Vec<Scope>,
}

/// A suspension; days are known to the day and inclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Suspension {
    /// First day.
    pub(crate) from: PartialDate,
    /// Last day; `None` while it stands.
    pub(crate) until: Option<PartialDate>,
    /// Why.
    pub(crate) reason: String,
}

impl Suspension {
    /// Whether `day` falls in it.
    pub(crate) fn covers(&self, day: Date) -> bool {
        self.from.first() <= day && self.until.is_none_or(|until| day <= until.first())
    }
}

/// A body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Body {
    /// Identity.
    pub(crate) id: Uuid,
    /// Registered name.
    pub(crate) name: String,
    /// Unified social credit code.
    pub(crate) organisation: String,
    /// What it may test.
    pub(crate) accreditations: Vec<Accreditation>,
    /// When it was suspended, the oldest first.
    pub(crate) suspensions: Vec<Suspension>,
    /// What it signs reports with; bodies stored before there were keys have none.
    #[serde(default)]
    pub(crate) keys: Vec<Key>,
    /// Rising by one with each change.
    pub(crate) version: i64,
    /// When it was stored.
    pub(crate) created_at: OffsetDateTime,
    /// When it last changed.
    pub(crate) updated_at: OffsetDateTime,
}

/// What is told of a body that is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct NewBody {
    /// Registered name.
    pub(crate) name: String,
    /// Unified social credit code.
    pub(crate) organisation: String,
    /// What it may test.
    pub(crate) accreditations: Vec<Accreditation>,
    /// What it signs reports with.
    pub(crate) keys: Vec<Key>,
}

impl Body {
    /// Whether it has a key that may sign on this day.
    pub(crate) fn can_sign(&self, day: Date) -> bool {
        self.keys.iter().any(|key| key.is_valid(day))
    }

    /// The numbers of the accreditations that cover a test of this standard and category on this day; an
    /// explanation where none does or the body is suspended.
    pub(crate) fn accredited(
        &self,
        standard: &str,
        category: Category,
        day: Date,
    ) -> Result<Vec<String>, String> {
        if let Some(suspension) = self
            .suspensions
            .iter()
            .find(|suspension| suspension.covers(day))
        {
            return Err(match suspension.until {
                Some(until) => format!("suspended from {} to {until}", suspension.from),
                None => format!("suspended since {}", suspension.from),
            });
        }
        let in_scope: Vec<_> = self
            .accreditations
            .iter()
            .filter(|accreditation| {
                let mut scopes = accreditation.scopes.iter();
                scopes
                    .any(|scope| scope.standard == standard && scope.categories.contains(&category))
            })
            .collect();
        if in_scope.is_empty() {
            return Err(format!(
                "no accreditation covers {standard} for category {category}"
            ));
        }
        let numbers: Vec<_> = in_scope
            .iter()
            .filter(|held| held.valid_from.first() <= day && day <= held.valid_until.first())
            .map(|held| held.number.clone())
            .collect();
        if numbers.is_empty() {
            let spans: Vec<_> = in_scope
                .iter()
                .map(|held| {
                    format!(
                        "{} is valid from {} to {}",
                        held.number, held.valid_from, held.valid_until
                    )
                })
                .collect();
            return Err(format!("not valid on {day}: {}", spans.join("; ")));
        }
        Ok(numbers)
    }

    /// Adds a suspension, or replaces the one that begins on the same day.
    pub(crate) fn suspend(&mut self, suspension: Suspension, at: OffsetDateTime) {
        self.suspensions
            .retain(|known| known.from != suspension.from);
        self.suspensions.push(suspension);
        self.suspensions.sort_by_key(|known| known.from);
        self.touch(at);
    }

    /// Counts a change.
    pub(crate) fn touch(&mut self, at: OffsetDateTime) {
        self.version += 1;
        self.updated_at = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    fn body() -> Body {
        Body {
            id: Uuid::nil(),
            name: "Test station".to_owned(),
            organisation: "91310000MA1K000001".to_owned(),
            accreditations: vec![Accreditation {
                scheme: Scheme::Cma,
                number: "CMA-1".to_owned(),
                valid_from: "2025-01-01".parse().unwrap(),
                valid_until: "2026-12-31".parse().unwrap(),
                scopes: vec![Scope {
                    standard: "WM/T 8-2022".to_owned(),
                    categories: vec![Category::M1],
                }],
            }],
            suspensions: vec![],
            keys: vec![],
            version: 1,
            created_at: datetime!(2025-01-01 0:00 UTC),
            updated_at: datetime!(2025-01-01 0:00 UTC),
        }
    }

    #[test]
    fn the_test_date_decides_not_today() {
        let body = body();
        for (day, valid) in [
            (date!(2024 - 12 - 31), false),
            (date!(2025 - 01 - 01), true),
            (date!(2026 - 12 - 31), true),
            (date!(2027 - 01 - 01), false),
        ] {
            assert_eq!(
                body.accredited("WM/T 8-2022", Category::M1, day).is_ok(),
                valid,
                "{day}"
            );
        }
    }

    #[test]
    fn scope_is_standard_and_category() {
        let body = body();
        let day = date!(2026 - 01 - 01);
        assert!(body.accredited("WM/T 9-2022", Category::M1, day).is_err());
        assert!(body.accredited("WM/T 8-2022", Category::N1, day).is_err());
    }

    #[test]
    fn a_suspension_covers_its_days_and_can_be_ended() {
        let mut body = body();
        let at = datetime!(2026-03-01 0:00 UTC);
        let open = Suspension {
            from: "2026-02-01".parse().unwrap(),
            until: None,
            reason: "audit".to_owned(),
        };
        body.suspend(open.clone(), at);
        assert!(
            body.accredited("WM/T 8-2022", Category::M1, date!(2026 - 01 - 31))
                .is_ok()
        );
        assert!(
            body.accredited("WM/T 8-2022", Category::M1, date!(2026 - 06 - 01))
                .is_err()
        );
        body.suspend(
            Suspension {
                until: Some("2026-02-28".parse().unwrap()),
                ..open
            },
            at,
        );
        assert_eq!(body.suspensions.len(), 1);
        assert!(
            body.accredited("WM/T 8-2022", Category::M1, date!(2026 - 02 - 28))
                .is_err()
        );
        assert!(
            body.accredited("WM/T 8-2022", Category::M1, date!(2026 - 03 - 01))
                .is_ok()
        );
        assert_eq!(body.version, 3);
    }
}
