//! Finds and blanks what is stored about one person. The caller decides whether a text names the person (`domain::person`);
//! here only the rows. Journal rows stay, their personal columns do not.

use crate::db::entity::{
    answer, attempt, conversation, conversation_key, follow_up, inbox_event, job, media, message, message_event, number_check, opt_in_mark,
    reached, robot_call, write_back,
};
use crate::db::{Conn, DbResult};
use crate::domain::clock::Ms;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// What stands in place of a personal JSON value.
pub const ERASED_JSON: &str = r#"{"erased":true}"#;
/// What stands in place of a personal text.
pub const ERASED: &str = "erased";
/// Rows read at a time while searching.
const CHUNK: u64 = 500;

/// Conversations that any of the (kind, value) pairs names.
///
/// # Errors
/// The database failed.
pub async fn conversations(db: &impl Conn, portal: &str, keys: &[(String, String)]) -> DbResult<Vec<conversation::Model>> {
    let mut named = Condition::any();
    let mut own = Condition::any();
    for (kind, value) in keys {
        named = named.add(conversation_key::Column::Kind.eq(kind.as_str()).and(conversation_key::Column::Value.eq(value.as_str())));
        let column = match kind.as_str() {
            "phone" => conversation::Column::Phone,
            "bsuid" => conversation::Column::Bsuid,
            "lid" => conversation::Column::Lid,
            _ => continue,
        };
        own = own.add(column.eq(value.as_str()));
    }
    let by_key = conversation_key::Entity::find().filter(conversation_key::Column::Portal.eq(portal)).filter(named).all(db).await?;
    let ids: Vec<String> = by_key.into_iter().map(|key| key.conversation_id).collect();
    let select = conversation::Entity::find().filter(conversation::Column::Portal.eq(portal));
    Ok(select.filter(own.add(conversation::Column::Id.is_in(ids))).all(db).await?)
}

/// All keys of conversations.
///
/// # Errors
/// The database failed.
pub async fn keys(db: &impl Conn, portal: &str, conversation_ids: &[String]) -> DbResult<Vec<conversation_key::Model>> {
    use conversation_key::Column;
    let select = conversation_key::Entity::find().filter(Column::Portal.eq(portal));
    Ok(select.filter(Column::ConversationId.is_in(conversation_ids)).all(db).await?)
}

/// Messages of conversations, or to one of the recipients: id, call, stored error.
///
/// # Errors
/// The database failed.
pub async fn messages(
    db: &impl Conn,
    portal: &str,
    conversation_ids: &[String],
    recipients: &[String],
) -> DbResult<Vec<(String, Option<String>, Option<String>)>> {
    use message::Column;
    let whose = Condition::any().add(Column::ConversationId.is_in(conversation_ids)).add(Column::Recipient.is_in(recipients));
    let select = message::Entity::find()
        .select_only()
        .columns([Column::Id, Column::CallId, Column::Error])
        .filter(Column::Portal.eq(portal))
        .filter(whose);
    Ok(select.into_tuple().all(db).await?)
}

/// Raw events after `after` whose text resembles one of the patterns (SQL `LIKE`), by id.
///
/// # Errors
/// The database failed.
pub async fn inbox_like(db: &impl Conn, portal: &str, patterns: &[String], after: &str) -> DbResult<Vec<inbox_event::Model>> {
    use inbox_event::Column;
    let mut like = Condition::any();
    for pattern in patterns {
        like = like.add(Column::Body.like(pattern.as_str()));
    }
    let select = inbox_event::Entity::find().filter(Column::Portal.eq(portal)).filter(Column::Id.gt(after)).filter(like);
    Ok(select.order_by_asc(Column::Id).limit(CHUNK).all(db).await?)
}

/// Calls after `after` whose stored JSON resembles one of the patterns (SQL `LIKE`), by id.
///
/// # Errors
/// The database failed.
pub async fn calls_like(db: &impl Conn, portal: &str, patterns: &[String], after: &str) -> DbResult<Vec<robot_call::Model>> {
    use robot_call::Column;
    let mut like = Condition::any();
    for pattern in patterns {
        for column in [Column::Input, Column::Rendered, Column::Operation, Column::Facts, Column::Decision] {
            like = like.add(column.like(pattern.as_str()));
        }
    }
    let select = robot_call::Entity::find().filter(Column::Portal.eq(portal)).filter(Column::Id.gt(after)).filter(like);
    Ok(select.order_by_asc(Column::Id).limit(CHUNK).all(db).await?)
}

