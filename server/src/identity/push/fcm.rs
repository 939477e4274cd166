//! Firebase Cloud Messaging, HTTP v1.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use chrono::TimeDelta;
use fcm::FirebaseCloudMessaging;
use fcm::api::{AndroidConfig, AndroidNotification, Message, Notification, Scope, SendMessageRequest};
use fcm::common::{Client, Delegate, Error, Response, Retry};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::content;
use super::notice::{Notice, Urgency};
use super::outcome::Outcome;
use super::service_account::ServiceAccount;
use crate::platform::clock;
use crate::platform::outgoing::{Connector, Reach, WITHIN, chain, connector, retry_after};

/// Sends to Firebase in the name of one service account.
pub(super) struct Fcm {
    account: ServiceAccount,
    /// With a slash at its end.
    root: String,
    client: Client<Connector>,
}

/// What became of one request.
#[derive(Debug, Default)]
struct Heard {
    /// None: nothing was answered.
    status: Option<u16>,
    retry_after: Option<Duration>,
    /// The body of a refusal.
    error: Value,
    /// Why nothing was answered.
    fault: String,
}

impl Delegate for Heard {
    fn http_failure(&mut self, response: &Response, error: Option<&Value>) -> Retry {
        self.status = Some(response.status().as_u16());
        self.retry_after = retry_after(response.headers(), clock::now());
        self.error = error.cloned().unwrap_or_default();
        Retry::Abort
    }
}

impl Fcm {
    /// Sends in the name of the service account in this file.
    pub(super) fn new(account: &Path, root: &str) -> anyhow::Result<Self> {
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
        let client = client.build(connector(Reach::Settings)?);
        let account = ServiceAccount::read(account).context("it cannot be used")?;
        Ok(Self { account, root: format!("{}/", root.trim_end_matches('/')), client })
    }

    /// Sends one notice to one registration token. An access token that is refused is renewed once.
    pub(super) async fn send(&self, token: &str, notice: &Notice, left: TimeDelta) -> Outcome {
        let access = match self.account.access().await {
            Ok(access) => access,
            Err(outcome) => return outcome,
        };
        let heard = self.ask(access.clone(), request(token, notice, left)).await;
        if heard.status != Some(401) {
            return judge(heard);
        }
        self.account.forget(&access).await;
        match self.account.access().await {
            Ok(access) => judge(self.ask(access, request(token, notice, left)).await),
            Err(outcome) => outcome,
        }
    }

    async fn ask(&self, access: String, request: SendMessageRequest) -> Heard {
        let mut heard = Heard::default();
        let mut hub = FirebaseCloudMessaging::new(self.client.clone(), access);
        hub.base_url(self.root.clone());
        hub.root_url(self.root.clone());
        let parent = format!("projects/{}", self.account.project());
        let projects = hub.projects();
        let call = projects.messages_send(request, &parent).add_scope(Scope::FirebaseMessaging).delegate(&mut heard);
        let answered = tokio::time::timeout(WITHIN, call.doit()).await;
        match answered {
            // What it says of a message it took is of no use.
            Ok(Ok(_) | Err(Error::JsonDecodeError(..))) => heard.status = Some(200),
            Ok(Err(Error::HttpError(error))) => heard.fault = format!("no answer: {}", chain(&error)),
            Ok(Err(error)) if heard.status.is_none() => heard.fault = format!("no answer: {}", chain(&error)),
            Ok(Err(_)) => {}
            Err(_) => heard.fault = format!("no answer within {} s", WITHIN.as_secs()),
        }
        heard
    }
}

/// A data message, which the app reads; of what is to be seen also a line that the phone shows by itself, in words of the app's catalogue if it has them.
fn request(token: &str, notice: &Notice, left: TimeDelta) -> SendMessageRequest {
    let (news, seen) = (notice.news, notice.news.urgency() != Urgency::Wake);
    let group = news.group().map(str::to_owned);
    let line = AndroidNotification {
        title: Some(news.title().to_owned()),
        title_loc_key: Some(news.message().to_owned()),
        tag: group.clone(),
        ..AndroidNotification::default()
    };
    let android = AndroidConfig {
        priority: Some(if seen { "HIGH" } else { "NORMAL" }.to_owned()),
        // Firebase keeps for four weeks at most; nothing here is worth telling for that long.
        ttl: Some(TimeDelta::seconds(left.num_seconds())),
        collapse_key: group,
        notification: seen.then_some(line),
        ..AndroidConfig::default()
    };
    let message = Message {
        token: Some(token.to_owned()),
        data: Some(content::texts(notice)),
        notification: seen.then(|| Notification { title: Some(news.title().to_owned()), ..Notification::default() }),
        android: Some(android),
        ..Message::default()
    };
    SendMessageRequest { message: Some(message), validate_only: None }
}

