//! `POST …/Messages.json` (reference 8.2, 8.4). What WhatsApp finds out comes as `undelivered` to the message's own `StatusCallback`.

use super::super::gupshup::codes::{self, Trouble};
use super::super::gupshup::template::Template;
use super::super::line::Line;
use super::super::message::{Button, ButtonKind, Content, Failure, MediaLink};
use super::super::server::{Answer, Call};
use super::super::state::{Accepting, State};
use super::{Refused, account, variables};
use crate::domain::clock::Ms;
use serde_json::{Map, Value, json};

/// Takes a message, or refuses.
///
/// # Errors
/// The vendor's refusal.
pub(super) fn send(state: &mut State, call: &Call, sid: &str, now: Ms) -> Result<Answer, Refused> {
    let line = account(state, call, Some(sid))?;
    if !call.header("content-type").starts_with("application/x-www-form-urlencoded") {
        return Err(Refused::new(400, 21_602, "Message body is required"));
    }
    let form: Vec<(String, String)> = form_urlencoded::parse(&call.body).into_owned().collect();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty());
    let to = number(field("To").unwrap_or_default()).ok_or_else(|| Refused::new(400, 21_211, "Invalid 'To' Phone Number"))?;
    match (field("From"), field("MessagingServiceSid")) {
        (Some(from), _) if number(from).as_deref() == Some(line.phone.as_str()) => {}
        (None, Some(service)) if service.starts_with("MG") => {}
        (Some(_), _) => return Err(Refused::new(400, 63_007, "Twilio could not find a Channel with the specified From address")),
        _ => return Err(Refused::new(400, 21_603, "A 'From' phone number is required")),
    }
    let callback = field("StatusCallback").map(str::to_owned);
    if callback.as_deref().is_some_and(|url| url::Url::parse(url).is_err()) {
        return Err(Refused::new(400, 21_609, "Invalid 'StatusCallback' URL"));
    }
    let (content, trouble) = content(&line, &field)?;
    let app = line.hosted();
    let template = content.kind == "template";
    let category = content.category.clone().unwrap_or_default();
    let trouble = trouble.or_else(|| {
        let found = codes::general(state, &app, &to, template, now).or_else(|| codes::marketing(state, &to, &category));
        found.map(|trouble| failure(&trouble))
    });
    let body: Map<String, Value> =
        form.iter().filter(|(name, _)| name != "StatusCallback").map(|(name, value)| (name.clone(), json!(value))).collect();
    let accepting = Accepting { account: line.name.clone(), to: to.clone(), content, body: Value::Object(body), failure: trouble };
    let accepted = state.accept(accepting, now);
    if let Some(callback) = callback {
        state.callbacks.insert(accepted.wamid.clone(), callback);
    }
    Ok(Answer::json(
        201,
        &json!({"sid": super::events::sid(&accepted.provider_id), "status": "queued", "to": format!("whatsapp:+{to}"),
            "from": format!("whatsapp:+{}", line.phone), "body": field("Body"), "num_media": if field("MediaUrl").is_some() {"1"} else {"0"},
            "account_sid": line.id, "error_code": null, "error_message": null, "direction": "outbound-api"}),
    ))
}

/// `whatsapp:+<digits>`.
fn number(address: &str) -> Option<String> {
    let digits = address.strip_prefix("whatsapp:+")?;
    let formed = digits.bytes().all(|byte| byte.is_ascii_digit()) && (7..=15).contains(&digits.len());
    formed.then(|| digits.to_owned())
}

type Read = (Content, Option<Failure>);

