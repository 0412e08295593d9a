//! Tells a provider's own opt-in list about a number (reference/whatsapp.md 4.8). Repeating it is harmless; once is enough.
//!
//! It follows the channel's `mark_opt_in`: `on_consent` when a consent is written down, `before_first_template` before a template
//! leaves, `never`. It neither reads nor changes *our* consents.

use super::channel::{self, Loaded};
use super::{Ctx, JobError, Leftover, provider_ask};
use crate::db::store;
use crate::domain::clock::Ms;
use crate::domain::content::Content;
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::queue::{self, Claimed, Group, Job, NewJob};

/// The job that marks a number, for whoever writes a consent down; `None` when the channel's setting says otherwise.
pub fn on_consent(channel: &Loaded, phone: &str, now: Ms) -> Option<NewJob> {
    let wanted = channel.provider.capabilities().opt_in_list && channel.config.text("mark_opt_in") != "never";
    let job = Job::MarkOptIn { channel_id: channel.row.id.clone(), phone: phone.to_owned() };
    let key = format!("{}:{phone}", channel.row.id);
    wanted.then(|| NewJob::at(&channel.row.portal, job, now).once(key).cancelled_by(channel::cancel_key(&channel.row.id)))
}

/// Before a send: makes sure that the recipient is on the list when the channel wants it so. A number already told costs one look-up.
/// A refusal of the list does not stop the message: the provider judges the send itself.
///
/// # Errors
/// [`JobError`] when the list could not be reached: the message waits.
pub async fn before_send(ctx: &Ctx, channel: &Loaded, phone: &str, content: &Content) -> Result<(), JobError> {
    let wanted = channel.config.text("mark_opt_in") == "before_first_template" && matches!(content, Content::Template(_));
    if !wanted || phone.is_empty() || store::opt_in_mark::exists(ctx.db.read(), &channel.row.portal, &channel.row.id, phone).await? {
        return Ok(());
    }
    match tell(ctx, channel, phone).await? {
        Told::Listed => {
            let tx = ctx.db.begin().await?;
            store::opt_in_mark::put(&tx, &channel.row.portal, &channel.row.id, phone, ctx.clock.now()).await?;
            tx.commit("mark_opt_in.before_send").await?;
        }
        Told::NoList => {}
        Told::Refused(error) => log_refusal(channel, &error),
    }
    Ok(())
}

/// Handles `mark_opt_in` jobs.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let mut leftover = Leftover::new();
    for claimed in group.jobs {
        if let Err(error) = one(ctx, &claimed).await {
            leftover.push((claimed, error));
        }
    }
    leftover
}

async fn one(ctx: &Ctx, claimed: &Claimed) -> Result<(), JobError> {
    let Job::MarkOptIn { channel_id, phone } = &claimed.job else {
        return Err(JobError::Fail { why: format!("mark_opt_in cannot do {}", claimed.job.kind()) });
    };
    let portal = &claimed.portal;
    let known = store::opt_in_mark::exists(ctx.db.read(), portal, channel_id, phone).await?;
    let channel = if known { None } else { channel::load(ctx, portal, channel_id).await? };
    let told = match &channel {
        Some(channel) => tell(ctx, channel, phone).await?,
        // Told before, or the channel is gone.
        None => Told::NoList,
    };
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    match (&told, &channel) {
        (Told::Listed, _) => store::opt_in_mark::put(&tx, portal, channel_id, phone, now).await?,
        (Told::Refused(error), Some(channel)) => {
            log_refusal(channel, error);
            if let Some(state) = channel::state_after(error.class) {
                let news = (state, Some(error.text.as_str()));
                channel::note_state(&tx, portal, channel_id, news, channel::NOT_PAUSED, now).await?;
            }
        }
        (Told::Refused(_) | Told::NoList, _) => {}
    }
    queue::complete(&tx, &[claimed]).await?;
    tx.commit("mark_opt_in.done").await?;
    Ok(())
}

enum Told {
    Listed,
    NoList,
    Refused(ProviderError),
}

async fn tell(ctx: &Ctx, channel: &Loaded, phone: &str) -> Result<Told, JobError> {
    let Some(request) = channel.provider.build_opt_in(&channel.config, phone) else { return Ok(Told::NoList) };
    let answer = provider_ask::ask(ctx, request).await.map_err(|error| JobError::Retry { after_ms: None, why: error.to_string() })?;
    match channel.provider.read_error(&answer) {
        None => Ok(Told::Listed),
        Some(error) if error.class.retryable() || answer.status >= 500 => {
            let after_ms = answer.retry_after_ms(Some(ctx.clock.now()));
            Err(JobError::Retry { after_ms, why: error.text })
        }
        Some(error) => Ok(Told::Refused(error)),
    }
}

fn log_refusal(channel: &Loaded, error: &ProviderError) {
    let class = match error.class {
        ErrorClass::Auth => "auth",
        ErrorClass::BadRecipient => "bad_recipient",
        _ => "other",
    };
    tracing::warn!(portal.id = channel.row.portal, channel.id = channel.row.id, error.class = class, "opt-in list refused a number");
}
