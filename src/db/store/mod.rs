//! Free functions over tables: connection first, portal second, always. One file a table or a close family.

pub mod alarm;
pub mod api_call;
pub mod api_channel;
pub mod api_conversation;
pub mod api_inbox;
pub mod api_job;
pub mod api_message;
pub mod api_page;
pub mod api_portal;
pub mod erase;
pub mod health;
pub mod page_session;
pub mod portal;
pub mod portal_event;
pub mod purge;
pub mod registration;
