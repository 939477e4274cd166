//! Where settings come from, and what is said when one is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use toml::{Table, Value};

/// Environment and file, and the faults found so far.
#[derive(Debug, Default)]
pub struct Source {
    env: BTreeMap<String, String>,
    /// By dotted name, such as `server.bind`.
    file: BTreeMap<String, String>,
    used: BTreeSet<&'static str>,
    faults: Vec<Fault>,
}

/// One setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {fault}")]
pub struct Fault {
    /// The name it was given by: a variable's, or the file's dotted one.
    pub setting: String,
    /// What is wrong with it.
    pub fault: String,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file is not TOML: {0}")]
    NotToml(#[from] toml::de::Error),
    /// Settings are wrong.
    #[error("the configuration has faults:\n{}", list(.0))]
    Faults(Vec<Fault>),
}

impl Source {
    /// The process environment, and a file if one is named.
    ///
    /// # Errors
    /// The file cannot be read or is not TOML.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let text = match file {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?,
            None => String::new(),
        };
        Self::new(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
            &text,
        )
    }

    /// Any variables and the text of any file.
    ///
    /// # Errors
    /// The text is not TOML.
    pub fn new(env: impl IntoIterator<Item = (String, String)>, file: &str) -> Result<Self, ConfigError> {
        let mut source =
            Self { env: env.into_iter().filter(|(_, value)| !value.is_empty()).collect(), ..Self::default() };
        let table: Table = file.parse()?;
        for (section, settings) in table {
            match settings {
                Value::Table(settings) => {
                    source
                        .file
                        .extend(settings.into_iter().map(|(name, value)| (format!("{section}.{name}"), plain(value))));
                }
                other => drop(source.file.insert(section, plain(other))),
            }
        }
        Ok(source)
    }

    /// Sets a variable over what the process has.
    pub(super) fn say(&mut self, variable: &str, value: &str) {
        self.env.insert(variable.to_owned(), value.to_owned());
    }

    /// Reads a setting; one that is set and wrong is noted and counts as absent.
    pub(super) fn get<T>(&mut self, key: &'static str, variable: &str) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        self.parse(key, variable, |text| text.parse().map_err(|error: T::Err| format!("{text:?}: {error}")))
    }

    /// Reads a setting with a reader of its own, whose error must not repeat what is secret.
    pub(super) fn parse<T>(
        &mut self,
        key: &'static str,
        variable: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.used.insert(key);
        let (setting, text) = match (self.env.get(variable), self.file.get(key)) {
            (Some(text), _) => (variable.to_owned(), text),
            (None, Some(text)) => (format!("{key} (file)"), text),
            (None, None) => return None,
        };
        match read(text) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.faults.push(Fault { setting, fault });
                None
            }
        }
    }

    /// Notes a fault that lies in settings taken together.
    pub(super) fn fault(&mut self, setting: &str, fault: &str) {
        self.faults.push(Fault { setting: setting.to_owned(), fault: fault.to_owned() });
    }

    /// Succeeds when every setting was good and every name in the file was known.
    pub(super) fn finish(mut self) -> Result<(), ConfigError> {
        let unknown = self.file.keys().filter(|key| !self.used.contains(key.as_str()));
        let no_such =
            |key: &String| Fault { setting: format!("{key} (file)"), fault: "there is no such setting".to_owned() };
        self.faults.extend(unknown.map(no_such));
        if self.faults.is_empty() { Ok(()) } else { Err(ConfigError::Faults(self.faults)) }
    }
}

fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Array(values) => values.into_iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("  {fault}")).collect::<Vec<_>>().join("\n")
}
