//! Displays with a Sitronix ST7789V or ILI Technology ILI9341 controller on a serial bus with a data/command line (4-line
//! serial interface), over embedded-hal-async. The data sheets are those of ST7789V, whose commands stand in section 9.1, and of
//! ILI9341, where that is 8.2.

use embedded_hal::digital::OutputPin;
use embedded_hal_async::delay::DelayNs;
use embedded_hal_async::spi::SpiDevice;
use g2g_interface::{Frame, HostError};

use crate::exchange::{Exchange, Job};

/// Commands, which both controllers have in common.
mod command {
  /// SLPOUT.
  pub const SLEEP_OUT: u8 = 0x11;
  /// NORON.
  pub const NORMAL_MODE: u8 = 0x13;
  /// INVOFF.
  pub const INVERSION_OFF: u8 = 0x20;
  /// INVON.
  pub const INVERSION_ON: u8 = 0x21;
  /// DISPON.
  pub const DISPLAY_ON: u8 = 0x29;
  /// CASET.
  pub const COLUMNS: u8 = 0x2a;
  /// RASET; PASET of ILI9341.
  pub const ROWS: u8 = 0x2b;
  /// RAMWR.
  pub const WRITE: u8 = 0x2c;
  /// MADCTL.
  pub const ORDER: u8 = 0x36;
  /// COLMOD; PIXSET of ILI9341.
  pub const PIXEL_FORMAT: u8 = 0x3a;
}

/// Rows and columns are exchanged; bit MV of MADCTL.
const EXCHANGED: u8 = 0x20;
/// Columns run the other way; MX.
const COLUMNS_BACK: u8 = 0x40;
/// Rows run the other way; MY.
const ROWS_BACK: u8 = 0x80;
/// The panel's colours are blue, green, red; the bit RGB.
const BGR: u8 = 0x08;

/// Columns and rows of the controllers' memory.
const MEMORY: (u16, u16) = (240, 320);

/// How a panel is connected to its controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panel {
  /// Columns.
  pub width: u16,
  /// Rows.
  pub height: u16,
  /// Where its first column and row lie in the controller's memory of 240 columns and 320 rows.
  pub offset: (u16, u16),
  /// Its columns are connected from right to left.
  pub mirrored: bool,
  /// Its colours are in the order blue, green, red.
  pub bgr: bool,
  /// It shows the complement of what is written.
  pub inverted: bool,
}

impl Panel {
  /// What panels with an ILI9341 mostly are.
  pub const ILI9341: Panel =
    Panel { width: 240, height: 320, offset: (0, 0), mirrored: true, bgr: true, inverted: false };
  /// What panels of 240 by 320 points with an ST7789V mostly are.
  pub const ST7789: Panel =
    Panel { width: 240, height: 320, offset: (0, 0), mirrored: false, bgr: false, inverted: true };

  /// Columns and rows of pictures that are shown at a rotation.
  pub fn size(&self, rotation: Rotation) -> (u16, u16) {
    match rotation {
      Rotation::Identity | Rotation::Half => (self.width, self.height),
      Rotation::Right | Rotation::Left => (self.height, self.width),
    }
  }

  /// The parameter of MADCTL.
  fn order(&self, rotation: Rotation) -> u8 {
    let turned = match rotation {
      Rotation::Identity => 0,
      Rotation::Right => EXCHANGED | COLUMNS_BACK,
      Rotation::Half => COLUMNS_BACK | ROWS_BACK,
      Rotation::Left => EXCHANGED | ROWS_BACK,
    };
    (turned ^ if self.mirrored { COLUMNS_BACK } else { 0 }) | if self.bgr { BGR } else { 0 }
  }

  /// The addresses of the first column and row of a picture. Where addresses run the other way, what lies beyond the panel
  /// is counted from the other side; exchanged, columns of a picture are addressed as rows (MADCTL, MV).
  fn origin(&self, rotation: Rotation) -> (u16, u16) {
    let order = self.order(rotation);
    let along = |back: u8, memory: u16, size: u16, offset: u16| {
      if order & back == 0 { offset } else { memory.saturating_sub(size + offset) }
    };
    let columns = along(COLUMNS_BACK, MEMORY.0, self.width, self.offset.0);
    let rows = along(ROWS_BACK, MEMORY.1, self.height, self.offset.1);
    if order & EXCHANGED == 0 { (columns, rows) } else { (rows, columns) }
  }
}

/// How pictures are turned, clockwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
  /// Not at all.
  Identity,
  /// By a quarter to the right.
  Right,
  /// By half a turn.
  Half,
  /// By a quarter to the left.
  Left,
}

