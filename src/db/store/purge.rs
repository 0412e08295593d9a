//! Removes what retention no longer keeps, a bounded step at a time, so that the one writer of SQLite is never held for long.
//!
//! Children go before their parents inside one transaction; a step that was cut short is simply taken again.

use crate::db::entity::{
    alarm, answer, api_send, attempt, auto_reply, channel, consent, consent_event, consent_key, conversation, conversation_key,
    event_binding, follow_up, inbox_event, job, media, message, message_event, number_check, number_check_budget, opt_in_mark,
    page_session, portal, portal_event, portfolio, reach_wait, reached, registration, resend, robot_call, template, wait, wait_watch,
    write_back,
};
use crate::db::{Conn, DbResult};
use crate::domain::clock::Ms;
use sea_orm::sea_query::{ExprTrait as _, IntoColumnRef, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, QueryTrait};

/// Rows of one kind removed in one step.
pub const STEP: u64 = 500;

/// Files whose time is over.
///
/// # Errors
/// The database failed.
pub async fn expired_media(db: &impl Conn, portal: &str, now: Ms) -> DbResult<Vec<media::Model>> {
    let select = media::Entity::find().filter(media::Column::Portal.eq(portal)).filter(media::Column::ExpiresAt.lte(now));
    Ok(select.limit(STEP).all(db).await?)
}

/// Files of a portal, whatever their time.
///
/// # Errors
/// The database failed.
pub async fn all_media(db: &impl Conn, portal: &str) -> DbResult<Vec<media::Model>> {
    Ok(media::Entity::find().filter(media::Column::Portal.eq(portal)).limit(STEP).all(db).await?)
}

/// Forgets files that were removed from disk.
///
/// # Errors
/// The database failed.
pub async fn forget_media(db: &impl Conn, portal: &str, token_hashes: &[String]) -> DbResult<u64> {
    use media::Column;
    let done =
        media::Entity::delete_many().filter(Column::Portal.eq(portal)).filter(Column::TokenHash.is_in(token_hashes)).exec(db).await?;
    Ok(done.rows_affected)
}

#[derive(FromQueryResult)]
struct Id {
    id: String,
}

/// One step of retention: what ended before `before`, and sessions that expired by `now`. Returns how many rows went.
///
/// # Errors
/// The database failed.
pub async fn retention_step(db: &impl Conn, portal: &str, before: Ms, now: Ms) -> DbResult<u64> {
    let mut gone = calls_step(db, portal, before).await?;
    gone += loose_messages_step(db, portal, before).await?;
    gone += old_rows(db, inbox_event::Entity, inbox_event::Column::Id, {
        use inbox_event::Column;
        Column::Portal.eq(portal).and(Column::ReceivedAt.lt(before)).and(Column::State.ne("stored"))
    })
    .await?;
    // Triggers of a window belong to no call and no message.
    gone += old_rows(db, write_back::Entity, write_back::Column::Id, {
        use write_back::Column;
        let loose = Column::CallId.is_null().and(Column::MessageId.is_null());
        Column::Portal.eq(portal).and(loose).and(Column::CreatedAt.lt(before)).and(Column::State.ne("pending"))
    })
    .await?;
    gone += old_rows(db, portal_event::Entity, portal_event::Column::Id, {
        portal_event::Column::Portal.eq(portal).and(portal_event::Column::ReceivedAt.lt(before))
    })
    .await?;
    gone += old_rows(db, job::Entity, job::Column::Id, {
        job::Column::Portal.eq(portal).and(job::Column::State.eq("dead")).and(job::Column::UpdatedAt.lt(before))
    })
    .await?;
    gone += old_rows(db, page_session::Entity, page_session::Column::TokenHash, {
        page_session::Column::Portal.eq(portal).and(page_session::Column::ExpiresAt.lt(now))
    })
    .await?;
    gone += old_rows(db, follow_up::Entity, follow_up::Column::Id, {
        follow_up::Column::Portal.eq(portal).and(follow_up::Column::EndedAt.lt(before))
    })
    .await?;
    gone += orders_step(db, portal, before).await?;
    gone += conversations_step(db, portal, before, now).await?;
    Ok(gone)
}

