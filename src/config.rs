//! Settings: environment variables with the prefix `COURIER24_`, or the same keys in `courier24.toml`.
//!
//! Everything is read and judged once, before anything is opened. An unknown name, a value out of range or two settings that
//! contradict each other refuse to start, and the sentence names the setting and what to do. An empty value counts as not set where that is harmless.
//! Nothing here is printed with its secrets: `Debug` of [`Config`] is redacted.

mod address;
mod filter;
mod given;
mod names;
mod read;

use crate::domain::secret::Secret;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

pub use filter::log_filter;
pub use given::{ENV_PREFIX, FILE_NAME, Given, Sources};
pub use names::{NAMES, PROVIDER_BASES};

/// Why the program does not start: one sentence a problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.join("\n"))]
pub struct ConfigError {
    /// Each names its setting and says what to do.
    pub problems: Vec<String>,
}

/// Shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For a terminal.
    Human,
    /// One JSON object a line.
    Json,
}

/// What this process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// Answers HTTP.
    pub web: bool,
    /// Works jobs off.
    pub worker: bool,
}

impl Roles {
    /// Reads a comma list of `web` and `worker`.
    ///
    /// # Errors
    /// The sentence's second half, for a setting's or an option's name to stand before.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut roles = Self { web: false, worker: false };
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "web" => roles.web = true,
                "worker" => roles.worker = true,
                other => return Err(format!("names the unknown role \"{other}\"; use web, worker or web,worker")),
            }
        }
        if roles.web || roles.worker { Ok(roles) } else { Err("names no role; use web, worker or web,worker".to_owned()) }
    }
}

/// All settings, judged.
#[derive(Clone)]
pub struct Config {
    /// `sqlite://…` or `postgres://…`.
    pub database_url: String,
    /// Address and port of the service.
    pub listen: SocketAddr,
    /// A second listener for `/metrics` without a token.
    pub metrics_listen: Option<SocketAddr>,
    /// Where Bitrix24 and providers reach the service, without a trailing slash; empty when not given.
    pub public_url: String,
    /// 32 bytes, base64; empty when not given.
    pub master_key: Secret,
    /// Former keys, read only.
    pub master_key_old: Vec<Secret>,
    /// Bearer token of the operator API; empty = that API is off.
    pub operator_token: Secret,
    /// Application key; empty when not given.
    pub bitrix_client_id: String,
    /// Application key; empty when not given.
    pub bitrix_client_secret: Secret,
    /// Origins of authorization servers, without a trailing slash.
    pub bitrix_auth_hosts: Vec<String>,
    /// `GUPSHUP_URL` → origin without a trailing slash; all of [`PROVIDER_BASES`] are present.
    pub provider_bases: BTreeMap<String, String>,
    /// http, loopback and private addresses allowed (demo, tests).
    pub allow_private_network: bool,
    /// `host[:port]` or CIDR that may be reached although private or http.
    pub private_hosts: Vec<String>,
    /// Copies of files.
    pub media_dir: PathBuf,
    /// Largest file, MiB.
    pub media_max_mb: u64,
    /// Requests a second to one portal, 1–50.
    pub bitrix_rate: u32,
    /// Requests to one portal in a burst, 1–1000.
    pub bitrix_burst: u32,
    /// What this process does.
    pub roles: Roles,
    /// Groups of jobs handled at the same time, 1–256.
    pub workers: usize,
    /// A tracing filter.
    pub log: String,
    /// Shape of log lines.
    pub log_format: LogFormat,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database_url: "sqlite://data/courier24.db".to_owned(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            metrics_listen: None,
            public_url: String::new(),
            master_key: Secret::default(),
            master_key_old: Vec::new(),
            operator_token: Secret::default(),
            bitrix_client_id: String::new(),
            bitrix_client_secret: Secret::default(),
            bitrix_auth_hosts: vec!["https://oauth.bitrix.info".to_owned(), "https://oauth.bitrix24.tech".to_owned()],
            provider_bases: PROVIDER_BASES.iter().map(|(name, origin)| ((*name).to_owned(), (*origin).to_owned())).collect(),
            allow_private_network: false,
            private_hosts: Vec::new(),
            media_dir: PathBuf::from("data/media"),
            media_max_mb: 100,
            bitrix_rate: 2,
            bitrix_burst: 50,
            roles: Roles { web: true, worker: true },
            workers: 32,
            log: "info".to_owned(),
            log_format: LogFormat::Human,
        }
    }
}

