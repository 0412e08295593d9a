//! The stories: what is played while the application may die.

use super::{Act, Story, after};
use crate::support::story::Engine;
use crate::support::town::{APP, CLIENT, Town};
use courier24::cli::redrive;
use courier24::db::{self, crypto::Sealer};
use courier24::domain::clock::{DAY, HOUR, MINUTE, SECOND};
use courier24::domain::secret::Secret;
use courier24::flow::{alarm, register};
use courier24::queue::{self, Job, NewJob};
use courier24::sim::portal::{Document, Fault, FaultRule, PortalConfig};
use courier24::sim::whatsapp::Fault as NetworkFault;
use courier24::sim::whatsapp::gupshup::template::Template;
use courier24::sim::whatsapp::inbound::Inbound;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::time::Duration;

/// A town whose application answers slowly without harm: this machine has other work.
pub(super) async fn town(engine: Engine) -> Option<Town> {
    let mut town = Town::prepared(engine, PortalConfig::default()).await?;
    town.patience = Duration::from_secs(20);
    Some(town)
}

macro_rules! act {
    ($name:ident($town:ident) $body:block) => {
        fn $name($town: &mut Town) -> BoxFuture<'_, ()> {
            async move { $body }.boxed()
        }
    };
}

const fn story(name: &'static str, ground: Act, play: Act) -> Story {
    Story { name, ground, play, mend: nothing, check: nothing, main: false, forgets: false }
}

/// All stories; the main job's come first: they may be played again in the same town, and the machinery is killed in them.
pub(super) static ALL: &[Story] = &[
    Story { main: true, check: read_is_shown, ..story("a template is read", open, template_is_read) },
    Story { main: true, ..story("free text in an open window", open, text_in_window) },
    Story { main: true, check: deadline_answered, ..story("a wait ends", open, wait_ends) },
    Story { main: true, ..story("a held message is released", open, held_is_released) },
    Story { main: true, ..story("several answers at once", open, answers_together) },
    Story { mend: install_again, check: robots_stand, ..story("install", nothing, install) },
    Story { mend: connect_again, check: channel_stands, ..story("a channel is connected", installed, connect) },
    story("a gateway is connected", open, gateway_connected),
    story("the token has ended", open, token_has_ended),
    story("the portal moves and its server stumbles", open, portal_moves),
    Story { mend: rested_month, ..story("an idle month", open, idle_month) },
    story("files in headers", with_files, files_in_headers),
    story("cards of CRM and a file that does not fit", with_files, cards_and_misfit),
    Story { mend: install_again, check: robots_stand, ..story("uninstalled and installed again", open, leave_and_return) },
    Story { check: administrator_knows, ..story("an alarm is told", open, alarm_is_told) },
    Story { forgets: true, ..story("retention", with_files, retention) },
    Story { forgets: true, ..story("a portal is forgotten", open, portal_is_forgotten) },
    story("events of the portal", open, portal_events),
    Story { forgets: true, ..story("the operator's hands", open, operators_hands) },
    Story { mend: prune_again, ..story("another set of robots", open, other_robots) },
    Story { mend: prune_again, check: tabs_stand, ..story("a tab is missing", with_pages, tab_is_missing) },
    story("opt-in lists", open, opt_in_lists),
    story("templates are refused", open, templates_refused),
    story("the portal loses its answers", open, portal_loses_answers),
    story("the portal knows comments only", open, portal_knows_comments),
    story("an answer after the lease", open, answer_after_lease),
    Story { mend: install_again, check: robots_stand, ..story("a nameless application", nothing, nameless_install) },
    Story { mend: install_again, check: robots_stand, ..story("a registration breaks off", nothing, stumbling_install) },
    Story { mend: reseal_again, check: new_key_alone, ..story("another master key", under_both_keys, reseal) },
    story("an old portal's first calls", nothing, old_portal_calls),
    Story { check: moved_once, ..story("a client answers", open, client_answers) },
    Story { check: one_lead, ..story("a stranger becomes a lead", open, stranger_writes) },
    Story { mend: channel_goes_on, ..story("follow-ups", open, follow_ups) },
    story("consents and replies", open, consents_and_replies),
];

