//! What is kept, shown and removed: the API's lists, retention, the end of a portal, and what is stored about one person.

use crate::support::database::on_both_engines;
use courier24::db::Db;
use courier24::db::store::api_call::{self, CallFilter};
use courier24::db::store::api_conversation::{self, ConversationFilter};
use courier24::db::store::api_inbox::{self, InboxFilter};
use courier24::db::store::api_message::{self, MessageFilter};
use courier24::db::store::api_page::Page;
use courier24::db::store::{alarm, api_job, api_portal, erase, purge};
use courier24::domain::clock::{DAY, Ms};
use sea_orm::ConnectionTrait as _;

const NOW: Ms = 1_800_000_000_000;

/// One portal with a finished call, its message, attempt, report, answer, write-back, raw event, conversation and dead job at `at`.
async fn story(db: &Db, portal: &str, n: i64, at: Ms) {
    let phone = format!("7916000{n:04}");
    let rows = [
        format!(
            "INSERT INTO robot_call (id, portal, event_token, code, workflow_id, document_module, document_entity, document_id, use_subscription, \
             timeout_seconds, input, state, facts, accepted_at) VALUES ('call_{portal}_{n}', '{portal}', 't{n}', 'send_text', 'w', 'crm', 'Deal', \
             'DEAL_{n}', 'Y', 0, '{{\"phone\":\"+7 (916) 000-{:02}-{:02}\"}}', 'answered', '{{}}', {at})",
            n / 100,
            n % 100
        ),
        format!(
            "INSERT INTO answer (call_id, portal, return_values, answer_end, attempts, created_at) VALUES ('call_{portal}_{n}', '{portal}', '{{}}', 'delivered', 1, {at})"
        ),
        format!(
            "INSERT INTO message (id, portal, channel_id, conversation_id, call_id, direction, kind, content, rendered_text, identity, recipient, \
             wa_id, provider_id, status, attempts, created_at) VALUES ('msg_{portal}_{n}', '{portal}', 'ch_{portal}', 'conv_{portal}_{n}', \
             'call_{portal}_{n}', 'out', 'text', '{{\"body\":\"secret\"}}', 'secret', '{{\"phone\":\"{phone}\"}}', '{phone}', 'wamid.{n}', \
             'wamid.{n}', 'read', 1, {at})"
        ),
        format!(
            "INSERT INTO attempt (message_id, number, portal, started_at, outcome, text, lease_id) VALUES ('msg_{portal}_{n}', 1, '{portal}', {at}, 'accepted', 'to {phone}', 'l')"
        ),
        format!(
            "INSERT INTO message_event (id, portal, message_id, status, received_at, applied) VALUES ('ev_{portal}_{n}', '{portal}', 'msg_{portal}_{n}', 'read', {at}, 1)"
        ),
        format!(
            "INSERT INTO write_back (id, portal, kind, call_id, document_entity, document_id, payload, state, attempts, created_at, updated_at) VALUES ('wb_{portal}_{n}', '{portal}', 'fields', 'call_{portal}_{n}', 'Deal', 'DEAL_{n}', '{{}}', 'done', 1, {at}, {at})"
        ),
        format!(
            "INSERT INTO inbox_event (id, portal, channel_id, event_key, label, body, state, received_at) VALUES ('in_{portal}_{n}', '{portal}', 'ch_{portal}', 'k{n}', 'status', '{{\"to\":\"{phone}\"}}', 'done', {at})"
        ),
        format!(
            "INSERT INTO conversation (id, portal, channel_id, phone, created_at, updated_at) VALUES ('conv_{portal}_{n}', '{portal}', 'ch_{portal}', '{phone}', {at}, {at})"
        ),
        format!(
            "INSERT INTO conversation_key (channel_id, kind, value, portal, conversation_id) VALUES ('ch_{portal}', 'bsuid', 'RU.{portal}{n}', '{portal}', 'conv_{portal}_{n}')"
        ),
        format!(
            "INSERT INTO job (id, portal, shard, lane, kind, state, run_at, attempt, max_attempts, lost, payload, created_at, updated_at) \
             VALUES ('job_{portal}_{n}', '{portal}', 1, 5, 'create', 'dead', {at}, 30, 30, 0, '{{}}', {at}, {at})"
        ),
    ];
    run(db, &rows).await;
}

async fn portal(db: &Db, member_id: &str, status: &str, purge_at: Option<Ms>) {
    let purge_at = purge_at.map_or_else(|| "NULL".to_owned(), |at| at.to_string());
    let row = format!(
        "INSERT INTO portal (member_id, domain, client_endpoint, server_endpoint, status, application_token, access_token, refresh_token, \
         access_expires_at, token_version, token_changed_at, installer_user_id, lang, scope, settings, installed_at, updated_at, purge_at) \
         VALUES ('{member_id}', 'd', 'c', 's', '{status}', '', '', '', 0, 1, 0, '1', 'ru', '', '{{}}', {NOW}, {NOW}, {purge_at})"
    );
    run(db, &[row]).await;
}

