//! The one integration binary.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that finds something missing has failed")]

mod accept;
mod channels;
mod crash;
mod kill;
mod main_job;
mod queue;
mod storage;
mod support;
mod tree;
mod worker;
