//! courier24: the runtime of WhatsApp robots and business-process activities for Bitrix24.
//!
//! The crate is a library with a thin binary. `app` builds one `flow::Ctx` and hands it to the web
//! server and the workers. Which module may import which is written in DESIGN and kept by a test.

pub mod app;
pub mod bitrix;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod db;
pub mod domain;
pub mod flow;
pub mod i18n;
pub mod lifecycle;
pub mod outbound;
pub mod provider;
pub mod queue;
#[cfg(feature = "demo")]
pub mod sim;
pub mod telemetry;
pub mod web;
pub mod worker;
