//! Tabs of our application in the portal's cards: list, bind missing, unbind retired or moved ones.
//!
//! A tab is bound only where its page exists (`FlowSettings::pages`). Other placements that somebody bound by hand to other
//! addresses are left alone; those under our own address are ours.

use super::Ctx;
use crate::bitrix::placement::{self, Binding};
use crate::bitrix::{BitrixError, Command, RestError};
use crate::domain::clock::MINUTE;
use crate::i18n;
use serde_json::{Value, json};

/// Codes under which a failed tab is stored beside the robots.
pub(super) const PREFIX: &str = "placement:";

/// Tabs and the pages behind them.
const TABS: [(&str, &str); 4] = [
    ("CRM_DEAL_DETAIL_TAB", "deal-tab"),
    ("CRM_LEAD_DETAIL_TAB", "lead-tab"),
    ("CRM_CONTACT_DETAIL_TAB", "contact-tab"),
    ("CRM_COMPANY_DETAIL_TAB", "company-tab"),
];

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Bind(&'static str, String),
    Unbind(Binding),
}

/// What one run came to: codes that failed with their reason, and codes that are fine.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) failed: Vec<(String, RestError)>,
    pub(super) fine: Vec<String>,
}

/// Parts of the registration's hash: tabs and their address.
pub(super) fn hash_parts(ctx: &Ctx) -> Vec<String> {
    wanted(ctx).into_iter().flat_map(|(code, handler)| [code.to_owned(), handler]).collect()
}

fn wanted(ctx: &Ctx) -> Vec<(&'static str, String)> {
    if !ctx.settings.pages {
        return Vec::new();
    }
    TABS.iter().map(|(code, page)| (*code, format!("{}/b24/placement/{page}", ctx.settings.public_url))).collect()
}

fn steps(wanted: &[(&'static str, String)], bound: &[Binding]) -> Vec<Step> {
    let ours = |binding: &Binding| {
        TABS.iter().any(|(code, page)| binding.name == *code && binding.handler.ends_with(&format!("/b24/placement/{page}")))
    };
    let there = |code: &str, handler: &str| bound.iter().any(|binding| binding.name == code && binding.handler == handler);
    let stays = |binding: &Binding| wanted.iter().any(|(code, handler)| binding.name == *code && binding.handler == *handler);
    let retired = bound.iter().filter(|binding| ours(binding) && !stays(binding)).cloned().map(Step::Unbind);
    let missing = wanted.iter().filter(|(code, handler)| !there(code, handler)).map(|(code, handler)| Step::Bind(code, handler.clone()));
    retired.chain(missing).collect()
}

/// Brings the portal's tabs in line, all in one request; `told` = what it answered about them.
///
/// # Errors
/// "Come again"; refusals of single tabs are in the outcome.
pub(super) async fn bring(ctx: &Ctx, portal: &str, told: Result<Value, RestError>) -> Result<Outcome, BitrixError> {
    let mut outcome = Outcome::default();
    let listed = match told {
        Ok(listed) => placement::read_placements(&listed),
        Err(error) if error.temporary() => return Err(later(ctx, &error)),
        Err(error) => {
            outcome.failed.push((format!("{PREFIX}list"), error));
            return Ok(outcome);
        }
    };
    let wanted = wanted(ctx);
    let steps = steps(&wanted, &listed);
    let commands: Vec<Command> = steps.iter().enumerate().map(command).collect();
    let told = if commands.is_empty() { Vec::new() } else { ctx.bitrix.batch("register.placements", portal, &commands).await? };
    for (step, told) in steps.iter().zip(told) {
        match (step, told) {
            (_, Err(error)) if error.temporary() => return Err(later(ctx, &error)),
            // Bound by a run that died before it could say so; a former address that stays bound is looked at again tomorrow.
            (Step::Bind(code, _), Err(error)) if !error.says_already() => outcome.failed.push((format!("{PREFIX}{code}"), error)),
            _ => {}
        }
    }
    let codes = wanted.iter().map(|(code, _)| *code).chain(["list"]).map(|code| format!("{PREFIX}{code}"));
    outcome.fine = codes.filter(|code| outcome.failed.iter().all(|(failed, _)| failed != code)).collect();
    Ok(outcome)
}

fn later(ctx: &Ctx, error: &RestError) -> BitrixError {
    BitrixError::Later { at: ctx.clock.now() + MINUTE, why: error.line() }
}

fn command((index, step): (usize, &Step)) -> Command {
    let (method, params) = match step {
        Step::Bind(code, handler) => ("placement.bind", placement::placement_bind(code, handler, &i18n::map("page-tab"))),
        Step::Unbind(binding) => ("placement.unbind", json!({"PLACEMENT": binding.name, "HANDLER": binding.handler})),
    };
    Command { key: format!("p{index}"), method: method.to_owned(), params }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_tabs_are_bound_and_moved_ones_unbound() {
        let binding = |name: &str, handler: &str| Binding { name: name.to_owned(), handler: handler.to_owned() };
        let wanted = [
            ("CRM_DEAL_DETAIL_TAB", "https://new/b24/placement/deal-tab".to_owned()),
            ("CRM_LEAD_DETAIL_TAB", "https://new/b24/placement/lead-tab".to_owned()),
        ];
        let old = binding("CRM_DEAL_DETAIL_TAB", "https://old/b24/placement/deal-tab");
        let bound = [
            old.clone(),
            binding("CRM_LEAD_DETAIL_TAB", "https://new/b24/placement/lead-tab"),
            binding("LEFT_MENU", "https://new/b24/app"),
        ];
        assert_eq!(steps(&wanted, &bound), [Step::Unbind(old.clone()), Step::Bind("CRM_DEAL_DETAIL_TAB", wanted[0].1.clone())]);
        assert_eq!(steps(&[], std::slice::from_ref(&old)), [Step::Unbind(old.clone())], "without pages there are no tabs");
    }
}
