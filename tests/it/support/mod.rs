//! What stories stand on.

pub(crate) mod application;
pub(crate) mod database;
