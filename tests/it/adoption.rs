//! Old portals, whose installer names no application token: their calls are taken, and strangers' are not.

use crate::support::story::story;
use crate::support::town::{Town, http, send};
use courier24::sim::portal::{Document, Fault, Portal, PortalConfig, StepState};
use serde_json::json;

const ALIEN: &str = "local.ffffffffffffff.99999999";

/// Installed without ever telling its application token.
async fn old_portal(town: &mut Town) -> Portal {
    let old = Portal::start(town.clock.clone(), PortalConfig { old_edition: true, ..PortalConfig::beside(town.portal.auth()) }).unwrap();
    let reply = old.open_installer(&town.url("/b24/install"), 1).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.body);
    old.finish_install();
    old.contact(9).name("Анна", "Ким").phone("+7 916 000-00-01");
    old.deal(512).contact(9);
    town.neighbours.push(old.clone());
    town.settle().await;
    old
}

/// A robot call as somebody forges it.
async fn forge(town: &Town, portal: &Portal, application_token: &str, access_token: &str) -> u16 {
    let form = [
        ("event_token", "forged|1".to_owned()),
        ("code", "check_window".to_owned()),
        ("auth[member_id]", portal.member_id().to_owned()),
        ("auth[application_token]", application_token.to_owned()),
        ("auth[access_token]", access_token.to_owned()),
    ];
    send(http().post(town.url("/b24/robot")).form(&form)).await.status().as_u16()
}

async fn told(town: &Town, portal: &Portal) -> String {
    town.stored(portal).await.unwrap().application_token
}

story! {
    /// The first call of an old portal brings its application token, is taken itself, and so are all that follow, whoever runs them.
    async fn the_first_call_of_an_old_portal_is_taken(town) from built {
        let old = old_portal(&mut town).await;
        assert_eq!(told(&town, &old).await, "");
        let together = futures::future::join_all((0..6).map(|_| old.fires("check_window", Document::deal(512), json!({})))).await;
        town.settle().await;
        for step in together {
            assert_eq!(old.step(step.unwrap()).unwrap().state, StepState::Answered);
        }
        assert_ne!(told(&town, &old).await, "");
        let proofs = town.portal.auth().calls().iter().filter(|call| call.method == "oauth/app.info").count();
        let next = old.firing("check_window", Document::deal(512)).as_user(5).fire().await.unwrap();
        town.settle().await;
        assert_eq!(old.step(next).unwrap().state, StepState::Answered);
        assert_eq!(town.portal.auth().calls().iter().filter(|call| call.method == "oauth/app.info").count(), proofs, "proven once");
        old.uninstall(false).await;
        town.settle().await;
        assert_eq!(town.shown(&old).await["status"], "uninstalled", "its events are believed as well");
    }
}

story! {
    /// An employee's step is taken by its own proof, and what it brings is not stored: he could name any token.
    async fn an_employees_token_vouches_for_one_call_only(town) from built {
        let old = old_portal(&mut town).await;
        let step = old.firing("check_window", Document::deal(512)).as_user(5).fire().await.unwrap();
        town.settle().await;
        assert_eq!(old.step(step).unwrap().state, StepState::Answered);
        assert_eq!(told(&town, &old).await, "");
        let removal = old.event("ONAPPUNINSTALL").caused_by(Some(5)).to(&town.url("/b24/event")).send().await;
        assert_eq!(removal[0].status, Some(403), "{}", removal[0].body);
        assert_eq!(town.shown(&old).await["status"], "active");
    }
}

story! {
    /// A marketplace application, whose authorization server names no client id, is known by the code its own token is told.
    async fn a_nameless_application_is_known_by_its_code(town) from built {
        town.portal.auth().name_no_application(true);
        let old = old_portal(&mut town).await;
        old.install_other_app(ALIEN, "another-secret");
        assert_eq!(forge(&town, &old, "mine", &old.tokens_of(ALIEN, 1).access).await, 403);
        let step = old.fires("check_window", Document::deal(512), json!({})).await.unwrap();
        town.settle().await;
        assert_eq!(old.step(step).unwrap().state, StepState::Answered);
        assert_ne!(told(&town, &old).await, "");
    }
}

story! {
    /// Strangers are refused, store nothing, and do not keep the true call out; a known token is never replaced.
    async fn strangers_do_not_name_the_application_token(town) from built {
        let old = old_portal(&mut town).await;
        old.install_other_app(ALIEN, "another-secret");
        let other = town.neighbour().await;
        let wrong = [
            String::new(), "invented".to_owned(), old.tokens_of(ALIEN, 1).access, other.tokens(1).access, other.tokens(5).access,
        ];
        let flood = futures::future::join_all(wrong.iter().cycle().take(20).map(|token| forge(&town, &old, "mine", token)));
        let (statuses, step) = futures::join!(flood, old.fires("check_window", Document::deal(512), json!({})));
        assert!(statuses.iter().all(|status| *status == 403), "{statuses:?}");
        town.settle().await;
        assert_eq!(old.step(step.unwrap()).unwrap().state, StepState::Answered);
        let stored = told(&town, &old).await;
        assert_ne!(stored, "");
        assert_eq!(forge(&town, &old, "mine", &old.tokens(1).access).await, 403, "not even by an administrator's token");
        assert_eq!(told(&town, &old).await, stored);
        assert_eq!(forge(&town, &other, "mine", &other.tokens(1).access).await, 403, "a portal that told its own");
        assert_eq!(forge(&town, &old, "", &old.tokens(1).access).await, 403);
    }
}

story! {
    /// While the authorization server is away nobody can say: the call is not committed, and not called a forgery.
    async fn a_proof_that_nobody_gives_is_no_forgery(town) from built {
        let old = old_portal(&mut town).await;
        town.portal.auth().fault("oauth/app.info", Some(1), Fault::Html { status: 502 });
        assert_eq!(forge(&town, &old, "mine", &old.tokens(1).access).await, 503);
        let ready = send(http().get(town.url("/health/ready"))).await;
        assert_eq!(ready.status().as_u16(), 200, "a stranger does not take us out of service");
        assert_eq!(told(&town, &old).await, "");
    }
}
