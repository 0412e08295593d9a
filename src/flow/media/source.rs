//! Where a file comes from: a public address, an address of the portal, a Drive file, a file field of the document.

use super::{MediaFault, invalid, unreachable};
use crate::bitrix::{BitrixError, TokenError};
use crate::db::store;
use crate::domain::document::CrmItem;
use crate::flow::{Ctx, JobError};
use serde_json::{Value, json};
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
    fn absolute(&self, told: &str) -> Option<Url> {
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
}

impl Source {
    pub(super) fn parse(text: &str, origin: &Origin) -> Result<Self, MediaFault> {
        let text = text.trim();
        if let Some(id) = strip_word(text, "disk:") {
            let digits = id.trim_start_matches('n');
            let wellformed = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            return if wellformed { Ok(Self::Disk(digits.to_owned())) } else { Err(invalid(text, "disk: wants the number of a file")) };
        }
        if let Some(field) = strip_word(text, "field:") {
            let wellformed = !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            return if wellformed { Ok(Self::Field(field.to_owned())) } else { Err(invalid(text, "field: wants the code of a field")) };
        }
        if text.starts_with('/') && !text.starts_with("//") {
            let url = origin.absolute(text).ok_or_else(|| invalid(text, "not an address"))?;
            return Ok(Self::Portal(url.into()));
        }
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
        let url = url.ok_or_else(|| invalid(text, "neither an address nor disk: nor field:"))?;
        Ok(if origin.is_portal(&url) { Self::Portal(url.into()) } else { Self::Public(url.into()) })
    }
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then(|| rest.trim())
}

/// Address and name of a Drive file.
pub(super) async fn disk_file(ctx: &Ctx, portal: &str, origin: &Origin, id: &str) -> Result<(String, Option<String>), MediaFault> {
    let shown = format!("disk:{id}");
    let file = ctx
        .bitrix
        .call("media.disk_file", portal, "disk.file.get", json!({"id": id}))
        .await
        .map_err(|error| portal_fault(error, &shown))?;
    let told = file.get("DOWNLOAD_URL").and_then(Value::as_str).unwrap_or_default();
    let url =
        origin.absolute(told).filter(|_| !told.is_empty()).ok_or_else(|| unreachable(&shown, "the portal told no address of its own"))?;
    let name = file.get("NAME").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned);
    Ok((url.into(), name))
}

/// Address of the first file in a field of the document.
pub(super) async fn field_file(
    ctx: &Ctx,
    portal: &str,
    origin: &Origin,
    document: Option<CrmItem>,
    field: &str,
) -> Result<String, MediaFault> {
    let shown = format!("field:{field}");
    let item = document.ok_or_else(|| invalid(&shown, "the document is no CRM item"))?;
    let params = json!({"entityTypeId": item.entity_type_id, "id": item.id, "useOriginalUfNames": "Y"});
    let read = ctx.bitrix.call("media.field", portal, "crm.item.get", params).await.map_err(|error| portal_fault(error, &shown))?;
    let values = read.get("item").and_then(Value::as_object);
    let value = values.and_then(|fields| fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(field))).map(|(_, value)| value);
    let told = value.and_then(first_address).ok_or_else(|| invalid(&shown, "the field holds no file"))?;
    origin.absolute(&told).map(Into::into).ok_or_else(|| unreachable(&shown, "the field's file is at another host"))
}

/// `urlMachine` of a file or of the first of several; `url` alone needs a browser's session.
fn first_address(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => items.iter().find_map(first_address),
        Value::Object(file) => file.get("urlMachine").and_then(Value::as_str).filter(|url| !url.is_empty()).map(str::to_owned),
        _ => None,
    }
}

fn portal_fault(error: BitrixError, shown: &str) -> MediaFault {
    match error {
        BitrixError::Budget { at } => MediaFault::Later(JobError::Defer { at, why: "portal budget".to_owned() }),
        BitrixError::Later { at, why } => MediaFault::Later(JobError::Defer { at, why }),
        BitrixError::Unknown { why } | BitrixError::Token(TokenError::Unavailable(why)) => {
            MediaFault::Later(JobError::Retry { after_ms: None, why })
        }
        BitrixError::Refused(error) => unreachable(shown, &format!("the portal refused: {}", error.code)),
        BitrixError::Token(error) => unreachable(shown, &error.to_string()),
    }
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
        for text in
            ["", "disk:", "disk:../1", "field:", "field:a b", "ftp://x/y", "file:///etc/passwd", "просто текст", "//evil.example.org/x"]
        {
            assert!(matches!(Source::parse(text, &origin()), Err(MediaFault::Refused(_))), "{text}");
        }
    }

    #[test]
    fn a_signed_link_to_another_host_is_not_followed() {
        assert!(origin().absolute("/rest/download.json?auth=1").is_some());
        assert!(origin().absolute("https://evil.example.org/rest/download.json?auth=1").is_none());
        assert!(origin().absolute("//evil.example.org/x").is_none());
        assert_eq!(first_address(&json!([{"id": 1, "url": "/a"}, {"id": 2, "urlMachine": "/b"}])).as_deref(), Some("/b"));
    }
}
