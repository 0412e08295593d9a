//! The one integration binary.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that finds something missing has failed")]

mod accept;
mod bad_input;
mod channels;
mod codes;
mod expressions;
mod failure_codes;
mod main_job;
mod portal_faults;
mod provider_faults;
mod queue;
mod recipients;
mod statuses;
mod install;
mod main_job;
mod outgoing;
mod portal_states;
mod portals;
mod queue;
mod registration;
mod removal;
mod storage;
mod support;
mod tree;
mod waits;
mod worker;
