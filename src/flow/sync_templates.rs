//! Reads a channel's template list: page by page, each stored as it comes; at the end what is gone is marked.
//!
//! It also registers our webhook where the provider's API can, and proves the credentials: a new channel becomes `connected`. Refused credentials make it `auth_failed`; limits are waited for as told, never slept through.

mod subscribe;

use super::channel::{self, Loaded};
use super::{Ctx, JobError, Leftover};
use crate::db::DbError;
use crate::db::entity::template;
use crate::db::store;
use crate::db::store::channel::When;
use crate::domain::clock::{DAY, Ms};
use crate::domain::http::HttpResponse;
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::outbound::{OutboundError, Peer};
use crate::provider::{TemplatePage, TemplateRow};
use crate::queue::{self, Claimed, FinishError, Group, Job, NewJob};
use std::collections::BTreeSet;

/// Pages of one reading at most: 20,000 rows are more than Meta allows an account.
const PAGES: usize = 200;
/// Pages without a new row after which the list counts as read; one such page is usual, see [`read_pages`].
const STALE_PAGES: usize = 2;
/// A list is read again after this time even when no event asked for it.
const AGAIN: Ms = DAY;
/// A limit without a time of its own: the vendor counts templates in spans of 20 s.
const LIMIT_PAUSE: Ms = 20_000;

/// What a reading found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Synced {
    /// Rows in the provider's list.
    pub total: usize,
    /// Rows that were there before and are gone.
    pub vanished: u64,
}

/// Why a list was not read.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// No live channel of that id in this portal.
    #[error("no such channel")]
    NotFound,
    /// The provider has no list.
    #[error("the provider has no template list")]
    Unsupported,
    /// The provider refused.
    #[error("provider: {}", .error.text)]
    Provider {
        /// In its words.
        error: ProviderError,
        /// Its Retry-After, ms.
        after_ms: Option<Ms>,
    },
    /// The provider was not reached or did not answer.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The job is no longer ours.
    #[error("lease lost")]
    LeaseLost,
}

impl From<FinishError> for SyncError {
    fn from(error: FinishError) -> Self {
        match error {
            FinishError::LeaseLost => Self::LeaseLost,
            FinishError::Db(error) => Self::Db(error),
        }
    }
}

/// Handles `sync_templates` jobs.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let mut leftover = Leftover::new();
    for claimed in group.jobs {
        let Job::SyncTemplates { channel_id } = &claimed.job else {
            let why = format!("sync_templates cannot do {}", claimed.job.kind());
            leftover.push((claimed, JobError::Fail { why }));
            continue;
        };
        let channel_id = channel_id.clone();
        if let Err(error) = run(ctx, &group.portal, &channel_id, Some(&claimed)).await
            && let Err(error) = give_up(ctx, &group.portal, &channel_id, &claimed, error).await
        {
            leftover.push((claimed, error));
        }
    }
    leftover
}

/// Reads a channel's list now, for the API.
///
/// # Errors
/// [`SyncError`].
pub async fn sync(ctx: &Ctx, portal: &str, channel_id: &str) -> Result<Synced, SyncError> {
    let result = run(ctx, portal, channel_id, None).await;
    if let Err(SyncError::Provider { error, .. }) = &result
        && let Some(state) = channel::state_after(error.class)
    {
        let tx = ctx.db.begin().await?;
        let news = (state, Some(error.text.as_str()));
        channel::note_state(&tx, portal, channel_id, news, channel::NOT_PAUSED, ctx.clock.now()).await?;
        tx.commit("sync_templates.refused").await?;
    }
    result
}

/// What becomes of a job whose reading failed: finished when nothing would come of repeating it soon.
async fn give_up(ctx: &Ctx, portal: &str, channel_id: &str, claimed: &Claimed, error: SyncError) -> Result<(), JobError> {
    let error = match error {
        SyncError::NotFound | SyncError::Unsupported => None,
        SyncError::Provider { error, after_ms } if repeatable(&error) => {
            let limit = (error.class == ErrorClass::RateLimit).then_some(LIMIT_PAUSE);
            return Err(JobError::Retry { after_ms: after_ms.or(limit), why: error.text });
        }
        SyncError::Provider { error, .. } => Some(error),
        SyncError::Outbound(error) => return Err(JobError::Retry { after_ms: None, why: error.to_string() }),
        SyncError::Db(error) => return Err(error.into()),
        SyncError::LeaseLost => return Err(JobError::LeaseLost),
    };
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    if let Some(error) = error {
        tracing::warn!(portal.id = portal, channel.id = channel_id, error.class = ?error.class, "template list refused");
        match channel::state_after(error.class) {
            // Its administrator has to act; the change starts a new reading.
            Some(state) => {
                let news = (state, Some(error.text.as_str()));
                channel::note_state(&tx, portal, channel_id, news, channel::NOT_PAUSED, now).await?;
            }
            None => drop(queue::enqueue(&tx, ctx.ids.as_ref(), now, &[again(portal, channel_id, now)]).await?),
        }
    }
    queue::complete(&tx, &[claimed]).await?;
    tx.commit("sync_templates.given_up").await?;
    Ok(())
}

