//! Which worker serves which portals: 64 shards, leased as rows, so that a portal's and channel's rates live in one process.

/// Number of shards.
pub const SHARDS: i64 = 64;

/// A portal's shard: stable across releases (FNV-1a of the member id, mod 64).
pub fn shard_of(portal: &str) -> i64 {
    let hash = portal.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    i64::try_from(hash % 64).unwrap_or_default()
}
