//! The SSRF guard's rules, pure: may this name at this port, resolved to this address, be contacted (DESIGN.md 4)?
//!
//! Link-local, metadata and our own listener are refused always. Other private addresses and plain http are refused unless
//! the operator listed them in `PRIVATE_HOSTS` or allowed private networks at all (demo, tests).

use super::OutboundSettings;
use super::address::{Class, class};
use crate::domain::network;
use std::net::{IpAddr, UdpSocket};

/// On which side of the guard an admitted address lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The internet: a provider reaches it as well.
    Public,
    /// Reached only because the operator listed it: a provider does not.
    Listed,
    /// Reached because private networks are allowed as a whole (demo, tests).
    Open,
}

/// An entry of `PRIVATE_HOSTS` that says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither host[:port] nor an address range")]
pub struct BadEntry(pub String);

/// Checks one entry of `PRIVATE_HOSTS`, for the settings.
///
/// # Errors
/// [`BadEntry`] naming it.
pub fn check_entry(entry: &str) -> Result<(), BadEntry> {
    Entry::parse(entry).map(|_| ())
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Host { host: String, port: Option<u16> },
    Range { network: IpAddr, prefix: u32 },
}

impl Entry {
    fn parse(entry: &str) -> Result<Self, BadEntry> {
        let text = entry.trim();
        let bad = || BadEntry(entry.to_owned());
        if let Some((network, prefix)) = text.split_once('/') {
            let network: IpAddr = network.parse().map_err(|_| bad())?;
            let prefix: u32 = prefix.parse().map_err(|_| bad())?;
            let longest = if network.is_ipv4() { 32 } else { 128 };
            return if prefix <= longest { Ok(Self::Range { network, prefix }) } else { Err(bad()) };
        }
        if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(Self::Host { host: ip.to_string(), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().map_err(|_| bad())?)),
            None => (text, None),
        };
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        let wellformed =
            !host.is_empty() && !host.contains(['/', ' ', '@', '?', '#', '*']) && (!host.contains(':') || host.parse::<IpAddr>().is_ok());
        if wellformed { Ok(Self::Host { host, port }) } else { Err(bad()) }
    }

    fn covers(&self, name: &str, ip: IpAddr, port: u16) -> bool {
        match self {
            Self::Host { host, port: only } => {
                let same = host == name || host.parse::<IpAddr>().is_ok_and(|listed| listed == ip);
                same && only.is_none_or(|only| only == port)
            }
            Self::Range { network, prefix } => network::holds(*network, *prefix, ip),
        }
    }
}

/// Where a request goes, as far as the rules need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Door {
    pub(super) port: u16,
    pub(super) https: bool,
}

/// The rules of one process.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    allow_private: bool,
    entries: Vec<Entry>,
    own_port: Option<u16>,
}

impl Guard {
    pub(super) fn new(settings: &OutboundSettings) -> Result<Self, BadEntry> {
        let entries = settings.private_hosts.iter().map(|entry| Entry::parse(entry)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { allow_private: settings.allow_private, entries, own_port: settings.own_port })
    }

    /// The verdict on one address of a name; the text of a refusal carries the reason, never the address.
    pub(super) fn check(&self, name: &str, ip: IpAddr, door: &Door) -> Result<Reach, String> {
        let class = class(ip);
        if let Class::Never(what) = class {
            return Err(format!("{what} address"));
        }
        if self.own_port == Some(door.port) && is_own(ip) {
            return Err("our own listener".to_owned());
        }
        let name = name.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        let listed = self.entries.iter().any(|entry| entry.covers(&name, ip, door.port));
        if self.allow_private {
            return Ok(if class == Class::Public { Reach::Public } else { Reach::Open });
        }
        match class {
            Class::Private(what) if !listed => Err(format!("{what} address")),
            Class::Private(_) => Ok(Reach::Listed),
            _ if door.https => Ok(Reach::Public),
            _ if listed => Ok(Reach::Listed),
            _ => Err("https required".to_owned()),
        }
    }
}

/// Whether an address belongs to this machine: only such an address can be bound. Nothing is sent.
fn is_own(ip: IpAddr) -> bool {
    let ip = match ip {
        IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4),
        v4 @ IpAddr::V4(_) => v4,
    };
    ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allow: bool, hosts: &[&str]) -> Guard {
        let settings = OutboundSettings {
            allow_private: allow,
            private_hosts: hosts.iter().map(|h| (*h).to_owned()).collect(),
            own_port: Some(8080),
            ..OutboundSettings::default()
        };
        Guard::new(&settings).unwrap()
    }

    fn ask(guard: &Guard, name: &str, ip: &str, port: u16, https: bool) -> Result<Reach, String> {
        guard.check(name, ip.parse().unwrap(), &Door { port, https })
    }

    #[test]
    fn private_is_refused_unless_listed_or_allowed() {
        let strict = guard(false, &[]);
        assert_eq!(ask(&strict, "api.example.org", "8.8.8.8", 443, true), Ok(Reach::Public));
        assert!(ask(&strict, "api.example.org", "8.8.8.8", 80, false).is_err());
        assert!(ask(&strict, "evil.example.org", "10.0.0.5", 443, true).is_err());
        assert!(ask(&strict, "evil.example.org", "::ffff:10.0.0.5", 443, true).is_err());
        let listed = guard(false, &["waha:3000", "10.1.0.0/16", "portal.corp", "fd12::/16", "192.168.7.7:81"]);
        assert_eq!(ask(&listed, "waha", "172.17.0.2", 3000, false), Ok(Reach::Listed));
        assert!(ask(&listed, "waha", "172.17.0.2", 3001, false).is_err());
        assert_eq!(ask(&listed, "any.example.org", "10.1.2.3", 80, false), Ok(Reach::Listed));
        assert!(ask(&listed, "any.example.org", "10.2.2.3", 443, true).is_err());
        assert_eq!(ask(&listed, "PORTAL.corp.", "192.168.0.4", 443, true), Ok(Reach::Listed));
        assert_eq!(ask(&listed, "x", "fd12::1", 443, true), Ok(Reach::Listed));
        assert_eq!(ask(&listed, "x", "192.168.7.7", 81, false), Ok(Reach::Listed));
        assert!(ask(&listed, "x", "192.168.7.7", 82, false).is_err());
        assert_eq!(ask(&guard(true, &[]), "127.0.0.1", "127.0.0.1", 9, false), Ok(Reach::Open));
    }

    #[test]
    fn some_addresses_are_refused_always() {
        let open = guard(true, &["169.254.0.0/16", "127.0.0.1", "0.0.0.0/0"]);
        for ip in ["169.254.169.254", "fe80::1", "0.0.0.0", "::ffff:169.254.169.254"] {
            assert!(ask(&open, "x", ip, 80, false).is_err(), "{ip}");
        }
        for ip in ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(ask(&open, "localhost", ip, 8080, false), Err("our own listener".to_owned()), "{ip}");
            assert!(ask(&open, "localhost", ip, 8081, false).is_ok(), "{ip}");
        }
    }

    #[test]
    fn a_bad_entry_is_named() {
        for entry in ["10.0.0.0/33", "host:port", "http://x", "", "a b", "*.corp", "::/129"] {
            assert_eq!(check_entry(entry), Err(BadEntry(entry.to_owned())));
        }
        for entry in ["host", "host:80", "10.0.0.1", "[::1]:80", "::1", "[fd00::1]", "0.0.0.0/0", "fd00::/8"] {
            assert_eq!(check_entry(entry), Ok(()), "{entry}");
        }
    }
}
