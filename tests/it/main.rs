//! The one integration binary.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that finds something missing has failed")]

mod accept;
mod adoption;
mod auto_replies;
mod bad_input;
mod channels;
mod codes;
mod consent;
mod crash;
mod edges;
mod expressions;
mod failure_codes;
mod follow_ups;
mod inbound;
mod install;
mod keeping;
mod kill;
mod kinds;
mod limits;
mod main_job;
mod messages_api;
mod operating;
mod outgoing;
mod pages;
mod portal_faults;
mod portal_states;
mod portals;
mod provider_faults;
mod queue;
mod recipients;
mod registration;
mod removal;
mod replicas;
mod replies;
mod secrets;
mod statuses;
mod storage;
mod support;
mod surface;
mod tree;
mod waits;
mod worker;
