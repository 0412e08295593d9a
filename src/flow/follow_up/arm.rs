//! Arms follow-ups: everything that can be refused now is refused now, the rest is looked at again when the moment comes.

use super::plan::{Due, Ground as Known, Impossible, Timing};
use super::{Reason, bind, document, end, event, job};
use crate::catalog::operation::{FollowUp, OnClosedWindow, StopOn, When};
use crate::db::entity::{follow_up as row, robot_call};
use crate::db::store::follow_up as store;
use crate::db::store::follow_up_stop::Whose;
use crate::db::store::{conversation as conversations, conversation::Touch};
use crate::db::{DbResult, Tx};
use crate::domain::clock::{Ms, iso};
use crate::domain::consent::Standing;
use crate::domain::content::Content;
use crate::domain::document::CrmItem;
use crate::domain::identity::Identity;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::schedule::{Calendar, CalendarFault};
use crate::flow::desk::{Desk, Sender};
use crate::flow::facts::Facts;
use crate::flow::gate::{self, Question};
use crate::flow::phones::{self, Recipient};
use crate::flow::results::{self, WindowView};
use crate::flow::template_choice::{self, Fault};
use crate::flow::{Ctx, quiet};
use crate::queue;
use chrono_tz::Tz;
use sha2::{Digest as _, Sha256};

/// What a follow-up is armed on.
#[derive(Debug)]
pub(in crate::flow) struct Ground<'a> {
    /// The call; `None` = the API.
    pub(in crate::flow) call: Option<&'a robot_call::Model>,
    /// What was read of the document.
    pub(in crate::flow) facts: &'a Facts,
    /// Entity and id.
    pub(in crate::flow) document: Option<(&'a str, &'a str)>,
}

/// A follow-up to store.
#[derive(Debug, Clone)]
pub(in crate::flow) struct Armed {
    /// The row; its conversation is found when it is stored.
    pub(in crate::flow) row: row::Model,
    /// Its moment as Bitrix24 reads it.
    pub(in crate::flow) due_text: String,
    /// The recipient's window.
    pub(in crate::flow) window: WindowView,
    /// The text, as far as it is known.
    pub(in crate::flow) text: String,
    who: Identity,
}

/// Decides what is armed for these recipients.
///
/// # Errors
/// Refusals that the process is told.
pub(in crate::flow) async fn decide(
    ctx: &Ctx,
    desk: &mut Desk,
    sender: &Sender,
    wanted: &FollowUp,
    recipients: &[Recipient],
    ground: Ground<'_>,
) -> Result<Vec<Armed>, Fault> {
    let now = ctx.clock.now();
    let official = sender.capabilities().official;
    sendable(ctx, desk, sender, wanted, now).await?;
    windows_exist(wanted, sender)?;
    phones::not_too_many(recipients)?;
    phones::reachable(sender, recipients)?;
    let mut armed = Vec::new();
    for recipient in recipients {
        let window = WindowView::of(official, recipient.conversation.as_ref());
        let zone = zone(&wanted.plan.time_zone).map(|own| own.unwrap_or_else(|| quiet::zone(&desk.portal, &recipient.who)))?;
        let timing = timing(wanted, desk, sender, zone, now)?;
        let known = Known::of(recipient.conversation.as_ref(), now, now);
        let due = timing.first(known).map_err(|why| impossible(desk, wanted, window, why))?;
        if wanted.plan.when == When::At && due.base.saturating_add(timing.offset) < now.saturating_sub(desk.portal.follow_up_late) {
            return Err(invalid("at", &wanted.plan.at, "moment-passed").into());
        }
        armed.push(Armed {
            row: row(ctx, &desk.portal.id, sender, wanted, &recipient.who, &ground, (due, zone), now),
            due_text: results::moment(&desk.portal, due.at),
            window,
            text: wanted.text.clone(),
            who: recipient.who.clone(),
        });
    }
    Ok(armed)
}

