//! The made-up world of `fixtures/`, read from inside the program: factories, brands, workflows, orders, pictures.
//!
//! Files name each other by key, since nothing has an id before it is in a database. Whoever loads them keeps the ids that the
//! server gave and asks here for documents with the keys replaced.

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// Why the fixtures cannot be used: a fault in the files, found by this module's tests.
#[derive(Debug, Error)]
pub enum FixtureError {
    /// A file is not what its folder holds.
    #[error("fixtures/{file}: {error}")]
    Unreadable {
        /// The file.
        file: &'static str,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// A file names something by a key that nothing has.
    #[error("there is no {noun} {key:?}")]
    UnknownKey {
        /// What was looked for.
        noun: &'static str,
        /// Its key.
        key: String,
    },
}

/// Everything in `fixtures/` but the pictures.
#[derive(Debug, Clone)]
pub struct Fixtures {
    /// In the order of their files' names, as all lists here.
    pub factories: Vec<Factory>,
    /// The brands that order from them.
    pub brands: Vec<Brand>,
    /// The workflows the factories run; one that is a part's comes before the one that needs the part.
    pub workflows: Vec<WorkflowFixture>,
    /// What is ordered.
    pub orders: Vec<OrderFixture>,
}

/// An organisation that makes things.
#[derive(Debug, Clone, Deserialize)]
pub struct Factory {
    /// The file's name without its ending.
    #[serde(skip)]
    pub key: &'static str,
    /// Its name.
    pub name: String,
    /// Its places, as trees whose roots are sites.
    pub locations: Vec<Place>,
    /// Who works there.
    pub people: Vec<Person>,
    /// Keys of the workflows it runs, parts first.
    pub workflows: Vec<String>,
}

/// An organisation that orders things.
#[derive(Debug, Clone, Deserialize)]
pub struct Brand {
    /// The file's name without its ending.
    #[serde(skip)]
    pub key: &'static str,
    /// Its name.
    pub name: String,
    /// Keys of the factories it may order from.
    pub partners: Vec<String>,
    /// Its people.
    pub people: Vec<Person>,
}

/// Someone who signs in.
#[derive(Debug, Clone, Deserialize)]
pub struct Person {
    /// The name shown.
    pub name: String,
    /// The e-mail signed in with.
    pub email: String,
    /// A password for the demo alone.
    pub password: String,
    /// Names of roles that every organisation of the kind starts with.
    pub roles: Vec<String>,
    /// Key of the place where this person usually works.
    #[serde(default)]
    pub station: Option<String>,
}

impl Person {
    /// Whether the person holds this role.
    pub fn is(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }
}

/// A place and the places in it.
#[derive(Debug, Clone, Deserialize)]
pub struct Place {
    /// What workflows and people call it.
    pub key: String,
    /// `site`, `area`, `station` …
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What is in it.
    #[serde(default)]
    pub children: Vec<Place>,
}

impl Place {
    /// This place and all in it, each after the one it is in, with that one's key.
    pub fn with_parents(&self) -> Vec<(&Place, Option<&str>)> {
        let mut found = vec![(self, None)];
        let mut next = 0;
        while let Some(&(place, _)) = found.get(next) {
            found.extend(place.children.iter().map(|child| (child, Some(place.key.as_str()))));
            next += 1;
        }
        found
    }
}

/// A workflow whose places are keys.
#[derive(Debug, Clone)]
pub struct WorkflowFixture {
    /// The file's name without its ending.
    pub key: &'static str,
    document: Value,
}

impl WorkflowFixture {
    /// Its name.
    pub fn name(&self) -> &str {
        self.document.get("name").and_then(Value::as_str).unwrap_or(self.key)
    }

