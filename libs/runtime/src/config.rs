//! Configuration in three layers: defaults in code, a TOML file, the environment; the later wins.
//!
//! Every key belongs to a section, so `registry.database.url` is written `TONGGUAN_REGISTRY__DATABASE__URL` in the
//! environment; variables without `__` are not configuration. Lists are separated by commas there. An unknown key is an
//! error wherever it stands: a typing mistake must not become a silent default. This is the only place that reads the
//! environment.

mod environment;
mod printed;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use config::{Config, File, FileFormat, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The file that is read when none is named and it exists.
pub const FILE: &str = "tongguan.toml";

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("configuration: {0}")]
pub struct ConfigError(#[from] config::ConfigError);

/// Where a configuration comes from.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    file: Option<File<config::FileSourceFile, FileFormat>>,
    text: Option<String>,
    environment: HashMap<String, String>,
}

impl Layers {
    /// The defaults alone.
    pub fn defaults() -> Self {
        Self::default()
    }

    /// What this process was given: `file`, or [`FILE`] in the working directory if it exists, and the environment.
    pub fn of_process(file: Option<&Path>) -> Self {
        let (path, required) = match file {
            Some(file) => (file.to_path_buf(), true),
            None => (PathBuf::from(FILE), false),
        };
        Self {
            file: Some(File::from(path).format(FileFormat::Toml).required(required)),
            text: None,
            environment: std::env::vars_os()
                .filter_map(|(key, value)| {
                    Some((key.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
        }
    }

    /// Adds the text of a TOML file.
    #[must_use]
    pub fn with_text(mut self, toml: &str) -> Self {
        self.text = Some(toml.to_owned());
        self
    }

    /// Adds a variable as the environment would.
    #[must_use]
    pub fn with_variable(mut self, key: &str, value: &str) -> Self {
        self.environment.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Reads all layers into `T`; errors name the key and the layer it came from.
    pub fn load<T>(&self) -> Result<Loaded<T>, ConfigError>
    where
        T: Default + Serialize + DeserializeOwned,
    {
        let defaults = Config::try_from(&T::default())?;
        let environment = environment::Environment::new(&self.environment, &defaults.cache);
        let mut builder = Config::builder().add_source(defaults);
        if let Some(file) = &self.file {
            builder = builder.add_source(file.clone());
        }
        if let Some(text) = &self.text {
            builder = builder.add_source(File::from_str(text, FileFormat::Toml));
        }
        let merged = builder.add_source(environment).build()?;
        let origins = merged.cache.clone();
        Ok(Loaded {
            settings: merged.try_deserialize()?,
            origins,
        })
    }
}

/// A configuration, and where each of its values came from.
#[derive(Debug)]
pub struct Loaded<T> {
    /// What is in force.
    pub settings: T,
    origins: Value,
}

impl<T: Serialize> Loaded<T> {
    /// The effective configuration as TOML, one `key = value  # origin` a line, with secrets redacted.
    pub fn printed(&self) -> Result<String, ConfigError> {
        let effective = Config::try_from(&self.settings)?;
        Ok(printed::lines(&effective.cache, &self.origins))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Settings {
        registry: Registry,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Registry {
        url: String,
        retries: u32,
        share: f64,
        strict: bool,
        markets: Vec<String>,
        signing_key: String,
        peer: Option<String>,
    }

    impl Default for Registry {
        fn default() -> Self {
            Self {
                url: "sqlite://data/registry.db".to_owned(),
                retries: 3,
                share: 0.5,
                strict: false,
                markets: vec!["KE".to_owned()],
                signing_key: String::new(),
                peer: None,
            }
        }
    }

    #[test]
    fn defaults_alone_are_a_configuration() {
        let loaded = Layers::defaults().load::<Settings>().unwrap();
        assert_eq!(loaded.settings, Settings::default());
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
        let loaded = Layers::defaults()
            .with_text("[registry]\nretries = 5\nshare = 0.25\nmarkets = [\"AE\"]")
            .with_variable("TONGGUAN_REGISTRY__RETRIES", "7")
            .with_variable("TONGGUAN_REGISTRY__STRICT", "true")
            .with_variable("TONGGUAN_REGISTRY__PEER", "http://peer:7070")
            .with_variable("TONGGUAN_REGISTRY__SIGNING_KEY", "007")
            .with_variable("TONGGUAN_TEST_POSTGRES", "not configuration")
            .with_variable("PATH", "/usr/bin")
            .load::<Settings>()
            .unwrap();
        let registry = loaded.settings.registry;
        assert_eq!(
            (registry.retries, registry.share, registry.strict),
            (7, 0.25, true)
        );
        assert_eq!(registry.markets, ["AE"]);
        assert_eq!(registry.peer.as_deref(), Some("http://peer:7070"));
        assert_eq!(registry.signing_key, "007", "text stays text");
    }

    #[test]
    fn a_list_in_the_environment_is_separated_by_commas() {
        let loaded = Layers::defaults()
            .with_variable("TONGGUAN_REGISTRY__MARKETS", "KE, AE,")
            .load::<Settings>()
            .unwrap();
        assert_eq!(loaded.settings.registry.markets, ["KE", "AE"]);
    }

    #[test]
    fn an_unknown_key_is_refused_by_name_in_every_layer() {
        let file = Layers::defaults()
            .with_text("[registry]\nretires = 5")
            .load::<Settings>();
        let section = Layers::defaults()
            .with_text("[registrie]\nretries = 5")
            .load::<Settings>();
        let variable = Layers::defaults()
            .with_variable("TONGGUAN_REGISTRY__RETIRES", "5")
            .load::<Settings>();
        for refused in [&file, &variable] {
            let message = refused.as_ref().unwrap_err().to_string();
            assert!(
                message.contains("retires") && message.contains("retries"),
                "{message}"
            );
        }
        assert!(section.unwrap_err().to_string().contains("registrie"));
    }

    #[test]
    fn a_value_of_the_wrong_kind_names_its_key_and_its_origin() {
        let refused = Layers::defaults()
            .with_variable("TONGGUAN_REGISTRY__RETRIES", "many")
            .load::<Settings>();
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("retries"), "{message}");
        assert!(message.contains("TONGGUAN_REGISTRY__RETRIES"), "{message}");
    }

    #[test]
    fn secrets_are_never_printed() {
        let loaded = Layers::defaults()
            .with_variable(
                "TONGGUAN_REGISTRY__URL",
                "postgres://registry:hunter2@db:5432/registry?sslmode=require",
            )
            .with_variable("TONGGUAN_REGISTRY__SIGNING_KEY", "MHcCAQEE")
            .load::<Settings>()
            .unwrap();
        let printed = loaded.printed().unwrap();
        assert!(
            !printed.contains("hunter2") && !printed.contains("MHcCAQEE"),
            "{printed}"
        );
        assert!(
            printed.contains("postgres://registry:[redacted]@db:5432/registry?sslmode=require"),
            "{printed}"
        );
        assert!(printed.contains("# TONGGUAN_REGISTRY__URL"), "{printed}");
        assert!(printed.contains("registry.retries = 3"), "{printed}");
    }

    #[test]
    fn what_is_printed_can_be_read_back() {
        let loaded = Layers::defaults()
            .with_variable("TONGGUAN_REGISTRY__URL", "sqlite://da\"ta\\x\n.db")
            .load::<Settings>()
            .unwrap();
        let again = Layers::defaults()
            .with_text(&loaded.printed().unwrap())
            .load::<Settings>()
            .unwrap();
        assert_eq!(again.settings, loaded.settings);
    }

    #[test]
    fn a_file_that_was_named_must_exist() {
        let missing =
            Layers::of_process(Some(Path::new("/nowhere/tongguan.toml"))).load::<Settings>();
        assert!(missing.is_err());
    }
}
