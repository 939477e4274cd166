//! Builds the server again when the browser app that it carries is another one: `./dev` names its version in `FLOORLINE_APP`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=FLOORLINE_APP");
}
