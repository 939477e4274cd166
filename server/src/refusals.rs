//! What every route may answer, told once for all of them in the OpenAPI document: a refusal is a problem document, and a busy server says so.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// Gives every operation that names none the answers `4XX` and `503`, and every problem document its own media type.
pub fn describe(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            let responses = &mut operation.responses.responses;
            for response in responses.values_mut() {
                if let RefOr::T(response) = response {
                    name_problem(response);
                }
            }
            responses.entry("4XX".into()).or_insert_with(|| problem("Not done"));
            responses.entry("503".into()).or_insert_with(|| problem("Busy or restarting; try again shortly"));
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
    [get, put, post, delete, options, head, patch, trace].into_iter().flatten()
}

fn name_problem(response: &mut Response) {
    let is_problem = response.content.get(JSON).is_some_and(|content| match content {
        RefOr::T(content) => {
            matches!(&content.schema, Some(RefOr::Ref(schema)) if schema.ref_location.ends_with("/Problem"))
        }
        RefOr::Ref(_) => false,
    });
    if is_problem && let Some(content) = response.content.swap_remove(JSON) {
        response.content.insert(PROBLEM.into(), content);
    }
}

fn problem(description: &str) -> RefOr<Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    RefOr::T(ResponseBuilder::new().description(description).content(PROBLEM, content).build())
}
