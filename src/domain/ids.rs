//! Ids as a parameter: prefixed, time-ordered, unguessable where they have to be.

use super::clock::Ms;
use rand::Rng as _;

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
