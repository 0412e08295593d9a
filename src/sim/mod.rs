//! The other side of the wire, simulated: what `courier24 demo`, `courier24 sim` and the tests talk to.
//!
//! Written from the vendors' contracts and never from our adapters, so that one misreading cannot hide on both sides.

pub mod whatsapp;