async fn run(db: &Db, statements: &[String]) {
    let tx = db.begin().await.unwrap();
    for statement in statements {
        tx.execute_unprepared(statement).await.unwrap();
    }
    tx.commit("test.rows").await.unwrap();
}

fn first(limit: u64) -> Page {
    Page { after: None, limit }
}

async fn calls(db: &Db, portal: &str) -> usize {
    api_call::list(db.read(), portal, &CallFilter::default(), &first(100)).await.unwrap().len()
}

on_both_engines! {
    /// Keyset paging: no row twice, none left out, rows of one moment included; another portal's rows never.
    async fn lists_page_through_everything_once(db: &Db) {
        for n in 0..7 {
            story(db, "acme", n, NOW + n / 3).await;
        }
        story(db, "other", 1, NOW).await;
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = Page { after: after.clone(), limit: 2 };
            let mut rows = api_call::list(db.read(), "acme", &CallFilter::default(), &page).await.unwrap();
            rows.truncate(2);
            let Some(last) = rows.last() else { break };
            after = Some((last.accepted_at, last.id.clone()));
            seen.extend(rows.into_iter().map(|row| row.id));
        }
        let expected: Vec<String> = (0..7).rev().map(|n| format!("call_acme_{n}")).collect();
        assert_eq!(seen, expected);
        let of_document = CallFilter { document_id: Some("DEAL_3".to_owned()), ..CallFilter::default() };
        assert_eq!(api_call::list(db.read(), "acme", &of_document, &first(9)).await.unwrap().len(), 1);
        assert!(api_call::story(db.read(), "other", "call_acme_3").await.unwrap().is_none(), "another portal's call");
        let story = api_call::story(db.read(), "acme", "call_acme_3").await.unwrap().unwrap();
        assert_eq!((story.messages.len(), story.attempts.len(), story.events.len(), story.write_backs.len()), (1, 1, 1, 1));
        assert!(story.answer.is_some());
        let to_one = MessageFilter { recipient: Some("79160000003".to_owned()), ..MessageFilter::default() };
        assert_eq!(api_message::list(db.read(), "acme", &to_one, &first(9)).await.unwrap().len(), 1);
        let by_key = ConversationFilter { bsuid: Some("RU.acme3".to_owned()), ..ConversationFilter::default() };
        assert_eq!(api_conversation::list(db.read(), "acme", &by_key, &first(9)).await.unwrap()[0].id, "conv_acme_3");
        assert_eq!(api_inbox::list(db.read(), "acme", &InboxFilter::default(), &first(9)).await.unwrap().len(), 7);
        assert_eq!(api_job::list(db.read(), "acme", "dead", Some("create"), &first(3)).await.unwrap().len(), 4, "one more tells of a next page");
    }
}

on_both_engines! {
    /// Retention removes what ended before the moment, with all that hangs on it, and nothing that is still owed.
    async fn retention_keeps_what_is_young_or_still_owed(db: &Db) {
        story(db, "acme", 1, NOW - 100 * DAY).await;
        story(db, "acme", 2, NOW - DAY).await;
        story(db, "acme", 3, NOW - 100 * DAY).await;
        run(db, &["UPDATE robot_call SET state = 'waiting' WHERE id = 'call_acme_3'".to_owned(),
            "UPDATE inbox_event SET state = 'stored' WHERE id = 'in_acme_3'".to_owned()]).await;
        story(db, "other", 1, NOW - 100 * DAY).await;
        loop {
            let tx = db.begin().await.unwrap();
            let gone = purge::retention_step(&*tx, "acme", NOW - 90 * DAY, NOW).await.unwrap();
            tx.commit("test.retention").await.unwrap();
            if gone == 0 { break }
        }
        let left: Vec<String> =
            api_call::list(db.read(), "acme", &CallFilter::default(), &first(9)).await.unwrap().into_iter().map(|row| row.id).collect();
        assert_eq!(left, ["call_acme_2", "call_acme_3"]);
        let messages = api_message::list(db.read(), "acme", &MessageFilter::default(), &first(9)).await.unwrap();
        assert_eq!(messages.len(), 2, "the waiting call keeps its message");
        let inbox = api_inbox::list(db.read(), "acme", &InboxFilter::default(), &first(9)).await.unwrap();
        assert_eq!(inbox.len(), 2, "an unread event stays");
        assert_eq!(api_job::list(db.read(), "acme", "dead", None, &first(9)).await.unwrap().len(), 1);
        assert_eq!(calls(db, "other").await, 1, "another portal is not touched");
    }
}

