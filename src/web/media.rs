//! `GET /media/{token}`: one file by an unguessable, expiring token, for providers and pages. Range; attachment; nosniff.

use super::State;
use super::problem::{Code, Problem};
use crate::flow::media::{self, OpenMedia};
use actix_web::http::header::{self, Charset, ContentDisposition, ContentEncoding, DispositionParam, DispositionType, ExtendedValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use std::io::SeekFrom;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

/// Bytes read from disk at a time.
const CHUNK: usize = 64 * 1024;

/// What part of a file is asked for: first and last byte.
type Part = (u64, u64);

/// The file, or the part asked for.
pub(super) async fn file(state: Data<State>, request: HttpRequest, token: Path<String>) -> Result<HttpResponse, Problem> {
    let gone = || Problem::new(Code::MediaGone);
    let media = media::open(&state.ctx, &token).await?.ok_or_else(gone)?;
    let told = request.headers().get(header::RANGE).and_then(|range| range.to_str().ok());
    let part = match told.map(|range| part(range, media.size_bytes)) {
        None | Some(Ok(None)) => None,
        Some(Ok(Some(part))) => Some(part),
        Some(Err(())) => return Err(Problem::new(Code::RangeInvalid)),
    };
    let mut disk = tokio::fs::File::open(&media.path).await.map_err(|error| {
        tracing::error!(error.kind = ?error.kind(), "a media file is missing on disk");
        gone()
    })?;
    let (first, last) = part.unwrap_or((0, media.size_bytes.saturating_sub(1)));
    disk.seek(SeekFrom::Start(first)).await.map_err(|_| gone())?;
    let length = last.saturating_sub(first).saturating_add(1);
    let mut answer = HttpResponse::build(if part.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK });
    answer
        .content_type(media.mime.clone())
        // A compressed part of a file is no part of it.
        .insert_header(ContentEncoding::Identity)
        .insert_header(disposition(&media))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CACHE_CONTROL, "private, max-age=3600"));
    if part.is_some() {
        answer.insert_header((header::CONTENT_RANGE, format!("bytes {first}-{last}/{}", media.size_bytes)));
    }
    answer.no_chunking(length);
    if request.method() == Method::HEAD {
        return Ok(answer
            .body(actix_web::body::SizedStream::new(length, futures::stream::empty::<Result<actix_web::web::Bytes, std::io::Error>>())));
    }
    Ok(answer.streaming(ReaderStream::with_capacity(disk.take(length), CHUNK)))
}

fn disposition(media: &OpenMedia) -> ContentDisposition {
    let plain: String =
        media.file_name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' }).collect();
    let whole =
        ExtendedValue { charset: Charset::Ext("UTF-8".to_owned()), language_tag: None, value: media.file_name.clone().into_bytes() };
    let parameters = vec![DispositionParam::Filename(plain), DispositionParam::FilenameExt(whole)];
    ContentDisposition { disposition: DispositionType::Attachment, parameters }
}

/// Reads a `Range` header: `None` = the whole file (also for several parts, which nobody here needs).
fn part(range: &str, size: u64) -> Result<Option<Part>, ()> {
    let Some(spec) = range.trim().strip_prefix("bytes=") else { return Ok(None) };
    let Some((from, to)) = spec.split_once('-').filter(|_| !spec.contains(',')) else { return Ok(None) };
    let end = size.saturating_sub(1);
    let part = match (from.trim(), to.trim()) {
        ("", suffix) => match suffix.parse::<u64>() {
            Ok(0) => return Err(()),
            Ok(length) => (size.saturating_sub(length), end),
            Err(_) => return Ok(None),
        },
        (from, "") => match from.parse::<u64>() {
            Ok(first) => (first, end),
            Err(_) => return Ok(None),
        },
        (from, to) => match (from.parse::<u64>(), to.parse::<u64>()) {
            (Ok(first), Ok(last)) if first <= last => (first, last.min(end)),
            _ => return Ok(None),
        },
    };
    if part.0 >= size { Err(()) } else { Ok(Some(part)) }
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn ranges_as_http_reads_them() {
        let table = [
            ("bytes=0-9", Ok(Some((0, 9)))),
            ("bytes=90-", Ok(Some((90, 99)))),
            ("bytes=-10", Ok(Some((90, 99)))),
            ("bytes=-1000", Ok(Some((0, 99)))),
            ("bytes=50-1000", Ok(Some((50, 99)))),
            ("bytes=100-", Err(())),
            ("bytes=-0", Err(())),
            ("bytes=9-0", Ok(None)),
            ("bytes=0-1,5-6", Ok(None)),
            ("lines=0-1", Ok(None)),
            ("bytes=a-b", Ok(None)),
        ];
        for (range, expected) in table {
            assert_eq!(part(range, 100), expected, "{range}");
        }
    }
}
