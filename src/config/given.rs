//! What was given, as text, before it is judged: the file first, the environment over it.
//!
//! Values of the environment are never guessed into numbers or lists, so that a token such as `0123` stays what it is.

use super::ConfigError;
use super::names::{NAMES, nearest};
use figment::Figment;
use figment::providers::{Format as _, Toml};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Prefix of environment variables.
pub const ENV_PREFIX: &str = "COURIER24_";
/// Looked for in the working directory.
pub const FILE_NAME: &str = "courier24.toml";
/// Variables of the test suite share the prefix and are inherited by binaries that it starts.
const TEST_PREFIX: &str = "TEST_";

/// One value and where it came from.
#[derive(Clone, PartialEq, Eq)]
pub struct Given {
    /// As text; a list of the file is joined by commas.
    pub value: String,
    /// The name for sentences: `COURIER24_LISTEN`, or `listen in courier24.toml`.
    pub label: String,
}

/// All values given, by name without prefix in upper case.
#[derive(Clone, Default)]
pub struct Sources {
    values: BTreeMap<String, Given>,
}

/// A value in the file.
#[derive(Deserialize)]
#[serde(untagged)]
enum FileValue {
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<String>),
}

impl FileValue {
    fn into_text(self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Text(value) => value,
            Self::List(values) => values.join(","),
        }
    }
}

impl Sources {
    /// The file named (it must exist) or the usual one (it may), and the process environment over it.
    pub(super) fn of_process(file: Option<&Path>) -> Result<Self, ConfigError> {
        let usual = Path::new(FILE_NAME);
        let mut sources = match file {
            Some(path) if !path.is_file() => {
                return Err(ConfigError { problems: vec![format!("There is no settings file {}. Correct --config.", path.display())] });
            }
            Some(path) => Self::of_file(path)?,
            None if usual.is_file() => Self::of_file(usual)?,
            None => Self::default(),
        };
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
        sources.extend(Self::of_variables(variables));
        Ok(sources)
    }

    /// Keys of a TOML file, in any case.
    ///
    /// # Errors
    /// The file is not TOML, or a value is neither text, number, switch nor list of texts.
    pub fn of_file(path: &Path) -> Result<Self, ConfigError> {
        let shown = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        let read: BTreeMap<String, FileValue> = Figment::from(Toml::file_exact(path)).extract().map_err(|error| {
            // The error's own text could repeat a secret's value; position and key are enough to find the mistake.
            let at = error.path.join(".");
            let place = if at.is_empty() { String::new() } else { format!(" at \"{at}\"") };
            ConfigError { problems: vec![format!("{shown} cannot be read as settings{place}: every line is KEY = \"value\".")] }
        })?;
        let values = read.into_iter().map(|(key, value)| {
            let label = format!("{key} in {shown}");
            (key.to_ascii_uppercase(), Given { value: value.into_text(), label })
        });
        Ok(Self { values: values.collect() })
    }

    /// Environment variables; those without our prefix are somebody else's.
    pub fn of_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let values = variables.into_iter().filter_map(|(name, value)| {
            let key = name.strip_prefix(ENV_PREFIX)?;
            let ours = !key.starts_with(TEST_PREFIX);
            ours.then(|| (key.to_owned(), Given { value, label: name.clone() }))
        });
        Self { values: values.collect() }
    }

    /// Lays other sources over these.
    pub fn extend(&mut self, over: Self) {
        self.values.extend(over.values);
    }

    /// A value that was given and is not empty.
    pub fn get(&self, name: &str) -> Option<&Given> {
        self.given(name).filter(|given| !given.value.trim().is_empty())
    }

    /// A value that was given, be it empty.
    pub(super) fn given(&self, name: &str) -> Option<&Given> {
        self.values.get(name)
    }

    /// One sentence for each name that is no setting.
    pub(super) fn unknown(&self) -> Vec<String> {
        let strange = self.values.iter().filter(|(name, _)| !NAMES.contains(&name.as_str()));
        strange
            .map(|(name, given)| {
                let hint = nearest(name).map_or_else(String::new, |known| format!(" (did you mean {ENV_PREFIX}{known}?)"));
                format!("{} is not a setting{hint}. Correct or remove it; README.md lists all settings.", given.label)
            })
            .collect()
    }
}
