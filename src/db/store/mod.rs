//! Free functions over tables: connection first, portal second, always. One file a table or a close family.

pub mod accepted;
pub mod dead;
pub mod meta;
