//! Which of several waits a message answers: by the message it answers first, then the newest (ROBOTS.md). Pure.

use crate::catalog::operation::Operation;
use crate::db::entity::{message, robot_call, wait};
use crate::domain::event::InboundMessage;

/// The wait's own message is answered.
pub(super) const BY_CONTEXT: &str = "context";
/// A message of the same document is answered.
pub(super) const BY_DOCUMENT: &str = "context_document";
/// The newest wait of the conversation.
pub(super) const NEWEST: &str = "newest";

/// An open wait with its call.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) wait: wait::Model,
    pub(super) call: robot_call::Model,
    pub(super) operation: Operation,
}

impl Candidate {
    /// It asked by a message of its own, whose buttons come back as its answers.
    fn has_question(&self) -> bool {
        self.operation.send().is_some()
    }

    /// Whether a message of this kind can be its answer at all.
    fn takes(&self, inbound: &InboundMessage) -> bool {
        match &self.operation {
            Operation::RequestLocation { .. } => inbound.location.is_some(),
            // Somebody who sends a voice note or a sticker has not chosen.
            Operation::SendButtons { .. } | Operation::SendList { .. } => inbound.is_tap() || !inbound.words().trim().is_empty(),
            _ => true,
        }
    }
}

/// Chooses; `candidates` come newest first, `answered` is the message of ours that this one answers.
pub(super) fn choose<'a>(
    candidates: &'a [Candidate],
    inbound: &InboundMessage,
    answered: Option<&message::Model>,
) -> Option<(&'a Candidate, &'static str)> {
    let mut able = candidates.iter().filter(|candidate| candidate.takes(inbound));
    let Some(answered) = answered else {
        return able.next().map(|candidate| (candidate, NEWEST));
    };
    let own = |candidate: &&Candidate| answered.call_id.as_deref() == Some(candidate.call.id.as_str());
    if let Some(candidate) = candidates.iter().filter(|candidate| candidate.takes(inbound)).find(own) {
        return Some((candidate, BY_CONTEXT));
    }
    // A button of one question is no answer to another question.
    let mut able = able.filter(|candidate| !inbound.is_tap() || !candidate.has_question());
    match &answered.document_id {
        None => able.next().map(|candidate| (candidate, NEWEST)),
        Some(document) => {
            let same = |candidate: &&Candidate| {
                candidate.call.document_id == *document && answered.document_entity.as_ref() == Some(&candidate.call.document_entity)
            };
            able.find(same).map(|candidate| (candidate, BY_DOCUMENT))
        }
    }
}
