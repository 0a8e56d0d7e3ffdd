//! Formats of raw pictures that decoders give, by GStreamer's names.

/// A plane of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneFormat {
  /// Bytes from one sample, or pair of chroma samples, to the next.
  pub step: u32,
  /// log2 of the pixels of a row that share a sample.
  pub columns: u32,
  /// log2 of the rows that share a sample.
  pub rows: u32,
}

/// A format.
#[derive(Debug, PartialEq, Eq)]
pub struct Format {
  /// Its name in caps.
  pub name: &'static str,
  /// Its planes.
  pub planes: &'static [PlaneFormat],
  /// Whether there is an even number of rows in memory although rows share nothing.
  pub even_rows: bool,
  /// Whether its components are Y, U and V, or Y alone.
  pub yuv: bool,
}

const fn plane(step: u32, columns: u32, rows: u32) -> PlaneFormat {
  PlaneFormat { step, columns, rows }
}

const fn yuv(name: &'static str, planes: &'static [PlaneFormat]) -> Format {
  Format { name, planes, even_rows: false, yuv: true }
}

const fn yuv_even(name: &'static str, planes: &'static [PlaneFormat]) -> Format {
  Format { name, planes, even_rows: true, yuv: true }
}

const fn rgb(name: &'static str, planes: &'static [PlaneFormat]) -> Format {
  Format { name, planes, even_rows: false, yuv: false }
}

/// All. The order is that of the process's table of pixel formats.
pub static FORMATS: [Format; 28] = [
  yuv("I420", &[plane(1, 0, 0), plane(1, 1, 1), plane(1, 1, 1)]),
  yuv("Y42B", &[plane(1, 0, 0), plane(1, 1, 0), plane(1, 1, 0)]),
  yuv("Y444", &[plane(1, 0, 0), plane(1, 0, 0), plane(1, 0, 0)]),
  yuv("NV12", &[plane(1, 0, 0), plane(2, 1, 1)]),
  yuv("NV21", &[plane(1, 0, 0), plane(2, 1, 1)]),
  yuv("NV16", &[plane(1, 0, 0), plane(2, 1, 0)]),
  yuv("NV24", &[plane(1, 0, 0), plane(2, 0, 0)]),
  yuv("A420", &[plane(1, 0, 0), plane(1, 1, 1), plane(1, 1, 1), plane(1, 0, 0)]),
  yuv("GRAY8", &[plane(1, 0, 0)]),
  yuv("GRAY16_LE", &[plane(2, 0, 0)]),
  yuv("I420_10LE", &[plane(2, 0, 0), plane(2, 1, 1), plane(2, 1, 1)]),
  yuv_even("I422_10LE", &[plane(2, 0, 0), plane(2, 1, 0), plane(2, 1, 0)]),
  yuv("Y444_10LE", &[plane(2, 0, 0), plane(2, 0, 0), plane(2, 0, 0)]),
  yuv("I420_12LE", &[plane(2, 0, 0), plane(2, 1, 1), plane(2, 1, 1)]),
  yuv_even("I422_12LE", &[plane(2, 0, 0), plane(2, 1, 0), plane(2, 1, 0)]),
  yuv("Y444_12LE", &[plane(2, 0, 0), plane(2, 0, 0), plane(2, 0, 0)]),
  yuv("Y444_16LE", &[plane(2, 0, 0), plane(2, 0, 0), plane(2, 0, 0)]),
  yuv("P010_10LE", &[plane(2, 0, 0), plane(4, 1, 1)]),
  rgb("GBR", &[plane(1, 0, 0), plane(1, 0, 0), plane(1, 0, 0)]),
  rgb("GBR_10LE", &[plane(2, 0, 0), plane(2, 0, 0), plane(2, 0, 0)]),
  rgb("GBR_12LE", &[plane(2, 0, 0), plane(2, 0, 0), plane(2, 0, 0)]),
  rgb("RGB", &[plane(3, 0, 0)]),
  rgb("BGR", &[plane(3, 0, 0)]),
  rgb("RGBA", &[plane(4, 0, 0)]),
  rgb("BGRA", &[plane(4, 0, 0)]),
  rgb("ARGB", &[plane(4, 0, 0)]),
  rgb("ABGR", &[plane(4, 0, 0)]),
  rgb("RGBx", &[plane(4, 0, 0)]),
];

impl Format {
  /// The format of a name, if it is one.
  pub fn named(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|f| f.name == name)
  }
}
