//! What C asks of texts.

use core::ffi::c_char;

use g2g_elements::caps::Caps;

use crate::types::{Text, string};

/// Whether a text is the same as a string.
///
/// # Safety
/// The text is the library's; the string ends with a 0.
#[unsafe(no_mangle)]
unsafe extern "C" fn g2g_is(text: Text, other: *const c_char) -> bool {
  unsafe { text.get() == string(other) }
}

/// The media type of caps.
///
/// # Safety
/// The text is the library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn g2g_media(caps: Text) -> Text {
  Caps::read(unsafe { caps.get() }).map_or(Text::NONE, |c| Text::new(c.media()))
}

/// The value of a field as text.
///
/// # Safety
/// As for [`g2g_is`].
#[unsafe(no_mangle)]
unsafe extern "C" fn g2g_field(caps: Text, name: *const c_char) -> Text {
  let (caps, name) = unsafe { (caps.get(), string(name)) };
  Caps::read(caps).ok().and_then(|c| c.field(name)).map_or(Text::NONE, Text::new)
}

/// The value of a field as a whole number.
///
/// # Safety
/// As for [`g2g_is`].
#[unsafe(no_mangle)]
unsafe extern "C" fn g2g_field_int(caps: Text, name: *const c_char, otherwise: i32) -> i32 {
  let (caps, name) = unsafe { (caps.get(), string(name)) };
  Caps::read(caps).ok().and_then(|c| c.int(name)).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn fields_are_found_by_name() {
    let caps = Text::new("audio/x-raw, format=(string)S16LE, rate=(int)8000, channels=(int)1");
    unsafe {
      assert_eq!(g2g_media(caps).get(), "audio/x-raw");
      assert!(g2g_is(g2g_field(caps, c"format".as_ptr()), c"S16LE".as_ptr()));
      assert_eq!(g2g_field_int(caps, c"rate".as_ptr(), -1), 8000);
      assert_eq!(g2g_field_int(caps, c"width".as_ptr(), -1), -1);
      assert!(g2g_field(caps, c"width".as_ptr()).bytes.is_null());
      assert!(!g2g_is(caps, core::ptr::null()));
    }
  }
}
