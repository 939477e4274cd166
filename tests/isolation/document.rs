//! The OpenAPI document as a list of routes.

use floorline_server::app::openapi;
use serde_json::Value;

/// One method of one path.
pub struct Route {
    pub method: String,
    pub path: String,
    /// Path, query and header parameters: where, name, whether it must be there.
    pub parameters: Vec<(String, String, bool)>,
    /// The schema of its JSON body.
    pub body: Option<Value>,
    /// Whether the document asks for a token.
    pub signed: bool,
}

/// The whole document.
pub struct Document {
    pub routes: Vec<Route>,
    schemas: Value,
}

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "head", "patch", "options"];

impl Document {
    /// As the server serves it.
    pub fn read() -> Self {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut routes = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                if METHODS.contains(&method.as_str()) {
                    routes.push(route(method, path, operation));
                }
            }
        }
        assert!(routes.len() > 100, "this is not the document");
        Self { routes, schemas: document["components"]["schemas"].clone() }
    }

    /// The schema itself, where this is a reference to one or leaves the choice between one and nothing.
    pub fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(name) = schema["$ref"].as_str() {
            return self.resolved(&self.schemas[name.rsplit('/').next().unwrap()]);
        }
        match schema["oneOf"].as_array() {
            Some(choices) => {
                choices.iter().find(|choice| choice["type"] != "null").map_or(schema, |one| self.resolved(one))
            }
            None => schema,
        }
    }
}

impl Route {
    /// `GET /v1/items/{id}`, as the tables here write it.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

fn route(method: &str, path: &str, operation: &Value) -> Route {
    let parameter = |parameter: &Value| {
        let text = |field: &str| parameter[field].as_str().unwrap().to_owned();
        (text("in"), text("name"), parameter["required"] == true)
    };
    let parameters = operation["parameters"].as_array().map_or(Vec::new(), |all| all.iter().map(parameter).collect());
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let ways = operation["security"].as_array();
    Route {
        method: method.to_uppercase(),
        path: path.to_owned(),
        parameters,
        body: (!body.is_null()).then(|| body.clone()),
        signed: ways.is_some_and(|ways| ways.iter().all(|way| way.get("bearer").is_some())),
    }
}
