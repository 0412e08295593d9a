//! The one integration binary.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that finds something missing has failed")]

mod accept;
mod channels;
mod install;
mod main_job;
mod operating;
mod outgoing;
mod portal_states;
mod portals;
mod queue;
mod registration;
mod removal;
mod replicas;
mod secrets;
mod storage;
mod support;
mod tree;
mod worker;
