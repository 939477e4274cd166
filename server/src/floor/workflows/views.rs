//! Workflows as JSON.

use chrono::{DateTime, Utc};
use floorline_domain::workflow::Workflow;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{Numbered, VersionRow, WorkflowRow};

/// A workflow without its stages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WorkflowSummary {
    /// Its id over all versions.
    id: Uuid,
    /// Unique in the organisation.
    name: String,
    /// For people.
    description: String,
    /// False once it is out of use: items on their way go on, orders are not accepted with it.
    active: bool,
    /// A pattern to clone from.
    template: bool,
    /// Who made it.
    created_by: Uuid,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it or its draft was last changed.
    updated_at: DateTime<Utc>,
    /// The `ETag` of the workflow with its draft.
    version: i64,
    /// The number of the version that orders are accepted with.
    published_number: Option<i32>,
    /// The number the draft will have.
    draft_number: Option<i32>,
}

/// A workflow with the versions that matter.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WorkflowView {
    #[serde(flatten)]
    summary: WorkflowSummary,
    /// The version that orders are accepted with.
    published: Option<VersionView>,
    /// What is being edited.
    draft: Option<VersionView>,
}

/// One version.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VersionView {
    /// Its id; items are pinned to it.
    id: Uuid,
    /// The workflow it is a version of.
    workflow_id: Uuid,
    /// 1, 2, 3 …
    number: i32,
    /// `draft` or `published`.
    state: String,
    /// The workflow's name when it was published.
    name: String,
    /// The stage where items begin.
    entry: String,
    /// The stages with their actions, ways onwards and ways back.
    #[schema(value_type = Vec<Object>)]
    stages: Value,
    /// When it was begun.
    created_at: DateTime<Utc>,
    /// When it was last edited.
    updated_at: DateTime<Utc>,
    /// When it was published.
    published_at: Option<DateTime<Utc>>,
}

/// What a new workflow is made from; it becomes a draft.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct NewWorkflow {
    /// 1–200 characters, unique in the organisation.
    pub(super) name: String,
    /// For people.
    #[serde(default)]
    pub(super) description: String,
    /// A pattern to clone from.
    #[serde(default)]
    pub(super) template: bool,
    /// The stage where items begin; absent: the first.
    pub(super) entry: Option<String>,
    /// The stages.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub(super) stages: Vec<Value>,
}

/// What may change; an absent field stays. `entry` and `stages` change the draft, and begin one when there is none.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct WorkflowChange {
    /// 1–200 characters, unique in the organisation.
    pub(super) name: Option<String>,
    /// For people.
    pub(super) description: Option<String>,
    /// Whether orders are accepted with it.
    pub(super) active: Option<bool>,
    /// A pattern to clone from.
    pub(super) template: Option<bool>,
    /// The stage where items begin.
    pub(super) entry: Option<String>,
    /// All stages anew.
    #[schema(value_type = Option<Vec<Object>>)]
    pub(super) stages: Option<Vec<Value>>,
}

/// A definition to look through without storing it.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct Candidate {
    /// The stage where items begin; absent: the first.
    pub(super) entry: Option<String>,
    /// The stages; absent: those of the draft, or of the published version when there is no draft.
    #[schema(value_type = Option<Vec<Object>>)]
    pub(super) stages: Option<Vec<Value>>,
}

/// What a look through found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Findings {
    /// Whether it could be published.
    pub(super) valid: bool,
    /// Every fault.
    pub(super) faults: Vec<FaultView>,
}

/// One fault of a definition.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FaultView {
    /// Stable, for programs.
    pub(super) code: String,
    /// Where, such as `stages[2].next[0].to`.
    pub(super) path: String,
    /// What is wrong, for a person.
    pub(super) message: String,
}

/// What a copy is called.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub(super) struct CloneName {
    /// Absent: the name of the original and "copy".
    pub(super) name: Option<String>,
}

pub(super) fn summary(row: WorkflowRow, versions: &[Numbered]) -> WorkflowSummary {
    let number = |state: &str| {
        versions
            .iter()
            .filter(|version| version.workflow_id == row.id && version.state == state)
            .map(|version| version.number)
            .max()
    };
    WorkflowSummary {
        published_number: number("published"),
        draft_number: number("draft"),
        id: row.id,
        name: row.name,
        description: row.description,
        active: row.active,
        template: row.template,
        created_by: row.created_by,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    }
}

pub(super) fn workflow(row: WorkflowRow, versions: Vec<VersionRow>) -> WorkflowView {
    let summary = summary(row, &versions.iter().map(VersionRow::numbered).collect::<Vec<_>>());
    let (drafts, mut published): (Vec<_>, Vec<_>) = versions.into_iter().partition(VersionRow::is_draft);
    published.sort_by_key(|version| version.number);
    WorkflowView { summary, published: published.pop().map(version), draft: drafts.into_iter().next().map(version) }
}

pub(super) fn version(row: VersionRow) -> VersionView {
    let VersionRow { id, workflow_id, number, state, body, created_at, updated_at, published_at } = row;
    let Workflow { name, entry, stages } = body.0;
    let stages = serde_json::to_value(stages).unwrap_or_default();
    VersionView { id, workflow_id, number, state, name, entry, stages, created_at, updated_at, published_at }
}