/// Formats of pictures. The controller gets 5, 6 and 5 bits of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pixels {
  /// 16 bits, little-endian: red in the upper 5, green, blue in the lower 5.
  Rgb16,
  /// A byte each of red, green, blue.
  Rgb,
  /// A byte each of blue, green, red.
  Bgr,
  /// Red, green, blue and a byte that does not count.
  Rgbx,
  /// Blue, green, red and a byte that does not count.
  Bgrx,
  /// A byte of grey.
  Gray8,
}

impl Pixels {
  /// Bytes of a point.
  pub fn bytes(self) -> u32 {
    match self {
      Pixels::Gray8 => 1,
      Pixels::Rgb16 => 2,
      Pixels::Rgb | Pixels::Bgr => 3,
      Pixels::Rgbx | Pixels::Bgrx => 4,
    }
  }

  /// Bytes from a row to the next, as GStreamer has them.
  pub fn stride(self, width: u32) -> u32 {
    (width * self.bytes()).next_multiple_of(4)
  }

  /// Turns points into what goes over the bus, two bytes each with the upper bits first, within a buffer: points begin at
  /// [`Pixels::place`] of it, the result at its start.
  fn convert(self, buffer: &mut [u8], points: usize) {
    let pack = |r: u8, g: u8, b: u8| [r & 0xf8 | g >> 5, g << 3 & 0xe0 | b >> 3];
    let from = self.place(points);
    let size = self.bytes() as usize;
    for i in 0..points {
      // A point is read before anything is written over it: what is written ends at or before the point that is read next.
      let p = from + i * size;
      let pair = match self {
        Pixels::Rgb16 => [buffer[p + 1], buffer[p]],
        Pixels::Rgb | Pixels::Rgbx => pack(buffer[p], buffer[p + 1], buffer[p + 2]),
        Pixels::Bgr | Pixels::Bgrx => pack(buffer[p + 2], buffer[p + 1], buffer[p]),
        Pixels::Gray8 => pack(buffer[p], buffer[p], buffer[p]),
      };
      buffer[2 * i..2 * i + 2].copy_from_slice(&pair);
    }
  }

  /// Where points lie in a buffer before they are converted.
  fn place(self, points: usize) -> usize {
    if self == Pixels::Gray8 { points } else { 0 }
  }
}

/// Rows that are to be shown.
#[derive(Clone, Copy)]
pub struct Show {
  /// Where the points are: whole rows.
  pub frame: Frame,
  /// Their format.
  pub pixels: Pixels,
  /// How the picture is turned.
  pub rotation: Rotation,
  /// The place of the first column.
  pub x: u16,
  /// The place of the first row.
  pub y: u16,
  /// Columns.
  pub width: u16,
  /// Rows.
  pub height: u16,
}

// The memory of the frame is read by one side at a time.
unsafe impl Send for Show {}

/// Rows on their way to a display, in static memory.
pub type Shows = Exchange<Show, Result<(), HostError>, 2>;

/// A controller on its bus. `B` is the bytes that are sent at a time, 4 or more; memory for them is the display's.
pub struct Display<S, C, R, T, const B: usize> {
  bus: S,
  command: C,
  reset: R,
  timer: T,
  panel: Panel,
  rotation: Option<Rotation>,
  buffer: [u8; B],
}

impl<S: SpiDevice, C: OutputPin, R: OutputPin, T: DelayNs, const B: usize> Display<S, C, R, T, B> {
  /// A display whose controller has not been set up.
  /// @param command the line D/CX: low for commands
  /// @param reset the line RESX: low for a reset
  pub fn new(bus: S, command: C, reset: R, timer: T, panel: Panel) -> Self {
    const { assert!(B >= 4) };
    Display { bus, command, reset, timer, panel, rotation: None, buffer: [0; B] }
  }

  /// Shows what comes, for ever; to be run as a task of the board's. A controller that fails is set up again with the next.
  pub async fn run(&mut self, shows: &Shows) -> ! {
    let mut ready = false;
    loop {
      let job = shows.next().await;
      let result = self.serve(shows, &job, &mut ready).await;
      ready = result.is_ok();
      shows.finish(&job, result);
    }
  }

  async fn serve(&mut self, shows: &Shows, job: &Job<Show>, ready: &mut bool) -> Result<(), HostError> {
    if !*ready {
      self.set_up().await?;
    }
    self.show(shows, job).await
  }

