//! What a built page is started with: its token, who looks, where it stands, and for a robot's settings the form itself.
//!
//! The viewer's tokens never go back into the page; document ids come from the request but count only after CRM has shown them.

use super::State;
use super::api::card::SenderView;
use super::api::session::of_card;
use super::problem::Problem;
use crate::bitrix::form;
use crate::bitrix::inbound::FramePost;
use crate::catalog::RobotSpec;
use crate::catalog::spec::Options;
use crate::domain::clock::iso;
use crate::flow::card;
use crate::flow::install::Viewer;
use crate::flow::page_session::Opened;
use crate::flow::theme;
use crate::i18n;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Options of a settings dialog that the page needs back.
const DIALOG: [&str; 5] = ["code", "activity_name", "current_values", "document_type", "document_fields"];

/// What is known when a page opens.
pub(super) struct Told<'a> {
    pub(super) frame: &'a FramePost,
    pub(super) viewer: &'a Viewer,
    pub(super) session: &'a Opened,
    pub(super) standing: &'a Stands,
    pub(super) lang: &'static str,
    pub(super) page: &'static str,
}

/// The document of a page, or why there is none.
#[derive(Debug, Default)]
pub(super) struct Stands {
    /// Proven readable.
    pub(super) document: Option<String>,
    /// Code of the problem that its tab shows.
    pub(super) problem: Option<&'static str>,
    /// As the request named it: the tab may ask for it again.
    pub(super) asked: Option<String>,
}

/// The document that a tab was opened in, by its options.
pub(super) fn document_of(frame: &FramePost, entity: &str) -> Option<String> {
    let id = form::text(&frame.options, "ID");
    let id = id.trim();
    (!id.is_empty() && id.len() < 20 && id.chars().all(|c| c.is_ascii_digit())).then(|| format!("{entity}_{id}"))
}

/// Proves that the viewer may read the document.
pub(super) async fn standing(state: &State, frame: &FramePost, viewer: &Viewer, document: Option<String>) -> Stands {
    let Some(document) = document else { return Stands::default() };
    match card::read(&state.ctx, &viewer.portal, &frame.sender.access_token, &document).await {
        Ok(_) => Stands { document: Some(document), ..Stands::default() },
        Err(why) => {
            let Problem { code, .. } = of_card(why);
            Stands { document: None, problem: Some(code.as_str()), asked: Some(document) }
        }
    }
}

/// Theme that the viewer chose.
pub(super) fn theme(viewer: &Viewer) -> &'static str {
    theme::of(&viewer.portal.settings, &viewer.user_id)
}

/// The JSON of `#boot`.
pub(super) fn json(state: &State, told: &Told<'_>, channels: &[SenderView]) -> Value {
    let mut boot = json!({
        "token": told.session.token,
        "expires_at": iso(told.session.expires_at),
        "now": iso(state.ctx.clock.now()),
        "page": told.page,
        "member_id": told.viewer.portal.member_id,
        "domain": told.viewer.portal.domain,
        "lang": told.lang,
        "theme": theme(told.viewer),
        "placement": told.frame.placement,
        "user": {"id": told.viewer.user_id, "name": told.viewer.name, "admin": told.viewer.admin},
        "document": told.standing.document,
        "problem": told.standing.problem,
        "asked": told.standing.asked,
        "channels": channels,
    });
    if told.page == "robot"
        && let Some(map) = boot.as_object_mut()
    {
        let dialog: Map<String, Value> =
            DIALOG.iter().filter_map(|key| Some(((*key).to_owned(), form::field(&told.frame.options, key)?.clone()))).collect();
        let code = form::text(&told.frame.options, "code");
        map.insert("dialog".to_owned(), Value::Object(dialog));
        map.insert("robot".to_owned(), state.ctx.catalog.find(&code).map_or(Value::Null, |spec| robot(spec, told.lang)));
    }
    boot
}

/// A robot's form in one language.
pub(in crate::web) fn robot(spec: &RobotSpec, lang: &str) -> Value {
    let none = BTreeMap::new();
    let word = |keys: &[String]| keys.iter().find_map(|key| i18n::find(lang, key, &none)).unwrap_or_default();
    let properties: Vec<Value> = spec
        .properties
        .iter()
        .map(|property| {
            let options = match &property.options {
                Options::None => Value::Null,
                Options::Channels => json!("channels"),
                Options::Keys(keys) => keys
                    .iter()
                    .map(|key| json!({"value": key, "label": i18n::word(lang, &format!("option-{}-{key}", property.id))}))
                    .collect(),
            };
            json!({
                "id": property.id, "type": property.kind, "multiple": property.multiple, "required": property.required, "options": options,
                "default": property.default, "min": property.min, "max": property.max, "max_chars": property.max_chars,
                "name": word(&spec.property_keys(&property.id, "name")),
                "description": word(&spec.property_keys(&property.id, "description")),
            })
        })
        .collect();
    json!({
        "code": spec.code, "sends": spec.sends, "name": word(&[spec.name_key()]), "description": word(&[spec.description_key()]),
        "properties": properties,
    })
}
