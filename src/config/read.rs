//! From text to values: one line a setting, ranges included.

use super::given::{ENV_PREFIX, Given, Sources};
use super::names::PROVIDER_BASES;
use super::{Config, LogFormat, Roles, address};
use crate::domain::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Settings that are not left empty.
const NOT_BLANK: &[&str] = &["OPERATOR_TOKEN", "ROLES", "BITRIX_AUTH_HOSTS"];
/// Characters of the shortest operator token: less can be guessed.
const SHORTEST_TOKEN: usize = 16;

/// Reads every setting, keeping the default where one is wrong, so that all mistakes are told at once.
pub(super) fn all(sources: &Sources, problems: &mut Vec<String>) -> Config {
    let mut config = Config::default();
    let mut reader = Reader { sources, problems };
    reader.set("DATABASE_URL", &mut config.database_url, database_url);
    reader.set("LISTEN", &mut config.listen, |text| text.parse().map_err(|_| socket_advice()));
    reader.set("METRICS_LISTEN", &mut config.metrics_listen, |text| text.parse().map(Some).map_err(|_| socket_advice()));
    reader.set("PUBLIC_URL", &mut config.public_url, address::base);
    reader.set("MASTER_KEY", &mut config.master_key, master_key);
    reader.set("MASTER_KEY_OLD", &mut config.master_key_old, |text| list(text).iter().map(|key| master_key(key)).collect());
    reader.set("OPERATOR_TOKEN", &mut config.operator_token, operator_token);
    reader.set("BITRIX_CLIENT_ID", &mut config.bitrix_client_id, |text| Ok(text.to_owned()));
    reader.set("BITRIX_CLIENT_SECRET", &mut config.bitrix_client_secret, |text| Ok(Secret::new(text)));
    reader.set("BITRIX_AUTH_HOSTS", &mut config.bitrix_auth_hosts, auth_hosts);
    for (name, vendor) in PROVIDER_BASES {
        let mut base = (*vendor).to_owned();
        reader.set(name, &mut base, address::base);
        config.provider_bases.insert((*name).to_owned(), base);
    }
    reader.set("ALLOW_PRIVATE_NETWORK", &mut config.allow_private_network, switch);
    reader.set("PRIVATE_HOSTS", &mut config.private_hosts, |text| list(text).iter().map(|item| address::private_host(item)).collect());
    reader.set("MEDIA_DIR", &mut config.media_dir, |text| Ok(PathBuf::from(text)));
    reader.set("MEDIA_MAX_MB", &mut config.media_max_mb, |text| number(text, 1..=2000));
    reader.set("BITRIX_RATE", &mut config.bitrix_rate, |text| number(text, 1..=50));
    reader.set("BITRIX_BURST", &mut config.bitrix_burst, |text| number(text, 1..=1000));
    reader.set("ROLES", &mut config.roles, Roles::parse);
    reader.set("WORKERS", &mut config.workers, |text| number(text, 1..=256));
    reader.set("LOG", &mut config.log, log);
    reader.set("LOG_FORMAT", &mut config.log_format, log_format);
    reader.contradictions(&config);
    config
}

struct Reader<'a> {
    sources: &'a Sources,
    problems: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn set<T>(&mut self, name: &str, slot: &mut T, parse: impl FnOnce(&str) -> Result<T, String>) {
        let Some(Given { value, label }) = self.sources.get(name) else {
            self.blank(name);
            return;
        };
        match parse(value.trim()) {
            Ok(parsed) => *slot = parsed,
            Err(advice) => self.problems.push(format!("{label} {advice}.")),
        }
    }

    /// A variable that a script left empty counts as not set, except where the default is another meaning than the one intended: an API
    /// that is off, both roles, the vendor's servers.
    fn blank(&mut self, name: &str) {
        let told = if NOT_BLANK.contains(&name) { self.sources.given(name) } else { None };
        if let Some(Given { label, .. }) = told {
            self.problems.push(format!("{label} is empty. Give it a value, or remove it for the default."));
        }
    }

    fn contradictions(&mut self, config: &Config) {
        let halves = (config.bitrix_client_id.is_empty(), config.bitrix_client_secret.is_empty());
        if let Some((missing, given)) = match halves {
            (true, false) => Some(("BITRIX_CLIENT_ID", "BITRIX_CLIENT_SECRET")),
            (false, true) => Some(("BITRIX_CLIENT_SECRET", "BITRIX_CLIENT_ID")),
            _ => None,
        } {
            self.problems
                .push(format!("{ENV_PREFIX}{missing} is not set although {ENV_PREFIX}{given} is. Set both, from the application's card."));
        }
        if config.metrics_listen.is_some_and(|metrics| metrics == config.listen && metrics.port() != 0) {
            self.problems.push(format!("{ENV_PREFIX}METRICS_LISTEN is the same address as {ENV_PREFIX}LISTEN. Choose another port."));
        }
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

fn socket_advice() -> String {
    "is not an address and port; write for example 127.0.0.1:8080".to_owned()
}

fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display>(text: &str, range: RangeInclusive<T>) -> Result<T, String> {
    let advice = || format!("must be a whole number from {} to {}", range.start(), range.end());
    text.parse::<T>().ok().filter(|value| range.contains(value)).ok_or_else(advice)
}

fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

fn database_url(text: &str) -> Result<String, String> {
    let known = ["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
    known.then(|| text.to_owned()).ok_or_else(|| "must begin with sqlite:// (a file) or postgres:// (a server)".to_owned())
}

fn master_key(text: &str) -> Result<Secret, String> {
    let whole = STANDARD.decode(text).is_ok_and(|bytes| bytes.len() == 32);
    whole.then(|| Secret::new(text)).ok_or_else(|| "must be 32 bytes in base64; make one with `openssl rand -base64 32`".to_owned())
}

fn operator_token(text: &str) -> Result<Secret, String> {
    // A header cannot carry anything else, so another token could never be presented.
    let sendable = text.chars().all(|c| c.is_ascii_graphic());
    match text.len() {
        _ if !sendable => Err("must consist of visible ASCII characters; make one with `openssl rand -hex 32`".to_owned()),
        short if short < SHORTEST_TOKEN => {
            Err(format!("is shorter than {SHORTEST_TOKEN} characters and could be guessed; make one with `openssl rand -hex 32`"))
        }
        _ => Ok(Secret::new(text)),
    }
}

fn auth_hosts(text: &str) -> Result<Vec<String>, String> {
    let origins: Vec<String> = list(text).iter().map(|origin| address::origin(origin)).collect::<Result<_, _>>()?;
    // Without an authorization server nobody could ever be proven.
    if origins.is_empty() {
        Err("names no authorization server; write for example https://oauth.bitrix.info".to_owned())
    } else {
        Ok(origins)
    }
}

fn log(text: &str) -> Result<String, String> {
    super::log_filter(text)
        .map(|_| text.to_owned())
        .map_err(|_| "is not a log filter; write for example info or courier24=debug".to_owned())
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "human" => Ok(LogFormat::Human),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be human or json".to_owned()),
    }
}
