//! Made from the tables of the project by scripts/generate.mjs.

pub mod abi;
pub mod errors;
