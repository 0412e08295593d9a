//! What the provider knows of a person's will: "stop marketing" pressed in WhatsApp, its own opt-out list, Meta's brake on marketing.
//!
//! Reference/whatsapp.md 2.8, 4.11.3, 4.13, 5.13. A missing opt-in at a provider (1006, 1007, 1008) is no refusal of the person.

use super::change::{self, Change, Evidence, Source};
use super::people;
use crate::db::entity::{consent_event, conversation, message};
use crate::db::store::{self, consent as rows};
use crate::db::{DbResult, Tx};
use crate::domain::clock::{DAY, Ms};
use crate::domain::consent::{Action, Choice, Scope};
use crate::domain::event::ConsentEvent;
use crate::domain::identity::Identity;
use crate::domain::message_error::MessageError;
use crate::domain::outcome::ErrorClass;
use crate::domain::state::Status;
use crate::flow::Ctx;
use crate::flow::settle::Moved;
use serde_json::{Value, json};
use std::collections::HashMap;

/// The longest that one refusal holds marketing back.
const LONGEST: Ms = 7 * DAY;
/// After that long without a refusal the next one is a first one again.
const FORGOTTEN: Ms = 30 * DAY;

/// Learns from messages that have just failed.
///
/// # Errors
/// The database failed.
pub(in crate::flow) async fn learn_from_failures(tx: &Tx, ctx: &Ctx, portal: &str, moved: &[&Moved], now: Ms) -> DbResult<()> {
    let mut told: Vec<(&message::Model, MessageError)> = Vec::new();
    for one in moved.iter().filter(|one| one.message.status == Status::Failed.as_str()) {
        if let Some(error) = MessageError::read(one.message.error.as_deref()).filter(|error| refused(error) || capped(error)) {
            told.push((&one.message, error));
        }
    }
    if told.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = told.iter().map(|(message, _)| message.conversation_id.clone()).collect();
    let talks: HashMap<String, conversation::Model> =
        store::conversation::list(&**tx, portal, &ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    for (message, error) in told {
        let who: Identity = serde_json::from_str(&message.identity).unwrap_or_default();
        let change = Change {
            who,
            action: Action::OptOut,
            scope: Scope::Marketing,
            at: message.failed_at.unwrap_or(now),
            evidence: Evidence {
                source: Source::Provider,
                channel_id: Some(message.channel_id.clone()),
                message_id: Some(message.id.clone()),
                text: Some(error.text.clone()),
                actor: error.provider_code.clone(),
            },
        };
        let talk = talks.get(&message.conversation_id);
        if capped(&error) {
            hold_back(tx, ctx, portal, talk, &change, now).await?;
        } else {
            change::apply(tx, ctx, portal, talk, &change).await?;
        }
    }
    Ok(())
}

/// The person, not the sender, is the reason.
fn refused(error: &MessageError) -> bool {
    let no_list = error.provider_code.is_some() || error.text.to_lowercase().contains("opted out");
    error.class == Some(ErrorClass::OptedOut) && !error.opt_in_missing() && no_list
}

fn capped(error: &MessageError) -> bool {
    error.class == Some(ErrorClass::MarketingCap)
}

/// No marketing to this person for a day, and longer each time a wait was not enough.
async fn hold_back(tx: &Tx, ctx: &Ctx, portal: &str, talk: Option<&conversation::Model>, told: &Change, now: Ms) -> DbResult<()> {
    rows::alone(tx, portal).await?;
    let mut row = change::person(tx, ctx, portal, &told.who, talk, now).await?;
    let waited = row.capped_until.is_none_or(|until| until <= told.at);
    if row.capped_at.is_some_and(|at| told.at.saturating_sub(at) > FORGOTTEN) {
        row.caps = 0;
    }
    // Several messages that were on their way together meet one refusal.
    if waited {
        row.caps = row.caps.saturating_add(1);
    }
    let doublings = u32::try_from(row.caps.saturating_sub(1).clamp(0, 8)).unwrap_or_default();
    let pause = DAY.saturating_mul(1_i64 << doublings).min(LONGEST);
    row.capped_until = row.capped_until.max(Some(told.at.saturating_add(pause)));
    (row.capped_at, row.updated_at) = (Some(told.at), now);
    rows::put(tx, &row).await?;
    let event = consent_event::Model { action: "cap".to_owned(), ..change::event(ctx, portal, &row.id, told, true, now) };
    rows::note(tx, event).await
}

/// Mirrors an event of the provider; returns what was done with it.
///
/// # Errors
/// The database failed.
pub(in crate::flow) async fn told_by_provider(tx: &Tx, ctx: &Ctx, place: (&str, &str), at: Ms, told: &ConsentEvent) -> DbResult<Value> {
    let (portal, channel_id) = place;
    if told.identity.keys().is_empty() {
        return Ok(json!({"kept": "no identity"}));
    }
    let action = if told.stop { Action::OptOut } else { Action::OptIn };
    if action == Action::OptIn && !told.by_user && !refused_by_provider(tx, ctx, portal, &told.identity).await? {
        // Our own mark on the provider's list comes back as an event: it undoes nothing that a person said.
        return Ok(json!({"kept": "opt-in list"}));
    }
    let evidence = Evidence {
        source: Source::Provider,
        channel_id: Some(channel_id.to_owned()),
        message_id: None,
        text: Some(told.words.clone()).filter(|words| !words.is_empty()),
        actor: None,
    };
    let change = Change { who: told.identity.clone(), action, scope: Scope::Marketing, at, evidence };
    let row = change::apply(tx, ctx, portal, None, &change).await?;
    Ok(json!({"consent_id": row.id, "marketing": row.marketing}))
}

async fn refused_by_provider(tx: &Tx, ctx: &Ctx, portal: &str, who: &Identity) -> DbResult<bool> {
    let rows = people::rows(&**tx, portal, &people::wanted(&ctx.sealer, portal, who, None)).await?;
    let provider = Some(Source::Provider.as_str());
    Ok(rows.iter().any(|row| Choice::read(&row.marketing) == Choice::OptedOut && row.marketing_by.as_deref() == provider))
}
