//! Permission as a parameter type: `by: Allowed<may::AdvanceItems>`.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use floorline_domain::permission::Permission;

use super::identity::Identity;
use crate::platform::http::{ApiError, Code};

/// A permission as a type.
pub trait Requires {
    /// The permission the identity must hold.
    const PERMISSION: Permission;
    /// Permissions that do as well: where it depends on what is asked for, which the rules then look at.
    const OR: &'static [Permission] = &[];
}

/// A signed-in identity that holds the permission `P`; 401 or 403 otherwise.
#[derive(Debug)]
pub struct Allowed<P> {
    identity: Identity,
    permission: PhantomData<P>,
}

impl<P> Deref for Allowed<P> {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.identity
    }
}

impl<P: Requires> FromRequest for Allowed<P> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let identity = Identity::from_request(request, payload);
        Box::pin(async move {
            let identity = identity.await?;
            if !P::OR.iter().any(|permission| identity.permissions.contains(permission)) {
                identity.require(P::PERMISSION)?;
            }
            Ok(Self { identity, permission: PhantomData })
        })
    }
}

impl Identity {
    /// Refuses an identity without `permission`.
    ///
    /// # Errors
    /// 403 that names the permission.
    pub fn require(&self, permission: Permission) -> Result<(), ApiError> {
        if self.permissions.contains(&permission) {
            return Ok(());
        }
        Err(ApiError::new(Code::NotPermitted, format!("You need the permission {}.", permission.as_str()))
            .with(serde_json::json!({ "permission": permission.as_str() })))
    }
}

macro_rules! permissions {
    ($($name:ident = $permission:ident $(or $other:ident)*;)+) => {
        /// One type a permission, named by what its holder may do.
        pub mod may {
            use super::{Permission, Requires};
            $(
                #[doc = concat!("`Permission::", stringify!($permission), "`" $(, " or `Permission::", stringify!($other), "`")*, ".")]
                #[derive(Debug)]
                pub struct $name;
                impl Requires for $name {
                    const PERMISSION: Permission = Permission::$permission;
                    const OR: &'static [Permission] = &[$(Permission::$other),*];
                }
            )+
        }
    };
}

permissions! {
    CreateOrganizations = OrganizationCreate;
    ManageOrganization = OrganizationManage;
    ManagePartnerships = PartnershipManage;
    ViewUsers = UserView;
    ManageUsers = UserManage;
    ManageRoles = RoleManage;
    ViewDevices = DeviceView;
    ManageDevices = DeviceManage;
    ViewAudit = AuditView;
    ViewLocations = LocationView;
    ManageLocations = LocationManage;
    ViewWorkflows = WorkflowView;
    ManageWorkflows = WorkflowManage;
    ViewOrders = OrderView;
    CreateOrders = OrderCreate;
    AcceptOrders = OrderAccept;
    ManageOrders = OrderManage;
    ViewItems = ItemView;
    CreateItems = ItemCreate;
    ActOnItems = ItemAct;
    CompleteActions = ItemAct or ApprovalGive;
    AdvanceItems = ItemAdvance;
    ReworkItems = ItemRework;
    ScrapItems = ItemScrap;
    HoldItems = ItemHold;
    FlagItems = ItemFlag;
    AssignItems = ItemAssign;
    MoveItems = ItemMove;
    ViewLabels = LabelView;
    ManageLabels = LabelManage;
    RecordScans = ScanRecord;
    ViewScans = ScanView;
    WorkShifts = ShiftWork;
    ViewShifts = ShiftView;
    ViewQueues = QueueView;
    ManageQueues = QueueManage;
    ViewCases = CaseView;
    DecideCases = CaseDecide;
    ViewPhotos = PhotoView;
    UploadPhotos = PhotoUpload;
    ConnectSync = SyncConnect;
    ViewAsBrand = BrandView;
}
