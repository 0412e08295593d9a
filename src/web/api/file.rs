//! `POST …/files`: a file that a page's viewer chose, to be sent with a message. The body is the file itself.

use super::live_portal;
use crate::domain::content::MediaKind;
use crate::flow::media::MediaFault;
use crate::flow::media::upload::{self, NotTaken};
use crate::web::body::Incoming;
use crate::web::operator::Access;
use crate::web::problem::{Code, Problem, ProblemDocument};
use crate::web::{State, body};
use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What the file is called.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FileQuery {
    /// Its name; the extension chooses between types that look alike.
    #[serde(default)]
    name: String,
}

/// A file that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileView {
    /// Give it as an item of `source` of a message of kind `file`, or as the `header` of a template; good for a day.
    source: String,
    /// As what it is sent: `image video audio voice document sticker`.
    kind: &'static str,
    mime: String,
    file_name: String,
    /// Bytes.
    size: u64,
}

/// Takes a file for a message.
#[utoipa::path(post, path = "/api/v1/portals/{member_id}/files", tag = "pages", params(("member_id" = String, Path), FileQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = FileView), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn take(
    access: Access,
    state: Data<State>,
    path: Path<String>,
    query: Query<FileQuery>,
    payload: Incoming,
) -> Result<HttpResponse, Problem> {
    // A page that stands in a document writes to its client.
    access.narrowed(None)?;
    let portal = live_portal(&state, &path).await?.member_id;
    let pieces = body::pieces(payload, state.ctx.settings.media_max_bytes)?;
    let taken = upload::take(&state.ctx, &portal, &query.name, pieces).await.map_err(refused)?;
    Ok(HttpResponse::Created().json(FileView {
        source: taken.source,
        kind: MediaKind::as_str(taken.kind),
        mime: taken.mime,
        file_name: taken.file_name,
        size: taken.size_bytes,
    }))
}

fn refused(why: NotTaken) -> Problem {
    match why {
        NotTaken::Incomplete => Problem::new(Code::BodyIncomplete),
        NotTaken::TooMany => Problem { retry_after: Some(3600), ..Problem::new(Code::FilesTooMany) },
        NotTaken::Fault(MediaFault::Refused(refusal)) => Problem::of_refusal(refusal),
        NotTaken::Fault(MediaFault::Later(error)) => {
            tracing::error!(error = ?error, "an uploaded file cannot be kept");
            Problem::not_committed()
        }
    }
}
