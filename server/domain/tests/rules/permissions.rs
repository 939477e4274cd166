//! Permissions and the roles organisations start with.

use floorline_domain::permission::{OrganizationKind, Permission, role_templates};

#[test]
fn texts_and_permissions_belong_together() {
    for permission in Permission::ALL {
        assert_eq!(permission.as_str().parse(), Ok(*permission));
        assert_eq!(serde_json::to_value(permission).unwrap(), permission.as_str());
        assert_eq!(permission.as_str().split(':').count(), 2);
    }
    assert!("item:fly".parse::<Permission>().is_err());
}

#[test]
fn every_kind_of_organisation_has_roles() {
    for kind in OrganizationKind::ALL {
        let roles = role_templates(*kind);
        assert!(roles.len() >= 2, "{kind}");
        assert!(roles.iter().all(|role| !role.permissions.is_empty()));
        assert!(
            roles.iter().any(|role| role.permissions.contains(&Permission::UserManage)),
            "{kind} has an administrator"
        );
    }
}

#[test]
fn nobody_is_given_the_installation() {
    for kind in OrganizationKind::ALL {
        for role in role_templates(*kind) {
            assert!(!role.permissions.contains(&Permission::OrganizationCreate), "{kind} {}", role.name);
        }
    }
}

#[test]
fn operators_work_and_supervisors_decide() {
    let roles = role_templates(OrganizationKind::Factory);
    let may =
        |name: &str, permission| roles.iter().any(|role| role.name == name && role.permissions.contains(&permission));
    for permission in [Permission::ItemAct, Permission::ItemAdvance, Permission::ScanRecord, Permission::SyncConnect] {
        assert!(may("operator", permission));
    }
    for permission in [Permission::ItemOverride, Permission::CaseDecide, Permission::ItemScrap, Permission::OrderAccept]
    {
        assert!(!may("operator", permission));
        assert!(may("supervisor", permission));
    }
    assert!(may("quality", Permission::ApprovalGive) && may("quality", Permission::ItemRework));
}

#[test]
fn a_brand_reads_and_orders() {
    for role in role_templates(OrganizationKind::Brand) {
        assert!(role.permissions.contains(&Permission::BrandView));
        assert!(!role.permissions.iter().any(|permission| permission.as_str().starts_with("item:")));
    }
}
