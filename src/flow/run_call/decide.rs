//! Second half of a decision: recipients with their windows, the filled template, the gate.

use super::{Case, Ending, Letter, Stop, ask};
use crate::catalog::operation::{OnClosedWindow, Operation, PhoneChoice, SendCommon, TemplateChoice};
use crate::catalog::spec::ACTIVITY_SUFFIX;
use crate::db::DbResult;
use crate::db::entity::conversation;
use crate::db::store::conversation::{self as conversations, Key};
use crate::domain::clock::Ms;
use crate::domain::content::Content;
use crate::domain::document::CrmItem;
use crate::domain::link;
use crate::domain::refusal::{Code, Refusal};
use crate::flow::content::{self, Scene};
use crate::flow::desk::{Desk, Sender};
use crate::flow::gate::{self, Question, Verdict};
use crate::flow::phones::{self, Recipient};
use crate::flow::results::{self, WindowView};
use crate::flow::template_choice::{self, Filled};
use crate::flow::{Ctx, follow_up, phones as numbers, quiet, waits};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// What is known of everybody these calls may be for, in one look.
pub(super) async fn conversations(ctx: &Ctx, portal: &str, cases: &[&Case]) -> DbResult<HashMap<Key, conversation::Model>> {
    let mut keys: Vec<Key> = Vec::new();
    for case in cases {
        if let Some(sender) = &case.sender {
            keys.extend(case.candidates.people.iter().flat_map(|who| numbers::keys(&sender.row.id, who)));
        }
    }
    conversations::by_keys(ctx.db.read(), portal, &keys).await
}

/// Decides one prepared call.
pub(super) async fn one(ctx: &Ctx, desk: &mut Desk, case: &mut Case, known: &HashMap<Key, conversation::Model>) -> Result<Ending, Stop> {
    if let Some(Operation::WaitStatus { message_id, wait_for, wait_hours, .. }) = &case.operation {
        return match waits::status_plan(ctx, &desk.portal, message_id, *wait_for, *wait_hours).await? {
            Ok(plan) => Ok(Ending::Wait(plan)),
            Err(values) => Ok(Ending::Answer(values)),
        };
    }
    if let Some(Operation::CancelFollowUps { chain, phones }) = &case.operation {
        return Ok(Ending::FollowUp(follow_up::Order::cancel(&desk.portal, &case.call, chain, phones)?));
    }
    if matches!(case.operation, Some(Operation::SetConsent { .. })) {
        return ask::set_consent(ctx, case);
    }
    let (Some(operation), Some(sender)) = (case.operation.clone(), case.sender.clone()) else {
        return Ok(Ending::Dropped("not prepared"));
    };
    let now = ctx.clock.now();
    if let Some(send) = operation.send() {
        // Before anything is made or fetched for them.
        phones::no_stray_group(&sender, &phones::choose(&case.candidates, send.phone_choice, &sender.row.id, known))?;
    }
    match &operation {
        Operation::SendText { send, text, preview_link } => {
            let content = Content::Text { body: text.clone(), preview_link: *preview_link };
            let plain = Filled { content, text: text.clone(), degraded: None };
            letters(ctx, desk, case, &sender, send, &[plain], known).await
        }
        Operation::SendTemplate { send, template } => {
            let filled =
                template_choice::fill(ctx, desk, &sender, CrmItem::parse(&case.call.document_id), template, send.on_missing).await?;
            letters(ctx, desk, case, &sender, send, &[filled], known).await
        }
        Operation::SendButtons { send, .. }
        | Operation::SendList { send, .. }
        | Operation::SendLink { send, .. }
        | Operation::SendFile { send, .. }
        | Operation::SendContact { send, .. }
        | Operation::SendLocation { send, .. }
        | Operation::RequestLocation { send, .. } => {
            let ahead = ahead(desk, case, &sender, send, known, now);
            let document = CrmItem::parse(&case.call.document_id);
            let scene = Scene { ctx, desk, sender: &sender, document, code: spec_code(&case.call.code), ahead: ahead.as_ref() };
            let filled = content::make(&scene, &operation).await?;
            letters(ctx, desk, case, &sender, send, &filled, known).await
        }
        Operation::CheckWindow { .. } => {
            let recipients = phones::choose(&case.candidates, PhoneChoice::FirstValid, &sender.row.id, known);
            phones::no_stray_group(&sender, &recipients)?;
            let talk = recipients.first().and_then(|recipient| recipient.conversation.as_ref());
            let mut values = results::of_window(&desk.portal, WindowView::of(sender.capabilities().official, talk), now);
            results::put_free_entry(&mut values, &desk.portal, talk, now);
            Ok(Ending::Answer(values))
        }
        Operation::WaitReply { expected, ask_again, attempts, reply_minutes, .. } => {
            let recipients = phones::choose(&case.candidates, PhoneChoice::All, &sender.row.id, known);
            phones::no_stray_group(&sender, &recipients)?;
            phones::not_too_many(&recipients)?;
            longest(&sender, "ask_again", ask_again)?;
            let people = recipients.into_iter().map(|one| one.who);
            Ok(Ending::Wait(waits::reply(people.collect(), expected, ask_again, *attempts, *reply_minutes)?))
        }
        Operation::WaitStatus { .. } => Ok(Ending::Dropped("not prepared")),
        Operation::ChatLink { text, .. } => Ok(Ending::Answer(chat_link(ctx, &sender, text)?)),
        Operation::FollowUp(wanted) => {
            let recipients = phones::choose(&case.candidates, wanted.send.phone_choice, &sender.row.id, known);
            let order = follow_up::arm::Ground {
                call: Some(&case.call),
                facts: &case.facts,
                document: Some((&case.call.document_entity, &case.call.document_id)),
            };
            let armed = follow_up::arm::decide(ctx, desk, &sender, wanted, &recipients, order).await?;
            Ok(Ending::FollowUp(follow_up::Order::Arm(armed)))
        }
        Operation::CancelFollowUps { .. } => Ok(Ending::Dropped("not prepared")),
        Operation::SetConsent { .. } => ask::set_consent(ctx, case),
        Operation::CheckNumber { .. } => ask::check_number(ctx, desk, case, &sender).await,
    }
}

