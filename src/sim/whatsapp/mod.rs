//! A simulated WhatsApp network behind the wire of the providers, over real HTTP on a loopback port.
//!
//! The core (people, messages, plan, deliveries, faults, observations) knows no provider's words. A dialect such as
//! [`gupshup`] translates: it refuses what the vendor refuses, accepts messages into the core and words the core's news
//! as the vendor's callbacks. Another dialect is a folder beside it and a line in `dialect`; its accounts are lines of `Config`.
//!
//! Nothing here may call `provider` or any other adapter of ours: the contract is reference/whatsapp.md.
//! Under a `ManualClock` nothing moves by wall time; tests flush with [`Network::deliver_events`].

pub mod config;
mod control;
mod delivery;
mod dialect;
pub mod fault;
pub mod green_api;
pub mod gupshup;
#[cfg(feature = "test-provider")]
pub mod heliograph;
pub mod inbound;
pub mod line;
mod media;
pub mod message;
pub mod meta;
pub mod network;
pub mod observation;
pub mod person;
mod plan;
mod press;
mod server;
mod signature;
mod state;
pub mod twilio;
pub mod user;
pub mod waha;
mod wire;

pub use config::{Config, Pace};
pub use fault::{EventAction, EventFault, Fault, FaultRule};
pub use inbound::Inbound;
pub use message::{Failure, Message, Status};
pub use network::Network;
pub use observation::Request;
pub use user::User;
pub(super) use wire::client as plain_client;
