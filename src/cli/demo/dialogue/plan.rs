//! What was set up before the story: the deal, its stages' robots and processes, the approved templates. All words come from `dialogue.ftl`.
//!
//! A process here is what an administrator draws in the designer: activities of ours, one after another, that take values of earlier
//! ones (`{=A1:reply_title}`) and of the deal's fields (`{=Document:UF_CRM_TIME}`).

use super::super::stage::{APP, STATUS_FIELD};
use super::{DEAL_ID, Talk};
use crate::i18n;
use crate::sim::portal::{DEAL, Document};
use crate::sim::whatsapp::gupshup::app::App;
use crate::sim::whatsapp::gupshup::template::Template;
use serde_json::{Value, json};

/// Stages of the deal in their order; their names are `talk-stage-*`.
pub(super) const PACKED: &str = "PREPARATION";
pub(super) const ARRANGING: &str = "PREPAYMENT_INVOICE";
pub(super) const PAYMENT: &str = "EXECUTING";
pub(super) const BOOKED: &str = "FINAL_INVOICE";
pub(super) const DELIVERED: &str = "WON";

/// Fields of the deal that robots write; their labels are `talk-field-*`.
pub(super) const HALF: &str = "UF_CRM_HALF";
pub(super) const TIME: &str = "UF_CRM_TIME";
pub(super) const LATITUDE: &str = "UF_CRM_LATITUDE";
pub(super) const LONGITUDE: &str = "UF_CRM_LONGITUDE";
pub(super) const LIFT: &str = "UF_CRM_LIFT";
pub(super) const SILENT: &str = "UF_CRM_NO_ANSWER";
pub(super) const PROMO: &str = "UF_CRM_PROMO";
pub(super) const WHY_NOT: &str = "UF_CRM_PROMO_ERROR";

const CONTACT_ID: i64 = 7;
const INVOICE_FILE: i64 = 41;
const INVOICE: &[u8] =
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

/// The stage's name in the locale.
pub(super) fn stage_key(stage: &str) -> &'static str {
    match stage {
        PACKED => "talk-stage-packed",
        ARRANGING => "talk-stage-arranging",
        PAYMENT => "talk-stage-payment",
        BOOKED => "talk-stage-booked",
        DELIVERED => "talk-stage-delivered",
        _ => "talk-stage-new",
    }
}

/// The field's label in the locale.
pub(super) fn field_key(field: &str) -> &'static str {
    match field {
        STATUS_FIELD => "talk-field-status",
        HALF => "talk-field-half",
        TIME => "talk-field-time",
        LATITUDE => "talk-field-latitude",
        LONGITUDE => "talk-field-longitude",
        LIFT => "talk-field-lift",
        SILENT => "talk-field-silent",
        PROMO => "talk-field-promo",
        _ => "talk-field-why-not",
    }
}

/// The business at WhatsApp: its number and the templates that were approved.
pub(in crate::cli::demo) fn app(lang: &str) -> App {
    let body = |key: &str| i18n::word(lang, key);
    let app = App { source: body("talk-source"), ..App::new(APP) };
    app.with_templates([
        Template::new("order_packed", lang, &body("talk-template-packed")).quick_reply(&body("talk-button-arrange")),
        Template::new("how_was_it", lang, &body("talk-template-feedback")),
        Template::new("armchair_sale", lang, &body("talk-template-sale")).category("MARKETING"),
        Template::new("warranty", lang, &body("talk-template-warranty")),
    ])
}

