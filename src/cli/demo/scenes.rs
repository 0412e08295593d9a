//! The scenes: each does one thing and waits for what an outsider can see of it.

mod conversation;
mod killing;
mod sending;
mod setup;