/// Blanks messages with their attempts and reports; what had not left yet never leaves.
///
/// # Errors
/// The database failed.
pub async fn blank_messages(db: &impl Conn, portal: &str, ids: &[String]) -> DbResult<u64> {
    use message::Column;
    message::Entity::update_many()
        .col_expr(Column::Status, Expr::value("cancelled"))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Id.is_in(ids))
        .filter(Column::Status.is_in(["queued", "held"]))
        .exec(db)
        .await?;
    // A WhatsApp id (`wamid.…`) carries the phone number in base64, whichever column it stands in.
    message::Entity::update_many()
        .col_expr(Column::ProviderId, Expr::value(Option::<String>::None))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Id.is_in(ids))
        .filter(Column::ProviderId.like("wamid.%"))
        .exec(db)
        .await?;
    let blanked = message::Entity::update_many()
        .col_expr(Column::Content, Expr::value(ERASED_JSON))
        .col_expr(Column::RenderedText, Expr::value(""))
        .col_expr(Column::Identity, Expr::value("{}"))
        .col_expr(Column::Recipient, Expr::value(ERASED))
        .col_expr(Column::WaId, Expr::value(Option::<String>::None))
        .col_expr(Column::ReplyId, Expr::value(Option::<String>::None))
        .col_expr(Column::ReplyTitle, Expr::value(Option::<String>::None))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Id.is_in(ids))
        .exec(db)
        .await?;
    attempt::Entity::update_many()
        .col_expr(attempt::Column::Text, Expr::value(Option::<String>::None))
        .filter(attempt::Column::Portal.eq(portal))
        .filter(attempt::Column::MessageId.is_in(ids))
        .exec(db)
        .await?;
    message_event::Entity::update_many()
        .col_expr(message_event::Column::Error, Expr::value(Option::<String>::None))
        .filter(message_event::Column::Portal.eq(portal))
        .filter(message_event::Column::MessageId.is_in(ids))
        .exec(db)
        .await?;
    Ok(blanked.rows_affected)
}

/// Blanks calls: what was received, read, rendered and decided.
///
/// # Errors
/// The database failed.
pub async fn blank_calls(db: &impl Conn, portal: &str, ids: &[String]) -> DbResult<u64> {
    use robot_call::Column;
    let mut update = robot_call::Entity::update_many().col_expr(Column::Input, Expr::value(ERASED_JSON));
    for column in [Column::Operation, Column::Facts, Column::Rendered] {
        update = update.col_expr(column, Expr::case(Expr::col(column).is_null(), Expr::null()).finally(ERASED_JSON).into());
    }
    Ok(update.filter(Column::Portal.eq(portal)).filter(Column::Id.is_in(ids)).exec(db).await?.rows_affected)
}

/// Answers of calls.
///
/// # Errors
/// The database failed.
pub async fn answers(db: &impl Conn, portal: &str, call_ids: &[String]) -> DbResult<Vec<answer::Model>> {
    use answer::Column;
    Ok(answer::Entity::find().filter(Column::Portal.eq(portal)).filter(Column::CallId.is_in(call_ids)).all(db).await?)
}

/// Replaces an answer's values.
///
/// # Errors
/// The database failed.
pub async fn put_answer(db: &impl Conn, portal: &str, call_id: &str, values: &str) -> DbResult<()> {
    use answer::Column;
    let update = answer::Entity::update_many().col_expr(Column::ReturnValues, Expr::value(values));
    update.filter(Column::Portal.eq(portal)).filter(Column::CallId.eq(call_id)).exec(db).await?;
    Ok(())
}

/// Write-backs of calls and messages.
///
/// # Errors
/// The database failed.
pub async fn write_backs(db: &impl Conn, portal: &str, call_ids: &[String], message_ids: &[String]) -> DbResult<Vec<write_back::Model>> {
    use write_back::Column;
    let whose = Condition::any().add(Column::CallId.is_in(call_ids)).add(Column::MessageId.is_in(message_ids));
    Ok(write_back::Entity::find().filter(Column::Portal.eq(portal)).filter(whose).all(db).await?)
}

/// Replaces a write-back's payload and forgets the portal's words about it.
///
/// # Errors
/// The database failed.
pub async fn put_write_back(db: &impl Conn, portal: &str, id: &str, payload: &str) -> DbResult<()> {
    use write_back::Column;
    let update = write_back::Entity::update_many().col_expr(Column::Payload, Expr::value(payload));
    let update = update.col_expr(Column::LastError, Expr::value(Option::<String>::None));
    update.filter(Column::Portal.eq(portal)).filter(Column::Id.eq(id)).exec(db).await?;
    Ok(())
}

/// Replaces a message's stored error.
///
/// # Errors
/// The database failed.
pub async fn put_error(db: &impl Conn, portal: &str, message_id: &str, error: &str) -> DbResult<()> {
    use message::Column;
    let update = message::Entity::update_many().col_expr(Column::Error, Expr::value(error));
    update.filter(Column::Portal.eq(portal)).filter(Column::Id.eq(message_id)).exec(db).await?;
    Ok(())
}

