//! An event of a tenant's log: sealed into a hash chain, shown without personal data.

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Map, Value};
use time::{OffsetDateTime, UtcOffset};
use tongguan_vocabulary::{Tenant, Vin};
use uuid::Uuid;

/// What the first event names as the hash of the one before.
pub(crate) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The streams of other services that a log is fed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feed {
    Cases,
    Vehicles,
}

impl Feed {
    pub(crate) const ALL: [Self; 2] = [Self::Cases, Self::Vehicles];

    /// As it is stored.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cases => "cases",
            Self::Vehicles => "vehicles",
        }
    }
}

/// Something that happened elsewhere, as the feed tells it.
#[derive(Debug, Clone)]
pub(crate) struct Happening {
    /// Number of the event for its subject; with the subject it is the event's identity in its feed.
    pub(crate) version: u64,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) at: OffsetDateTime,
    pub(crate) data: Map<String, Value>,
    /// Where the feed goes on after it.
    pub(crate) token: String,
}

impl Happening {
    /// The event's identity: the same whenever and by whomever the feed is read (UUID version 8, RFC 9562).
    pub(crate) fn id(&self, tenant: &Tenant, feed: Feed) -> Uuid {
        let mut context = Context::new(&SHA256);
        for part in [
            tenant.as_str(),
            feed.name(),
            &self.subject,
            &self.version.to_string(),
        ] {
            context.update(part.as_bytes());
            context.update(b"\n");
        }
        let mut bytes = [0_u8; 16];
        bytes.copy_from_slice(&context.finish().as_ref()[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// The end of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) sequence: u64,
    pub(crate) sha256: String,
}

/// Which events a log keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Recorded at or after this instant; all where there is none.
    pub(crate) since: Option<OffsetDateTime>,
    /// The newest so many; all where there is none.
    pub(crate) newest: Option<u64>,
}

/// An event in its place in the log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) sequence: u64,
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) at: OffsetDateTime,
    pub(crate) data: Map<String, Value>,
    pub(crate) previous: String,
    pub(crate) sha256: String,
}

impl Event {
    /// Puts what happened behind the end of the chain.
    pub(crate) fn seal(head: &Head, id: Uuid, happening: &Happening) -> Self {
        let mut event = Self {
            sequence: head.sequence + 1,
            id,
            kind: happening.kind.clone(),
            subject: happening.subject.clone(),
            at: happening.at,
            data: happening.data.clone(),
            previous: head.sha256.clone(),
            sha256: String::new(),
        };
        event.sha256 = event.hash();
        event
    }

    /// An event to try an endpoint with; it stands in no log.
    pub(crate) fn test(id: Uuid, endpoint: Uuid, at: OffsetDateTime) -> Self {
        Self {
            sequence: 0,
            id,
            kind: "test".to_owned(),
            subject: format!("webhooks/endpoints/{endpoint}"),
            at,
            data: Map::new(),
            previous: String::new(),
            sha256: String::new(),
        }
    }

    /// The end of the chain after it.
    pub(crate) fn head(&self) -> Head {
        Head {
            sequence: self.sequence,
            sha256: self.sha256.clone(),
        }
    }

    /// SHA-256 over the fields as the contract orders them, each followed by a line feed.
    pub(crate) fn hash(&self) -> String {
        let mut context = Context::new(&SHA256);
        for part in [
            &self.previous,
            &self.sequence.to_string(),
            &self.id.to_string(),
            &self.kind,
            &self.subject,
            &rfc3339(self.at),
            &canonical(&Value::Object(self.data.clone())),
        ] {
            context.update(part.as_bytes());
            context.update(b"\n");
        }
        hex(context.finish().as_ref())
    }

    /// The event for a reader who may not see VINs: maker and model stay. The hashes stay
    /// those of the full event, so that the links of the chain can still be followed.
    pub(crate) fn masked(mut self) -> Self {
        if let Some(vin) = self.subject.strip_prefix("vehicles/") {
            self.subject = format!("vehicles/{}", mask(vin));
        }
        if let Some(Value::String(vin)) = self.data.get_mut("vin") {
            *vin = mask(vin);
        }
        self
    }
}

/// What is no VIN is hidden whole.
fn mask(vin: &str) -> String {
    vin.parse::<Vin>()
        .map_or_else(|_| "*".repeat(17), |vin| vin.masked())
}

/// An instant in UTC with `Z` and 0, 3 or 6 decimals, as the JSON form of the protocol writes it.
pub(crate) fn rfc3339(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let fraction = match at.microsecond() {
        0 => String::new(),
        micros if micros % 1_000 == 0 => format!(".{:03}", micros / 1_000),
        micros => format!(".{micros:06}"),
    };
    format!(
        "{}T{:02}:{:02}:{:02}{fraction}Z",
        at.date(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// Canonical JSON after RFC 8785; our numbers are whole and our names are ASCII, so that sorting them as
/// bytes is sorting them as UTF-16.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields: Vec<_> = fields
                .into_iter()
                .map(|(name, value)| {
                    format!("{}:{}", Value::String(name.clone()), canonical(value))
                })
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        plain => plain.to_string(),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn happening(data: Value) -> Happening {
        Happening {
            version: 2,
            kind: "vehicle.status_recorded".into(),
            subject: "vehicles/LSVAU2A37N2100005".into(),
            at: OffsetDateTime::from_unix_timestamp(1_772_424_000).unwrap(),
            data: data.as_object().unwrap().clone(),
            token: String::new(),
        }
    }

    #[test]
    fn the_hash_is_the_one_a_reader_computes_with_sha256sum() {
        let head = Head {
            sequence: 0,
            sha256: GENESIS.into(),
        };
        let event = Event::seal(
            &head,
            Uuid::nil(),
            &happening(json!({"version": 2, "a": "\u{8f66}"})),
        );
        // printf '%s\n' 0000…0 1 00000000-0000-0000-0000-000000000000 vehicle.status_recorded
        //   vehicles/LSVAU2A37N2100005 2026-03-02T04:00:00Z '{"a":"车","version":2}' | sha256sum
        assert_eq!(
            event.sha256,
            "6b803a8bb927bc713de8a415a0281ee203b35f3c51d5ceb301d8ca30262da0e2"
        );
        let next = Event::seal(&event.head(), Uuid::nil(), &happening(json!({})));
        assert_eq!((next.sequence, &next.previous), (2, &event.sha256));
    }

    #[test]
    fn a_mask_leaves_maker_and_model() {
        let head = Head {
            sequence: 0,
            sha256: GENESIS.into(),
        };
        let vin = json!({"vin": "LSVAU2A37N2100005"});
        let masked = Event::seal(&head, Uuid::nil(), &happening(vin)).masked();
        assert_eq!(masked.subject, "vehicles/LSVAU2A3*********");
        assert_eq!(masked.data["vin"], "LSVAU2A3*********");
    }

    #[test]
    fn an_event_keeps_its_identity_and_shares_it_with_no_other() {
        let (acme, other) = ("acme".parse().unwrap(), "other".parse().unwrap());
        let one = happening(json!({}));
        assert_eq!(one.id(&acme, Feed::Vehicles), one.id(&acme, Feed::Vehicles));
        assert_ne!(
            one.id(&acme, Feed::Vehicles),
            one.id(&other, Feed::Vehicles)
        );
        assert_ne!(one.id(&acme, Feed::Vehicles), one.id(&acme, Feed::Cases));
    }
}
