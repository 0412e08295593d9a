//! What a rule's author wrote about a file: a public address, an address of the portal, a Drive file, a file field of an item.

use super::upload::SCHEME;
use super::{MediaFault, invalid};
use crate::db::store;
use crate::domain::document::CrmItem;
use crate::flow::{Ctx, JobError};
use url::Url;

/// The portal's own addresses.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    client: Url,
    domain: String,
}

impl Origin {
    pub(super) async fn find(ctx: &Ctx, portal: &str) -> Result<Self, MediaFault> {
        let row = store::portal::find(ctx.db.read(), portal).await?;
        let row = row.ok_or_else(|| MediaFault::Later(JobError::Fail { why: "no such portal".to_owned() }))?;
        let client = Url::parse(&row.client_endpoint).or_else(|_| Url::parse(&format!("https://{}/", row.domain)));
        let client = client.map_err(|_| MediaFault::Later(JobError::Fail { why: "the portal has no address".to_owned() }))?;
        Ok(Self { client, domain: row.domain.to_lowercase() })
    }

    /// `https://acme.bitrix24.ru`, without a trailing slash.
    pub(super) fn base(&self) -> String {
        self.client.origin().ascii_serialization()
    }

    /// An address as the portal told it, often relative; `None` when it leads elsewhere: a signed link must not leak.
    pub(super) fn absolute(&self, told: &str) -> Option<Url> {
        self.client.join(told).ok().filter(|url| url.origin() == self.client.origin() || self.is_domain(url))
    }

    fn is_domain(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        match url.port() {
            Some(port) => self.domain == format!("{host}:{port}"),
            None => self.domain == host,
        }
    }

    /// Whether an address belongs to this portal, to Bitrix24's cloud, or carries a portal's token.
    fn is_portal(&self, url: &Url) -> bool {
        let cloud = url.host_str().is_some_and(|host| host.split('.').any(|label| label == "bitrix24" || label == "bitrix24public"));
        let signed = url.path().starts_with("/rest/") || url.path().starts_with("/bitrix/");
        let token = url.query_pairs().any(|(name, _)| matches!(name.as_ref(), "auth" | "access_token" | "sessid" | "APPLICATION_TOKEN"));
        url.origin() == self.client.origin() || self.is_domain(url) || cloud || signed || token
    }
}

/// What a rule's author wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// An address outside the portal.
    Public(String),
    /// An address of the portal.
    Portal(String),
    /// A Drive file.
    Disk(String),
    /// A field of the document.
    Field(String),
    /// A field of another item.
    ItemField(CrmItem, String),
    /// The portal's own number of a file in some field of the document: what a `file` property holds (reference/bitrix24.md C.9).
    FileId(String),
    /// A file that a page gave us, by its handle.
    Upload(String),
}

/// A source and the name that came with it.
pub(super) type Named = (Source, Option<String>);

impl Source {
    /// Reads one value: a source, or several as Bitrix24 puts them together (`[url=…]name[/url]`, `41902, 41903`).
    pub(super) fn parse_all(text: &str, origin: &Origin) -> Result<Vec<Named>, MediaFault> {
        let links = bb_links(text);
        if !links.is_empty() {
            return links.into_iter().map(|(address, name)| Ok((Self::parse(address, origin)?, name))).collect();
        }
        let numbers: Vec<&str> = text.split([',', ';', '\n', ' ']).map(str::trim).filter(|part| !part.is_empty()).collect();
        if !numbers.is_empty() && numbers.iter().all(|part| is_number(part)) {
            return Ok(numbers.into_iter().map(|part| (Self::FileId(part.to_owned()), None)).collect());
        }
        pieces(text).into_iter().map(|piece| Ok((Self::parse(piece, origin)?, None))).collect()
    }

