//! What must be true of the database before anybody is served: no connection sees more than its role may, and errors can be understood.

use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel_async::RunQueryDsl as _;

use super::{Db, OpenError, Role, sql};

#[derive(diesel::QueryableByName)]
struct Standing {
    #[diesel(sql_type = Text)]
    current: String,
    #[diesel(sql_type = Bool)]
    above_policies: bool,
    #[diesel(sql_type = BigInt)]
    owned: i64,
    #[diesel(sql_type = Array<Text>)]
    inherited: Vec<String>,
    #[diesel(sql_type = Text)]
    lc_messages: String,
}

impl Db {
    /// Refuses a login that row-level security would not hold, in any of its roles: a superuser, one with BYPASSRLS, a role that owns tables without being
    /// the owner, or one that can act as another. Refuses a database whose errors are not in English.
    ///
    /// # Errors
    /// [`OpenError`] in words for the terminal.
    pub async fn verify(&self) -> Result<(), OpenError> {
        for role in Role::ALL {
            let standing = self.standing(role).await?;
            check(role, &standing)?;
            if role == Role::App && !is_english(&standing.lc_messages) && !self.answers_in_english().await? {
                return Err(OpenError::Language(standing.lc_messages));
            }
        }
        Ok(())
    }

    async fn standing(&self, role: Role) -> Result<Standing, OpenError> {
        let unreachable = |error: String| OpenError::Unreachable(format!("as {}: {error}", role.name()));
        let mut conn = self.get(role).await.map_err(|error| unreachable(error.to_string()))?;
        sql(include_str!("standing.sql"))
            .bind::<Array<Text>, _>(Role::ALL.map(Role::name).to_vec())
            .get_result(&mut conn)
            .await
            .map_err(|error| unreachable(error.to_string()))
    }

    /// Some installations have no translations, whatever they are set to: what comes back is what counts.
    async fn answers_in_english(&self) -> Result<bool, OpenError> {
        let unreachable = |error: String| OpenError::Unreachable(error);
        let mut conn = self.get(Role::App).await.map_err(|error| unreachable(error.to_string()))?;
        match sql("SELECT 1 / 0").execute(&mut conn).await {
            Err(diesel::result::Error::DatabaseError(_, info)) => Ok(info.message() == "division by zero"),
            Err(error) => Err(unreachable(error.to_string())),
            Ok(_) => Ok(false),
        }
    }
}

fn check(role: Role, standing: &Standing) -> Result<(), OpenError> {
    let refused = |why: String| Err(OpenError::UnsafeRole(why));
    if standing.current != role.name() {
        return refused(format!("connections act as {} instead of {}", standing.current, role.name()));
    }
    if standing.above_policies {
        return refused(format!("the login or {} is a superuser or may bypass row-level security", role.name()));
    }
    if role != Role::Owner && standing.owned > 0 {
        return refused(format!("{} owns tables; only floorline_owner may", role.name()));
    }
    if role != Role::Owner && !standing.inherited.is_empty() {
        return refused(format!("{} can act as {}, too", role.name(), standing.inherited.join(", ")));
    }
    Ok(())
}

/// Of a setting that surely means English; of any other the answers must be read.
fn is_english(lc_messages: &str) -> bool {
    let language = lc_messages.split(['_', '.', '@']).next().unwrap_or_default();
    matches!(language, "C" | "POSIX" | "en" | "English")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(current: &str) -> Standing {
        Standing {
            current: current.into(),
            above_policies: false,
            owned: 0,
            inherited: Vec::new(),
            lc_messages: "C".into(),
        }
    }

    #[test]
    fn a_role_that_sees_more_than_it_should_is_refused() {
        let app = || standing("floorline_app");
        let faults = [
            standing("postgres"),
            Standing { above_policies: true, ..app() },
            Standing { owned: 1, ..app() },
            Standing { inherited: vec!["floorline_owner".into()], ..app() },
        ];
        for fault in faults {
            assert!(matches!(check(Role::App, &fault), Err(OpenError::UnsafeRole(_))));
        }
        assert!(check(Role::App, &app()).is_ok());
        assert!(check(Role::Owner, &Standing { owned: 40, ..standing("floorline_owner") }).is_ok());
    }

    #[test]
    fn english_is_told_by_its_name() {
        for setting in ["C", "POSIX", "C.UTF-8", "en_US.UTF-8", "en_GB", "English_United States.1252"] {
            assert!(is_english(setting), "{setting}");
        }
        for setting in ["", "de_DE.UTF-8", "bn_BD", "Catalan", "es_ES@euro"] {
            assert!(!is_english(setting), "{setting}");
        }
    }
}
