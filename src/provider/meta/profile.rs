//! The business profile (reference/whatsapp.md 5.9).

use super::{access, answer};
use crate::domain::http::{Body, HttpRequest, HttpResponse, Method};
use crate::domain::outcome::ProviderError;
use crate::provider::profile::Profile;
use crate::provider::{ChannelConfig, json};
use serde_json::{Map, Value, json as make};

const FIELDS: &str = "about,address,description,email,profile_picture_url,websites,vertical";

fn path(channel: &ChannelConfig, method: Method) -> HttpRequest {
    access::request(channel, method, &[channel.text("phone_number_id"), "whatsapp_business_profile"])
}

/// Asks for it.
pub(super) fn build(channel: &ChannelConfig) -> HttpRequest {
    let mut request = path(channel, Method::Get);
    request.query.push(("fields".to_owned(), FIELDS.to_owned()));
    request
}

/// The specification nests it one deeper than live answers do.
pub(super) fn read(answer: &HttpResponse) -> Result<Profile, ProviderError> {
    let body = json::answered(answer, answer::refusal)?;
    let row = json::items(&body, "data").first().cloned().unwrap_or(Value::Null);
    let row = row.get("business_profile").cloned().unwrap_or(row);
    let sites: Vec<String> = json::items(&row, "websites").iter().filter_map(json::text).collect();
    Ok(Profile {
        about: json::at(&row, "about"),
        address: json::at(&row, "address"),
        description: json::at(&row, "description"),
        email: json::at(&row, "email"),
        websites: (!sites.is_empty()).then_some(sites),
        vertical: json::at(&row, "vertical"),
        picture_url: json::at(&row, "profile_picture_url"),
    })
}

/// Changes what is given.
pub(super) fn change(channel: &ChannelConfig, change: &Profile) -> HttpRequest {
    let mut body = Map::from_iter([("messaging_product".to_owned(), make!("whatsapp"))]);
    let texts = [
        ("about", &change.about),
        ("address", &change.address),
        ("description", &change.description),
        ("email", &change.email),
        ("vertical", &change.vertical),
    ];
    body.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), make!(text.as_ref()?)))));
    if let Some(sites) = &change.websites {
        body.insert("websites".to_owned(), make!(sites));
    }
    let mut request = path(channel, Method::Post);
    request.body = Body::Json(Value::Object(body));
    request
}
