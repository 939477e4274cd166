//! A card as a page: one file, no script, readable on any phone and by any screen reader.

use std::fmt::Write as _;

use super::card::{Card, words};

/// Nothing is loaded, run or framed.
pub(super) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "body{font:18px/1.5 system-ui,sans-serif;margin:0;background:#f4f4f2;color:#1b1b1b}\
main{max-width:34rem;margin:0 auto;padding:1.25rem}h1{font-size:1.6rem;line-height:1.2;overflow-wrap:anywhere}h2{font-size:1.1rem}\
.notice{border-left:.4rem solid #9a5b00;background:#fff4dd;padding:.6rem .8rem}dt{color:#555}dd{margin:0 0 .5rem;font-weight:600;overflow-wrap:anywhere}\
ol{padding-left:1.4rem}footer{color:#555;font-size:.9rem;margin-top:2rem}\
@media(prefers-color-scheme:dark){body{background:#161616;color:#f2f2f2}dt,footer{color:#b5b5b5}.notice{background:#3a2a0a}}";

/// The page.
pub(super) fn render(card: &Card) -> String {
    let title = escaped(&card.title);
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>"
    );
    // Writing to a String cannot fail.
    if let Some(notice) = &card.notice {
        let _ = write!(page, "<p class=\"notice\" role=\"note\">{}</p>", escaped(notice));
    }
    if let Some(text) = &card.text {
        let _ = write!(page, "<p>{}</p>", escaped(text));
    }
    if !card.next.is_empty() {
        page.push_str("<section aria-labelledby=\"next\"><h2 id=\"next\">Next</h2><ol>");
        for step in &card.next {
            let _ = write!(page, "<li>{}</li>", escaped(step));
        }
        page.push_str("</ol></section>");
    }
    if !card.facts.is_empty() {
        page.push_str("<dl>");
        for fact in &card.facts {
            let _ = write!(page, "<dt>{}</dt><dd>{}</dd>", escaped(&fact.name), escaped(&fact.value));
        }
        page.push_str("</dl>");
    }
    if !card.history.is_empty() {
        page.push_str("<section aria-labelledby=\"history\"><h2 id=\"history\">History</h2><ul>");
        for event in &card.history {
            let (at, what) = (event.at.format("%Y-%m-%d %H:%M UTC"), words(&event.kind.replace('.', " ")));
            let by = event.by.as_deref().map(|by| format!(", {by}")).unwrap_or_default();
            let _ = write!(
                page,
                "<li><time datetime=\"{}\">{at}</time>: {}</li>",
                event.at.to_rfc3339(),
                escaped(&format!("{what}{by}"))
            );
        }
        page.push_str("</ul></section>");
    }
    let _ = write!(page, "<footer>Label <code>{}</code></footer></main></body></html>", escaped(&card.code));
    page
}

/// The text without what means something in HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::card::Kind;
    use super::*;

    #[test]
    fn nothing_said_can_become_markup() {
        let nasty = "<script>alert('x')</script>\u{0}\"&";
        let mut card = Card::new(Kind::Work, nasty, nasty).text(nasty).fact(nasty, Some(nasty));
        card.notice = Some(nasty.to_owned());
        card.next = vec![nasty.to_owned()];
        let page = render(&card);
        assert!(!page.contains("<script") && !page.contains('\u{0}') && !page.contains("alert('"));
        assert_eq!(page.matches("&lt;script&gt;").count(), 8);
    }
}