act! { nothing(_town) {} }

act! { open(town) {
    town.start().await;
    town.install().await;
    town.connect_channel().await;
    town.furnish();
    // What a minute brings by itself has happened, and the portal's request budget is full again.
    town.pass(2 * MINUTE).await;
} }

act! { installed(town) {
    town.start().await;
    town.install().await;
    town.furnish();
} }

fn ready(name: &str, more: Value) -> Value {
    let mut properties = json!({"template": "order_ready:ru", "params": [format!("1={name}"), "2=118"]});
    for (key, value) in more.as_object().cloned().unwrap_or_default() {
        properties[key] = value;
    }
    properties
}

/// Words that are said once in a town: the same to the same person again would be a message sent twice.
fn once(town: &Town, words: &str) -> String {
    format!("{words} {}", town.now())
}

async fn reads(town: &Town) {
    town.network.user(CLIENT).reads();
    town.settle().await;
}

// ---- channels of other kinds

act! { gateway_connected(town) {
    let line = courier24::sim::whatsapp::line::Line::new(courier24::sim::whatsapp::line::Vendor::Waha, "waha");
    let settings = json!({"base_url": town.network.url(), "session": line.id, "api_key": line.key, "hmac_key": "hmac-of-the-stories",
        "mark_read": "read"});
    town.network.add_line(line);
    let (status, made) = town.api_post("/channels", json!({"kind": "waha", "name": "waha", "settings": settings})).await;
    assert_eq!(status, 201, "{made}");
    town.settle().await;
    town.network.line("waha").becomes("FAILED");
    town.settle().await;
    let path = format!("/channels/{}/pairing", made["id"].as_str().unwrap());
    let (status, told) = town.api_post(&path, json!({})).await;
    assert_eq!(status, 200, "{told}");
    town.network.line("waha").becomes("WORKING");
    assert_eq!(town.api(&path).await["state"], "connected");
    town.settle().await;
    town.network.user(CLIENT).to("waha").writes("Здравствуйте");
    town.advance(5 * SECOND);
    town.settle().await;
} }

// ---- messages

act! { template_is_read(town) {
    town.fires("send_template", ready(&once(town, "Анна"), json!({"wait_for": "read", "write_fields": ["UF_CRM_WA_STATUS = status"]}))).await;
    town.settle().await;
    reads(town).await;
} }

/// The deal tells the truth about its newest message, and each has its entry.
fn read_is_shown(town: &mut Town) -> BoxFuture<'_, ()> {
    async move {
        let sent = after::rows(&town.ctx().db, "SELECT status FROM message WHERE direction = 'out' ORDER BY id DESC", 1).await;
        let Some(newest) = sent.first() else { return };
        assert_eq!(town.portal.field(Document::deal(512), "UF_CRM_WA_STATUS"), json!(newest[0]), "the deal's field");
        assert_eq!(town.portal.activities(Document::deal(512)).len(), sent.len(), "one entry in the timeline for each");
    }
    .boxed()
}

