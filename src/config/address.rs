//! Rules for addresses in the settings: shape, https, loopback, and what `ALLOW_PRIVATE_NETWORK` and `PRIVATE_HOSTS` permit.
//!
//! Addresses that arrive in data are judged by `outbound` when they are used; here only what an operator wrote.

use super::Config;
use super::given::ENV_PREFIX;
use crate::domain::network;
use std::net::IpAddr;
use url::{Host, Url};

/// An http(s) address with an optional path, without a trailing slash, query, fragment or user.
pub(super) fn base(text: &str) -> Result<String, String> {
    let advice = "must be an address such as https://whatsapp.example.com, without user, query and fragment";
    let url = Url::parse(text).map_err(|_| advice.to_owned())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !plain {
        return Err(advice.to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// An address without a path.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let base = base(text)?;
    let bare = Url::parse(&base).is_ok_and(|url| url.path() == "/");
    bare.then_some(base).ok_or_else(|| "must be a list of origins such as https://oauth.bitrix.info, without a path".to_owned())
}

/// `host[:port]` or CIDR, lower case.
pub(super) fn private_host(text: &str) -> Result<String, String> {
    let advice = || format!("names \"{text}\"; write host, host:port or a network such as 10.0.0.0/8");
    if let Some((network, bits)) = text.split_once('/') {
        let ip: IpAddr = network.parse().map_err(|_| advice())?;
        let most = if ip.is_ipv4() { 32 } else { 128 };
        return bits.parse::<u8>().ok().filter(|bits| *bits <= most).map(|_| text.to_owned()).ok_or_else(advice);
    }
    if text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    let url = Url::parse(&format!("http://{text}")).map_err(|_| advice())?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if bare && !text.contains("//") { Ok(text.to_ascii_lowercase()) } else { Err(advice()) }
}

/// Judges all addresses together with the switches that permit them.
pub(super) fn judge(config: &Config, problems: &mut Vec<String>) {
    let public = Url::parse(&config.public_url).ok();
    if config.allow_private_network {
        if public.as_ref().is_some_and(|url| url.scheme() == "https") {
            problems.push(format!(
                "{ENV_PREFIX}ALLOW_PRIVATE_NETWORK=true contradicts the https address in {ENV_PREFIX}PUBLIC_URL: it is for the demo and tests. \
                 Remove it and list the private addresses you need in {ENV_PREFIX}PRIVATE_HOSTS."
            ));
        }
        return;
    }
    if let Some(url) = public
        && let Some(fault) = fault_of(&url, true)
    {
        problems.push(format!(
            "{ENV_PREFIX}PUBLIC_URL is {fault}: neither Bitrix24 nor a provider can use it. Give the https address of this service, \
             or set {ENV_PREFIX}ALLOW_PRIVATE_NETWORK=true for a demo or a test."
        ));
    }
    let bases = config.provider_bases.iter().map(|(name, base)| (name.as_str(), base));
    for (name, address) in config.bitrix_auth_hosts.iter().map(|origin| ("BITRIX_AUTH_HOSTS", origin)).chain(bases) {
        let Ok(url) = Url::parse(address) else { continue };
        let Some(fault) = fault_of(&url, false) else { continue };
        if !listed(&url, &config.private_hosts) {
            problems.push(format!(
                "{ENV_PREFIX}{name} names {address}, which is {fault}. Use a public https address, list the host in {ENV_PREFIX}PRIVATE_HOSTS, \
                 or set {ENV_PREFIX}ALLOW_PRIVATE_NETWORK=true for a demo or a test."
            ));
        }
    }
}

/// What is wrong with an address while private ones are not permitted. Our own may stand in a private network behind a proxy.
fn fault_of(url: &Url, own: bool) -> Option<&'static str> {
    if url.scheme() != "https" {
        return Some("not https");
    }
    match url.host()? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            (name == "localhost" || name.ends_with(".localhost")).then_some("a loopback address")
        }
        Host::Ipv4(ip) => ip_fault(IpAddr::V4(ip), own),
        Host::Ipv6(ip) => ip_fault(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4), own),
    }
}

fn ip_fault(ip: IpAddr, own: bool) -> Option<&'static str> {
    if ip.is_loopback() || ip.is_unspecified() {
        return Some("a loopback address");
    }
    let private = match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    (private && !own).then_some("a private address")
}

/// Whether `PRIVATE_HOSTS` names this address.
fn listed(url: &Url, private_hosts: &[String]) -> bool {
    let Some(host) = url.host_str().map(|host| host.trim_matches(['[', ']']).to_ascii_lowercase()) else { return false };
    let with_port = url.port_or_known_default().map(|port| format!("{host}:{port}"));
    let ip = host.parse::<IpAddr>().ok();
    private_hosts.iter().any(|item| {
        let network = item.split_once('/').zip(ip).is_some_and(|((network, bits), ip)| within(ip, network, bits));
        *item == host || with_port.as_deref() == Some(item) || network
    })
}

fn within(ip: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(range), Ok(bits)) = (network.parse(), bits.parse()) else { return false };
    network::holds(range, bits, ip)
}

/// A database address fit for a log.
pub(super) fn without_password(address: &str) -> String {
    match Url::parse(address) {
        Ok(mut url) if url.password().is_some() => {
            // Fails only for addresses that cannot carry a password.
            let _ = url.set_password(Some("…"));
            url.into()
        }
        _ => address.to_owned(),
    }
}
