//! Passwords and PINs as Argon2id hashes. Hashing is slow on purpose, so it runs on a blocking thread, a few at a time: each takes 19 MiB.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::pins;
use crate::platform::config;
use crate::platform::http::ApiError;

/// The shortest password taken, in characters.
const SHORTEST: usize = 10;
/// The longest password taken, in bytes; longer ones only cost time.
const LONGEST: usize = 200;

/// Hashes and checks passwords.
#[derive(Clone)]
pub struct Passwords {
    argon2: Arc<Argon2<'static>>,
    /// Checked where there is no user, so that an unknown e-mail takes as long as a wrong password.
    decoy: Arc<str>,
    at_once: Arc<Semaphore>,
}

/// What cannot be used as a cost, or the system has no randomness.
#[derive(Debug, thiserror::Error)]
#[error("passwords cannot be hashed: {0}")]
pub struct PasswordError(String);

impl Passwords {
    /// With the costs that are configured.
    ///
    /// # Errors
    /// [`PasswordError`] for costs Argon2 does not know.
    pub fn new(config: &config::SignIn) -> Result<Self, PasswordError> {
        let params = Params::new(config.password_memory_kib, config.password_passes, 1, None)
            .map_err(|error| PasswordError(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy =
            argon2.hash_password(b"nobody has this password").map_err(|error| PasswordError(error.to_string()))?;
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            argon2: Arc::new(argon2),
            decoy: decoy.to_string().into(),
            at_once: Arc::new(Semaphore::new(at_once)),
        })
    }

    /// The hash to store.
    ///
    /// # Errors
    /// 422 for a password that is too short or too long.
    pub async fn hash(&self, password: &str) -> Result<String, ApiError> {
        check("password", password)?;
        self.hash_text(password).await
    }

    /// The hash of a PIN to store.
    ///
    /// # Errors
    /// 422 for a text that is no PIN, or one that is guessed first.
    pub(super) async fn hash_pin(&self, pin: &str) -> Result<String, ApiError> {
        pins::check("pin", pin)?;
        self.hash_text(pin).await
    }

    async fn hash_text(&self, password: &str) -> Result<String, ApiError> {
        let (argon2, password) = (Arc::clone(&self.argon2), password.to_owned());
        let hash = self.work(move || argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string())).await?;
        hash.map_err(|error| ApiError::internal(anyhow::anyhow!("hashing failed: {error}")))
    }

    /// Whether `password` is the one behind `stored`. Without `stored` the answer is no, after the same work.
    ///
    /// # Errors
    /// 500 when the blocking thread died.
    pub async fn matches(&self, password: &str, stored: Option<&str>) -> Result<bool, ApiError> {
        if password.len() > LONGEST {
            return Ok(false);
        }
        let known = stored.is_some();
        let (argon2, password) = (Arc::clone(&self.argon2), password.to_owned());
        let hash = stored.map_or_else(|| self.decoy.to_string(), ToOwned::to_owned);
        let same = self
            .work(move || {
                PasswordHash::new(&hash).is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(same && known)
    }

    /// Whether a stored hash cost less than one of today would, which makes it easier to guess and quicker to check than the decoy.
    pub fn is_outdated(&self, stored: &str) -> bool {
        let cost = |params: &Params| (params.m_cost(), params.t_cost());
        let params = PasswordHash::new(stored).ok().and_then(|hash| Params::try_from(&hash).ok());
        params.is_none_or(|params| {
            let ((memory, passes), (memory_now, passes_now)) = (cost(&params), cost(self.argon2.params()));
            memory < memory_now || passes < passes_now
        })
    }

    /// The turn belongs to the work and not to whoever waits for it: a caller who goes away frees no thread.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
        let turn = Arc::clone(&self.at_once).acquire_owned().await.map_err(ApiError::internal)?;
        let work = move || {
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(ApiError::internal)
    }
}

/// Whether a password can be taken, before anything is done with it.
///
/// # Errors
/// 422 that names `field`.
pub(super) fn check(field: &str, password: &str) -> Result<(), ApiError> {
    if password.chars().count() >= SHORTEST && password.len() <= LONGEST {
        return Ok(());
    }
    let message = format!("A password has at least {SHORTEST} characters and at most {LONGEST} bytes.");
    Err(ApiError::invalid_field(field, "LENGTH", message))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn cheap() -> Passwords {
        Passwords::new(&config::SignIn { password_memory_kib: 8, password_passes: 1, behind_proxy: false }).unwrap()
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = cheap();
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert!(passwords.matches("correct horse", Some(&hash)).await.unwrap());
        assert!(!passwords.matches("correct hors", Some(&hash)).await.unwrap());
        assert!(!passwords.matches("correct horse", None).await.unwrap());
        assert_ne!(hash, passwords.hash("correct horse").await.unwrap(), "every hash has its own salt");
    }

    #[tokio::test]
    async fn not_even_the_decoy_signs_in() {
        assert!(!cheap().matches("nobody has this password", None).await.unwrap());
    }

    #[tokio::test]
    async fn lengths_have_limits() {
        assert!(cheap().hash("short").await.is_err());
        assert!(cheap().hash(&"x".repeat(LONGEST + 1)).await.is_err());
        assert!(cheap().hash(&"é".repeat(SHORTEST)).await.is_ok());
    }

    #[tokio::test]
    async fn a_turn_lasts_as_long_as_its_work_and_not_as_its_caller() {
        let passwords = cheap();
        let (turns, (begin, begun), (go, goes)) =
            (passwords.at_once.available_permits(), std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
        let work = move || {
            begin.send(()).unwrap();
            goes.recv().unwrap();
        };
        // Asked once, and then dropped.
        assert!(passwords.work(work).now_or_never().is_none());
        begun.recv().unwrap();
        assert_eq!(passwords.at_once.available_permits(), turns - 1);
        go.send(()).unwrap();
        let all = u32::try_from(turns).unwrap();
        assert!(passwords.at_once.acquire_many(all).await.is_ok(), "it comes back when the work is done");
    }

    #[tokio::test]
    async fn a_hash_of_a_lower_cost_is_outdated() {
        let with = |password_memory_kib, password_passes| {
            Passwords::new(&config::SignIn { password_memory_kib, password_passes, behind_proxy: false }).unwrap()
        };
        let stored = with(16, 2).hash("correct horse").await.unwrap();
        for ((memory, passes), outdated) in [((16, 2), false), ((8, 1), false), ((24, 2), true), ((16, 3), true)] {
            assert_eq!(with(memory, passes).is_outdated(&stored), outdated, "{memory} {passes}");
        }
        assert!(cheap().is_outdated("plain"));
    }

    #[tokio::test]
    async fn a_stored_text_that_is_no_hash_matches_nothing() {
        assert!(!cheap().matches("anything at all", Some("plain")).await.unwrap());
    }
}
