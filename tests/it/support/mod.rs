//! What stories stand on.

pub(crate) mod database;
