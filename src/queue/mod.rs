//! The durable queue: own table in the same database, enqueued inside the caller's transaction.
//!
//! A job is claimed with a lease and finished only by whoever holds that lease (fencing). Jobs of one portal and lane are
//! claimed as a group, so that CRM reads and writes leave coalesced and commits are shared. Portals take turns.

mod alive;
mod cancel;
mod cancel_many;
mod claim;
mod enqueue;
mod finish;
mod gauge;
mod hint;
mod job;
mod pick;
mod reclaim;
mod shard;

pub use alive::*;
pub use cancel::*;
pub use cancel_many::*;
pub use claim::*;
pub use enqueue::*;
pub use finish::*;
pub use gauge::*;
pub use hint::*;
pub use job::*;
pub use pick::{Busy, Limits};
pub use reclaim::*;
pub use shard::*;
