//! Which addresses may be reached: HTTPS on the open internet, checked at creation and at every connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Reads an address that may be sent to; what is wrong with it otherwise. Names are looked up later.
pub(crate) fn address(text: &str, private: bool) -> Result<Url, String> {
    let url: Url = text
        .parse()
        .map_err(|error| format!("is no URL: {error}"))?;
    if url.scheme() != "https" && !(private && url.scheme() == "http") {
        return Err("is not https".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("carries a name or password; signatures say who sends".to_owned());
    }
    if url.fragment().is_some() {
        return Err("has a fragment, which is never sent".to_owned());
    }
    let Some(host) = url.host_str() else {
        return Err("names no host".to_owned());
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let inside = match bare.parse::<IpAddr>() {
        Ok(address) => !open(address),
        Err(_) => local_name(bare),
    };
    if inside && !private {
        return Err("is inside a private network".to_owned());
    }
    Ok(url)
}

/// Whether a name of this URL leads into a private network now. A name that leads nowhere does not: that may
/// be an outage, and every connection checks again.
pub(crate) async fn leads_inside(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let port = url.port_or_known_default().unwrap_or(443);
    match tokio::net::lookup_host((host, port)).await {
        Ok(found) => found.into_iter().any(|address| !open(address.ip())),
        Err(_) => false,
    }
}

/// Names that never belong to the open internet (RFC 6761, RFC 8375, RFC 9476).
fn local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let last = host.rsplit('.').next().unwrap_or_default();
    !host.contains('.')
        || ["localhost", "local", "internal", "alt"].contains(&last)
        || host.ends_with(".home.arpa")
}

/// Looks names up and keeps only addresses of the open internet: a name that changes its mind between check
/// and connection gains nothing.
#[derive(Clone)]
pub(crate) struct OpenOnly {
    pub(crate) private: bool,
}

impl Resolve for OpenOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let kept: Vec<SocketAddr> = found
                .filter(|address| private || open(address.ip()))
                .collect();
            if kept.is_empty() {
                return Err("the name leads to no address of the open internet".into());
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

/// The client that sends: no proxy, no redirects, open addresses only.
pub(crate) fn client(private: bool) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(std::time::Duration::from_secs(5))
        .timeout(std::time::Duration::from_secs(15))
        .user_agent("tongguan-webhooks")
        .dns_resolver(Arc::new(OpenOnly { private }))
        .build()
}

/// Whether an address is on the open internet, after the IANA special-purpose registries.
pub(crate) fn open(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => open_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => open_v4(v4),
            None => open_v6(v6),
        },
    }
}

fn open_v4(address: Ipv4Addr) -> bool {
    const CLOSED: [([u8; 4], u32); 15] = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 0, 0, 0], 24),
        ([192, 0, 2, 0], 24),
        ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        ([224, 0, 0, 0], 4),
        ([240, 0, 0, 0], 4),
    ];
    let bits = u32::from(address);
    CLOSED
        .iter()
        .all(|(net, length)| (bits ^ u32::from_be_bytes(*net)) >> (32 - length) != 0)
}

/// Global unicast without documentation, protocol assignments and tunnels that carry an IPv4 address.
fn open_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    first >> 13 == 1
        && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
        && first != 0x2002
        && !(first == 0x3fff && second < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inside_is_reached() {
        for bad in [
            "http://hooks.example.com/",
            "ftp://hooks.example.com/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.0.0.1/",
            "https://0/",
            "https://10.1.2.3/",
            "https://100.64.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://172.31.0.1/",
            "https://192.168.1.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://[2001:0:7f00:1::]/",
            "https://localhost/",
            "https://a.localhost./",
            "https://db.internal/",
            "https://intranet/",
            "https://me:pw@hooks.example.com/",
            "https://hooks.example.com/#x",
            "https://255.255.255.255/",
            "https://224.0.0.1/",
            "nonsense",
            "https://",
        ] {
            assert!(address(bad, false).is_err(), "{bad}");
        }
        for good in [
            "https://hooks.example.com/in?a=1",
            "https://8.8.8.8:8443/",
            "https://[2606:4700::1111]/",
            "https://172.32.0.1/",
        ] {
            assert!(address(good, false).is_ok(), "{good}");
        }
        assert!(address("http://127.0.0.1:9/", true).is_ok());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_seen_and_not_connected_to() {
        let url = "https://localhost/".parse().unwrap();
        assert!(leads_inside(&url).await);
        let refused = OpenOnly { private: false }
            .resolve("localhost".parse().unwrap())
            .await;
        assert!(refused.is_err());
    }
}