act! { follow_ups(town) {
    town.client_writes("Здравствуйте").await;
    let wanted = |chain: &str| json!({"when": "after_silence", "offset_minutes": "60", "template": "order_ready:ru",
        "params": ["Анна", chain], "chain": chain});
    town.fires("follow_up", wanted("fires")).await;
    town.settle().await;
    town.advance(HOUR);
    town.settle().await;
    town.fires("follow_up", wanted("stops")).await;
    town.settle().await;
    town.portal.move_item(Document::deal(512), "PREPARATION").await;
    town.advance(6 * SECOND);
    town.settle().await;
    // Stages of the portal's own, whose meaning is asked for.
    let lost = town.portal.own_stage(1046, 1, "UC_LOST", "F");
    let smart = town.portal.item(1046, 7).title("Заявка").contact(9).document();
    town.portal.fires("follow_up", smart.clone(), wanted("smart")).await.unwrap();
    town.settle().await;
    town.portal.move_item(smart, &lost).await;
    town.advance(6 * SECOND);
    town.settle().await;
    town.fires("follow_up", wanted("halts")).await;
    town.settle().await;
    town.patches_channel(json!({"paused": true})).await;
    town.advance(HOUR);
    town.settle().await;
    town.portal.deal(512).stage("EXECUTING");
    town.patches_channel(json!({"paused": false})).await;
    town.advance(MINUTE);
    town.settle().await;
    let asked = json!({"to": {"phone": CLIENT}, "when": "after_silence", "offset_minutes": 60, "template": "order_ready:ru",
        "params": ["Анна", "api"]});
    let (_, made) = town.api_post("/follow-ups", asked).await;
    let path = format!("/api/v1/portals/{}/follow-ups/{}", town.portal.member_id(), made["id"].as_str().unwrap_or_default());
    town.request("DELETE", &path, None).await;
    town.advance(11 * MINUTE);
    town.settle().await;
    town.advance(DAY);
    town.settle().await;
} }

/// Whoever paused the channel lets it go on, also after a crash.
fn channel_goes_on(town: &mut Town) -> BoxFuture<'_, ()> {
    town.patches_channel(json!({"paused": false})).boxed()
}

act! { text_in_window(town) {
    town.client_writes("Где мой заказ?").await;
    town.fires("send_text", json!({"text": once(town, "Он готов 👋"), "wait_for": "delivered"})).await;
    town.settle().await;
    reads(town).await;
} }

act! { wait_ends(town) {
    town.fires("send_template", ready(&once(town, "Олег"), json!({"wait_for": "read", "wait_hours": "1"}))).await;
    town.settle().await;
    town.advance(HOUR + MINUTE);
    town.settle().await;
} }

act! { deadline_answered(town) {
    for step in town.portal.steps() {
        let status = step.returned.get("status").and_then(Value::as_str).unwrap_or_default().to_owned();
        let told = step.answers.is_empty() || ["delivered", "read", "unknown"].contains(&status.as_str());
        assert!(told, "told {status}");
    }
} }

act! { held_is_released(town) {
    town.fires("send_text", json!({"text": once(town, "Напишите нам"), "on_closed_window": "hold", "wait_for": "delivered"})).await;
    town.settle().await;
    town.client_writes("Здравствуйте").await;
} }

act! { answers_together(town) {
    for _ in 0..3 {
        town.fires("check_window", json!({})).await;
    }
    town.fires("chat_link", json!({"text": "Хочу заказать"})).await;
    town.settle().await;
} }

act! { answer_after_lease(town) {
    town.network.fault_next("/wa/api/v1/template/msg", NetworkFault::Slow { ms: 1_000 });
    town.fires("send_template", ready("Пётр", json!({}))).await;
    // While the provider thinks, the lease runs out (a clock that jumped) and somebody else calls the message unknown.
    let slow = town.settle();
    let other = async {
        while !town.network.requests().iter().any(|request| request.path.contains("template/msg")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        town.advance(11 * SECOND);
        town.run_due().await;
    };
    futures::join!(slow, other);
    town.settle().await;
} }

// ---- the portal's side

act! { install(town) {
    town.start().await;
    town.install().await;
} }

act! { nameless_install(town) {
    town.portal.auth().name_no_application(true);
    town.portal.auth().fault("oauth/app.info", Some(1), Fault::error(401, "invalid_token", "Unable to get application by token"));
    town.start().await;
    town.install().await;
} }

act! { old_portal_calls(town) {
    town.portal.auth().name_no_application(true);
    town.start().await;
    town.portal.install_app();
    let reply = town.portal.frame(&town.url("/b24/install")).without("APPLICATION_TOKEN").open().await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.body);
    town.portal.finish_install();
    town.furnish();
    town.settle().await;
    town.fires("check_window", json!({})).await;
    town.settle().await;
} }
/// The portal stumbles after its first robots; what was done by then is kept.
fn stumbling_install(town: &mut Town) -> BoxFuture<'_, ()> {
    async move {
        let rule = FaultRule { method: "bizproc.robot.add".into(), skip: 1, times: Some(1), fault: Fault::Html { status: 503 } };
        town.portal.fault_rule(rule);
        town.start().await;
        town.install().await;
        town.pass(10 * MINUTE).await;
    }
    .boxed()
}