/// Text and template as they would be refused if it were sent now.
async fn sendable(ctx: &Ctx, desk: &mut Desk, sender: &Sender, wanted: &FollowUp, now: Ms) -> Result<(), Fault> {
    let (text, template) = (!wanted.text.trim().is_empty(), !wanted.template.template.trim().is_empty());
    if !text && !template {
        return Err(Refusal::new(Code::TextEmpty, "neither text nor template").with("field", "text, template").into());
    }
    if text {
        let content = Content::Text { body: wanted.text.clone(), preview_link: true };
        let window = WindowView { official: sender.capabilities().official, until: None };
        // Held for whatever window there will be: everything else of the gate is asked now.
        let standing = Standing::default();
        let on_closed = OnClosedWindow::Hold;
        let question = Question { portal: &desk.portal, sender, content: &content, window, standing, on_closed, quiet: None };
        gate::check(&question, now)?;
    }
    // A channel without templates has no windows either: then the text is what goes.
    if template && (sender.has_templates() || !text) {
        template_choice::check(ctx, desk, sender, &wanted.template, wanted.send.on_missing).await?;
    }
    if wanted.plan.when == When::AfterWindowClosed && !template && sender.capabilities().official {
        return Err(invalid("template", "", "template-needed").into());
    }
    Ok(())
}

fn windows_exist(wanted: &FollowUp, sender: &Sender) -> Result<(), Refusal> {
    let windowed = matches!(wanted.plan.when, When::BeforeWindowCloses | When::AfterWindowClosed);
    if !windowed || sender.capabilities().official {
        return Ok(());
    }
    let refusal = Refusal::new(Code::UnsupportedByChannel, "no windows on this channel").with("name", sender.row.name.clone());
    Err(refusal.with("item", wanted.plan.when.as_str()))
}

fn zone(written: &str) -> Result<Option<Tz>, Refusal> {
    match written.trim() {
        "" => Ok(None),
        name => {
            let known = chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name));
            known.copied().map(Some).ok_or_else(|| invalid("time_zone", name, "time_zone"))
        }
    }
}

fn timing(wanted: &FollowUp, desk: &Desk, sender: &Sender, zone: Tz, now: Ms) -> Result<Timing, Refusal> {
    let plan = &wanted.plan;
    let calendar = Calendar::parse(&plan.calendar, now).map_err(|fault| {
        invalid(
            "calendar",
            &plan.calendar,
            match fault {
                CalendarFault::Syntax => "calendar",
                CalendarFault::Never => "calendar-never",
            },
        )
    })?;
    Ok(Timing::new(plan, calendar, zone, &desk.portal, quiet::hours(&desk.portal, &sender.row)))
}

fn impossible(desk: &Desk, wanted: &FollowUp, window: WindowView, why: Impossible) -> Refusal {
    match why {
        Impossible::WindowClosed => gate::window_closed(&desk.portal, window),
        Impossible::Quiet(until) => gate::quiet_hours(&desk.portal, until),
        Impossible::Unreadable => invalid("at", &wanted.plan.at, "moment"),
    }
}

/// `property_invalid` with what to do.
fn invalid(name: &str, value: &str, hint: &str) -> Refusal {
    let value: String = value.trim().chars().take(60).collect();
    let refusal = Refusal::new(Code::PropertyInvalid, format!("property {name}: {hint}")).with("name", name).with("value", value);
    refusal.with("hint_key", format!("hint-{hint}"))
}

