//! Free functions over tables: connection first, portal second, always. One file a table or a close family.

pub mod answer;
pub mod inbox;
pub mod message_event;
pub mod write_back;
