//! Requests made from the document: everything of one's own but for one thing, which is another's.

use serde_json::{Map, Value, json};

use super::document::{Document, Route};
use super::scene::Scene;
use super::words::{self, Word};
use crate::harness::{Answer, Client};

/// A request as it is sent.
pub struct Request {
    /// Method, path of the document and what in it is another's.
    pub name: String,
    /// Where the other's thing stands: `path`, `query`, `body`, or nowhere.
    pub place: Place,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

/// Where something of the other organisation stands in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: the request names nothing.
    Nowhere,
    /// The path's parameter of this name.
    Path(String),
    /// The query's parameter of this name.
    Query(String),
    /// The body's member with this path.
    Body(String),
    /// Wherever a name must stand.
    Everywhere,
}

impl Request {
    /// Sends it as somebody.
    pub async fn send(&self, client: &Client) -> Answer {
        let client = self.headers.iter().fold(client.clone(), |client, (name, value)| client.with(name, value));
        match (&self.body, self.method.as_str(), self.path.contains("/v1/uploads/")) {
            (None, "PATCH", true) => {
                client.send_bytes("PATCH", &self.path, crate::harness::upload::BYTES, b"abc".to_vec()).await
            }
            (body, method, _) => client.send(method, &self.path, body.clone()).await,
        }
    }

    /// The same, with a word in every text that a person writes.
    #[must_use]
    pub fn saying(mut self, word: &str) -> Self {
        let said = |body: &Value| body.to_string().replace(words::TEXT, &format!("{} {word}", words::TEXT));
        self.body = self.body.map(|body| serde_json::from_str(&said(&body)).unwrap());
        self
    }

    /// Everything that is sent, for telling an echo from a leak.
    pub fn text(&self) -> String {
        format!("{} {}", self.path, self.body.as_ref().map(Value::to_string).unwrap_or_default()).to_lowercase()
    }
}

/// Every request of a route: each name in it replaced by the other's once, the rest one's own; then all of them.
pub fn requests(document: &Document, route: &Route, own: &Scene<'_>, other: &Scene<'_>) -> Vec<Request> {
    let maker = Maker { document, route, own, other };
    let mut places = Vec::new();
    for (kind, name, _) in &route.parameters {
        match kind.as_str() {
            "path" if matches!(words::in_path(route, name), Word::Thing(_)) => places.push(Place::Path(name.clone())),
            "query" if matches!(words::in_field(route, name), Word::Thing(_)) => {
                places.push(Place::Query(name.clone()))
            }
            _ => {}
        }
    }
    if let Some(schema) = &route.body {
        let mut members = Vec::new();
        maker.names(schema, "", "", &mut members);
        places.extend(members.into_iter().map(Place::Body));
    }
    places.push(if places.is_empty() { Place::Nowhere } else { Place::Everywhere });
    places.into_iter().map(|place| maker.request(place)).collect()
}

struct Maker<'a> {
    document: &'a Document,
    route: &'a Route,
    own: &'a Scene<'a>,
    other: &'a Scene<'a>,
}

impl Maker<'_> {
    fn request(&self, place: Place) -> Request {
        let (mut path, mut query, mut headers) = (self.route.path.clone(), Vec::new(), Vec::new());
        for (kind, name, required) in &self.route.parameters {
            match kind.as_str() {
                "path" => {
                    let value =
                        self.value(words::in_path(self.route, name), place == Place::Path(name.clone()), &place);
                    path = path.replace(&format!("{{{name}}}"), &plain(&value));
                }
                "query" => {
                    let swapped = place == Place::Query(name.clone());
                    let word = words::in_field(self.route, name);
                    if *required || swapped {
                        query.push(format!("{name}={}", plain(&self.value(word, swapped, &place))));
                    }
                }
                _ if *required => headers.push((name.clone(), words::in_header(self.route, name))),
                _ => {}
            }
        }
        if self.route.path == "/v1/sync/feed" {
            query.push("wait=0".into());
        }
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let body = self.route.body.as_ref().map(|schema| match self.members(schema) {
            Some(_) => self.build(schema, "", "", &place),
            None => words::open_body(self.route, &|noun| plain(&self.value(Word::Thing(noun), true, &place))),
        });
        let sent = format!("{path} {}", body.as_ref().map(Value::to_string).unwrap_or_default()).to_lowercase();
        // Nothing in it had to be named.
        let place = if self.other.is_named_in(&sent) { place } else { Place::Nowhere };
        Request {
            name: format!("{} with another's {place:?}", self.route.name()),
            place,
            method: self.route.method.clone(),
            path,
            headers,
            body,
        }
    }

    /// What a word stands for, of the other organisation or of one's own.
    fn value(&self, word: Word, swapped: bool, place: &Place) -> Value {
        match word {
            Word::Any(value) => value,
            Word::Thing(noun) if swapped || *place == Place::Everywhere => json!(self.other.name(noun)),
            Word::Thing(noun) => json!(self.own.name(noun)),
        }
    }

    fn members<'b>(&'b self, schema: &'b Value) -> Option<&'b Map<String, Value>> {
        self.document.resolved(schema)["properties"].as_object()
    }

    /// The schema of a list's rows, where they have members.
    fn rows<'b>(&'b self, schema: &'b Value) -> Option<&'b Value> {
        let items = &self.document.resolved(schema)["items"];
        self.members(items).map(|_| items)
    }

    /// Paths of all members that name a thing.
    fn names(&self, schema: &Value, at: &str, name: &str, found: &mut Vec<String>) {
        if let Some(members) = self.members(schema) {
            for (member, schema) in members {
                self.names(schema, &format!("{at}.{member}"), member, found);
            }
        } else if let Some(rows) = self.rows(schema) {
            self.names(rows, &format!("{at}.0"), name, found);
        } else if !name.is_empty() && matches!(words::in_field(self.route, name), Word::Thing(_)) {
            found.push(at.to_owned());
        }
    }

    fn build(&self, schema: &Value, at: &str, name: &str, place: &Place) -> Value {
        let swapped =
            |at: &str| matches!(place, Place::Body(swapped) if swapped == at || swapped.starts_with(&format!("{at}.")));
        if let Some(members) = self.members(schema) {
            let required = self.document.resolved(schema)["required"].as_array();
            // A note is asked for by some decisions, which the document cannot say.
            let needed = |member: &str| {
                member == "note" || required.is_some_and(|required| required.iter().any(|name| name == member))
            };
            let kept = members.iter().filter(|(member, _)| needed(member) || swapped(&format!("{at}.{member}")));
            let built = kept
                .map(|(member, schema)| (member.clone(), self.build(schema, &format!("{at}.{member}"), member, place)));
            return Value::Object(built.collect());
        }
        if let Some(rows) = self.rows(schema) {
            return json!([self.build(rows, &format!("{at}.0"), name, place)]);
        }
        let value = self.value(words::in_field(self.route, name), swapped(at), place);
        let kind = self.document.resolved(schema)["type"].to_string();
        if kind.contains("array") && !value.is_array() { json!([value]) } else { value }
    }
}

/// As it stands in an address.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
