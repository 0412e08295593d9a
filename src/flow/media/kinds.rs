//! What each kind of file may be (reference/whatsapp.md 5.6), which kind a file is, and names for files that have none. Pure.

use crate::domain::content::MediaKind;

const KB: u64 = 1024;
const MB: u64 = 1024 * KB;

/// Which kind is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// This one.
    Kind(MediaKind),
    /// The one that its content makes it.
    Any,
    /// As a header of buttons: a picture, a film, else a document.
    Header,
}

impl Wish {
    /// Most bytes that any of the wanted kinds may have.
    pub(super) fn bytes(self) -> u64 {
        match self {
            Self::Kind(kind) => limit(kind),
            Self::Any | Self::Header => limit(MediaKind::Document),
        }
    }

    fn kind(self, found: &Found<'_>) -> MediaKind {
        match self {
            Self::Kind(kind) => kind,
            Self::Header => match found.mime {
                Some("image/jpeg" | "image/png") => MediaKind::Image,
                Some("video/mp4" | "video/3gpp") => MediaKind::Video,
                _ => MediaKind::Document,
            },
            Self::Any => match found.mime {
                Some("image/jpeg" | "image/png") => MediaKind::Image,
                Some("video/mp4" | "video/3gpp") => MediaKind::Video,
                Some("audio/ogg") if !found.is_opus() => MediaKind::Document,
                Some(mime) if mimes(MediaKind::Audio).contains(&mime) => MediaKind::Audio,
                Some("image/webp") if found.is_sticker() => MediaKind::Sticker,
                _ => MediaKind::Document,
            },
        }
    }
}

/// What is known of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    /// Type by content.
    pub(super) mime: Option<&'static str>,
    /// The first bytes.
    pub(super) head: &'a [u8],
    /// Length, when known.
    pub(super) size_bytes: Option<u64>,
}

/// Why a file is not what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfit {
    /// More than this many bytes.
    TooLarge(u64),
    /// Of this type instead of this kind.
    Type(&'static str, MediaKind),
    /// Of no known type instead of this kind, or empty.
    Unknown(MediaKind),
    /// A web page: a login form more often than a file.
    Page,
    /// A sticker of other measures.
    Measures,
    /// A sound that is no voice message.
    NoVoice,
}

/// Most bytes of a kind.
fn limit(kind: MediaKind) -> u64 {
    match kind {
        MediaKind::Image => 5 * MB,
        MediaKind::Video | MediaKind::Gif | MediaKind::Audio | MediaKind::Voice => 16 * MB,
        MediaKind::Document => 100 * MB,
        // An animated one; a still one may have 100 KB.
        MediaKind::Sticker => 500 * KB,
    }
}

/// Types that a kind takes; empty = any.
fn mimes(kind: MediaKind) -> &'static [&'static str] {
    match kind {
        MediaKind::Image => &["image/jpeg", "image/png"],
        MediaKind::Video => &["video/mp4", "video/3gpp"],
        MediaKind::Gif => &["video/mp4"],
        MediaKind::Audio => &["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"],
        MediaKind::Voice => &["audio/ogg"],
        MediaKind::Document => &[],
        MediaKind::Sticker => &["image/webp"],
    }
}

/// The kind and type that a file is sent as. `most` = our own cap on bytes.
pub(super) fn judge(wish: Wish, found: &Found<'_>, most: u64) -> Result<(MediaKind, &'static str), Unfit> {
    let kind = wish.kind(found);
    if found.size_bytes == Some(0) {
        return Err(Unfit::Unknown(kind));
    }
    let mime = match (kind, found.mime) {
        (_, Some("text/html")) => return Err(Unfit::Page),
        (MediaKind::Document, mime) => mime.unwrap_or("application/octet-stream"),
        (kind, Some(mime)) if mimes(kind).contains(&mime) => mime,
        (MediaKind::Voice, Some(mime)) if mime.starts_with("audio/") => return Err(Unfit::NoVoice),
        (kind, Some(mime)) => return Err(Unfit::Type(mime, kind)),
        (kind, None) => return Err(Unfit::Unknown(kind)),
    };
    match kind {
        MediaKind::Voice | MediaKind::Audio if mime == "audio/ogg" && !found.is_opus() => return Err(Unfit::NoVoice),
        MediaKind::Sticker if found.measures().is_some_and(|measures| measures != STICKER) => return Err(Unfit::Measures),
        _ => {}
    }
    let cap = found.cap(kind).min(most);
    if found.size_bytes.is_some_and(|size| size > cap) { Err(Unfit::TooLarge(cap)) } else { Ok((kind, mime)) }
}

