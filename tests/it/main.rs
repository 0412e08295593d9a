//! The one integration binary.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that finds something missing has failed")]

mod accept;
mod bad_input;
mod channels;
mod expressions;
mod codes;
mod failure_codes;
mod portal_faults;
mod statuses;
mod waits;
mod main_job;
mod provider_faults;
mod queue;
mod recipients;
mod storage;
mod support;
mod tree;
mod worker;
