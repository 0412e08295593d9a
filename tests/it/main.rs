//! The one integration binary.

mod queue;
mod storage;
mod support;
