//! Free functions over tables: connection first, portal second, always. One file a table or a close family.

pub mod attempt;
mod bulk;
pub mod call;
pub mod conversation;
pub mod message;