fn content<'a>(line: &Line, field: &impl Fn(&str) -> Option<&'a str>) -> Result<Read, Refused> {
    if let Some(sid) = field("ContentSid") {
        let template = line.templates.iter().find(|template| template.id == sid);
        let template = template.ok_or_else(|| Refused::new(400, 21_655, "The ContentSid is invalid"))?;
        let given = match field("ContentVariables") {
            None => Map::new(),
            Some(raw) => match serde_json::from_str(raw) {
                Ok(Value::Object(given)) if given.values().all(Value::is_string) => given,
                _ => return Err(Refused::new(400, 21_656, "The ContentVariables parameter is invalid")),
            },
        };
        return Ok(filled(template, &given));
    }
    let body = field("Body");
    if body.is_some_and(|body| body.chars().count() > 1_600) {
        return Err(Refused::new(400, 21_617, "The concatenated message body exceeds the 1600 character limit"));
    }
    let plain = |kind: &str| Content { kind: kind.to_owned(), text: body.unwrap_or_default().to_owned(), ..Content::default() };
    if let Some(url) = field("MediaUrl") {
        if url::Url::parse(url).is_err() {
            return Err(Refused::new(400, 21_620, "Invalid media URL"));
        }
        // The kind follows from what the address answers: any is fetched as a document is.
        return Ok((Content { media: Some(MediaLink::at("document", url)), ..plain("document") }, None));
    }
    if let Some(action) = field("PersistentAction") {
        let place = action.strip_prefix("geo:").and_then(|rest| rest.split('|').next()?.split_once(','));
        let degrees = place.and_then(|(lat, long)| Some((lat.parse::<f64>().ok()?, long.parse::<f64>().ok()?)));
        let formed = degrees.is_some_and(|(lat, long)| lat.abs() <= 90.0 && long.abs() <= 180.0);
        return if formed { Ok((plain("location"), None)) } else { Err(Refused::new(400, 63_021, "Channel invalid content error")) };
    }
    if body.is_none_or(|body| body.trim().is_empty()) {
        return Err(Refused::new(400, 21_602, "Message body is required"));
    }
    Ok((plain("text"), None))
}

fn filled(template: &Template, given: &Map<String, Value>) -> Read {
    let wanted = variables(template);
    let missing = wanted.iter().any(|key| given.get(key).and_then(Value::as_str).is_none_or(|value| value.trim().is_empty()));
    let mut text = template.body.clone();
    for (key, value) in given {
        text = text.replace(&format!("{{{{{key}}}}}"), value.as_str().unwrap_or_default());
    }
    let buttons = template.buttons.iter().enumerate().filter(|(_, button)| button["type"] == "QUICK_REPLY").map(|(index, button)| {
        let title = button["text"].as_str().unwrap_or_default().to_owned();
        Button { postback: Some(title.clone()), title, description: None, index, kind: ButtonKind::Template, request_id: None }
    });
    let content = Content {
        kind: "template".to_owned(),
        text,
        buttons: buttons.collect(),
        template: Some(template.element_name.clone()),
        category: Some(template.category.clone()),
        ..Content::default()
    };
    let trouble = match template.status.as_str() {
        "APPROVED" if missing || given.len() > wanted.len() => {
            Some((63_028, "Number of parameters provided does not match the expected number"))
        }
        "APPROVED" => None,
        "PAUSED" => Some((63_041, "Template Paused")),
        _ => Some((63_027, "Template does not exist")),
    };
    (content, trouble.map(|(code, reason)| Failure { code, reason: reason.to_owned(), early: false }))
}

/// The same trouble in Twilio's numbers.
fn failure(trouble: &Trouble) -> Failure {
    let (code, reason) = match trouble {
        Trouble::WindowClosed => (63_016, "Failed to send freeform message because you are outside the allowed window"),
        Trouble::NotOnWhatsApp => (63_024, "Invalid message recipient"),
        Trouble::OwnNumber => (63_031, "Channels message cannot have same From and To"),
        Trouble::MarketingStopped => (63_033, "Recipient opted out of marketing"),
        Trouble::MarketingCapped => (63_049, "Meta chose not to deliver this marketing message"),
        _ => (63_005, "Channel did not accept given content"),
    };
    Failure { code, reason: reason.to_owned(), early: false }
}
