//! The one integration binary.

mod accept;
mod main_job;
mod outgoing;
mod queue;
mod storage;
mod support;
mod tree;
mod worker;