/// The administrator, who saw no page, opens the installer again.
fn install_again(town: &mut Town) -> BoxFuture<'_, ()> {
    async move {
        let there = town.portal.is_installed();
        let known = after::first(&town.ctx().db, "SELECT status FROM portal").await;
        if !there || known.as_deref() != Some("active") {
            town.settle().await;
            town.advance(11 * SECOND);
            if !there {
                town.portal.install_app();
            }
            let reply = town.portal.open_installer(&town.url("/b24/install"), 1).await.unwrap();
            assert_eq!(reply.status, 200, "{}", reply.body);
        }
        town.portal.finish_install();
        town.settle().await;
    }
    .boxed()
}

act! { robots_stand(town) {
    let portals = town.request("GET", "/api/v1/portals", None).await.1;
    assert_eq!(portals["items"][0]["status"], "active", "{portals}");
    assert_eq!(portals["items"][0]["robots"]["failed"], 0, "{portals}");
    let wanted = portals["items"][0]["robots"]["registered"].as_u64().unwrap();
    assert_eq!(u64::try_from(town.portal.robots().len()).unwrap(), wanted, "{portals}");
    assert!(wanted >= 8, "{portals}");
    assert_eq!(town.portal.bindings().len(), 3);
} }

/// A channel with the partner's key, whose webhook we register ourselves; renamed; a second one disconnected.
fn connect(town: &mut Town) -> BoxFuture<'_, ()> {
    async move {
        let app = town.network.app(APP).settings();
        let body = json!({"kind": "gupshup", "name": "Магазин", "settings": {
            "app_name": app.name, "app_id": app.app_id, "source": app.source, "api_key": app.api_key, "partner_token": app.partner_token}});
        let (status, made) = town.api_post("/channels", body.clone()).await;
        assert!(status < 300, "{status} {made}");
        town.settle().await;
        let path = format!("/api/v1/portals/{}/channels", town.portal.member_id());
        let id = made["id"].as_str().unwrap().to_owned();
        let (status, told) = town.request("PATCH", &format!("{path}/{id}"), Some(json!({"name": "Опт"}))).await;
        assert!(status < 300, "{status} {told}");
        town.pass(3 * SECOND).await;
        let (status, told) = town.request("DELETE", &format!("{path}/{id}"), None).await;
        assert!(status < 300, "{status} {told}");
        town.settle().await;
        connect_once(town).await;
        town.pass(3 * SECOND).await;
    }
    .boxed()
}

async fn connect_once(town: &mut Town) {
    let app = town.network.app(APP).settings();
    let body = json!({"kind": "gupshup", "name": "Магазин", "settings": {
        "app_name": app.name, "app_id": app.app_id, "source": app.source, "api_key": app.api_key}});
    let (status, made) = town.api_post("/channels", body).await;
    assert!(status < 300, "{status} {made}");
    town.settle().await;
}

act! { connect_again(town) {
    let channels = town.api("/channels").await;
    if channels["items"].as_array().unwrap().is_empty() {
        connect_once(town).await;
    }
} }

