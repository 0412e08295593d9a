//! What an IP address is: public, private in some way, or never to be contacted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Class of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Reachable from the internet.
    Public,
    /// Ours or a neighbour's network; reached only when listed or allowed.
    Private(&'static str),
    /// No setting opens it.
    Never(&'static str),
}

/// Addresses at which clouds hand out machine credentials, beside link-local ones.
const METADATA_V4: [Ipv4Addr; 3] = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);

/// Classifies an address; IPv6 forms that carry an IPv4 address are judged by what they carry.
pub(super) fn class(ip: IpAddr) -> Class {
    match ip {
        IpAddr::V4(ip) => class_v4(ip),
        IpAddr::V6(ip) => class_v6(ip),
    }
}

fn class_v4(ip: Ipv4Addr) -> Class {
    let [a, b, c, _] = ip.octets();
    match (a, b, c) {
        _ if METADATA_V4.contains(&ip) => Class::Never("metadata"),
        (169, 254, _) => Class::Never("link-local"),
        _ if ip.is_unspecified() => Class::Never("unspecified"),
        _ if ip.is_broadcast() => Class::Never("broadcast"),
        (127, _, _) => Class::Private("loopback"),
        (10, _, _) | (192, 168, _) => Class::Private("private"),
        (172, b, _) if (16..32).contains(&b) => Class::Private("private"),
        (100, b, _) if (64..128).contains(&b) => Class::Private("carrier NAT"),
        (a, _, _) if (224..240).contains(&a) => Class::Private("multicast"),
        (0, _, _) | (192, 0, 0 | 2) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => Class::Private("reserved"),
        (a, _, _) if a >= 240 => Class::Private("reserved"),
        _ => Class::Public,
    }
}

fn class_v6(ip: Ipv6Addr) -> Class {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = ip.segments();
    if let Some(inner) = ip.to_ipv4_mapped() {
        return wrapped(inner, Class::Private("mapped"));
    }
    match (s0, s1) {
        _ if ip == METADATA_V6 => Class::Never("metadata"),
        _ if ip.is_unspecified() => Class::Never("unspecified"),
        _ if ip.is_loopback() => Class::Private("loopback"),
        (s0, _) if s0 & 0xffc0 == 0xfe80 => Class::Never("link-local"),
        (s0, _) if s0 & 0xfe00 == 0xfc00 => Class::Private("unique-local"),
        (s0, _) if s0 & 0xffc0 == 0xfec0 => Class::Private("site-local"),
        (s0, _) if s0 & 0xff00 == 0xff00 => Class::Private("multicast"),
        // NAT64 and 6to4 lead to the IPv4 address inside.
        (0x64, 0xff9b) if (s2, s3, s4, s5) == (0, 0, 0, 0) => wrapped(v4(s6, s7), Class::Public),
        (0x2002, _) => wrapped(v4(s1, s2), Class::Private("6to4")),
        (0x2001, 0) => Class::Private("teredo"),
        (0x2001, 0xdb8) | (0x100, 0) | (0x64, 0xff9b) => Class::Private("reserved"),
        (0, 0) => wrapped(v4(s6, s7), Class::Private("reserved")),
        _ => Class::Public,
    }
}

/// The stricter of the inner address's class and what the wrapping itself deserves.
fn wrapped(inner: Ipv4Addr, at_least: Class) -> Class {
    match class_v4(inner) {
        Class::Public => at_least,
        other => other,
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_range_has_its_class() {
        let never = [
            "169.254.169.254",
            "169.254.0.1",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "0.0.0.0",
            "255.255.255.255",
            "::",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
        ];
        let private = [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "224.0.0.1",
            "0.1.2.3",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "240.0.0.1",
            "::1",
            "fc00::1",
            "fdff::1",
            "fec0::1",
            "ff02::1",
            "::ffff:8.8.8.8",
            "::ffff:10.0.0.1",
            "2002:0808:0808::1",
            "2001::1",
            "2001:db8::1",
            "100::1",
            "::10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
        ];
        let public = [
            "8.8.8.8",
            "1.1.1.1",
            "172.32.0.1",
            "172.15.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "192.1.0.1",
            "2a00:1450::1",
            "64:ff9b::8.8.8.8",
            "2606:4700::1",
        ];
        for text in never {
            assert!(matches!(class(text.parse().unwrap()), Class::Never(_)), "{text}");
        }
        for text in private {
            assert!(matches!(class(text.parse().unwrap()), Class::Private(_)), "{text}");
        }
        for text in public {
            assert_eq!(class(text.parse().unwrap()), Class::Public, "{text}");
        }
    }
}
