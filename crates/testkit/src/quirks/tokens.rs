//! A token service on loopback, and registries that want its tokens, or a password.
//!
//! Token authentication specification, both forms; tokens are numbered and mean nothing outside of this service.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, Request, Response, Uri};
use tower::ServiceExt as _;
use url::form_urlencoded;

use super::canned::Canned;
use super::{Quirks, flow};
use crate::Registry;

const SERVICE: &str = "registry.test";

/// What a token document holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TokenForm {
    /// Everything.
    #[default]
    Full,
    /// `access_token` instead of `token`.
    AccessToken,
    /// The token, and not when it expires.
    WithoutExpiry,
}

/// A request for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// The method.
    pub method: String,
    /// The scopes, each as its own text.
    pub scopes: Vec<String>,
    /// The value of `Authorization`.
    pub authorization: Option<String>,
    /// Every other parameter, by name.
    pub parameters: HashMap<String, String>,
}

/// A token service on loopback. Without a login there are tokens to pull; with one, for everything.
#[derive(Debug)]
pub struct TokenService {
    registry: Registry,
    quirks: Quirks,
    state: Shared,
}

#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    realm: String,
    /// Values of `Authorization`.
    logins: Vec<String>,
    refresh_tokens: Vec<String>,
    form: TokenForm,
    private: bool,
    issued: usize,
    /// What each token is good for: names and actions.
    good: HashMap<String, BTreeSet<(String, String)>>,
    requests: Vec<TokenRequest>,
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenService {
    /// A service without users.
    pub fn new() -> Self {
        let state = Shared::default();
        let quirks = Quirks::new();
        let router = Router::new().fallback(issue).with_state(state.clone());
        let registry = Registry::serving(quirks.around(router));
        state.inner().realm = format!("http://{}/token", registry.host());
        Self {
            registry,
            quirks,
            state,
        }
    }

    /// With a user more.
    #[must_use]
    pub fn with_user(self, name: &str, password: &str) -> Self {
        self.state.inner().logins.push(basic(name, password));
        self
    }

    /// With a refresh token that is good.
    #[must_use]
    pub fn with_refresh_token(self, token: &str) -> Self {
        self.state.inner().refresh_tokens.push(token.to_owned());
        self
    }

    /// Without a login there is no token at all.
    #[must_use]
    pub fn private(self) -> Self {
        self.state.inner().private = true;
        self
    }

    /// With other token documents.
    #[must_use]
    pub fn with_form(self, form: TokenForm) -> Self {
        self.state.inner().form = form;
        self
    }

    /// The host, with its port.
    pub fn host(&self) -> &str {
        self.registry.host()
    }

    /// The URL of its endpoint.
    pub fn realm(&self) -> String {
        self.state.inner().realm.clone()
    }

    /// What is wrong with its endpoint.
    pub fn quirks(&self) -> &Quirks {
        &self.quirks
    }

    /// The requests for tokens since this was asked the last time.
    pub fn requests(&self) -> Vec<TokenRequest> {
        std::mem::take(&mut self.state.inner().requests)
    }

    /// No token of before is good any longer.
    pub fn expire(&self) {
        self.state.inner().good.clear();
    }

    /// A registry that wants a token for each request.
    pub fn guard(&self, registry: Router) -> Router {
        let state = (self.state.clone(), registry);
        Router::new().fallback(guarded).with_state(state)
    }
}

impl Default for TokenService {
    fn default() -> Self {
        Self::new()
    }
}

/// A registry that wants name and password with each request.
pub fn password_guard(name: &str, password: &str, registry: Router) -> Router {
    let state = (basic(name, password), registry);
    Router::new().fallback(with_password).with_state(state)
}

async fn with_password(
    State((login, registry)): State<(String, Router)>,
    request: Request<Body>,
) -> Response<Body> {
    if authorization(request.headers()) == Some(login) {
        return registry.oneshot(request).await.unwrap_or_default();
    }
    Canned::error(401, "UNAUTHORIZED", "access to this registry", "")
        .header("www-authenticate", "Basic realm=\"registry\"")
        .response()
}

