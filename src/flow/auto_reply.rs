//! Replies that nobody types: a greeting to the first message, a word outside working hours, the answer to a word of consent.
//!
//! Which conversation gets which is decided while its message is received, once for a conversation and period whoever else receives.
//! The text is rendered by a job of its own, since a pattern may need facts of the CRM. Everything leaves through the gate of every send.

use super::consent::{Heard, Said};
use super::facts::{self, Need};
use super::outgoing::{self, Draft};
use super::portal_settings::areas::{self, Areas};
use super::portal_view::PortalView;
use super::{Ctx, JobError, Leftover};
use crate::catalog::RenderInput;
use crate::catalog::operation::OnMissing;
use crate::db::entity::{conversation, message};
use crate::db::store;
use crate::db::store::auto_reply as claims;
use crate::db::store::portal::PortalStatus;
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::consent::Action;
use crate::domain::content::Content;
use crate::domain::document::CrmItem;
use crate::domain::window;
use crate::queue::{self, Claimed, Group, Job, NewJob};
use serde_json::{Value, json};
use std::collections::HashSet;

const GREETING: &str = "greeting";
const AWAY: &str = "away";
/// The answer to a refusal: the one message that the refusal itself does not stop.
const OPT_OUT_ANSWER: &str = "opt_out_answer";
const OPT_IN_ANSWER: &str = "opt_in_answer";

/// Greets and says that nobody is there, where the channel wants it. `talk` is the conversation as it was before this message.
///
/// # Errors
/// The database failed.
pub(super) async fn consider(tx: &Tx, ctx: &Ctx, portal: &PortalView, areas: &Areas, said: &Said<'_>, heard: Heard) -> DbResult<()> {
    let now = ctx.clock.now();
    let Some(replies) = areas.replies.get(&said.talk.channel_id).filter(|_| heard == Heard::Nothing && answerable(said, now)) else {
        return Ok(());
    };
    let mut due = Vec::new();
    let silent_since = said.talk.last_inbound_at.max(said.talk.last_outbound_at);
    let new = silent_since.is_none_or(|since| now.saturating_sub(since) >= replies.greeting_after);
    if replies.greeting.is_some() && new && claim(tx, said, GREETING, now.saturating_sub(replies.greeting_after), now).await? {
        due.push(GREETING);
    }
    let away = replies.away.is_some() && !portal.working_hours.open(portal.time_zone, now);
    if away && claim(tx, said, AWAY, now.saturating_sub(replies.away_every), now).await? {
        due.push(AWAY);
    }
    order(tx, ctx, said, &due, now).await
}

/// Answers a word of consent that changed something, if the portal has an answer.
///
/// # Errors
/// The database failed.
pub(super) async fn confirm(tx: &Tx, ctx: &Ctx, areas: &Areas, said: &Said<'_>, action: Action, now: Ms) -> DbResult<()> {
    let (kind, text) = match action {
        Action::OptOut => (OPT_OUT_ANSWER, &areas.opt_out_answer),
        Action::OptIn => (OPT_IN_ANSWER, &areas.opt_in_answer),
    };
    if text.is_some() && answerable(said, now) && claim(tx, said, kind, now, now).await? {
        order(tx, ctx, said, &[kind], now).await?;
    }
    Ok(())
}

/// A message that may be answered freely now; what came a day late gets nothing.
fn answerable(said: &Said<'_>, now: Ms) -> bool {
    said.inbound.opens_window() && window::is_open(window::extend(None, said.at, now), now)
}

async fn claim(tx: &Tx, said: &Said<'_>, kind: &str, since: Ms, now: Ms) -> DbResult<bool> {
    claims::claim(tx, &said.talk.portal, &said.talk.id, kind, since, now).await
}

async fn order(tx: &Tx, ctx: &Ctx, said: &Said<'_>, due: &[&str], now: Ms) -> DbResult<()> {
    let job = |kind: &&str| {
        let reply = Job::AutoReply { conversation_id: said.talk.id.clone(), reply: (*kind).to_owned() };
        NewJob::at(&said.talk.portal, reply, now).once(format!("{kind}:{}", said.talk.id))
    };
    let jobs: Vec<NewJob> = due.iter().map(job).collect();
    queue::enqueue(tx, ctx.ids.as_ref(), now, &jobs).await.map(drop)
}

/// Handles `auto_reply` jobs.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let mut leftover = Leftover::new();
    for claimed in group.jobs {
        if let Err(error) = one(ctx, &claimed).await {
            leftover.push((claimed, error));
        }
    }
    ctx.wake.notify_waiters();
    leftover
}

