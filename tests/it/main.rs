//! The one integration binary.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that finds something missing has failed")]

mod accept;
mod channels;
mod main_job;
mod outgoing;
mod queue;
mod storage;
mod support;
mod tree;
mod worker;
