//! Checks tokens as RFC 8725 asks: the key pins the algorithm and the issuer, every time claim is
//! required, and `kid` is nothing but a name.

use std::sync::{Arc, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use tongguan_vocabulary::{Shift, Tenant};

use crate::claims::{Claims, Header};
use crate::keys::name;
use crate::shifts::CLOCK_AUDIENCE;
use crate::{AUDIENCE, Caller, Delegate, Inner, Issuer, Refusal, Role, Scopes};

/// Longer tokens are refused unread; the whole header list of a request is at most 8 KiB.
const LONGEST_TOKEN: usize = 6 * 1024;
/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 30;
/// Verified tokens remembered, since a signature costs more than the rest of a call.
const REMEMBERED: usize = 4096;

/// What only the subject itself may do: apply for a licence (谁出口谁申领), decide, override, publish rules.
const NEVER_DELEGATED: [&str; 5] = [
    "clearance.submit",
    "clearance.decide",
    "clearance.licence",
    "clearance.override",
    "destinations.publish",
];

/// A verified token, good while its times hold and its issuer's keys are the same.
#[derive(Clone)]
pub(crate) struct Seen {
    caller: Arc<Caller>,
    issuer: usize,
    generation: u64,
    nbf: i64,
    exp: i64,
}

pub(crate) fn verify(access: &Inner, token: &str) -> Result<Arc<Caller>, Refusal> {
    if token.len() > LONGEST_TOKEN {
        return Err(Refusal::Malformed);
    }
    let now = access.clock.now().unix_timestamp();
    let mut seen = access.seen.lock().unwrap_or_else(PoisonError::into_inner);
    let known = seen
        .get(token)
        .filter(|known| access.issuers[known.issuer].keys.ring().generation == known.generation)
        .cloned();
    let known = if let Some(known) = known {
        known
    } else {
        drop(seen);
        let fresh = check(&access.issuers, token)?;
        times(&fresh, now)?;
        seen = access.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REMEMBERED {
            seen.retain(|_, old| times(old, now).is_ok());
            if seen.len() >= REMEMBERED {
                seen.clear();
            }
        }
        seen.insert(token.to_owned(), fresh.clone());
        fresh
    };
    drop(seen);
    times(&known, now)?;
    Ok(known.caller)
}

fn times(token: &Seen, now: i64) -> Result<(), Refusal> {
    if now >= token.exp.saturating_add(LEEWAY) {
        Err(Refusal::Expired)
    } else if now < token.nbf.saturating_sub(LEEWAY) {
        Err(Refusal::NotYetValid)
    } else {
        Ok(())
    }
}

/// The claims of a token, signed by the issuer it names.
struct Sealed {
    claims: Claims,
    index: usize,
    generation: u64,
}

fn sealed(issuers: &[Issuer], token: &str) -> Result<Sealed, Refusal> {
    let mut parts = token.split('.');
    let (Some(header), Some(body), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::Malformed);
    };
    let message = &token[..header.len() + 1 + body.len()];
    let header: Header = json(header)?;
    let jwt = |typ: &str| typ.eq_ignore_ascii_case("jwt") || typ.eq_ignore_ascii_case("at+jwt");
    if header.crit.is_some() || header.typ.as_deref().is_some_and(|typ| !jwt(typ)) {
        return Err(Refusal::Malformed);
    }

    // Two issuers may use the same kid: each is tried with its own key, and the one whose key fits
    // must be the one the token names.
    let mut refusal = Refusal::Signature;
    let mut found = None;
    for (index, issuer) in issuers.iter().enumerate() {
        let ring = issuer.keys.ring();
        let Some(key) = ring.find(&header.kid) else {
            continue;
        };
        if header.alg != name(key.algorithm) {
            refusal = Refusal::Algorithm;
            continue;
        }
        if jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.key, key.algorithm)
            .unwrap_or(false)
        {
            found = Some((index, ring.generation));
            break;
        }
    }
    let Some((index, generation)) = found else {
        if refusal == Refusal::Signature {
            issuers
                .iter()
                .filter(|issuer| issuer.keys.ring().find(&header.kid).is_none())
                .for_each(|issuer| issuer.keys.want());
        }
        return Err(refusal);
    };

    let claims: Claims = json(body)?;
    let issuer = &issuers[index];
    if claims.iss != issuer.name {
        return Err(Refusal::Issuer);
    }
    Ok(Sealed {
        claims,
        index,
        generation,
    })
}