  async fn write(&mut self, command: u8, parameters: &[u8]) -> Result<(), HostError> {
    self.command.set_low().map_err(|_| HostError::Io)?;
    self.bus.write(&[command]).await.map_err(|_| HostError::Io)?;
    self.command.set_high().map_err(|_| HostError::Io)?;
    if parameters.is_empty() {
      return Ok(());
    }
    self.bus.write(parameters).await.map_err(|_| HostError::Io)
  }

  /// Resets the controller and turns the panel on.
  async fn set_up(&mut self) -> Result<(), HostError> {
    self.rotation = None;
    // A reset lasts 10 us or more; the controller is ready 120 ms later at the latest (reset timing).
    self.reset.set_low().map_err(|_| HostError::Io)?;
    self.timer.delay_us(20).await;
    self.reset.set_high().map_err(|_| HostError::Io)?;
    self.timer.delay_ms(120).await;
    // The next command comes 5 ms later or more; supplies and clocks are stable after 120 ms (SLPOUT).
    self.write(command::SLEEP_OUT, &[]).await?;
    self.timer.delay_ms(120).await;
    // 16 bits a point.
    self.write(command::PIXEL_FORMAT, &[0x55]).await?;
    let inversion = if self.panel.inverted { command::INVERSION_ON } else { command::INVERSION_OFF };
    self.write(inversion, &[]).await?;
    self.write(command::NORMAL_MODE, &[]).await?;
    self.write(command::DISPLAY_ON, &[]).await
  }

  async fn show(&mut self, shows: &Shows, job: &Job<Show>) -> Result<(), HostError> {
    let show = job.job;
    if self.rotation != Some(show.rotation) {
      self.write(command::ORDER, &[self.panel.order(show.rotation)]).await?;
      self.rotation = Some(show.rotation);
    }
    let (column, row) = self.panel.origin(show.rotation);
    self.write(command::COLUMNS, &range(column + show.x, show.width)).await?;
    self.write(command::ROWS, &range(row + show.y, show.height)).await?;
    self.write(command::WRITE, &[]).await?;
    let size = show.pixels.bytes();
    let padding = show.pixels.stride(show.width as u32) - show.width as u32 * size;
    let mut source = Source { stretch: 0, done: 0 };
    // Points go out as they are converted, over the ends of rows; between whole points the data may pause.
    let most = B / (size as usize).max(2);
    let (mut left, mut in_row) = (show.width as usize * show.height as usize, show.width as usize);
    while left > 0 {
      if !shows.is_wanted(job) {
        return Ok(());
      }
      let points = left.min(most);
      let mut at = show.pixels.place(points);
      let mut rest = points;
      while rest > 0 {
        let n = rest.min(in_row);
        let bytes = n * size as usize;
        source.read(&show.frame, &mut self.buffer[at..at + bytes])?;
        at += bytes;
        rest -= n;
        in_row -= n;
        if in_row == 0 {
          source.skip(&show.frame, padding);
          in_row = show.width as usize;
        }
      }
      show.pixels.convert(&mut self.buffer, points);
      self.bus.write(&self.buffer[..2 * points]).await.map_err(|_| HostError::Io)?;
      left -= points;
    }
    Ok(())
  }
}

/// First and last address, as CASET and RASET have them.
fn range(first: u16, count: u16) -> [u8; 4] {
  let last = first + count - 1;
  [(first >> 8) as u8, first as u8, (last >> 8) as u8, last as u8]
}

/// A place in a frame.
struct Source {
  stretch: u32,
  /// Bytes of the stretch that were read.
  done: u32,
}

impl Source {
  /// The next bytes; an error when the frame ends before.
  fn read(&mut self, frame: &Frame, mut to: &mut [u8]) -> Result<(), HostError> {
    while !to.is_empty() {
      let (at, length) = frame.stretch(self.stretch).ok_or(HostError::Invalid)?;
      let n = (to.len() as u32).min(length - self.done);
      let memory = frame.memory();
      let from = memory.bytes(at + self.done, n).ok_or(HostError::Invalid)?;
      let (now, later) = to.split_at_mut(n as usize);
      now.copy_from_slice(from);
      to = later;
      self.advance(n, length);
    }
    Ok(())
  }

  /// Passes bytes over, as far as there are any.
  fn skip(&mut self, frame: &Frame, mut bytes: u32) {
    while let Some((_, length)) = frame.stretch(self.stretch).filter(|_| bytes > 0) {
      let n = bytes.min(length - self.done);
      bytes -= n;
      self.advance(n, length);
    }
  }

  fn advance(&mut self, n: u32, length: u32) {
    self.done += n;
    if self.done == length {
      self.stretch += 1;
      self.done = 0;
    }
  }
}
