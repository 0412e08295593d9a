//! From a robot's template properties to a filled template: the row of the synced list, its values, header and buttons.
//!
//! Nothing is guessed: a name that several languages share, a missing value, a header without its file are refused before any HTTP
//! to the provider. The file of a header is the only thing fetched here, by `flow/media`.

use super::desk::{Desk, Sender};
use super::{Ctx, JobError, media};
use crate::catalog::operation::{OnMissing, TemplateChoice};
use crate::catalog::template_params::{self, MatchedParams};
use crate::db::entity::template;
use crate::domain::content::{Content, HeaderValue, MediaKind, Param, Place, TemplateContent};
use crate::domain::document::CrmItem;
use crate::domain::refusal::{Code, Refusal};
use serde_json::Value;

/// Why there is no filled template.
#[derive(Debug)]
pub(super) enum Fault {
    /// The process is told.
    Refused(Refusal),
    /// `on_missing` says that such a message is not sent.
    Skipped(Refusal),
    /// A file could not be fetched now.
    Later(JobError),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A template ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Filled {
    /// What goes to the provider.
    pub(super) content: Content,
    /// What the client sees.
    pub(super) text: String,
    /// The rule by which it is said otherwise than asked for.
    pub(super) degraded: Option<&'static str>,
}

/// Fills a template of this channel.
pub(super) async fn fill(
    ctx: &Ctx,
    desk: &mut Desk,
    sender: &Sender,
    document: Option<CrmItem>,
    choice: &TemplateChoice,
    on_missing: OnMissing,
) -> Result<Filled, Fault> {
    if !sender.has_templates() {
        return Err(unsupported(sender, "template").into());
    }
    let found = desk.template(&ctx.db, &sender.row.id, &choice.template).await.map_err(|error| Fault::Later(error.into()))?;
    let row = &found.filter(|row| row.vanished_at.is_none()).ok_or_else(|| {
        Refusal::new(Code::TemplateNotFound, "not one of the channel's synced templates").with("name", choice.template.trim())
    })?;
    if row.status != "APPROVED" {
        let rule = format!("template status {}", row.status);
        let refusal = Refusal::new(Code::TemplateNotApproved, rule).with("name", shown(row)).with("value", row.status.clone());
        return Err(refusal.into());
    }
    let filler = &desk.portal.filler;
    let keys: Vec<String> = serde_json::from_str(&row.param_keys).unwrap_or_default();
    if !keys.iter().all(|key| is_position(key)) && !sender.takes_named_params(ctx) {
        let settings = sender.capabilities().upgrade.as_ref().map(|upgrade| upgrade.settings.join(", ")).unwrap_or_default();
        return Err(unsupported(sender, "named_params").with("settings", settings).into());
    }
    let values = match template_params::match_params(&keys, &choice.params, on_missing, filler).map_err(|refusal| placed(refusal, row))? {
        MatchedParams::Filled(values) => values,
        MatchedParams::Skip(key) => return Err(skipped(&key, "params")),
    };
    let buttons: Value = serde_json::from_str(&row.buttons).unwrap_or_default();
    let matched = template_params::match_buttons(&buttons, &choice.button_params, on_missing, filler);
    let Some(buttons) = matched.map_err(|refusal| placed(refusal, row))? else {
        return Err(skipped("button", "button_params"));
    };
    let header = header(ctx, desk, row, document, choice, on_missing).await?;
    let header_text = row.header_text.as_deref().filter(|_| row.header_kind.as_deref() == Some("text")).map(|text| {
        let value = match &header {
            Some(HeaderValue::Text { value }) => Some(value.as_str()),
            Some(HeaderValue::Media(_) | HeaderValue::Location(_)) | None => None,
        };
        (text, value)
    });
    let text = template_params::rendered_text(header_text, &row.body, &values, row.footer.as_deref());
    let content = Content::Template(TemplateContent {
        provider_id: row.provider_id.clone(),
        name: row.name.clone(),
        language: row.language.clone(),
        category: row.category.clone(),
        header,
        params: values.into_iter().map(|(key, value)| Param { key, value }).collect(),
        buttons,
    });
    Ok(Filled { content, text, degraded: None })
}

/// Whether a template could be filled now. A header that is a file is not fetched for this.
pub(super) async fn check(
    ctx: &Ctx,
    desk: &mut Desk,
    sender: &Sender,
    choice: &TemplateChoice,
    on_missing: OnMissing,
) -> Result<(), Fault> {
    let found = desk.template(&ctx.db, &sender.row.id, &choice.template).await.map_err(|error| Fault::Later(error.into()))?;
    let approved = found.as_ref().is_some_and(|row| row.vanished_at.is_none() && row.status == "APPROVED");
    let file = found.as_ref().and_then(|row| row.header_kind.as_deref()).is_some_and(|kind| matches!(kind, "image" | "video" | "document"));
    if approved && file && !choice.header.trim().is_empty() {
        return Ok(());
    }
    fill(ctx, desk, sender, None, choice, on_missing).await.map(drop)
}

/// `1`, `2`, …: the placeholder's place, not its name.
fn is_position(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}

fn unsupported(sender: &Sender, item: &str) -> Refusal {
    let refusal = Refusal::new(Code::UnsupportedByChannel, format!("the channel has no {item}"));
    refusal.with("name", sender.row.name.clone()).with("item", item)
}

/// A bare `2` or `0` tells nobody which value is missing: its place and its template stand beside it.
fn placed(refusal: Refusal, row: &template::Model) -> Refusal {
    if refusal.code != Code::ValueMissing {
        return refusal;
    }
    let name = refusal.args.get("name").cloned().unwrap_or_default();
    let place = match refusal.args.get("field").map(String::as_str) {
        Some("params") => format!("{{{{{name}}}}}"),
        Some(field) => format!("{field} {name}"),
        None => name,
    };
    refusal.with("name", format!("{place}, {}", shown(row)))
}

fn skipped(key: &str, field: &str) -> Fault {
    let refusal = Refusal::new(Code::ValueMissing, format!("{field}: {key} has no value, on_missing = skip"));
    Fault::Skipped(refusal.with("name", key).with("field", field))
}

fn shown(row: &template::Model) -> String {
    format!("{}:{}", row.name, row.language)
}

async fn header(
    ctx: &Ctx,
    desk: &Desk,
    row: &template::Model,
    document: Option<CrmItem>,
    choice: &TemplateChoice,
    on_missing: OnMissing,
) -> Result<Option<HeaderValue>, Fault> {
    let given = choice.header.trim();
    match row.header_kind.as_deref() {
        None => Ok(None),
        Some("text") if !row.header_text.as_deref().unwrap_or_default().contains("{{") => Ok(None),
        Some("text") => {
            let value = template_params::one_line(given);
            match (value.is_empty(), on_missing) {
                (false, _) => Ok(Some(HeaderValue::Text { value })),
                (true, OnMissing::Empty) => Ok(Some(HeaderValue::Text { value: desk.portal.filler.clone() })),
                (true, OnMissing::Skip) => Err(skipped("header", "header")),
                (true, OnMissing::Fail) => {
                    Err(Refusal::new(Code::ValueMissing, "the template's header has a variable").with("name", "header").into())
                }
            }
        }
        Some(word @ ("image" | "video" | "document" | "gif")) => {
            let kind = MediaKind::parse(word).unwrap_or(MediaKind::Document);
            if given.is_empty() {
                let rule = format!("the template's header is a file ({word})");
                return Err(match on_missing {
                    OnMissing::Skip => skipped("header", "header"),
                    OnMissing::Fail | OnMissing::Empty => Refusal::new(Code::ValueMissing, rule).with("name", "header").into(),
                });
            }
            Ok(Some(HeaderValue::Media(media::header_of(ctx, &desk.portal.id, document, given, kind).await?)))
        }
        Some("location") => match (given.is_empty(), on_missing) {
            (true, OnMissing::Skip) => Err(skipped("header", "header")),
            (true, OnMissing::Fail | OnMissing::Empty) => {
                Err(Refusal::new(Code::ValueMissing, "the template's header is a place").with("name", "header").into())
            }
            (false, _) => match place(given) {
                Some(place) => Ok(Some(HeaderValue::Location(place))),
                None => Err(Refusal::new(Code::PropertyInvalid, "the template's header is a place")
                    .with("name", "header")
                    .with("value", given)
                    .with("hint_key", "hint-place")
                    .into()),
            },
        },
        Some(other) => {
            let rule = format!("template header {other} has no property yet");
            Err(Refusal::new(Code::UnsupportedByChannel, rule).with("name", shown(row)).with("item", format!("header {other}")).into())
        }
    }
}

/// `55.75,37.61`, perhaps followed by `|name|address`.
fn place(text: &str) -> Option<Place> {
    let mut parts = text.splitn(3, '|').map(str::trim);
    let (latitude, longitude) = parts.next()?.split_once([',', ';'])?;
    let part = |part: Option<&str>| part.filter(|part| !part.is_empty()).map(str::to_owned);
    let (name, address) = (part(parts.next()), part(parts.next()));
    let place = Place { latitude: latitude.trim().parse().ok()?, longitude: longitude.trim().parse().ok()?, name, address };
    place.exists().then_some(place)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_place_is_two_numbers_and_perhaps_words() {
        let whole = place(" 55.75, 37.61 | Склад | ул. Тестовая, 1").unwrap();
        assert_eq!((whole.latitude, whole.longitude), (55.75, 37.61));
        assert_eq!((whole.name.as_deref(), whole.address.as_deref()), (Some("Склад"), Some("ул. Тестовая, 1")));
        assert_eq!(place("-1;2").map(|place| place.name), Some(None));
        for text in ["", "55.75", "91,0", "0,181", "a,b", "NaN,1"] {
            assert_eq!(place(text), None, "{text}");
        }
    }
}
