//! What clients ask the embedded registry.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use tofu_oci_gateway::Distribution;
use tofu_oci_gateway::access::Htpasswd;
use tofu_oci_store::MemoryStorage;
use tower::ServiceExt as _;

use super::text;

/// A request as text: method and target, a line for each header, an empty line, the body. Several are divided by a
/// NUL, and go to one registry.
pub(super) fn request(data: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let router = Distribution::new(Arc::new(MemoryStorage::new())).router();
    for one in data.split(|byte| *byte == 0).take(8) {
        let Some(request) = read(one) else {
            continue;
        };
        runtime.block_on(async {
            let response = router.clone().oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            assert!(status < 500 || status == 501, "{status}: {:?}", text(one));
            let body = axum::body::to_bytes(response.into_body(), 1 << 20).await;
            assert!(body.is_ok());
        });
    }
}

fn read(data: &[u8]) -> Option<Request<Body>> {
    let end = data.windows(2).position(|two| two == b"\n\n");
    let (head, body) = data.split_at(end.unwrap_or(data.len()));
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut first = lines.next()?.splitn(2, |byte| *byte == b' ');
    let method = Method::from_bytes(first.next()?).ok()?;
    let target = Uri::try_from(first.next()?).ok()?;
    let mut request = Request::new(Body::from(body.get(2..).unwrap_or_default().to_vec()));
    *request.method_mut() = method;
    *request.uri_mut() = target;
    for line in lines {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(parts.next()?).ok()?;
        let value = HeaderValue::from_bytes(parts.next()?.trim_ascii()).ok()?;
        request.headers_mut().append(name, value);
    }
    Some(request)
}

pub(super) fn password_file(data: &[u8]) {
    let _ = Htpasswd::parse(text(data));
}
