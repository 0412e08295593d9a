//! Free functions over tables: connection first, portal second, always. One file a table or a close family.

pub mod accepted;
pub mod answer;
pub mod attempt;
mod bulk;
pub mod call;
pub mod channel;
pub mod conversation;
pub mod dead;
pub mod inbox;
pub mod media;
pub mod message;
pub mod message_event;
pub mod meta;
pub mod opt_in_mark;
pub mod template;
pub mod write_back;
