//! The one integration binary.

mod channels;
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that finds something missing has failed")]

mod accept;
mod main_job;
mod queue;
mod storage;
mod support;
mod tree;
mod worker;
