//! Robots that ask or tell about a person instead of writing: `set_consent`, `check_number`; and where the people of a group stand.

use super::effect::Effect;
use super::{Case, Ending, Stop};
use crate::catalog::operation::{ConsentAction, Operation};
use crate::db::DbResult;
use crate::db::entity::{conversation, number_check};
use crate::db::store::conversation::Key;
use crate::db::store::number_check as checks;
use crate::domain::clock::{DAY, Ms};
use crate::domain::consent::{Action, Choice, Scope, Standing};
use crate::domain::identity::Identity;
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::domain::refusal::{Code, Refusal};
use crate::flow::consent::{Change, Evidence, Source, Standings};
use crate::flow::desk::{Desk, Sender};
use crate::flow::phones::{self, Recipient};
use crate::flow::{Ctx, channel, provider_ask, results};
use crate::provider::NumberCheck;
use std::collections::HashMap;

/// A number that is on WhatsApp stays there for a while.
const KNOWN: Ms = 30 * DAY;
/// A number that is not may be tomorrow.
const UNKNOWN: Ms = DAY;

/// Where everybody stands whom these calls may be for.
pub(super) async fn standings(ctx: &Ctx, portal: &str, cases: &[&Case], known: &HashMap<Key, conversation::Model>) -> DbResult<Standings> {
    let mut people: Vec<(Identity, Option<&conversation::Model>)> = Vec::new();
    for case in cases {
        for who in &case.candidates.people {
            let talk = case.sender.as_ref().and_then(|sender| phones::keys(&sender.row.id, who).iter().find_map(|key| known.get(key)));
            people.push((who.clone(), talk));
        }
    }
    Standings::read(ctx, ctx.db.read(), portal, &people).await
}

/// Recipients with what they agreed to.
pub(super) fn with_standing(case: &Case, recipients: Vec<Recipient>) -> Vec<Recipient> {
    let standing = |one: &Recipient| case.standings.as_ref().map(|all| all.of(&one.who, one.conversation.as_ref())).unwrap_or_default();
    recipients.into_iter().map(|one| Recipient { standing: standing(&one), ..one }).collect()
}

/// Writes a consent down together with the decision, or reads it.
pub(super) fn set_consent(ctx: &Ctx, case: &mut Case) -> Result<Ending, Stop> {
    let Some(Operation::SetConsent { action, scope, evidence, .. }) = case.operation.clone() else {
        return Ok(Ending::Dropped("not prepared"));
    };
    let people: Vec<Identity> = case.candidates.people.iter().filter(|who| who.group.is_none()).cloned().collect();
    if people.is_empty() {
        return Err(Refusal::new(Code::PhoneInvalid, "a group agrees to nothing").with("value", "group").into());
    }
    if people.len() > phones::MOST {
        return Err(phones::too_many(people.len()).into());
    }
    let standing = people
        .iter()
        .map(|who| case.standings.as_ref().map(|all| all.of(who, None)).unwrap_or_default())
        .fold(Standing::default(), Standing::and);
    let now = ctx.clock.now();
    let said = match action {
        ConsentAction::Read => return Ok(Ending::Answer(results::of_consent(standing.choice(scope)))),
        ConsentAction::OptIn => Action::OptIn,
        ConsentAction::OptOut => Action::OptOut,
    };
    for who in people {
        let evidence = Evidence {
            source: Source::Robot,
            channel_id: None,
            message_id: None,
            text: Some(evidence.clone()).filter(|text| !text.trim().is_empty()),
            actor: Some(case.call.id.clone()),
        };
        case.effects.push(Effect::Consent(Change { who, action: said, scope, at: now, evidence }));
    }
    Ok(Ending::Answer(results::of_consent(after(standing, said, scope))))
}

/// Where the person stands after this word.
fn after(standing: Standing, said: Action, scope: Scope) -> Choice {
    match (said, scope) {
        (Action::OptOut, _) => Choice::OptedOut,
        (Action::OptIn, Scope::Marketing) if standing.everything == Choice::OptedOut => Choice::OptedOut,
        (Action::OptIn, _) => Choice::OptedIn,
    }
}