fn judge(heard: Heard) -> Outcome {
    let Some(status) = heard.status else { return Outcome::later(heard.fault) };
    let code = code(&heard.error);
    match (status, code) {
        (200..=299, _) => Outcome::Sent,
        (404, Some("UNREGISTERED")) => Outcome::Gone("UNREGISTERED"),
        (403, Some("SENDER_ID_MISMATCH")) => Outcome::Gone("SENDER_ID_MISMATCH"),
        (400, _) if is_about_the_token(&heard.error) => Outcome::Gone("INVALID_ARGUMENT"),
        _ => {
            let why = format!("Firebase answered {status} {}", code.unwrap_or_default());
            Outcome::Later { why: why.trim_end().to_owned(), after: heard.retry_after }
        }
    }
}

/// Firebase's own code, as it stands in the details, or else the status of Google's interfaces in general.
fn code(error: &Value) -> Option<&str> {
    let own = details(error).find_map(|detail| detail.get("errorCode")?.as_str());
    let code = own.or_else(|| error.pointer("/error/status")?.as_str());
    code.filter(|code| code.len() < 64 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
}

/// Whether a field of the request was refused, and it was the token: any other would be a fault of ours.
fn is_about_the_token(error: &Value) -> bool {
    let fields = details(error).filter_map(|detail| detail.get("fieldViolations")?.as_array()).flatten();
    let mut named = fields.filter_map(|violation| violation.get("field")?.as_str());
    named.any(|field| field == "message.token")
}

fn details(error: &Value) -> impl Iterator<Item = &Value> {
    error.pointer("/error/details").and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use floorline_domain::UserId;
    use serde_json::json;
    use uuid::Uuid;

    use super::super::notice::News;
    use super::*;

    fn heard(status: u16, error: Value) -> Heard {
        Heard { status: Some(status), error, ..Heard::default() }
    }

    fn refusal(status: &str, code: &str) -> Value {
        let detail = json!({ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code });
        json!({ "error": { "code": 0, "message": "secret token", "status": status, "details": [detail] } })
    }

    #[test]
    fn only_a_token_that_nobody_has_any_more_is_gone() {
        let field = |name: &str| {
            let detail =
                json!({ "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{ "field": name }] });
            json!({ "error": { "status": "INVALID_ARGUMENT", "details": [detail] } })
        };
        for (status, error, gone) in [
            (404, refusal("NOT_FOUND", "UNREGISTERED"), true),
            (404, json!({ "error": { "status": "NOT_FOUND" } }), false),
            (403, refusal("PERMISSION_DENIED", "SENDER_ID_MISMATCH"), true),
            (403, json!({ "error": { "status": "PERMISSION_DENIED" } }), false),
            (400, field("message.token"), true),
            (400, field("message.android.ttl"), false),
            (400, refusal("INVALID_ARGUMENT", "INVALID_ARGUMENT"), false),
            (401, refusal("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), false),
            (429, refusal("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), false),
            (503, Value::Null, false),
        ] {
            let outcome = judge(heard(status, error.clone()));
            assert_eq!(matches!(outcome, Outcome::Gone(_)), gone, "{status} {error}");
            assert!(!format!("{outcome:?}").contains("secret"), "{outcome:?}");
        }
    }

    #[test]
    fn why_it_waits_is_said_in_firebases_code_and_for_how_long_in_its_own_time() {
        let pause = Some(Duration::from_secs(30));
        let refused = Heard { retry_after: pause, ..heard(429, refusal("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")) };
        assert_eq!(judge(refused), Outcome::Later { why: "Firebase answered 429 QUOTA_EXCEEDED".into(), after: pause });
        let away = json!({ "error": { "status": "UNAVAILABLE" } });
        assert_eq!(judge(heard(503, away)), Outcome::later("Firebase answered 503 UNAVAILABLE"));
        assert_eq!(judge(heard(502, json!("<html>"))), Outcome::later("Firebase answered 502"));
        let silent = Heard { fault: "no answer: refused".into(), ..Heard::default() };
        assert_eq!(judge(silent), Outcome::later("no answer: refused"));
    }

    #[test]
    fn a_wake_shows_nothing_and_a_stop_is_not_folded_into_another() {
        let of = |news| {
            let mut notice = Notice::new(UserId(Uuid::nil()), news, DateTime::UNIX_EPOCH);
            notice.add(Uuid::nil());
            serde_json::to_value(request("t", &notice, TimeDelta::minutes(5))).unwrap()["message"].clone()
        };
        let (wake, stop, work) = (of(News::ItemReleased), of(News::ItemScrapped), of(News::ItemAssigned));
        assert_eq!((&wake["notification"], &wake["android"]["priority"]), (&Value::Null, &json!("NORMAL")));
        assert_eq!((&stop["android"]["collapseKey"], &stop["android"]["priority"]), (&Value::Null, &json!("HIGH")));
        assert_eq!((&work["android"]["collapseKey"], &work["android"]["ttl"]), (&json!("work"), &json!("300s")));
        assert_eq!(work["android"]["notification"]["titleLocKey"], "push_item_assigned");
        assert_eq!((&work["token"], &work["data"]["count"]), (&json!("t"), &json!("1")));
    }
}
