//! What a provider's webhook says, in one vocabulary for all providers. Read by pure adapters, used by `flow/receive`.

use super::clock::Ms;
use super::identity::Identity;
use super::outcome::ProviderError;
use super::state::Status;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One event out of a webhook body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProviderEvent {
    /// Dedupe key, unique within the channel (reference/whatsapp.md 10, intake 2).
    pub key: String,
    /// The provider's name of the sender it is for (Gupshup app name or id, Meta phone_number_id), if told.
    pub sender: Option<String>,
    /// Moment by the provider's clock; 0 = not told (the moment of arrival stands for it).
    pub at: Ms,
    /// What it says.
    pub what: What,
    /// The event's own part of the body as received; empty for messages, which carry it themselves.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub raw: Value,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "events live in short lists, and most of them are statuses")]
pub enum What {
    /// An outgoing message moved.
    Status(StatusEvent),
    /// A user wrote.
    Message(Box<InboundMessage>),
    /// A template changed.
    Template(TemplateEvent),
    /// A person's will as the provider knows it.
    Consent(ConsentEvent),
    /// How many new people a day the business may reach.
    Limit(LimitEvent),
    /// Billing, account, platform check, or unknown: kept, not acted on here.
    Other {
        /// The provider's own name of it.
        label: String,
    },
}

/// A person's will about marketing, told by the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentEvent {
    /// Whose.
    pub identity: Identity,
    /// Stop, else resume.
    pub stop: bool,
    /// The person did it in WhatsApp; else it is a mark on the provider's own list.
    pub by_user: bool,
    /// The provider's words.
    pub words: String,
}

/// A daily limit, told by the provider (reference/whatsapp.md 2.6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitEvent {
    /// Unique people in a moving 24 h; `None` = unlimited.
    pub limit: Option<i64>,
}

impl LimitEvent {
    /// Reads `TIER_250`, `TIER_10K`, `TIER_UNLIMITED`.
    pub fn of_tier(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_uppercase();
        let tier = word.strip_prefix("TIER_")?;
        if tier == "UNLIMITED" {
            return Some(Self { limit: None });
        }
        let (digits, thousand) = match tier.strip_suffix('K') {
            Some(digits) => (digits, 1_000),
            None => (tier, 1),
        };
        let number: i64 = digits.parse().ok().filter(|number| (1..=1_000_000_000).contains(number))?;
        Some(Self { limit: Some(number * thousand) })
    }
}

/// A status report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusEvent {
    /// Ids that may name the message, best first: each is tried as provider id, then as WhatsApp id.
    pub ids: Vec<String>,
    /// The provider's id when the event certainly names it (Gupshup gsId).
    pub provider_id: Option<String>,
    /// WhatsApp's id when the event certainly names it.
    pub wa_id: Option<String>,
    /// Our own tag echoed back, where the provider has it.
    pub own_tag: Option<String>,
    /// Reported status.
    pub status: Status,
    /// Whom it was sent to.
    pub identity: Identity,
    /// Why it failed.
    pub error: Option<ProviderError>,
    /// What it cost.
    pub cost: Option<CostReport>,
}

/// Price facts of a status (reference/whatsapp.md 2.5). No amount unless the provider says one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostReport {
    /// Amount, decimal text.
    pub amount: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// `regular`, `free_customer_service`, `free_entry_point`.
    pub pricing_type: Option<String>,
    /// Category billed.
    pub category: Option<String>,
}

/// A message from a user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InboundMessage {
    /// WhatsApp's id.
    pub wa_id: String,
    /// Who wrote.
    pub identity: Identity,
    /// Words of reference/whatsapp.md 1.2.
    pub kind: String,
    /// Text or caption-less body.
    pub text: Option<String>,
    /// Caption of a file.
    pub caption: Option<String>,
    /// File facts.
    pub media: Option<Value>,
    /// Place.
    pub location: Option<Value>,
    /// Cards.
    pub contacts: Option<Value>,
    /// Button or list answer: id (postback text) and title.
    pub reply_id: Option<String>,
    /// Title of the answer.
    pub reply_title: Option<String>,
    /// Ids of the message it answers, best first.
    pub context_ids: Vec<String>,
    /// Reaction emoji (empty = removed).
    pub reaction: Option<String>,
    /// Came through an ad or page button: a free entry point begins if answered within 24 h.
    pub referral: bool,
    /// A change of number: who this user is from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<Identity>,
    /// The wait that took it; noted when it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<TakenBy>,
    /// How its document was found: `wait context conversation phone created none`; noted when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_by: Option<String>,
    /// Its former wordings, oldest first, when the client has changed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Wording>,
    /// Since when it has its present wording, when the client has changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Ms>,
    /// The event's own part of the raw body.
    pub raw: Value,
}

/// What a message said until the client changed it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wording {
    /// Since when it said so, by the provider's clock.
    pub at: Ms,
    /// Text.
    pub text: Option<String>,
    /// Caption of a file.
    pub caption: Option<String>,
}

/// Which wait took a message, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBy {
    /// The waiting call.
    pub call_id: String,
    /// `context context_document newest`.
    pub rule: String,
    /// `matched ambiguous not_expected`.
    pub verdict: String,
}

