//! The refusals of `table`, as their processes hear them: each is played in the state of the world that brings it about, with all results of
//! its robot in the answer and words that say what to do.

use super::table::{NOBODY, Row, Stage, rows};
use crate::conformance::seat::that;
use crate::kinds::shelf;
use crate::support::story::story;
use crate::support::town::{APP, Town};
use courier24::domain::clock::{DAY, HOUR, MINUTE};
use courier24::sim::portal::{Document, Fault as PortalFault, StepId};
use courier24::sim::whatsapp::fault::{Fault, FaultRule};
use courier24::sim::whatsapp::gupshup::template::Template;
use serde_json::{Map, Value, json};

/// Every answer names all results of its robot, and says in words what to do.
fn in_words(town: &Town, row: &Row, told: &Map<String, Value>) {
    let Row { robot, stage, code, properties, word, .. } = row;
    let shown: String = properties.to_string().chars().take(160).collect();
    assert_eq!((told["error_code"].as_str(), told["ok"].as_str()), (Some(*code), Some("N")), "{robot} {stage:?} {shown}: {told:?}");
    let text = told["error_text"].as_str().unwrap();
    assert!(text.chars().count() > 40 && text.contains(word), "{robot} {stage:?} {shown}: «{word}» in: {text}");
    assert!(
        !text.contains("{ $") && !text.contains("hint-") && !text.contains("refusal-") && !text.contains("pattern-"),
        "{robot}: {text}"
    );
    for id in super::results_of(town, robot) {
        assert!(told.contains_key(&id), "{robot} {code}: {id} is missing in {told:?}");
    }
}

fn rows_of(stage: Stage) -> Vec<Row> {
    rows().into_iter().filter(|row| row.stage == stage).collect()
}

/// Plays the rows of a stage whose refusals come before the wire.
async fn refuse_all(town: &Town, stage: Stage) {
    for row in rows_of(stage) {
        let deal = Document::deal(row.deal);
        if row.code == "unsupported_by_channel" && row.robot == "check_number" {
            // Not a refusal but the answer `E` with its reason.
            town.advance(MINUTE);
            let step = town.fires(row.robot, row.properties.clone()).await;
            town.settle().await;
            let told = town.told(step);
            in_words(town, &row, &told);
            assert_eq!(told["exists"], "E");
            continue;
        }
        town.refuses_in(deal, row.robot, row.properties.clone(), row.code).await;
        let told = town.last_call().await["answer"]["values"].as_object().unwrap().clone();
        in_words(town, &row, &told);
    }
    town.nothing_twice_nothing_lost().await;
}

/// Files, templates and a deal that the rows speak of.
async fn furnished(town: &Town) {
    town.portal.deal(NOBODY).title("Без клиента");
    town.portal.file(41, "act.pdf", shelf::PDF);
    town.portal.file(42, "huge.png", shelf::padded(shelf::PNG, 6 * 1024 * 1024));
    town.portal.file(43, "notes.txt", "просто слова");
    town.portal.file(44, "page.html", "<!doctype html><title>Вход</title>");
    town.network.app(APP).add_template(Template::new("with_image", "ru", "Смотрите, {{1}}").header_media("IMAGE"));
    let channel = town.channel.clone();
    let (status, told) = town.api_post(&format!("/channels/{channel}/templates/sync"), json!({})).await;
    assert_eq!(status, 200, "{told}");
}

story! {
    /// A client who never wrote: free text is refused, and so is a template in its place that does not fit.
    async fn outside_the_window(town) from rested {
        furnished(&town).await;
        refuse_all(&town, Stage::Closed).await;
    }
}

story! {
    /// In an open window everything that is wrong with the properties themselves.
    async fn in_an_open_window(town) from rested {
        furnished(&town).await;
        town.client_writes("Здравствуйте").await;
        refuse_all(&town, Stage::Open).await;
    }
}

story! {
    /// A client who refused everything gets nothing of any kind.
    async fn to_a_client_who_refused(town) from rested {
        furnished(&town).await;
        town.client_writes("Здравствуйте").await;
        town.fires("set_consent", json!({"action": "opt_out", "scope": "all"})).await;
        town.settle().await;
        refuse_all(&town, Stage::OptedOut).await;
    }
}

