//! Ids as a parameter: prefixed, time-ordered, unguessable where they have to be.

use super::clock::Ms;
use rand::Rng as _;
use std::sync::atomic::{AtomicU32, Ordering};

/// Counts the ids of this process, so that those of one millisecond are in the order of their making (UUIDv7 with a counter of 26
/// bits in front of its random part, RFC 9562 6.2). It goes round once in 67 million ids.
static MADE: AtomicU32 = AtomicU32::new(0);

/// The only source of new ids and tokens.
pub trait Ids: Send + Sync + std::fmt::Debug {
    /// A time-ordered id such as `msg_01928f…` (prefix, underscore, UUIDv7 in 32 hex digits).
    fn id(&self, prefix: &str, now: Ms) -> String;

    /// 256 random bits as 64 hex digits: path secrets, page tokens, media tokens.
    fn token(&self) -> String;
}

/// The binary's and the tests' generator.
#[derive(Debug, Default, Clone, Copy)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn id(&self, prefix: &str, now: Ms) -> String {
        let mut random = [0_u8; 10];
        rand::rng().fill_bytes(&mut random);
        // 12 bits before the variant, 14 behind it; version and variant are written over by the builder.
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let (high, low) = ((made >> 14) & 0x0fff, made & 0x3fff);
        let [.., a, b] = high.to_be_bytes();
        let [.., c, d] = low.to_be_bytes();
        if let Some(counter) = random.first_chunk_mut() {
            *counter = [a, b, c, d];
        }
        let millis = u64::try_from(now).unwrap_or_default();
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        format!("{prefix}_{}", id.simple())
    }

    fn token(&self) -> String {
        let mut random = [0_u8; 32];
        rand::rng().fill_bytes(&mut random);
        hex::encode(random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_are_in_the_order_of_their_making() {
        let ids: Vec<String> = (0..40_000).map(|_| RandomIds.id("msg", 1_790_000_000_000)).collect();
        assert!(ids.is_sorted() && ids.first() != ids.last());
        assert!(RandomIds.id("msg", 1_790_000_000_001) > *ids.last().unwrap());
        let uuid = uuid::Uuid::parse_str(ids[0].trim_start_matches("msg_")).unwrap();
        assert_eq!((uuid.get_version_num(), uuid.get_variant()), (7, uuid::Variant::RFC4122));
    }
}
