//! Looking at a file, and copying it. The row is stored before the file, so that no file is ever without one.

use super::find::Address;
use super::kinds::{self, Found, Wish};
use super::source::Origin;
use super::{FIRST_ATTEMPT, KEPT, MediaFault, fault, hash, passes_through, too_large, unfit};
use crate::db::entity::media::Model;
use crate::db::store;
use crate::domain::clock::Ms;
use crate::domain::content::{MediaKind, MediaRef};
use crate::domain::http::{HttpRequest, Method};
use crate::flow::{Ctx, JobError};
use crate::outbound::{Fetched, Peer, sniff};
use std::path::{Path, PathBuf};

/// Makes one address reachable for the provider, or says why the file cannot be sent.
pub(super) async fn bring(ctx: &Ctx, portal: &str, origin: &Origin, address: &Address, wish: Wish) -> Result<MediaRef, MediaFault> {
    let most = wish.bytes().min(ctx.settings.media_max_bytes);
    if address.size_bytes.is_some_and(|size| size > most) {
        return Err(too_large(&address.shown, most));
    }
    if address.own || !passes_through(ctx, &address.url).await? {
        return stage(ctx, portal, origin, address, wish).await;
    }
    let request = HttpRequest::new(Method::Get, &address.url);
    let look = ctx.outbound.peek("media.look", Peer::File, request).await;
    let look = look.map_err(|error| fault(error, &address.shown, false, most))?;
    let (kind, mime) = judged(ctx, &look, address, wish)?;
    // A length that nobody told may be anything, and a provider goes by the type that the address claims: such a file is copied.
    if look.size_bytes.is_none() || !kinds::told_well(kind, mime, look.told_mime.as_deref()) {
        return stage(ctx, portal, origin, address, Wish::Kind(kind)).await;
    }
    let file_name = named(address, &look, mime);
    let (file_name, mime) = (Some(file_name), Some(mime.to_owned()));
    Ok(MediaRef { media_kind: kind, link: address.url.clone(), file_name, mime, size_bytes: look.size_bytes })
}

/// The kind and type it is sent as; the told name chooses between office formats of one container.
fn judged(ctx: &Ctx, fetched: &Fetched, address: &Address, wish: Wish) -> Result<(MediaKind, &'static str), MediaFault> {
    let mime = match &address.name {
        Some(name) => sniff::named(&fetched.head, name),
        None => fetched.mime,
    };
    let found = Found { mime, head: &fetched.head, size_bytes: fetched.size_bytes };
    kinds::judge(wish, &found, ctx.settings.media_max_bytes).map_err(|error| unfit(error, &address.shown))
}

fn named(address: &Address, fetched: &Fetched, mime: &str) -> String {
    kinds::file_name(address.name.as_deref().or(fetched.file_name.as_deref()), &address.url, Some(mime))
}

/// How long a copy for a message lives: until its first attempt, and a while after it.
pub(super) const LIFE: Ms = FIRST_ATTEMPT + KEPT;

/// A place for a copy, known to the database.
pub(super) struct Place {
    token: String,
    pub(super) token_hash: String,
    pub(super) path: PathBuf,
}

/// Copies a file and returns our own address of it.
async fn stage(ctx: &Ctx, portal: &str, origin: &Origin, address: &Address, wish: Wish) -> Result<MediaRef, MediaFault> {
    let place = reserve(ctx, portal, LIFE).await?;
    let fetched = match fetch(ctx, origin, address, &place.path, wish).await {
        Ok(fetched) => judged(ctx, &fetched, address, wish).map(|judged| (fetched, judged)),
        Err(error) => Err(error),
    };
    match fetched {
        Ok((fetched, (kind, mime))) => {
            let name = named(address, &fetched, mime);
            finish(ctx, portal, &place, kind, (&name, mime), fetched.size_bytes.unwrap_or(0)).await
        }
        Err(error) => {
            drop_copy(ctx, portal, &place).await?;
            Err(error)
        }
    }
}

