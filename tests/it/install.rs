//! First contact: who may install, and what a stranger's request changes (nothing).

use crate::support::story::story;
use crate::support::town::Town;
use courier24::domain::clock::{HOUR, MINUTE};
use courier24::sim::portal::{AuthServer, Frame, Options, Portal, StepState};
use serde_json::{Value, json};

const ALIEN: &str = "local.ffffffffffffff.99999999";

/// A request that must change nothing, with the status it gets.
struct Forgery {
    name: &'static str,
    frame: Frame,
    status: u16,
}

fn forgery(name: &'static str, frame: Frame, status: u16) -> Forgery {
    Forgery { name, frame, status }
}

/// What strangers and employees try with the installer's form. `stranger` is an authorization server of their own.
fn forgeries(town: &Town, path: &str, stranger: &AuthServer, other: &Portal) -> Vec<Forgery> {
    let portal = &town.portal;
    let url = town.url(path);
    let frame = || portal.frame(&url);
    let origin = portal.auth().origin();
    let host = origin.trim_start_matches("http://");
    vec![
        forgery("an employee", frame().by(5), 403),
        forgery("another application", frame().of_app(ALIEN), 403),
        forgery("another application's tokens under our name", frame().forged("AUTH_ID", &portal.tokens_of(ALIEN, 1).access), 403),
        forgery("another portal's name", frame().forged("member_id", other.member_id()), 403),
        forgery("a portal that does not exist", frame().forged("member_id", &"b".repeat(32)), 403),
        forgery("another portal's token", frame().forged("AUTH_ID", &other.tokens(1).access), 403),
        forgery("an invented access token", frame().forged("AUTH_ID", &"a".repeat(70)), 401),
        forgery("no access token", frame().without("AUTH_ID"), 401),
        forgery("an empty access token", frame().forged("AUTH_ID", ""), 401),
        forgery("no refresh token", frame().without("REFRESH_ID"), 401),
        forgery("no portal", frame().without("member_id"), 400),
        forgery("an own authorization server", frame().forged("SERVER_ENDPOINT", &stranger.server_endpoint()), 403),
        forgery("a public authorization server", frame().forged("SERVER_ENDPOINT", "https://oauth.example.org/rest/"), 403),
        forgery("a host in the user part", frame().forged("SERVER_ENDPOINT", &format!("http://{host}@evil.example/rest/")), 403),
        forgery("a host as a prefix", frame().forged("SERVER_ENDPOINT", &format!("{origin}.evil.example/rest/")), 403),
        forgery("no address at all", frame().forged("SERVER_ENDPOINT", "javascript:alert(1)"), 403),
    ]
}

