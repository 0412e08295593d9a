//! Copies the files of clients' messages: streamed through the guard, at most `MEDIA_MAX_MB`, kept as long as the portal keeps things.
//!
//! Providers' addresses of files expire, so they are fetched at once. The row is stored before the file; a copy that a crash cut short
//! is simply made again. A file that cannot be had leaves the message as it is, with the reason.

use super::{Ctx, JobError, Leftover, arrival, portal_settings};
use crate::db::entity::message;
use crate::db::store;
use crate::domain::clock::DAY;
use crate::domain::event::InboundMessage;
use crate::domain::http::{HttpRequest, Method};
use crate::outbound::{FetchError, Fetched, OutboundError, Peer};
use crate::queue::{self, Claimed, Group, Job};
use serde_json::{Value, json};

/// Longest stored name of a file.
const NAME_CHARS: usize = 240;

/// Fetches the files of one portal, a few at a time.
pub async fn handle(ctx: &Ctx, group: Group) -> Leftover {
    let done = futures::future::join_all(group.jobs.into_iter().map(|job| async move {
        let result = fetch(ctx, &job).await;
        (job, result)
    }));
    done.await.into_iter().filter_map(|(job, result)| result.err().map(|error| (job, error))).collect()
}

async fn fetch(ctx: &Ctx, job: &Claimed) -> Result<(), JobError> {
    let Job::FetchMedia { message_id } = &job.job else { return Err(JobError::Fail { why: "no file to fetch".to_owned() }) };
    let portal = job.portal.as_str();
    let row = store::message::find(ctx.db.read(), portal, message_id).await?;
    let inbound = row.as_ref().and_then(|row| serde_json::from_str::<InboundMessage>(&row.content).ok());
    let media = inbound.as_ref().and_then(|inbound| inbound.media.as_ref());
    let pending = media.is_some_and(|media| media.get("state").and_then(Value::as_str) == Some("pending"));
    let source = media.and_then(|media| media.get("source_url")?.as_str()).map(str::to_owned).filter(|_| pending);
    let (Some(row), Some(inbound), Some(source)) = (row, inbound, source) else { return finish(ctx, job, None).await };
    let token = arrival::file_token(ctx, message_id);
    let hash = ctx.sealer.hash("media", &token, true);
    let path = format!("{}/{hash}", hash.get(..2).unwrap_or("00"));
    reserve(ctx, portal, &row, &hash, &path).await?;
    let whole = ctx.settings.media_dir.join(&path);
    if let Some(folder) = whole.parent() {
        let made = tokio::fs::create_dir_all(folder).await;
        made.map_err(|error| JobError::Retry { after_ms: None, why: format!("MEDIA_DIR: {}", error.kind()) })?;
    }
    let request = HttpRequest::new(Method::Get, &source);
    match ctx.outbound.download("fetch_media.copy", Peer::File, request, &whole, ctx.settings.media_max_bytes).await {
        Ok(fetched) => {
            let url = format!("{}/media/{token}", ctx.settings.public_url);
            finish(ctx, job, Some((inbound, Ok((fetched, url, hash))))).await
        }
        Err(error) => match reason(&error, job) {
            Some(state) => finish(ctx, job, Some((inbound, Err((state, hash))))).await,
            None => Err(JobError::Retry { after_ms: None, why: format!("file not fetched: {error}") }),
        },
    }
}

/// Why there will be no copy; `None` = it may still come.
fn reason(error: &FetchError, job: &Claimed) -> Option<&'static str> {
    let last = job.attempt >= job.max_attempts;
    match error {
        FetchError::TooLarge | FetchError::Outbound(OutboundError::TooLarge) => Some("too_large"),
        FetchError::Outbound(OutboundError::Blocked(_)) | FetchError::Redirects => Some("unreachable"),
        FetchError::Status(status) if *status != 429 && *status < 500 => Some("unreachable"),
        FetchError::Outbound(OutboundError::NotSent(_) | OutboundError::NoAnswer(_)) | FetchError::Status(_) | FetchError::Disk(_) => {
            last.then_some("unreachable")
        }
    }
}

async fn reserve(ctx: &Ctx, portal: &str, row: &message::Model, hash: &str, path: &str) -> Result<(), JobError> {
    let now = ctx.clock.now();
    let settings = store::portal::find(ctx.db.read(), portal).await?.map(|row| portal_settings::read(&row.settings));
    let days = settings.map_or(super::purge::RETENTION_DAYS, |settings| settings.retention_days);
    let tx = ctx.db.begin().await?;
    store::media::reserve(&tx, portal, hash, (&row.id, path), (now, now.saturating_add(days.saturating_mul(DAY)))).await?;
    tx.commit("fetch_media.reserved").await?;
    Ok(())
}

type Copied = Result<(Fetched, String, String), (&'static str, String)>;

/// Ends the job, with what became of the file.
async fn finish(ctx: &Ctx, job: &Claimed, copied: Option<(InboundMessage, Copied)>) -> Result<(), JobError> {
    let portal = job.portal.as_str();
    let tx = ctx.db.begin().await?;
    if let (Some((mut inbound, copied)), Job::FetchMedia { message_id }) = (copied, &job.job) {
        match copied {
            Ok((fetched, url, hash)) => {
                let told = |inbound: &InboundMessage, key: &str| {
                    inbound.media.as_ref().and_then(|media| media.get(key)?.as_str().map(str::to_owned)).filter(|text| !text.is_empty())
                };
                let mime = fetched
                    .mime
                    .map(str::to_owned)
                    .or_else(|| told(&inbound, "mime"))
                    .unwrap_or_else(|| "application/octet-stream".to_owned());
                let name = told(&inbound, "file_name").or(fetched.file_name).unwrap_or_else(|| format!("file.{}", extension(&mime)));
                let name: String = name.chars().filter(|c| !c.is_control() && !matches!(c, '/' | '\\')).take(NAME_CHARS).collect();
                let size = fetched.size_bytes.and_then(|size| i64::try_from(size).ok()).unwrap_or(0);
                store::media::complete(&tx, portal, &hash, &mime, &name, size).await?;
                set(
                    &mut inbound,
                    &[
                        ("url", json!(url)),
                        ("size", json!(size)),
                        ("mime", json!(mime)),
                        ("file_name", json!(name)),
                        ("state", json!("kept")),
                    ],
                );
            }
            Err((state, hash)) => {
                store::media::remove(&tx, portal, &hash).await?;
                set(&mut inbound, &[("state", json!(state))]);
            }
        }
        // What became of the message meanwhile (its document) is noted beside the file.
        store::wait::lock_messages(&tx, portal, std::slice::from_ref(message_id)).await?;
        if let Some(row) = store::message::find(&*tx, portal, message_id).await?
            && let Ok(mut newest) = serde_json::from_str::<InboundMessage>(&row.content)
        {
            newest.media = inbound.media;
            store::message::put_content(&tx, portal, message_id, &json!(newest).to_string()).await?;
        }
    }
    queue::complete(&tx, &[job]).await?;
    tx.commit("fetch_media.stored").await?;
    Ok(())
}

fn set(inbound: &mut InboundMessage, values: &[(&str, Value)]) {
    if let Some(media) = inbound.media.as_mut().and_then(Value::as_object_mut) {
        media.extend(values.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    }
}

fn extension(mime: &str) -> &'static str {
    match mime {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "video/mp4" => "mp4",
        "audio/ogg" => "ogg",
        "audio/mpeg" => "mp3",
        "audio/aac" => "aac",
        "application/pdf" => "pdf",
        _ => "bin",
    }
}
