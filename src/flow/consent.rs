//! Consent: who may be written to. Read by the one gate of every send, changed by words, buttons, robots, the API and the provider.
//!
//! The person is one for the portal: any id (phone in all its spellings, bsuid, lid) leads to the same row, on every channel. Evidence is
//! kept for each word, the ones that changed nothing included. A word that is older than what is known changes nothing.

mod change;
mod hear;
mod mirror;
mod people;
mod standing;

pub use change::{Change, Evidence, Source, apply, apply_alone};
pub(in crate::flow) use hear::{Heard, Said, Word, hear};
pub(in crate::flow) use mirror::{learn_from_failures, told_by_provider};
pub use people::{forget, rows_of};
pub(in crate::flow) use standing::Standings;
pub use standing::{of_conversations, of_row};