story! {
    /// The installer's page proves itself, and robots appear.
    async fn an_administrator_installs_through_the_page(town) from built {
        let reply = town.portal.open_installer(&town.url("/b24/install"), 1).await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert!(reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
        assert!(reply.header("content-security-policy").is_some_and(|policy| policy.contains(&town.portal.origin())));
        assert!(reply.body.contains("/ui/install.js"), "without built pages a plain one tells the portal that it is done");
        town.portal.finish_install();
        town.settle().await;
        let shown = town.shown(&town.portal).await;
        assert_eq!((&shown["status"], &shown["domain"]), (&json!("active"), &json!(town.portal.domain())));
        assert_eq!(shown["robots"], json!({"registered": town.portal.robots().len(), "failed": 0}));
        assert!(town.portal.robot("send_text").is_some() && town.portal.robot("send_text.activity").is_some());
        let bound: Vec<String> = town.portal.bindings().into_iter().map(|one| one.event).collect();
        assert!(bound.contains(&"ONAPPUNINSTALL".to_owned()) && bound.contains(&"ONAPPUPDATE".to_owned()), "{bound:?}");
    }
}

story! {
    /// An application without pages is installed by the queue's call.
    async fn an_application_without_pages_installs_by_its_callback(town) from built {
        let told = town.portal.install_by_callback(&town.url("/b24/install"), 1).await.unwrap();
        assert_eq!(told.status, Some(200), "{}", told.body);
        town.portal.finish_install();
        town.settle().await;
        assert_eq!(town.shown(&town.portal).await["status"], "active");
        assert!(town.portal.robot("send_template").is_some());
        town.connect_channel().await;
        town.furnish();
        let step = town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"]})).await;
        town.settle().await;
        assert_eq!(town.portal.step(step).unwrap().returned["ok"], "Y");
    }
}

story! {
    /// An install call of an employee, or of another application, installs nothing.
    async fn a_callback_without_an_administrator_is_refused(town) from built {
        let told = town.portal.install_by_callback(&town.url("/b24/install"), 5).await.unwrap();
        assert_eq!(told.status, Some(403), "{}", told.body);
        town.portal.install_other_app(ALIEN, "another-secret");
        let event = town.portal.event("ONAPPINSTALL").of_app(ALIEN).caused_by(Some(1)).with_refresh_token();
        let told = event.to(&town.url("/b24/install")).send().await;
        assert_eq!(told[0].status, Some(403), "{}", told[0].body);
        let event = town.portal.event("ONAPPINSTALL").to(&town.url("/b24/install")).send().await;
        assert_eq!(event[0].status, Some(401), "no tokens: {}", event[0].body);
        assert_eq!(town.shown(&town.portal).await, Value::Null);
    }
}

story! {
    /// Strangers, employees and forgers install nothing, and their servers are never asked.
    async fn a_forged_first_contact_stores_nothing(town) from built {
        town.portal.install_app();
        town.portal.install_other_app(ALIEN, "another-secret");
        let other = Portal::start(town.clock.clone(), courier24::sim::portal::PortalConfig::beside(town.portal.auth())).unwrap();
        other.install_app();
        let stranger = AuthServer::start(town.clock.clone()).unwrap();
        for forgery in forgeries(&town, "/b24/install", &stranger, &other) {
            let reply = forgery.frame.open().await.unwrap();
            assert_eq!(reply.status, forgery.status, "{}: {}", forgery.name, reply.body);
            assert_eq!(town.shown(&town.portal).await, Value::Null, "{}", forgery.name);
            assert_eq!(town.shown(&other).await, Value::Null, "{}", forgery.name);
        }
        assert!(stranger.calls().is_empty(), "a server that is not on the list is never contacted");
        assert_eq!(town.run_due().await, 0, "no job was stored");
    }
}

story! {
    /// The same forgeries leave a living portal as it was, whichever door they try.
    async fn a_forgery_leaves_a_living_portal_as_it_was(town) {
        town.portal.install_other_app(ALIEN, "another-secret");
        let other = town.neighbour().await;
        let stranger = AuthServer::start(town.clock.clone()).unwrap();
        let (before, beside) = (town.stored(&town.portal).await, town.stored(&other).await);
        for forgery in forgeries(&town, "/b24/install", &stranger, &other) {
            let reply = forgery.frame.open().await.unwrap();
            assert_eq!(reply.status, forgery.status, "{}: {}", forgery.name, reply.body);
            assert_eq!(town.stored(&town.portal).await, before, "{}", forgery.name);
            assert_eq!(town.stored(&other).await, beside, "{}", forgery.name);
        }
        let events = town.url("/b24/event");
        let update = || town.portal.event("ONAPPUPDATE").data(json!({"VERSION": "2"})).with_refresh_token().to(&events);
        for (event, status) in [
            (update().caused_by(Some(5)), 403),
            (update().of_app(ALIEN).caused_by(Some(1)), 403),
            (town.portal.event("ONAPPUNINSTALL").without_application_token().to(&events), 403),
            (town.portal.event("ONAPPUNINSTALL").of_app(ALIEN).to(&events), 403),
            (town.portal.event("ONCRMDEALUPDATE").of_app(ALIEN).caused_by(Some(1)).to(&events), 403),
        ] {
            let told = event.send().await;
            assert_eq!(told[0].status, Some(status), "{}: {}", told[0].kind, told[0].body);
            assert_eq!(town.stored(&town.portal).await, before, "{}", told[0].kind);
        }
        assert!(stranger.calls().is_empty());
        let step = town.fires("send_template", json!({"template": "order_ready:ru", "params": ["Анна", "118"]})).await;
        town.settle().await;
        assert_eq!(town.portal.step(step).unwrap().state, StepState::Answered, "it works as before");
    }
}

story! {
    /// A garbled pair, or words about the portal that only the request says, never replace what works.
    async fn what_the_request_says_of_itself_is_not_believed(town) {
        let before = town.stored(&town.portal).await.unwrap();
        let garbled = town.portal.frame(&town.url("/b24/install")).forged("REFRESH_ID", &"r".repeat(70));
        assert_eq!(garbled.open().await.unwrap().status, 401);
        assert_eq!(town.stored(&town.portal).await.unwrap(), before, "a pair that does not refresh is no pair");

        let frame = town.portal.frame(&town.url("/b24/install")).forged("DOMAIN", "evil.example").forged("AUTH_EXPIRES", "99999999");
        assert_eq!(frame.forged("APP_SID", "\"><script>").open().await.unwrap().status, 200, "its tokens are good");
        let after = town.stored(&town.portal).await.unwrap();
        assert_eq!((after.domain, after.client_endpoint), (before.domain, before.client_endpoint), "the address comes from the proof");
        assert!(after.access_expires_at <= town.now() + HOUR, "no token lives for years");
    }
}

story! {
    /// The context of the frame comes in every shape portals print it.
    async fn placement_options_of_every_shape_install(town) from built {
        let shapes = [
            Options::Missing, Options::Empty, Options::EmptyList, Options::Json(json!({"any": "7/"})), Options::Raw("{broken".into()),
            Options::Raw("null".into()), Options::Raw("\"text\"".into()),
        ];
        town.portal.install_app();
        for options in shapes {
            let reply = town.portal.frame(&town.url("/b24/install")).options(options.clone()).open().await.unwrap();
            assert_eq!(reply.status, 200, "{options:?}: {}", reply.body);
        }
        town.settle().await;
        assert_eq!(town.shown(&town.portal).await["status"], "active");
    }
}

story! {
    /// A body seen before is answered and changes nothing: what is stored is newer.
    async fn a_replayed_install_changes_nothing(town) from built {
        town.portal.install_app();
        let (first, second) = (town.portal.tokens(1), town.portal.tokens(1));
        let post = |pair: &courier24::sim::portal::Tokens| {
            town.portal.frame(&town.url("/b24/install")).forged("AUTH_ID", &pair.access).forged("REFRESH_ID", &pair.refresh)
        };
        assert_eq!(post(&first).open().await.unwrap().status, 200);
        town.portal.finish_install();
        town.settle().await;
        assert_eq!(post(&second).open().await.unwrap().status, 200, "installed again by hand");
        town.settle().await;
        let stored = town.stored(&town.portal).await;
        for replayed in [&second, &first] {
            assert_eq!(post(replayed).open().await.unwrap().status, 200);
            assert_eq!(town.stored(&town.portal).await, stored);
        }
        // The pair is renewed by work; then the old body is worth nothing at all.
        town.advance(HOUR + MINUTE);
        town.portal.contact(9).name("Анна", "Ким").phone("+7 916 000-00-01");
        town.portal.deal(512).contact(9);
        town.fires("check_window", json!({})).await;
        town.settle().await;
        let stored = town.stored(&town.portal).await;
        for replayed in [&first, &second] {
            assert_eq!(post(replayed).open().await.unwrap().status, 401);
            assert_eq!(town.stored(&town.portal).await, stored);
        }
    }
}

story! {
    /// An old portal's frame names no application token; the next proven body with the same pair does, and a replay of an earlier
    /// one does not bring the former token back.
    async fn an_application_token_told_later_is_taken_once(town) from built {
        town.portal.install_app();
        let pair = town.portal.tokens(1);
        let post = || {
            town.portal.frame(&town.url("/b24/install")).forged("AUTH_ID", &pair.access).forged("REFRESH_ID", &pair.refresh)
        };
        let stored = async || town.stored(&town.portal).await;
        assert_eq!(post().without("APPLICATION_TOKEN").open().await.unwrap().status, 200);
        let untold = stored().await;
        assert_eq!(post().open().await.unwrap().status, 200);
        let told = stored().await;
        assert_ne!(told, untold, "the token was told for the first time");
        town.portal.finish_install();
        town.settle().await;
        town.fires("check_window", json!({})).await;
        let later = "n".repeat(32);
        assert_eq!(post().forged("APPLICATION_TOKEN", &later).open().await.unwrap().status, 200);
        let replaced = stored().await;
        assert_ne!(replaced, told);
        assert_eq!(post().open().await.unwrap().status, 200, "a replay");
        assert_eq!(stored().await, replaced);
    }
}

story! {
    /// Somebody who may not install is told who may, in his language, and a script gets a problem document.
    async fn an_employee_is_told_who_may_install(town) from built {
        let frame = |language: &str| town.portal.frame(&town.url("/b24/install")).by(5).language(language);
        town.portal.install_app();
        let russian = frame("ru").open().await.unwrap();
        assert_eq!(russian.status, 403);
        assert!(russian.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
        assert!(russian.body.contains("администратор"), "{}", russian.body);
        let english = frame("en").open().await.unwrap();
        assert!(english.body.contains("administrator"), "{}", english.body);
        let broken = town.portal.frame(&town.url("/b24/install")).without("AUTH_ID").open().await.unwrap();
        assert!(broken.header("content-type").is_some_and(|kind| kind.starts_with("application/problem+json")));
        let problem: Value = serde_json::from_str(&broken.body).unwrap();
        assert_eq!(problem["code"], "install_tokens_missing");
    }
}

story! {
    /// While the authorization server is away nobody is believed, and nothing is stored: the portal may come again.
    async fn an_authorization_server_that_is_away_installs_nobody(town) from built {
        use courier24::sim::portal::Fault;
        for fault in [Fault::Html { status: 502 }, Fault::Reset, Fault::Garbage, Fault::Hang, Fault::error(500, "x", "y")] {
            town.portal.auth().fault("oauth/app.info", Some(1), fault.clone());
            let told = town.portal.install_by_callback(&town.url("/b24/install"), 1).await.unwrap();
            assert_eq!(told.status, Some(503), "{fault:?}: {}", told.body);
            assert_eq!(town.shown(&town.portal).await, Value::Null, "{fault:?}");
        }
        let told = town.portal.install_by_callback(&town.url("/b24/install"), 1).await.unwrap();
        assert_eq!(told.status, Some(200), "{}", told.body);
        assert_eq!(town.stored(&town.portal).await.unwrap().domain, town.portal.domain());
    }
}
