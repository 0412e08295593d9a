//! Looking at a file, and copying it. The row is stored before the file, so that no file is ever without one.

use super::kinds::{self, Limit};
use super::source::Origin;
use super::{FIRST_ATTEMPT, KEPT, MediaFault, fault, fitting, hash};
use crate::db::entity::media::Model;
use crate::db::store;
use crate::domain::content::{MediaKind, MediaRef};
use crate::domain::http::{HttpRequest, Method};
use crate::flow::{Ctx, JobError};
use crate::outbound::{Fetched, Peer};
use std::path::Path;

/// What the file has to be.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) kind: MediaKind,
    pub(super) limit: &'a Limit,
    /// The kind's limit or ours, whichever is less.
    pub(super) cap: u64,
    /// The source as the rule's author wrote it.
    pub(super) shown: &'a str,
    /// The name that the portal told.
    pub(super) name: Option<String>,
}

/// Reads the beginning of a public file.
pub(super) async fn look(ctx: &Ctx, url: &str, wanted: &Wanted<'_>) -> Result<Fetched, MediaFault> {
    let request = HttpRequest::new(Method::Get, url);
    let fetched =
        ctx.outbound.peek("media.look", Peer::File, request).await.map_err(|error| fault(error, wanted.shown, false, wanted.cap))?;
    fitting(&fetched, wanted)?;
    Ok(fetched)
}

/// Copies a file and returns our own address of it. `own` = it comes from the portal.
pub(super) async fn stage(
    ctx: &Ctx,
    portal: &str,
    origin: &Origin,
    url: &str,
    own: bool,
    wanted: &Wanted<'_>,
) -> Result<MediaRef, MediaFault> {
    let token = ctx.ids.token();
    let token_hash = hash(ctx, &token);
    let path = relative(&token_hash);
    reserve(ctx, portal, &token_hash, &path).await?;
    let whole = ctx.settings.media_dir.join(&path);
    let result = fetch(ctx, origin, url, own, &whole, wanted).await;
    match result {
        Ok(fetched) => {
            let mime = fetched.mime.unwrap_or_default();
            let file_name = kinds::file_name(wanted.name.as_deref().or(fetched.file_name.as_deref()), url, fetched.mime);
            let size = fetched.size_bytes.and_then(|size| i64::try_from(size).ok()).unwrap_or(0);
            let tx = ctx.db.begin().await?;
            store::media::complete(&tx, portal, &token_hash, mime, &file_name, size).await?;
            tx.commit("media.staged").await?;
            let link = format!("{}/media/{token}", ctx.settings.public_url);
            let mime = Some(mime.to_owned());
            Ok(MediaRef { media_kind: wanted.kind, link, file_name: Some(file_name), mime, size_bytes: fetched.size_bytes })
        }
        Err(error) => {
            drop_copy(ctx, portal, &token_hash, &whole).await?;
            Err(error)
        }
    }
}

/// Two levels, so that no folder grows without bounds.
fn relative(token_hash: &str) -> String {
    let (folder, _) = token_hash.split_at_checked(2).unwrap_or(("00", ""));
    format!("{folder}/{token_hash}")
}

async fn reserve(ctx: &Ctx, portal: &str, token_hash: &str, path: &str) -> Result<(), MediaFault> {
    let now = ctx.clock.now();
    let row = Model {
        token_hash: token_hash.to_owned(),
        portal: portal.to_owned(),
        message_id: None,
        path: path.to_owned(),
        mime: String::new(),
        file_name: String::new(),
        size_bytes: 0,
        created_at: now,
        expires_at: now.saturating_add(FIRST_ATTEMPT).saturating_add(KEPT),
    };
    let tx = ctx.db.begin().await?;
    store::media::insert(&tx, portal, row).await?;
    tx.commit("media.reserved").await?;
    Ok(())
}

async fn fetch(ctx: &Ctx, origin: &Origin, url: &str, own: bool, path: &Path, wanted: &Wanted<'_>) -> Result<Fetched, MediaFault> {
    if let Some(folder) = path.parent() {
        let made = tokio::fs::create_dir_all(folder).await;
        made.map_err(|error| MediaFault::Later(JobError::Retry { after_ms: None, why: format!("MEDIA_DIR: {}", error.kind()) }))?;
    }
    let mut request = HttpRequest::new(Method::Get, url);
    if own {
        // Without these the portal's front server may answer 404 to a signed address (reference/bitrix24.md K).
        request.headers.push(("accept".to_owned(), "*/*".to_owned()));
        request.headers.push(("accept-language".to_owned(), "en".to_owned()));
        request.headers.push(("referer".to_owned(), format!("{}/", origin.base())));
    }
    let peer = if own { Peer::Portal } else { Peer::File };
    let fetched = ctx.outbound.download("media.copy", peer, request, path, wanted.cap).await;
    let mut fetched = fetched.map_err(|error| fault(error, wanted.shown, own, wanted.cap))?;
    if let (Some(name), Some(mime)) = (&wanted.name, fetched.mime) {
        fetched.mime = Some(renamed(path, name, mime).await);
    }
    fitting(&fetched, wanted)?;
    Ok(fetched)
}

/// The type again with the portal's name of the file, which chooses between office formats of one container.
async fn renamed(path: &Path, name: &str, mime: &'static str) -> &'static str {
    use tokio::io::AsyncReadExt as _;
    let mut head = Vec::new();
    let read = match tokio::fs::File::open(path).await {
        Ok(file) => file.take(4_096).read_to_end(&mut head).await,
        Err(error) => Err(error),
    };
    read.ok().and_then(|_| crate::outbound::sniff::named(&head, name)).unwrap_or(mime)
}

async fn drop_copy(ctx: &Ctx, portal: &str, token_hash: &str, path: &Path) -> Result<(), MediaFault> {
    // The download removes what it could not finish; a whole file of the wrong type goes here.
    let _ = tokio::fs::remove_file(path).await;
    let tx = ctx.db.begin().await?;
    store::media::remove(&tx, portal, token_hash).await?;
    tx.commit("media.dropped").await?;
    Ok(())
}