/// Replaces a call's decision.
///
/// # Errors
/// The database failed.
pub async fn put_decision(db: &impl Conn, portal: &str, call_id: &str, decision: &str) -> DbResult<()> {
    use robot_call::Column;
    let update = robot_call::Entity::update_many().col_expr(Column::Decision, Expr::value(decision));
    update.filter(Column::Portal.eq(portal)).filter(Column::Id.eq(call_id)).exec(db).await?;
    Ok(())
}

/// Blanks a raw event; it stays as proof that something came.
///
/// # Errors
/// The database failed.
pub async fn blank_inbox(db: &impl Conn, portal: &str, id: &str, now: Ms) -> DbResult<()> {
    use inbox_event::Column;
    inbox_event::Entity::update_many()
        .col_expr(Column::Body, Expr::value(ERASED_JSON))
        .col_expr(Column::ReadAs, Expr::value(ERASED_JSON))
        .col_expr(Column::State, Expr::value("done"))
        .col_expr(Column::ProcessedAt, Expr::value(now))
        .col_expr(Column::EventKey, Expr::value(format!("{ERASED}:{id}")))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Files of messages.
///
/// # Errors
/// The database failed.
pub async fn media(db: &impl Conn, portal: &str, message_ids: &[String]) -> DbResult<Vec<media::Model>> {
    use media::Column;
    Ok(media::Entity::find().filter(Column::Portal.eq(portal)).filter(Column::MessageId.is_in(message_ids)).all(db).await?)
}

/// Removes conversations with their keys.
///
/// # Errors
/// The database failed.
pub async fn remove_conversations(db: &impl Conn, portal: &str, ids: &[String]) -> DbResult<u64> {
    let keys = conversation_key::Entity::delete_many().filter(conversation_key::Column::Portal.eq(portal));
    keys.filter(conversation_key::Column::ConversationId.is_in(ids)).exec(db).await?;
    let own = conversation::Entity::delete_many().filter(conversation::Column::Portal.eq(portal));
    Ok(own.filter(conversation::Column::Id.is_in(ids)).exec(db).await?.rows_affected)
}

/// Ends and blanks follow-ups to a person: their rows stay as proof, what they would have said does not.
///
/// # Errors
/// The database failed.
pub async fn blank_follow_ups(db: &impl Conn, portal: &str, recipients: &[String], now: Ms) -> DbResult<u64> {
    use follow_up::Column;
    follow_up::Entity::update_many()
        .col_expr(Column::State, Expr::value("cancelled"))
        .col_expr(Column::Reason, Expr::value(ERASED))
        .col_expr(Column::EndedAt, Expr::value(now))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Recipient.is_in(recipients))
        .filter(Column::State.eq("pending"))
        .exec(db)
        .await?;
    let blanked = follow_up::Entity::update_many()
        .col_expr(Column::Operation, Expr::value(ERASED_JSON))
        .col_expr(Column::Identity, Expr::value("{}"))
        .col_expr(Column::Error, Expr::value(Option::<String>::None))
        .col_expr(Column::Recipient, Expr::value(ERASED))
        .filter(Column::Portal.eq(portal))
        .filter(Column::Recipient.is_in(recipients))
        .exec(db)
        .await?;
    Ok(blanked.rows_affected)
}

/// Removes what is known of numbers; a place taken today stays counted, without a name.
///
/// # Errors
/// The database failed.
pub async fn remove_places(db: &impl Conn, portal: &str, phones: &[String], others: &[String]) -> DbResult<()> {
    let checks = number_check::Entity::delete_many().filter(number_check::Column::Portal.eq(portal));
    checks.filter(number_check::Column::Phone.is_in(phones)).exec(db).await?;
    let people: Vec<&String> = phones.iter().chain(others).collect();
    let nameless = Expr::col(reached::Column::MessageId);
    reached::Entity::update_many()
        .col_expr(reached::Column::Person, nameless)
        .filter(reached::Column::Portal.eq(portal))
        .filter(reached::Column::Person.is_in(people))
        .exec(db)
        .await?;
    Ok(())
}

/// Removes marks and jobs of the provider's opt-in list for numbers.
///
/// # Errors
/// The database failed.
pub async fn remove_opt_in_marks(db: &impl Conn, portal: &str, phones: &[String]) -> DbResult<()> {
    let marks = opt_in_mark::Entity::delete_many().filter(opt_in_mark::Column::Portal.eq(portal));
    marks.filter(opt_in_mark::Column::Phone.is_in(phones)).exec(db).await?;
    for phone in phones {
        job::Entity::delete_many()
            .filter(job::Column::Portal.eq(portal))
            .filter(job::Column::Kind.eq("mark_opt_in"))
            .filter(job::Column::State.ne("running"))
            .filter(job::Column::Payload.like(format!("%\"{phone}\"%")))
            .exec(db)
            .await?;
    }
    Ok(())
}
