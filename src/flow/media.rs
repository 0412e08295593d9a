//! Files of outgoing messages: made reachable for the provider, without ever handing it an address of a portal.
//!
//! A public address passes through after a look at its first bytes through the guard. Drive files, CRM file fields and addresses that
//! only we may reach are copied into `MEDIA_DIR` with a cap and a type check by content, and served under an unguessable token that
//! expires 48 h after the last attempt. Kind and size limits are WhatsApp's (reference/whatsapp.md 5.6).

mod copy;
mod kinds;
mod source;

use super::{Ctx, JobError};
use crate::db::store;
use crate::db::{DbError, DbResult, Tx};
use crate::domain::clock::{DAY, Ms};
use crate::domain::content::{Content, MediaKind, MediaRef};
use crate::domain::document::CrmItem;
use crate::domain::refusal::{Code, Refusal};
use crate::outbound::{FetchError, Fetched, OutboundError, Reach};
use source::{Origin, Source};
use std::path::PathBuf;

/// A copy stays this long after the last attempt to send it.
const KEPT: Ms = 2 * DAY;
/// The longest way to the first attempt: a message may be held for a week.
const FIRST_ATTEMPT: Ms = 7 * DAY;
/// Bits of a token in hex; anything else is no token of ours.
const TOKEN_CHARS: usize = 64;

/// Why a file cannot be sent.
#[derive(Debug)]
pub enum MediaFault {
    /// The process is told: `media_invalid`, `media_too_large`, `media_unreachable`.
    Refused(Refusal),
    /// It could not be fetched now.
    Later(JobError),
}

impl From<DbError> for MediaFault {
    fn from(error: DbError) -> Self {
        Self::Later(error.into())
    }
}

/// A file ready to be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenMedia {
    /// Where it is.
    pub path: PathBuf,
    /// Its type, told by its content.
    pub mime: String,
    /// Its name for people.
    pub file_name: String,
    /// Its length.
    pub size_bytes: u64,
}

/// Makes the file of a template header reachable: a URL or `disk:ID`. `kind` = the header's kind (`image`, `video`, `document`).
///
/// # Errors
/// [`MediaFault`].
pub async fn header(ctx: &Ctx, portal: &str, source: &str, kind: MediaKind) -> Result<MediaRef, MediaFault> {
    header_of(ctx, portal, None, source, kind).await
}

/// As [`header`], with the call's document, so that `field:UF_…` can be read as well.
///
/// # Errors
/// [`MediaFault`].
pub async fn header_of(ctx: &Ctx, portal: &str, document: Option<CrmItem>, source: &str, kind: MediaKind) -> Result<MediaRef, MediaFault> {
    let origin = Origin::find(ctx, portal).await?;
    let limit = kinds::limit(kind);
    let cap = limit.bytes.min(ctx.settings.media_max_bytes);
    let (url, name, own) = match Source::parse(source, &origin)? {
        Source::Public(url) => (url, None, false),
        Source::Portal(url) => (url, None, true),
        Source::Disk(id) => {
            let (url, name) = source::disk_file(ctx, portal, &origin, &id).await?;
            (url, name, true)
        }
        Source::Field(field) => (source::field_file(ctx, portal, &origin, document, &field).await?, None, true),
    };
    let wanted = copy::Wanted { kind, limit: &limit, cap, shown: source, name };
    if !own && passes_through(ctx, &url).await? {
        let fetched = copy::look(ctx, &url, &wanted).await?;
        let file_name = kinds::file_name(fetched.file_name.as_deref(), &url, fetched.mime);
        let mime = fetched.mime.map(str::to_owned);
        return Ok(MediaRef { media_kind: kind, link: url, file_name: Some(file_name), mime, size_bytes: fetched.size_bytes });
    }
    copy::stage(ctx, portal, &origin, &url, own, &wanted).await
}

/// Whether a provider reaches the address as we do. One that only the operator's list opens has to be copied.
async fn passes_through(ctx: &Ctx, url: &str) -> Result<bool, MediaFault> {
    match ctx.outbound.reach(url).await {
        Ok(Reach::Public | Reach::Open) => Ok(true),
        Ok(Reach::Listed) => Ok(false),
        Err(error) => Err(unreachable(url, &error.to_string())),
    }
}