#[expect(clippy::too_many_arguments, reason = "the parts a row is made of")]
fn row(
    ctx: &Ctx,
    portal: &str,
    sender: &Sender,
    wanted: &FollowUp,
    who: &Identity,
    ground: &Ground<'_>,
    (due, zone): (Due, Tz),
    now: Ms,
) -> row::Model {
    let flag = |stop: StopOn| i64::from(wanted.plan.stop_on.contains(&stop));
    let item = ground.document.and_then(|(_, id)| CrmItem::parse(id));
    let by_crm = wanted.plan.stop_on.contains(&StopOn::StageChange) || wanted.plan.stop_on.contains(&StopOn::WonLost);
    let standing = ground.facts.item(ground.facts.own).and_then(document::standing);
    // Both are plain data and always serialize.
    let operation = serde_json::to_string(wanted).unwrap_or_default();
    row::Model {
        id: ctx.ids.id("fu", now),
        portal: portal.to_owned(),
        call_id: ground.call.map(|call| call.id.clone()),
        chain: wanted.plan.chain.trim().to_owned(),
        step: hex::encode(Sha256::digest(operation.as_bytes())),
        channel_id: sender.row.id.clone(),
        conversation_id: String::new(),
        document_entity: ground.document.map(|(entity, _)| entity.to_owned()),
        document_id: ground.document.map(|(_, id)| id.to_owned()),
        identity: serde_json::to_string(who).unwrap_or_default(),
        recipient: [&who.phone, &who.bsuid, &who.lid, &who.group].into_iter().flatten().next().cloned().unwrap_or_default(),
        operation,
        kind: wanted.plan.when.as_str().to_owned(),
        zone: zone.name().to_owned(),
        state: store::state::PENDING.to_owned(),
        reason: None,
        error: None,
        due_at: due.at,
        base_at: due.base,
        armed_at: ground.call.map_or(now, |call| call.accepted_at),
        sends: 0,
        repeats_left: wanted.plan.repeat.max(0),
        on_reply: flag(StopOn::Reply),
        on_stage: flag(StopOn::StageChange),
        on_won_lost: flag(StopOn::WonLost),
        on_opt_out: flag(StopOn::OptOut),
        watch: item.and_then(|item| event::watch_of(item, by_crm)).map(str::to_owned),
        stage: standing.as_ref().map(|standing| standing.stage.clone()),
        moved: standing.map(|standing| standing.moved),
        message_id: None,
        created_at: now,
        updated_at: now,
        ended_at: None,
    }
}

/// Stores armed follow-ups with their timers. One that asks for the same in the same chain takes the place of its earlier self.
pub(super) async fn store(tx: &Tx, ctx: &Ctx, portal: &str, armed: &[Armed], now: Ms) -> DbResult<Vec<row::Model>> {
    let wanted: Vec<(String, Identity)> = armed.iter().map(|one| (one.row.channel_id.clone(), one.who.clone())).collect();
    let talks = conversations::find_or_create_many(tx, portal, ctx.ids.as_ref(), &wanted, now).await?;
    let mut rows: Vec<row::Model> = armed.iter().map(|one| one.row.clone()).collect();
    for (row, talk) in rows.iter_mut().zip(talks) {
        row.conversation_id = talk.id;
    }
    for row in rows.iter().filter(|row| !row.chain.is_empty()) {
        let recipient = [row.recipient.clone()];
        let whose = Whose {
            recipients: Some(&recipient),
            document_id: row.document_id.as_deref(),
            chain: Some(&row.chain),
            step: Some(&row.step),
            ..Whose::default()
        };
        end(tx, ctx, portal, &whose, Reason::Rearmed, now).await?;
    }
    store::insert_many(tx, portal, &rows).await?;
    let documents: Vec<Touch> = rows
        .iter()
        .map(|row| Touch {
            id: row.conversation_id.clone(),
            document_entity: row.document_entity.clone(),
            document_id: row.document_id.clone(),
        })
        .collect();
    conversations::touch_document(tx, portal, &documents, now).await?;
    let jobs: Vec<_> = rows.iter().filter_map(|row| Some(job(portal, &row.id, row.due_at?))).collect();
    queue::enqueue(tx, ctx.ids.as_ref(), now, &jobs).await?;
    bind::ask(tx, ctx, portal, &rows, now).await?;
    for row in &rows {
        tracing::info!(portal.id = portal, follow_up.id = row.id, follow_up.due = row.due_at.map(iso), "follow-up armed");
    }
    Ok(rows)
}