/// How far the clock of this sandbox is ahead, by a token of our own issuer for that.
pub(crate) fn shift(access: &Inner, token: &str, tenant: &Tenant) -> Option<Shift> {
    if token.len() > LONGEST_TOKEN {
        return None;
    }
    let now = access.clock.now().unix_timestamp();
    // Ours is the first; no outside issuer has a say in time.
    let own = access.issuers.get(..1)?;
    let claims = sealed(own, token).ok()?.claims;
    let current =
        now < claims.exp.0.saturating_add(LEEWAY) && now >= claims.nbf.0.saturating_sub(LEEWAY);
    (current && claims.aud.names(CLOCK_AUDIENCE) && claims.tenant == tenant.as_str())
        .then(|| claims.ahead.map(Shift::of_micros))
        .flatten()
}

/// Everything but the times.
fn check(issuers: &[Issuer], token: &str) -> Result<Seen, Refusal> {
    let Sealed {
        claims,
        index,
        generation,
    } = sealed(issuers, token)?;
    let issuer = &issuers[index];
    if !claims.aud.names(AUDIENCE) {
        return Err(Refusal::Audience);
    }
    let caller = Arc::new(holder(&claims, issuer)?);
    Ok(Seen {
        caller,
        issuer: index,
        generation,
        nbf: claims.nbf.0,
        exp: claims.exp.0,
    })
}

fn holder(claims: &Claims, issuer: &Issuer) -> Result<Caller, Refusal> {
    let tenant = claims.tenant.parse().map_err(|_| Refusal::Tenant)?;
    if !issuer.tenants.is_empty() && !issuer.tenants.contains(&tenant) {
        return Err(Refusal::Tenant);
    }
    let country = |code: &String| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
    if claims.region.as_ref().is_some_and(|code| !country(code)) {
        return Err(Refusal::Malformed);
    }
    if claims.sub.is_empty() || claims.sub.len() > 256 {
        return Err(Refusal::Malformed);
    }
    // Roles of other systems may stand in the same token: only ours count.
    let roles: Vec<Role> = claims
        .roles
        .iter()
        .filter_map(|role| role.parse().ok())
        .collect();
    let of_roles = roles
        .iter()
        .flat_map(|role| role.scopes())
        .map(|scope| (*scope).to_owned());
    let own = claims.scope.split_ascii_whitespace().map(str::to_owned);
    let mut scopes: Scopes = of_roles.chain(own).collect();
    let delegate = match &claims.act {
        None => None,
        Some(actor) if actor.sub.is_empty() || actor.sub.len() > 256 => {
            return Err(Refusal::Malformed);
        }
        Some(actor) => {
            // Whatever the exporter's role brings: who acts for it prepares, and only it submits.
            scopes = scopes.without(&NEVER_DELEGATED);
            Some(Delegate {
                subject: actor.sub.clone(),
                organisation: actor.org.clone().filter(|code| !code.is_empty()),
            })
        }
    };
    Ok(Caller {
        tenant,
        subject: claims.sub.clone(),
        organisation: claims.org.clone().filter(|code| !code.is_empty()),
        scopes,
        roles,
        // A delegate is some other person, and two steps through one exporter's name would be one person's.
        person: claims.person && delegate.is_none(),
        delegate,
        region: claims.region.clone().filter(|code| !code.is_empty()),
    })
}

fn json<T: DeserializeOwned>(part: &str) -> Result<T, Refusal> {
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Refusal::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Refusal::Malformed)
}
