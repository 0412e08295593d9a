//! Files that a person puts into a page: kept for a day under a handle, and copied for each message that is sent with them.
//!
//! The handle (`upload:…`) stands in journals and opens nothing: only messages of the same portal are made of it.

use super::copy::{self, Place};
use super::kinds::{self, Found, Wish};
use super::{MediaFault, invalid, too_large, unfit};
use crate::db::store;
use crate::domain::clock::DAY;
use crate::domain::content::{MediaKind, MediaRef};
use crate::flow::Ctx;
use crate::outbound::sniff;
use futures::{Stream, StreamExt as _};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// How a handle begins in `source`.
pub const SCHEME: &str = "upload:";
/// A whole file arrives within this time, also through a slow line.
const TIME_LIMIT: Duration = Duration::from_secs(300);
/// Longest name, characters.
const NAME_CHARS: usize = 240;
/// Files of a portal that wait for a message, and their bytes: whoever may write may not fill the disk.
const WAITING: u64 = 500;
const WAITING_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// What is looked at to tell a type.
const HEAD_BYTES: u64 = 4096;

/// A file that a page gave us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// `upload:…`, to be given as a `source` of `send_file`.
    pub source: String,
    /// As what it would be sent.
    pub kind: MediaKind,
    /// Its type, told by its content.
    pub mime: String,
    /// Its name.
    pub file_name: String,
    /// Its length.
    pub size_bytes: u64,
}

/// Why a file was not taken.
#[derive(Debug)]
pub enum NotTaken {
    /// It broke off.
    Incomplete,
    /// The portal keeps as many as it may.
    TooMany,
    /// As for files of robots.
    Fault(MediaFault),
}

impl From<MediaFault> for NotTaken {
    fn from(fault: MediaFault) -> Self {
        Self::Fault(fault)
    }
}

/// Takes a file, piece by piece, up to the cap of documents.
///
/// # Errors
/// [`NotTaken`]; nothing is kept then.
pub async fn take<B: AsRef<[u8]>>(
    ctx: &Ctx,
    portal: &str,
    name: &str,
    pieces: impl Stream<Item = Option<B>> + Unpin,
) -> Result<Uploaded, NotTaken> {
    let name: String = name.chars().filter(|c| !c.is_control() && !matches!(c, '/' | '\\')).take(NAME_CHARS).collect();
    let name = if name.trim().is_empty() { "file".to_owned() } else { name.trim().to_owned() };
    let now = ctx.clock.now();
    let (files, bytes) = store::media::waiting(ctx.db.read(), portal, (now, now.saturating_add(DAY))).await.map_err(MediaFault::from)?;
    if files >= WAITING || bytes >= WAITING_BYTES {
        return Err(NotTaken::TooMany);
    }
    let place = copy::reserve(ctx, portal, DAY).await?;
    let written = tokio::time::timeout(TIME_LIMIT, written(ctx, &place, &name, pieces)).await;
    match written.unwrap_or(Err(NotTaken::Incomplete)) {
        Ok((kind, mime, size_bytes)) => {
            copy::finish(ctx, portal, &place, kind, (&name, mime), size_bytes).await?;
            let source = format!("{SCHEME}{}", place.token_hash);
            Ok(Uploaded { source, kind, mime: mime.to_owned(), file_name: name, size_bytes })
        }
        Err(fault) => {
            copy::drop_copy(ctx, portal, &place).await?;
            Err(fault)
        }
    }
}

async fn written<B: AsRef<[u8]>>(
    ctx: &Ctx,
    place: &Place,
    name: &str,
    mut pieces: impl Stream<Item = Option<B>> + Unpin,
) -> Result<(MediaKind, &'static str, u64), NotTaken> {
    copy::folder(&place.path).await?;
    let most = Wish::Any.bytes().min(ctx.settings.media_max_bytes);
    let mut file = tokio::fs::File::create(&place.path).await.map_err(|error| copy::disk(&error))?;
    let mut size = 0_u64;
    while let Some(piece) = pieces.next().await {
        let piece = piece.ok_or(NotTaken::Incomplete)?;
        size = size.saturating_add(u64::try_from(piece.as_ref().len()).unwrap_or(u64::MAX));
        if size > most {
            return Err(too_large(name, most).into());
        }
        file.write_all(piece.as_ref()).await.map_err(|error| copy::disk(&error))?;
    }
    file.flush().await.map_err(|error| copy::disk(&error))?;
    file.sync_all().await.map_err(|error| copy::disk(&error))?;
    let head = head_of(&place.path).await?;
    let (kind, mime) = judged(ctx, name, &head, size, Wish::Any)?;
    Ok((kind, mime, size))
}

fn judged(ctx: &Ctx, name: &str, head: &[u8], size: u64, wish: Wish) -> Result<(MediaKind, &'static str), MediaFault> {
    let found = Found { mime: sniff::named(head, name), head, size_bytes: Some(size) };
    kinds::judge(wish, &found, ctx.settings.media_max_bytes).map_err(|error| unfit(error, name))
}

async fn head_of(path: &Path) -> Result<Vec<u8>, MediaFault> {
    let file = tokio::fs::File::open(path).await.map_err(|error| copy::disk(&error))?;
    let mut head = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut head).await.map_err(|error| copy::disk(&error))?;
    Ok(head)
}

/// A copy of a kept file for one message, under an address of its own.
pub(super) async fn bring(ctx: &Ctx, portal: &str, handle: &str, wish: Wish) -> Result<MediaRef, MediaFault> {
    let gone = || invalid("", "no such upload, or its day is over", "media-upload");
    let row = store::media::find_by_token(ctx.db.read(), handle).await?;
    // A file that went with a message has an owner: it is no upload.
    let row = row.filter(|row| row.portal == portal && row.message_id.is_none() && row.size_bytes > 0);
    let row = row.filter(|row| row.expires_at > ctx.clock.now()).ok_or_else(gone)?;
    let kept = ctx.settings.media_dir.join(&row.path);
    let head = head_of(&kept).await?;
    let size = u64::try_from(row.size_bytes).unwrap_or(0);
    let (kind, mime) = judged(ctx, &row.file_name, &head, size, wish)?;
    let place = copy::reserve(ctx, portal, copy::LIFE).await?;
    let copied = match copy::folder(&place.path).await {
        // The same file under a second name where the disk can: a crowd of messages made of one upload must not fill it.
        Ok(()) => match tokio::fs::hard_link(&kept, &place.path).await {
            Ok(()) => Ok(()),
            Err(_) => tokio::fs::copy(&kept, &place.path).await.map(drop).map_err(|error| copy::disk(&error)),
        },
        Err(error) => Err(error),
    };
    match copied {
        Ok(()) => copy::finish(ctx, portal, &place, kind, (&row.file_name, mime), size).await,
        Err(error) => {
            copy::drop_copy(ctx, portal, &place).await?;
            Err(error)
        }
    }
}
