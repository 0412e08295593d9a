//! `send_file`: where files come from, what they are taken for, and what a bad one is told as.

use super::shelf::{self, Manner, Shelf};
use super::{fired, newest, well, with_partner};
use crate::support::story::story;
use crate::support::town::CLIENT;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

story! {
    /// Public addresses pass through, with the kind that their content makes them.
    async fn a_public_file_is_what_its_content_is(town) {
        town.client_writes("Пришлите фото").await;
        let shelf = Shelf::open(vec![
            ("/photo", Manner::Plain("image/png", shelf::PNG.to_vec())),
            ("/film.mp4", Manner::Plain("video/mp4", shelf::MP4.to_vec())),
            ("/song.mp3", Manner::Plain("audio/mpeg", shelf::MP3.to_vec())),
            ("/voice.ogg", Manner::Plain("audio/ogg", shelf::OPUS.to_vec())),
            ("/note.ogg", Manner::Plain("audio/ogg", shelf::OPUS.to_vec())),
            ("/act.pdf", Manner::Plain("application/pdf", shelf::PDF.to_vec())),
            ("/s.webp", Manner::Plain("image/webp", shelf::webp(512, 900))),
        ])
        .await;
        for (path, kind, body) in [
            ("/photo", "image", "originalUrl"),
            ("/film.mp4", "video", "url"),
            ("/song.mp3", "audio", "url"),
            ("/voice.ogg", "audio", "url"),
            ("/act.pdf", "document", "url"),
            ("/s.webp", "sticker", "url"),
        ] {
            let values = fired(&town, "send_file", json!({"source": [shelf.url(path)], "caption": "Вот"})).await;
            well(&values);
            assert_eq!(values["media_kind"], kind, "{path}");
            let message = newest(&town);
            assert_eq!((message.kind.as_str(), &message.body[body]), (kind, &json!(shelf.url(path))), "{path}");
            let captioned = ["image", "video", "document"].contains(&kind);
            assert_eq!(message.body["caption"], if captioned { json!("Вот") } else { Value::Null }, "{path}");
        }
        let values = fired(&town, "send_file", json!({"kind": "voice", "source": [shelf.url("/note.ogg")]})).await;
        assert_eq!((values["media_kind"].as_str(), values["rendered_text"].as_str()), (Some("voice"), Some("Голосовое сообщение")));
        assert_eq!(newest(&town).kind, "audio");
        with_partner(&town).await;
        well(&fired(&town, "send_file", json!({"kind": "голосовое сообщение", "source": [shelf.url("/voice.ogg")]})).await);
        assert_eq!(newest(&town).body["audio"], json!({"link": shelf.url("/voice.ogg"), "voice": true}));
        well(&fired(&town, "send_file", json!({"kind": "document", "source": [shelf.url("/photo")], "file_name": "Фото 1"})).await);
        let document = newest(&town);
        assert_eq!(document.body["document"]["filename"], "Фото 1.png");
        let stored = town.last_message().await;
        assert_eq!((&stored["media"]["kind"], &stored["media"]["mime"]), (&json!("document"), &json!("image/png")));
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Drive, fields of the document and of others, and the `file` property in every form Bitrix24 gives it. No portal's address leaves.
    async fn a_portals_file_is_copied_first(town) {
        town.portal.file(41, "Акт 118.pdf", shelf::PDF);
        town.portal.file(42, "b.png", shelf::PNG);
        town.portal.deal(512).file_field("UF_CRM_ACT", 41);
        town.portal.lead(12).title("Лид").file_field("UF_CRM_PHOTO", 42);
        town.client_writes("Пришлите акт").await;
        for (properties, name, kind) in [
            (json!({"source": ["disk:41"], "caption": "Акт"}), "Акт 118.pdf", "document"),
            (json!({"source": ["field:uf_crm_act"]}), "Акт 118.pdf", "document"),
            (json!({"source": ["LEAD_12:UF_CRM_PHOTO"]}), "b.png", "image"),
            (json!({"file": "41"}), "Акт 118.pdf", "document"),
            (json!({"file": ["41"], "file_name": "Счёт"}), "Счёт.pdf", "document"),
        ] {
            let values = fired(&town, "send_file", properties.clone()).await;
            well(&values);
            assert_eq!(values["media_kind"], kind, "{properties}");
            let message = newest(&town);
            let link = message.body.get("url").or(message.body.get("originalUrl")).and_then(Value::as_str).unwrap();
            assert!(link.starts_with(&town.url("/media/")), "{link}");
            if kind == "document" {
                assert_eq!(message.body["filename"], name, "{properties}");
            }
        }
        let values = fired(&town, "send_file", json!({"source": ["disk:42", "disk:41"], "caption": "Оба"})).await;
        well(&values);
        assert_eq!((values["media_kind"].as_str(), values["message_id"].as_str().unwrap().split(',').count()), (Some("image,document"), 2));
        let captions: Vec<Value> = town.network.messages_to(CLIENT).iter().rev().take(2).map(|m| m.body["caption"].clone()).collect();
        assert_eq!(captions.iter().filter(|caption| **caption == "Оба").count(), 1, "the caption stands once");
        let told = format!("{:?}", town.network.requests());
        assert!(!told.contains(&town.portal.domain()) && !told.contains("auth="), "no address of the portal reaches the provider");
        let journal = town.last_call().await.to_string();
        assert!(!journal.contains("/media/"), "nor does our key to the file reach the journal's readers");
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// Servers of the internet lie, dawdle and never end: what cannot be trusted is copied, what cannot be had is told in time.
    async fn bad_servers_are_survived(town) {
        town.client_writes("Пришлите фото").await;
        let shelf = Shelf::open(vec![
            ("/liar", Manner::Plain("image/png", b"<!doctype html><title>Login</title>".to_vec())),
            ("/other", Manner::Plain("image/png", shelf::PDF.to_vec())),
            ("/unnamed", Manner::Plain("application/octet-stream", shelf::PNG.to_vec())),
            ("/chunked", Manner::Chunked("image/png", shelf::padded(shelf::PNG, 10_000))),
            ("/silent", Manner::Silent),
            ("/endless", Manner::Endless(shelf::PNG)),
            ("/inside", Manner::Moved("http://169.254.169.254/latest/meta-data".to_owned())),
            ("/round", Manner::Moved("/round".to_owned())),
            ("/gone", Manner::Status(410)),
            ("/empty", Manner::Plain("image/png", Vec::new())),
        ])
        .await;
        for (path, kind, code) in [
            ("/liar", "auto", "media_invalid"),
            ("/other", "image", "media_invalid"),
            ("/empty", "auto", "media_invalid"),
            ("/silent", "auto", "media_unreachable"),
            ("/endless", "auto", "media_too_large"),
            ("/inside", "auto", "media_unreachable"),
            ("/round", "auto", "media_unreachable"),
            ("/gone", "auto", "media_unreachable"),
            ("/missing", "auto", "media_unreachable"),
        ] {
            let text = town.refuses("send_file", json!({"kind": kind, "source": [shelf.url(path)]}), code).await;
            assert!(text.contains(path) || path == "/inside", "{path}: {text}");
        }
        for path in ["/unnamed", "/chunked"] {
            well(&fired(&town, "send_file", json!({"source": [shelf.url(path)]})).await);
            let link = newest(&town).body["originalUrl"].as_str().unwrap().to_owned();
            assert!(link.starts_with(&town.url("/media/")), "{path} is served by us, with its type and length");
        }
        let before = shelf.hits.load(Ordering::SeqCst);
        town.refuses("send_file", json!({"source": ["http://169.254.169.254/latest"]}), "media_unreachable").await;
        town.refuses("send_file", json!({"source": ["http://nowhere.invalid/a.png"]}), "media_unreachable").await;
        assert_eq!(shelf.hits.load(Ordering::SeqCst), before);
    }
}

story! {
    /// Sizes and types of WhatsApp are kept before the wire, for each kind, wherever the file is.
    async fn limits_of_files_are_kept_before_the_wire(town) {
        const MB: usize = 1024 * 1024;
        town.portal.file(50, "huge.png", shelf::padded(shelf::PNG, 5 * MB + 1));
        town.portal.file(51, "notes.txt", "просто слова");
        town.portal.file(52, "small.webp", shelf::webp(256, 900));
        town.portal.file(53, "heavy.webp", shelf::webp(512, 101 * 1024));
        town.portal.file(54, "page.html", "<html><body>Вход</body></html>");
        town.client_writes("Пришлите файл").await;
        let shelf = Shelf::open(vec![("/huge.mp4", Manner::Plain("video/mp4", shelf::padded(shelf::MP4, 16 * MB + 1)))]).await;
        for (kind, source, code) in [
            ("auto", "disk:50".to_owned(), "media_too_large"),
            ("image", "disk:50".to_owned(), "media_too_large"),
            ("video", shelf.url("/huge.mp4"), "media_too_large"),
            ("sticker", "disk:53".to_owned(), "media_too_large"),
            ("image", "disk:51".to_owned(), "media_invalid"),
            ("video", "disk:50".to_owned(), "media_invalid"),
            ("audio", "disk:51".to_owned(), "media_invalid"),
            ("voice", "disk:51".to_owned(), "media_invalid"),
            ("sticker", "disk:52".to_owned(), "media_invalid"),
            ("document", "disk:54".to_owned(), "media_invalid"),
            ("auto", "disk:4040".to_owned(), "media_unreachable"),
            ("auto", "field:UF_CRM_NONE".to_owned(), "media_invalid"),
            ("auto", "LEAD_404:UF_CRM_X".to_owned(), "media_unreachable"),
            ("auto", "просто слова".to_owned(), "media_invalid"),
            ("auto", "90210".to_owned(), "media_invalid"),
        ] {
            town.refuses("send_file", json!({"kind": kind, "source": [source]}), code).await;
        }
        // The same picture passes as a document, whose limit is another.
        well(&fired(&town, "send_file", json!({"kind": "document", "source": ["disk:50"]})).await);
        assert_eq!(newest(&town).kind, "document");
        town.refuses("send_file", json!({}), "property_invalid").await;
        let many: Vec<String> = (0..11).map(|_| "disk:51".to_owned()).collect();
        town.refuses("send_file", json!({"source": many}), "property_invalid").await;
    }
}

story! {
    /// A file may stand above buttons; a portal that stumbles is asked again, and the call is not lost.
    async fn a_file_may_be_a_header(town) {
        town.portal.file(41, "Акт.pdf", shelf::PDF);
        town.client_writes("Что с актом?").await;
        town.portal.fault("disk.file.get", Some(1), courier24::sim::portal::Fault::Html { status: 503 });
        let values = fired(&town, "send_buttons", json!({"header": "disk:41", "text": "Акт верен?", "buttons": ["Да", "Нет"]})).await;
        well(&values);
        let message = newest(&town);
        assert_eq!((&message.body["content"]["type"], &message.body["content"]["filename"]), (&json!("file"), &json!("Акт.pdf")));
        assert!(values["rendered_text"].as_str().unwrap().starts_with("📎 Акт.pdf\n\nАкт верен?"));
        town.refuses("send_buttons", json!({"header": "disk:4040", "text": "x", "buttons": ["Да"]}), "media_unreachable").await;
    }
}
