//! The life of a certificate: live → reserved → used, once; or revoked, superseded, expired.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

/// A hold for one movement.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reservation {
    /// Identity.
    pub id: Uuid,
    /// Who holds it.
    pub holder: String,
    /// The movement.
    pub movement: String,
    /// When it ends by itself.
    pub until: OffsetDateTime,
    /// When it began.
    pub since: OffsetDateTime,
}

/// Where a certificate stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Life {
    /// It can be reserved.
    Live,
    /// Held for one movement.
    Reserved {
        /// The hold.
        reservation: Reservation,
    },
    /// Held back: evidence changed after it was issued.
    Suspended {
        /// Why.
        reason: String,
        /// When.
        at: OffsetDateTime,
    },
    /// Used, for ever.
    Used {
        /// The movement.
        movement: String,
        /// When.
        at: OffsetDateTime,
    },
    /// Revoked, for ever.
    Revoked {
        /// Why.
        reason: String,
        /// When.
        at: OffsetDateTime,
    },
    /// Replaced.
    Superseded {
        /// By which certificate.
        by: Uuid,
    },
    /// Past its last day.
    Expired,
}

/// Why a step of its life is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another movement holds it.
    #[error("the certificate is reserved for another movement until {until}")]
    Reserved {
        /// When that hold ends.
        until: OffsetDateTime,
    },
    /// It was used.
    #[error("the certificate was used")]
    Used,
    /// It is revoked, superseded or expired.
    #[error("the certificate is {state}")]
    NotLive {
        /// Where it stands.
        state: &'static str,
    },
    /// The reservation named does not hold it now.
    #[error("the reservation does not hold this certificate now")]
    NotHeld,
}