impl Talk<'_> {
    /// Deal, contact, fields and file; robots and processes on the stages.
    pub(super) fn furnishes_the_portal(&mut self) {
        let portal = &self.stage.portal;
        for field in [STATUS_FIELD, HALF, TIME, LATITUDE, LONGITUDE, LIFT, SILENT, PROMO, WHY_NOT] {
            portal.user_field(DEAL, field, "string");
        }
        portal.contact(CONTACT_ID).name(&self.word("talk-client"), "").phone(&format!("+{}", self.phone));
        portal.deal(DEAL_ID).title(&self.word("talk-deal")).contact(CONTACT_ID).responsible(5).stage("NEW");
        portal.file(INVOICE_FILE, &self.word("talk-file"), INVOICE);
        self.stage.known.deal = DEAL_ID;
        self.client().named(&self.word("talk-client"));
        portal.place_robot(DEAL, PACKED, "send_template", self.packed());
        portal.attach_trigger("courier24_button_pressed", DEAL, ARRANGING);
        let process = || portal.process(Document::deal(DEAL_ID));
        portal.place_process(
            DEAL,
            ARRANGING,
            process()
                .then("send_buttons.activity", self.which_half())
                .then("send_list.activity", self.which_hours())
                .then("request_location.activity", self.which_place())
                .then("send_text.activity", json!({"text": self.word("talk-say-lift")}))
                .then("wait_reply.activity", self.yes_or_no()),
        );
        let invoice =
            json!({"source": [format!("disk:{INVOICE_FILE}")], "caption": self.word("talk-say-invoice"), "wait_for": "delivered"});
        let unpaid = self.before_the_window_closes(&self.word("talk-say-unpaid"), "invoice");
        portal.place_process(DEAL, PAYMENT, process().then("send_file.activity", invoice).then("follow_up.activity", unpaid));
        let time = format!("{{=Document:{TIME}}}");
        let tomorrow = self.before_the_window_closes(&self.text("talk-say-tomorrow", &[("time", &time)]), "tomorrow");
        portal.place_process(
            DEAL,
            BOOKED,
            process()
                .then("send_text.activity", json!({"text": self.text("talk-say-paid", &[("time", &time)]), "wait_for": "delivered"}))
                .then("send_contact.activity", self.courier())
                .then("follow_up.activity", tomorrow),
        );
        portal.place_process(
            DEAL,
            DELIVERED,
            process().then("send_text.activity", self.feedback()).then("wait_reply.activity", self.any_answer()),
        );
    }

    fn packed(&self) -> Value {
        json!({
            "template": format!("order_packed:{}", self.stage.narrator.lang()),
            "params": [format!("1={}", self.word("talk-client")), format!("2={}", self.word("talk-goods")), format!("3={DEAL_ID}")],
            "wait_for": "read", "wait_hours": "24", "write_fields": [format!("{STATUS_FIELD} = status")],
        })
    }

    fn which_half(&self) -> Value {
        let buttons = ["talk-button-morning", "talk-button-afternoon", "talk-button-other"].map(|key| self.word(key));
        let [morning, afternoon, other] = buttons;
        json!({
            "text": self.text("talk-say-half", &[("client", &self.word("talk-client"))]),
            "buttons": [format!("morning|{morning}"), format!("afternoon|{afternoon}"), format!("other|{other}")],
            "wait_reply": "Y", "reply_minutes": "180", "write_fields": [format!("{HALF} = reply_title")],
        })
    }

    fn which_hours(&self) -> Value {
        let row = |id: &str, hours: &str, note: &str| format!("{id}|{}|{}", self.word(hours), self.word(note));
        json!({
            "text": self.text("talk-say-hours", &[("half", "{=A1:reply_title}")]), "list_button": self.word("talk-button-hours"),
            "rows": [row("early", "talk-row-early", "talk-row-early-note"), row("middle", "talk-row-middle", "talk-row-middle-note"),
                row("late", "talk-row-late", "talk-row-late-note")],
            "wait_reply": "Y", "reply_minutes": "180", "write_fields": [format!("{TIME} = reply_title")],
        })
    }

    fn which_place(&self) -> Value {
        json!({"text": self.word("talk-say-place"), "wait_reply": "Y", "reply_minutes": "180",
            "write_fields": [format!("{LATITUDE} = latitude"), format!("{LONGITUDE} = longitude")]})
    }

    fn yes_or_no(&self) -> Value {
        json!({"expected": [format!("yes={}", self.word("talk-yes-words")), format!("no={}", self.word("talk-no-words"))],
            "ask_again": self.word("talk-say-again"), "attempts": "3", "reply_minutes": "180", "write_fields": [format!("{LIFT} = reply_text")]})
    }

    /// An hour before the window closes, with what ends it by default: a reply, the next stage, the deal's end, an opt-out.
    fn before_the_window_closes(&self, text: &str, chain: &str) -> Value {
        json!({"when": "before_window_closes", "offset_minutes": "60", "text": text, "chain": chain})
    }

    fn courier(&self) -> Value {
        json!({"name": self.word("talk-courier"), "company": self.word("talk-business"), "phones": [self.word("talk-courier-phone")],
            "wait_for": "delivered"})
    }

    fn feedback(&self) -> Value {
        json!({"text": self.word("talk-say-feedback"), "on_closed_window": "template", "wait_for": "delivered",
            "fallback_template": format!("how_was_it:{}", self.stage.narrator.lang()),
            "fallback_params": [format!("1={}", self.word("talk-client")), format!("2={}", self.word("talk-goods"))]})
    }

    fn any_answer(&self) -> Value {
        json!({"reply_minutes": "120", "write_fields": [format!("{SILENT} = timed_out")]})
    }

    /// Advertising: the category that needs the client's good will.
    pub(super) fn sale(&self) -> Value {
        json!({"template": format!("armchair_sale:{}", self.stage.narrator.lang()), "params": [format!("1={}", self.word("talk-client"))],
            "write_fields": [format!("{PROMO} = status"), format!("{WHY_NOT} = error_code")]})
    }

    /// Service: still allowed to whoever refused advertising.
    pub(super) fn warranty(&self) -> Value {
        json!({"template": format!("warranty:{}", self.stage.narrator.lang()),
            "params": [format!("1={}", self.word("talk-client")), format!("2={}", self.word("talk-goods"))]})
    }
}
