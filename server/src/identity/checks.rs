//! What names, e-mails and permissions must look like; each fault names its field.

use std::str::FromStr as _;

use floorline_domain::FieldError;
use floorline_domain::permission::{Permission, PermissionSet};

use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::Identity;

fn fault(field: &str, code: &str, message: impl Into<String>) -> FieldError {
    FieldError { field: field.into(), code: code.into(), message: message.into() }
}

/// A name of 1 to `longest` characters, without blanks around it.
pub(super) fn name(field: &str, text: &str, longest: usize, faults: &mut Vec<FieldError>) -> String {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > longest || text.chars().any(char::is_control) {
        faults.push(fault(
            field,
            "LENGTH",
            format!("{field} has 1 to {longest} characters, none of them control characters."),
        ));
    }
    text.to_owned()
}

/// An e-mail as it is stored and looked up. Normalised here and nowhere else: what two places fold differently, one of them counts twice.
pub(super) fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

/// An e-mail address in lower case. Only its form is checked; whether it exists, nobody can know.
pub(super) fn email(field: &str, text: &str, faults: &mut Vec<FieldError>) -> String {
    let text = folded(text);
    let sound = text
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.len() > 1 && !domain.contains('@'));
    if !sound || text.len() > 254 || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        faults.push(fault(field, "EMAIL", "That is not an e-mail address."));
    }
    text
}

/// Permissions by name. What concerns the installation cannot be given by a role.
pub(super) fn permissions(texts: &[String], faults: &mut Vec<FieldError>) -> PermissionSet {
    let mut set = PermissionSet::new();
    for (index, text) in texts.iter().enumerate() {
        let field = format!("permissions[{index}]");
        match Permission::from_str(text) {
            Ok(Permission::OrganizationCreate) => {
                faults.push(fault(&field, "INSTALLATION_ONLY", format!("{text} is given on the command line only.")));
            }
            Ok(permission) => drop(set.insert(permission)),
            Err(_) => faults.push(fault(&field, "UNKNOWN", format!("There is no permission {text:?}."))),
        }
    }
    set
}

/// Nobody gives what they do not have.
///
/// # Errors
/// 403 that names what is missing.
pub(super) fn may_give(by: &Identity, permissions: &PermissionSet) -> Result<(), ApiError> {
    let missing: Vec<&str> = permissions.difference(&by.permissions).map(|permission| permission.as_str()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let detail = format!("You cannot give what you do not have: {}.", missing.join(", "));
    Err(ApiError::new(Code::NotPermitted, detail).with(serde_json::json!({ "permissions": missing })))
}

/// All faults found, or none.
///
/// # Errors
/// 422 with every fault.
pub(super) fn refuse(faults: Vec<FieldError>) -> Result<(), ApiError> {
    if faults.is_empty() { Ok(()) } else { Err(ApiError::invalid(faults)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e_mails_are_lower_case_and_have_two_sides() {
        for (text, sound) in [
            ("Ana@North.Example", true),
            ("a@b", false),
            ("a@bc", true),
            ("@b.c", false),
            ("a@", false),
            ("a@b@c.d", false),
            ("a b@c.d", false),
            ("", false),
        ] {
            let mut faults = Vec::new();
            let read = email("email", text, &mut faults);
            assert_eq!(faults.is_empty(), sound, "{text}");
            assert_eq!(read, text.to_lowercase());
        }
    }

    #[test]
    fn every_wrong_permission_is_named() {
        let mut faults = Vec::new();
        let texts = ["item:act", "item:fly", "organization:create"].map(ToOwned::to_owned);
        assert_eq!(permissions(&texts, &mut faults).len(), 1);
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["permissions[1]", "permissions[2]"]);
    }
}
