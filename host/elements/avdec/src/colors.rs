//! Colors and places of chroma samples as caps have them.

/// Colorimetry: a name for the usual combinations, else range:matrix:transfer:primaries in GStreamer's numbers; `None` when
/// nothing is known but the usual range. As `assembly/video/colorimetry.ts` has it.
/// @param points code points of ISO/IEC 23091-2: matrix, transfer, primaries
pub fn colorimetry(full: bool, points: [u32; 3]) -> Option<String> {
  const MATRIX: [u32; 11] = [1, 3, 0, 0, 2, 4, 4, 5, 0, 6, 6];
  const TRANSFER: [u32; 19] = [0, 5, 0, 0, 4, 8, 16, 6, 1, 9, 10, 0, 0, 7, 13, 11, 14, 0, 15];
  const PRIMARIES: [u32; 13] = [0, 1, 0, 0, 2, 3, 4, 5, 6, 7, 9, 10, 11];
  let of = |table: &[u32], point: u32| table.get(point as usize).copied().unwrap_or(0);
  let (m, t) = (of(&MATRIX, points[0]), of(&TRANSFER, points[1]));
  let p = if points[2] == 22 { 12 } else { of(&PRIMARIES, points[2]) };
  if (m, t, p) == (0, 0, 0) {
    return full.then(|| "1:4:0:0".to_string());
  }
  let name = match (full, m, t, p) {
    (false, 3, 5, 1) => "bt709",
    (false, 4, 16, 4) => "bt601",
    (false, 5, 6, 5) => "smpte240m",
    (false, 6, 11, 7) => "bt2020",
    (false, 6, 13, 7) => "bt2020-10",
    (false, 6, 14, 7) => "bt2100-pq",
    (false, 6, 15, 7) => "bt2100-hlg",
    (true, 1, 7, 1) => "sRGB",
    _ => return Some(format!("{}:{m}:{t}:{p}", if full { 1 } else { 2 })),
  };
  Some(name.into())
}

/// Where chroma samples lie, by the number of `Picture::chroma`.
pub fn chroma_site(place: u32) -> Option<&'static str> {
  match place {
    1 => Some("mpeg2"),
    2 => Some("jpeg"),
    3 => Some("dv"),
    4 => Some("v-cosited"),
    _ => None,
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn usual_combinations_have_names() {
    assert_eq!(colorimetry(false, [1, 1, 1]).as_deref(), Some("bt709"));
    assert_eq!(colorimetry(false, [6, 6, 6]).as_deref(), Some("bt601"));
    assert_eq!(colorimetry(false, [9, 16, 9]).as_deref(), Some("bt2100-pq"));
    assert_eq!(colorimetry(true, [1, 1, 1]).as_deref(), Some("1:3:5:1"));
    assert_eq!(colorimetry(false, [2, 2, 2]), None);
    assert_eq!(colorimetry(true, [2, 2, 2]).as_deref(), Some("1:4:0:0"));
    assert_eq!(colorimetry(false, [u32::MAX, 1, 22]).as_deref(), Some("2:0:5:12"));
  }
}
