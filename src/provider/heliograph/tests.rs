//! Fixtures are read, requests compared with the contract, the seal proven.

use super::*;
use crate::domain::content::{Content, MediaContent, MediaKind, MediaRef};
use crate::domain::event::What;
use crate::domain::http::{Body, Method};
use crate::domain::identity::Identity;
use crate::domain::outcome::ErrorClass;
use crate::domain::secret::Secret;
use crate::domain::state::Status;
use crate::provider::mac;
use bytes::Bytes;
use serde_json::json;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/heliograph/", $name, ".json"))
    };
}

fn channel() -> ChannelConfig {
    let settings = json!({"base_url": "https://helio.example.org", "station": "st_1"});
    ChannelConfig::sample(&settings, &[("station_key", "k3y"), ("seal_key", "s3al")])
}

fn request<'a>(body: &'a str, headers: &'a [(String, String)]) -> WebhookRequest<'a> {
    WebhookRequest { method: "POST", url: "https://c.example.org/hooks/heliograph/ch_1/s", headers, body: body.as_bytes() }
}

fn read(body: &str) -> Vec<ProviderEvent> {
    Heliograph.read_webhook(&channel(), &request(body, &[])).unwrap()
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> HttpResponse {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    HttpResponse { status, headers, body: Bytes::from(body.to_owned()) }
}

#[test]
fn a_dispatch_goes_to_a_person_or_a_room_and_its_id_stands_in_a_header() {
    let media = MediaRef { media_kind: MediaKind::Voice, link: "https://x/y".to_owned(), file_name: None, mime: None, size_bytes: None };
    let built = |to: Identity, content: Content| {
        let request = Heliograph.build_send(&channel(), &Outgoing { message_id: "msg_7".to_owned(), to, content }).unwrap();
        assert_eq!((request.method, request.url.as_str()), (Method::Post, "https://helio.example.org/v2/stations/st_1/dispatches"));
        assert!(request.secret_headers.iter().any(|(name, proof)| name == "authorization" && proof.expose() == "Station st_1:k3y"));
        let Body::Json(body) = request.body else { panic!("not JSON") };
        body
    };
    let text = Content::Text { body: "Привет".to_owned(), preview_link: false };
    assert_eq!(
        built(Identity::phone("79160000001"), text),
        json!({"to": {"tel": "+79160000001"}, "ref": "msg_7", "say": {"as": "words", "words": "Привет", "preview": false}})
    );
    let room = Identity { group: Some("1203".to_owned()), phone: Some("79160000001".to_owned()), ..Identity::default() };
    let voice = built(room, Content::Voice(MediaContent { media, caption: Some("нет".to_owned()) }));
    assert_eq!(voice, json!({"to": {"room": "1203"}, "ref": "msg_7", "say": {"as": "voice", "from": "https://x/y"}}));
    let lost = Outgoing { message_id: "m".to_owned(), to: Identity::default(), content: Content::LocationRequest { body: "?".to_owned() } };
    assert_eq!(Heliograph.build_send(&channel(), &lost).unwrap_err().class, ErrorClass::BadRecipient);
    let place = [("location", "/v2/stations/st_1/dispatches/dp_8f3a")];
    let taken = Heliograph.read_send(&answer(202, &place, r#"{"taken":true}"#));
    assert!(matches!(taken, SendOutcome::Accepted { provider_id, .. } if provider_id == "dp_8f3a"));
    assert!(matches!(Heliograph.read_send(&answer(202, &[], r#"{"taken":true}"#)), SendOutcome::Unknown { .. }));
    let refused = Heliograph.read_send(&answer(409, &[], fixture!("refused")));
    assert!(matches!(refused, SendOutcome::Retry { error, .. } if error.class == ErrorClass::Session));
    assert!(matches!(Heliograph.read_send(&answer(503, &[], "<html>")), SendOutcome::Unknown { .. }));
}

#[test]
fn a_batch_is_as_many_events_as_beams() {
    let events = read(fixture!("lights"));
    let [landed, lost, strange] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((landed.key.as_str(), landed.sender.as_deref(), landed.at), ("bm_01", Some("st_1"), 1_791_014_400_250));
    let What::Status(status) = &landed.what else { panic!("no status") };
    assert_eq!(
        (status.status, status.own_tag.as_deref(), status.ids.as_slice()),
        (Status::Delivered, Some("msg_7"), ["dp_8f3a".to_owned()].as_slice())
    );
    let What::Status(status) = &lost.what else { panic!("no status") };
    assert_eq!((status.status, status.error.as_ref().map(|error| error.class)), (Status::Failed, Some(ErrorClass::BadRecipient)));
    assert_eq!(strange.what, What::Other { label: "weather".to_owned() });
}

#[test]
fn letters_of_people_and_rooms_are_read() {
    let [picture, choice] = read(fixture!("letters")).try_into().unwrap();
    let What::Message(letter) = picture.what else { panic!("no letter") };
    assert_eq!((letter.kind.as_str(), letter.wa_id.as_str(), letter.caption.as_deref()), ("image", "lt_01", Some("Смотрите")));
    assert_eq!((letter.identity.group.as_deref(), letter.identity.phone.as_deref()), (Some("120363000000000001"), Some("79160000001")));
    let source = letter.media.as_ref().and_then(|media| media["url"].as_str()).unwrap().to_owned();
    let FileAsk::File(request) = Heliograph.build_file(&channel(), &source) else { panic!("asked first") };
    assert_eq!((request.url.as_str(), request.secret_headers.len()), ("https://helio.example.org/v2/stations/st_1/files/fl_9", 1));
    let FileAsk::File(foreign) = Heliograph.build_file(&channel(), "https://cdn.example.org/a") else { panic!("asked first") };
    assert!(foreign.secret_headers.is_empty(), "the key goes nowhere else");
    let What::Message(letter) = choice.what else { panic!("no letter") };
    assert_eq!((letter.kind.as_str(), letter.reply_id.as_deref(), letter.text.as_deref()), ("button_reply", Some("y"), Some("Да")));
    assert_eq!(letter.context_ids, ["dp_8f3a"]);
}

#[test]
fn the_seal_covers_its_moment_and_the_body() {
    let body = fixture!("lamp");
    let seal = |moment: &str, key: &str| mac::sha256_hex(&Secret::new(key), format!("{moment}.{body}").as_bytes());
    let verify = |told: String| {
        let headers = [("x-heliograph-seal".to_owned(), told)];
        Heliograph.verify_webhook(&channel(), &request(body, &headers))
    };
    assert_eq!(verify(format!("t=1791014400,v1={}", seal("1791014400", "s3al"))), Ok(()));
    for told in [
        format!("t=1791014401,v1={}", seal("1791014400", "s3al")),
        format!("t=1791014400,v1={}", seal("1791014400", "other")),
        format!("v1={}", seal("", "s3al")),
        String::new(),
    ] {
        assert_eq!(verify(told), Err(WebhookError::Forged));
    }
    let [lamp] = read(body).try_into().unwrap();
    assert!(matches!(lamp.what, What::Account(told) if (told.state.as_str(), told.phone.as_deref()) == ("connected", Some("74951230000"))));
    assert_eq!(Heliograph.read_webhook(&channel(), &WebhookRequest { method: "GET", url: "u", headers: &[], body: b"" }), Ok(Vec::new()));
    assert!(matches!(Heliograph.read_webhook(&channel(), &request("{}", &[])), Err(WebhookError::Unparsable(_))));
}

#[test]
fn the_mirror_is_turned_once_and_again_for_another_seal() {
    let url = "https://c.example.org/hooks/heliograph/ch_1/s";
    let print = "26f1dc9d";
    let [put] = Heliograph.build_subscribe(&channel(), url, &json!({"to": null, "seal_print": null})).try_into().unwrap();
    let Body::Json(body) = put.body else { panic!("not JSON") };
    assert_eq!((put.method, body), (Method::Put, json!({"to": url, "seal": "s3al"})));
    assert!(Heliograph.build_subscribe(&channel(), url, &json!({"to": url, "seal_print": print})).is_empty());
    assert_eq!(Heliograph.build_subscribe(&channel(), url, &json!({"to": url, "seal_print": "00000000"})).len(), 1);
}

#[test]
fn an_aligned_station_needs_no_picture() {
    let told = |status: u16, body: &str| Heliograph.read_pairing(&Ask::Picture, &answer(status, &[], body));
    assert!(matches!(told(409, r#"{"fault":{"word":"lit"}}"#), Ok(Told::Linked)));
    assert!(matches!(told(409, fixture!("refused")), Ok(Told::Expired)));
    assert!(matches!(told(200, r#"{"png":"iVBO"}"#), Ok(Told::Picture(_))));
    assert!(told(200, "{}").is_err() && told(401, r#"{"fault":{"word":"bad-key"}}"#).is_err());
}
