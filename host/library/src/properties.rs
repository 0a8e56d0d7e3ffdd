//! The properties of an element in a pipeline.

use g2g_interface::abi::{Query, Send};
use g2g_interface::records::RecordWriter;

use crate::errors::{Error, code, host_error_text};
use crate::messages::Value;
use crate::pipeline::Pipeline;

/// An element of a pipeline.
pub struct ElementHandle {
  pipeline: Pipeline,
  /// Its name.
  pub name: String,
  /// The kind of element.
  pub factory: String,
}

impl ElementHandle {
  pub(crate) fn new(pipeline: Pipeline, name: &str, factory: String) -> Self {
    ElementHandle { pipeline, name: name.into(), factory }
  }

  /// Sets a property; the text is read as in a launch line.
  /// @throws when there is none of this name, it cannot be set (now), or the value is none of its values
  pub fn set(&self, property: &str, value: &str) -> Result<(), Error> {
    let args = records(&[&self.name, property, value])?;
    let (name, factory) = (&self.name, &self.factory);
    let why = match self.pipeline.event(Send::Property, &args)? {
      0 => return Ok(()),
      code::NO_SUCH_NAME => format!("no element is named \"{name}\""),
      code::NO_PROPERTY => format!("{factory} has no property \"{property}\""),
      code::READ_ONLY => format!("the property {property} of {name} can only be read"),
      code::NOT_NOW => format!("the property {property} of {name} can only be set before the pipeline starts"),
      code::BAD_VALUE => format!("the property {property} of {name} cannot be \"{value}\""),
      other => format!("the property {property} of {name} cannot be set: {}", host_error_text(other)),
    };
    Err(Error::Fault(why))
  }

  /// The value of a property; booleans are 0 and 1.
  /// @throws when there is none of this name
  pub fn get(&self, property: &str) -> Result<Value, Error> {
    let args = records(&[&self.name, property])?;
    let value = self
      .pipeline
      .with_core(|core| Ok(core.query(Query::Property, &args)?.ok().and_then(|mut r| r.next().map(Value::from))))?;
    value.ok_or_else(|| Error::Fault(format!("{} has no property \"{property}\"", self.factory)))
  }
}

/// Records of texts.
fn records(texts: &[&str]) -> Result<Vec<u8>, Error> {
  let mut buffer = vec![0; texts.iter().map(|t| t.len() + 5).sum()];
  let mut writer = RecordWriter::new(&mut buffer);
  texts.iter().for_each(|t| writer.text(t));
  let written = writer.finish().map(<[u8]>::len).ok_or_else(|| Error::Fault("the text is too long".into()))?;
  buffer.truncate(written);
  Ok(buffer)
}
