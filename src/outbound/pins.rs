//! Resolve, check every address, connect to the address checked.
//!
//! `admit` resolves a name and judges each address for the port asked; the answers are pinned for a short time. The HTTP client has
//! this as its only resolver and gets nothing but pinned addresses, so a name that changes between check and connect changes nothing.
//! The client asks by name alone; therefore an address must satisfy the rules for every port under which the name is in use.

use super::OutboundError;
use super::guard::{Door, Guard, Reach};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use url::{Host, Url};

/// How long an answer of the resolver is believed.
const FRESH: Duration = Duration::from_secs(30);
/// Names kept at most; beyond it the stale ones go.
const MOST_NAMES: usize = 4_096;
/// Doors remembered for one name.
const MOST_DOORS: usize = 8;

#[derive(Debug, Clone)]
struct Pin {
    addresses: Vec<IpAddr>,
    doors: Vec<Door>,
    resolved: Instant,
}

/// Names resolved and checked a moment ago.
#[derive(Debug)]
pub(super) struct Pins {
    guard: Guard,
    timeout: Duration,
    names: Mutex<HashMap<String, Pin>>,
}

impl Pins {
    pub(super) fn new(guard: Guard, timeout: Duration) -> Self {
        Self { guard, timeout, names: Mutex::default() }
    }

    /// Admits a URL or refuses it; nothing is contacted but the resolver.
    pub(super) async fn admit(&self, url: &Url) -> Result<Reach, OutboundError> {
        let door = door_of(url)?;
        match url.host() {
            Some(Host::Ipv4(ip)) => self.guard.check(&ip.to_string(), IpAddr::V4(ip), &door).map_err(OutboundError::Blocked),
            Some(Host::Ipv6(ip)) => self.guard.check(&ip.to_string(), IpAddr::V6(ip), &door).map_err(OutboundError::Blocked),
            Some(Host::Domain(name)) => self.admit_name(name, door).await,
            None => Err(OutboundError::Blocked("no host".to_owned())),
        }
    }

    async fn admit_name(&self, name: &str, door: Door) -> Result<Reach, OutboundError> {
        let addresses = match self.fresh(name) {
            Some(addresses) => addresses,
            None => self.look_up(name, door.port).await?,
        };
        // The least public of all: one bad address refuses the name.
        let mut reach = Reach::Public;
        for ip in &addresses {
            let one = self.guard.check(name, *ip, &door).map_err(OutboundError::Blocked)?;
            if one != Reach::Public {
                reach = one;
            }
        }
        self.pin(name, addresses, door);
        Ok(reach)
    }

    async fn look_up(&self, name: &str, port: u16) -> Result<Vec<IpAddr>, OutboundError> {
        let answer = tokio::time::timeout(self.timeout, tokio::net::lookup_host((name, port))).await;
        let found: Vec<IpAddr> = match answer {
            Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
            Ok(Err(_)) => return Err(OutboundError::NotSent("name does not resolve".to_owned())),
            Err(_) => return Err(OutboundError::NotSent("name resolution timed out".to_owned())),
        };
        if found.is_empty() {
            return Err(OutboundError::NotSent("name has no address".to_owned()));
        }
        Ok(found)
    }

    fn names(&self) -> MutexGuard<'_, HashMap<String, Pin>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self, name: &str) -> Option<Vec<IpAddr>> {
        self.names().get(name).filter(|pin| pin.resolved.elapsed() < FRESH).map(|pin| pin.addresses.clone())
    }

    fn pin(&self, name: &str, addresses: Vec<IpAddr>, door: Door) {
        let mut names = self.names();
        if names.len() >= MOST_NAMES && !names.contains_key(name) {
            names.retain(|_, pin| pin.resolved.elapsed() < FRESH);
        }
        let pin =
            names.entry(name.to_owned()).or_insert_with(|| Pin { addresses: Vec::new(), doors: Vec::new(), resolved: Instant::now() });
        if pin.addresses != addresses {
            pin.addresses = addresses;
        }
        if pin.resolved.elapsed() >= FRESH {
            pin.resolved = Instant::now();
        }
        if !pin.doors.contains(&door) {
            if pin.doors.len() >= MOST_DOORS {
                pin.doors.remove(0);
            }
            pin.doors.push(door);
        }
    }

    /// The pinned addresses of a name that every door in use may lead to.
    fn pinned(&self, name: &str) -> Vec<SocketAddr> {
        let names = self.names();
        let Some(pin) = names.get(name) else { return Vec::new() };
        let admitted = |ip: &&IpAddr| pin.doors.iter().all(|door| self.guard.check(name, **ip, door).is_ok());
        pin.addresses.iter().filter(admitted).map(|ip| SocketAddr::new(*ip, 0)).collect()
    }
}

/// Port and scheme of a URL that may be used at all.
fn door_of(url: &Url) -> Result<Door, OutboundError> {
    let refuse = |why: &str| Err(OutboundError::Blocked(why.to_owned()));
    let https = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return refuse("not http"),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("credentials in the address");
    }
    match url.port_or_known_default() {
        Some(port) if port != 0 => Ok(Door { port, https }),
        _ => refuse("no port"),
    }
}

/// The resolver given to the HTTP client.
#[derive(Debug, Clone)]
pub(super) struct PinnedResolver(pub(super) std::sync::Arc<Pins>);

impl Resolve for PinnedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.0.pinned(name.as_str());
        Box::pin(async move {
            if addresses.is_empty() {
                return Err("no checked address".into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}
