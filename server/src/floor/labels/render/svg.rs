//! A label as SVG: the code as one path, its letters beneath. One unit is one module.

use std::fmt::Write as _;

use super::{Label, QUIET_ZONE};

/// Units under the quiet zone for the letters.
const CAPTION: u8 = 4;

/// The label as an SVG document. It has no scripts, no styles and refers to nothing, so it can be shown under a strict content
/// security policy.
pub fn render(label: &Label) -> String {
    let side = label.symbol.side_with_quiet_zone();
    let height = side + CAPTION;
    let middle = f32::from(side) / 2.0;
    let mut path = String::new();
    for run in label.symbol.runs() {
        let (x, y, width) = (run.x + QUIET_ZONE, run.y + QUIET_ZONE, run.width);
        // Writing to a String cannot fail.
        let _ = write!(path, "M{x} {y}h{width}v1h-{width}z");
    }
    let code = &label.text.code;
    let title = escaped(&label.text.title);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {height}" role="img" aria-label="{title} {code}">
<title>{title}</title>
<rect width="{side}" height="{height}" fill="#fff"/>
<path d="{path}" fill="#000" shape-rendering="crispEdges"/>
<text x="{middle}" y="{side}" font-family="monospace" font-size="3" text-anchor="middle" fill="#000">{code}</text>
</svg>
"##
    )
}

/// The text without what means something in XML, and without the characters XML does not have.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{FFFE}' | '\u{FFFF}' => {}
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Canvas, label, read};
    use super::*;

    /// The drawing's path, painted with `scale` pixels to a module.
    fn painted(svg: &str, scale: f64) -> Canvas {
        let mut canvas = Canvas::new(37 * 6, 41 * 6);
        let path = svg.split("<path d=\"").nth(1).unwrap().split('"').next().unwrap();
        for square in path.split('M').skip(1) {
            let numbers: Vec<f64> =
                square.split([' ', 'h', 'v']).take(4).map(|number| number.parse().unwrap()).collect();
            canvas.fill(numbers[0] * scale, numbers[1] * scale, numbers[2] * scale, numbers[3] * scale);
        }
        canvas
    }

    #[test]
    fn decodes_to_its_payload() {
        for n in 0..3 {
            let label = label(n);
            let picture = painted(&render(&label), 6.0).into_picture();
            assert_eq!(read(&picture).as_deref(), Some(label.payload.as_str()));
        }
    }

    #[test]
    fn shows_the_code_in_letters() {
        let label = label(7);
        let svg = render(&label);
        assert!(svg.contains(&format!(">{}</text>", label.text.code)));
        assert!(svg.contains("<title>JKT-AURORA-M-0007</title>"));
    }

    #[test]
    fn texts_cannot_break_out() {
        let mut label = label(1);
        label.text.title = "\"><script>alert('x')</script>&\u{0}\u{FFFF}".to_owned();
        let svg = render(&label);
        assert!(!svg.contains("<script>") && !svg.contains('\0') && !svg.contains('\u{FFFF}'));
        assert!(svg.contains("&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp; "));
    }
}
