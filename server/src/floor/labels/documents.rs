//! Labels drawn for a request: which address they lead to, in which form, how many at a time.
//!
//! A document is bounded by [`MAX_LABELS`] and drawn off the threads that answer requests, two large ones at a time; what else is asked
//! for waits its turn with nothing but its rows in memory.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use floorline_domain::label::Code;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use utoipa::IntoParams;
use uuid::Uuid;

use super::render::pdf::{self, MAX_LABELS, Template};
use super::render::zpl::{self, Resolution};
use super::render::{Label, LabelRefused, LabelText, base_url, png, svg};
use super::store::{Printable, Span};
use crate::app::App;
use crate::platform::http::{ApiError, Code as Problem};

/// Large documents drawn at one time.
static PRESSES: Semaphore = Semaphore::const_new(2);

/// What a label or a sheet of them comes as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Svg,
    Png,
    Pdf,
    Zpl,
}

impl Form {
    /// The form an address ends in; 404 for any other.
    pub(super) fn of_one(ending: &str) -> Result<Self, ApiError> {
        match ending {
            "svg" => Ok(Self::Svg),
            "png" => Ok(Self::Png),
            "pdf" => Ok(Self::Pdf),
            "zpl" => Ok(Self::Zpl),
            _ => Err(ApiError::not_found("form of label: svg, png, pdf and zpl there are")),
        }
    }

    /// The form of many labels in one document; 404 for any other.
    pub(super) fn of_many(ending: &str) -> Result<Self, ApiError> {
        match Self::of_one(ending) {
            Ok(form @ (Self::Pdf | Self::Zpl)) => Ok(form),
            _ => Err(ApiError::not_found("form of many labels: pdf and zpl there are")),
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
            Self::Zpl => "application/zpl",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Pdf => "pdf",
            Self::Zpl => "zpl",
        }
    }
}

/// How labels are drawn.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Drawing {
    /// PDF: `sheet` (A4, 3 × 8) or `single` (101.6 × 50.8 mm a page).
    pub template: Option<String>,
    /// PNG: pixels to a module, 1–32.
    pub module: Option<u8>,
    /// ZPL: dots to the inch, 203 or 300.
    pub dpi: Option<u32>,
    /// ZPL: copies of each, 1–999.
    pub copies: Option<u32>,
}

impl Drawing {
    fn template(&self, otherwise: Template) -> Result<Template, ApiError> {
        match self.template.as_deref() {
            None => Ok(otherwise),
            Some("sheet") => Ok(Template::Sheet3x8),
            Some(name) => name
                .parse()
                .map_err(|_| ApiError::invalid_field("template", "unknown", "Templates are sheet and single.")),
        }
    }

    fn resolution(&self) -> Result<Resolution, ApiError> {
        self.dpi.map_or(Ok(Resolution::default()), |dpi| {
            Resolution::from_dpi(dpi)
                .ok_or_else(|| ApiError::invalid_field("dpi", "unknown", "Printers have 203 or 300 dots to the inch."))
        })
    }
}

/// Which of many labels are drawn.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Choice {
    /// At most so many, 1–10000. Without it all, and 422 when they are more than that.
    #[param(minimum = 1, maximum = 10000)]
    pub limit: Option<usize>,
    /// Go on after the document that named this in its `Link`.
    pub after: Option<Uuid>,
    /// Only labels never printed.
    #[serde(default)]
    pub unprinted: bool,
}

impl Choice {
    /// What is loaded for it: one more than fits, to know whether there are more.
    pub(super) fn span(&self) -> Result<Span, ApiError> {
        let limit = self.limit.unwrap_or(MAX_LABELS);
        if !(1..=MAX_LABELS).contains(&limit) {
            let message = format!("limit is a number from 1 to {MAX_LABELS}.");
            return Err(ApiError::invalid_field("limit", "out_of_range", message));
        }
        let limit = i64::try_from(limit).map_err(ApiError::internal)? + 1;
        Ok(Span { unprinted: self.unprinted, after: self.after.unwrap_or(Uuid::nil()), limit })
    }

    /// Cuts the rows to what fits; gives the key to go on after when there are more.
    pub(super) fn cut(&self, rows: &mut Vec<Printable>) -> Result<Option<Uuid>, ApiError> {
        let limit = self.limit.unwrap_or(MAX_LABELS);
        if rows.len() <= limit {
            return Ok(None);
        }
        if self.limit.is_none() {
            return Err(refused(LabelRefused::TooManyLabels));
        }
        rows.truncate(limit);
        Ok(rows.last().map(|row| row.key))
    }
}