impl InboundMessage {
    /// Whether it is something a client says to us: an answer, not a gesture and not news about the account.
    pub fn is_reply(&self) -> bool {
        self.identity.group.is_none()
            && !matches!(self.kind.as_str(), "reaction" | "unknown" | "system" | "edited" | "deleted" | "call" | "poll_vote")
    }

    /// Whether it changes or takes back a message that came before, which `context_ids` name.
    pub fn amends(&self) -> bool {
        matches!(self.kind.as_str(), "edited" | "deleted")
    }

    /// Takes over the wording of a change told at `at`; `since` is when this message came. Changes may come in any order: the last one
    /// by the client's doing is what it says, all others are kept as what it said before. `false` = nothing new.
    pub fn rewrite(&mut self, change: &Self, since: Ms, at: Ms) -> bool {
        let told = change.text.clone().or_else(|| change.caption.clone()).filter(|text| !text.trim().is_empty());
        let Some(told) = told else { return false };
        let (text, caption) = if self.media.is_some() { (self.text.clone(), Some(told)) } else { (Some(told), self.caption.clone()) };
        let present = Wording { at: self.edited_at.unwrap_or(since), text: self.text.clone(), caption: self.caption.clone() };
        let fresh = Wording { at, text, caption };
        if fresh == present || self.edits.contains(&fresh) {
            return false;
        }
        self.edits.extend([present, fresh]);
        // Stable: of two told for one moment the later to come is the later.
        self.edits.sort_by_key(|wording| wording.at);
        if let Some(last) = self.edits.pop() {
            (self.text, self.caption, self.edited_at) = (last.text, last.caption, Some(last.at));
        }
        true
    }

    /// Whether a button was pressed or a row chosen.
    pub fn is_tap(&self) -> bool {
        matches!(self.kind.as_str(), "button" | "button_reply" | "list_reply")
    }

    /// The words of it: text, caption, or the title of what was pressed; empty for a sticker or a voice note.
    pub fn words(&self) -> &str {
        let words = self.text.as_deref().or(self.caption.as_deref()).or(self.reply_title.as_deref());
        words.unwrap_or_default()
    }

    /// Whether this kind starts the 24 h window (reference/whatsapp.md 1.5).
    pub fn opens_window(&self) -> bool {
        self.identity.group.is_none()
            && !matches!(self.kind.as_str(), "reaction" | "unknown" | "system" | "edited" | "deleted" | "poll_vote" | "call")
    }
}

/// A change of a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TemplateEvent {
    /// Provider's id of the row.
    pub provider_id: Option<String>,
    /// Element name.
    pub name: Option<String>,
    /// Language.
    pub language: Option<String>,
    /// New status in our words (upper case as the vendor's), if it changed.
    pub status: Option<String>,
    /// New category, if it changed.
    pub category: Option<String>,
    /// Reason told.
    pub reason: Option<String>,
    /// New quality (GREEN, YELLOW, RED, UNKNOWN), if it changed.
    #[serde(default)]
    pub quality: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_a_message_may_come_in_any_order() {
        let change = |text: &str| InboundMessage { kind: "edited".to_owned(), text: Some(text.to_owned()), ..InboundMessage::default() };
        let told = [("первая", 10), ("вторая", 20), ("третья", 30)];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut kept = InboundMessage { kind: "text".to_owned(), text: Some("начало".to_owned()), ..InboundMessage::default() };
            for index in order {
                let (text, at) = told[index];
                assert!(kept.rewrite(&change(text), 1, at));
                assert!(!kept.rewrite(&change(text), 1, at), "told twice");
            }
            assert_eq!((kept.text.as_deref(), kept.edited_at), (Some("третья"), Some(30)), "{order:?}");
            let before: Vec<(Ms, &str)> = kept.edits.iter().map(|was| (was.at, was.text.as_deref().unwrap_or_default())).collect();
            assert_eq!(before, [(1, "начало"), (10, "первая"), (20, "вторая")], "{order:?}");
        }
        let mut photo =
            InboundMessage { media: Some(serde_json::json!({})), caption: Some("было".to_owned()), ..InboundMessage::default() };
        assert!(photo.rewrite(&change("стало"), 1, 2));
        assert_eq!((photo.caption.as_deref(), photo.text.as_deref()), (Some("стало"), None));
        assert!(!photo.rewrite(&change("  "), 1, 3), "a change without words changes nothing");
    }

    #[test]
    fn tiers_are_numbers() {
        let read = |word| LimitEvent::of_tier(word).map(|told| told.limit);
        assert_eq!(read("TIER_50"), Some(Some(50)));
        assert_eq!(read("tier_2K"), Some(Some(2_000)));
        assert_eq!(read("TIER_100K"), Some(Some(100_000)));
        assert_eq!(read("TIER_UNLIMITED"), Some(None));
        for foreign in ["", "TIER_", "10K", "TIER_-5", "TIER_0", "TIER_NOT_SET"] {
            assert_eq!(read(foreign), None, "{foreign}");
        }
    }
}