/// Keeps a message's staged file until 48 h after this attempt; called in the transaction that stores the attempt. Cheap for messages
/// without one.
///
/// # Errors
/// The database failed.
pub async fn keep(ctx: &Ctx, tx: &Tx, portal: &str, message_id: &str, content: &Content, now: Ms) -> DbResult<()> {
    let Some(token) = staged_token(ctx, content) else { return Ok(()) };
    store::media::keep(tx, portal, &hash(ctx, token), message_id, now.saturating_add(KEPT)).await
}

/// The token in a content's link, when the link is ours.
fn staged_token<'a>(ctx: &Ctx, content: &'a Content) -> Option<&'a str> {
    content.media()?.link.strip_prefix(&ctx.settings.public_url)?.strip_prefix("/media/")
}

/// The file behind a token; `None` when there is none, not yet, or no longer.
///
/// # Errors
/// The database failed.
pub async fn open(ctx: &Ctx, token: &str) -> DbResult<Option<OpenMedia>> {
    if token.len() != TOKEN_CHARS || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let row = store::media::find_by_token(ctx.db.read(), &hash(ctx, token)).await?;
    let row = row.filter(|row| row.expires_at > ctx.clock.now() && row.size_bytes > 0);
    Ok(row.map(|row| OpenMedia {
        path: ctx.settings.media_dir.join(&row.path),
        size_bytes: u64::try_from(row.size_bytes).unwrap_or(0),
        mime: row.mime,
        file_name: row.file_name,
    }))
}

fn hash(ctx: &Ctx, token: &str) -> String {
    ctx.sealer.hash("media", token, true)
}

/// What people see of a source: a link loses its query, which may hold a token.
fn shown(source: &str) -> String {
    let plain = source.split(['?', '#']).next().unwrap_or_default();
    plain.chars().take(200).collect()
}

fn refused(code: Code, source: &str, rule: &str) -> Refusal {
    Refusal::new(code, rule).with("name", shown(source))
}

fn invalid(source: &str, rule: &str) -> MediaFault {
    MediaFault::Refused(refused(Code::MediaInvalid, source, rule))
}

fn unreachable(source: &str, rule: &str) -> MediaFault {
    MediaFault::Refused(refused(Code::MediaUnreachable, source, rule))
}

fn too_large(source: &str, cap: u64) -> MediaFault {
    let limit = if cap >= 1024 * 1024 { format!("{} MB", cap / (1024 * 1024)) } else { format!("{} KB", cap / 1024) };
    MediaFault::Refused(refused(Code::MediaTooLarge, source, "larger than the kind allows").with("limit", limit))
}

/// What a failed fetch means. A portal that does not answer is asked again later; a public address is the sender's affair.
fn fault(error: FetchError, source: &str, own: bool, cap: u64) -> MediaFault {
    match error {
        FetchError::TooLarge => too_large(source, cap),
        FetchError::Outbound(OutboundError::NotSent(why) | OutboundError::NoAnswer(why)) if own => {
            MediaFault::Later(JobError::Retry { after_ms: None, why: format!("file not fetched: {why}") })
        }
        FetchError::Status(status) if own && (status == 429 || status >= 500) => {
            MediaFault::Later(JobError::Retry { after_ms: None, why: format!("file not fetched: HTTP {status}") })
        }
        FetchError::Disk(why) => MediaFault::Later(JobError::Retry { after_ms: None, why }),
        other => unreachable(source, &other.to_string()),
    }
}

/// Checks what was found against what the kind takes.
fn fitting(fetched: &Fetched, wanted: &copy::Wanted<'_>) -> Result<(), MediaFault> {
    if fetched.size_bytes.is_some_and(|size| size > wanted.cap) {
        return Err(too_large(wanted.shown, wanted.cap));
    }
    match fetched.mime {
        Some(mime) if wanted.limit.takes(mime) => Ok(()),
        Some(mime) => Err(invalid(wanted.shown, &format!("content is {mime}, wanted {}", wanted.kind.as_str()))),
        None => Err(invalid(wanted.shown, &format!("content is of no known type, wanted {}", wanted.kind.as_str()))),
    }
}
