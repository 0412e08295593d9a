//! What a client says about consent: whole messages that are words of the portal's lists, typed or pressed.
//!
//! Called once for each stored message, before anything else reads it. A word of these lists is never an answer to a question and gets no
//! automatic reply: whoever waits for an answer asks [`Heard`] first. The one exception is theirs to make: a wait that expects exactly
//! this word (`expected` = `stop=стоп`) takes it as its answer, and then [`hear`] is told so and leaves the consent alone.

use super::change::{self, Change, Evidence, Source};
use super::people;
use super::standing::of_row;
use crate::db::entity::{conversation, message};
use crate::db::store::consent as rows;
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::consent::{Action, Choice, Scope, Standing};
use crate::domain::event::InboundMessage;
use crate::flow::portal_settings::areas::Areas;
use crate::flow::{Ctx, auto_reply};

/// A client's message as it was stored.
#[derive(Debug, Clone, Copy)]
pub(in crate::flow) struct Said<'a> {
    /// Whom with.
    pub(in crate::flow) talk: &'a conversation::Model,
    /// The stored row.
    pub(in crate::flow) stored: &'a message::Model,
    /// What came.
    pub(in crate::flow) inbound: &'a InboundMessage,
    /// By the provider's clock.
    pub(in crate::flow) at: Ms,
}

/// A message that is a word of the lists.
#[derive(Debug, Clone, Copy)]
pub(in crate::flow) struct Word<'a> {
    text: &'a str,
    source: Source,
    action: Action,
}

impl<'a> Word<'a> {
    /// The word that this message is, if it is one.
    pub(in crate::flow) fn of(areas: &Areas, inbound: &'a InboundMessage) -> Option<Self> {
        let (text, source) = spoken(inbound)?;
        Some(Self { text, source, action: areas.words.heard(text)? })
    }
}

/// What a message was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::flow) enum Heard {
    /// Not about consent.
    Nothing,
    /// A word of the lists: no answer to anything.
    Word(Action),
}

/// Listens; changes the consent when a word was said to it, learns new ids of a known person, lifts Meta's brake.
///
/// # Errors
/// The database failed.
pub(in crate::flow) async fn hear(tx: &Tx, ctx: &Ctx, areas: &Areas, said: &Said<'_>, word: Option<Word<'_>>, now: Ms) -> DbResult<Heard> {
    // A group's words are nobody's own.
    if said.inbound.identity.group.is_some() {
        return Ok(Heard::Nothing);
    }
    meet(tx, ctx, said, now).await?;
    let Some(Word { text, source, action }) = word else { return Ok(Heard::Nothing) };
    let standing = standing(tx, ctx, said).await?;
    let scopes = scopes(areas, standing, action);
    for scope in &scopes {
        let evidence = Evidence {
            source,
            channel_id: Some(said.talk.channel_id.clone()),
            message_id: Some(said.stored.id.clone()),
            text: Some(text.to_owned()),
            actor: None,
        };
        let who = said.inbound.identity.clone();
        let change = Change { who, action, scope: *scope, at: said.at, evidence };
        change::apply(tx, ctx, &said.talk.portal, Some(said.talk), &change).await?;
        // Said again it is kept again, and answered once.
        if standing.choice(*scope) != Choice::from(action) {
            auto_reply::confirm(tx, ctx, areas, said, action, now).await?;
        }
    }
    // "Start" of somebody who refused nothing is an ordinary message.
    Ok(if scopes.is_empty() { Heard::Nothing } else { Heard::Word(action) })
}

/// The text that may be a word, and how it was said.
fn spoken(inbound: &InboundMessage) -> Option<(&str, Source)> {
    match inbound.kind.as_str() {
        "text" => inbound.text.as_deref().map(|text| (text, Source::Word)),
        "button" | "button_reply" | "list_reply" => {
            inbound.reply_title.as_deref().or(inbound.text.as_deref()).map(|text| (text, Source::Button))
        }
        _ => None,
    }
}

/// Where the person stood before the word.
async fn standing(tx: &Tx, ctx: &Ctx, said: &Said<'_>) -> DbResult<Standing> {
    let wanted = people::wanted(&ctx.sealer, &said.talk.portal, &said.inbound.identity, Some(said.talk));
    let rows = people::rows(&**tx, &said.talk.portal, &wanted).await?;
    Ok(rows.iter().map(of_row).fold(Standing::default(), Standing::and))
}

/// What the word is about: a refusal the scope of the portal's setting, a return whatever was refused.
fn scopes(areas: &Areas, standing: Standing, action: Action) -> Vec<Scope> {
    match action {
        Action::OptOut => vec![areas.opt_out_scope],
        Action::OptIn if standing.everything == Choice::OptedOut => vec![Scope::All],
        Action::OptIn if standing.marketing == Choice::OptedOut => vec![Scope::Marketing],
        Action::OptIn => Vec::new(),
    }
}

/// Somebody we have a consent of wrote: ids that came with the message are theirs too, and Meta's brake is lifted (reference 2.8).
async fn meet(tx: &Tx, ctx: &Ctx, said: &Said<'_>, now: Ms) -> DbResult<()> {
    let portal = &said.talk.portal;
    let who = &said.inbound.identity;
    let wanted = people::wanted(&ctx.sealer, portal, who, Some(said.talk));
    let found = rows::by_keys(&**tx, portal, &wanted).await?;
    let Some(first) = found.values().next() else { return Ok(()) };
    let same = found.values().all(|row| row.id == first.id);
    let capped = found.values().any(|row| row.capped_until.is_some());
    let all_known = people::known(who, Some(said.talk)).iter().all(|key| found.contains_key(key));
    if same && all_known && !capped {
        return Ok(());
    }
    rows::alone(tx, portal).await?;
    let mut row = change::person(tx, ctx, portal, who, Some(said.talk), now).await?;
    if row.capped_until.take().is_some() {
        row.caps = 0;
        row.updated_at = now;
        rows::put(tx, &row).await?;
    }
    Ok(())
}
