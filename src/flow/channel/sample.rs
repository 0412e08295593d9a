//! A channel's row for unit tests: live, connected, with nothing set.

use crate::db::entity::channel::Model;

/// The row of that id.
pub(in crate::flow) fn row(id: &str) -> Model {
    Model {
        id: id.to_owned(),
        portal: "p".to_owned(),
        kind: crate::provider::registry::all().first().map(|provider| provider.kind().to_owned()).unwrap_or_default(),
        name: "n".to_owned(),
        sender: String::new(),
        settings: "{}".to_owned(),
        secrets: String::new(),
        hook_secret: String::new(),
        state: "connected".to_owned(),
        state_reason: None,
        held_until: None,
        templates_synced_at: None,
        created_at: 0,
        updated_at: 0,
        deleted_at: None,
        health: None,
    }
}
