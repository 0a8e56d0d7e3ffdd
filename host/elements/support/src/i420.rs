//! Where the planes of a picture in I420 lie.

/// The layout of a picture in I420 as GStreamer has it: rows of multiples of 4 bytes, planes of whole pairs of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct I420 {
  /// Pixels of a row.
  pub width: u32,
  /// Rows.
  pub height: u32,
  /// Bytes from row to row of Y, U, V.
  pub strides: [u32; 3],
  /// Bytes in front of the planes Y, U, V.
  pub offsets: [u32; 3],
  /// Bytes of the picture.
  pub size: u32,
}

impl I420 {
  /// The layout for a size in pixels; `None` when there is none of less than 2 GiB.
  pub fn new(width: u32, height: u32) -> Option<I420> {
    if width == 0 || height == 0 {
      return None;
    }
    let even = |n: u32| n.checked_next_multiple_of(2);
    let (luma, chroma) = (width.checked_next_multiple_of(4)?, (even(width)? / 2).checked_next_multiple_of(4)?);
    let rows = even(height)?;
    let u = luma.checked_mul(rows)?;
    let v = chroma.checked_mul(rows / 2)?.checked_add(u)?;
    let size = chroma.checked_mul(rows / 2)?.checked_add(v).filter(|n| i32::try_from(*n).is_ok())?;
    Some(I420 { width, height, strides: [luma, chroma, chroma], offsets: [0, u, v], size })
  }

  /// Bytes of a row of a plane, and its rows.
  pub fn extent(&self, plane: usize) -> (usize, usize) {
    let (w, h) = (self.width as usize, self.height as usize);
    if plane == 0 { (w, h) } else { (w.div_ceil(2), h.div_ceil(2)) }
  }

  /// Copies a picture in. What no pixel lies in becomes 0, so that the same picture is always the same bytes.
  /// @param to at least `size` bytes
  /// @param planes bytes of each plane and from row to row of it
  /// @returns false when something is too small
  pub fn fill(&self, to: &mut [u8], planes: &[(&[u8], usize); 3]) -> bool {
    let Some(to) = to.get_mut(..self.size as usize) else { return false };
    for (i, (from, stride)) in planes.iter().enumerate() {
      let (width, rows) = self.extent(i);
      let (own, start) = (self.strides[i] as usize, self.offsets[i] as usize);
      let end = if i < 2 { self.offsets[i + 1] } else { self.size } as usize;
      if *stride < width || from.len() < stride * (rows - 1) + width {
        return false;
      }
      let plane = &mut to[start..end];
      for (row, line) in plane.chunks_exact_mut(own).enumerate() {
        if row < rows {
          line[..width].copy_from_slice(&from[row * stride..][..width]);
          line[width..].fill(0);
        } else {
          line.fill(0);
        }
      }
    }
    true
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn layouts_are_those_of_gstreamer() {
    let l = I420::new(320, 240).unwrap();
    assert_eq!((l.strides, l.offsets, l.size), ([320, 160, 160], [0, 76800, 96000], 115200));
    let l = I420::new(175, 143).unwrap();
    assert_eq!((l.strides, l.offsets, l.size), ([176, 88, 88], [0, 25344, 31680], 38016));
    let l = I420::new(2, 2).unwrap();
    assert_eq!((l.strides, l.offsets, l.size), ([4, 4, 4], [0, 8, 12], 16));
    for (w, h) in [(0, 1), (1, 0), (u32::MAX, 1), (1, u32::MAX), (65536, 65536)] {
      assert_eq!(I420::new(w, h), None);
    }
  }

  #[test]
  fn a_picture_is_copied_and_its_padding_cleared() {
    let layout = I420::new(3, 3).unwrap();
    let y: Vec<u8> = (1..=15).collect();
    let (u, v) = ([21u8, 22, 23, 24], [31u8, 32, 33, 34]);
    let mut to = vec![255; layout.size as usize + 1];
    assert!(layout.fill(&mut to, &[(&y, 5), (&u, 2), (&v, 2)]));
    assert_eq!(to[..16], [1, 2, 3, 0, 6, 7, 8, 0, 11, 12, 13, 0, 0, 0, 0, 0]);
    assert_eq!(to[16..32], [21, 22, 0, 0, 23, 24, 0, 0, 31, 32, 0, 0, 33, 34, 0, 0]);
    assert_eq!(to[32], 255);
    assert!(!layout.fill(&mut to, &[(&y[..12], 5), (&u, 2), (&v, 2)]));
    assert!(!layout.fill(&mut to, &[(&y, 2), (&u, 2), (&v, 2)]));
    assert!(!layout.fill(&mut to[..31], &[(&y, 5), (&u, 2), (&v, 2)]));
  }
}
