//! What stands in timelines: comments, log messages, activities with the history of their layouts.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A comment or a log message.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct TimelineEntry {
    /// Number.
    pub id: i64,
    /// `comment` or `log`.
    pub kind: String,
    /// `entityTypeId` of the owner.
    pub type_id: i64,
    /// Id of the owner.
    pub owner: i64,
    /// Title of a log message.
    pub title: String,
    /// Text as last written.
    pub text: String,
    /// Earlier texts, oldest first.
    pub earlier: Vec<String>,
    /// Author.
    pub author: i64,
    /// When, by the clock.
    pub at: i64,
}

/// A configurable activity.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Activity {
    /// Number.
    pub id: i64,
    /// `entityTypeId` of the owner.
    pub type_id: i64,
    /// Id of the owner.
    pub owner: i64,
    /// `fields` as last written, merged.
    pub fields: Map<String, Value>,
    /// Every layout, the current one last.
    pub layouts: Vec<Value>,
    /// When it was added.
    pub at: i64,
    /// When it was last changed.
    pub changed_at: i64,
    /// Application that made it: no other may change it.
    #[serde(skip)]
    pub(crate) client_id: String,
}

/// The feed of all items.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    pub(crate) entries: Vec<TimelineEntry>,
    pub(crate) activities: BTreeMap<i64, Activity>,
}