    /// The document to send, each key of a place replaced by what `locate` knows it as.
    ///
    /// # Errors
    /// [`FixtureError::UnknownKey`] for the first place that `locate` does not know.
    pub fn document(&self, locate: impl Fn(&str) -> Option<String>) -> Result<Value, FixtureError> {
        let mut document = self.document.clone();
        let stages = document.get_mut("stages").and_then(Value::as_array_mut);
        let places = stages.into_iter().flatten().filter_map(|stage| stage.get_mut("location_ids")?.as_array_mut());
        for place in places.flatten() {
            replace(place, "place", &locate)?;
        }
        Ok(document)
    }
}

/// An order whose factory, brand, site and workflows are keys.
#[derive(Debug, Clone, Deserialize)]
pub struct OrderFixture {
    /// The file's name without its ending.
    #[serde(skip)]
    pub key: &'static str,
    /// Key of the factory it goes to.
    pub factory: String,
    /// Key of the brand it comes from.
    pub brand: String,
    /// Key of the workflow its items run through.
    pub workflow: String,
    /// Key of the site that makes it.
    pub site: String,
    order: Value,
}

impl OrderFixture {
    /// Its number at the brand.
    pub fn po_number(&self) -> &str {
        self.order.get("po_number").and_then(Value::as_str).unwrap_or(self.key)
    }

