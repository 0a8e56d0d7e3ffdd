//! How a raw picture lies in memory: GStreamer's default layout, as `assembly/video/info.ts` has it.

use crate::PLANES;
use crate::format::Format;

/// Bytes that a picture can have.
pub const MAX_PICTURE: u64 = 0x7fff_ffff;

/// A plane in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plane {
  /// Where it begins, bytes.
  pub offset: u32,
  /// Bytes from row to row.
  pub stride: u32,
  /// Bytes of a row that mean something.
  pub row: u32,
  /// Rows that mean something.
  pub rows: u32,
}

/// A picture in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureLayout {
  /// Its planes; those that the format lacks are empty.
  pub planes: [Plane; PLANES],
  /// Bytes in all.
  pub size: u32,
}

impl PictureLayout {
  /// Lays a picture out.
  /// @returns `None` for a side of 0 or more than [`MAX_PICTURE`] bytes
  pub fn new(format: &Format, width: u32, height: u32, interlaced: bool) -> Option<PictureLayout> {
    if width == 0 || height == 0 || width > i32::MAX as u32 || height > i32::MAX as u32 {
      return None;
    }
    let share = |length: u32, shift: u32| (u64::from(length) + (1 << shift) - 1) >> shift;
    let even = format.even_rows || format.planes.iter().any(|p| p.rows > 0);
    let rows = if even { (u64::from(height) + 1) & !1 } else { u64::from(height) };
    let wide = format.planes[0].step > 1;
    let mut planes = [Plane::default(); PLANES];
    let mut at = 0u64;
    for (plane, p) in planes.iter_mut().zip(format.planes) {
      let row = share(width, p.columns) * u64::from(p.step);
      let stride = (row + 3) & !3;
      let mut plane_rows = rows >> p.rows;
      // GStreamer does so for all but P010 and its like.
      if p.rows > 0 && interlaced && (!wide || format.planes.len() > 2) {
        plane_rows = (plane_rows + 1) & !1;
      }
      if stride > MAX_PICTURE || at + stride * plane_rows > MAX_PICTURE {
        return None;
      }
      *plane = Plane { offset: at as u32, stride: stride as u32, row: row as u32, rows: share(height, p.rows) as u32 };
      at += stride * plane_rows;
    }
    Some(PictureLayout { planes, size: at as u32 })
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  fn layout(name: &str, width: u32, height: u32) -> PictureLayout {
    PictureLayout::new(Format::named(name).unwrap(), width, height, false).unwrap()
  }

  #[test]
  fn rows_are_rounded_up_to_4_bytes_and_shared_rows_to_pairs() {
    let i420 = layout("I420", 5, 3);
    let y = Plane { offset: 0, stride: 8, row: 5, rows: 3 };
    let u = Plane { offset: 32, stride: 4, row: 3, rows: 2 };
    let v = Plane { offset: 40, ..u };
    assert_eq!((i420.planes, i420.size), ([y, u, v, Plane::default()], 48));
    assert_eq!(layout("NV12", 5, 3).planes[1], Plane { offset: 32, stride: 8, row: 6, rows: 2 });
    assert_eq!(layout("Y42B", 6, 3).size, 3 * (8 + 4 + 4));
    assert_eq!(layout("I422_10LE", 6, 3).size, 4 * (12 + 8 + 8));
    assert_eq!(layout("RGB", 3, 2).planes[0].stride, 12);
  }

  #[test]
  fn fields_have_whole_rows_of_chroma() {
    let format = Format::named("I420").unwrap();
    assert_eq!(PictureLayout::new(format, 4, 2, true).unwrap().size, 8 + 8 + 8);
  }

  #[test]
  fn what_is_empty_or_too_large_has_no_layout() {
    let format = Format::named("I420").unwrap();
    for (width, height) in [(0, 1), (1, 0), (u32::MAX, 1), (1 << 16, 1 << 16), (i32::MAX as u32, i32::MAX as u32)] {
      assert_eq!(PictureLayout::new(format, width, height, false), None);
    }
  }
}
