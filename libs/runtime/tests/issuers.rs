//! Outside issuers: an HTTP issuer in this process whose keys rotate, and which must not be asked too often.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tongguan_access::{Access, Grant, generate_key};
use tongguan_runtime::issuers::{IssuerConfig, Keeper};
use tongguan_vocabulary::Clock;

/// Answers every request with the present text; counts them.
struct Http {
    text: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
    url: String,
}

async fn http(text: String) -> Http {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let (text, asked) = (Arc::new(Mutex::new(text)), Arc::new(AtomicUsize::new(0)));
    let (answers, count) = (Arc::clone(&text), Arc::clone(&asked));
    #[expect(
        clippy::disallowed_methods,
        reason = "the server of a test ends with its runtime"
    )]
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match socket.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            count.fetch_add(1, Ordering::SeqCst);
            let body = answers.lock().unwrap().clone();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _gone = socket.write_all(answer.as_bytes()).await;
        }
    });
    Http { text, asked, url }
}

/// Somebody else's suite: its tokens say `tongguan` as their issuer, so that is the name it is trusted under.
fn outside() -> Access {
    Access::embedded(&generate_key().unwrap(), Clock::system()).unwrap()
}

fn token(access: &Access, tenant: &str) -> String {
    access.mint(&Grant::new(tenant.parse().unwrap(), "li.wei").scope("registry.read"))
}

fn config(url: &str) -> IssuerConfig {
    IssuerConfig {
        name: "tongguan".into(),
        keys_url: url.into(),
        tenants: vec!["acme".into()],
    }
}

#[tokio::test]
async fn keys_are_fetched_rotated_and_asked_for_once_a_minute() {
    let (old, new) = (outside(), outside());
    let http = http(old.own_jwks()).await;
    let (issuer, mut keeper) = Keeper::new(&config(&http.url)).unwrap();
    let own = generate_key().unwrap();
    let access = Access::trusting(&own, vec![issuer], Clock::system()).unwrap();
    let begin = Instant::now();
    let after = |seconds| begin + Duration::from_secs(seconds);

    assert!(
        access.verify(&token(&old, "acme")).is_err(),
        "not fetched yet"
    );
    keeper.look(begin).await.unwrap().unwrap();
    assert!(access.verify(&token(&old, "acme")).is_ok());
    assert!(
        access.verify(&token(&old, "other")).is_err(),
        "not a tenant of that issuer"
    );

    // The issuer rotates: the first token by the new key asks for it, and a thousand more change nothing.
    *http.text.lock().unwrap() = new.own_jwks();
    for _ in 0..1_000 {
        assert!(access.verify(&token(&new, "acme")).is_err());
    }
    assert!(keeper.look(after(1)).await.is_none());
    assert!(keeper.look(after(59)).await.is_none());
    keeper.look(after(60)).await.unwrap().unwrap();
    assert_eq!(http.asked.load(Ordering::SeqCst), 2);
    assert!(access.verify(&token(&new, "acme")).is_ok());

    // Garbage leaves what is known in force; nothing asked for, it is fetched again after ten minutes.
    *http.text.lock().unwrap() = "no keys".into();
    assert!(keeper.look(after(500)).await.is_none());
    assert!(keeper.look(after(660)).await.unwrap().is_err());
    assert!(access.verify(&token(&new, "acme")).is_ok());
    assert!(
        access.verify(&token(&old, "acme")).is_err(),
        "the withdrawn key counts no more, although its token was verified before"
    );
}

#[test]
fn an_issuer_needs_a_name_an_https_address_and_tenants_that_are_some() {
    assert!(Keeper::new(&IssuerConfig::default()).is_err());
    for url in [
        "",
        "ftp://127.0.0.1/keys",
        "http://issuer.example/keys",
        "http://10.0.0.1/keys",
    ] {
        assert!(Keeper::new(&config(url)).is_err(), "{url}");
    }
    for url in ["https://issuer.example/keys", "http://[::1]:9/keys"] {
        assert!(Keeper::new(&config(url)).is_ok(), "{url}");
    }
    let mut wrong = config("https://issuer.example/keys");
    wrong.tenants.push("Not A Tenant".into());
    assert!(Keeper::new(&wrong).is_err());
}