/// Connected, its templates known, and the robots offer it.
fn channel_stands(town: &mut Town) -> BoxFuture<'_, ()> {
    async move {
        let channels = town.api("/channels").await;
        let channel = channels["items"][0].clone();
        assert_eq!(channel["state"], "connected", "{channels}");
        let id = channel["id"].as_str().unwrap();
        let templates = town.api(&format!("/channels/{id}/templates")).await;
        assert!(!templates["items"].as_array().unwrap().is_empty(), "{templates}");
        let robot = format!("{:?}", town.portal.robot("send_text").unwrap());
        assert!(robot.contains(id), "the robots offer the channel: {robot}");
    }
    .boxed()
}

act! { token_has_ended(town) {
    town.portal.expire_tokens();
    town.fires("send_template", ready("Вера", json!({"wait_for": "delivered"}))).await;
    town.settle().await;
} }

act! { portal_moves(town) {
    town.portal.rename().unwrap();
    town.fires("check_window", json!({})).await;
    town.settle().await;
    town.portal.expire_tokens();
    town.portal.auth().fault("oauth/token", Some(1), Fault::Html { status: 502 });
    town.fires("check_window", json!({})).await;
    town.settle().await;
    town.pass(2 * MINUTE).await;
} }

act! { idle_month(town) {
    town.advance(26 * DAY);
    town.settle().await;
} }

act! { rested_month(town) {
    town.advance(26 * DAY);
} }

act! { leave_and_return(town) {
    town.fires("send_template", ready("Инна", json!({"wait_for": "read"}))).await;
    town.settle().await;
    town.portal.uninstall(false).await;
    town.settle().await;
    town.install().await;
} }

act! { portal_events(town) {
    // Believed as a hint: the portal is asked.
    town.portal.payment_event(false).await;
    town.settle().await;
    // The plan has ended, and is paid again.
    town.portal.set_plan_ended(true);
    town.fires("check_window", json!({})).await;
    town.settle().await;
    town.portal.set_plan_ended(false);
    town.portal.payment_event(false).await;
    town.settle().await;
    // An update whose tokens cannot be proven just now is kept and followed.
    town.portal.auth().fault("oauth/app.info", Some(1), Fault::Html { status: 502 });
    town.portal.update_app(1, false).await;
    town.settle().await;
    let reply = town.portal.frame(&town.url("/b24/app")).by(1).open().await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.body);
    // A page renews its token, in a deal that its viewer may read.
    let renewed = crate::pages::token(town, 1, Some("DEAL_512")).await;
    assert_eq!(crate::pages::asks(town, &renewed, "PUT", "/theme", Some(json!({"theme": "dark"}))).await.0, 204);
} }

act! { alarm_is_told(town) {
    town.portal.fault("im.notify.system.add", 1, Fault::Slow { ms: 400 });
    let asked = town.portal.calls_of("im.notify.system.add");
    alarm::raise(town.ctx(), town.portal.member_id(), alarm::Kind::ChannelDown, "Магазин").await.unwrap();
    // Raised once more while the portal is being told.
    let again = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        alarm::raise(town.ctx(), town.portal.member_id(), alarm::Kind::ChannelDown, "Магазин").await.unwrap();
    };
    futures::join!(town.settle(), again);
    town.settle().await;
    let _ = asked;
} }

/// Told, and once only: a repeat carries the same tag.
fn administrator_knows(town: &mut Town) -> BoxFuture<'_, ()> {
    async move {
        let raised = after::first(&town.ctx().db, "SELECT kind FROM alarm WHERE kind = 'channel_down'").await.is_some();
        let told = town.portal.notifications().iter().filter(|note| note.tag == "courier24_channel_down").count();
        assert_eq!(told, usize::from(raised), "{:?}", town.portal.notifications());
    }
    .boxed()
}

