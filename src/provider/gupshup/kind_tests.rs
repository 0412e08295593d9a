//! Every free-form kind in both dialects, compared with the contract's own samples (reference/whatsapp.md 4.2 and 5.3).

use super::send;
use crate::domain::content::{
    Button, ButtonsContent, Card, CardEmail, CardName, CardPhone, Content, HeaderValue, LinkContent, ListContent, MediaContent, MediaKind,
    MediaRef, Place, Row, Section,
};
use crate::domain::http::Body;
use crate::domain::identity::Identity;
use crate::domain::outcome::ErrorClass;
use crate::provider::{ChannelConfig, Outgoing};
use serde_json::{Value, json};

fn channel(partner: bool) -> ChannelConfig {
    let secrets = [("api_key", "key"), ("partner_token", "sk_1")];
    let given = if partner { &secrets[..] } else { &secrets[..1] };
    ChannelConfig::sample(&json!({"app_name": "TorgBot", "app_id": "82aa", "source": "74951230000"}), given)
}

fn outgoing(content: Content) -> Outgoing {
    Outgoing { message_id: "msg_1".to_owned(), to: Identity::phone("79160000001".to_owned()), content }
}

fn v1(content: &Content) -> Value {
    let Body::Form(form) = send::build(&channel(false), &outgoing(content.clone())).unwrap().body else { panic!("no form") };
    let message = form.iter().find(|(name, _)| name == "message").unwrap();
    serde_json::from_str(&message.1).unwrap()
}

/// The object under the type's name; the envelope around it is checked as well.
fn v3(content: &Content) -> (String, Value) {
    let Body::Json(body) = send::build(&channel(true), &outgoing(content.clone())).unwrap().body else { panic!("no JSON") };
    assert_eq!((&body["messaging_product"], &body["to"]), (&json!("whatsapp"), &json!("79160000001")));
    let kind = body["type"].as_str().unwrap().to_owned();
    (kind.clone(), body[&kind].clone())
}

fn file(media_kind: MediaKind, name: &str, caption: Option<&str>) -> Content {
    let media = MediaRef {
        media_kind,
        link: format!("https://cdn.example.org/{name}"),
        file_name: Some(name.to_owned()),
        mime: None,
        size_bytes: None,
    };
    Content::of_media(MediaContent { media, caption: caption.map(str::to_owned) })
}

#[test]
fn files_are_said_in_both_dialects() {
    let link = |name: &str| format!("https://cdn.example.org/{name}");
    let table = [
        (
            file(MediaKind::Image, "a.jpg", Some("Фото")),
            json!({"type": "image", "originalUrl": link("a.jpg"), "previewUrl": link("a.jpg"), "caption": "Фото"}),
            ("image", json!({"link": link("a.jpg"), "caption": "Фото"})),
        ),
        (file(MediaKind::Video, "v.mp4", None), json!({"type": "video", "url": link("v.mp4")}), ("video", json!({"link": link("v.mp4")}))),
        (
            file(MediaKind::Audio, "s.mp3", Some("никогда")),
            json!({"type": "audio", "url": link("s.mp3")}),
            ("audio", json!({"link": link("s.mp3")})),
        ),
        (
            file(MediaKind::Voice, "s.ogg", None),
            json!({"type": "audio", "url": link("s.ogg")}),
            ("audio", json!({"link": link("s.ogg"), "voice": true})),
        ),
        (
            file(MediaKind::Document, "act.pdf", Some("Акт")),
            json!({"type": "file", "url": link("act.pdf"), "filename": "act.pdf", "caption": "Акт"}),
            ("document", json!({"link": link("act.pdf"), "filename": "act.pdf", "caption": "Акт"})),
        ),
        (
            file(MediaKind::Sticker, "s.webp", None),
            json!({"type": "sticker", "url": link("s.webp")}),
            ("sticker", json!({"link": link("s.webp")})),
        ),
    ];
    for (content, form, (kind, body)) in table {
        assert_eq!(v1(&content), form);
        assert_eq!(v3(&content), (kind.to_owned(), body));
    }
}