on_both_engines! {
    /// A removed portal goes whole when its time is over, not before, and not when it came back.
    async fn a_removed_portal_goes_whole(db: &Db) {
        portal(db, "gone", "uninstalled", Some(NOW)).await;
        portal(db, "young", "uninstalled", Some(NOW + 1)).await;
        portal(db, "back", "active", Some(NOW)).await;
        for name in ["gone", "back"] {
            story(db, name, 1, NOW).await;
        }
        let due: Vec<String> = purge::portals_due(db.read(), NOW).await.unwrap().into_iter().map(|row| row.member_id).collect();
        assert_eq!(due, ["gone"]);
        assert!(!purge::portal_is_due(db.read(), "young", NOW).await.unwrap());
        loop {
            let tx = db.begin().await.unwrap();
            let gone = purge::portal_step(&*tx, "gone", "job_none").await.unwrap();
            tx.commit("test.portal").await.unwrap();
            if gone == 0 { break }
        }
        let tx = db.begin().await.unwrap();
        assert!(purge::portal_end(&*tx, "gone", NOW).await.unwrap());
        assert!(!purge::portal_end(&*tx, "back", NOW).await.unwrap(), "a portal that came back stays");
        tx.commit("test.end").await.unwrap();
        assert!(api_portal::find(db.read(), "gone").await.unwrap().is_none());
        assert_eq!((calls(db, "gone").await, calls(db, "back").await), (0, 1));
    }
}

on_both_engines! {
    /// Blanking leaves the journal's rows and nothing of the person, and touches nobody else.
    async fn a_person_is_blanked_and_nobody_else(db: &Db) {
        story(db, "acme", 1, NOW).await;
        story(db, "acme", 2, NOW).await;
        let keys = [("phone".to_owned(), "79160000001".to_owned())];
        let found = erase::conversations(db.read(), "acme", &keys).await.unwrap();
        assert_eq!(found.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["conv_acme_1"]);
        let patterns = ["%00_01%".to_owned(), "%0001%".to_owned()];
        let named = erase::calls_like(db.read(), "acme", &patterns, "").await.unwrap();
        assert_eq!(named.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["call_acme_1"]);
        assert_eq!(erase::inbox_like(db.read(), "acme", &patterns, "").await.unwrap().len(), 1);

        let ids = ["msg_acme_1".to_owned()];
        let tx = db.begin().await.unwrap();
        erase::blank_messages(&*tx, "acme", &ids).await.unwrap();
        erase::blank_calls(&*tx, "acme", &["call_acme_1".to_owned()]).await.unwrap();
        erase::blank_inbox(&*tx, "acme", "in_acme_1", NOW).await.unwrap();
        erase::remove_conversations(&*tx, "acme", &["conv_acme_1".to_owned()]).await.unwrap();
        erase::remove_opt_in_marks(&*tx, "acme", &["79160000001".to_owned()]).await.unwrap();
        tx.commit("test.blank").await.unwrap();

        let story = api_call::story(db.read(), "acme", "call_acme_1").await.unwrap().unwrap();
        assert_eq!((story.call.input.as_str(), story.call.facts.as_deref(), story.call.rendered), (erase::ERASED_JSON, Some(erase::ERASED_JSON), None));
        let message = &story.messages[0];
        assert_eq!((message.recipient.as_str(), message.rendered_text.as_str(), message.status.as_str()), (erase::ERASED, "", "read"));
        assert_eq!((&message.wa_id, &message.provider_id), (&None, &None), "a WhatsApp id carries the number");
        assert_eq!(story.attempts[0].text, None);
        let other = api_message::find(db.read(), "acme", "msg_acme_2").await.unwrap().unwrap();
        assert_eq!((other.recipient.as_str(), other.rendered_text.as_str()), ("79160000002", "secret"));
    }
}

on_both_engines! {
    /// The backlog counts what is due or dead by portal and lane; an alarm remembers when it was told.
    async fn trouble_is_counted_and_remembered(db: &Db) {
        story(db, "acme", 1, NOW).await;
        story(db, "acme", 2, NOW - 1).await;
        run(db, &["UPDATE job SET state = 'ready', run_at = 5 WHERE id = 'job_acme_2'".to_owned()]).await;
        let backlog = api_job::backlog(db.read(), NOW).await.unwrap();
        let mut shown: Vec<(&str, i64, Ms)> = backlog.iter().map(|row| (row.state.as_str(), row.jobs, row.oldest_run_at)).collect();
        shown.sort_unstable();
        assert_eq!(shown, [("dead", 1, NOW), ("ready", 1, 5)]);

        let tx = db.begin().await.unwrap();
        alarm::raise(&*tx, "acme", "jobs_dead", "1", NOW).await.unwrap();
        alarm::told(&*tx, "acme", "jobs_dead", NOW).await.unwrap();
        alarm::raise(&*tx, "acme", "jobs_dead", "2", NOW + 9).await.unwrap();
        tx.commit("test.alarm").await.unwrap();
        let row = alarm::find(db.read(), "acme", "jobs_dead").await.unwrap().unwrap();
        assert_eq!((row.told_at, row.raised_at, row.detail.as_str()), (Some(NOW), NOW + 9, "2"));
    }
}
