//! Contents of the free-form sending robots: from a rendered operation to messages that the channel can say.
//!
//! First what the author wrote is held to WhatsApp's limits, without asking anybody. Then, only when the message may leave at all, files
//! and CRM cards are fetched. At the end each content is fitted to the channel. Nothing goes to a provider from here.

mod cards;
mod choices;
mod files;
mod fit;
mod shown;
mod split;
mod words;

use super::Ctx;
use super::desk::{Desk, Sender};
use super::media::{self, MediaFault};
use super::template_choice::{Fault, Filled};
use crate::catalog::operation::Operation;
use crate::domain::blank::is_blank;
use crate::domain::content::{
    Button, ButtonsContent, Card, Content, HeaderValue, LinkContent, ListContent, MediaContent, MediaKind, MediaRef, Place,
};
use crate::domain::document::CrmItem;
use crate::domain::refusal::{Code, Refusal};
use fit::Fit;
use url::Url;
use words::Form;
pub(super) use words::field_label;

impl From<MediaFault> for Fault {
    fn from(fault: MediaFault) -> Self {
        match fault {
            MediaFault::Refused(refusal) => Self::Refused(refusal),
            MediaFault::Later(error) => Self::Later(error),
        }
    }
}

/// What a content is made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    /// Everything.
    pub(super) ctx: &'a Ctx,
    /// Portal and channels.
    pub(super) desk: &'a Desk,
    /// The channel it leaves through.
    pub(super) sender: &'a Sender,
    /// The document of the call.
    pub(super) document: Option<CrmItem>,
    /// CODE of the robot.
    pub(super) code: &'a str,
    /// Why nobody would get it, whatever it is: then no file is fetched.
    pub(super) ahead: Option<&'a Refusal>,
}

impl Scene<'_> {
    fn form(&self) -> Form<'_> {
        Form { code: self.code, lang: self.desk.portal.lang }
    }

    /// Called before anything is fetched.
    fn may_leave(&self) -> Result<(), Refusal> {
        self.ahead.map_or(Ok(()), |refusal| Err(refusal.clone()))
    }
}

/// Makes the messages of a free-form operation, in sending order.
///
/// # Errors
/// The refusals of ROBOTS.md for each kind; [`Fault::Later`] when the portal does not answer now.
pub(super) async fn make(scene: &Scene<'_>, operation: &Operation) -> Result<Vec<Filled>, Fault> {
    let form = scene.form();
    let contents = match operation {
        Operation::SendButtons { header, text, footer, buttons, .. } => {
            vec![buttons_content(scene, header, text, footer, choices::buttons(&form, buttons)?).await?]
        }
        Operation::SendList { header, text, footer, list_button, rows, .. } => vec![Content::List(ListContent {
            header: given(header),
            body: text.clone(),
            footer: given(footer),
            button: list_button.trim().to_owned(),
            sections: choices::rows(&form, rows)?,
        })],
        Operation::SendLink { header, text, footer, button_title, url, .. } => vec![Content::CtaUrl(LinkContent {
            header: given(header),
            body: text.clone(),
            footer: given(footer),
            title: button_title.trim().to_owned(),
            url: address(&form, url)?,
        })],
        Operation::SendFile { file_kind, source, file, caption, file_name, .. } => {
            let ask = files::Ask { kind: MediaKind::parse(file_kind), source, file, caption, file_name };
            files::contents(scene, &ask).await?
        }
        Operation::SendContact { contact_ids, user, name, company, phones, emails, .. } => {
            let ask = cards::Ask { contact_ids, user, name, company, phones, emails };
            together(cards::all(scene, &ask).await?, cards_at_once(scene))
        }
        Operation::SendLocation { latitude, longitude, name, address, .. } => {
            vec![Content::Location(place(&form, *latitude, *longitude, name, address)?)]
        }
        Operation::RequestLocation { text, .. } => vec![Content::LocationRequest { body: text.clone() }],
        Operation::SendText { .. }
        | Operation::SendTemplate { .. }
        | Operation::WaitReply { .. }
        | Operation::WaitStatus { .. }
        | Operation::CheckWindow { .. }
        | Operation::ChatLink { .. }
        | Operation::FollowUp(_)
        | Operation::CancelFollowUps { .. }
        | Operation::SetConsent { .. }
        | Operation::CheckNumber { .. } => Vec::new(),
    };
    let mut filled = Vec::new();
    for content in contents {
        filled.extend(fitted(scene, content).await?);
    }
    Ok(filled)
}

/// What a client may press or say in answer to this operation, numbered as a degraded text numbers it. Empty for operations without choices.
pub fn choices_of(operation: &Operation) -> Vec<Button> {
    // The operation was sent, so it reads: a refusal cannot come here any more.
    let form = Form { code: "", lang: "en" };
    match operation {
        Operation::SendButtons { buttons, .. } => choices::buttons(&form, buttons).unwrap_or_default(),
        Operation::SendList { rows, .. } => {
            let sections = choices::rows(&form, rows).unwrap_or_default();
            sections.into_iter().flat_map(|section| section.rows).map(|row| Button { id: row.id, title: row.title }).collect()
        }
        _ => Vec::new(),
    }
}

