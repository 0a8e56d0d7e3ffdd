//! The structures of include/g2g.h; tests hold the two against each other by way of [`crate::layout`].

use core::ffi::{CStr, c_char, c_void};

use g2g_interface::Value;

/// Text with its length.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
  pub bytes: *const u8,
  pub length: u32,
}

impl Text {
  pub const NONE: Text = Text { bytes: core::ptr::null(), length: 0 };

  pub const fn new(text: &str) -> Text {
    Text { bytes: text.as_ptr(), length: text.len() as u32 }
  }

  /// The text; empty when it is none.
  ///
  /// # Safety
  /// It was made by [`Text::new`] of a text that still lives.
  pub unsafe fn get<'a>(self) -> &'a str {
    if self.bytes.is_null() {
      return "";
    }
    let bytes = unsafe { core::slice::from_raw_parts(self.bytes, self.length as usize) };
    core::str::from_utf8(bytes).unwrap_or("")
  }
}

/// A string of C's; empty when it is none.
///
/// # Safety
/// It ends with a 0, or is NULL, and lives as long as what is returned.
pub unsafe fn string<'a>(text: *const c_char) -> &'a str {
  if text.is_null() {
    return "";
  }
  unsafe { CStr::from_ptr(text) }.to_str().unwrap_or("")
}

#[repr(C)]
pub union Content {
  pub number: i64,
  pub real: f64,
  pub text: Text,
}

/// A property's value.
#[repr(C)]
pub struct CValue {
  pub kind: i32,
  pub content: Content,
}

pub const VALUE_INT: i32 = 1;
pub const VALUE_TEXT: i32 = 2;
pub const VALUE_DOUBLE: i32 = 3;
pub const VALUE_BYTES: i32 = 4;

impl CValue {
  pub fn new(value: Value<'_>) -> CValue {
    match value {
      Value::Int(number) => CValue { kind: VALUE_INT, content: Content { number } },
      Value::Double(real) => CValue { kind: VALUE_DOUBLE, content: Content { real } },
      Value::Text(text) => CValue { kind: VALUE_TEXT, content: Content { text: Text::new(text) } },
      Value::Bytes(b) => {
        let text = Text { bytes: b.as_ptr(), length: b.len() as u32 };
        CValue { kind: VALUE_BYTES, content: Content { text } }
      }
    }
  }
}

/// A frame for a driver.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CFrame {
  pub pad: u32,
  pub flags: u32,
  pub size: u32,
  pub stretches: u32,
  pub sequence: u32,
  pub pts: i64,
  pub dts: i64,
  pub duration: i64,
  pub capture: i64,
  pub due: i64,
  pub running: i64,
  pub memory: *mut u8,
  pub memory_size: u32,
  pub pairs: u32,
}

/// A block to fill.
#[repr(C)]
pub struct CCredit {
  pub token: u32,
  pub pad: u32,
  pub block: *mut u8,
  pub length: u32,
}

/// What comes against the stream.
#[repr(C)]
pub struct CEvent {
  pub kind: i32,
  pub pad: u32,
  pub proportion: f64,
  pub jitter: i64,
  pub time: i64,
}

pub const EVENT_QOS: i32 = 33;
pub const EVENT_FORCE_KEY_UNIT: i32 = 35;

/// What an operation came to, as a driver tells it.
#[repr(C)]
pub struct CCompletion {
  pub token: u32,
  pub kind: u16,
  pub pad: u16,
  pub result: i32,
  pub flags: u32,
  pub pts: i64,
  pub dts: i64,
  pub duration: i64,
  pub capture: i64,
}

/// The functions of a driver.
#[repr(C)]
pub struct CDriver {
  pub factory: *const c_char,
  pub open: Option<unsafe extern "C" fn(*mut c_void, Text) -> i32>,
  pub property: Option<unsafe extern "C" fn(*mut c_void, Text, *const CValue) -> i32>,
  pub configure: Option<unsafe extern "C" fn(*mut c_void, u32, Text) -> i32>,
  pub frame: Option<unsafe extern "C" fn(*mut c_void, *const CFrame, u32) -> i32>,
  pub credit: Option<unsafe extern "C" fn(*mut c_void, *const CCredit) -> i32>,
  pub drain: Option<unsafe extern "C" fn(*mut c_void, u32, u32) -> i32>,
  pub flush: Option<unsafe extern "C" fn(*mut c_void)>,
  pub event: Option<unsafe extern "C" fn(*mut c_void, *const CEvent)>,
  pub cancel: Option<unsafe extern "C" fn(*mut c_void, u32)>,
  pub poll: Option<unsafe extern "C" fn(*mut c_void, i64, *mut c_void)>,
  pub allowance: Option<unsafe extern "C" fn(*mut c_void, i32) -> i64>,
  pub close: Option<unsafe extern "C" fn(*mut c_void)>,
}

/// An instance of a driver.
#[repr(C)]
pub struct CElement {
  pub driver: *const CDriver,
  pub this: *mut c_void,
  pub name: *const c_char,
}

/// The program under the library.
#[repr(C)]
pub struct CPlatform {
  pub interface: u32,
  pub this: *mut c_void,
  pub now: Option<unsafe extern "C" fn(*mut c_void) -> i64>,
  pub sleep: Option<unsafe extern "C" fn(*mut c_void, i64)>,
  pub wake: Option<unsafe extern "C" fn(*mut c_void)>,
  pub print: Option<unsafe extern "C" fn(*mut c_void, *const u8, u32)>,
  pub random: Option<unsafe extern "C" fn(*mut c_void, *mut u8, u32) -> bool>,
  pub feed: Option<unsafe extern "C" fn(*mut c_void)>,
  pub watchdog: i64,
  pub cause: i32,
  pub stack: *const c_void,
  pub stack_size: u32,
  pub stack_left: Option<unsafe extern "C" fn(*mut c_void) -> u32>,
  pub panic: Option<unsafe extern "C" fn(*mut c_void, *const u8, u32, u32)>,
}