/// Marks of what was ordered or done once, long ago. Consents and their evidence are never too old.
async fn orders_step(db: &impl Conn, portal: &str, before: Ms) -> DbResult<u64> {
    // Keys of several columns: not by `old_rows`, which knows rows by one.
    let sends = api_send::Entity::delete_many().filter(api_send::Column::Portal.eq(portal)).filter(api_send::Column::CreatedAt.lt(before));
    let mut gone = sends.exec(db).await?.rows_affected;
    let checks = number_check::Entity::delete_many().filter(number_check::Column::Portal.eq(portal));
    gone += checks.filter(number_check::Column::CheckedAt.lt(before)).exec(db).await?.rows_affected;
    gone += old_rows(db, resend::Entity, resend::Column::MessageId, {
        resend::Column::Portal.eq(portal).and(resend::Column::CreatedAt.lt(before))
    })
    .await?;
    gone += old_rows(db, reach_wait::Entity, reach_wait::Column::MessageId, {
        reach_wait::Column::Portal.eq(portal).and(reach_wait::Column::SlotAt.lt(before))
    })
    .await?;
    Ok(gone)
}

async fn old_rows<E, C>(db: &impl Conn, _entity: E, id: C, what: SimpleExpr) -> DbResult<u64>
where
    E: EntityTrait,
    C: ColumnTrait + IntoColumnRef,
{
    let few = E::find().select_only().column(id).filter(what).limit(STEP).into_query();
    Ok(E::delete_many().filter(id.in_subquery(few)).exec(db).await?.rows_affected)
}

/// Finished calls with their messages, attempts, reports, answers and write-backs.
async fn calls_step(db: &impl Conn, portal: &str, before: Ms) -> DbResult<u64> {
    use robot_call::Column;
    let old = robot_call::Entity::find()
        .select_only()
        .column_as(Column::Id, "id")
        .filter(Column::Portal.eq(portal))
        .filter(Column::AcceptedAt.lt(before))
        .filter(Column::State.is_not_in(["accepted", "waiting"]))
        .limit(STEP);
    let calls: Vec<String> = old.into_model::<Id>().all(db).await?.into_iter().map(|row| row.id).collect();
    if calls.is_empty() {
        return Ok(0);
    }
    let of_calls = message::Column::CallId.is_in(&calls).and(message::Column::Portal.eq(portal));
    let mut gone = messages(db, portal, of_calls).await?;
    let answers = answer::Entity::delete_many().filter(answer::Column::CallId.is_in(&calls)).filter(answer::Column::Portal.eq(portal));
    gone += answers.exec(db).await?.rows_affected;
    let write_backs = write_back::Entity::delete_many().filter(write_back::Column::CallId.is_in(&calls));
    gone += write_backs.filter(write_back::Column::Portal.eq(portal)).exec(db).await?.rows_affected;
    let watches = wait_watch::Entity::delete_many().filter(wait_watch::Column::CallId.is_in(&calls));
    gone += watches.filter(wait_watch::Column::Portal.eq(portal)).exec(db).await?.rows_affected;
    let waits = wait::Entity::delete_many().filter(wait::Column::CallId.is_in(&calls));
    gone += waits.filter(wait::Column::Portal.eq(portal)).exec(db).await?.rows_affected;
    gone +=
        robot_call::Entity::delete_many().filter(Column::Id.is_in(&calls)).filter(Column::Portal.eq(portal)).exec(db).await?.rows_affected;
    Ok(gone)
}