act! { other_robots(town) {
    let portal = town.portal.member_id().to_owned();
    let bitrix = town.ctx().bitrix.clone();
    let old = json!({"CODE": "old_robot", "HANDLER": town.url("/b24/robot"), "NAME": "Старый", "AUTH_USER_ID": 1});
    bitrix.call("story.add", &portal, "bizproc.robot.add", old).await.unwrap();
    bitrix.call("story.delete", &portal, "bizproc.robot.delete", json!({"CODE": "send_text"})).await.unwrap();
    let stale = json!({"event": "ONAPPUPDATE", "handler": "http://127.0.0.1:9090/b24/event"});
    bitrix.call("story.bind", &portal, "event.bind", stale).await.unwrap();
    let (status, told) = town.api_post("/robots/register", json!({})).await;
    assert!(status < 300, "{status} {told}");
    town.settle().await;
    register::notice_changes(town.ctx()).await.unwrap();
    town.settle().await;
} }

act! { prune_again(town) {
    town.settle().await;
    town.advance(11 * SECOND);
    let (status, told) = town.api_post("/robots/register", json!({})).await;
    assert!(status < 300, "{status} {told}");
    town.settle().await;
} }

act! { with_pages(town) {
    town.pages = true;
    town.start().await;
    town.install().await;
    town.pass(2 * MINUTE).await;
} }

act! { tab_is_missing(town) {
    let portal = town.portal.member_id().to_owned();
    let bitrix = town.ctx().bitrix.clone();
    bitrix.call("story.untab", &portal, "placement.unbind", json!({"PLACEMENT": "CRM_DEAL_DETAIL_TAB"})).await.unwrap();
    let (status, told) = town.api_post("/robots/register", json!({})).await;
    assert!(status < 300, "{status} {told}");
    town.settle().await;
} }

act! { tabs_stand(town) {
    let tabs: Vec<String> = town.portal.placements().into_iter().map(|one| one.placement).collect();
    assert_eq!(tabs.len(), 4, "{tabs:?}");
} }

act! { portal_loses_answers(town) {
    town.portal.fault("crm.activity.configurable.add", 1, Fault::LoseReply);
    town.portal.fault("bizproc.event.send", 1, Fault::FailReply);
    town.fires("send_template", ready("Глеб", json!({}))).await;
    town.settle().await;
    town.pass(MINUTE).await;
} }

act! { portal_knows_comments(town) {
    town.portal.set_missing("crm.activity.configurable.add", true);
    town.portal.fault("crm.timeline.comment.add", 1, Fault::LoseReply);
    town.fires("send_template", ready("Зоя", json!({}))).await;
    town.settle().await;
    town.pass(MINUTE).await;
    reads(town).await;
} }

// ---- what clients send

act! { client_answers(town) {
    town.portal.attach_trigger("courier24_client_replied", 2, "PREPARATION");
    town.fires("wait_reply", json!({"expected": ["yes_no"], "ask_again": "Да или нет?"})).await;
    town.settle().await;
    let picture = Inbound::Media { media: "image".to_owned(), caption: None, name: None, voice: false };
    town.network.user(CLIENT).sends(picture, None);
    town.advance(5 * SECOND);
    town.settle().await;
    town.client_writes("Да").await;
    town.portal.fault("crm.automation.trigger.execute", 1, Fault::LoseReply);
    town.client_writes("И ещё вопрос").await;
    town.pass(MINUTE).await;
} }

/// The trigger moved the deal, and only once.
fn moved_once(town: &mut Town) -> BoxFuture<'_, ()> {
    async move {
        let moves = town.portal.changes(Document::deal(512)).into_iter().filter(|change| change.fields.contains_key("stageId")).count();
        assert!(moves <= 1, "moved {moves} times");
    }
    .boxed()
}

act! { stranger_writes(town) {
    let path = format!("/api/v1/portals/{}/settings", town.portal.member_id());
    town.request("PUT", &path, Some(json!({"unknown_client": "lead"}))).await;
    town.network.user("79160000055").named("Пётр").writes("Сколько стоит?");
    town.advance(5 * SECOND);
    town.settle().await;
} }

/// One conversation, one lead.
fn one_lead(town: &mut Town) -> BoxFuture<'_, ()> {
    async move {
        let leads = after::rows(&town.ctx().db, "SELECT DISTINCT document_id, direction FROM message WHERE direction = 'in'", 2).await;
        assert!(leads.len() <= 1, "{leads:?}");
        let made = town.portal.items_of(1).len();
        assert!(made <= 1, "{made} leads");
    }
    .boxed()
}

