//! The application's CRM triggers in a portal: list → add what is missing, rename what is called otherwise, delete what is retired.
//!
//! A trigger keeps its code for ever, since stages have it attached; adding a code again only renames it. A portal whose plan has no
//! triggers is no failure: they are offered again every day.

use super::portal_cache::PortalFacts;
use crate::bitrix::automation::{trigger_add, trigger_delete};
use crate::domain::trigger::Trigger;
use crate::i18n;
use serde_json::Value;

/// Prefix of a trigger's code among stored registrations, which keep failures only.
pub(super) const PREFIX: &str = "trigger:";

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TriggerStep {
    pub(super) code: String,
    pub(super) method: &'static str,
    pub(super) params: Value,
}

/// Code and name of every trigger that this portal offers. `message_read` only where it is switched on: each reading would fire it.
pub(super) fn wanted(facts: &PortalFacts) -> Vec<(String, String)> {
    let reads = facts.settings.get("message_read").and_then(Value::as_bool).unwrap_or(false);
    let lang = i18n::language_for(&facts.lang);
    let offered = Trigger::ALL.into_iter().filter(|trigger| reads || *trigger != Trigger::MessageRead);
    offered.map(|trigger| (trigger.code(), i18n::word(lang, &trigger.name_key()))).collect()
}

/// Steps from what is listed (code, name) to what is wanted.
pub(super) fn steps(wanted: &[(String, String)], listed: &[(String, String)]) -> Vec<TriggerStep> {
    let retired = listed.iter().filter(|(code, _)| wanted.iter().all(|(other, _)| other != code));
    let mut steps: Vec<TriggerStep> = retired
        .map(|(code, _)| TriggerStep { code: code.clone(), method: "crm.automation.trigger.delete", params: trigger_delete(code) })
        .collect();
    let changed = wanted.iter().filter(|offer| !listed.contains(offer));
    steps.extend(changed.map(|(code, name)| TriggerStep {
        code: code.clone(),
        method: "crm.automation.trigger.add",
        params: trigger_add(code, name),
    }));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_is_added_other_names_renamed_retired_deleted() {
        let pair = |code: &str, name: &str| (code.to_owned(), name.to_owned());
        let wanted = [pair("a", "A"), pair("b", "B"), pair("c", "C")];
        let listed = [pair("a", "A"), pair("b", "old"), pair("z", "Z")];
        let done: Vec<(String, &str)> = steps(&wanted, &listed).into_iter().map(|step| (step.code, step.method)).collect();
        let expected = [("z", "crm.automation.trigger.delete"), ("b", "crm.automation.trigger.add"), ("c", "crm.automation.trigger.add")];
        assert_eq!(done, expected.map(|(code, method)| (code.to_owned(), method)));
    }
}
