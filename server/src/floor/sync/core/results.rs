//! Stored verdicts, page by page.

use floorline_domain::json;
use floorline_mobile_sync::limits::RESULTS_PAGE_BYTES;
use floorline_mobile_sync::wire::Raw;

/// A page of stored verdicts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResultsPage {
    /// The last one here.
    pub upto_seq: i64,
    /// The verdicts, the stored bytes.
    pub results: Vec<Raw>,
    /// More follow.
    pub more: bool,
}

/// Cuts a page of at most 32 KiB from the stored verdicts after `after`. What is no longer kept is `pruned`: a number without a receipt lies before all receipts.
///
/// # Errors
/// A stored verdict is not JSON.
pub fn page(
    after: i64,
    last_seq: i64,
    rows: impl Iterator<Item = (i64, Option<String>)>,
) -> Result<ResultsPage, json::Error> {
    let mut page = ResultsPage { upto_seq: after, results: Vec::new(), more: false };
    let mut bytes = 0;
    let mut rows = rows.peekable();
    while page.upto_seq < last_seq {
        let seq = page.upto_seq + 1;
        let stored = rows.next_if(|(at, _)| *at == seq).and_then(|(_, verdict)| verdict);
        if stored.is_none() && rows.peek().is_none() && !page.results.is_empty() {
            // The rows read so far are used up; the next page reads on.
            break;
        }
        let text = stored.unwrap_or_else(|| format!("{{\"seq\":{seq},\"outcome\":\"pruned\"}}"));
        bytes += text.len() + 1;
        if bytes > RESULTS_PAGE_BYTES && !page.results.is_empty() {
            break;
        }
        page.results.push(Raw::new(text)?);
        page.upto_seq = seq;
    }
    page.more = page.upto_seq < last_seq;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(seq: i64, size: usize) -> (i64, Option<String>) {
        (seq, Some(format!("{{\"seq\":{seq},\"x\":\"{}\"}}", "x".repeat(size))))
    }

    #[test]
    fn a_page_holds_at_most_32_kib_and_at_least_one_verdict() {
        let rows = (1..=10).map(|seq| verdict(seq, 10_000));
        let first = page(0, 10, rows).unwrap();
        assert_eq!((first.results.len(), first.upto_seq, first.more), (3, 3, true));
        let large = page(3, 10, std::iter::once(verdict(4, 40_000))).unwrap();
        assert_eq!((large.results.len(), large.upto_seq, large.more), (1, 4, true));
        let last = page(9, 10, std::iter::once(verdict(10, 1))).unwrap();
        assert_eq!((last.results.len(), last.upto_seq, last.more), (1, 10, false));
    }

    #[test]
    fn what_is_no_longer_kept_is_pruned() {
        let rows = [(3, None), verdict(4, 1)].into_iter();
        let page = page(1, 4, rows).unwrap();
        let texts: Vec<&str> = page.results.iter().map(|raw| raw.text()).collect();
        assert_eq!(
            texts,
            [r#"{"seq":2,"outcome":"pruned"}"#, r#"{"seq":3,"outcome":"pruned"}"#, r#"{"seq":4,"x":"x"}"#,]
        );
        assert!(!page.more);
    }

    #[test]
    fn rows_that_were_not_read_are_not_taken_for_pruned() {
        let page = page(0, 600, (1..=5).map(|seq| verdict(seq, 1))).unwrap();
        assert_eq!((page.upto_seq, page.more), (5, true));
    }
}
