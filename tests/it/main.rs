//! The one integration binary.

mod channels;
mod queue;
mod storage;
mod support;