impl Config {
    /// Reads the process environment and `file` (else `courier24.toml` of the working directory, when there is one).
    ///
    /// # Errors
    /// All problems found.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::from_sources(&Sources::of_process(file)?)
    }

    /// Judges settings that were read elsewhere (tests, the demo's child process).
    ///
    /// # Errors
    /// All problems found.
    pub fn from_sources(sources: &Sources) -> Result<Self, ConfigError> {
        let mut problems = sources.unknown();
        let config = read::all(sources, &mut problems);
        address::judge(&config, &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError { problems }) }
    }

    /// What `serve` cannot do without.
    ///
    /// # Errors
    /// Names each missing setting.
    pub fn required_by_serve(&self) -> Result<(), ConfigError> {
        let mut problems = Vec::new();
        if self.public_url.is_empty() {
            problems.push(format!(
                "{ENV_PREFIX}PUBLIC_URL is not set. Set it to the https address under which Bitrix24 and the providers reach this service."
            ));
        }
        problems.extend(self.missing_key());
        if problems.is_empty() { Ok(()) } else { Err(ConfigError { problems }) }
    }

    /// What every verb that opens secrets cannot do without.
    ///
    /// # Errors
    /// Names the missing key.
    pub fn required_by_secrets(&self) -> Result<(), ConfigError> {
        self.missing_key().map_or(Ok(()), |problem| Err(ConfigError { problems: vec![problem] }))
    }

    /// Whether the application's keys are there; without them no portal can be installed or refreshed.
    pub fn has_application_keys(&self) -> bool {
        !self.bitrix_client_id.is_empty() && !self.bitrix_client_secret.is_empty()
    }

    fn missing_key(&self) -> Option<String> {
        self.master_key.is_empty().then(|| {
            format!("{ENV_PREFIX}MASTER_KEY is not set. Make one with `openssl rand -base64 32` and keep it: without it stored tokens cannot be read.")
        })
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("database_url", &address::without_password(&self.database_url))
            .field("listen", &self.listen)
            .field("metrics_listen", &self.metrics_listen)
            .field("public_url", &self.public_url)
            .field("master_key", &self.master_key)
            .field("master_key_old", &self.master_key_old.len())
            .field("operator_token", &self.operator_token)
            .field("bitrix_client_id", &self.bitrix_client_id)
            .field("bitrix_client_secret", &self.bitrix_client_secret)
            .field("bitrix_auth_hosts", &self.bitrix_auth_hosts)
            .field("provider_bases", &self.provider_bases)
            .field("allow_private_network", &self.allow_private_network)
            .field("private_hosts", &self.private_hosts)
            .field("media_dir", &self.media_dir)
            .field("media_max_mb", &self.media_max_mb)
            .field("bitrix_rate", &self.bitrix_rate)
            .field("bitrix_burst", &self.bitrix_burst)
            .field("roles", &self.roles)
            .field("workers", &self.workers)
            .field("log", &self.log)
            .field("log_format", &self.log_format)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_sources(&Sources::of_variables(pairs.iter().map(|(k, v)| (format!("COURIER24_{k}"), (*v).to_owned()))))
    }

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn nothing_set_gives_the_defaults_of_the_interface() {
        let config = judge(&[]).unwrap();
        assert_eq!(config.database_url, "sqlite://data/courier24.db");
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!((config.bitrix_rate, config.bitrix_burst, config.media_max_mb), (2, 50, 100));
        assert!(config.required_by_serve().unwrap_err().problems.len() == 2);
    }

    #[test]
    fn each_mistake_is_refused_naming_the_setting() {
        let table: &[(&[(&str, &str)], &str)] = &[
            (&[("PUBLC_URL", "https://a.example")], "did you mean COURIER24_PUBLIC_URL"),
            (&[("LISTEN", "8080")], "COURIER24_LISTEN"),
            (&[("DATABASE_URL", "mysql://x")], "COURIER24_DATABASE_URL"),
            (&[("MASTER_KEY", "short")], "COURIER24_MASTER_KEY"),
            (&[("MASTER_KEY_OLD", "short")], "COURIER24_MASTER_KEY_OLD"),
            (&[("BITRIX_RATE", "0")], "COURIER24_BITRIX_RATE"),
            (&[("BITRIX_RATE", "51")], "COURIER24_BITRIX_RATE"),
            (&[("BITRIX_BURST", "1001")], "COURIER24_BITRIX_BURST"),
            (&[("MEDIA_MAX_MB", "-1")], "COURIER24_MEDIA_MAX_MB"),
            (&[("ROLES", "web,cook")], "COURIER24_ROLES"),
            (&[("WORKERS", "many")], "COURIER24_WORKERS"),
            (&[("LOG", "courier24=[")], "COURIER24_LOG"),
            (&[("LOG_FORMAT", "xml")], "COURIER24_LOG_FORMAT"),
            (&[("ALLOW_PRIVATE_NETWORK", "maybe")], "COURIER24_ALLOW_PRIVATE_NETWORK"),
            (&[("PUBLIC_URL", "http://a.example")], "COURIER24_PUBLIC_URL"),
            (&[("PUBLIC_URL", "https://127.0.0.1:8443")], "COURIER24_PUBLIC_URL"),
            (&[("PUBLIC_URL", "https://a.example/?x=1")], "COURIER24_PUBLIC_URL"),
            (&[("GUPSHUP_URL", "http://127.0.0.1:9000")], "COURIER24_GUPSHUP_URL"),
            (&[("META_GRAPH_URL", "ftp://graph.example")], "COURIER24_META_GRAPH_URL"),
            (&[("BITRIX_AUTH_HOSTS", "https://oauth.bitrix.info,http://localhost:1")], "COURIER24_BITRIX_AUTH_HOSTS"),
            (&[("ALLOW_PRIVATE_NETWORK", "true"), ("PUBLIC_URL", "https://a.example")], "COURIER24_ALLOW_PRIVATE_NETWORK"),
            (&[("PRIVATE_HOSTS", "10.0.0.0/33")], "COURIER24_PRIVATE_HOSTS"),
            (&[("PRIVATE_HOSTS", "http://gateway")], "COURIER24_PRIVATE_HOSTS"),
            (&[("BITRIX_CLIENT_ID", "local.1")], "COURIER24_BITRIX_CLIENT_SECRET"),
            (&[("METRICS_LISTEN", "127.0.0.1:8080")], "COURIER24_METRICS_LISTEN"),
            (&[("OPERATOR_TOKEN", "")], "COURIER24_OPERATOR_TOKEN is empty"),
            (&[("OPERATOR_TOKEN", "0123456789abcde")], "COURIER24_OPERATOR_TOKEN is shorter than 16"),
            (&[("OPERATOR_TOKEN", "0123456789 abcdef")], "COURIER24_OPERATOR_TOKEN must consist"),
            (&[("ROLES", " ")], "COURIER24_ROLES is empty"),
            (&[("ROLES", ",")], "COURIER24_ROLES names no role"),
            (&[("BITRIX_AUTH_HOSTS", "")], "COURIER24_BITRIX_AUTH_HOSTS is empty"),
            (&[("BITRIX_AUTH_HOSTS", " , ")], "COURIER24_BITRIX_AUTH_HOSTS names no authorization server"),
        ];
        for (pairs, named) in table {
            let refusal = judge(pairs).expect_err(named).to_string();
            assert!(refusal.contains(named), "{pairs:?}: {refusal}");
        }
    }

    #[test]
    fn demo_and_proxy_settings_are_taken() {
        let demo = judge(&[
            ("ALLOW_PRIVATE_NETWORK", "true"),
            ("PUBLIC_URL", "http://127.0.0.1:8080/"),
            ("GUPSHUP_URL", "http://127.0.0.1:9000"),
            ("BITRIX_AUTH_HOSTS", "http://127.0.0.1:9001/"),
            ("MASTER_KEY", KEY),
        ])
        .unwrap();
        assert_eq!(demo.public_url, "http://127.0.0.1:8080");
        assert_eq!(demo.bitrix_auth_hosts, ["http://127.0.0.1:9001"]);
        assert!(demo.required_by_serve().is_ok());
        let proxy = judge(&[("GUPSHUP_URL", "http://proxy.internal:3128"), ("PRIVATE_HOSTS", "proxy.internal:3128, 10.0.0.0/8")]);
        assert_eq!(proxy.unwrap().provider_bases.get("GUPSHUP_URL").map(String::as_str), Some("http://proxy.internal:3128"));
    }

    #[test]
    fn secrets_are_not_printed_and_the_test_suite_may_share_the_prefix() {
        let config = judge(&[
            ("MASTER_KEY", KEY),
            ("OPERATOR_TOKEN", "0007-very-secret"),
            ("DATABASE_URL", "postgres://u:hunter2@db/x"),
            ("TEST_POSTGRES", "postgres://anything"),
        ])
        .unwrap();
        assert!(config.operator_token.matches("0007-very-secret"));
        let printed = format!("{config:?}");
        for secret in [KEY, "0007-very-secret", "hunter2"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn the_file_takes_the_same_keys_and_the_environment_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("courier24.toml");
        std::fs::write(&path, "bitrix_rate = 7\nALLOW_PRIVATE_NETWORK = true\nprivate_hosts = [\"a\", \"b:1\"]\nworkers = 3\n").unwrap();
        let mut sources = Sources::of_file(&path).unwrap();
        sources.extend(Sources::of_variables([("COURIER24_WORKERS".to_owned(), "4".to_owned())]));
        let config = Config::from_sources(&sources).unwrap();
        assert_eq!((config.bitrix_rate, config.workers, config.allow_private_network), (7, 4, true));
        assert_eq!(config.private_hosts, ["a", "b:1"]);
        std::fs::write(&path, "bitrix_speed = 7\n").unwrap();
        let refusal = Config::from_sources(&Sources::of_file(&path).unwrap()).unwrap_err().to_string();
        assert!(refusal.contains("bitrix_speed") && refusal.contains("courier24.toml"), "{refusal}");
    }
}