    /// The body to send: `factory_id` and `workflow_id` filled in, and each component's `workflow` made its `workflow_id`.
    ///
    /// # Errors
    /// [`FixtureError::UnknownKey`] for the first workflow that `workflow_id` does not know.
    pub fn body(&self, factory_id: &str, workflow_id: impl Fn(&str) -> Option<String>) -> Result<Value, FixtureError> {
        let mut body = self.order.clone();
        let components = body.get_mut("lines").and_then(Value::as_array_mut).into_iter().flatten();
        let components = components.filter_map(|line| line.get_mut("components")?.as_array_mut());
        for component in components.flatten().filter_map(Value::as_object_mut) {
            if let Some(mut workflow) = component.remove("workflow") {
                replace(&mut workflow, "workflow", &workflow_id)?;
                component.insert("workflow_id".to_owned(), workflow);
            }
        }
        let mut workflow = Value::from(self.workflow.as_str());
        replace(&mut workflow, "workflow", &workflow_id)?;
        if let Some(body) = body.as_object_mut() {
            body.insert("factory_id".to_owned(), factory_id.into());
            body.insert("workflow_id".to_owned(), workflow);
        }
        Ok(body)
    }
}

/// Puts what `find` knows a key as in the key's place.
fn replace(key: &mut Value, noun: &'static str, find: &impl Fn(&str) -> Option<String>) -> Result<(), FixtureError> {
    let text = key.as_str().unwrap_or_default();
    let found = find(text).ok_or_else(|| FixtureError::UnknownKey { noun, key: text.to_owned() })?;
    *key = found.into();
    Ok(())
}

/// A picture that a worker could take.
#[derive(Debug, Clone, Copy)]
pub struct Photo {
    /// The file's name without its ending: what it shows, and after the last `_` from where.
    pub name: &'static str,
    bytes: &'static [u8],
}

impl Photo {
    /// The bytes of one more shot of the same thing. `shot` goes into the file's comment: no two photographs are the same bytes,
    /// and a store that keeps each content once must not take them for one.
    pub fn taken(&self, shot: &str) -> Vec<u8> {
        let mut comment = shot.as_bytes().to_vec();
        comment.truncate(200);
        let Some((start, rest)) = self.bytes.split_at_checked(2).filter(|(start, _)| *start == [0xFF, 0xD8]) else {
            return self.bytes.to_vec();
        };
        // A comment segment (FFFE) counts the two bytes of its own length.
        let length = u16::try_from(comment.len() + 2).unwrap_or(2).to_be_bytes();
        [start, &[0xFF, 0xFE], &length, &comment, rest].concat()
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &'static [u8] {
        self.bytes
    }
}

/// A camera's frame with a label in it.
#[derive(Debug, Clone, Copy)]
pub struct LabelFrame {
    /// The file's name.
    pub file: &'static str,
    /// A JPEG.
    pub bytes: &'static [u8],
}

/// A file built into the program, by its path below `fixtures/`.
macro_rules! fixture {
    ($bytes:ident: $($path:literal)+) => {
        $bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/" $(, $path)+))
    };
}

/// Files of one folder: each one's key, its path and its text.
macro_rules! documents {
    ($folder:literal: $($key:literal)*) => {
        [$(($key, concat!($folder, "/", $key, ".json"), fixture!(include_str: $folder "/" $key ".json"))),*]
    };
}

macro_rules! photos {
    ($($name:literal)*) => {
        [$(Photo { name: $name, bytes: fixture!(include_bytes: "photos/" $name ".jpg") }),*]
    };
}

macro_rules! frames {
    ($($name:literal)*) => {
        [$(LabelFrame { file: concat!($name, ".jpg"), bytes: fixture!(include_bytes: "qr/" $name ".jpg") }),*]
    };
}

/// What workers photograph.
pub static PHOTOS: [Photo; 7] =
    photos!["jacket_front" "jacket_back" "parcel" "frame_front" "frame_left" "frame_case" "backpack_load"];

/// A signature, as a PNG.
pub static SIGNATURE: &[u8] = fixture!(include_bytes: "photos/signature.png");

/// Labels as cameras see them, one kind of damage each.
pub static LABEL_FRAMES: [LabelFrame; 7] =
    frames!["clean" "tilted" "blurred" "low_light" "engraved" "far_away" "grainy"];

type Document = (&'static str, &'static str, &'static str);

static FACTORIES: [Document; 2] = documents!["factories": "padma_eyewear" "saigon_stitch"];
static BRANDS: [Document; 2] = documents!["brands": "kestrel" "nordlicht"];
static WORKFLOWS: [Document; 5] =
    documents!["workflows": "backpack_body" "backpack_strap" "backpack" "eyewear" "garment"];
static ORDERS: [Document; 4] = documents!["orders": "backpacks" "frames" "jackets" "shirts"];

/// Reads the fixtures.
///
/// # Errors
/// [`FixtureError::Unreadable`] when a file is broken.
pub fn load() -> Result<Fixtures, FixtureError> {
    Ok(Fixtures {
        factories: read(&FACTORIES, |key, factory: Factory| Factory { key, ..factory })?,
        brands: read(&BRANDS, |key, brand: Brand| Brand { key, ..brand })?,
        workflows: read(&WORKFLOWS, |key, document| WorkflowFixture { key, document })?,
        orders: read(&ORDERS, |key, order: OrderFixture| OrderFixture { key, ..order })?,
    })
}

fn read<F, T>(files: &[Document], keyed: impl Fn(&'static str, F) -> T) -> Result<Vec<T>, FixtureError>
where
    F: serde::de::DeserializeOwned,
{
    let parse = |&(key, file, text): &Document| {
        let parsed = serde_json::from_str(text).map_err(|error| FixtureError::Unreadable { file, error })?;
        Ok(keyed(key, parsed))
    };
    files.iter().map(parse).collect()
}

impl Fixtures {
    /// The workflow with this key.
    ///
    /// # Errors
    /// [`FixtureError::UnknownKey`] when there is none.
    pub fn workflow(&self, key: &str) -> Result<&WorkflowFixture, FixtureError> {
        let unknown = || FixtureError::UnknownKey { noun: "workflow", key: key.to_owned() };
        self.workflows.iter().find(|workflow| workflow.key == key).ok_or_else(unknown)
    }
}

impl Factory {
    /// Every place, each after the one it is in, with that one's key.
    pub fn places(&self) -> Vec<(&Place, Option<&str>)> {
        self.locations.iter().flat_map(Place::with_parents).collect()
    }
}

/// The picture with this name, for an action that asks for an angle: `photo_of("jacket", "front")`.
pub fn photo_of(thing: &str, angle: &str) -> Option<&'static Photo> {
    let name = format!("{thing}_{angle}");
    PHOTOS.iter().find(|photo| photo.name == name || photo.name == thing)
}

#[cfg(test)]
mod tests;