/// Why nobody of the recipients would get a free-form message now: then nothing is fetched for it.
fn ahead(
    desk: &Desk,
    case: &Case,
    sender: &Sender,
    send: &SendCommon,
    known: &HashMap<Key, conversation::Model>,
    now: Ms,
) -> Option<Refusal> {
    let official = sender.capabilities().official;
    let recipients = phones::choose(&case.candidates, send.phone_choice, &sender.row.id, known);
    let refusals = recipients.iter().map(|recipient| {
        let window = WindowView::of(official, recipient.conversation.as_ref());
        gate::ahead(&desk.portal, sender, window, send.on_closed_window, now).err()
    });
    refusals.collect::<Option<Vec<Refusal>>>()?.into_iter().next()
}

/// What is said later keeps the channel's limit now.
fn longest(sender: &Sender, field: &str, text: &str) -> Result<(), Refusal> {
    let (limit, length) = (sender.capabilities().text_limit, text.chars().count());
    if length <= limit {
        return Ok(());
    }
    let refusal = Refusal::new(Code::TextTooLong, format!("{field} of {length}, the channel takes {limit}"));
    Err(refusal.with("field", field).with("limit", limit.to_string()).with("value", length.to_string()))
}

/// CODE of the robot, also when its activity called.
pub(super) fn spec_code(code: &str) -> &str {
    code.strip_suffix(ACTIVITY_SUFFIX).unwrap_or(code)
}

async fn letters(
    ctx: &Ctx,
    desk: &mut Desk,
    case: &mut Case,
    sender: &Sender,
    send: &SendCommon,
    filled: &[Filled],
    known: &HashMap<Key, conversation::Model>,
) -> Result<Ending, Stop> {
    let official = sender.capabilities().official;
    let recipients = phones::choose(&case.candidates, send.phone_choice, &sender.row.id, known);
    phones::not_too_many(&recipients)?;
    phones::reachable(sender, &recipients)?;
    let recipients = ask::with_standing(case, recipients);
    case.window = recipients.first().map(|one| WindowView::of(official, one.conversation.as_ref()));
    let mut fallback: Option<Filled> = None;
    let mut letters = Vec::new();
    for recipient in recipients {
        for one in filled {
            let mut letter = letter(desk, sender, one, &recipient, send.on_closed_window, ctx);
            let falls_back = matches!(letter.verdict, Ok(Verdict::Fallback));
            if falls_back {
                if fallback.is_none() {
                    let document = CrmItem::parse(&case.call.document_id);
                    fallback = Some(template_choice::fill(ctx, desk, sender, document, &fallback_of(send)?, send.on_missing).await?);
                }
                if let Some(template) = &fallback {
                    letter = self::letter(desk, sender, template, &recipient, OnClosedWindow::Fail, ctx);
                }
            }
            letters.push(letter);
            // One template stands for all files of the call.
            if falls_back {
                break;
            }
        }
    }
    // Refused for everybody: that is the call's refusal.
    if letters.iter().all(|letter| letter.verdict.is_err())
        && let Some(Err(refusal)) = letters.first().map(|letter| letter.verdict.clone())
    {
        return Err(refusal.into());
    }
    Ok(Ending::Send(letters))
}

fn fallback_of(send: &SendCommon) -> Result<TemplateChoice, Refusal> {
    send.fallback.clone().ok_or_else(|| {
        Refusal::new(Code::PropertyInvalid, "on_closed_window = template without fallback_template")
            .with("name", "fallback_template")
            .with("value", "")
            .with("hint_key", "hint-required")
    })
}

fn letter(desk: &Desk, sender: &Sender, filled: &Filled, to: &Recipient, on_closed: OnClosedWindow, ctx: &Ctx) -> Letter {
    let window = WindowView::of(sender.capabilities().official, to.conversation.as_ref());
    let now = ctx.clock.now();
    let quiet = quiet::until(&desk.portal, &sender.row, &to.who, to.conversation.as_ref(), Some(&filled.content), now);
    let question = Question { portal: &desk.portal, sender, content: &filled.content, window, standing: to.standing, on_closed, quiet };
    let verdict = gate::check(&question, now);
    let (content, text) = (filled.content.clone(), filled.text.clone());
    Letter { who: to.who.clone(), content, text, window, degraded: filled.degraded, verdict }
}

/// The link is made of the channel's own number.
fn chat_link(ctx: &Ctx, sender: &Sender, text: &str) -> Result<Map<String, Value>, Refusal> {
    let digits = |value: Value| value.as_str().map(|text| text.chars().filter(char::is_ascii_digit).collect::<String>());
    let number = ["source", "phone", "sender"].iter().find_map(|name| sender.setting(name).and_then(digits)).filter(|d| !d.is_empty());
    let number = number.ok_or_else(|| {
        Refusal::new(Code::ChannelUnavailable, "the channel's own number is not known")
            .with("name", sender.row.name.clone())
            .with("words", "refusal-channel_unavailable-number")
    })?;
    let qr = link::qr_url(&ctx.settings.public_url, &number, text).unwrap_or_default();
    Ok(results::of_link(&link::wa_me(&number, text), &qr))
}
