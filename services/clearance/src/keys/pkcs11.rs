//! Keys that never leave their token: any PKCS#11 module, such as an HSM's or SoftHSM's.
//!
//! To set one up: make the key pairs in the token (`pkcs11-tool --keypairgen --key-type EC:prime256v1 --label
//! tongguan-issuer`), name module, token and labels in `[clearance.service.pkcs11]`, and give the PIN by a file or by
//! `TONGGUAN_CLEARANCE__SERVICE__PKCS11__PIN`. Nothing is made here: who makes a key in a token signs a protocol.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11};
use cryptoki::error::{Error as Failed, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use tongguan_certificate::{Algorithm, Error, KeyId, PublicKey, Signature, Signer};

use crate::config;

/// Modules by their path: PKCS#11 is initialised once in a process.
static MODULES: LazyLock<Mutex<BTreeMap<PathBuf, Pkcs11>>> = LazyLock::new(Mutex::default);

/// A token of a module, and the PIN of its user.
pub(crate) struct Token {
    module: Pkcs11,
    label: String,
    pin: AuthPin,
}

impl Token {
    /// Loads the module and reads the PIN; the token itself is looked for when a key is asked for.
    pub(crate) fn open(config: &config::Pkcs11) -> Result<Arc<Self>, Error> {
        let pin = match config.pin_file.as_str() {
            "" => config.pin.clone(),
            file => fs::read_to_string(file)
                .map_err(|error| Error::Key(format!("PIN file {file}: {error}")))?
                .trim_end()
                .to_owned(),
        };
        let module = module(Path::new(&config.module))
            .map_err(|error| Error::Key(format!("PKCS#11 module {}: {error}", config.module)))?;
        Ok(Arc::new(Self {
            module,
            label: config.label.clone(),
            pin: AuthPin::new(pin.into()),
        }))
    }

    /// The key pair with this label, whose public half says what it is.
    pub(crate) fn key(
        self: &Arc<Self>,
        label: &str,
        algorithm: Algorithm,
    ) -> Result<TokenKey, Error> {
        let named = |problem: String| {
            Error::Key(format!(
                "key {label:?} of token {:?}: {problem}",
                self.label
            ))
        };
        let session = self.session().map_err(|error| named(error.to_string()))?;
        let one = |class| {
            let wanted = [Attribute::Class(class), Attribute::Label(label.into())];
            match session.find_objects(&wanted).as_deref() {
                Ok([one]) => Ok(*one),
                Ok([]) => Err(named("is not there".to_owned())),
                Ok(_) => Err(named("there are several".to_owned())),
                Err(error) => Err(named(error.to_string())),
            }
        };
        let public = one(ObjectClass::PUBLIC_KEY)?;
        let private = one(ObjectClass::PRIVATE_KEY)?;
        let read = session.get_attributes(public, &[AttributeType::EcPoint]);
        let point = match read.map_err(|error| named(error.to_string()))?.as_slice() {
            [Attribute::EcPoint(point)] => point.clone(),
            _ => return Err(named("has no point of a curve".to_owned())),
        };
        let public = PublicKey::new(algorithm, bare(&point, algorithm))?;
        Ok(TokenKey {
            id: KeyId::of_public_key(public.as_bytes()),
            public,
            algorithm,
            label: label.to_owned(),
            token: self.clone(),
            open: Mutex::new(Some((session, private))),
        })
    }

    /// A session of the user, logged in.
    fn session(&self) -> Result<Session, Failed> {
        for slot in self.module.get_slots_with_initialized_token()? {
            if self.module.get_token_info(slot)?.label().trim_end() != self.label {
                continue;
            }
            let session = self.module.open_ro_session(slot)?;
            return match session.login(UserType::User, Some(&self.pin)) {
                // Logging in counts for all sessions of a process.
                Ok(()) | Err(Failed::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
                Err(error) => Err(error),
            };
        }
        Err(Failed::Pkcs11(
            RvError::TokenNotPresent,
            Function::GetSlotList,
        ))
    }
}

fn module(path: &Path) -> Result<Pkcs11, Failed> {
    let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = modules.get(path) {
        return Ok(module.clone());
    }
    let module = Pkcs11::new(path)?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Failed::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(error),
    }
    modules.insert(path.to_owned(), module.clone());
    Ok(module)
}

/// The point itself: the standard wraps it into an octet string, and not every module does.
fn bare(point: &[u8], algorithm: Algorithm) -> &[u8] {
    let length = match algorithm {
        Algorithm::Es256 => 65,
        Algorithm::Ed25519 => 32,
    };
    match point {
        [0x04, said, rest @ ..] if rest.len() == length && usize::from(*said) == length => rest,
        bare => bare,
    }
}

/// A key pair in a token.
pub(crate) struct TokenKey {
    token: Arc<Token>,
    label: String,
    algorithm: Algorithm,
    public: PublicKey,
    id: KeyId,
    /// The session that signs; opened anew where the token was away.
    open: Mutex<Option<(Session, ObjectHandle)>>,
}

impl TokenKey {
    fn sign_with(
        &self,
        session: &Session,
        key: ObjectHandle,
        message: &[u8],
    ) -> Result<Vec<u8>, Failed> {
        match self.algorithm {
            // The hash is taken here: not every module has ECDSA with SHA-256 in one step.
            Algorithm::Es256 => {
                session.sign(&Mechanism::Ecdsa, key, digest(&SHA256, message).as_ref())
            }
            Algorithm::Ed25519 => {
                let pure = EddsaParams::new(EddsaSignatureScheme::Pure);
                session.sign(&Mechanism::Eddsa(pure), key, message)
            }
        }
    }

    fn reopen(&self) -> Result<(Session, ObjectHandle), Failed> {
        let session = self.token.session()?;
        let wanted = [
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::Label(self.label.as_str().into()),
        ];
        let found = session.find_objects(&wanted)?;
        let gone = || Failed::Pkcs11(RvError::KeyHandleInvalid, Function::FindObjects);
        let key = found.first().copied().ok_or_else(gone)?;
        Ok((session, key))
    }
}

impl Signer for TokenKey {
    fn key_id(&self) -> &KeyId {
        &self.id
    }

    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, Error> {
        let failed = |problem: String| {
            Error::SignerUnavailable(format!(
                "key {:?} of token {:?}: {problem}",
                self.label, self.token.label
            ))
        };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let held = open.take().and_then(|(session, key)| {
            let signed = self.sign_with(&session, key, message).ok()?;
            Some((session, key, signed))
        });
        let signed = if let Some((session, key, signed)) = held {
            *open = Some((session, key));
            signed
        } else {
            // A token that was pulled or restarted knows its old sessions no more: once more with a new one.
            let (session, key) = self.reopen().map_err(|error| failed(error.to_string()))?;
            let signed = self.sign_with(&session, key, message);
            let signed = signed.map_err(|error| failed(error.to_string()))?;
            *open = Some((session, key));
            signed
        };
        let signature: Signature = signed
            .as_slice()
            .try_into()
            .map_err(|_| failed(format!("a signature of {} bytes", signed.len())))?;
        // A token that answers with another key's signature would break every certificate it signs.
        if self.public.verifies(message, &signature) {
            Ok(signature)
        } else {
            Err(failed("signed with another key".to_owned()))
        }
    }
}