/// Measures of every sticker.
const STICKER: (u32, u32) = (512, 512);

impl Found<'_> {
    /// Only OPUS is taken inside OGG.
    fn is_opus(&self) -> bool {
        self.head.windows(8).any(|window| window == b"OpusHead")
    }

    fn cap(&self, kind: MediaKind) -> u64 {
        if kind == MediaKind::Sticker && !self.is_animated() { 100 * KB } else { limit(kind) }
    }

    fn is_sticker(&self) -> bool {
        self.measures() == Some(STICKER) && self.size_bytes.is_some_and(|size| size <= self.cap(MediaKind::Sticker))
    }

    /// Extended WebP tells by a bit of its first chunk.
    fn is_animated(&self) -> bool {
        self.head.get(12..16) == Some(b"VP8X") && self.head.get(20).is_some_and(|flags| flags & 0x02 != 0)
    }

    /// Width and height of a WebP picture, by its first chunk.
    fn measures(&self) -> Option<(u32, u32)> {
        let byte = |at: usize| self.head.get(at).copied().map(u32::from);
        let pair = |at: usize| Some(byte(at)? | (byte(at + 1)? << 8));
        match self.head.get(12..16)? {
            b"VP8X" => {
                let three = |at: usize| Some(pair(at)? | (byte(at + 2)? << 16));
                Some((three(24)? + 1, three(27)? + 1))
            }
            b"VP8L" => {
                let bits = pair(21)? | (pair(23)? << 16);
                Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
            }
            b"VP8 " => Some((pair(26)? & 0x3fff, pair(28)? & 0x3fff)),
            _ => None,
        }
    }
}

/// Whether the provider, who goes by the address's own claim, would take the file for what it is.
pub(super) fn told_well(kind: MediaKind, mime: &str, told: Option<&str>) -> bool {
    match kind {
        MediaKind::Document => told != Some("text/html"),
        _ => told == Some(mime),
    }
}

/// A name for people: the told one, else the last part of the address, else one made of the type.
pub(super) fn file_name(told: Option<&str>, url: &str, mime: Option<&str>) -> String {
    let from_url = || {
        let url = url::Url::parse(url).ok()?;
        let last = url.path_segments()?.next_back()?.to_owned();
        let decoded = form_urlencoded::parse(last.replace('+', "%2B").as_bytes()).next()?.0.into_owned();
        (decoded.contains('.') && !decoded.contains(['/', '\\']) && !decoded.chars().any(char::is_control)).then_some(decoded)
    };
    let named = told.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).or_else(from_url);
    let name = named.unwrap_or_else(|| format!("file.{}", extension(mime.unwrap_or_default())));
    name.chars().take(240).collect()
}