/// Messages without a call: inbound ones, and those sent from pages and scripts.
async fn loose_messages_step(db: &impl Conn, portal: &str, before: Ms) -> DbResult<u64> {
    use message::Column;
    let old = message::Entity::find()
        .select_only()
        .column_as(Column::Id, "id")
        .filter(Column::Portal.eq(portal))
        .filter(Column::CreatedAt.lt(before))
        .filter(Column::CallId.is_null())
        .filter(Column::Status.is_not_in(["queued", "held", "sending"]))
        .limit(STEP);
    let ids: Vec<String> = old.into_model::<Id>().all(db).await?.into_iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(0);
    }
    messages(db, portal, Column::Id.is_in(&ids).and(Column::Portal.eq(portal))).await
}

/// Messages with what hangs on them.
async fn messages(db: &impl Conn, portal: &str, which: SimpleExpr) -> DbResult<u64> {
    let ids = || message::Entity::find().select_only().column(message::Column::Id).filter(which.clone()).into_query();
    let mut gone = 0;
    let attempts = attempt::Entity::delete_many().filter(attempt::Column::MessageId.in_subquery(ids()));
    gone += attempts.filter(attempt::Column::Portal.eq(portal)).exec(db).await?.rows_affected;
    let events = message_event::Entity::delete_many().filter(message_event::Column::MessageId.in_subquery(ids()));
    gone += events.filter(message_event::Column::Portal.eq(portal)).exec(db).await?.rows_affected;
    let write_backs = write_back::Entity::delete_many().filter(write_back::Column::MessageId.in_subquery(ids()));
    gone += write_backs.filter(write_back::Column::Portal.eq(portal)).exec(db).await?.rows_affected;
    gone += message::Entity::delete_many().filter(which).exec(db).await?.rows_affected;
    Ok(gone)
}

/// Conversations that nobody moved and whose window is over; the next message begins a new one.
async fn conversations_step(db: &impl Conn, portal: &str, before: Ms, now: Ms) -> DbResult<u64> {
    use conversation::Column;
    let closed = Column::WindowUntil.is_null().or(Column::WindowUntil.lt(now));
    let old = conversation::Entity::find()
        .select_only()
        .column_as(Column::Id, "id")
        .filter(Column::Portal.eq(portal))
        .filter(Column::UpdatedAt.lt(before))
        .filter(closed)
        .limit(STEP);
    let ids: Vec<String> = old.into_model::<Id>().all(db).await?.into_iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(0);
    }
    let keys = conversation_key::Entity::delete_many().filter(conversation_key::Column::ConversationId.is_in(&ids));
    keys.filter(conversation_key::Column::Portal.eq(portal)).exec(db).await?;
    let replies = auto_reply::Entity::delete_many().filter(auto_reply::Column::ConversationId.is_in(&ids));
    replies.filter(auto_reply::Column::Portal.eq(portal)).exec(db).await?;
    let done = conversation::Entity::delete_many().filter(Column::Id.is_in(&ids)).filter(Column::Portal.eq(portal)).exec(db).await?;
    Ok(done.rows_affected)
}

/// One step of removing everything a portal left behind, except its own row, its files and the job `spare` that does this.
///
/// # Errors
/// The database failed.
pub async fn portal_step(db: &impl Conn, portal: &str, spare: &str) -> DbResult<u64> {
    let mut gone = calls_step(db, portal, Ms::MAX).await?;
    gone += old_rows(db, robot_call::Entity, robot_call::Column::Id, robot_call::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, message::Entity, message::Column::Id, message::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, attempt::Entity, attempt::Column::MessageId, attempt::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, message_event::Entity, message_event::Column::Id, message_event::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, answer::Entity, answer::Column::CallId, answer::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, wait::Entity, wait::Column::CallId, wait::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, wait_watch::Entity, wait_watch::Column::CallId, wait_watch::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, write_back::Entity, write_back::Column::Id, write_back::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, inbox_event::Entity, inbox_event::Column::Id, inbox_event::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, portal_event::Entity, portal_event::Column::Id, portal_event::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, conversation::Entity, conversation::Column::Id, conversation::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, follow_up::Entity, follow_up::Column::Id, follow_up::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, consent_event::Entity, consent_event::Column::Id, consent_event::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, consent::Entity, consent::Column::Id, consent::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, reach_wait::Entity, reach_wait::Column::MessageId, reach_wait::Column::Portal.eq(portal)).await?;
    gone += old_rows(db, resend::Entity, resend::Column::MessageId, resend::Column::Portal.eq(portal)).await?;
    let jobs = job::Column::Portal.eq(portal).and(job::Column::Id.ne(spare));
    gone += old_rows(db, job::Entity, job::Column::Id, jobs).await?;
    Ok(gone)
}

