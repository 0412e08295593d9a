//! Connecting, changing and disconnecting a channel. Each change is one transaction with its jobs: robots learn the new options,
//! the template list is read.

use super::{Ctx, config, hook_place, open_secrets, secrets_place, webhook_url};
use crate::db::entity::channel::Model;
use crate::db::store::channel::When;
use crate::db::store::{self, channel::Change};
use crate::db::{DbError, Tx};
use crate::domain::clock::{Ms, SECOND};
use crate::domain::secret::Secret;
use crate::flow::{failover, reach};
use crate::provider::{Provider, SettingsError, check_settings, fields_of, registry};
use crate::queue::{self, Job, NewJob};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Channel changes are collected this long before robots are registered again (ROBOTS.md).
const COLLECT: Ms = 2 * SECOND;
/// Most characters of a name.
const NAME_CHARS: usize = 100;

/// Why a channel is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// No adapter of that kind.
    #[error("unknown channel kind {0}")]
    UnknownKind(String),
    /// A field is wrong; `name` counts as one.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No live channel of that id in this portal.
    #[error("no such channel")]
    NotFound,
    /// The database failed, or stored secrets do not open.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A channel to connect.
#[derive(Debug, Clone)]
pub struct NewChannel {
    /// `gupshup`, ….
    pub kind: String,
    /// Name for people, unique names are wise.
    pub name: String,
    /// Settings with secrets, as typed.
    pub settings: Value,
}

/// What an administrator changes; `None` = as it is.
#[derive(Debug, Clone, Default)]
pub struct ChannelChange {
    /// Name.
    pub name: Option<String>,
    /// Only the settings given; `null` removes an optional one.
    pub settings: Option<Value>,
    /// `true` pauses sending, `false` resumes it.
    pub paused: Option<bool>,
}

/// What came of connecting.
#[derive(Debug, Clone)]
pub struct Created {
    /// Channel id.
    pub id: String,
    /// Where the provider has to report to.
    pub webhook_url: String,
}

/// Connects a channel. The template list and, where the provider's API can, the webhook registration follow as a job.
///
/// # Errors
/// [`ChannelError`].
pub async fn create(ctx: &Ctx, portal: &str, new: NewChannel) -> Result<Created, ChannelError> {
    let provider = registry::find(&new.kind).ok_or_else(|| ChannelError::UnknownKind(new.kind.clone()))?;
    let name = checked_name(&new.name)?;
    let (mut settings, secrets) = check_settings(provider, &new.settings, true)?;
    let now = ctx.clock.now();
    let id = ctx.ids.id("ch", now);
    failover::check(&store::channel::list(ctx.db.read(), portal).await?, &id, &mut settings)?;
    let hook = Secret::new(ctx.ids.token());
    let mut row = Model {
        id: id.clone(),
        portal: portal.to_owned(),
        kind: new.kind,
        name,
        sender: String::new(),
        settings: Value::Object(settings).to_string(),
        secrets: sealed(ctx, portal, &id, &secrets)?,
        hook_secret: ctx.sealer.seal(hook_place(portal, &id), &hook),
        state: "new".to_owned(),
        state_reason: None,
        held_until: None,
        templates_synced_at: None,
        created_at: now,
        updated_at: now,
        deleted_at: None,
        health: None,
    };
    row.sender = provider.sender(&config(ctx, &row)?);
    let webhook_url = webhook_url(ctx, &row)?;
    let tx = ctx.db.begin().await?;
    store::channel::insert(&tx, portal, row).await?;
    queue::enqueue(&tx, ctx.ids.as_ref(), now, &[register_job(portal, now), sync_job(portal, &id, now)]).await?;
    tx.commit("channel.create").await?;
    ctx.wake.notify_waiters();
    tracing::info!(portal.id = portal, channel.id = id, provider.kind = provider.kind(), "channel connected");
    Ok(Created { id, webhook_url })
}

/// Changes a live channel. New credentials give a stopped channel another chance.
///
/// # Errors
/// [`ChannelError`].
pub async fn update(ctx: &Ctx, portal: &str, channel_id: &str, change: ChannelChange) -> Result<(), ChannelError> {
    let row = store::channel::find(ctx.db.read(), portal, channel_id).await?.ok_or(ChannelError::NotFound)?;
    let provider = registry::find(&row.kind).ok_or_else(|| ChannelError::UnknownKind(row.kind.clone()))?;
    let name = change.name.as_deref().map(checked_name).transpose()?;
    let mut stored = Change { name: name.clone().filter(|name| *name != row.name), ..Change::default() };
    let mut next = row.clone();
    if let Some(given) = &change.settings {
        let channels = store::channel::list(ctx.db.read(), portal).await?;
        merge(ctx, provider, &mut next, given, &channels)?;
        stored.settings = Some(next.settings.clone());
        stored.secrets = Some(next.secrets.clone());
        stored.sender = Some(provider.sender(&config(ctx, &next)?));
    }
    stored.state = state_change(&row, &change);
    // What a stopped channel held leaves as soon as it may send again; each message is checked once more then.
    let releases = stored.state.as_ref().is_some_and(|(state, _)| state != "paused");
    let now = ctx.clock.now();
    let mut jobs = Vec::new();
    if stored.name.is_some() {
        jobs.push(register_job(portal, now));
    }
    if stored.settings.is_some() {
        jobs.push(sync_job(portal, channel_id, now));
    }
    let tx = ctx.db.begin().await?;
    if !store::channel::update(&tx, portal, channel_id, stored, now).await? {
        return Err(ChannelError::NotFound);
    }
    if releases {
        queue::release_held(&tx, portal, channel_id, now).await?;
    }
    if reach::terms(&row) != reach::terms(&next) {
        // Another limit or another portfolio: what waited for a place asks again.
        let channels = store::channel::list(&*tx, portal).await?;
        reach::release(&tx, portal, &channels, &reach::terms(&row).portfolio, now).await?;
        reach::release(&tx, portal, &channels, &reach::terms(&next).portfolio, now).await?;
    }
    queue::enqueue(&tx, ctx.ids.as_ref(), now, &jobs).await?;
    tx.commit("channel.update").await?;
    ctx.wake.notify_waiters();
    Ok(())
}

