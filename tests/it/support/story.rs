//! A story is told twice: on SQLite and on PostgreSQL.

use super::database::TestDb;

/// Which engine a story runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A database of a story's own: its address, and what keeps it alive.
pub(crate) struct Place {
    pub(crate) url: String,
    _test: TestDb,
}

impl Place {
    pub(crate) async fn fresh(engine: Engine) -> Option<Self> {
        let test = match engine {
            Engine::Sqlite => TestDb::sqlite().await,
            Engine::Postgres => TestDb::postgres().await?,
        };
        test.db.release_lock();
        Some(Self { url: test.url.clone(), _test: test })
    }
}

/// `story! { async fn name(town) { … } }`, or with `from Town::built` for a town where nothing is installed yet.
macro_rules! story {
    ($(#[doc = $doc:literal])* async fn $name:ident($town:ident) $body:block) => {
        story! { $(#[doc = $doc])* async fn $name($town) from open $body }
    };
    ($(#[doc = $doc:literal])* async fn $name:ident($town:ident) from $start:ident $body:block) => {
        $(#[doc = $doc])*
        mod $name {
            #[allow(unused_imports, reason = "a story uses what it needs")]
            use super::*;
            use crate::support::story::Engine;
            use crate::support::town::Town;

            async fn body(mut $town: Town) {
                let _ = &mut $town;
                $body
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body(Town::$start(Engine::Sqlite).await.unwrap()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(town) = Town::$start(Engine::Postgres).await {
                    body(town).await;
                }
            }
        }
    };
}
pub(crate) use story;
