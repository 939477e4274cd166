//! Versions of the app, as far as they are compared: the numbers between the dots.

/// Whether an app of this version is older than another. What is no version is neither.
pub(crate) fn is_older(version: &str, than: &str) -> bool {
    let (Some(mut one), Some(mut other)) = (numbers(version), numbers(than)) else { return false };
    let places = one.len().max(other.len());
    one.resize(places, 0);
    other.resize(places, 0);
    one < other
}

/// The numbers of `1.4.2-beta+7`, which are those of `1.4.2`.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let released = version.trim().split(['-', '+']).next()?;
    released.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_place_by_place() {
        let older = [("1.2.9", "1.3.0"), ("1.9", "1.10"), ("1", "1.0.1"), ("0.9.9", "1"), ("1.2.9-beta.7", "1.3.0+5")];
        for (version, than) in older {
            assert!(is_older(version, than), "{version} is older than {than}");
            assert!(!is_older(than, version), "{than} is not older than {version}");
        }
        let as_old = [("1.3.0", "1.3"), ("1.3.0-rc.1", "1.3.0"), ("2", "2.0.0"), (" 1.0", "1.0")];
        for (version, than) in as_old {
            assert!(!is_older(version, than) && !is_older(than, version), "{version} is as old as {than}");
        }
    }

    #[test]
    fn what_is_no_version_is_never_older() {
        for none in ["", "dev", "1.x", "1..2", "-1", "99999999999999999999"] {
            assert!(!is_older(none, "1.0") && !is_older("1.0", none), "{none}");
        }
    }
}
