//! Free functions over tables: connection first, portal second, always. One file a table or a close family.

pub mod accepted;
pub mod dead;
pub mod meta;
pub mod answer;
pub mod attempt;
mod bulk;
pub mod call;
pub mod conversation;
pub mod inbox;
pub mod message;
pub mod message_event;
pub mod portal;
pub mod portal_event;
pub mod registration;
pub mod write_back;