story! {
    /// Quiet hours that last longer than the window: holding would be of no use.
    async fn in_quiet_hours(town) from rested {
        furnished(&town).await;
        town.client_writes("Здравствуйте").await;
        let settings = format!("/api/v1/portals/{}/settings", town.portal.member_id());
        let (status, told) = town.request("PUT", &settings, Some(json!({"quiet_hours": "11:00-10:45"}))).await;
        assert_eq!(status, 200, "{told}");
        town.advance(2 * HOUR);
        refuse_all(&town, Stage::Quiet).await;
    }
}

story! {
    /// A channel whose key is wrong, and one whose own number nobody knows.
    async fn through_a_broken_channel(town) from rested {
        furnished(&town).await;
        town.client_writes("Здравствуйте").await;
        that(|known| known.pairing).connects_a_stranger(&town, "Без номера").await;
        town.network.app(APP).change(|app| app.api_key = "sk_rotated".to_owned());
        town.fires("send_text", json!({"text": "x", "wait_for": "none"})).await;
        town.settle().await;
        assert_eq!(town.channel_state().await, "auth_failed");
        refuse_all(&town, Stage::Broken).await;
    }
}

/// Fires all rows of a stage at once.
async fn fire_all(town: &Town, stage: Stage) -> Vec<(Row, StepId)> {
    let mut steps = Vec::new();
    for row in rows_of(stage) {
        let step = town.portal.fires(row.robot, Document::deal(row.deal), row.properties.clone()).await.unwrap();
        steps.push((row, step));
    }
    steps
}

story! {
    /// A portal that does not answer about its CRM for a day: every process that needs it is told in the end, and nobody hangs.
    async fn while_the_portal_is_silent(town) from rested {
        furnished(&town).await;
        town.client_writes("Здравствуйте").await;
        town.portal.fault("crm.item.get", None, PortalFault::Html { status: 503 });
        let steps = fire_all(&town, Stage::Silent).await;
        town.settle().await;
        town.pass(DAY + 2 * HOUR).await;
        // It answers again: what was decided meanwhile is told.
        town.portal.clear_faults();
        town.pass(HOUR).await;
        for (row, step) in steps {
            in_words(&town, &row, &town.told(step));
        }
        assert_eq!(town.sends(), 0);
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A provider that refuses a message, and one whose outcome nobody knows: the process hears it, and nothing is sent again.
    async fn after_the_wire(town) from rested {
        furnished(&town).await;
        for (stage, fault) in [
            (Stage::Rejecting, Fault::Answer {
                status: 400,
                headers: Vec::new(),
                body: r#"{"status":"error","message":"Invalid Destination"}"#.to_owned(),
                content_type: "application/json".to_owned(),
            }),
            (Stage::Unsure, Fault::bad_gateway()),
        ] {
            for row in rows_of(stage) {
                town.client_writes("Жду").await;
                town.pass(MINUTE).await;
                let before = town.sends();
                town.network.fault_next("/msg", fault.clone());
                let step = town.fires(row.robot, row.properties.clone()).await;
                town.pass(10 * MINUTE).await;
                in_words(&town, &row, &town.told(step));
                assert_eq!(town.sends(), before + 1, "{} {stage:?}: once", row.robot);
                // Somebody gets through: the channel does not rest.
                town.network.clear_faults();
                town.advance(MINUTE);
                let step = town.sends_template(json!({"params": [row.robot, format!("{stage:?}")]})).await;
                town.settle().await;
                assert_eq!(town.told(step)["ok"], "Y", "{}", row.robot);
            }
        }
        town.nothing_twice_nothing_lost().await;
    }
}

story! {
    /// A provider that says "too many" all day: every process is told before the day is over.
    async fn while_the_provider_is_busy(town) from rested {
        furnished(&town).await;
        town.client_writes("Здравствуйте").await;
        town.network.fault(FaultRule { path: "/msg".to_owned(), times: 10_000, skip: 0, fault: Fault::too_many_requests(None) });
        let steps = fire_all(&town, Stage::Busy).await;
        town.settle().await;
        town.pass(8 * HOUR).await;
        for (row, step) in steps {
            in_words(&town, &row, &town.told(step));
        }
        assert_eq!(town.got(), 0);
    }
}
