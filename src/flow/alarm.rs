//! Tells the installing administrator about trouble, as a Bitrix24 notification, at most once an hour for each kind.
//!
//! `tick` looks for trouble, `raise` notes it and stores a `notify` job, `handle` tells it. A text names the tenant's own channel,
//! robot or number of jobs, never a phone, text, token or the words of an error.

use super::{Ctx, JobError, Leftover};
use crate::bitrix::{BitrixError, TokenError};
use crate::db::DbResult;
use crate::db::entity::{alarm, portal};
use crate::db::store::{alarm as store, api_job, api_portal};
use crate::domain::clock::{HOUR, MINUTE, Ms};
use crate::i18n;
use crate::queue::{self, Claimed, Group, Job, Lane, NewJob};
use serde_json::json;
use std::collections::BTreeMap;

/// Kinds of trouble; the word is stored and stands in metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// No usable token pair.
    AuthLost,
    /// A channel cannot send.
    ChannelDown,
    /// A robot is not registered.
    RegistrationFailed,
    /// A due job has waited for more than five minutes.
    QueueSlow,
    /// Jobs were given up.
    JobsDead,
}

impl Kind {
    /// All kinds, for metrics and locales.
    pub const ALL: [Self; 5] = [Self::AuthLost, Self::ChannelDown, Self::RegistrationFailed, Self::QueueSlow, Self::JobsDead];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthLost => "auth_lost",
            Self::ChannelDown => "channel_down",
            Self::RegistrationFailed => "registration_failed",
            Self::QueueSlow => "queue_slow",
            Self::JobsDead => "jobs_dead",
        }
    }

    /// Key of its text in the locales.
    fn text_key(self) -> &'static str {
        match self {
            Self::AuthLost => "alarm-auth-lost",
            Self::ChannelDown => "alarm-channel-down",
            Self::RegistrationFailed => "alarm-registration-failed",
            Self::QueueSlow => "alarm-queue-slow",
            Self::JobsDead => "alarm-jobs-dead",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One kind is told again after this pause.
const TELL_EVERY: Ms = HOUR;
/// A due job may wait this long.
const SLOW_AFTER: Ms = 5 * MINUTE;
/// Names listed in one text.
const NAMES_SHOWN: usize = 5;
/// A lost or paused portal is asked again after this pause.
const ASK_AGAIN: Ms = 15 * MINUTE;

/// Notes trouble and has it told, unless that was done less than an hour ago. `detail` = what the text names.
///
/// # Errors
/// The database failed.
pub async fn raise(ctx: &Ctx, portal: &str, kind: Kind, detail: &str) -> DbResult<()> {
    let now = ctx.clock.now();
    metrics::counter!("courier24_alarms_total", "kind" => kind.as_str()).increment(1);
    tracing::error!(portal.id = portal, alarm.kind = kind.as_str(), "alarm raised");
    let tx = ctx.db.begin().await?;
    let told_at = store::find(&*tx, portal, kind.as_str()).await?.and_then(|alarm| alarm.told_at);
    store::raise(&*tx, portal, kind.as_str(), detail, now).await?;
    let due = told_at.is_none_or(|told| told <= now.saturating_sub(TELL_EVERY));
    if due && !portal.is_empty() {
        let job = NewJob::at(portal, Job::Notify { alarm: kind.as_str().to_owned() }, now).once(kind.as_str());
        queue::enqueue(&tx, ctx.ids.as_ref(), now, &[job]).await?;
    }
    tx.commit("alarm.raise").await?;
    ctx.wake.notify_waiters();
    Ok(())
}

/// Looks for trouble in the whole installation; called by the scheduler about once a minute.
///
/// # Errors
/// The database failed.
pub async fn tick(ctx: &Ctx) -> DbResult<()> {
    let now = ctx.clock.now();
    let db = ctx.db.read();
    let mut trouble: BTreeMap<(String, Kind), Vec<String>> = BTreeMap::new();
    for portal in store::auth_lost(db).await? {
        trouble.entry((portal.member_id, Kind::AuthLost)).or_default();
    }
    for channel in store::channels_down(db).await? {
        trouble.entry((channel.portal, Kind::ChannelDown)).or_default().push(channel.name);
    }
    for registration in store::registrations_failed(db).await? {
        trouble.entry((registration.portal, Kind::RegistrationFailed)).or_default().push(registration.code);
    }
    for backlog in api_job::backlog(db, now).await? {
        match backlog.state.as_str() {
            "dead" => trouble.entry((backlog.portal, Kind::JobsDead)).or_default().push(backlog.jobs.to_string()),
            "ready" if now.saturating_sub(backlog.oldest_run_at) > SLOW_AFTER && Lane::from_number(backlog.lane).is_some() => {
                let minutes = now.saturating_sub(backlog.oldest_run_at) / MINUTE;
                trouble.entry((backlog.portal, Kind::QueueSlow)).or_default().push(minutes.to_string());
            }
            _ => {}
        }
    }
    let live: BTreeMap<String, portal::Model> =
        store::reachable_portals(db).await?.into_iter().map(|portal| (portal.member_id.clone(), portal)).collect();
    for ((portal, kind), names) in trouble {
        if live.contains_key(&portal) && is_news(ctx, &portal, kind, now).await? {
            raise(ctx, &portal, kind, &summary(kind, names)).await?;
        }
    }
    Ok(())
}

/// Whether telling it is due; spares a write a minute while trouble lasts.
async fn is_news(ctx: &Ctx, portal: &str, kind: Kind, now: Ms) -> DbResult<bool> {
    let known = store::find(ctx.db.read(), portal, kind.as_str()).await?;
    Ok(known.is_none_or(|alarm| alarm.told_at.unwrap_or(alarm.raised_at) <= now.saturating_sub(TELL_EVERY)))
}

/// What the text names: how many, how long, or the first few names.
fn summary(kind: Kind, names: Vec<String>) -> String {
    let numbers = names.iter().filter_map(|name| name.parse::<i64>().ok());
    match kind {
        Kind::AuthLost => String::new(),
        Kind::JobsDead => numbers.sum::<i64>().to_string(),
        Kind::QueueSlow => numbers.max().unwrap_or_default().to_string(),
        Kind::ChannelDown | Kind::RegistrationFailed => {
            let more = if names.len() > NAMES_SHOWN { ", …" } else { "" };
            format!("{}{more}", names.into_iter().take(NAMES_SHOWN).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Handles `notify` jobs.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let mut leftover = Leftover::new();
    for claimed in group.jobs {
        if let Err(error) = tell(ctx, &claimed).await {
            leftover.push((claimed, error));
        }
    }
    leftover
}

async fn tell(ctx: &Ctx, claimed: &Claimed) -> Result<(), JobError> {
    let Job::Notify { alarm: word } = &claimed.job else {
        return Err(JobError::Fail { why: "alarm cannot do this job".to_owned() });
    };
    let known = store::find(ctx.db.read(), &claimed.portal, word).await?;
    let portal = api_portal::find(ctx.db.read(), &claimed.portal).await?;
    let due = |alarm: &alarm::Model| alarm.told_at.is_none_or(|told| told <= ctx.clock.now().saturating_sub(TELL_EVERY));
    let (Some(alarm), Some(kind), Some(portal)) = (known.filter(due), Kind::parse(word), portal) else {
        return finish(ctx, claimed).await;
    };
    notify(ctx, &portal, kind, &alarm).await?;
    let tx = ctx.db.begin().await?;
    store::told(&*tx, &claimed.portal, word, ctx.clock.now()).await?;
    queue::complete(&tx, &[claimed]).await?;
    tx.commit("alarm.told").await?;
    Ok(())
}

/// Nothing to tell.
async fn finish(ctx: &Ctx, claimed: &Claimed) -> Result<(), JobError> {
    let tx = ctx.db.begin().await?;
    queue::complete(&tx, &[claimed]).await?;
    tx.commit("alarm.not_told").await?;
    Ok(())
}

/// One notification. The same `TAG` replaces the one before, so that repeating an unknown outcome shows it once.
async fn notify(ctx: &Ctx, portal: &portal::Model, kind: Kind, alarm: &alarm::Model) -> Result<(), JobError> {
    let lang = i18n::language_for(&portal.lang);
    let mut args = BTreeMap::new();
    args.insert("detail".to_owned(), plain(&alarm.detail));
    let message = i18n::text(lang, kind.text_key(), &args);
    let params = json!({
        "USER_ID": portal.installer_user_id,
        "MESSAGE": message,
        "TAG": format!("courier24_{}", kind.as_str()),
    });
    match ctx.bitrix.call("alarm.notify", &portal.member_id, "im.notify.system.add", params).await {
        Ok(_) => Ok(()),
        Err(BitrixError::Refused(refusal)) => {
            // Without the scope `im` nobody can be told this way; the log and the metrics still say it.
            tracing::warn!(portal.id = portal.member_id, bitrix.code = refusal.code, "the portal refused a notification");
            Ok(())
        }
        Err(BitrixError::Budget { at }) => Err(JobError::Defer { at, why: "portal budget".to_owned() }),
        Err(BitrixError::Later { at, why }) => Err(JobError::Retry { after_ms: Some(at.saturating_sub(ctx.clock.now())), why }),
        Err(BitrixError::Unknown { why }) => Err(JobError::Retry { after_ms: None, why }),
        Err(BitrixError::Token(TokenError::NotInstalled)) => Ok(()),
        Err(BitrixError::Token(TokenError::AuthLost | TokenError::Paused(_) | TokenError::Unavailable(_))) => {
            Err(JobError::Defer { at: ctx.clock.now() + ASK_AGAIN, why: "no usable authorization".to_owned() })
        }
    }
}

/// Takes BB code out of a tenant's own names, which stand inside a notification's markup.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '[' | ']')).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_names_what_helps() {
        let names = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(summary(Kind::JobsDead, names(&["3", "4"])), "7");
        assert_eq!(summary(Kind::QueueSlow, names(&["6", "11"])), "11");
        assert_eq!(summary(Kind::ChannelDown, names(&["a", "b", "c", "d", "e", "f"])), "a, b, c, d, e, …");
        assert_eq!(plain("Sales [url=x]1[/url]"), "Sales url=x1/url");
    }

    #[test]
    fn every_kind_is_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
    }
}