fn button(id: &str, title: &str) -> Button {
    Button { id: id.to_owned(), title: title.to_owned() }
}

#[test]
fn buttons_carry_their_ids_in_both_dialects() {
    let text = |text: &str| Some(HeaderValue::Text { value: text.to_owned() });
    let mut buttons = ButtonsContent {
        header: text("Доставка"),
        body: "Удобно завтра?".to_owned(),
        footer: Some("Ответьте кнопкой".to_owned()),
        buttons: vec![button("yes_771", "Да"), button("no_771", "Нет")],
    };
    let options = json!([
        {"type": "text", "title": "Да", "postbackText": "yes_771"}, {"type": "text", "title": "Нет", "postbackText": "no_771"}]);
    assert_eq!(
        v1(&Content::Buttons(buttons.clone())),
        json!({"type": "quick_reply", "msgid": "msg_1", "options": options, "content":
            {"type": "text", "header": "Доставка", "text": "Удобно завтра?", "caption": "Ответьте кнопкой"}})
    );
    let replies = json!([
        {"type": "reply", "reply": {"id": "yes_771", "title": "Да"}}, {"type": "reply", "reply": {"id": "no_771", "title": "Нет"}}]);
    assert_eq!(
        v3(&Content::Buttons(buttons.clone())),
        (
            "interactive".to_owned(),
            json!({"type": "button", "header": {"type": "text", "text": "Доставка"}, "body": {"text": "Удобно завтра?"},
                "footer": {"text": "Ответьте кнопкой"}, "action": {"buttons": replies}})
        )
    );
    let Content::Document(act) = file(MediaKind::Document, "act.pdf", None) else { panic!("no document") };
    (buttons.header, buttons.footer) = (Some(HeaderValue::Media(act.media)), None);
    let link = "https://cdn.example.org/act.pdf";
    assert_eq!(
        v1(&Content::Buttons(buttons.clone()))["content"],
        json!({"type": "file", "url": link, "filename": "act.pdf", "text": "Удобно завтра?"})
    );
    assert_eq!(v3(&Content::Buttons(buttons)).1["header"], json!({"type": "document", "document": {"link": link, "filename": "act.pdf"}}));
}

#[test]
fn lists_and_links_are_said_in_both_dialects() {
    let row = |id: &str, title: &str, description: Option<&str>| Row {
        id: id.to_owned(),
        title: title.to_owned(),
        description: description.map(str::to_owned),
    };
    let list = Content::List(ListContent {
        header: Some("Выбор".to_owned()),
        body: "Куда доставить?".to_owned(),
        footer: Some("до 18:00".to_owned()),
        button: "Открыть".to_owned(),
        sections: vec![Section {
            title: Some("Центр".to_owned()),
            rows: vec![row("wh1", "Склад 1", Some("ул. А")), row("2", "Склад 2", None)],
        }],
    });
    assert_eq!(
        v1(&list),
        json!({"type": "list", "title": "Выбор", "body": "Куда доставить?", "footer": "до 18:00", "msgid": "msg_1",
            "globalButtons": [{"type": "text", "title": "Открыть"}],
            "items": [{"title": "Центр", "subtitle": "Центр", "options": [
                {"type": "text", "title": "Склад 1", "description": "ул. А", "postbackText": "wh1"},
                {"type": "text", "title": "Склад 2", "postbackText": "2"}]}]})
    );
    assert_eq!(
        v3(&list).1,
        json!({"type": "list", "header": {"type": "text", "text": "Выбор"}, "body": {"text": "Куда доставить?"}, "footer": {"text": "до 18:00"},
            "action": {"button": "Открыть", "sections": [{"title": "Центр", "rows": [
                {"id": "wh1", "title": "Склад 1", "description": "ул. А"}, {"id": "2", "title": "Склад 2"}]}]}})
    );
    let link = Content::CtaUrl(LinkContent {
        header: None,
        body: "Счёт готов".to_owned(),
        footer: None,
        title: "Открыть".to_owned(),
        url: "https://example.org/i/1".to_owned(),
    });
    assert_eq!(v1(&link), json!({"type": "cta_url", "body": "Счёт готов", "display_text": "Открыть", "url": "https://example.org/i/1"}));
    let action = json!({"name": "cta_url", "parameters": {"display_text": "Открыть", "url": "https://example.org/i/1"}});
    assert_eq!(v3(&link).1, json!({"type": "cta_url", "body": {"text": "Счёт готов"}, "action": action}));
}