fn extension(mime: &str) -> &'static str {
    match mime {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "image/gif" => "gif",
        "video/mp4" => "mp4",
        "video/3gpp" => "3gp",
        "audio/aac" => "aac",
        "audio/amr" => "amr",
        "audio/mpeg" => "mp3",
        "audio/mp4" => "m4a",
        "audio/ogg" => "ogg",
        "application/pdf" => "pdf",
        "text/plain" => "txt",
        "text/csv" => "csv",
        "application/zip" => "zip",
        "application/msword" => "doc",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webp(width: u16, height: u16, animated: bool) -> Vec<u8> {
        let mut head = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0".to_vec();
        head.extend([if animated { 2 } else { 0 }, 0, 0, 0]);
        for side in [width - 1, height - 1] {
            head.extend([side.to_le_bytes()[0], side.to_le_bytes()[1], 0]);
        }
        head
    }

    fn of(wish: Wish, mime: Option<&'static str>, head: &[u8], size: u64) -> Result<MediaKind, Unfit> {
        judge(wish, &Found { mime, head, size_bytes: Some(size) }, u64::MAX).map(|(kind, _)| kind)
    }

    #[test]
    fn the_content_makes_the_kind() {
        let opus = b"OggS\0\0OpusHead";
        let table: [(Option<&'static str>, &[u8], MediaKind); 12] = [
            (Some("image/jpeg"), b"", MediaKind::Image),
            (Some("image/png"), b"", MediaKind::Image),
            (Some("image/gif"), b"", MediaKind::Document),
            (Some("video/mp4"), b"", MediaKind::Video),
            (Some("video/quicktime"), b"", MediaKind::Document),
            (Some("audio/mpeg"), b"", MediaKind::Audio),
            (Some("audio/ogg"), opus, MediaKind::Audio),
            (Some("audio/ogg"), b"\x01vorbis", MediaKind::Document),
            (Some("application/pdf"), b"", MediaKind::Document),
            (None, b"\0\x01", MediaKind::Document),
            (Some("image/webp"), &webp(512, 512, false), MediaKind::Sticker),
            (Some("image/webp"), &webp(800, 600, false), MediaKind::Document),
        ];
        for (mime, head, kind) in table {
            assert_eq!(of(Wish::Any, mime, head, 1_000), Ok(kind), "{mime:?}");
        }
        assert_eq!(of(Wish::Any, Some("text/html"), b"", 9), Err(Unfit::Page));
        assert_eq!(of(Wish::Header, Some("audio/mpeg"), b"", 9), Ok(MediaKind::Document));
        assert_eq!(of(Wish::Header, Some("image/png"), b"", 9), Ok(MediaKind::Image));
    }

    #[test]
    fn every_kind_has_its_size_and_types() {
        let ogg = b"OggS\0\0OpusHead".as_slice();
        let (still, moving) = (webp(512, 512, false), webp(512, 512, true));
        for (kind, mime, head, most) in [
            (MediaKind::Image, "image/jpeg", b"".as_slice(), 5 * MB),
            (MediaKind::Video, "video/3gpp", b"", 16 * MB),
            (MediaKind::Audio, "audio/aac", b"", 16 * MB),
            (MediaKind::Voice, "audio/ogg", ogg, 16 * MB),
            (MediaKind::Document, "application/zip", b"", 100 * MB),
            (MediaKind::Sticker, "image/webp", &still, 100 * KB),
            (MediaKind::Sticker, "image/webp", &moving, 500 * KB),
        ] {
            assert_eq!(of(Wish::Kind(kind), Some(mime), head, most), Ok(kind));
            assert_eq!(of(Wish::Kind(kind), Some(mime), head, most + 1), Err(Unfit::TooLarge(most)), "{kind:?}");
        }
        assert_eq!(
            of(Wish::Kind(MediaKind::Image), Some("application/pdf"), b"", 9),
            Err(Unfit::Type("application/pdf", MediaKind::Image))
        );
        assert_eq!(of(Wish::Kind(MediaKind::Image), None, b"", 9), Err(Unfit::Unknown(MediaKind::Image)));
        assert_eq!(of(Wish::Kind(MediaKind::Document), Some("application/pdf"), b"", 0), Err(Unfit::Unknown(MediaKind::Document)));
        assert_eq!(of(Wish::Kind(MediaKind::Voice), Some("audio/mpeg"), b"", 9), Err(Unfit::NoVoice));
        assert_eq!(of(Wish::Kind(MediaKind::Sticker), Some("image/webp"), &webp(256, 512, false), 9), Err(Unfit::Measures));
        let lossy = [b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a".as_slice(), &[0, 2, 0, 2]].concat();
        assert_eq!(Found { mime: None, head: &lossy, size_bytes: None }.measures(), Some(STICKER));
        let lossless = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\xff\xc1\x7f\0";
        assert_eq!(Found { mime: None, head: lossless, size_bytes: None }.measures(), Some(STICKER));
    }

    #[test]
    fn a_file_always_has_a_name() {
        assert_eq!(file_name(Some("Акт.pdf"), "https://x/y", None), "Акт.pdf");
        assert_eq!(file_name(None, "https://x/a/%D0%90%D0%BA%D1%82%201+2.pdf?t=1", None), "Акт 1+2.pdf");
        assert_eq!(file_name(Some(" "), "https://x/rest/download", Some("image/png")), "file.png");
        assert_eq!(file_name(None, "https://x/..%2F..%2Fpasswd.txt", Some("text/plain")), "file.txt");
    }
}
