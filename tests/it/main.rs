//! The one integration binary.

mod accept;
mod queue;
mod storage;
mod support;
mod worker;
