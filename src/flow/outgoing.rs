//! The row of an outgoing message and the job that sends it: one shape for robots, questions asked again, follow-ups and automatic replies.

use super::Ctx;
use crate::db::entity::{conversation, message};
use crate::db::store::conversation::Touch;
use crate::domain::clock::Ms;
use crate::domain::content::Content;
use crate::domain::identity::Identity;
use crate::domain::state::Status;
use crate::queue::{Job, NewJob};

/// What differs from message to message.
pub(super) struct Draft<'a> {
    /// Portal.
    pub(super) portal: &'a str,
    /// Leaves by this channel.
    pub(super) channel_id: &'a str,
    /// In this conversation.
    pub(super) conversation_id: &'a str,
    /// For this robot's call.
    pub(super) call_id: Option<&'a str>,
    /// `CCrmDocumentDeal`, `DEAL_512`; empty parts count as none.
    pub(super) document: (Option<&'a str>, Option<&'a str>),
    /// What is said.
    pub(super) content: &'a Content,
    /// What the journal and the timeline show of it.
    pub(super) text: &'a str,
}

impl<'a> Draft<'a> {
    /// In an open conversation, about the document it is about.
    pub(super) fn in_talk(talk: &'a conversation::Model, content: &'a Content, text: &'a str) -> Self {
        Self {
            portal: &talk.portal,
            channel_id: &talk.channel_id,
            conversation_id: &talk.id,
            call_id: None,
            document: (talk.document_entity.as_deref(), talk.document_id.as_deref()),
            content,
            text,
        }
    }

    /// A queued message to this person.
    pub(super) fn to(&self, ctx: &Ctx, who: &Identity, now: Ms) -> message::Model {
        // Plain data always serializes.
        self.addressed(ctx, serde_json::to_string(who).unwrap_or_default(), who.recipient(), now)
    }

    /// A queued message to a person kept as JSON of an [`Identity`], with the key that names them.
    pub(super) fn addressed(&self, ctx: &Ctx, identity: String, recipient: String, now: Ms) -> message::Model {
        let named = |part: Option<&str>| part.filter(|part| !part.is_empty()).map(str::to_owned);
        message::Model {
            id: ctx.ids.id("msg", now),
            portal: self.portal.to_owned(),
            channel_id: self.channel_id.to_owned(),
            conversation_id: self.conversation_id.to_owned(),
            call_id: self.call_id.map(str::to_owned),
            direction: "out".to_owned(),
            kind: self.content.kind().to_owned(),
            // Plain data always serializes.
            content: serde_json::to_string(self.content).unwrap_or_default(),
            rendered_text: self.text.to_owned(),
            identity,
            recipient,
            provider_id: None,
            wa_id: None,
            status: Status::Queued.as_str().to_owned(),
            error: None,
            attempts: 0,
            cost_amount: None,
            cost_currency: None,
            cost_source: None,
            document_entity: named(self.document.0),
            document_id: named(self.document.1),
            reply_id: None,
            reply_title: None,
            reply_to: None,
            created_at: now,
            queued_at: Some(now),
            sending_at: None,
            accepted_at: None,
            sent_at: None,
            delivered_at: None,
            read_at: None,
            failed_at: None,
            received_at: None,
        }
    }
}

/// Who a conversation is with.
pub(super) fn person(talk: &conversation::Model) -> Identity {
    Identity {
        phone: talk.phone.clone(),
        bsuid: talk.bsuid.clone(),
        lid: talk.lid.clone(),
        username: talk.username.clone(),
        display_name: talk.display_name.clone(),
        group: talk.group_id.clone(),
    }
}

/// What these messages tell of their conversations.
pub(super) fn touches(rows: &[message::Model]) -> Vec<Touch> {
    let touch = |row: &message::Model| Touch {
        id: row.conversation_id.clone(),
        document_entity: row.document_entity.clone(),
        document_id: row.document_id.clone(),
    };
    rows.iter().map(touch).collect()
}

/// The key that cancels a message's send.
pub(super) fn send_key(message_id: &str) -> String {
    format!("deliver:{message_id}")
}

/// Sends a message at that moment; one job a message.
pub(super) fn send_job(portal: &str, message_id: &str, at: Ms) -> NewJob {
    NewJob::at(portal, Job::Deliver { message_id: message_id.to_owned() }, at).once(message_id).cancelled_by(send_key(message_id))
}
