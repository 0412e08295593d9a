//! Files of outgoing messages: made reachable for the provider, without ever handing it an address of a portal.
//!
//! A public address passes through after a look at its first bytes through the guard. Drive files, CRM file fields and addresses that
//! only we may reach are copied into `MEDIA_DIR` with a cap and a type check by content, and served under an unguessable token that
//! expires 48 h after the last attempt. Kind and size limits are WhatsApp's (reference/whatsapp.md 5.6).

mod copy;
mod find;
mod kinds;
mod source;
pub mod upload;

pub use kinds::Wish;

use super::{Ctx, JobError};
use crate::db::store;
use crate::db::{DbError, DbResult, Tx};
use crate::domain::clock::{DAY, Ms};
use crate::domain::content::{Content, MediaKind, MediaRef};
use crate::domain::document::CrmItem;
use crate::domain::refusal::{Code, Refusal};
use crate::outbound::{FetchError, OutboundError, Reach};
use kinds::Unfit;
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
    first(files(ctx, portal, document, source, Wish::Kind(kind), 1).await?, source)
}

/// The file of a header of buttons: a picture, a film or a document, as its content says.
///
/// # Errors
/// [`MediaFault`].
pub async fn header_file(ctx: &Ctx, portal: &str, document: Option<CrmItem>, source: &str) -> Result<MediaRef, MediaFault> {
    first(files(ctx, portal, document, source, Wish::Header, 1).await?, source)
}

fn first(files: Vec<MediaRef>, source: &str) -> Result<MediaRef, MediaFault> {
    files.into_iter().next().ok_or_else(|| invalid(source, "no file", "media-field"))
}

/// Makes what one source names reachable, at most `most` files: a field may hold several, and so may a value that Bitrix24 has put
/// together.
///
/// # Errors
/// [`MediaFault`].
pub async fn files(
    ctx: &Ctx,
    portal: &str,
    document: Option<CrmItem>,
    source: &str,
    wish: Wish,
    most: usize,
) -> Result<Vec<MediaRef>, MediaFault> {
    let origin = Origin::find(ctx, portal).await?;
    let mut files = Vec::new();
    for (source, name) in Source::parse_all(source, &origin)? {
        if let Source::Upload(handle) = &source {
            if files.len() >= most {
                return Ok(files);
            }
            files.push(upload::bring(ctx, portal, handle, wish).await?);
            continue;
        }
        for address in find::addresses(ctx, portal, &origin, document, &source).await? {
            if files.len() >= most {
                return Ok(files);
            }
            let address = find::Address { name: name.clone().or(address.name), ..address };
            files.push(copy::bring(ctx, portal, &origin, &address, wish).await?);
        }
    }
    Ok(files)
}

/// Whether a text that could be words names a file instead.
pub fn names_file(text: &str) -> bool {
    source::names_file(text)
}

/// Keeps a file that we made ourselves, and returns our own address of it.
///
/// # Errors
/// [`MediaFault`].
pub async fn put(ctx: &Ctx, portal: &str, kind: MediaKind, name: &str, mime: &str, bytes: &[u8]) -> Result<MediaRef, MediaFault> {
    copy::put(ctx, portal, kind, (name, mime), bytes).await
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

/// `media_invalid`; `hint` = what would fit.
fn invalid(source: &str, rule: &str, hint: &str) -> MediaFault {
    MediaFault::Refused(refused(Code::MediaInvalid, source, rule).with("hint_key", hint))
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

/// What a file that does not fit is told as.
fn unfit(error: Unfit, source: &str) -> MediaFault {
    let wanted = |fault: MediaFault, kind: MediaKind| match fault {
        MediaFault::Refused(refusal) => MediaFault::Refused(refusal.with("kind_key", format!("option-kind-{}", kind.as_str()))),
        later @ MediaFault::Later(_) => later,
    };
    match error {
        Unfit::TooLarge(cap) => too_large(source, cap),
        Unfit::Type(found, kind) => {
            let rule = format!("content is {found}, wanted {}", kind.as_str());
            let refusal = refused(Code::MediaInvalid, source, &rule).with("hint_key", "media-kind").with("found", found);
            wanted(MediaFault::Refused(refusal), kind)
        }
        Unfit::Unknown(kind) => {
            wanted(invalid(source, &format!("content is of no known type, wanted {}", kind.as_str()), "media-unknown"), kind)
        }
        Unfit::Page => invalid(source, "content is a web page", "media-page"),
        Unfit::Measures => invalid(source, "a sticker is 512×512", "media-sticker-size"),
        Unfit::NoVoice => invalid(source, "content is no OGG with OPUS", "media-voice"),
    }
}
