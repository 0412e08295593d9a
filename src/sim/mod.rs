//! The other side of the wire, simulated: a Bitrix24 portal and a WhatsApp network, on loopback, as strict as the real ones.
//!
//! Used by `courier24 demo`, `courier24 sim`, `courier24 bench` and the tests. Written from the vendors' contracts and never from
//! our adapters, so that one misreading cannot hide on both sides. Nothing here is reachable from `serve`.

pub mod portal;
pub mod whatsapp;
pub(crate) mod wire;

pub use wire::install_tls;
