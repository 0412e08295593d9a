//! What stories stand on.

pub(crate) mod application;
pub(crate) mod binary;
pub(crate) mod database;
pub(crate) mod story;
pub(crate) mod town;
pub(crate) mod verdict;