/// Disconnects a live channel: it stays as a mark, its jobs of reading lists end, robots lose the option.
///
/// # Errors
/// [`ChannelError`].
pub async fn disconnect(ctx: &Ctx, portal: &str, channel_id: &str) -> Result<(), ChannelError> {
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    if !store::channel::delete(&tx, portal, channel_id, now).await? {
        return Err(ChannelError::NotFound);
    }
    queue::cancel(&tx, portal, &cancel_key(channel_id)).await?;
    queue::enqueue(&tx, ctx.ids.as_ref(), now, &[register_job(portal, now)]).await?;
    tx.commit("channel.disconnect").await?;
    ctx.wake.notify_waiters();
    tracing::info!(portal.id = portal, channel.id = channel_id, "channel disconnected");
    Ok(())
}

fn checked_name(name: &str) -> Result<String, SettingsError> {
    let name = name.trim();
    let wrong = |reason| SettingsError { field: "name".to_owned(), reason };
    match name.chars().count() {
        0 => Err(wrong("required")),
        count if count > NAME_CHARS => Err(wrong("too_long")),
        _ if name.chars().any(char::is_control) => Err(wrong("not_text")),
        _ => Ok(name.to_owned()),
    }
}

/// Lays the given settings over the stored ones.
fn merge(ctx: &Ctx, provider: &dyn Provider, row: &mut Model, given: &Value, channels: &[Model]) -> Result<(), ChannelError> {
    let (mut public, new_secrets) = check_settings(provider, given, false)?;
    failover::check(channels, &row.id, &mut public)?;
    let mut settings: Map<String, Value> = config(ctx, row)?.settings;
    let moved = |name: &str| public.get(name).is_some_and(|given| Some(given) != settings.get(name));
    if fields_of(provider).any(|field| field.kind == "url" && moved(field.name)) {
        // Keys are never shown: at another address somebody else might read them. Whoever moves the channel knows them.
        let kept = open_secrets(ctx, row)?;
        if let Some((name, _)) = kept.iter().find(|(name, value)| !value.is_empty() && !new_secrets.contains_key(*name)) {
            return Err(SettingsError { field: name.clone(), reason: "required" }.into());
        }
    }
    for (name, value) in public {
        if value.is_null() {
            settings.shift_remove(&name);
        } else {
            settings.insert(name, value);
        }
    }
    let mut secrets = open_secrets(ctx, row)?;
    for (name, value) in new_secrets {
        if value.is_empty() {
            secrets.remove(&name);
        } else {
            secrets.insert(name, value);
        }
    }
    row.settings = Value::Object(settings).to_string();
    row.secrets = sealed(ctx, &row.portal, &row.id, &secrets)?;
    Ok(())
}

fn state_change(row: &Model, change: &ChannelChange) -> Option<(String, Option<String>)> {
    let to = |state: &str| Some((state.to_owned(), None));
    match (change.paused, row.state.as_str()) {
        (Some(true), state) if state != "paused" => to("paused"),
        (Some(false), "paused") => to("connected"),
        (None, "auth_failed" | "disconnected") if change.settings.is_some() => to("new"),
        _ => None,
    }
}

fn sealed(ctx: &Ctx, portal: &str, channel_id: &str, secrets: &BTreeMap<String, Secret>) -> Result<String, DbError> {
    let plain = serde_json::to_string(secrets).map_err(|_| DbError::Corrupt("secrets".to_owned()))?;
    Ok(ctx.sealer.seal(secrets_place(portal, channel_id), &Secret::new(plain)))
}

fn register_job(portal: &str, now: Ms) -> NewJob {
    NewJob::at(portal, Job::Register { reason: "channels".to_owned() }, now.saturating_add(COLLECT)).once("channels")
}

/// Reading a channel's list at `now`, with a look at the webhook's registration.
pub(in crate::flow) fn sync_job(portal: &str, channel_id: &str, now: Ms) -> NewJob {
    let job = Job::SyncTemplates { channel_id: channel_id.to_owned() };
    NewJob::at(portal, job, now).once(format!("now:{channel_id}")).cancelled_by(cancel_key(channel_id))
}

/// Jobs of a channel are cancelled by this.
pub(in crate::flow) fn cancel_key(channel_id: &str) -> String {
    format!("channel:{channel_id}")
}

/// All states but a pause: what a provider refuses does not end a pause that a person asked for.
pub(in crate::flow) const NOT_PAUSED: When<'static> =
    When::From(&["new", "pairing", "connected", "limited", "blocked", "auth_failed", "disconnected"]);

/// Puts a channel into a state inside the caller's transaction; tells the log when that changed it. Connected again, it lets go what it held.
///
/// # Errors
/// The database failed.
pub(in crate::flow) async fn note_state(
    tx: &Tx,
    portal: &str,
    channel_id: &str,
    (state, reason): (&str, Option<&str>),
    when: When<'_>,
    now: Ms,
) -> Result<(), DbError> {
    if store::channel::set_state(tx, portal, channel_id, (state, reason), when, now).await? {
        tracing::warn!(portal.id = portal, channel.id = channel_id, channel.state = state, "channel state changed");
        if state == "connected" {
            queue::release_held(tx, portal, channel_id, now).await?;
        }
    }
    Ok(())
}