/// Asks the provider whether a number is on WhatsApp; what was told lately is not asked again.
pub(super) async fn check_number(ctx: &Ctx, desk: &Desk, case: &mut Case, sender: &Sender) -> Result<Ending, Stop> {
    let lang = desk.portal.lang;
    let unclear = |refusal: Refusal| Ok(Ending::Answer(results::of_number(lang, "E", "", Some(&refusal))));
    let told =
        |answer: &str, recipient: Option<&str>| Ok(Ending::Answer(results::of_number(lang, answer, recipient.unwrap_or_default(), None)));
    let named = |refusal: Refusal| refusal.with("name", sender.row.name.clone());
    let Some(quota) = sender.capabilities().number_checks else {
        return unclear(named(Refusal::new(Code::UnsupportedByChannel, "the provider cannot check numbers")).with("item", "check_number"));
    };
    let Some(phone) = case.candidates.people.iter().find_map(|who| who.phone.clone()) else {
        return unclear(Refusal::new(Code::PhoneInvalid, "a group has no number").with("value", "group"));
    };
    let (portal, now, db) = (desk.portal.id.as_str(), ctx.clock.now(), ctx.db.read());
    let known = checks::find(db, portal, &sender.row.id, &phone).await.map_err(later)?;
    if let Some(row) = known.filter(|row| fresh(row, now)) {
        return told(&row.answer, row.recipient.as_deref());
    }
    let month = month_of(now);
    if checks::spent(db, portal, &sender.row.id, &month).await.map_err(later)? >= quota {
        let refusal =
            Refusal::new(Code::LimitReached, "the month's number checks are used up").with("words", "refusal-limit_reached-checks");
        return unclear(named(refusal).with("limit", quota.to_string()));
    }
    match ask(ctx, sender, &phone).await {
        Ok(check) => {
            let answer = if check.exists { "Y" } else { "N" };
            let row = number_check::Model {
                channel_id: sender.row.id.clone(),
                phone,
                portal: portal.to_owned(),
                answer: answer.to_owned(),
                recipient: check.recipient.clone(),
                checked_at: now,
            };
            case.effects.push(Effect::NumberCheck { row, month });
            told(answer, check.recipient.as_deref())
        }
        Err(error) => {
            let code = error.provider_code.clone().unwrap_or_else(|| "-".to_owned());
            unclear(
                named(Refusal::new(Code::ProviderRejected, error.text.clone()))
                    .with("provider_code", code)
                    .with("provider_text", error.text),
            )
        }
    }
}

fn later(error: crate::db::DbError) -> Stop {
    Stop::Later(error.into())
}

fn fresh(row: &number_check::Model, now: Ms) -> bool {
    let life = if row.answer == "Y" { KNOWN } else { UNKNOWN };
    now.saturating_sub(row.checked_at) < life
}

/// The month that a provider's quota counts, UTC.
fn month_of(now: Ms) -> String {
    crate::domain::clock::iso(now).chars().take(7).collect()
}

async fn ask(ctx: &Ctx, sender: &Sender, phone: &str) -> Result<NumberCheck, ProviderError> {
    let broken = |text: String| ProviderError::new(ErrorClass::Unknown, None, text);
    let loaded = channel::open(ctx, sender.row.clone()).map_err(|_| broken("the channel's settings do not open".to_owned()))?;
    let request = sender.provider.build_number_check(&loaded.config, phone).ok_or_else(|| broken("no such request".to_owned()))?;
    let answer = provider_ask::ask(ctx, request).await.map_err(|error| broken(error.to_string()))?;
    sender.provider.read_number_check(&answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::HOUR;

    #[test]
    fn an_answer_is_believed_for_its_time() {
        let row = |answer: &str| number_check::Model {
            channel_id: "c".to_owned(),
            phone: "79160000001".to_owned(),
            portal: "p".to_owned(),
            answer: answer.to_owned(),
            recipient: None,
            checked_at: 0,
        };
        assert!(fresh(&row("Y"), 29 * DAY) && !fresh(&row("Y"), 30 * DAY));
        assert!(fresh(&row("N"), 23 * HOUR) && !fresh(&row("N"), DAY));
        assert_eq!(month_of(1_795_330_800_000), "2026-11");
    }

    #[test]
    fn who_refused_everything_is_not_won_back_by_marketing() {
        let refused = Standing { everything: Choice::OptedOut, ..Standing::default() };
        assert_eq!(after(refused, Action::OptIn, Scope::Marketing), Choice::OptedOut);
        assert_eq!(after(refused, Action::OptIn, Scope::All), Choice::OptedIn);
        assert_eq!(after(Standing::default(), Action::OptOut, Scope::Marketing), Choice::OptedOut);
    }
}
