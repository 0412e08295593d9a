//! Simulated vendors: a Bitrix24 portal and a WhatsApp network, on loopback, as strict as the real ones.
//!
//! Used by `courier24 demo`, `courier24 sim`, `courier24 bench` and the tests. They re-implement the wire from the
//! contracts and never call an adapter of ours, so that one misreading cannot hide on both sides. Nothing here is
//! reachable from `serve`.

pub mod caller;
pub mod portal;
pub mod whatsapp;
pub(crate) mod wire;

#[cfg(test)]
mod tests;

pub use wire::install_tls;