/// What stands on the buttons of a message, for a preview; no file is fetched.
///
/// # Errors
/// The refusals of ROBOTS.md about buttons, rows and addresses.
pub(super) fn titles(code: &str, lang: &str, operation: &Operation) -> Result<Vec<(String, String)>, Refusal> {
    let form = Form { code, lang };
    match operation {
        Operation::SendButtons { buttons, .. } => {
            Ok(choices::buttons(&form, buttons)?.into_iter().map(|button| ("reply".to_owned(), button.title)).collect())
        }
        Operation::SendList { list_button, rows, .. } => {
            let rows = choices::rows(&form, rows)?.into_iter().flat_map(|section| section.rows).map(|row| ("row".to_owned(), row.title));
            Ok(std::iter::once(("list".to_owned(), list_button.trim().to_owned())).chain(rows).collect())
        }
        Operation::SendLink { button_title, url, .. } => {
            address(&form, url)?;
            Ok(vec![("url".to_owned(), button_title.trim().to_owned())])
        }
        _ => Ok(Vec::new()),
    }
}

/// What was written, if anything was.
fn given(text: &str) -> Option<String> {
    (!is_blank(text)).then(|| text.trim().to_owned())
}

async fn buttons_content(scene: &Scene<'_>, header: &str, text: &str, footer: &str, buttons: Vec<Button>) -> Result<Content, Fault> {
    const HEADER: usize = 60;
    let header = match given(header) {
        Some(source) if media::names_file(&source) => {
            scene.may_leave()?;
            let file = media::header_file(scene.ctx, &scene.desk.portal.id, scene.document, &source).await?;
            Some(HeaderValue::Media(file))
        }
        Some(value) => {
            scene.form().check("header", "", &value, HEADER)?;
            Some(HeaderValue::Text { value })
        }
        None => None,
    };
    Ok(Content::Buttons(ButtonsContent { header, body: text.to_owned(), footer: given(footer), buttons }))
}

/// http or https, with a host name (reference/whatsapp.md 5.3). What people paste holds blanks and letters of any alphabet: on the wire an
/// address has neither. One that is plain stays as it was written.
fn address(form: &Form<'_>, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| form.invalid("url", text, "hint-address"))?;
    let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
    let plain =
        text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') && !after_scheme.is_empty() && !after_scheme.starts_with('/');
    Ok(if plain { text.to_owned() } else { url.into() })
}

fn place(form: &Form<'_>, latitude: Option<f64>, longitude: Option<f64>, name: &str, address: &str) -> Result<Place, Refusal> {
    let (latitude, longitude) = (latitude.unwrap_or(f64::NAN), longitude.unwrap_or(f64::NAN));
    for (id, value, bound) in [("latitude", latitude, 90.0), ("longitude", longitude, 180.0)] {
        if !(-bound..=bound).contains(&value) {
            return Err(form.invalid(id, &value.to_string(), &format!("hint-{id}")));
        }
    }
    Ok(Place { latitude, longitude, name: given(name), address: given(address) })
}

/// Cards in as few messages as the channel takes.
fn together(cards: Vec<Card>, at_once: usize) -> Vec<Content> {
    cards.chunks(at_once.max(1)).map(|cards| Content::Contacts { cards: cards.to_vec() }).collect()
}

fn cards_at_once(scene: &Scene<'_>) -> usize {
    let known = scene.sender.capabilities();
    match known.upgrade.as_ref().filter(|upgrade| scene.sender.has_settings(scene.ctx, upgrade.settings)) {
        Some(upgrade) => upgrade.cards_at_once,
        None => known.cards_at_once,
    }
}

/// The kinds of this very channel: some need settings that not every channel has.
fn kinds(scene: &Scene<'_>, wanted: &str) -> Vec<&'static str> {
    let known = scene.sender.capabilities();
    let lacks = known
        .upgrade
        .as_ref()
        .is_some_and(|upgrade| upgrade.kinds.contains(&wanted) && !scene.sender.has_settings(scene.ctx, upgrade.settings));
    known.kinds.iter().copied().filter(|kind| !(lacks && *kind == wanted)).collect()
}

async fn fitted(scene: &Scene<'_>, content: Content) -> Result<Vec<Filled>, Fault> {
    let lang = scene.desk.portal.lang;
    let kind = content.kind();
    let cards = match &content {
        Content::Contacts { cards } => cards.clone(),
        _ => Vec::new(),
    };
    let filled = |content: Content, degraded: Option<&'static str>| Filled { text: shown::text(lang, &content), content, degraded };
    let mut kinds = kinds(scene, kind);
    if scene.sender.capabilities().cards_need_phone && cards.iter().any(|card| card.phones.is_empty()) {
        kinds.retain(|known| *known != kind);
    }
    match fit::fit(content, &kinds) {
        Fit::Whole(content) => Ok(vec![filled(content, None)]),
        Fit::Degraded(content, rule) => Ok(vec![filled(content, Some(rule))]),
        Fit::CardFiles(rule) => {
            scene.may_leave()?;
            let mut files = Vec::new();
            for card in &cards {
                let media = card_file(scene, card).await?;
                files.push(filled(Content::Document(MediaContent { media, caption: None }), Some(rule)));
            }
            Ok(files)
        }
        Fit::Unsayable => {
            let refusal = Refusal::new(Code::UnsupportedByChannel, format!("channel cannot send {kind}"));
            Err(refusal.with("name", scene.sender.row.name.clone()).with("item", kind).into())
        }
    }
}

async fn card_file(scene: &Scene<'_>, card: &Card) -> Result<MediaRef, MediaFault> {
    let name = format!("{}.vcf", card.name.formatted.replace(['/', '\\'], " "));
    media::put(scene.ctx, &scene.desk.portal.id, MediaKind::Document, &name, "text/vcard", card.vcard().as_bytes()).await
}
