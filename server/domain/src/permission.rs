//! What a person may do, as `noun:verb` texts, and the roles each kind of organisation starts with.
//!
//! Roles are rows that an administrator edits; the templates here are only what a new organisation is given.

use std::collections::BTreeSet;

use crate::words::words;
use Permission::{
    ApprovalGive, AuditView, BrandView, CaseDecide, CaseView, DeviceManage, DeviceView, ItemAct, ItemAdvance,
    ItemAssign, ItemCreate, ItemFlag, ItemHold, ItemMove, ItemOverride, ItemRework, ItemScrap, ItemView, LabelManage,
    LabelView, LocationManage, LocationView, OrderAccept, OrderCreate, OrderManage, OrderOverride, OrderView,
    OrganizationManage, PartnershipManage, PhotoUpload, PhotoView, QueueManage, QueueView, RoleManage, ScanRecord,
    ScanView, ShiftView, ShiftWork, SyncConnect, UserManage, UserView, WorkflowManage, WorkflowView,
};

words! {
    "permission"
    /// One thing a person may be allowed to do.
    pub enum Permission {
        OrganizationCreate = "organization:create",
        OrganizationManage = "organization:manage",
        PartnershipManage = "partnership:manage",
        UserView = "user:view",
        UserManage = "user:manage",
        RoleManage = "role:manage",
        DeviceView = "device:view",
        DeviceManage = "device:manage",
        AuditView = "audit:view",
        LocationView = "location:view",
        LocationManage = "location:manage",
        WorkflowView = "workflow:view",
        WorkflowManage = "workflow:manage",
        OrderView = "order:view",
        OrderCreate = "order:create",
        OrderAccept = "order:accept",
        OrderManage = "order:manage",
        OrderOverride = "order:override",
        ItemView = "item:view",
        ItemCreate = "item:create",
        ItemAct = "item:act",
        ItemAdvance = "item:advance",
        ItemRework = "item:rework",
        ItemScrap = "item:scrap",
        ItemHold = "item:hold",
        ItemFlag = "item:flag",
        ItemAssign = "item:assign",
        ItemMove = "item:move",
        ItemOverride = "item:override",
        ApprovalGive = "approval:give",
        LabelView = "label:view",
        LabelManage = "label:manage",
        ScanRecord = "scan:record",
        ScanView = "scan:view",
        ShiftWork = "shift:work",
        ShiftView = "shift:view",
        QueueView = "queue:view",
        QueueManage = "queue:manage",
        CaseView = "case:view",
        CaseDecide = "case:decide",
        PhotoView = "photo:view",
        PhotoUpload = "photo:upload",
        SyncConnect = "sync:connect",
        BrandView = "brand:view",
    }
}

/// What one actor may do.
pub type PermissionSet = BTreeSet<Permission>;

words! {
    "kind of organisation"
    /// The kinds of organisation.
    pub enum OrganizationKind {
        Factory = "factory",
        Brand = "brand",
        Studio = "studio",
        Vendor = "vendor",
        Community = "community",
        Retailer = "retailer",
    }
}

/// A role a new organisation is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleTemplate {
    pub name: &'static str,
    pub permissions: PermissionSet,
}

/// The roles a new organisation of `kind` starts with; the first is its administrator's.
pub fn role_templates(kind: OrganizationKind) -> Vec<RoleTemplate> {
    let role =
        |name, permissions: &[Permission]| RoleTemplate { name, permissions: permissions.iter().copied().collect() };
    match kind {
        OrganizationKind::Factory => vec![
            RoleTemplate { name: "admin", permissions: all_but_installation() },
            role("supervisor", SUPERVISOR),
            role("operator", OPERATOR),
            role("quality", QUALITY),
        ],
        OrganizationKind::Brand => vec![role("brand_admin", BRAND_ADMIN), role("brand_viewer", BRAND_VIEWER)],
        _ => vec![RoleTemplate { name: "admin", permissions: all_but_installation() }, role("member", MEMBER)],
    }
}

/// Everything within one organisation. `organization:create` concerns the installation and is granted by its owner alone.
fn all_but_installation() -> PermissionSet {
    Permission::ALL.iter().copied().filter(|permission| *permission != Permission::OrganizationCreate).collect()
}

const SUPERVISOR: &[Permission] = &[
    UserView,
    DeviceView,
    DeviceManage,
    LocationView,
    LocationManage,
    WorkflowView,
    WorkflowManage,
    OrderView,
    OrderCreate,
    OrderAccept,
    OrderManage,
    OrderOverride,
    ItemView,
    ItemCreate,
    ItemAct,
    ItemAdvance,
    ItemRework,
    ItemScrap,
    ItemHold,
    ItemFlag,
    ItemAssign,
    ItemMove,
    ItemOverride,
    ApprovalGive,
    LabelView,
    LabelManage,
    ScanRecord,
    ScanView,
    ShiftWork,
    ShiftView,
    QueueView,
    QueueManage,
    CaseView,
    CaseDecide,
    PhotoView,
    PhotoUpload,
    SyncConnect,
    AuditView,
];

const OPERATOR: &[Permission] = &[
    LocationView,
    WorkflowView,
    ItemView,
    ItemAct,
    ItemAdvance,
    ItemFlag,
    ItemMove,
    LabelView,
    ScanRecord,
    ShiftWork,
    QueueView,
    PhotoView,
    PhotoUpload,
    SyncConnect,
];

const QUALITY: &[Permission] = &[
    LocationView,
    WorkflowView,
    OrderView,
    ItemView,
    ItemAct,
    ItemAdvance,
    ItemRework,
    ItemScrap,
    ItemHold,
    ItemFlag,
    ItemMove,
    ApprovalGive,
    LabelView,
    ScanRecord,
    ScanView,
    ShiftWork,
    QueueView,
    CaseView,
    PhotoView,
    PhotoUpload,
    SyncConnect,
];

const BRAND_ADMIN: &[Permission] = &[
    OrganizationManage,
    PartnershipManage,
    UserView,
    UserManage,
    RoleManage,
    AuditView,
    OrderView,
    OrderCreate,
    OrderManage,
    PhotoView,
    SyncConnect,
    BrandView,
];

const BRAND_VIEWER: &[Permission] = &[OrderView, PhotoView, SyncConnect, BrandView];

const MEMBER: &[Permission] =
    &[UserView, LocationView, WorkflowView, OrderView, ItemView, PhotoView, PhotoUpload, SyncConnect];