async fn one(ctx: &Ctx, claimed: &Claimed) -> Result<(), JobError> {
    let Job::AutoReply { conversation_id, reply } = &claimed.job else {
        return Err(JobError::Fail { why: format!("auto_reply cannot do {}", claimed.job.kind()) });
    };
    let now = ctx.clock.now();
    let built = build(ctx, &claimed.portal, conversation_id, reply, now).await?;
    let tx = ctx.db.begin().await?;
    if let Some(row) = built {
        let touch = store::conversation::Touch { id: row.conversation_id.clone(), document_entity: None, document_id: None };
        store::message::insert_many(&tx, &claimed.portal, std::slice::from_ref(&row)).await?;
        store::conversation::touch_outbound(&tx, &claimed.portal, &[touch], now).await?;
        claims::sent(&tx, &claimed.portal, conversation_id, reply, &row.id).await?;
        queue::enqueue(&tx, ctx.ids.as_ref(), now, &[outgoing::send_job(&claimed.portal, &row.id, now)]).await?;
    }
    queue::complete(&tx, &[claimed]).await?;
    tx.commit("auto_reply.stored").await?;
    Ok(())
}

/// The message; `None` when there is nothing to say any more.
async fn build(ctx: &Ctx, portal: &str, conversation_id: &str, reply: &str, now: Ms) -> Result<Option<message::Model>, JobError> {
    let db = ctx.db.read();
    let Some(view) = PortalView::find(db, portal).await? else { return Ok(None) };
    let talk = store::conversation::list(db, portal, &[conversation_id.to_owned()]).await?.into_iter().next();
    let Some(talk) = talk.filter(|_| view.status != PortalStatus::Uninstalled) else { return Ok(None) };
    let Some(pattern) = pattern(&view, &talk.channel_id, reply) else { return Ok(None) };
    let text = match render(ctx, &view, &talk, &pattern).await? {
        Some(text) if !text.trim().is_empty() => text,
        _ => return Ok(None),
    };
    let content = Content::Text { body: text.clone(), preview_link: false };
    Ok(Some(Draft::in_talk(&talk, &content, &text).to(ctx, &outgoing::person(&talk), now)))
}

/// What the portal wants said now: it may have been changed since the message came.
fn pattern(view: &PortalView, channel_id: &str, reply: &str) -> Option<String> {
    let areas = Areas::read(&view.settings);
    let own = areas.replies.get(channel_id);
    let text = match reply {
        GREETING => own?.greeting.clone(),
        AWAY => own?.away.clone(),
        OPT_OUT_ANSWER => areas.opt_out_answer,
        OPT_IN_ANSWER => areas.opt_in_answer,
        _ => None,
    }?;
    match text.trim().strip_prefix(areas::STORED) {
        Some(name) => areas::stored(view.settings.get("patterns"), name),
        None => Some(text),
    }
}

/// A value that is missing is left out: a greeting without a name is better than none.
async fn render(ctx: &Ctx, view: &PortalView, talk: &conversation::Model, pattern: &str) -> Result<Option<String>, JobError> {
    let Ok(roots) = ctx.catalog.roots_of(pattern) else {
        tracing::warn!(portal.id = view.id, "an automatic reply's pattern does not compile");
        return Ok(None);
    };
    let need = Need::of_pattern(talk.document_id.as_deref().and_then(CrmItem::parse), roots);
    let facts = facts_of(ctx, view, &need).await?;
    let input = RenderInput {
        properties: &serde_json::Map::new(),
        facts: &facts,
        stored_patterns: &view.patterns,
        lang: view.lang,
        time_zone: view.time_zone.name(),
        region: &view.region,
    };
    match ctx.catalog.render_stored(pattern, &input, OnMissing::Empty) {
        Ok(text) => Ok(Some(text)),
        Err(refusal) => {
            tracing::warn!(portal.id = view.id, refusal.code = refusal.code.as_str(), "an automatic reply cannot be rendered");
            Ok(None)
        }
    }
}

/// Facts of a conversation's or page's document, for a pattern that stands by itself.
pub(super) async fn facts_of(ctx: &Ctx, view: &PortalView, need: &Need) -> Result<Value, JobError> {
    let read = if need.is_empty() {
        need.nothing()
    } else {
        let mut read = facts::read(ctx, view, std::slice::from_ref(need)).await;
        match read.pop() {
            Some(Ok(facts)) => facts,
            Some(Err(error)) => return Err(error),
            None => need.nothing(),
        }
    };
    let mut roots = read.roots;
    roots.insert("portal".to_owned(), json!({"domain": view.domain, "member_id": view.id, "lang": view.lang}));
    Ok(Value::Object(roots))
}

/// Messages among the conversations' last ones that answer a refusal.
pub(super) async fn opt_out_answers(db: &impl crate::db::Conn, portal: &str, conversation_ids: &[String]) -> DbResult<HashSet<String>> {
    let rows = claims::of(db, portal, conversation_ids, OPT_OUT_ANSWER).await?;
    Ok(rows.into_iter().filter_map(|row| row.message_id).collect())
}
