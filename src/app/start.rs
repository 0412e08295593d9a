//! Building: one step after the other, each with its own sentence when it fails.

use super::{App, Parts, StartError};
use crate::bitrix::{Bitrix, BitrixSettings};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::db::connect::{Access, OpenOptions, open};
use crate::db::crypto::Sealer;
use crate::db::{Db, canary, migrate};
use crate::flow::accepter::Accepter;
use crate::flow::pace::Pace;
use crate::flow::portal_cache::PortalCache;
use crate::flow::token::{PortalTokens, TokenParts};
use crate::flow::{Ctx, FlowSettings};
use crate::lifecycle::Stopper;
use crate::outbound::{Outbound, OutboundSettings, install_tls};
use crate::queue;
use crate::telemetry;
use crate::worker::Pulse;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

pub(super) async fn build(config: Config, mut parts: Parts) -> Result<App, StartError> {
    install_tls();
    let metrics = telemetry::metrics().map_err(StartError::Metrics)?;
    let roles = parts.roles.unwrap_or(config.roles);
    let listener = match parts.listener.take() {
        Some(listener) => Some(listener),
        None if roles.web => Some(listen(config.listen)?),
        None => None,
    };
    let metrics_listener = config.metrics_listen.map(listen).transpose()?;
    let port = listener.as_ref().and_then(|listener| listener.local_addr().ok()).map_or(0, |address| address.port());
    let catalog = Catalog::load().map_err(StartError::Catalog)?;
    let sealer = Sealer::new(&config.master_key, &config.master_key_old)?;
    std::fs::create_dir_all(&config.media_dir).map_err(|error| StartError::MediaDir(error.to_string()))?;
    let db = database(&config, &parts).await?;
    canary::unlock(&db, &sealer, parts.ids.as_ref()).await?;
    let (ctx, accepter) = context(&config, parts_of(&parts, &config, port), db, catalog, sealer)?;
    Ok(App {
        ctx,
        roles,
        listener,
        metrics_listener,
        port,
        metrics,
        pulse: Pulse::default(),
        stopper: Stopper::default(),
        patience: parts.patience,
        accepter,
        config,
    })
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|error| StartError::Listen { address, reason: error.to_string() })
}

async fn database(config: &Config, parts: &Parts) -> Result<Db, StartError> {
    let options = OpenOptions {
        url: config.database_url.clone(),
        create: parts.create,
        access: Access::Exclusive,
        max_connections: parts.max_connections,
    };
    let db = open(&options, Arc::clone(&parts.crash)).await?;
    if parts.migrate {
        migrate::up(&db).await?;
    } else {
        migrate::check(&db).await?;
    }
    Ok(db)
}

/// What the context takes from the parts.
struct Seams<'a> {
    parts: &'a Parts,
    outbound: OutboundSettings,
}

fn parts_of<'a>(parts: &'a Parts, config: &Config, port: u16) -> Seams<'a> {
    let outbound = OutboundSettings {
        allow_private: config.allow_private_network,
        private_hosts: config.private_hosts.clone(),
        own_port: (port != 0).then_some(port),
        ..parts.outbound.clone()
    };
    Seams { parts, outbound }
}

fn context(
    config: &Config,
    seams: Seams<'_>,
    db: Db,
    catalog: Catalog,
    sealer: Sealer,
) -> Result<(Ctx, AbortOnDropHandle<()>), StartError> {
    let Parts { clock, ids, crash, hold_sends, pages, .. } = seams.parts;
    let settings = Arc::new(flow_settings(config, (*hold_sends, *pages), ids.id("boot", clock.now())));
    let outbound = Outbound::new(seams.outbound, Arc::clone(crash))?;
    let sealer = Arc::new(sealer);
    let wake = Arc::new(Notify::new());
    let portals = Arc::new(PortalCache::new(db.clone(), Arc::clone(&sealer), Arc::clone(clock)));
    let tokens = PortalTokens::new(TokenParts {
        db: db.clone(),
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
        outbound: outbound.clone(),
        sealer: Arc::clone(&sealer),
        settings: Arc::clone(&settings),
        portals: Arc::clone(&portals),
        wake: Arc::clone(&wake),
    });
    let bitrix = BitrixSettings {
        rate: config.bitrix_rate,
        burst: config.bitrix_burst,
        allow_private: config.allow_private_network,
        auth_hosts: config.bitrix_auth_hosts.clone(),
        shard_of: queue::shard_of,
    };
    let (accepter, task) = Accepter::start(db.clone(), Arc::clone(ids), Arc::clone(clock), Arc::clone(&wake));
    let ctx = Ctx {
        bitrix: Bitrix::new(outbound.clone(), Arc::clone(clock), Arc::new(tokens), bitrix),
        db,
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
        outbound,
        portals,
        turns: Arc::default(),
        rejections: Arc::default(),
        catalog: Arc::new(catalog),
        sealer,
        settings,
        wake,
        accepter,
        pace: Arc::new(Pace::default()),
        stages: Arc::default(),
    };
    Ok((ctx, AbortOnDropHandle::new(task)))
}

fn flow_settings(config: &Config, (hold_sends, pages): (bool, bool), boot_id: String) -> FlowSettings {
    FlowSettings {
        public_url: config.public_url.clone(),
        client_id: config.bitrix_client_id.clone(),
        client_secret: config.bitrix_client_secret.clone(),
        auth_hosts: config.bitrix_auth_hosts.clone(),
        provider_bases: config.provider_bases.clone(),
        allow_private: config.allow_private_network,
        media_dir: config.media_dir.clone(),
        media_max_bytes: config.media_max_mb.saturating_mul(1024 * 1024),
        hold_sends,
        pages,
        boot_id,
    }
}