// ---- files, lists, operating

const PDF: &[u8] = b"%PDF-1.4\n%story\n";

/// A file at an address that everybody reaches.
async fn public_file() -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            let mut asked = [0_u8; 2_048];
            let _ = stream.read(&mut asked).await;
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", PDF.len());
            let _ = stream.write_all(&[head.as_bytes(), PDF].concat()).await;
        }
    });
    format!("http://{address}/act.pdf")
}

act! { with_files(town) {
    town.network.app(APP).add_template(Template::new("act", "ru", "Акт для {{1}}").category("UTILITY").header_media("document"));
    open(town).await;
    town.portal.file(77, "act.pdf", PDF);
    town.portal.file(78, "act.txt", b"plain words".as_slice());
    town.portal.file(79, "act.bin", b"\x00\x01\x02\x03\xfe\xff".as_slice());
    town.portal.user_field(2, "UF_CRM_ACT", "file");
    town.portal.deal(512).file_field("UF_CRM_ACT", 77);
} }

act! { files_in_headers(town) {
    for (name, header) in [("Ада", "disk:77"), ("Ева", "disk:78"), ("Ия", "field:UF_CRM_ACT"), ("Юна", "disk:79")] {
        town.fires("send_template", json!({"template": "act:ru", "params": [name], "header": header})).await;
    }
    town.settle().await;
    let public = public_file().await;
    town.fires("send_template", json!({"template": "act:ru", "params": ["Яна"], "header": public})).await;
    town.settle().await;
} }

act! { cards_and_misfit(town) {
    town.client_writes("Кому звонить?").await;
    town.fires("send_file", json!({"kind": "image", "source": ["disk:78"]})).await;
    town.fires("send_contact", json!({"contact_ids": ["9"], "user": "user_5"})).await;
    town.settle().await;
    town.pass(30 * SECOND).await;
} }

act! { retention(town) {
    town.fires("send_template", json!({"template": "act:ru", "params": ["Ада"], "header": "disk:77"})).await;
    town.settle().await;
    reads(town).await;
    town.advance(100 * DAY);
    town.settle().await;
    town.pass(2 * DAY).await;
} }

act! { portal_is_forgotten(town) {
    town.fires("send_template", ready("Нина", json!({}))).await;
    town.settle().await;
    town.portal.uninstall(true).await;
    town.advance(DAY);
    town.settle().await;
    town.advance(200 * DAY);
    town.settle().await;
    town.pass(3 * HOUR).await;
} }

act! { operators_hands(town) {
    let path = format!("/api/v1/portals/{}", town.portal.member_id());
    let (status, told) = town.request("PUT", &format!("{path}/settings"), Some(json!({"filler": "—"}))).await;
    assert_eq!(status, 200, "{told}");
    town.fires("send_template", ready("Рита", json!({}))).await;
    town.settle().await;
    town.network.fault_next("/msg", NetworkFault::gateway_timeout());
    town.fires("send_template", ready("Вера", json!({}))).await;
    town.settle().await;
    for message in town.api("/messages?status=unknown").await["items"].as_array().unwrap() {
        let (status, told) = town.api_post(&format!("/messages/{}/close", message["id"].as_str().unwrap()), json!({})).await;
        assert_eq!(status, 200, "{told}");
    }
    let (status, told) = town.api_post("/jobs/redrive", json!({})).await;
    assert_eq!(status, 200, "{told}");
    redrive::raise(&town.ctx().db, None, town.now()).await.unwrap();
    let (status, told) = town.api_post("/erase", json!({"phone": format!("+{CLIENT}")})).await;
    assert_eq!(status, 200, "{told}");
    town.settle().await;
} }

const NEXT_KEY: &str = "ERERERERERERERERERERERERERERERERERERERERERE=";

