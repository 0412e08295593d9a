//! What a file is, told by its first bytes. Headers and names are never believed; a name only chooses among types that share a container.

/// Type of a file by its first bytes (4 KB are enough); `None` = not one of those that a message can carry.
pub fn sniff(head: &[u8]) -> Option<&'static str> {
    named(head, "")
}

/// As [`sniff`]; the name's extension chooses between office formats of one container and between kinds of text.
pub fn named(head: &[u8], file_name: &str) -> Option<&'static str> {
    let extension = file_name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    by_prefix(head)
        .or_else(|| riff(head))
        .or_else(|| iso_media(head))
        .or_else(|| ogg(head))
        .or_else(|| mpeg_audio(head))
        .or_else(|| zip(head, &extension))
        .or_else(|| old_office(head, &extension))
        .or_else(|| text(head, &extension))
}

const PREFIXES: [(&[u8], &str); 9] = [
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"{\\rtf", "application/rtf"),
    (b"\xef\xbb\xbf%PDF-", "application/pdf"),
];

fn by_prefix(head: &[u8]) -> Option<&'static str> {
    PREFIXES.iter().find(|(prefix, _)| head.starts_with(prefix)).map(|(_, mime)| *mime)
}

fn riff(head: &[u8]) -> Option<&'static str> {
    (head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP")).then_some("image/webp")
}

/// MP4 and its relatives: size, `ftyp`, brand.
fn iso_media(head: &[u8]) -> Option<&'static str> {
    if head.get(4..8) != Some(b"ftyp") {
        return None;
    }
    match head.get(8..12)? {
        [b'3', b'g', ..] => Some("video/3gpp"),
        b"M4A " | b"M4B " => Some("audio/mp4"),
        b"qt  " => Some("video/quicktime"),
        b"heic" | b"heix" | b"mif1" | b"msf1" | b"avif" => Some("image/heif"),
        _ => Some("video/mp4"),
    }
}

fn ogg(head: &[u8]) -> Option<&'static str> {
    if !head.starts_with(b"OggS") {
        return None;
    }
    let audio = contains(head, b"OpusHead") || contains(head, b"\x01vorbis") || contains(head, b"Speex");
    Some(if audio { "audio/ogg" } else { "application/ogg" })
}

/// A bare frame header: eleven set bits, then version and layer. Layer 00 is ADTS (AAC), 01 is layer III (MP3).
fn mpeg_audio(head: &[u8]) -> Option<&'static str> {
    let (0xff, second) = (*head.first()?, *head.get(1)?) else { return None };
    match (second & 0xf6, second & 0xe6) {
        (0xf0, _) => Some("audio/aac"),
        (_, 0xe2) => Some("audio/mpeg"),
        _ => None,
    }
}

fn zip(head: &[u8], extension: &str) -> Option<&'static str> {
    if !head.starts_with(b"PK\x03\x04") {
        return None;
    }
    let office = [
        (b"word/".as_slice(), "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"xl/".as_slice(), "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (b"ppt/".as_slice(), "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        (b"opendocument.text".as_slice(), "odt", "application/vnd.oasis.opendocument.text"),
        (b"opendocument.spreadsheet".as_slice(), "ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ];
    let by_content = office.iter().find(|(marker, _, _)| contains(head, marker));
    // The parts may lie beyond the bytes at hand; then the package marker and the name together decide.
    let package = contains(head, b"[Content_Types].xml") || contains(head, b"_rels/") || contains(head, b"docProps/");
    let by_name = || office.iter().find(|(_, wanted, _)| package && *wanted == extension);
    Some(by_content.or_else(by_name).map_or("application/zip", |(_, _, mime)| *mime))
}

fn old_office(head: &[u8], extension: &str) -> Option<&'static str> {
    if !head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return None;
    }
    Some(match extension {
        "xls" => "application/vnd.ms-excel",
        "ppt" => "application/vnd.ms-powerpoint",
        _ => "application/msword",
    })
}

/// Text without control characters. A page (often a login form where a file was expected) is told apart.
fn text(head: &[u8], extension: &str) -> Option<&'static str> {
    if head.is_empty() || head.iter().any(|byte| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c)) {
        return None;
    }
    let words = match std::str::from_utf8(head) {
        Ok(words) => words,
        // The last character may be cut; anything else is no UTF-8.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
        Err(_) => return None,
    };
    let start = words.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<head") {
        return Some("text/html");
    }
    Some(if extension == "csv" { "text/csv" } else { "text/plain" })
}

fn contains(head: &[u8], wanted: &[u8]) -> bool {
    head.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::{named, sniff};

    #[test]
    fn content_tells_the_type() {
        let table: [(&[u8], Option<&str>); 21] = [
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\n\0\0", Some("image/png")),
            (b"GIF89a\x01\0", Some("image/gif")),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\x10\0\0\0WAVEfmt ", None),
            (b"\0\0\0\x18ftypisom\0\0", Some("video/mp4")),
            (b"\0\0\0\x18ftyp3gp5\0\0", Some("video/3gpp")),
            (b"\0\0\0\x18ftypM4A \0\0", Some("audio/mp4")),
            (b"OggS\0\x02\0\0OpusHead", Some("audio/ogg")),
            (b"OggS\0\x02\0\0\x80theora", Some("application/ogg")),
            (b"ID3\x04\0\0", Some("audio/mpeg")),
            (b"\xff\xfb\x90\x44", Some("audio/mpeg")),
            (b"\xff\xf1\x50\x80", Some("audio/aac")),
            (b"#!AMR\n\x3c", Some("audio/amr")),
            (b"%PDF-1.7\n", Some("application/pdf")),
            (
                b"PK\x03\x04\0\0[Content_Types].xml..word/document.xml",
                Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            ),
            (b"PK\x03\x04\0\0readme.txt", Some("application/zip")),
            ("Список цен\n1;2".as_bytes(), Some("text/plain")),
            (b"  <!DOCTYPE html><title>", Some("text/html")),
            (b"\0\x01\x02\x03", None),
            (b"", None),
        ];
        for (head, mime) in table {
            assert_eq!(sniff(head), mime, "{head:?}");
        }
    }

    #[test]
    fn a_name_only_chooses_inside_a_container() {
        let package = b"PK\x03\x04\0\0[Content_Types].xml";
        assert!(named(package, "a.XLSX").unwrap().contains("spreadsheetml"));
        assert_eq!(named(b"PK\x03\x04\0\0readme.txt", "a.docx"), Some("application/zip"));
        assert_eq!(named(b"\xff\xd8\xff\xe0", "a.pdf"), Some("image/jpeg"));
        assert_eq!(named(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls"), Some("application/vnd.ms-excel"));
        assert_eq!(named(b"a;b", "a.csv"), Some("text/csv"));
    }
}
