//! Ranges of addresses. What is private or forbidden is decided where addresses are judged, not here.

use std::net::IpAddr;

/// Whether the range `network/prefix` holds the address. A prefix longer than the address means the one address.
pub fn holds(network: IpAddr, prefix: u32, ip: IpAddr) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or(0);
            u32::from(ip) & mask == u32::from(network) & mask
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0);
            u128::from(ip) & mask == u128::from(network) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_what_shares_its_prefix() {
        let cases = [
            ("10.0.0.0", 8, "10.255.0.1", true),
            ("10.0.0.0", 8, "11.0.0.1", false),
            ("10.1.2.3", 32, "10.1.2.3", true),
            ("10.1.2.3", 32, "10.1.2.2", false),
            ("0.0.0.0", 0, "203.0.113.9", true),
            ("fd00::", 8, "fd12::1", true),
            ("fd00::", 8, "fe80::1", false),
            ("::", 0, "2001:db8::1", true),
            ("::", 0, "203.0.113.9", false),
        ];
        for (network, prefix, ip, held) in cases {
            assert_eq!(holds(network.parse().unwrap(), prefix, ip.parse().unwrap()), held, "{network}/{prefix} {ip}");
        }
    }
}
