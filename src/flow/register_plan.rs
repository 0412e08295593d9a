//! What registration has to do in a portal: pure comparison of what is wanted with what is there.
//!
//! Robots are never deleted and added again, since steps that use them would block; a definition that did not change is left alone.

use crate::bitrix::bizproc::Registry;
use crate::bitrix::placement::Binding;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::{HashMap, HashSet};

/// One robot or activity as it should be registered.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// CODE, or CODE.activity.
    pub code: String,
    /// Where it belongs.
    pub registry: Registry,
    /// Parameters of `*.add`.
    pub params: Value,
    /// Hash of the parameters.
    pub hash: String,
}

impl Definition {
    /// From parameters; the code is read out of them.
    pub fn new(registry: Registry, params: Value) -> Self {
        let code = params.get("CODE").and_then(Value::as_str).unwrap_or_default().to_owned();
        let hash = hash_of([params.to_string().as_str()]);
        Self { code, registry, params, hash }
    }
}

/// SHA-256 over parts, each closed by a zero byte.
pub fn hash_of<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    hex::encode(hasher.finalize())
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Not there.
    Add(Definition),
    /// There, but registered from another definition, or unknown from which.
    Update(Definition),
    /// There, but no longer offered.
    Delete(Registry, String),
}

/// Steps in order: retired ones first, since a code may have moved from one registry to the other.
pub fn steps(wanted: &[Definition], listed: &HashMap<Registry, Vec<String>>, registered: &HashMap<String, String>) -> Vec<Step> {
    let mut steps = Vec::new();
    for registry in Registry::ALL {
        let offered: HashSet<&str> = wanted.iter().filter(|it| it.registry == registry).map(|it| it.code.as_str()).collect();
        let there = listed.get(&registry).map(Vec::as_slice).unwrap_or_default();
        let retired = there.iter().filter(|code| !offered.contains(code.as_str()));
        steps.extend(retired.map(|code| Step::Delete(registry, code.clone())));
    }
    for definition in wanted {
        let there = listed.get(&definition.registry).is_some_and(|codes| codes.contains(&definition.code));
        if !there {
            steps.push(Step::Add(definition.clone()));
        } else if registered.get(&definition.code) != Some(&definition.hash) {
            steps.push(Step::Update(definition.clone()));
        }
    }
    steps
}

/// A change of event bindings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindStep {
    /// Bind this event to our address.
    Bind(String),
    /// Remove a binding to a former address.
    Unbind(Binding),
}

/// Binds what is missing of `events` and unbinds their former addresses; other events are left alone.
pub fn bind_steps(events: &[&str], handler: &str, bound: &[Binding]) -> Vec<BindStep> {
    let mut steps = Vec::new();
    for event in events {
        let (ours, former): (Vec<&Binding>, Vec<&Binding>) =
            bound.iter().filter(|binding| binding.name == *event).partition(|binding| binding.handler == handler);
        if ours.is_empty() {
            steps.push(BindStep::Bind((*event).to_owned()));
        }
        steps.extend(former.into_iter().map(|binding| BindStep::Unbind(binding.clone())));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn definition(registry: Registry, code: &str, text: &str) -> Definition {
        Definition::new(registry, json!({"CODE": code, "NAME": text}))
    }

    #[test]
    fn missing_is_added_changed_updated_retired_deleted() {
        let wanted = [
            definition(Registry::Robot, "same", "1"),
            definition(Registry::Robot, "changed", "2"),
            definition(Registry::Robot, "missing", "3"),
            definition(Registry::Activity, "same.activity", "4"),
        ];
        let listed = HashMap::from([
            (Registry::Robot, vec!["same".to_owned(), "changed".to_owned(), "retired".to_owned()]),
            (Registry::Activity, vec!["same.activity".to_owned()]),
        ]);
        let registered = HashMap::from([
            ("same".to_owned(), wanted[0].hash.clone()),
            ("changed".to_owned(), "old".to_owned()),
            ("missing".to_owned(), wanted[2].hash.clone()),
        ]);
        assert_eq!(
            steps(&wanted, &listed, &registered),
            [
                Step::Delete(Registry::Robot, "retired".to_owned()),
                Step::Update(wanted[1].clone()),
                Step::Add(wanted[2].clone()),
                Step::Update(wanted[3].clone()),
            ]
        );
    }

    #[test]
    fn former_addresses_are_unbound() {
        let binding = |name: &str, handler: &str| Binding { name: name.to_owned(), handler: handler.to_owned() };
        let bound =
            [binding("ONAPPUPDATE", "https://old/b24/event"), binding("ONAPPPAYMENT", "https://new/b24/event"), binding("ONX", "z")];
        assert_eq!(
            bind_steps(&["ONAPPUPDATE", "ONAPPPAYMENT"], "https://new/b24/event", &bound),
            [BindStep::Bind("ONAPPUPDATE".to_owned()), BindStep::Unbind(bound[0].clone())]
        );
    }
}