    fn parse(text: &str, origin: &Origin) -> Result<Self, MediaFault> {
        let text = text.trim();
        let wrong = |rule: &str| invalid(text, rule, "media-source");
        if let Some(handle) = strip_word(text, SCHEME) {
            let whole = !handle.is_empty() && handle.bytes().all(|byte| byte.is_ascii_hexdigit());
            return if whole { Ok(Self::Upload(handle.to_owned())) } else { Err(wrong("upload: wants the handle of a file")) };
        }
        if let Some(id) = strip_word(text, "disk:") {
            let digits = id.trim_start_matches('n');
            return if is_number(digits) { Ok(Self::Disk(digits.to_owned())) } else { Err(wrong("disk: wants the number of a file")) };
        }
        if let Some(field) = strip_word(text, "field:") {
            return if is_field(field) { Ok(Self::Field(field.to_owned())) } else { Err(wrong("field: wants the code of a field")) };
        }
        if let Some((item, field)) = item_field(text) {
            return if is_field(field) {
                Ok(Self::ItemField(item, field.to_owned()))
            } else {
                Err(wrong("an item wants the code of a field"))
            };
        }
        if text.starts_with('/') && !text.starts_with("//") {
            let url = origin.absolute(text).ok_or_else(|| wrong("not an address"))?;
            return Ok(Self::Portal(url.into()));
        }
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
        let url = url.ok_or_else(|| wrong("neither an address nor disk: nor field:"))?;
        Ok(if origin.is_portal(&url) { Self::Portal(url.into()) } else { Self::Public(url.into()) })
    }
}