/// The address the labels of a request lead to.
pub(super) fn address(app: &App, request: &HttpRequest) -> Result<String, ApiError> {
    let door = request.app_config();
    base_url(app.public_url.as_deref(), door.local_addr(), door.secure()).map_err(refused)
}

/// One label in the form asked for.
pub(super) async fn one(base: String, row: Printable, form: Form, drawing: &Drawing) -> Result<HttpResponse, ApiError> {
    let (template, dots, copies) =
        (drawing.template(Template::Single)?, drawing.resolution()?, drawing.copies.unwrap_or(1));
    let module = drawing.module.unwrap_or(png::DEFAULT_MODULE);
    let name = row.code.clone();
    let drawn = web::block(move || {
        let label = label(&base, row)?;
        match form {
            Form::Svg => Ok(svg::render(&label).into_bytes()),
            Form::Png => png::render(&label, module),
            Form::Pdf => pdf::render(template, [label]),
            Form::Zpl => zpl::render([&label], dots, copies).map(String::into_bytes),
        }
    });
    let bytes = drawn.await.map_err(ApiError::internal)?.map_err(refused)?;
    Ok(answer(form, &name, bytes))
}

/// Many labels in one document.
pub(super) async fn many(
    base: String,
    rows: Vec<Printable>,
    form: Form,
    drawing: &Drawing,
) -> Result<HttpResponse, ApiError> {
    let (template, dots, copies) =
        (drawing.template(Template::Sheet3x8)?, drawing.resolution()?, drawing.copies.unwrap_or(1));
    let _turn = PRESSES.acquire().await.map_err(ApiError::internal)?;
    let drawn = web::block(move || match form {
        Form::Zpl => program(&base, rows, dots, copies),
        _ => sheet(&base, rows, template),
    });
    let bytes = drawn.await.map_err(ApiError::internal)?.map_err(refused)?;
    Ok(answer(form, "labels", bytes))
}

/// One label after the other, so that only their rows and the document are ever in memory together.
fn sheet(base: &str, rows: Vec<Printable>, template: Template) -> Result<Vec<u8>, LabelRefused> {
    let mut failed = None;
    let labels = rows.into_iter().map_while(|row| match label(base, row) {
        Ok(label) => Some(label),
        Err(error) => {
            failed = Some(error);
            None
        }
    });
    let drawn = pdf::render(template, labels);
    failed.map_or(drawn, Err)
}

fn program(base: &str, rows: Vec<Printable>, dots: Resolution, copies: u32) -> Result<Vec<u8>, LabelRefused> {
    if rows.is_empty() {
        return Err(LabelRefused::NoLabels);
    }
    let mut program = String::new();
    for row in rows {
        program.push_str(&zpl::render([&label(base, row)?], dots, copies)?);
    }
    Ok(program.into_bytes())
}

/// What stands on a label for people.
fn label(base: &str, row: Printable) -> Result<Label, LabelRefused> {
    let code = Code::parse(&row.code).map_err(|error| LabelRefused::Failed(error.to_string()))?;
    let particulars = row.attributes.as_ref().map(particulars).filter(|text| !text.is_empty());
    let text = LabelText {
        code,
        title: row.title.unwrap_or_default(),
        subtitle: row.subtitle.unwrap_or_default(),
        lines: [row.within, row.po_number, particulars].into_iter().flatten().collect(),
    };
    Label::new(base, text)
}

/// A line's attributes in one line: `navy · M`.
fn particulars(attributes: &Value) -> String {
    let values = attributes.as_object().into_iter().flat_map(|members| members.values());
    let words = values.filter_map(|value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    words.collect::<Vec<_>>().join(" · ")
}

fn answer(form: Form, name: &str, bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(form.media_type())
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}.{}\"", form.ending())))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(bytes)
}

/// A refusal to draw, as HTTP says it.
pub(super) fn refused(refused: LabelRefused) -> ApiError {
    let words = refused.to_string();
    match refused {
        LabelRefused::NoPublicUrl => ApiError::new(Problem::PublicUrlUnset, words),
        LabelRefused::NotAlphanumeric { url, .. } | LabelRefused::TooLong { url, .. } => {
            ApiError::new(Problem::Invalid, words).with(json!({ "public_url": url }))
        }
        LabelRefused::NoLabels => ApiError::not_found("label to print"),
        LabelRefused::TooManyLabels => {
            ApiError::invalid_field("limit", "required", format!("There are more: {words}."))
        }
        LabelRefused::Copies { .. } => ApiError::invalid_field("copies", "out_of_range", words),
        LabelRefused::Failed(cause) => ApiError::internal(anyhow::anyhow!(cause)),
    }
}