/// The service runs under the next key and still knows the former one.
fn under_both_keys(town: &mut Town) -> BoxFuture<'_, ()> {
    async move {
        open(town).await;
        town.adjust = |config| {
            let former = std::mem::replace(&mut config.master_key, Secret::new(NEXT_KEY));
            config.master_key_old = vec![former];
        };
        town.restart().await;
        town.settle().await;
    }
    .boxed()
}

/// The command, which works beside the service.
fn reseal(town: &mut Town) -> BoxFuture<'_, ()> {
    async move {
        let mut both = courier24::config::Config { master_key: town.key(), ..courier24::config::Config::default() };
        (town.adjust)(&mut both);
        let sealer = Sealer::new(&both.master_key, &both.master_key_old).unwrap();
        let done = db::reseal::reseal(&town.ctx().db, &sealer).await.unwrap();
        assert_eq!(done.unreadable, Vec::<String>::new());
    }
    .boxed()
}

/// A command that was killed is given again.
fn reseal_again(town: &mut Town) -> BoxFuture<'_, ()> {
    reseal(town)
}

/// The former key is thrown away: tokens and the channel's key open, a message leaves and is answered.
fn new_key_alone(town: &mut Town) -> BoxFuture<'_, ()> {
    async move {
        town.adjust = |config| config.master_key = Secret::new(NEXT_KEY);
        town.restart().await;
        let step = town.fires("send_template", ready("Тая", json!({}))).await;
        town.settle().await;
        reads(town).await;
        town.pass(MINUTE).await;
        assert_eq!(town.told(step)["status"], "accepted");
    }
    .boxed()
}

act! { opt_in_lists(town) {
    let path = format!("/api/v1/portals/{}/channels/{}", town.portal.member_id(), town.channel);
    let (status, told) = town.request("PATCH", &path, Some(json!({"settings": {"mark_opt_in": "before_first_template"}}))).await;
    assert!(status < 300, "{status} {told}");
    town.settle().await;
    town.fires("send_template", ready("Лев", json!({}))).await;
    town.settle().await;
    let job = Job::MarkOptIn { channel_id: town.channel.clone(), phone: "79160000002".to_owned() };
    let tx = town.ctx().db.begin().await.unwrap();
    queue::enqueue(&tx, town.ctx().ids.as_ref(), town.now(), &[NewJob::at(town.portal.member_id(), job, town.now())]).await.unwrap();
    tx.commit("story.consent").await.unwrap();
    town.settle().await;
} }

act! { consents_and_replies(town) {
    let path = format!("/api/v1/portals/{}", town.portal.member_id());
    let (status, told) = town.api_post("/quick-replies", json!({"name": "hello", "text": "Здравствуйте!"})).await;
    assert!(status < 300, "{status} {told}");
    let replies = json!({"automatic_replies": {town.channel.clone(): {"greeting": "pattern:hello"}}, "opt_out_answer": "Больше не побеспокоим"});
    let (status, told) = town.request("PUT", &format!("{path}/settings"), Some(replies)).await;
    assert_eq!(status, 200, "{told}");
    town.client_writes("Есть кто?").await;
    town.client_writes("стоп").await;
    let (status, told) = town.request("PUT", &format!("{path}/consents"), Some(json!({"phone": CLIENT, "action": "opt_in"}))).await;
    assert_eq!(status, 200, "{told}");
    town.settle().await;
} }

act! { templates_refused(town) {
    let key = town.network.app(APP).settings().api_key;
    town.network.app(APP).change(|app| app.api_key = "sk_another".to_owned());
    let path = format!("/channels/{}/templates/sync", town.channel);
    let (status, told) = town.api_post(&path, json!({})).await;
    assert!(status >= 400, "{status} {told}");
    // The daily reading is refused as well.
    town.advance(DAY + MINUTE);
    town.settle().await;
    town.network.app(APP).change(|app| app.api_key.clone_from(&key));
    town.api_post(&path, json!({})).await;
} }