/// Sources that stand in one text: people paste several, and Bitrix24 itself writes a field's values as a comma list. One begins after a
/// separator with a scheme or a written form; whatever else an address holds is part of it.
fn pieces(text: &str) -> Vec<&str> {
    let separates = |symbol: char| symbol.is_whitespace() || matches!(symbol, ',' | ';');
    let begins = |rest: &str| {
        ["https://", "http://", "disk:", "field:", SCHEME].iter().any(|word| strip_word(rest, word).is_some())
            || item_field(rest.split(separates).next().unwrap_or_default()).is_some()
    };
    let mut starts = vec![0];
    let mut after_separator = false;
    for (at, symbol) in text.char_indices() {
        if after_separator && !separates(symbol) && text.get(at..).is_some_and(begins) {
            starts.push(at);
        }
        after_separator = separates(symbol);
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let cut = starts.iter().zip(ends).filter_map(|(from, to)| text.get(*from..to));
    let cut: Vec<&str> = cut.map(|piece| piece.trim_matches(separates)).filter(|piece| !piece.is_empty()).collect();
    // One source alone stays as it was written: its commas are its own.
    if cut.len() < 2 { vec![text] } else { cut }
}

/// Whether a text that could be words (a header) names a file: an address or one of the written forms, and nothing beside it.
pub(super) fn names_file(text: &str) -> bool {
    let text = text.trim();
    let address = ["https://", "http://"].iter().any(|scheme| strip_word(text, scheme).is_some());
    let written = ["disk:", "field:", SCHEME].iter().any(|word| strip_word(text, word).is_some()) || item_field(text).is_some();
    (address || written) && !text.contains(char::is_whitespace)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_field(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `LEAD_12:UF_…`, in any case.
fn item_field(text: &str) -> Option<(CrmItem, &str)> {
    let (item, field) = text.split_once(':')?;
    Some((CrmItem::parse(&item.trim().to_uppercase())?, field.trim()))
}

/// Addresses and names of `[url=address]name[/url]`.
fn bb_links(text: &str) -> Vec<(&str, Option<String>)> {
    let mut links = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.to_ascii_lowercase().find("[url=") {
        let Some((address, tail)) = rest.get(at + 5..).and_then(|after| after.split_once(']')) else { break };
        let end = tail.to_ascii_lowercase().find("[/url]").unwrap_or(tail.len());
        let name = tail.get(..end).map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        links.push((address.trim_matches('"'), name));
        rest = tail.get(end..).unwrap_or_default();
    }
    links
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then(|| rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin { client: Url::parse("https://acme.bitrix24.ru/rest/").unwrap(), domain: "acme.bitrix24.ru".to_owned() }
    }

    #[test]
    fn an_address_of_a_portal_is_never_public() {
        let portal = [
            "https://acme.bitrix24.ru/disk/1.pdf",
            "https://ACME.bitrix24.ru:443/x",
            "https://cdn.bitrix24.ru/x.png",
            "https://other.bitrix24.com/x",
            "https://crm.example.org/rest/download.json?auth=1",
            "https://x.example.org/a?auth=abc",
            "/bitrix/tools/show.php?id=1",
            "https://x.example.org/bitrix/x",
        ];
        for text in portal {
            assert!(matches!(Source::parse(text, &origin()), Ok(Source::Portal(_))), "{text}");
        }
        for text in ["https://cdn.example.org/a.jpg?v=2", "http://127.0.0.1:9/a.jpg", " https://notbitrix24.example.org/a "] {
            assert!(matches!(Source::parse(text, &origin()), Ok(Source::Public(_))), "{text}");
        }
    }

    #[test]
    fn other_sources_are_read_strictly() {
        assert_eq!(Source::parse("disk:118", &origin()).ok(), Some(Source::Disk("118".to_owned())));
        assert_eq!(Source::parse("Disk: n118", &origin()).ok(), Some(Source::Disk("118".to_owned())));
        assert_eq!(Source::parse("field:UF_CRM_1", &origin()).ok(), Some(Source::Field("UF_CRM_1".to_owned())));
        assert_eq!(Source::parse("upload:0af9", &origin()).ok(), Some(Source::Upload("0af9".to_owned())));
        for text in [
            "",
            "upload:",
            "upload:../../etc",
            "disk:",
            "disk:../1",
            "field:",
            "field:a b",
            "LEAD_12:",
            "ftp://x/y",
            "file:///etc/passwd",
            "просто текст",
            "//evil.example.org/x",
        ] {
            assert!(matches!(Source::parse(text, &origin()), Err(MediaFault::Refused(_))), "{text}");
        }
        let lead = CrmItem { entity_type_id: 1, id: 12 };
        assert_eq!(Source::parse("lead_12:UF_CRM_1", &origin()).ok(), Some(Source::ItemField(lead, "UF_CRM_1".to_owned())));
    }

    #[test]
    fn a_signed_link_to_another_host_is_not_followed() {
        assert!(origin().absolute("/rest/download.json?auth=1").is_some());
        assert!(origin().absolute("https://evil.example.org/rest/download.json?auth=1").is_none());
        assert!(origin().absolute("//evil.example.org/x").is_none());
    }

    #[test]
    fn values_that_the_portal_put_together_are_taken_apart() {
        let all = |text: &str| Source::parse_all(text, &origin()).unwrap();
        let file = |id: &str| (Source::FileId(id.to_owned()), None);
        assert_eq!(all("41902"), [file("41902")]);
        assert_eq!(all("41902, 41903"), [file("41902"), file("41903")]);
        let at = |path: &str, name: &str| (Source::Portal(format!("https://acme.bitrix24.ru{path}")), Some(name.to_owned()));
        assert_eq!(
            all("[url=/bitrix/tools/show.php?id=1]Акт.pdf[/url], [URL=/bitrix/tools/show.php?id=2]b.png[/URL]"),
            [at("/bitrix/tools/show.php?id=1", "Акт.pdf"), at("/bitrix/tools/show.php?id=2", "b.png")]
        );
        let public = |url: &str| (Source::Public(url.to_owned()), None);
        let two = [public("https://x.org/a.png"), public("https://x.org/b.png")];
        for text in [
            "https://x.org/a.png, https://x.org/b.png",
            "https://x.org/a.png\nhttps://x.org/b.png",
            "https://x.org/a.png;https://x.org/b.png;",
        ] {
            assert_eq!(all(text), two, "{text}");
        }
        assert_eq!(all("disk:5, LEAD_12:UF_X").len(), 2);
        assert_eq!(all("https://x.org/a,b c.png?u=https://y.org"), [public("https://x.org/a,b%20c.png?u=https://y.org")]);
        assert_eq!(all(" https://пример.рф/файл.pdf "), [public("https://xn--e1afmkfd.xn--p1ai/%D1%84%D0%B0%D0%B9%D0%BB.pdf")]);
        for (text, expected) in [
            ("https://x.org/a.png", true),
            ("disk:5", true),
            ("LEAD_5:UF_X", true),
            ("Подробности на https://x.org", false),
            ("https://x.org и ещё", false),
            ("Срок: завтра", false),
            ("/start", false),
        ] {
            assert_eq!(names_file(text), expected, "{text}");
        }
    }
}
