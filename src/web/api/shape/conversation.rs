//! Conversations and their windows.

use super::{Document, time};
use crate::db::entity::conversation;
use crate::domain::consent::{Scope, Standing};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A conversation with a WhatsApp user.
#[derive(Debug, Serialize, ToSchema)]
pub struct Conversation {
    id: String,
    channel_id: String,
    /// `{phone, bsuid, lid, username, display_name, group}`.
    #[schema(value_type = Object)]
    identity: Value,
    window_until: Option<String>,
    free_entry_until: Option<String>,
    last_inbound_at: Option<String>,
    last_outbound_at: Option<String>,
    /// `{marketing, all}`: `unknown opted_in opted_out`.
    #[schema(value_type = Option<Object>)]
    consent: Value,
    document: Option<Document>,
}

impl Conversation {
    /// Adds where the client stands.
    pub(in crate::web::api) fn stand(&mut self, standing: &Standing) {
        self.consent = json!({"marketing": standing.choice(Scope::Marketing).as_str(), "all": standing.choice(Scope::All).as_str()});
    }
}

impl From<conversation::Model> for Conversation {
    fn from(row: conversation::Model) -> Self {
        Self {
            identity: json!({
                "phone": row.phone, "bsuid": row.bsuid, "lid": row.lid,
                "username": row.username, "display_name": row.display_name, "group": row.group_id,
            }),
            window_until: time(row.window_until),
            free_entry_until: time(row.free_entry_until),
            last_inbound_at: time(row.last_inbound_at),
            last_outbound_at: time(row.last_outbound_at),
            consent: Value::Null,
            document: row.document_id.map(|id| Document { kind: row.document_entity, id, found_by: None }),
            id: row.id,
            channel_id: row.channel_id,
        }
    }
}
