//! What a page may send, cancel and repeat: an administrator's page what the operator may; an employee's page a text, a template or a
//! file of their own to a number of the document that it stands in, as CRM shows it to that employee at this moment.
//!
//! What a robot renders is read with the portal's own token. An employee's message must not become a way to read or write with it:
//! no patterns, no files of the portal, no write-backs.

use super::phone_digits;
use super::session::of_card;
use crate::db::entity::portal::Model as PortalRow;
use crate::db::store;
use crate::domain::refusal::{Code as Rule, Refusal};
use crate::flow::card::{self, Card};
use crate::flow::media::{self, upload::SCHEME};
use crate::flow::page_session::Visitor;
use crate::flow::run_call::order::To;
use crate::web::State;
use crate::web::operator::Access;
use crate::web::problem::{Code, Problem};
use serde_json::{Map, Value};

/// Kinds that an employee's page sends, with the properties it may set.
const OPEN: [(&str, &[&str]); 3] = [
    ("text", &["text", "preview_link", "channel"]),
    ("template", &["template", "params", "header", "button_params", "channel"]),
    ("file", &["source", "caption", "channel"]),
];
/// Beginnings of values that are read with the portal's token.
const PORTALS_OWN: [&str; 3] = ["pattern:", "disk:", "field:"];

/// Whom a request may go to, and what stands in the journal beside it.
pub(super) struct Addressed {
    /// Recipient.
    pub(super) to: To,
    /// Document that the message belongs to, where the recipient does not say it.
    pub(super) document: Option<String>,
    /// Who pressed.
    pub(super) user: Option<String>,
}

/// Judges a recipient. The document of the page is read with the viewer's token, now: rights that were taken away count at once.
///
/// # Errors
/// `rights_missing`, or why CRM does not show the document.
pub(super) async fn addressed(state: &State, access: &Access, portal: &PortalRow, to: To) -> Result<Addressed, Problem> {
    let Some(visitor) = access.page() else { return Ok(Addressed { to, document: None, user: None }) };
    let user = Some(visitor.user_id.clone());
    let Some(own) = visitor.document.clone() else {
        return if visitor.admin { Ok(Addressed { to, document: None, user }) } else { Err(Problem::new(Code::RightsMissing)) };
    };
    let card = read(state, visitor, &own).await?;
    match to {
        To::Phone(phone) if card.has_phone(&phone_digits(portal, &phone)) => {
            Ok(Addressed { to: To::Phone(phone), document: Some(own), user })
        }
        to if visitor.admin => Ok(Addressed { to, document: None, user }),
        To::Document(id) if id == own => {
            let missing = || Problem::of_refusal(Refusal::new(Rule::PhoneMissing, "the viewer sees no number in this document"));
            let phone = card.phones.first().ok_or_else(missing)?.digits.clone();
            Ok(Addressed { to: To::Phone(format!("+{phone}")), document: Some(own), user })
        }
        To::Phone(_) | To::Bsuid(_) | To::Document(_) => Err(Problem::new(Code::RightsMissing)),
    }
}

/// Judges what is sent.
///
/// # Errors
/// `rights_missing` for what only an administrator's page may send.
pub(super) async fn content(
    state: &State,
    access: &Access,
    portal: &PortalRow,
    kind: &str,
    properties: &Map<String, Value>,
) -> Result<(), Problem> {
    if access.whole_portal() {
        return Ok(());
    }
    if let Some(header) = properties.get("header").filter(|header| !uploaded(header))
        && (file_like(header) || has_file(state, portal, properties.get("template")).await?)
    {
        return Err(Problem::new(Code::RightsMissing));
    }
    if properties.get("source").is_some_and(|source| !uploaded(source)) {
        return Err(Problem::new(Code::RightsMissing));
    }
    let open = OPEN.iter().find(|(open, _)| *open == kind).map(|(_, names)| *names).unwrap_or_default();
    if properties.iter().all(|(name, value)| open.contains(&name.as_str()) && plain(value)) {
        if !open.is_empty() { Ok(()) } else { Err(Problem::new(Code::RightsMissing)) }
    } else {
        Err(Problem::new(Code::RightsMissing))
    }
}

/// Whether a file is one that a page gave us: any other is fetched by us, with our rights.
fn uploaded(source: &Value) -> bool {
    match source {
        Value::String(text) => text.starts_with(SCHEME) && !text.contains(char::is_whitespace),
        Value::Array(items) => items.iter().all(uploaded),
        _ => false,
    }
}

/// Whether a header names a file of the portal or an address. A bare number is a file only where the template's header is one.
fn file_like(header: &Value) -> bool {
    let Some(text) = header.as_str().map(str::trim) else { return !header.is_null() };
    media::names_file(text) || text.starts_with('/') || text.to_lowercase().contains("[url=")
}

/// Whether a template of that name has a file as its header, through any of the portal's channels.
async fn has_file(state: &State, portal: &PortalRow, template: Option<&Value>) -> Result<bool, Problem> {
    let Some(choice) = template.and_then(Value::as_str) else { return Ok(false) };
    let db = state.ctx.db.read();
    for channel in store::channel::list(db, &portal.member_id).await? {
        let found = store::template::find(db, &portal.member_id, &channel.id, choice).await?;
        if found.and_then(|row| row.header_kind).is_some_and(|kind| kind != "text") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether every text says only what it says.
fn plain(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            let text = text.trim_start().to_lowercase();
            // A template's value may stand behind its key: `1=…`.
            let behind = text.split_once('=').map(|(_, value)| value.trim_start()).unwrap_or_default();
            !PORTALS_OWN.iter().any(|start| text.starts_with(start) || behind.starts_with(start))
        }
        Value::Array(items) => items.iter().all(plain),
        Value::Object(_) => false,
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Judges an act on a row of a document: resend, cancel.
///
/// # Errors
/// `rights_missing`, or why CRM does not show the document.
pub(super) async fn acted(state: &State, access: &Access, document_id: Option<&str>) -> Result<(), Problem> {
    access.may_see(document_id)?;
    match (access.page(), document_id) {
        (Some(visitor), Some(document)) if !visitor.admin => read(state, visitor, document).await.map(drop),
        _ => Ok(()),
    }
}

async fn read(state: &State, visitor: &Visitor, document: &str) -> Result<Card, Problem> {
    let facts = state.ctx.portals.get(&visitor.portal).await?.ok_or_else(|| Problem::new(Code::PortalUnknown))?;
    card::read(&state.ctx, &facts, &visitor.access, document).await.map_err(of_card)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_the_portals_own_are_told_apart() {
        for text in ["Здравствуйте", "{{contact.name}} = text", "patterns are nice", "a=b", "https://example.org/a.pdf?x=1"] {
            assert!(plain(&json!(text)), "{text}");
        }
        for text in ["pattern:hello", "  Pattern:hello", "1=pattern:hello", "name= disk:5", "field:UF_CRM_FILE"] {
            assert!(!plain(&json!([text])), "{text}");
        }
        assert!(!plain(&json!({"a": 1})));
    }

    #[test]
    fn an_employees_file_is_one_they_gave_us() {
        for (source, fine) in [
            (json!(["upload:0af9"]), true),
            (json!("upload:0af9"), true),
            (json!(["upload:0af9", "disk:7"]), false),
            (json!(["upload:0af9 41902"]), false),
            (json!(["https://example.org/a.png"]), false),
            (json!([41902]), false),
        ] {
            assert_eq!(uploaded(&source), fine, "{source}");
        }
    }
}