/// Keeps bytes of our own.
pub(super) async fn put(
    ctx: &Ctx,
    portal: &str,
    kind: MediaKind,
    (name, mime): (&str, &str),
    bytes: &[u8],
) -> Result<MediaRef, MediaFault> {
    let place = reserve(ctx, portal, LIFE).await?;
    let written = match folder(&place.path).await {
        Ok(()) => tokio::fs::write(&place.path, bytes).await.map_err(|error| disk(&error)),
        Err(error) => Err(error),
    };
    match written {
        Ok(()) => finish(ctx, portal, &place, kind, (name, mime), u64::try_from(bytes.len()).unwrap_or(0)).await,
        Err(error) => {
            drop_copy(ctx, portal, &place).await?;
            Err(error)
        }
    }
}

pub(super) fn disk(error: &std::io::Error) -> MediaFault {
    MediaFault::Later(JobError::Retry { after_ms: None, why: format!("MEDIA_DIR: {}", error.kind()) })
}

pub(super) async fn folder(path: &Path) -> Result<(), MediaFault> {
    match path.parent() {
        Some(folder) => tokio::fs::create_dir_all(folder).await.map_err(|error| disk(&error)),
        None => Ok(()),
    }
}

pub(super) async fn reserve(ctx: &Ctx, portal: &str, life: Ms) -> Result<Place, MediaFault> {
    let now = ctx.clock.now();
    let token = ctx.ids.token();
    let token_hash = hash(ctx, &token);
    let path = relative(&token_hash);
    let row = Model {
        token_hash: token_hash.clone(),
        portal: portal.to_owned(),
        message_id: None,
        path: path.clone(),
        mime: String::new(),
        file_name: String::new(),
        size_bytes: 0,
        created_at: now,
        expires_at: now.saturating_add(life),
    };
    let tx = ctx.db.begin().await?;
    store::media::insert(&tx, portal, row).await?;
    tx.commit("media.reserved").await?;
    Ok(Place { token, token_hash, path: ctx.settings.media_dir.join(path) })
}

/// Two levels, so that no folder grows without bounds.
fn relative(token_hash: &str) -> String {
    let (folder, _) = token_hash.split_at_checked(2).unwrap_or(("00", ""));
    format!("{folder}/{token_hash}")
}

async fn fetch(ctx: &Ctx, origin: &Origin, address: &Address, path: &Path, wish: Wish) -> Result<Fetched, MediaFault> {
    folder(path).await?;
    let mut request = HttpRequest::new(Method::Get, &address.url);
    if address.own {
        // Without these the portal's front server may answer 404 to a signed address (reference/bitrix24.md K).
        request.headers.push(("accept".to_owned(), "*/*".to_owned()));
        request.headers.push(("accept-language".to_owned(), "en".to_owned()));
        request.headers.push(("referer".to_owned(), format!("{}/", origin.base())));
    }
    let peer = if address.own { Peer::Portal } else { Peer::File };
    let cap = wish.bytes().min(ctx.settings.media_max_bytes);
    let fetched = ctx.outbound.download("media.copy", peer, request, path, cap).await;
    fetched.map_err(|error| fault(error, &address.shown, address.own, cap))
}

/// The file is whole: the row tells what it is.
pub(super) async fn finish(
    ctx: &Ctx,
    portal: &str,
    place: &Place,
    kind: MediaKind,
    (name, mime): (&str, &str),
    size: u64,
) -> Result<MediaRef, MediaFault> {
    let tx = ctx.db.begin().await?;
    store::media::complete(&tx, portal, &place.token_hash, mime, name, i64::try_from(size).unwrap_or(0)).await?;
    tx.commit("media.staged").await?;
    let link = format!("{}/media/{}", ctx.settings.public_url, place.token);
    Ok(MediaRef { media_kind: kind, link, file_name: Some(name.to_owned()), mime: Some(mime.to_owned()), size_bytes: Some(size) })
}

pub(super) async fn drop_copy(ctx: &Ctx, portal: &str, place: &Place) -> Result<(), MediaFault> {
    // The download removes what it could not finish; a whole file of the wrong type goes here.
    let _ = tokio::fs::remove_file(&place.path).await;
    let tx = ctx.db.begin().await?;
    store::media::remove(&tx, portal, &place.token_hash).await?;
    tx.commit("media.dropped").await?;
    Ok(())
}