/// The end of a portal: its small tables and its own row. Nothing happens when it was installed again meanwhile.
///
/// # Errors
/// The database failed.
pub async fn portal_end(db: &impl Conn, portal: &str, now: Ms) -> DbResult<bool> {
    let own = portal::Entity::delete_many()
        .filter(portal::Column::MemberId.eq(portal))
        .filter(portal::Column::Status.eq("uninstalled"))
        .filter(portal::Column::PurgeAt.lte(now));
    if own.exec(db).await?.rows_affected == 0 {
        return Ok(false);
    }
    conversation_key::Entity::delete_many().filter(conversation_key::Column::Portal.eq(portal)).exec(db).await?;
    consent_key::Entity::delete_many().filter(consent_key::Column::Portal.eq(portal)).exec(db).await?;
    reached::Entity::delete_many().filter(reached::Column::Portal.eq(portal)).exec(db).await?;
    portfolio::Entity::delete_many().filter(portfolio::Column::Portal.eq(portal)).exec(db).await?;
    auto_reply::Entity::delete_many().filter(auto_reply::Column::Portal.eq(portal)).exec(db).await?;
    api_send::Entity::delete_many().filter(api_send::Column::Portal.eq(portal)).exec(db).await?;
    number_check::Entity::delete_many().filter(number_check::Column::Portal.eq(portal)).exec(db).await?;
    number_check_budget::Entity::delete_many().filter(number_check_budget::Column::Portal.eq(portal)).exec(db).await?;
    template::Entity::delete_many().filter(template::Column::Portal.eq(portal)).exec(db).await?;
    channel::Entity::delete_many().filter(channel::Column::Portal.eq(portal)).exec(db).await?;
    registration::Entity::delete_many().filter(registration::Column::Portal.eq(portal)).exec(db).await?;
    opt_in_mark::Entity::delete_many().filter(opt_in_mark::Column::Portal.eq(portal)).exec(db).await?;
    page_session::Entity::delete_many().filter(page_session::Column::Portal.eq(portal)).exec(db).await?;
    event_binding::Entity::delete_many().filter(event_binding::Column::Portal.eq(portal)).exec(db).await?;
    alarm::Entity::delete_many().filter(alarm::Column::Portal.eq(portal)).exec(db).await?;
    Ok(true)
}

/// Whether a portal is gone and its time is over.
///
/// # Errors
/// The database failed.
pub async fn portal_is_due(db: &impl Conn, portal: &str, now: Ms) -> DbResult<bool> {
    let select = portal::Entity::find_by_id(portal).filter(portal::Column::Status.eq("uninstalled"));
    Ok(select.filter(portal::Column::PurgeAt.lte(now)).one(db).await?.is_some())
}

/// Portals that are gone and whose time is over, should their job have been lost.
///
/// # Errors
/// The database failed.
pub async fn portals_due(db: &impl Conn, now: Ms) -> DbResult<Vec<portal::Model>> {
    let select = portal::Entity::find().filter(portal::Column::Status.eq("uninstalled"));
    Ok(select.filter(portal::Column::PurgeAt.lte(now)).all(db).await?)
}
