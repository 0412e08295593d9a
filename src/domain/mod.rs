//! Pure words of the field: no I/O, no database, no ambient clock. Everything else may use them.

pub mod backoff;
pub mod blank;
pub mod clock;
pub mod consent;
pub mod content;
pub mod crash;
pub mod document;
pub mod event;
pub mod expected;
pub mod http;
pub mod identity;
pub mod ids;
pub mod link;
pub mod message_error;
pub mod money;
pub mod network;
pub mod outcome;
pub mod person;
pub mod phone;
pub mod refusal;
pub mod schedule;
pub mod secret;
pub mod state;
pub mod trigger;
pub mod warm_up;
pub mod window;
