//! The one integration binary.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that finds something missing has failed")]

mod accept;
mod bad_input;
mod channels;
mod keeping;
mod codes;
mod expressions;
mod failure_codes;
mod install;
mod main_job;
mod operating;
mod outgoing;
mod portal_faults;
mod portal_states;
mod portals;
mod provider_faults;
mod queue;
mod recipients;
mod registration;
mod removal;
mod statuses;
mod replicas;
mod secrets;
mod storage;
mod support;
mod tree;
mod waits;
mod worker;