#[test]
fn places_cards_and_reactions_are_said_in_both_dialects() {
    let place = Place {
        latitude: 55.75, longitude: 37.61, name: Some("Склад".to_owned()), address: Some("ул. Тестовая, 1".to_owned())
    };
    let content = Content::Location(place);
    let words = |latitude: Value, longitude: Value| json!({"latitude": latitude, "longitude": longitude, "name": "Склад", "address": "ул. Тестовая, 1"});
    let mut form = words(json!("55.75"), json!("37.61"));
    form["type"] = json!("location");
    assert_eq!(v1(&content), form);
    assert_eq!(v3(&content).1, words(json!(55.75), json!(37.61)));

    let ask = Content::LocationRequest { body: "Где вы?".to_owned() };
    assert_eq!(v3(&ask).1, json!({"type": "location_request_message", "body": {"text": "Где вы?"}, "action": {"name": "send_location"}}));
    let refused = send::build(&channel(false), &outgoing(ask)).unwrap_err();
    assert_eq!(refused.class, ErrorClass::Payload);

    let card = Card {
        name: CardName {
            formatted: "Инна Ким".to_owned(), first: Some("Инна".to_owned()), middle: None, last: Some("Ким".to_owned())
        },
        company: Some("ООО Пример".to_owned()),
        position: Some("Менеджер".to_owned()),
        phones: vec![CardPhone { phone: "+7 916 000-00-01".to_owned(), kind: "WORK".to_owned(), wa_id: Some("79160000001".to_owned()) }],
        emails: vec![CardEmail { email: "i@example.org".to_owned(), kind: "WORK".to_owned() }],
    };
    let phones = json!([{"phone": "+7 916 000-00-01", "type": "WORK", "wa_id": "79160000001"}]);
    let emails = json!([{"email": "i@example.org", "type": "WORK"}]);
    let org = json!({"company": "ООО Пример", "title": "Менеджер"});
    let one = Content::Contacts { cards: vec![card.clone()] };
    assert_eq!(
        v1(&one),
        json!({"type": "contact", "contact": {
            "name": {"formattedName": "Инна Ким", "firstName": "Инна", "lastName": "Ким"}, "phones": phones, "emails": emails, "org": org}})
    );
    assert_eq!(
        v3(&one).1,
        json!([{"name": {"formatted_name": "Инна Ким", "first_name": "Инна", "last_name": "Ким"}, "phones": phones, "emails": emails, "org": org}])
    );
    let two = Content::Contacts { cards: vec![card.clone(), card] };
    assert_eq!(send::build(&channel(false), &outgoing(two.clone())).unwrap_err().class, ErrorClass::Payload);
    assert_eq!(v3(&two).1.as_array().unwrap().len(), 2);

    let reaction = Content::Reaction { to_message_id: "wamid.1".to_owned(), emoji: "👍".to_owned() };
    assert_eq!(v1(&reaction), json!({"type": "reaction", "msgId": "wamid.1", "emoji": "👍"}));
    assert_eq!(v3(&reaction), ("reaction".to_owned(), json!({"message_id": "wamid.1", "emoji": "👍"})));
}
