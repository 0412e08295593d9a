//! A simulated Bitrix24 portal with its authorization server, as strict as the real one.
//!
//! Written from `reference/bitrix24.md` alone. `Portal::start` opens loopback origins; everything the product does with them is real
//! HTTP. Stories order events (`portal.fires("send_text", &deal, props)`), switch faults on, and read what the portal remembers.
//! Scripts and other processes do the same through `/_sim/…` (see `control`).

mod activities;
mod app_methods;
mod auth_block;
mod auth_server;
mod automation;
mod batch;
mod bizproc_methods;
mod call;
mod classic;
mod conditions;
mod config;
mod control;
mod control_commands;
mod control_install;
mod control_setup;
mod crm;
mod crm_lookup;
mod descriptor;
mod disk;
mod document;
mod engine;
mod error;
mod events;
mod expressions;
mod faults;
mod feed;
mod fire;
mod form;
mod frame;
mod frame_page;
mod item_filter;
mod item_methods;
mod items;
mod layout;
mod lifecycle;
mod limits;
mod log;
mod methods;
mod notify;
mod observe;
mod params;
mod placements;
mod queue;
mod rest;
mod rights;
mod robots;
mod server;
mod simulation;
mod state;
mod steps;
mod timeline;
mod tokens;

#[cfg(test)]
pub(in crate::sim) mod tests;

pub use auth_server::{AuthCall, AuthServer};
pub use config::{ALL_SCOPES, PortalConfig, User};
pub use crm::{COMPANY, CONTACT, Change, DEAL, LEAD};
pub use descriptor::Property;
pub use document::Document;
pub use error::SimError;
pub use faults::{Fault, FaultRule};
pub use feed::{Activity, TimelineEntry};
pub use fire::{Firing, Process};
pub use frame::{Frame, FrameReply, Options};
pub use items::ItemRef;
pub use lifecycle::EventDraft;
pub use limits::Bucket;
pub use log::{CommandRecord, RequestRecord};
pub use queue::{Delivery, Mishap};
pub use robots::{Kind, Robot};
pub use simulation::Portal;
pub use state::{Binding, Notification, PlacementBinding};
pub use steps::{Answer, Effect, Step, StepId, StepState, TriggerRun, WorkflowState};
pub use tokens::Tokens;