/// Limits, outages and what nobody understands pass; a refusal of the request itself does not.
fn repeatable(error: &ProviderError) -> bool {
    error.class.retryable() || error.class == ErrorClass::Unknown
}

fn again(portal: &str, channel_id: &str, now: Ms) -> NewJob {
    let job = Job::SyncTemplates { channel_id: channel_id.to_owned() };
    let later = NewJob::at(portal, job, now.saturating_add(AGAIN)).once(format!("daily:{channel_id}"));
    later.cancelled_by(channel::cancel_key(channel_id))
}

async fn run(ctx: &Ctx, portal: &str, channel_id: &str, job: Option<&Claimed>) -> Result<Synced, SyncError> {
    let channel = channel::load(ctx, portal, channel_id).await?.ok_or(SyncError::NotFound)?;
    // Without our webhook the channel is not ready, but its templates can be read all the same.
    let registered = subscribe::register(ctx, &channel).await;
    let seen = read_pages(ctx, portal, &channel).await?;
    let known = store::template::list_ids(ctx.db.read(), portal, channel_id).await?;
    let gone: Vec<String> = known.into_iter().filter(|id| !seen.contains(id)).collect();
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    let vanished = store::template::mark_vanished(&tx, portal, channel_id, &gone, now).await?;
    store::channel::mark_synced(&tx, portal, channel_id, now).await?;
    if registered.is_ok() {
        // Judged by the row as it is now: it may have been paused while the list was read.
        let unproven = When::From(&["new", "auth_failed"]);
        channel::note_state(&tx, portal, channel_id, ("connected", None), unproven, now).await?;
    }
    if let (Some(job), true) = (job, registered.is_ok()) {
        queue::complete(&tx, &[job]).await?;
    }
    queue::enqueue(&tx, ctx.ids.as_ref(), now, &[again(portal, channel_id, now)]).await?;
    tx.commit("sync_templates.done").await?;
    tracing::info!(portal.id = portal, channel.id = channel_id, templates = seen.len(), vanished, "templates read");
    if job.is_some() {
        // The job comes again for the webhook alone.
        registered?;
    }
    Ok(Synced { total: seen.len(), vanished })
}

/// Reads and stores all pages; returns the ids seen.
///
/// Lists that count pages from 1 repeat the first one as the second, and some ignore the page altogether; so a page without anything
/// new does not end the reading, two of them do.
async fn read_pages(ctx: &Ctx, portal: &str, channel: &Loaded) -> Result<BTreeSet<String>, SyncError> {
    let (mut seen, mut stale, mut cursor) = (BTreeSet::new(), 0_usize, None::<String>);
    for page in 0..PAGES {
        let request = channel.provider.build_template_list(&channel.config, cursor.as_deref()).ok_or(SyncError::Unsupported)?;
        let answer = ctx.outbound.send("sync_templates.page", Peer::Provider, request).await?;
        let read = match channel.provider.read_template_list(&answer, cursor.as_deref()) {
            Ok(read) => read,
            // A page beyond the last one is an error at some.
            Err(_) if page > 0 && matches!(answer.status, 400 | 404) => break,
            Err(error) => return Err(refused(ctx, &answer, error)),
        };
        let TemplatePage { rows, next } = read;
        let fresh: Vec<TemplateRow> = rows.into_iter().filter(|row| seen.insert(row.provider_id.clone())).collect();
        stale = if fresh.is_empty() { stale + 1 } else { 0 };
        store_page(ctx, portal, channel, fresh).await?;
        match next {
            Some(next) if stale < STALE_PAGES => cursor = Some(next),
            _ => break,
        }
    }
    Ok(seen)
}

fn refused(ctx: &Ctx, answer: &HttpResponse, error: ProviderError) -> SyncError {
    SyncError::Provider { error, after_ms: answer.retry_after_ms(Some(ctx.clock.now())) }
}

async fn store_page(ctx: &Ctx, portal: &str, channel: &Loaded, rows: Vec<TemplateRow>) -> Result<(), DbError> {
    if rows.is_empty() {
        return Ok(());
    }
    let now = ctx.clock.now();
    let rows = rows.into_iter().map(|row| model(portal, &channel.row.id, row, now)).collect();
    let tx = ctx.db.begin().await?;
    store::template::upsert(&tx, portal, &channel.row.id, rows).await?;
    tx.commit("sync_templates.rows").await
}

fn model(portal: &str, channel_id: &str, row: TemplateRow, now: Ms) -> template::Model {
    // U+0000 cannot be stored in PostgreSQL's text, and means nothing in a template.
    let clean = |text: String| text.replace('\0', "");
    template::Model {
        portal: portal.to_owned(),
        channel_id: channel_id.to_owned(),
        provider_id: clean(row.provider_id),
        name: clean(row.name),
        language: clean(row.language),
        category: clean(row.category),
        status: clean(row.status),
        header_kind: row.header_kind,
        header_text: row.header_text.map(clean),
        body: clean(row.body),
        footer: row.footer.map(clean),
        buttons: row.buttons.to_string().replace("\\u0000", ""),
        param_keys: serde_json::Value::from(row.param_keys).to_string(),
        quality: row.quality.map(clean),
        reason: row.reason.map(clean),
        raw: row.raw.to_string().replace("\\u0000", ""),
        synced_at: now,
        vanished_at: None,
    }
}
