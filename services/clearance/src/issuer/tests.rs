//! A token that takes its time to sign, and everybody else meanwhile.

use std::sync::Mutex;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tongguan_certificate::{
    Algorithm, Error as Failed, FileKey, KeyId, PublicKey, Signature, Signer,
};
use tongguan_testkit::noon;

use super::Issuer;
use crate::config::Config;
use crate::keys::{Key, Keys};
use crate::store::Store;

/// Signs when it is told to, and says when it begins.
struct Slow {
    key: FileKey,
    began: UnboundedSender<()>,
    may: Mutex<Receiver<()>>,
}

impl Signer for Slow {
    fn key_id(&self) -> &KeyId {
        self.key.key_id()
    }

    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> tongguan_certificate::Result<Signature> {
        self.began.send(()).unwrap();
        // Not for ever, so that a test that fails ends.
        let told = self
            .may
            .lock()
            .unwrap()
            .recv_timeout(Duration::from_secs(9));
        told.map_err(|_| Failed::SignerUnavailable("never told to".to_owned()))?;
        self.key.sign(message)
    }
}

#[tokio::test]
async fn while_a_token_signs_the_status_list_the_log_is_served() {
    let db = tongguan_testkit::databases::sqlite(&crate::migrations()).await;
    let config = Config {
        keys: String::new(),
        ..Config::default()
    };
    let (began, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let (go, may) = std::sync::mpsc::channel();
    let slow = Slow {
        key: FileKey::generate(Algorithm::Es256).unwrap(),
        began,
        may: Mutex::new(may),
    };
    let mut keys = Keys::open(&config).unwrap();
    keys.issuer = Key::slow(slow, "slow", &keys.bar).unwrap();
    let issuer = Issuer::with(keys, &config, Store::new(db), noon())
        .await
        .unwrap();
    let others = async {
        begun.recv().await.unwrap();
        assert_eq!(issuer.checkpoint().await.unwrap().checkpoint().size, 0);
        assert_eq!(issuer.tile("tile/0/000.p/1").await.unwrap(), None);
        assert_eq!(
            issuer
                .bundle(noon())
                .await
                .unwrap()
                .bundle()
                .trust()
                .version,
            1
        );
        go.send(()).unwrap();
    };
    let (list, ()) = tokio::join!(issuer.status_list("", noon()), others);
    let list = list.unwrap().unwrap();
    // Nothing changed: the same one is served, and the token is left alone.
    let again = issuer.status_list("", noon()).await.unwrap().unwrap();
    assert_eq!(again.token, list.token);
    // Before verifiers find it stale it is signed again.
    go.send(()).unwrap();
    let later = noon() + time::Duration::minutes(3);
    let later = issuer.status_list("", later).await.unwrap().unwrap();
    assert_ne!(later.token, list.token);
}
