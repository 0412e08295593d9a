//! The one integration binary.

mod channels;
mod accept;
mod main_job;
mod queue;
mod storage;
mod support;
mod tree;
mod worker;