/// Hands out a token.
async fn issue(State(state): State<Shared>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let form = flow::whole(body).await;
    let text = match parts.method == Method::POST {
        true => String::from_utf8_lossy(&form).into_owned(),
        false => parts.uri.query().unwrap_or_default().to_owned(),
    };
    let mut scopes = Vec::new();
    let mut parameters = HashMap::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        match name.as_ref() {
            "scope" => scopes.extend(value.split(' ').map(str::to_owned)),
            _ => {
                parameters.insert(name.into_owned(), value.into_owned());
            }
        }
    }
    let authorization = authorization(&parts.headers);
    let mut inner = state.inner();
    let refresh = parameters.get("refresh_token");
    let known = match (&authorization, refresh) {
        (Some(login), _) => Some(inner.logins.contains(login)),
        (None, Some(token)) => Some(inner.refresh_tokens.contains(token)),
        (None, None) => None,
    };
    inner.requests.push(TokenRequest {
        method: parts.method.to_string(),
        scopes: scopes.clone(),
        authorization,
        parameters,
    });
    let refuse = known == Some(false) || (known.is_none() && inner.private);
    if refuse {
        let text = r#"{"errors":[{"code":"DENIED","message":"requested access is denied"}]}"#;
        return Canned::json(if known.is_some() { 401 } else { 403 }, text).response();
    }
    inner.issued += 1;
    let token = format!("token-{}", inner.issued);
    let all = scopes.iter().flat_map(|scope| rights(scope));
    let granted = all.filter(|(_, action)| known.is_some() || action == "pull");
    let granted = granted.collect();
    inner.good.insert(token.clone(), granted);
    let document = match inner.form {
        TokenForm::Full => {
            serde_json::json!({"token": token, "access_token": token, "expires_in": 300})
        }
        TokenForm::AccessToken => serde_json::json!({"access_token": token, "expires_in": 300}),
        TokenForm::WithoutExpiry => serde_json::json!({"token": token}),
    };
    Canned::json(200, &document.to_string()).response()
}

/// Lets a request pass whose token is good for it.
async fn guarded(
    State((state, registry)): State<(Shared, Router)>,
    request: Request<Body>,
) -> Response<Body> {
    let needed = needs(request.method(), request.uri());
    let refusal = {
        let inner = state.inner();
        let token = authorization(request.headers());
        let token = token
            .as_deref()
            .and_then(|text| text.strip_prefix("Bearer "));
        let problem = match token.map(|token| inner.good.get(token)) {
            None => Some(""),
            Some(None) => Some("invalid_token"),
            Some(Some(rights)) if !needed.is_subset(rights) => Some("insufficient_scope"),
            Some(Some(_)) => None,
        };
        problem.map(|problem| challenge(&inner.realm, &needed, problem))
    };
    match refusal {
        Some(refusal) => refusal,
        None => registry.oneshot(request).await.unwrap_or_default(),
    }
}

fn challenge(realm: &str, needed: &BTreeSet<(String, String)>, problem: &str) -> Response<Body> {
    let mut names: Vec<&String> = needed.iter().map(|(name, _)| name).collect();
    names.dedup();
    let scopes: Vec<String> = names
        .iter()
        .map(|&name| {
            let actions = needed.iter().filter(|(found, _)| found == name);
            let actions: Vec<&str> = actions.map(|(_, action)| action.as_str()).collect();
            format!("repository:{name}:{}", actions.join(","))
        })
        .collect();
    let mut value = format!(r#"Bearer realm="{realm}",service="{SERVICE}""#);
    if !scopes.is_empty() {
        value.push_str(&format!(r#",scope="{}""#, scopes.join(" ")));
    }
    if !problem.is_empty() {
        value.push_str(&format!(r#",error="{problem}""#));
    }
    Canned::error(401, "UNAUTHORIZED", "authentication required", "")
        .header("www-authenticate", &value)
        .response()
}

/// What a request does to which repositories.
fn needs(method: &Method, uri: &Uri) -> BTreeSet<(String, String)> {
    let path = uri.path().strip_prefix("/v2/").unwrap_or_default();
    let name = ["/blobs/", "/manifests/", "/tags/", "/referrers/"]
        .iter()
        .find_map(|part| path.split_once(part));
    let Some((name, _)) = name else {
        return BTreeSet::new();
    };
    let upload = path.contains("/blobs/uploads/");
    let actions: &[&str] = match *method {
        Method::DELETE if !upload => &["delete"],
        Method::GET | Method::HEAD if !upload => &["pull"],
        _ => &["pull", "push"],
    };
    let mut needed: BTreeSet<_> = actions
        .iter()
        .map(|&action| (name.to_owned(), action.to_owned()))
        .collect();
    let query = uri.query().unwrap_or_default();
    let query = form_urlencoded::parse(query.as_bytes());
    let from = query.filter(|(key, _)| key == "from");
    needed.extend(from.map(|(_, name)| (name.into_owned(), "pull".to_owned())));
    needed
}

/// The rights that a scope names.
fn rights(scope: &str) -> Vec<(String, String)> {
    let Some((name, actions)) = scope
        .strip_prefix("repository:")
        .and_then(|rest| rest.rsplit_once(':'))
    else {
        return Vec::new();
    };
    let actions = actions.split(',');
    actions
        .map(|action| (name.to_owned(), action.to_owned()))
        .collect()
}

fn authorization(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(AUTHORIZATION)?.to_str().ok()?.to_owned())
}

/// The header for name and password (RFC 7617).
fn basic(name: &str, password: &str) -> String {
    use base64::Engine as _;
    let text = format!("{name}:{password}");
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(text)
    )
}
