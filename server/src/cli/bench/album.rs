//! The frames of `scan` as files, for decoders that run elsewhere: `./dev bench web` shows them to those of a browser.

use std::fs::{self, File};
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use super::frames::frame;
use super::{progress, scan};

/// A picture, and what a decoder should make of it.
#[derive(Serialize)]
struct Page {
    file: String,
    spoilt: &'static str,
    degree: u32,
    text: String,
}

/// Writes every frame as a grey PNG, and `frames.json`, which says of each how it is spoilt and its text.
pub(super) fn write(folder: &Path, quick: bool) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let wanted = scan::wanted(quick);
    let progress = progress::bar(wanted.len(), "frames written");
    let mut pages = Vec::new();
    for (spoilt, degree, label) in wanted {
        let frame = frame(spoilt, degree, label)?;
        let file = format!("{}-{degree}-{label}.png", spoilt.as_str());
        let path = folder.join(&file);
        frame.luma.save(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        pages.push(Page { file, spoilt: spoilt.as_str(), degree, text: frame.text });
        progress.inc(1);
    }
    progress.finish_and_clear();
    let path = folder.join("frames.json");
    let list = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    serde_json::to_writer(list, &pages)?;
    Ok(())
}