impl Life {
    /// The word in the contract.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Reserved { .. } => "RESERVED",
            Self::Suspended { .. } => "SUSPENDED",
            Self::Used { .. } => "USED",
            Self::Revoked { .. } => "REVOKED",
            Self::Superseded { .. } => "SUPERSEDED",
            Self::Expired => "EXPIRED",
        }
    }

    /// As it stands at an instant: holds end by themselves, and so does its validity. A hold keeps it
    /// alive to its end: the car may be on the ramp.
    #[must_use]
    pub fn at(self, now: OffsetDateTime, expires_at: OffsetDateTime) -> Self {
        let held = match self {
            Self::Reserved { reservation } if reservation.until <= now => Self::Live,
            other => other,
        };
        match held {
            Self::Live | Self::Suspended { .. } if expires_at <= now => Self::Expired,
            other => other,
        }
    }

    /// Reserves it.
    pub fn reserve(&self, reservation: Reservation) -> Result<Self, Refusal> {
        match self {
            Self::Live => Ok(Self::Reserved { reservation }),
            other => Err(other.refusal()),
        }
    }

    /// Uses it under a hold.
    pub fn consume(&self, reservation: Uuid, now: OffsetDateTime) -> Result<Self, Refusal> {
        match self {
            Self::Reserved { reservation: held } if held.id == reservation => Ok(Self::Used {
                movement: held.movement.clone(),
                at: now,
            }),
            Self::Reserved { .. } | Self::Live => Err(Refusal::NotHeld),
            other => Err(other.refusal()),
        }
    }

    /// Ends a hold.
    pub fn release(&self, reservation: Uuid) -> Result<Self, Refusal> {
        match self {
            Self::Reserved { reservation: held } if held.id == reservation => Ok(Self::Live),
            Self::Reserved { .. } | Self::Live => Err(Refusal::NotHeld),
            other => Err(other.refusal()),
        }
    }

    /// Revokes it, for ever. A used certificate can not be revoked here: the car has left under it.
    pub fn revoke(&self, reason: &str, now: OffsetDateTime) -> Result<Self, Refusal> {
        match self {
            Self::Live | Self::Reserved { .. } | Self::Suspended { .. } | Self::Expired => {
                Ok(Self::Revoked {
                    reason: reason.to_owned(),
                    at: now,
                })
            }
            other => Err(other.refusal()),
        }
    }

    /// Holds it back; a hold for a movement ends with it. A certificate that is held back already stays so.
    pub fn suspend(&self, reason: &str, now: OffsetDateTime) -> Result<Self, Refusal> {
        match self {
            Self::Live | Self::Reserved { .. } | Self::Suspended { .. } => Ok(Self::Suspended {
                reason: reason.to_owned(),
                at: now,
            }),
            other => Err(other.refusal()),
        }
    }

    /// Sets a certificate free that was held back.
    pub fn reinstate(&self) -> Result<Self, Refusal> {
        match self {
            Self::Suspended { .. } => Ok(Self::Live),
            other => Err(other.refusal()),
        }
    }

    /// Replaces it by another.
    pub fn supersede(&self, by: Uuid) -> Result<Self, Refusal> {
        match self {
            Self::Live => Ok(Self::Superseded { by }),
            other => Err(other.refusal()),
        }
    }

    fn refusal(&self) -> Refusal {
        match self {
            Self::Reserved { reservation } => Refusal::Reserved {
                until: reservation.until,
            },
            Self::Used { .. } => Refusal::Used,
            other => Refusal::NotLive {
                state: other.as_str(),
            },
        }
    }

    /// The RPCs that can be called now.
    pub fn next(&self) -> &'static [&'static str] {
        match self {
            Self::Live => &[
                "ReserveCertificate",
                "AmendCertificate",
                "InvalidateCertificate",
            ],
            Self::Reserved { .. } => &[
                "ConsumeCertificate",
                "ReleaseReservation",
                "InvalidateCertificate",
            ],
            Self::Suspended { .. } => &["DecideCase", "InvalidateCertificate"],
            Self::Used { .. } => &["RecordExit"],
            Self::Revoked { .. } | Self::Superseded { .. } | Self::Expired => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;

    const NOW: OffsetDateTime = time::macros::datetime!(2026-03-02 04:00 UTC);

    fn hold(id: u128) -> Reservation {
        Reservation {
            id: Uuid::from_u128(id),
            holder: "customs".to_owned(),
            movement: "D-1".to_owned(),
            until: NOW + Duration::HOUR,
            since: NOW,
        }
    }

    #[test]
    fn a_certificate_is_used_once() {
        let held = Life::Live.reserve(hold(1)).unwrap();
        assert!(matches!(
            held.reserve(hold(2)),
            Err(Refusal::Reserved { .. })
        ));
        assert_eq!(held.consume(Uuid::from_u128(2), NOW), Err(Refusal::NotHeld));
        let used = held.consume(Uuid::from_u128(1), NOW).unwrap();
        assert_eq!(used.reserve(hold(3)), Err(Refusal::Used));
        assert_eq!(used.release(Uuid::from_u128(1)), Err(Refusal::Used));
        assert_eq!(used.revoke("late", NOW), Err(Refusal::Used));
    }

    #[test]
    fn revoked_is_never_valid_again() {
        let revoked = Life::Live.revoke("stolen after all", NOW).unwrap();
        assert!(revoked.reserve(hold(1)).is_err());
        assert!(revoked.supersede(Uuid::nil()).is_err());
        assert!(revoked.revoke("again", NOW).is_err());
        assert_eq!(
            revoked.clone().at(NOW + Duration::days(9_000), NOW),
            revoked
        );
    }

    #[test]
    fn a_suspended_certificate_is_neither_reserved_nor_consumed_until_it_is_free_again() {
        let held = Life::Live.reserve(hold(1)).unwrap();
        let suspended = held.suspend("stolen", NOW).unwrap();
        assert!(matches!(
            suspended.reserve(hold(2)),
            Err(Refusal::NotLive { state: "SUSPENDED" })
        ));
        assert!(suspended.consume(Uuid::from_u128(1), NOW).is_err());
        assert_eq!(suspended.reinstate(), Ok(Life::Live));
        assert!(Life::Live.reinstate().is_err());
        let used = held.consume(Uuid::from_u128(1), NOW).unwrap();
        assert_eq!(used.suspend("too late", NOW), Err(Refusal::Used));
        assert_eq!(suspended.at(NOW, NOW), Life::Expired);
    }

    #[test]
    fn a_hold_ends_by_itself_and_keeps_the_certificate_alive_until_then() {
        let held = Life::Live.reserve(hold(1)).unwrap();
        let expires = NOW + Duration::MINUTE;
        assert_eq!(held.clone().at(NOW + Duration::minutes(30), expires), held);
        assert_eq!(
            held.clone().at(NOW + Duration::HOUR, expires),
            Life::Expired
        );
        assert_eq!(
            held.at(NOW + Duration::HOUR, NOW + Duration::DAY),
            Life::Live
        );
    }
}
