//! Caps as an element is told them: fixed, in GStreamer's text form.

/// Reads the fields of fixed caps.
#[derive(Clone, Copy, Debug)]
pub struct Caps<'a>(&'a str);

impl<'a> Caps<'a> {
  /// Caps in text form.
  pub fn new(text: &'a str) -> Caps<'a> {
    Caps(text)
  }

  /// The fields of the first structure: name and value without its type.
  fn fields(self) -> impl Iterator<Item = (&'a str, &'a str)> {
    let mut rest = self.0;
    std::iter::from_fn(move || {
      while !rest.is_empty() {
        let mut quoted = false;
        let mut escaped = false;
        let end = rest.find(|c: char| {
          let ends = !quoted && (c == ',' || c == ';');
          quoted ^= c == '"' && !escaped;
          escaped = c == '\\' && !escaped;
          ends
        });
        let part = &rest[..end.unwrap_or(rest.len())];
        rest = match end {
          Some(at) if rest[at..].starts_with(',') => &rest[at + 1..],
          _ => "",
        };
        if let Some((name, value)) = part.split_once('=') {
          let value = value.trim();
          let value = value.strip_prefix('(').and_then(|v| v.split_once(')')).map_or(value, |(_, v)| v.trim());
          return Some((name.trim(), value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value)));
        }
      }
      None
    })
  }

  /// A field's value as text, without type and quotes.
  pub fn text(self, name: &str) -> Option<&'a str> {
    self.fields().find(|(n, _)| *n == name).map(|(_, value)| value)
  }

  /// A field's value as a whole number that is not negative.
  pub fn number(self, name: &str) -> Option<u32> {
    self.text(name)?.parse().ok()
  }

  /// A field's value as a fraction.
  pub fn fraction(self, name: &str) -> Option<(u32, u32)> {
    let (n, d) = self.text(name)?.split_once('/')?;
    Some((n.parse().ok()?, d.parse().ok().filter(|d| *d > 0)?))
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn fields_are_found_whatever_stands_in_the_others() {
    let caps = Caps::new(
      "video/x-raw(memory:DMABuf), format=(string)I420, note=(string)\"a, b\\\"; width=1\", width=(int)320, \
       framerate=(fraction)30000/1001, interlace-mode=progressive; video/x-raw, height=(int)7",
    );
    assert_eq!(caps.text("format"), Some("I420"));
    assert_eq!(caps.number("width"), Some(320));
    assert_eq!(caps.fraction("framerate"), Some((30000, 1001)));
    assert_eq!(caps.text("interlace-mode"), Some("progressive"));
    assert_eq!(caps.number("height"), None);
    assert_eq!(caps.number("format"), None);
    assert_eq!(Caps::new("").text("x"), None);
    assert_eq!(Caps::new("x/y, f=1/0").fraction("f"), None);
  }
}
