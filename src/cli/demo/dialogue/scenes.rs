//! The scenes of the dialogue, in the order of the story.

mod arranging;
mod goodbye;
mod looking_back;
mod opening;
mod paying;
mod silence;
